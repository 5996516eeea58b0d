"""A report in its three kinds of file: everything said is there, numbers stay numbers, nothing is fetched."""

from __future__ import annotations

import re
import struct
import zipfile
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from openyibao.documents import chart_axes, charts, word
from openyibao.documents.facade import (
    FONTS,
    Chart,
    Formal,
    Heading,
    Note,
    PageBreak,
    Paragraph,
    Report,
    Series,
    Signature,
    Table,
    html,
    percent,
    wan,
    write,
)
from openyibao.kernel.errors import Malformed

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
YEARS = ["2018", "2019", "2020"]
EVERY_CHART = (
    Chart("bar", "柱", YEARS, [Series("甲", [1, 2, None])], "万人"),
    Chart(
        "bar", "多柱", [f"第{at}个统筹区" for at in range(12)], [Series(n, list(range(-6, 6))) for n in "甲乙"], "元"
    ),
    Chart("stacked", "叠", YEARS, [Series("甲", [1, 2, 3]), Series("乙", [Decimal("0.5"), 1, 1])], "亿元"),
    Chart("line", "线", YEARS, [Series("甲", [1, 2, 3]), Series("乙", [1.1, 2.0, 3.0])], "%"),
    Chart("band", "带", YEARS, [Series("甲", [9, 8, 7], [8, 6, 4], [10, 10, 10])], "月", marks=[("六个月", 6)]),
    Chart("share", "比", ["全部"], [Series("甲", [99]), Series("乙", [1])]),
    Chart("waterfall", "变", ["上年", "人数", "比例", "本年"], [Series("支出", [100, 12, -5, None])], "亿元"),
)


def report(*blocks: object) -> Report:
    return Report("二〇二〇年<公报>", list(blocks), "副题 & 说明")  # type: ignore[arg-type]


WORDS = (
    Formal("关于测算结果的报告", "局党组", ["经测算，多支出12.3亿元。"], ["××处"], "2026年11月22日"),
    Heading("一、参保"),
    Heading("（一）职工", 2),
    Paragraph(f"参保{wan(96_978_000)}人<b>不是粗体</b>。"),
    Table(
        ["指标", "单位", "数"],
        [
            ["参保", "万人", wan(96_978_000, unit="")],
            [("出处", "https://example.org/a"), "", percent(1, 3)],
            ["空", "", None],
        ],
        "表1 [参保]: 人数",
        note="注：四舍五入",
        strong=[0],
    ),
    Note("[1] 口径"),
    PageBreak(),
    Signature(["××医疗保障局", "2026年"]),
)
FULL = report(*WORDS, *EVERY_CHART[3:6])
SHORT = report(*WORDS, EVERY_CHART[0])


def test_a_page_needs_nothing_beside_it(tmp_path: Path) -> None:
    text = write(FULL, tmp_path / "a.html").read_text(encoding="utf-8")
    fetched = re.findall(r'(?:src|href)="([^"#][^"]*)"|url\(([^)]*)\)|@import', text)
    assert [one for one in fetched if not one[0].startswith("https://example.org") and not one[1].startswith("#")] == []
    assert "<script" not in text
    assert "二〇二〇年&lt;公报&gt;" in text
    assert "&lt;b&gt;不是粗体&lt;/b&gt;" in text
    assert '<a href="https://example.org/a">出处</a>' in text
    assert text.count("<svg ") == 2 * 3
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids)), "an id stands once on a page"


def test_the_same_chart_is_the_same_text() -> None:
    assert charts.svg(EVERY_CHART[4]) == charts.svg(EVERY_CHART[4])


def test_addresses_that_run_are_not_linked() -> None:
    text = html(report(Paragraph(("看", "javascript:alert(1)")), Paragraph(("节", "#part-1"))))
    assert "javascript" not in text
    assert '<a href="#part-1">节</a>' in text


@pytest.mark.parametrize("chart", EVERY_CHART, ids=lambda chart: chart.title)
def test_a_chart_has_real_text_within_its_edges(chart: Chart) -> None:
    for width in (chart_axes.WIDE, chart_axes.NARROW):
        _within(chart, width)


def _within(chart: Chart, width: float) -> None:
    text = charts.svg(chart, width)
    drawn = ET.fromstring(text.replace("xlink:href", "href"))
    box = [float(number) for number in drawn.attrib["viewBox"].split()]
    texts = [(node.text or "").strip() for node in drawn.iter() if node.tag.endswith("}text")]
    said = "".join(texts)
    for category in chart.categories if len(chart.categories) < 10 else ():
        assert category in said
    if len(chart.series) > 1:
        assert all(one.name in said for one in chart.series)
    for node in drawn.iter():
        if node.tag.endswith("}text") and "x" in node.attrib:
            assert -1 <= float(node.attrib["x"]) <= box[2] + 1
            assert -1 <= float(node.attrib["y"]) <= box[3] + 1
    assert "Openyibao Sans SC" in text


def test_labels_of_bars_that_do_not_fit_upright_make_them_lie() -> None:
    many = Chart("stacked", "叠", [f"{year}年" for year in range(2016, 2021)], [Series("甲", [Decimal("10191.7")] * 5)])
    assert charts._shape(many, chart_axes.WIDE)[1] is False
    assert charts._shape(many, chart_axes.NARROW)[1] is True


