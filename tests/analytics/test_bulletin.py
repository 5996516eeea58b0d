"""The bulletin: what it says is what was counted, per cent and points stay apart, nothing printed is copied."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from openyibao.analytics.bulletin import method, moves, ratio
from openyibao.analytics.bulletin.book import Book, said_of
from openyibao.analytics.bulletin.compose import Bulletin
from openyibao.analytics.bulletin.contracts import Printed, checked
from openyibao.analytics.bulletin.printed import (
    not_covered,
    printed_moves,
    printed_values,
    target_names,
    titled,
    with_targets,
)
from openyibao.analytics.facade import compose_bulletin, definitions, run_indicators
from openyibao.analytics.indicators.contracts import Value
from openyibao.cli import bulletin as command
from openyibao.datasets.facade import Dataset
from openyibao.documents.facade import Chart, Heading, Note, Paragraph, Table
from openyibao.kernel.errors import Malformed
from openyibao.policy.facade import Policies
from openyibao.synth.facade import targets
from tests.analytics.indicator_world import build


@pytest.fixture(scope="module")
def policies() -> Policies:
    return Policies.load()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    population = {"370000": {"2022": {"persons": 4000, "source": "试验人口"}}}
    return build(
        tmp_path_factory.mktemp("bulletin") / "data", scale=0.01, population=population, seed=3, notes=["试验说明。"]
    )[0]


@pytest.fixture(scope="module")
def made(dataset: Dataset, policies: Policies) -> Bulletin:
    return compose_bulletin(dataset, 2022, policies=policies)


def said(made: Bulletin) -> str:
    """Every sentence of the bulletin."""
    return "\n".join(str(block.text) for block in made.report.blocks if isinstance(block, Paragraph | Note | Heading))


def tables(made: Bulletin) -> Iterator[Table]:
    return (block for block in made.report.blocks if isinstance(block, Table))


def test_sentences_say_what_was_counted(made: Bulletin) -> None:
    values = made.values[2022]
    text = said(made)
    insured, before = values["insured"].value, made.values[2021]["insured"].value
    assert insured is not None
    assert before is not None
    way = "增加" if insured > before else "减少"
    assert f"参保{said_of('person', insured)}，比上年{way}{said_of('person', abs(insured - before))}" in text
    assert (
        f"政策范围内住院费用基金支付比例{said_of('ratio', values['in_scope_ratio_employee'].value or Fraction(0))}"
        in text
    )
    assert "个百分点" in text


def test_change_in_per_cent_and_in_points_never_stand_in_one_row(made: Bulletin) -> None:
    seen = 0
    for table in tables(made):
        if list(table.headers[-2:]) != ["增长（%）", "增减（百分点）"]:
            continue
        for row in table.rows:
            given = [str(cell) != "—" for cell in row[-2:]]
            assert not all(given), row
            assert not given[0] or row[1] != "%", "a ratio has no growth in per cent"
            assert not given[1] or row[1] == "%", "only a ratio moves by points"
            seen += sum(given)
    assert seen > 20


def test_footnotes_are_numbered_as_they_are_called(made: Bulletin) -> None:
    body = "\n".join(str(block.text) for block in made.report.blocks if isinstance(block, Paragraph))
    called = list(dict.fromkeys(int(number) for number in re.findall(r"\[(\d+)\]", body)))
    notes = [
        int(found[1])
        for block in made.report.blocks
        if isinstance(block, Note) and (found := re.match(r"\[(\d+)\]", block.text))
    ]
    assert called == notes == list(range(1, len(notes) + 1))
    assert "不含个人账户" in said(made)
    assert "四舍五入" in said(made)


def test_what_the_dataset_has_nothing_for_is_named_and_not_made_up(made: Bulletin) -> None:
    text = said(made) + "".join(str(cell) for table in tables(made) for row in table.rows for cell in row)
    for title, _ in not_covered():
        assert title in text
    assert "合成" in text


def test_charts_go_over_the_years_and_say_a_finding(made: Bulletin) -> None:
    found = [block for block in made.report.blocks if isinstance(block, Chart)]
    assert any(list(chart.categories) == ["2021年", "2022年"] for chart in found)
    assert all(re.match(r"图\d+　\S", chart.title) for chart in found)
    assert [int(re.findall(r"\d+", chart.title)[0]) for chart in found] == list(range(1, len(found) + 1))


def test_a_year_alone_is_not_compared(tmp_path: Path, policies: Policies) -> None:
    dataset, _ = build(tmp_path / "data", (2022,), people=60)
    alone = compose_bulletin(dataset, 2022, policies=policies)
    text = said(alone)
    assert "没有2021年的数据，本公报不作同比" in text
    assert "比上年" not in text
    assert all("增长（%）" not in table.headers for table in tables(alone))


def test_a_year_without_settled_bills_leaves_payers_out(tmp_path: Path, policies: Policies) -> None:
    dataset, _ = build(tmp_path / "data", (2021, 2022), people=60)
    dataset.manifest.runs["current"]["years"] = [2022]
    text = said(compose_bulletin(dataset, 2022, policies=policies))
    assert "2021年没有可用的政策文件" in text
    assert re.search(r"住院率\d[\d.]*%\[\d\]，(比上年|与上年)", text)
    assert not re.search(r"支付比例\d[\d.]*%\[\d\]，(比上年|与上年)", text)


def test_every_row_of_the_city_table_is_a_pooling_area(made: Bulletin) -> None:
    table = next(table for table in tables(made) if "分统筹区" in table.caption)
    assert [row[0] for row in table.rows] == ["聊城市", "青岛市", "合计"]


# Printed values --------------------------------------------------------------------------------------------------


def value(name: str, amount: Fraction | int, error: float | None = None) -> Value:
    return Value(name, name, "person", 2020, 0, None, Fraction(amount), error)


@pytest.mark.parametrize(
    ("ours", "error", "holds"),
    [(102, None, True), (Fraction(10201, 100), None, False), (103, 1.0, True), (104, 1.0, False), (98, None, True)],
)
def test_a_target_holds_within_two_per_cent_or_three_standard_errors(
    ours: Any, error: float | None, holds: bool
) -> None:
    printed = Printed("insured", "100", "人", "calibrated", "试验")
    assert checked(printed, value("insured", ours, error)).holds is holds


def test_what_the_engine_answers_is_compared_but_not_judged() -> None:
    printed = Printed("in_scope_ratio_employee", "82.4", "%", "engine", "试验")
    found = checked(printed, Value("x", "x", "ratio", 2020, 1, 2, Fraction(1, 2), 0.001))
    assert found.holds is None
    assert found.residual == Fraction(1, 2) / Fraction(824, 1000) - 1


def test_an_indicator_without_a_value_is_neither_held_nor_failed() -> None:
    printed = Printed("insured", "100", "人", "calibrated", "试验")
    assert checked(printed, Value("x", "x", "person", 2020, 0, None, None)).holds is None


def test_printed_values_are_of_known_indicators_and_agree_with_the_targets_of_the_synthesis() -> None:
    printed = printed_values("370000", 2020)
    assert set(printed) <= set(definitions())
    assert all(one.why[1] for one in printed.values() if one.kind == "engine")
    names = target_names()
    assert set(names.values()) <= set(definitions())
    both = [one for one in targets("370000", 2020) if names.get(one.key) in printed]
    assert len(both) > 40
    for one in both:
        ours = printed[names[one.key]]
        stated = Printed(ours.id, repr(one.value), one.unit, one.kind, one.source)
        assert ours.value == pytest.approx(stated.value), one.key
        assert one.certainty != "seed" or ours.kind == one.kind, one.key


def test_sums_and_ratios_of_the_printed_values_fit_each_other() -> None:
    """What is printed as following from other values does, within the rounding of what is printed."""
    printed = {name: one.value for name, one in printed_values("370000", 2020).items()}
    assert printed["insured_employee"] == printed["insured_active"] + printed["insured_retired"]
    assert printed["visits_per_head_employee"] == pytest.approx(
        printed["visits_employee"] / printed["insured_employee"], abs=0.005
    )
    assert printed["stay_rate_resident"] == pytest.approx(
        printed["stays_resident"] / printed["insured_resident"], abs=0.0005
    )


def test_targets_of_an_area_without_a_bulletin_are_taken_over() -> None:
    rows = [asdict(one) for one in targets("371500", 2021)]
    found = with_targets({}, rows)
    assert found["insured_active"].value == 545_400
    assert found["insured_active"].text == "54.54"
    assert found["stay_rate_retired"].value == Fraction(4581, 10_000)


def test_no_printed_value_is_copied_through(made: Bulletin, dataset: Dataset, policies: Policies) -> None:
    """With other printed values the bulletin's own numbers stay as they are, and the comparison says so."""
    target = {"key": "stays.employee", "value": 999.9, "unit": "万人次", "kind": "calibrated"}
    printed = with_targets({}, [{**target, "source": "试验", "certainty": "seed"}])
    book = Book(2022, made.values)
    (found,) = method.compare(book, printed)
    assert found.ours == {one.id: one for one in run_indicators(dataset, 2022, policies=policies)}["stays_employee"]
    assert found.holds is False
    table = method._residuals([found], method.Tables(), "校准指标")
    assert (str(table.rows[0][2]), table.rows[0][-1]) == ("999.9", "不符合")


