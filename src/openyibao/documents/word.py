"""A report as a Word file in the form of an official document (公文格式): fonts by name, real headings, page numbers.

Fonts of offices (方正小标宋, 仿宋_GB2312, 黑体, 楷体_GB2312) are named, not shipped; the file names what to take in
their place on a machine that lacks them. Charts are pictures drawn with the shipped font.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from openyibao.documents import charts
from openyibao.documents.cells import alignment, text_of, width_of
from openyibao.documents.contracts import (
    Block,
    Chart,
    Formal,
    Heading,
    Note,
    PageBreak,
    Paragraph,
    Report,
    Signature,
    Table,
)

TITLE_FONT, BODY_FONT, HEAD_FONT, SUBHEAD_FONT = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312"
LATIN_FONT = "Times New Roman"
INSTEAD = {TITLE_FONT: "宋体", BODY_FONT: "仿宋", HEAD_FONT: "SimHei", SUBHEAD_FONT: "楷体"}
RED = (0xC1, 0x12, 0x1F)
PAGE_WIDTH_MM, LEFT_MM, RIGHT_MM = 210, 28, 26
TEXT_WIDTH_MM = PAGE_WIDTH_MM - LEFT_MM - RIGHT_MM
TEXT_HEIGHT_MM = 297 - 37 - 35
FORMAL_SIZES = (16.0, 14.0, 12.0, 10.5)
LINE = 1.6
"""Type of the page to sign under (三号、四号、小四、五号), and the height of its lines against it."""
FORMAL_HEAD_PT = 32 * 1.2 + 12 * 1.5 + 22
_FULL_PARTS = 24
"""A column counts as no wider than so many halves of a character: what is longer is broken."""


def render(report: Report) -> bytes:
    """The file's bytes."""
    import docx

    document = docx.Document()
    _page(document)
    _styles(document)
    _fonts(document)
    document.core_properties.title = report.title
    document.core_properties.author = "openyibao"
    document.core_properties.comments = ""
    document.core_properties.created = document.core_properties.modified = datetime(2000, 1, 1)  # noqa: DTZ001
    blocks = list(report.blocks)
    signed_first = blocks[0] if blocks and isinstance(blocks[0], Formal) else None
    if signed_first is not None:
        _formal(document, signed_first)
        del blocks[0]
    title = document.add_paragraph(report.title, style="Title")
    title.paragraph_format.page_break_before = True if signed_first else None
    if report.subtitle:
        document.add_paragraph(report.subtitle, style="Subtitle")
    for block in blocks:
        _block(document, block)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


# The document ---------------------------------------------------------------------------------------------------


def _page(document: Any) -> None:
    from docx.shared import Mm

    section = document.sections[0]
    section.page_width, section.page_height = Mm(PAGE_WIDTH_MM), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(LEFT_MM), Mm(RIGHT_MM)
    section.footer_distance = Mm(28)
    footer = section.footer.paragraphs[0]
    footer.alignment = 1
    footer.add_run("— ")
    _page_number(footer)
    footer.add_run(" —")
    for run in footer.runs:
        _font(run, "宋体", 14)


