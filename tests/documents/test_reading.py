"""What a reader needs of a report: names of parts lead there, warning lines are in sight, one page is one page."""

from __future__ import annotations

import re
import warnings

import pytest

from openyibao.documents import charts, page, word
from openyibao.documents.facade import Chart, Formal, Heading, Note, Paragraph, Report, Series, Table


def rendered(*blocks: object) -> str:
    return page.render(Report("报告", blocks))  # type: ignore[arg-type]


def test_names_of_parts_lead_to_them() -> None:
    text = rendered(
        Formal("题目", paragraphs=["花 3 万元（见第二部分）。", "方法见附录，另见第九部分。"]),
        Heading("一、改了什么"),
        Note("出处见附录。"),
        Heading("二、花多少钱"),
        Table(["项"], [["第一部分之外"]], note="见第一部分。"),
        Paragraph("又见第二部分。"),
        Heading("附录：方法"),
    )
    places = dict(re.findall(r'<h2 id="(part-\d)">(.)', text))
    assert places == {"part-1": "一", "part-2": "二", "part-3": "附"}
    assert text.count('<a href="#part-2">第二部分</a>') == 2
    assert text.count('<a href="#part-1">第一部分</a>') == 2
    assert text.count('<a href="#part-3">附录</a>') == 2
    assert ">第九部分<" not in text, "a part that is not there is no link"


def test_a_hostile_title_stays_text_beside_links() -> None:
    text = rendered(Paragraph("<b>第一部分</b>&amp;"), Heading("一、<script>x</script>"))
    assert '&lt;b&gt;<a href="#part-1">第一部分</a>&lt;/b&gt;&amp;amp;' in text
    assert "<script>" not in text


def bars(*values: float) -> Chart:
    names = [f"某市第{at}基金" for at in range(len(values))]
    lines = (("6 个月预警线", 6), ("3 个月红线", 3))
    return Chart("bar", "月数", names, [Series("改后", values)], unit="个月", places=1, marks=lines)


@pytest.mark.parametrize("values", [(1.0, 0.8), (0.8, -0.5), (12.0, 0.1), tuple(0.5 for _ in range(12))])
@pytest.mark.parametrize("width", [7.0, 3.6])
def test_a_warning_line_above_the_bars_is_drawn_within_the_chart(values: tuple[float, ...], width: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib gives the layout up, with a warning, when a name lies outside
        text = charts.svg(bars(*values), width)
    box = [float(number) for number in re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)[0]]
    for name in ("6 个月预警线", "3 个月红线"):
        assert name in text
    spots = re.findall(r"M ([\d.-]+) ([\d.-]+) \nL ([\d.-]+) ([\d.-]+) \n\" [^>]*stroke-dasharray", text)
    assert len(spots) == 2
    for x, y, _, _ in spots:
        assert -1 <= float(x) <= box[0] + 1
        assert -1 <= float(y) <= box[1] + 1


def test_a_page_to_sign_under_takes_the_largest_type_that_fits() -> None:
    def sized(count: int) -> float:
        return word.formal_size(Formal("题目", "局领导", ["字" * 120] * count, ["测算：某处", "签发人："], "年月日"))

    sizes = [sized(count) for count in range(1, 9)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 16.0
    assert sizes[-1] < 12.0


def test_days_do_not_break_on_a_narrow_screen() -> None:
    text = rendered(Table(["日期", "钱"], [["2022-03-05", 1]], align="lr"))
    assert '<td class="l whole">2022-03-05</td>' in text