def test_the_difference_of_a_ratio_is_parted_exactly_into_ratios_and_mix(made: Bulletin) -> None:
    book = Book(2022, made.values)
    names = [
        "in_scope_ratio_employee",
        *(f"in_scope_ratio_employee_{level}" for level in ("tertiary", "secondary", "primary")),
    ]
    printed = {
        name: Printed(name, text, "%", "engine", "试验")
        for name, text in zip(names, ("82.4", "81.8", "83.6", "85.1"), strict=True)
    }
    (table,) = ratio._mix(book, printed, method.Tables())
    assert isinstance(table, Table)
    whole, by_ratio, by_mix = (cell.value for cell in table.rows[0][1:4])  # type: ignore[union-attr]
    assert abs(whole - by_ratio - by_mix) <= Fraction(15, 100), "each is rounded to a tenth"


def test_what_is_paid_beyond_the_deductible_explains_the_whole_difference(made: Bulletin) -> None:
    """Printed less ours is the needed rate less ours, times what the deductible leaves: nothing is left over."""
    book = Book(2022, made.values)
    for scheme, wanted in (("employee", Fraction(818, 1000)), ("resident", Fraction(58, 100))):
        for level in ratio.LEVELS:
            ours = book.value(f"in_scope_ratio_{scheme}_{level}").value
            found = ratio.needed(book, scheme, level, wanted)
            if ours is None:
                continue
            assert found is not None
            tail = f"{scheme}_{level}"
            taken = [
                book.value(f"{name}_share_{tail}").value or Fraction(0) for name in ("deductible", "first_self_pay")
            ]
            left = 1 - sum(taken, Fraction(0))
            assert (found[1] - found[0]) * left == wanted - ours