def _page_number(paragraph: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for kind, text in (("begin", ""), ("", "PAGE"), ("separate", ""), ("text", "1"), ("end", "")):
        run = paragraph.add_run("1" if kind == "text" else "")
        if kind == "text":
            continue
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.set(qn("xml:space"), "preserve")
            mark.text = text
        run._r.append(mark)


def _styles(document: Any) -> None:
    from docx.shared import Pt, RGBColor

    styles = document.styles
    for name, font, size, bold, centred, before, after in (
        ("Normal", BODY_FONT, 16, False, False, 0, 0),
        ("Title", TITLE_FONT, 22, False, True, 6, 12),
        ("Subtitle", SUBHEAD_FONT, 14, False, True, 0, 12),
        ("Heading 1", HEAD_FONT, 16, False, False, 14, 6),
        ("Heading 2", SUBHEAD_FONT, 16, False, False, 8, 4),
        ("Heading 3", BODY_FONT, 16, True, False, 6, 2),
        ("Caption", HEAD_FONT, 12, False, True, 8, 4),
    ):
        style = styles[name]
        _font(style, font, size, bold)
        style.font.color.rgb = RGBColor(0, 0, 0)
        style.font.italic = False
        shape = style.paragraph_format
        shape.space_before, shape.space_after = Pt(before), Pt(after)
        shape.line_spacing = Pt(28) if name == "Normal" else 1.25
        if centred:
            shape.alignment = 1
        if name.startswith(("Heading", "Caption")):
            shape.keep_with_next = True
        _no_border(style)


def _no_border(style: Any) -> None:
    from docx.oxml.ns import qn

    for border in style.element.findall(f".//{qn('w:pBdr')}"):
        border.getparent().remove(border)


def _font(owner: Any, name: str, size: float, bold: bool = False) -> None:
    """Chinese font by name, Latin letters and digits in Times New Roman, on a style or a run."""
    from docx.oxml.ns import qn
    from docx.shared import Pt

    owner.font.name = LATIN_FONT
    owner.font.size = Pt(size)
    owner.font.bold = bold
    fonts = owner.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        fonts.attrib.pop(qn(theme), None)
    fonts.set(qn("w:eastAsia"), name)


def _fonts(document: Any) -> None:
    """Say in the font table what to take for a font that is not there."""
    for part in document.part.package.iter_parts():
        if str(part.partname) == "/word/fontTable.xml":
            listed = "".join(
                f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/></w:font>'
                for name, other in INSTEAD.items()
            )
            part._blob = part.blob.replace(b"</w:fonts>", listed.encode() + b"</w:fonts>")


# Blocks ---------------------------------------------------------------------------------------------------------


def _block(document: Any, block: Block) -> None:
    if isinstance(block, Heading):
        document.add_heading(block.text, level=min(3, block.level))
    elif isinstance(block, Paragraph):
        _paragraph(document, text_of(block.text), bold=block.bold)
    elif isinstance(block, Table):
        _table(document, block)
    elif isinstance(block, Chart):
        _chart(document, block)
    elif isinstance(block, Note):
        _small(document, block.text)
    elif isinstance(block, PageBreak):
        document.add_page_break()
    elif isinstance(block, Signature):
        _signature(document, block.lines)
    elif isinstance(block, Formal):
        document.add_page_break()
        _formal(document, block)
        document.add_page_break()


def _paragraph(document: Any, text: str, *, indent: bool = True, bold: bool = False) -> Any:
    from docx.shared import Pt

    paragraph = document.add_paragraph()
    run = paragraph.add_run(text)
    if bold:
        run.bold = True
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(32)
    paragraph.alignment = 3
    return paragraph


def _small(document: Any, text: str) -> None:
    from docx.shared import Pt

    paragraph = document.add_paragraph()
    _font(paragraph.add_run(text), BODY_FONT, 10.5)
    paragraph.paragraph_format.line_spacing = 1.2
    paragraph.paragraph_format.space_after = Pt(4)


def _signature(document: Any, lines: Sequence[str] | str) -> None:
    from docx.shared import Mm, Pt

    for at, text in enumerate([lines] if isinstance(lines, str) else [line for line in lines if line]):
        paragraph = document.add_paragraph(text)
        paragraph.alignment = 1
        paragraph.paragraph_format.left_indent = Mm(TEXT_WIDTH_MM * 0.45)
        paragraph.paragraph_format.space_before = Pt(28 if at == 0 else 0)


def _formal(document: Any, formal: Formal) -> None:
    from docx.shared import Pt, RGBColor

    head = document.add_paragraph()
    head.alignment = 1
    head.paragraph_format.line_spacing = 1.2
    run = head.add_run(formal.head)
    _font(run, TITLE_FONT, 32)
    run.font.color.rgb = RGBColor(*RED)
    mark = document.add_paragraph()
    mark.alignment = 1
    mark.paragraph_format.space_after = Pt(22)
    mark.paragraph_format.line_spacing = 1.5
    _font(mark.add_run(formal.mark), BODY_FONT, 12)
    _red_line(mark)
    document.add_paragraph(formal.title, style="Title")
    first = len(document.paragraphs)
    if formal.addressee:
        _paragraph(document, f"{formal.addressee}：", indent=False)
    for text in formal.paragraphs:
        _paragraph(document, text)
    _signature(document, _signed(formal))
    size = formal_size(formal)
    for paragraph in document.paragraphs[first:]:
        paragraph.paragraph_format.line_spacing = Pt(size * LINE)
        indented = paragraph.paragraph_format.first_line_indent
        paragraph.paragraph_format.first_line_indent = Pt(2 * size) if indented else None
        for run in paragraph.runs:
            run.font.size = Pt(size)


def _signed(formal: Formal) -> list[str]:
    signed = [formal.signature] if isinstance(formal.signature, str) else list(formal.signature)
    return [text for text in [*signed, formal.date] if text]


def formal_size(formal: Formal) -> float:
    """The largest of four sizes (三号、四号、小四、五号) in which the page to sign under is one page."""
    wide, high = TEXT_WIDTH_MM / 25.4 * 72, TEXT_HEIGHT_MM / 25.4 * 72
    title = -(-width_of(formal.title) * 22 / 2 // wide) * 22 * 1.25 + 18
    room = high - FORMAL_HEAD_PT - title - 28  # above the signature
    for size in FORMAL_SIZES:
        across = wide // (size / 2) - 1
        lines = sum(-(-(width_of(text) + 4) // across) for text in formal.paragraphs)
        if (lines + len(_signed(formal)) + bool(formal.addressee)) * size * LINE <= room:
            return size
    return FORMAL_SIZES[-1]


def _red_line(paragraph: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    border, line = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for key, value in {"val": "single", "sz": "18", "space": "4", "color": "C1121F"}.items():
        line.set(qn(f"w:{key}"), value)
    border.append(line)
    paragraph._p.get_or_add_pPr().insert_element_before(border, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc")


def _chart(document: Any, chart: Chart) -> None:
    from docx.shared import Mm

    document.add_paragraph(chart.title, style="Caption")
    if chart.unit:
        _small(document, f"单位：{chart.unit}")
        document.paragraphs[-1].paragraph_format.keep_with_next = True
    paragraph = document.add_paragraph()
    paragraph.alignment = 1
    paragraph.paragraph_format.line_spacing = 1.0
    paragraph.paragraph_format.keep_with_next = bool(chart.note)
    picture = paragraph.add_run().add_picture(io.BytesIO(charts.png(chart)), width=Mm(TEXT_WIDTH_MM))
    picture._inline.docPr.set("descr", chart.title)
    if chart.note:
        _small(document, chart.note)


# Tables ---------------------------------------------------------------------------------------------------------


def _table(document: Any, table: Table) -> None:
    from docx.shared import Mm

    if table.caption:
        document.add_paragraph(table.caption, style="Caption")
    letters = alignment(table)
    texts = [[text_of(cell) for cell in row] for row in table.rows]
    widths = _widths(list(table.headers), texts)
    size = _size(widths)
    made = document.add_table(rows=1, cols=len(table.headers), style="Table Grid")
    made.alignment = 1
    made.autofit = False
    _narrow_margins(made)
    for text, cell in zip(table.headers, made.rows[0].cells, strict=True):
        _fill(cell, text, size, "c", bold=True)
        _shade(cell)
    _repeat(made.rows[0])
    for at, row in enumerate(texts):
        cells = made.add_row().cells
        for text, letter, cell in zip(row, letters, cells, strict=True):
            _fill(cell, text, size, letter, bold=at in table.strong)
    total = sum(widths)
    for column, width in zip(made.columns, widths, strict=True):
        wide = Mm(TEXT_WIDTH_MM * width / total)
        column.width = wide
        for cell in column.cells:
            cell.width = wide
    for row in made.rows:
        _whole(row)
    _small(document, table.note)


def _narrow_margins(made: Any) -> None:
    """Two points beside the text of a cell instead of more than five: numbers of many columns need the room."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        mark = OxmlElement(f"w:{side}")
        mark.set(qn("w:w"), "40")
        mark.set(qn("w:type"), "dxa")
        margins.append(mark)
    made._tbl.tblPr.insert_element_before(margins, "w:tblLook", "w:tblCaption", "w:tblDescription")


def _widths(headers: list[str], rows: list[list[str]]) -> list[int]:
    return [
        max(5, min(_FULL_PARTS, max([-(-width_of(head) // 2) + 1, *(width_of(row[at]) for row in rows)])) + 2)
        for at, head in enumerate(headers)
    ]


def _size(widths: list[int]) -> float:
    """The largest of four sizes in which the columns fit the page."""
    room = TEXT_WIDTH_MM / 25.4 * 72
    for size in (10.5, 9.0, 8.0):
        if sum(widths) * size / 2 <= room:
            return size
    return 7.0


def _fill(cell: Any, text: str, size: float, letter: str, *, bold: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.alignment = {"l": 0, "c": 1, "r": 2}[letter]
    paragraph.paragraph_format.line_spacing = 1.15
    _font(paragraph.add_run(text), HEAD_FONT if bold else BODY_FONT, size, bold=False)
    cell.vertical_alignment = 1


def _shade(cell: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    shade = OxmlElement("w:shd")
    for key, value in {"val": "clear", "color": "auto", "fill": "EEF1F4"}.items():
        shade.set(qn(f"w:{key}"), value)
    owner = cell._tc.get_or_add_tcPr()
    after = next((child for child in owner if child.tag in (qn("w:vAlign"), qn("w:hideMark"))), None)
    owner.append(shade) if after is None else after.addprevious(shade)


def _repeat(row: Any) -> None:
    """The row of headers stands again on every page (标题行重复)."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def _whole(row: Any) -> None:
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().insert(0, OxmlElement("w:cantSplit"))