def test_ends_of_lines_are_moved_apart_but_stay_in_order() -> None:
    spots = charts._apart([1.0, 1.01, 1.02, 5.0], 0.5, 0.0, 6.0)
    assert spots == sorted(spots)
    assert min(b - a for a, b in pairwise(spots)) >= 0.5 - 1e-6


@pytest.fixture(scope="module")
def word_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(SHORT, tmp_path_factory.mktemp("word") / "a.docx")


def test_a_word_file_has_headings_repeated_headers_pages_and_pictures(word_file: Path) -> None:
    with zipfile.ZipFile(word_file) as file:
        body = ET.fromstring(file.read("word/document.xml"))
        fonts, footer = file.read("word/fontTable.xml").decode(), file.read("word/footer1.xml").decode()
        styles = file.read("word/styles.xml").decode()
        pictures = [name for name in file.namelist() if name.startswith("word/media/")]
        size = struct.unpack(">II", file.read(sorted(pictures)[0])[16:24])
    said = "".join(node.text or "" for node in body.iter(f"{W}t"))
    for text in ("二〇二〇年<公报>", "参保9697.8万人", "表1 [参保]: 人数", "[1] 口径", "××医疗保障局", "未编文号"):
        assert text in said
    used = [node.attrib[f"{W}val"] for node in body.iter(f"{W}pStyle")]
    assert {"Title", "Heading1", "Heading2", "Caption"} <= set(used)
    assert len(list(body.iter(f"{W}tblHeader"))) == 1
    assert "PAGE" in footer
    assert all(f'w:eastAsia="{name}"' in styles for name in (word.TITLE_FONT, word.BODY_FONT, word.HEAD_FONT))
    assert all(name in fonts for name in word.INSTEAD)
    assert len(pictures) == 1
    assert size[0] == int(chart_axes.WIDE * charts.PNG_DPI)


def test_parts_of_word_properties_stand_in_the_order_the_format_asks(word_file: Path) -> None:
    order = ["cnfStyle", "tcW", "gridSpan", "vMerge", "tcBorders", "shd", "noWrap", "tcMar", "vAlign"]
    paragraph = ["pStyle", "keepNext", "pBdr", "shd", "tabs", "spacing", "ind", "jc"]
    with zipfile.ZipFile(word_file) as file:
        body = ET.fromstring(file.read("word/document.xml"))
    for owner, wanted in (("tcPr", order), ("pPr", paragraph)):
        for node in body.iter(f"{W}{owner}"):
            found = [child.tag.removeprefix(W) for child in node if child.tag.removeprefix(W) in wanted]
            assert found == sorted(found, key=wanted.index), found


def test_an_excel_file_has_a_sheet_per_table_and_chart_and_numbers_as_numbers(tmp_path: Path) -> None:
    with zipfile.ZipFile(write(report(*WORDS, *EVERY_CHART), tmp_path / "a.xlsx")) as file:
        names = [node.attrib["name"] for node in ET.fromstring(file.read("xl/workbook.xml")).iter(f"{S}sheet")]
        sheet = ET.fromstring(file.read("xl/worksheets/sheet2.xml"))
        drawn = [name for name in file.namelist() if name.startswith("xl/charts/chart")]
        styles = file.read("xl/styles.xml").decode()
    assert names[0] == "说明"
    assert names[1] == "表1  参保   人数"
    assert len(names) == len(set(names)) == 2 + len(EVERY_CHART)
    assert len(drawn) == len(EVERY_CHART)
    numbers = [
        float(node.find(f"{S}v").text)
        for node in sheet.iter(f"{S}c")
        if node.attrib.get("t") != "s" and node.find(f"{S}v") is not None
    ]  # type: ignore[union-attr,arg-type]
    assert numbers == [9697.8, 33.3]
    assert "#,##0.0&quot;%&quot;" in styles


def test_a_waterfall_in_excel_stands_on_its_steps() -> None:
    from openyibao.documents.sheets import _waterfall

    base, level, rise, fall = _waterfall(EVERY_CHART[-1])
    assert list(base.values) == [0, 100, 107, 0]
    assert list(level.values) == [100, None, None, 107]
    assert list(rise.values) == [None, 12, None, None]
    assert list(fall.values) == [None, None, 5, None]


@pytest.mark.parametrize(("name", "right"), [("a.pdf", ".html"), ("nowhere/a.html", "文件夹"), ("a", ".docx")])
def test_what_cannot_be_written_is_said(tmp_path: Path, name: str, right: str) -> None:
    with pytest.raises(Malformed) as caught:
        write(FULL, tmp_path / name)
    assert right in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_row_of_another_width_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="3 cells"):
        Table(["a", "b", "c"], [[1, 2]], "窄")


def test_signs_of_our_words_are_in_the_shipped_fonts() -> None:
    known = set((FONTS / "characters.txt").read_text(encoding="utf-8"))
    package = FONTS.parents[2]
    for room in ("documents", "analytics"):
        for path in (package / room).rglob("*"):
            if path.suffix in (".py", ".yaml", ".csv") and path.is_file():
                signs = {sign for sign in path.read_text(encoding="utf-8") if ord(sign) > 127}
                assert sorted(signs - known) == [], path