def test_who_comes_to_a_level_bounds_what_its_patients_can_explain(made: Bulletin) -> None:
    """A level's ratio lies between those of its kinds of patients; a printed one beyond both is said to be outside."""
    book = Book(2022, made.values)
    name = "in_scope_ratio_employee_tertiary"
    kinds = [book.value(f"in_scope_ratio_{kind}_tertiary").value for kind in ("active", "retired")]
    ours = book.value(name).value
    assert ours is not None
    assert None not in kinds
    low, high = sorted(one for one in kinds if one is not None)
    assert low <= ours <= high
    told = []
    for value in (ours, high + Fraction(1, 10), low - Fraction(1, 10)):
        printed = {name: Printed(name, f"{float(value * 100):.1f}", "%", "engine", "试验")}
        (table,) = ratio._patients(book, printed, method.Tables())
        assert isinstance(table, Table)
        told.append(table.rows[0][-1])
    assert told == ["在其间", "在其外", "在其外"]


def test_printed_changes_stand_beside_ours_in_their_own_unit(made: Bulletin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates beside rates, points beside points; what is drawn to a printed change is told from what is not."""
    rows = [
        moves.Move("stays_employee", "-4.3", "%", "calibrated"),
        moves.Move("stay_rate_employee", "-1.8", "百分点", "engine", "试验"),
        moves.Move("visits_per_head_employee", "-0.33", "次", "calibrated"),
    ]
    monkeypatch.setattr(moves, "printed_moves", lambda area, year: rows)
    book = Book(2022, made.values)
    found = {one.printed.id: one.ours for one in moves.moved(book, "370000")}
    growth = {one.id: book.growth(one.id) for one in rows}
    assert found["stays_employee"] == (growth["stays_employee"].rate or 0) * 100
    assert found["stay_rate_employee"] == (growth["stay_rate_employee"].points or 0) * 100
    assert found["visits_per_head_employee"] == growth["visits_per_head_employee"].change
    (table,) = (one for one in moves.compared(book, "370000", method.Tables()) if isinstance(one, Table))
    assert [row[-1] for row in table.rows] == ["推得", "试验", "推得"]
    assert moves.moved(Book(2022, {2022: made.values[2022]}), "370000") == []


def test_chronic_visits_counted_as_outpatient_ones_are_compared_together(made: Bulletin) -> None:
    """A dataset without a chronic visit holds them among outpatient ones: one comparison, not two failures."""

    def value(name: str, count: int) -> Value:
        return Value(name, name, "visit", 2022, count, None, Fraction(count))

    names = ("visits_outpatient_employee", "visits_chronic_employee")
    printed = {
        names[0]: Printed(names[0], "30.5", "万人次", "calibrated", "甲", "seed"),
        names[1]: Printed(names[1], "10", "万人次", "calibrated", "乙", "assumed"),
    }
    apart = Book(2022, {2022: {names[0]: value(names[0], 305_000), names[1]: value(names[1], 100_000)}})
    together = Book(2022, {2022: {names[0]: value(names[0], 405_000), names[1]: value(names[1], 0)}})
    assert [one.holds for one in method.compare(apart, printed)] == [True, True]
    (one,) = method.compare(together, printed)
    assert (one.holds, one.printed.text, one.printed.certainty) == (True, "40.5", "assumed")
    assert "含慢特病" in str(method._residuals([one], method.Tables(), "试验").rows[0][0])


def test_a_source_is_named_as_its_readers_know_it() -> None:
    said = titled("由 000_1bccc8ad53db9b6b.txt 推算")
    assert said == "由《2020年山东省医疗保障事业发展统计公报》推算"
    assert titled("估计") == "估计"


def test_printed_changes_follow_from_the_printed_values_where_both_years_are_known() -> None:
    """The changes of 2020 are of indicators we define, each once, a ratio in points, everything else not."""
    found = printed_moves("370000", 2020)
    assert len({one.id for one in found}) == len(found) > 30
    for one in found:
        assert (definitions()[one.id].unit == "ratio") == (one.unit == "百分点"), one
        assert one.kind == "calibrated" or one.why, one
    assert printed_moves("371500", 2020) == []


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [(295, 296, "，比上年减少0.01"), (29512, 29561, "，比上年减少不到0.01"), (29512, 29511, "，与上年持平")],
)
def test_a_change_too_small_to_show_is_not_called_level_where_the_values_differ(
    now: int, before: int, told: str
) -> None:
    def value(year: int, text: int) -> Value:
        size = 100 if text < 1000 else 10_000
        return Value("support_ratio", "在职退休比", "times", year, text, size, Fraction(text, size), None, 2)

    years = {2020: {"support_ratio": value(2020, now)}, 2019: {"support_ratio": value(2019, before)}}
    assert Book(2020, years).moved("support_ratio") == told


# The command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def program() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    command.mount(app)
    return app


@pytest.mark.slow
def test_the_command_writes_a_page_and_answers_in_json(
    program: typer.Typer, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "b.xlsx"
    found = CliRunner().invoke(
        program, ["bulletin", str(dataset.folder), "--year", "2022", "--out", str(out), "--json"]
    )
    assert found.exit_code == 0, found.output
    answer = json.loads(found.stdout)
    assert {one["id"] for one in answer["values"]["2022"]} == set(definitions())
    assert out.read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (["--year", "2030", "--out", "b.html"], "没有 2030 年"),
        (["--year", "2022", "--out", "b.pdf"], ".docx"),
        (["--year", "2022", "--out", "b.html", "--engine", "flink"], "不认识 'flink'"),
        (["--year", "2022", "--out", "b.html", "--run", "没有的"], "没有结算版本"),
    ],
)
def test_the_command_says_what_is_wrong(
    program: typer.Typer, dataset: Dataset, tmp_path: Path, words: list[str], right: str
) -> None:
    words = [str(tmp_path / word) if word.startswith("b.") else word for word in words]
    found = CliRunner().invoke(program, ["bulletin", str(dataset.folder), *words])
    assert isinstance(found.exception, Malformed)
    assert right in str(found.exception)
    assert list(tmp_path.iterdir()) == []
