"""A report as one page (网页): no file beside it, no address it needs; reads on a desk, on a telephone, on A4 paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from html import escape
from importlib.resources import files

from openyibao.documents import chart_axes, charts
from openyibao.documents.cells import address_of, alignment, text_of, width_of
from openyibao.documents.contracts import (
    Block,
    Cell,
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

_LONG_NAME = 14
"""A first column of longer names than so many halves of a character is not squeezed on a telephone."""
_PARTS_LISTED = 4
"""A list of contents is worth its room from so many headings of level 1."""


PART_NAMED = re.compile("第([一二三四五六七八九十]+)部分|附录")
"""How running text names a part of the same report."""
SHORT = 4
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_OUTSIDE = re.compile("(<[^>]*>)")


def render(report: Report) -> str:
    """The page as text."""
    linked = _linked(report)
    parts = [
        "<!doctype html>",
        f'<html lang="{"zh-CN" if report.lang == "zh" else escape(report.lang, quote=True)}">',
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(report.title)}</title><style>{_style()}</style></head>",
        "<body><main>",
        f"<header><h1>{escape(report.title)}</h1>",
        f'<p class="subtitle">{escape(report.subtitle)}</p>' if report.subtitle else "",
        "</header>",
        *_contents(report),
    ]
    heads = 0
    for at, block in enumerate(report.blocks):
        if isinstance(block, Heading) and block.level == 1:
            heads += 1
        parts += [linked(piece) if _is_text(block) else piece for piece in _block(block, at, heads)]
    parts.append("</main></body></html>")
    return "\n".join(part for part in parts if part) + "\n"


def _is_text(block: Block) -> bool:
    """Blocks whose sentences may name a part; headings and drawings stay as they are."""
    return isinstance(block, Paragraph | Note | Formal | Table)


def _linked(report: Report) -> Callable[[str], str]:
    """Turns 第三部分 and 附录 into links to the headings of that name, outside tags."""
    places = {}
    for at, text in enumerate([one.text for one in report.blocks if isinstance(one, Heading) and one.level == 1], 1):
        number = text.partition("、")[0]
        places["附录" if text.startswith("附录") else f"第{number}部分"] = f"#part-{at}"

    def link(found: re.Match[str]) -> str:
        place = places.get(found[0])
        return f'<a href="{place}">{found[0]}</a>' if place else found[0]

    def done(piece: str) -> str:
        if not places or "<a " in piece or not PART_NAMED.search(piece):
            return piece
        return "".join(one if one.startswith("<") else PART_NAMED.sub(link, one) for one in _OUTSIDE.split(piece))

    return done


@cache
def _style() -> str:
    return files(__package__).joinpath("data/report.css").read_text(encoding="utf-8")


def _contents(report: Report) -> Iterator[str]:
    heads = [block.text for block in report.blocks if isinstance(block, Heading) and block.level == 1]
    if len(heads) >= _PARTS_LISTED:
        links = "".join(f'<li><a href="#part-{at}">{escape(text)}</a></li>' for at, text in enumerate(heads, 1))
        yield f'<nav aria-label="目录"><ul>{links}</ul></nav>'


def _block(block: Block, at: int, heads: int) -> Iterator[str]:
    if isinstance(block, Heading):
        level = min(4, block.level + 1)
        mark = f' id="part-{heads}"' if block.level == 1 else ""
        yield f"<h{level}{mark}>{escape(block.text)}</h{level}>"
    elif isinstance(block, Paragraph):
        yield f"<p{' class=strong' if block.bold else ''}>{_cell(block.text)}</p>"
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Chart):
        yield from _chart(block, at)
    elif isinstance(block, Note):
        yield f'<p class="note">{escape(block.text)}</p>'
    elif isinstance(block, PageBreak):
        yield '<div class="page-break"></div>'
    elif isinstance(block, Signature):
        yield _signature(block.lines)
    elif isinstance(block, Formal):
        yield from _formal(block)


def _cell(cell: Cell) -> str:
    text, address = escape(text_of(cell)), address_of(cell)
    return f'<a href="{escape(address, quote=True)}">{text}</a>' if address else text


def _table(table: Table) -> Iterator[str]:
    letters = alignment(table)
    long = any(width_of(text_of(row[0])) > _LONG_NAME for row in table.rows if row)
    yield f'<figure class="table{" names" if long else ""}">'
    if table.caption:
        yield f"<figcaption>{escape(table.caption)}</figcaption>"
    yield '<div class="box" tabindex="0"><table><thead><tr>'
    yield "".join(
        f'<th scope="col" class="{letter}">{escape(text).replace("（", "<wbr>（")}</th>'
        for letter, text in zip(letters, table.headers, strict=True)
    )
    yield "</tr></thead><tbody>"
    for at, row in enumerate(table.rows):
        cells = "".join(
            f'<td class="{letter}{" whole" if _one_line(text_of(cell)) else ""}">{_cell(cell)}</td>'
            for letter, cell in zip(letters, row, strict=True)
        )
        yield f"<tr{' class=strong' if at in table.strong else ''}>{cells}</tr>"
    yield "</tbody></table></div>"
    if table.note:
        yield f'<p class="note">{escape(table.note)}</p>'
    yield "</figure>"


def _chart(chart: Chart, at: int) -> Iterator[str]:
    yield '<figure class="chart">'
    yield f"<figcaption>{escape(chart.title)}</figcaption>"
    if chart.unit:
        yield f'<p class="unit">单位：{escape(chart.unit)}</p>'
    for name, width in (("wide", chart_axes.WIDE), ("narrow", chart_axes.NARROW)):
        drawn = charts.svg(chart, width, salt=f"{at}{name}")
        label = escape(chart.title, quote=True)
        yield drawn.replace('role="img"', f'role="img" class="{name}" aria-label="{label}"', 1)
    if chart.note:
        yield f'<p class="note">{escape(chart.note)}</p>'
    yield "</figure>"


def _signature(lines: object) -> str:
    texts = [lines] if isinstance(lines, str) else list(lines)  # type: ignore[call-overload]
    return '<div class="signature">' + "".join(f"<p>{escape(text)}</p>" for text in texts if text) + "</div>"


def _formal(formal: Formal) -> Iterator[str]:
    yield '<section class="formal">'
    yield f'<p class="head">{escape(formal.head)}</p>'
    yield f'<p class="mark">{escape(formal.mark)}</p>'
    yield f"<h2>{escape(formal.title)}</h2>"
    if formal.addressee:
        yield f'<p class="addressee">{escape(formal.addressee)}：</p>'
    yield from (f"<p>{escape(text)}</p>" for text in formal.paragraphs)
    signed = [formal.signature] if isinstance(formal.signature, str) else list(formal.signature)
    yield _signature([*signed, formal.date])
    yield "</section>"


def _one_line(text: str) -> bool:
    """Whether a cell is never broken: a date, or a word or two."""
    return len(text) <= SHORT or _DAY.fullmatch(text) is not None
