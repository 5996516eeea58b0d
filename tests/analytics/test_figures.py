"""Printed figures: what they may stand for, whether they fit together, which one is to blame (数据核对)."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from openyibao.analytics.facade import FiguresChecked, check_figures
from openyibao.analytics.figures.expressions import read_expression
from openyibao.analytics.figures.intervals import Interval
from openyibao.analytics.figures.printed import printed
from openyibao.analytics.figures.relations import FORMULAS, MANY, SPECIAL
from openyibao.analytics.figures.spans import Span
from openyibao.kernel.errors import Malformed

OWN = Path(__file__).parents[2] / "figures"


def check(tmp_path: Path, text: str) -> FiguresChecked:
    file = tmp_path / "figures.yaml"
    file.write_text(text, encoding="utf-8")
    return check_figures(file)


def relation(tmp_path: Path, **entry: Any) -> Any:
    return check(tmp_path, json.dumps({"relations": [entry]})).relations[0]


def shaped(tmp_path: Path, inputs: dict[str, Any], title: str = "", **more: Any) -> Any:
    """A case of kind consistency without a word of what should come out."""
    case = {"id": "X", "kind": "consistency", "title": title, "inputs": inputs, **more}
    return check(tmp_path, json.dumps({"cases": [case]})).cases[0]


# The printed figures of the seeds ---------------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted(OWN.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_figure_file_comes_out_as_it_says(file: Path) -> None:
    found = check_figures(file)
    assert [f"{one.line} {one.title} {one.text}" for one in found.relations if not one.as_stated] == []
    assert all(one.expected for one in found.relations if one.status == "contradiction")


def test_every_case_of_the_seeds_is_there() -> None:
    titles = " ".join(one.title for one in check_figures(OWN).relations)
    wanted = [f"{name}-{at:03d}" for name, most in (("FUN", 19), ("STA", 32), ("CHK", 21)) for at in range(1, most + 1)]
    assert [name for name in wanted if name not in titles] == []


def test_a_digit_changed_anywhere_in_the_fund_statement_is_found(tmp_path: Path) -> None:
    """Each figure of a statement is held by a relation: one unit more than rounding allows is noticed."""
    whole = yaml.safe_load((OWN / "shandong-2020.yaml").read_text(encoding="utf-8"))
    funds = whole["statements"][0]["funds"]
    for fund, row in funds.items():
        for item, value in row.items():
            moved = json.loads(json.dumps(whole["statements"]))
            moved[0]["funds"][fund][item] = str(Fraction(value) + 5).split("/")[0] + ".7"
            found = check(tmp_path, json.dumps({"documents": whole["documents"], "statements": moved}))
            assert not found.holds, (fund, item)


# What a printed figure may stand for ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "unit", "value", "half"),
    [
        ("2323.3", "万人", 23_233_000, 500),
        ("588", "万人", 5_880_000, 5_000),
        ("588.0", "万人", 5_880_000, 500),
        ("284", "家", 284, 0),
        ("899", "元", 899, Fraction(1, 2)),
        ("95.50", "%", Fraction(191, 2), Fraction(1, 200)),
        ("1,585.1", "亿元", 158_510_000_000, 5_000_000),
        ("-0.29", "%", Fraction(-29, 100), Fraction(1, 200)),
        ("2", "百分点", 2, Fraction(1, 2)),
    ],
)
def test_half_a_unit_of_the_last_digit(text: str, unit: str, value: Any, half: Any) -> None:
    one = printed("x", text, unit)
    assert (one.value, one.half) == (value, half)


def test_the_class_turns_at_exactly_the_half_units(tmp_path: Path) -> None:
    """71.4 from two figures of one decimal, printed 71.5: 0.15 is allowed; 71.6 is not explained by rounding."""
    parts = {"income": {"value": "939.8"}, "expenditure": {"value": "868.4"}}
    found = [
        relation(tmp_path, relation="balance", balance={"value": value}, **parts) for value in ("71.4", "71.5", "71.6")
    ]
    assert [one.status for one in found] == ["consistent", "rounding", "contradiction"]
    assert found[1].allowed == "0.15"
    assert found[2].difference == "-0.2"
    at_the_edge = relation(tmp_path, relation="balance", balance={"value": "71.55", "step": "0.1"}, **parts)
    assert at_the_edge.status == "rounding"


def test_a_figure_that_occurs_twice_is_not_counted_twice() -> None:
    """In a/(a+b) both a's move together: [10±1]/([10±1]+10) is 9/19..11/21, not 9/21..11/19."""
    given_ = {"a": Interval(Fraction(9), Fraction(11)), "b": Interval.point(10)}
    span = Span(read_expression("a/(a+b)"), given_)
    assert span.hull == Interval(Fraction(9, 19), Fraction(11, 21))
    assert span.meets(Interval.point(Fraction(1, 2)))
    assert not span.meets(Interval.point(Fraction(53, 100)))
    dip = Span(read_expression("(a-10)*(a-10)"), given_)
    assert dip.hull.low == 1  # the ends alone would miss the dip between them
    assert dip.meets(Interval.point(0))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10**7), min_size=2, max_size=5), st.integers(0, 2))
def test_rounding_never_makes_a_contradiction(values: list[int], places: int) -> None:
    """Whatever is true and rounded honestly fits together: sums, shares, growth."""
    from openyibao.analytics.figures.judge import judge

    scale = 10 ** (4 - places)

    def figure(value: int, unit: str = "") -> Any:
        whole = (value + scale // 2) // scale
        text = f"{whole // 10**places}" + (f".{whole % 10**places:0{places}d}" if places else "")
        return printed("x", text, unit, exact=False)

    total = sum(values)
    assert judge("sum", {"total": figure(total), "parts": [figure(one) for one in values]}).status != "contradiction"
    share = printed("s", f"{float(round(Fraction(100 * values[0], max(total, 1)), 1)):.1f}" if total else "0.0", "%")
    roles = {"part": figure(values[0]), "whole": figure(total), "percent": share}
    assert judge("share", roles).status != "contradiction"


def test_relations_say_which_figure_would_mend_them(tmp_path: Path) -> None:
    found = relation(
        tmp_path,
        relation="sum",
        total={"value": "4046", "unit": "元"},
        parts=[{"value": "899", "unit": "元"}, {"value": "3157", "unit": "元"}],
    )
    assert [(one.printed, one.value, one.likely, one.near_miss) for one in found.repairs] == [
        ("899", "889", False, True),
        ("3157", "3,147", True, True),
    ]
    assert "3,157 应为 3,147（只差一个数字）" in found.text
    share = relation(
        tmp_path,
        relation="share",
        part={"value": "3878.12", "unit": "万人"},
        whole={"value": "9697.8", "unit": "万人"},
        percent={"value": "40.45", "unit": "%"},
    )
    assert {one.printed: one.value for one in share.repairs}["9697.8"] == "9,587.4"


def test_every_formula_mends_itself(tmp_path: Path) -> None:
    """Each inverse of the table really is one: put the repair in, and the relation holds."""
    numbers = {"one": ["120.0", "80.0", "30.0", "50.0"], "many": ["10.0", "20.0"]}
    for kind, spec in FORMULAS.items():
        single = iter(numbers["one"])
        entry: dict[str, Any] = {}
        for role, need in spec.roles.items():
            entry[role] = (
                [{"value": one} for one in numbers["many"]] if need.endswith(MANY) else {"value": next(single)}
            )
        first = relation(tmp_path, relation=kind, **entry)
        assert first.status == "contradiction", kind
        for role in spec.implied:
            values = {name: Fraction(one["value"]) for name, one in entry.items() if isinstance(one, dict)}
            mended = dict(entry)
            value = read_expression(spec.implied[role]).value(values)
            mended[role] = {"value": f"{float(value):.12f}"}
            assert relation(tmp_path, relation=kind, **mended).status in ("consistent", "rounding"), (kind, role)


def test_a_missing_figure_and_a_nought_below_the_line_are_not_checkable(tmp_path: Path) -> None:
    gone = relation(tmp_path, relation="share", part={"value": "missing"}, whole={"value": "3"}, percent={"value": "2"})
    assert gone.status == "not_checkable"
    nought = relation(tmp_path, relation="share", part={"value": "1"}, whole={"value": "0.0"}, percent={"value": "2"})
    assert nought.status == "not_checkable"


def test_advances_are_no_expenditure(tmp_path: Path) -> None:
    def statement(expenditure: str) -> FiguresChecked:
        row = {"paid": "30.0", "advances": "5.0", "offset": "2.0", "expenditure": expenditure}
        return check(tmp_path, json.dumps({"statements": [{"unit": "亿元", "funds": {"统筹": row}}]}))

    assert statement("27.0").holds
    assert statement("27.1").relations[0].status == "rounding"
    assert statement("30.0").relations[0].status == "contradiction"


# Faults -----------------------------------------------------------------------------------------------------------


def test_every_fault_of_a_file_is_listed_with_its_line(tmp_path: Path) -> None:
    text = """figures:
  a: {value: "12x", unit: 亿元}
  b: {valu: "3"}
relations:
- {relation: shar, part: a, whole: b, percent: {value: "3"}}
- {relation: sum, total: a, parts: [c]}
- {relation: growth, now: {value: "15.5", unit: "%"}, before: {value: "14", unit: "%"}, percent: {value: "1"}}
- {relation: sum, total: {value: "3", unit: 人}, parts: [{value: "3", unit: 元}], expect: right}
- {relation: formula, expression: "__import__('os').system('x')", is: a}
"""
    with pytest.raises(Malformed) as caught:
        check(tmp_path, text)
    lines = {(fault.line, fault.wrong.split("：")[0][:12]) for fault in caught.value.faults}
    assert {line for line, _ in lines} == {2, 3, 5, 6, 7, 8, 9}
    assert "relation: points" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "a.b",
        "(lambda: 1)()",
        "[x for x in y]",
        "'a'*9",
        "a if",
        "9**9**9",
        "1e999",
        "open(a)",
        "a@b",
    ],
)
def test_formulas_are_arithmetic_and_nothing_else(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 the words differ
        read_expression(text).value({"a": Fraction(1), "b": Fraction(2)})


def test_a_decimal_in_a_formula_is_exact() -> None:
    assert read_expression("a*(0.07+0.02)").value({"a": Fraction(3746)}) == Fraction("337.14")
    assert read_expression("round(2.5) + round(-0.5) + max(1, 2)/4").value({}) == Fraction(5, 2)


# Relations found from the shape of the inputs ---------------------------------------------------------------------

SHAPES = [
    ({"parts": ["812", "2850"], "printed_total": "3652"}, True, {"sum": 3662, "corrected_part": 2840}),
    ({"parts": ["899", "3147"], "printed_total": "4046"}, False, {"sum": 4046}),
    ({"parts": ["10.2", "20.3", "5.4"], "printed_total": "36.0"}, False, {"sum": 35.9}),
    ({"a": "95.5", "b": "96.3"}, True, {}),
    ({"a": "95.5", "b": "95.6"}, False, {}),
    ({"a": "95.5", "b": "95.7"}, True, {}),
    ({"a": "10", "b": "9"}, True, {}),
    ({"a": "2021", "b": "2021"}, False, {}),
    ({"final": ["158510000000", "1"], "flash": ["158700000000", "1"]}, True, {"difference": [190000000, 0]}),
    ({"final": ["158510000000"], "flash": ["158510000000"]}, False, {"difference": [0]}),
    ({"activated": "38781200", "share": "39.99", "insured": "96978000"}, False, {"computed": 39.99}),
    (
        {"activated": "50000", "share": "40.00", "insured": "100000"},
        True,
        {"computed": 50, "implied_denominator": 125000},
    ),
    ({"units": "400000", "active": "545400"}, True, {"workers_per_unit": 1.36}),
    ({"units": "40000", "active": "545400"}, False, {"workers_per_unit": 13.64}),
    ({"daily": "27800", "year": "11800000"}, True, {"computed_daily": 32329}),
    ({"daily": "32300", "year": "11800000"}, False, {"computed_daily": 32329}),
    ({"cumulative": "921000000", "accounts": "837000000"}, True, {"pool_if_included": 84000000}),
    ({"cumulative": "921000000", "accounts": "37000000"}, False, {"pool_if_included": 884000000}),
    ({"stated": "8", "listed": "8"}, False, {}),
    ({"stated": "8", "listed": "7"}, True, {}),
    ({"visits": "73000000", "spending": "36500000000", "days_in_period": "365"}, False, {"visits_per_day": 200000}),
    ({"visits": "67000000", "days_in_period": "335"}, True, {"visits_per_day": 200000}),
    ({"visits": "67000000", "days_in_period": "335", "visits_per_day": "200000"}, False, {"visits_per_day": 200000}),
    ({"list2020": ["a", "b"], "list2023": ["b", "c"]}, True, {"only_2020": ["a"], "only_2023": ["c"]}),
    ({"list2020": ["a", "b"], "list2023": ["b", "a"]}, False, {"only_2020": []}),
    ({"city": ["49.8", "68.2"], "province": ["49.8", "68.2"]}, True, {}),
    ({"city": ["49.8", "68.2"], "province": ["47.1", "68.2"]}, False, {}),
    ({"a": ["87", "2154000000"], "b": ["112", "3454000000"]}, True, {}),
    ({"a": ["87", "2154000000"], "b": ["87", "2154000000"]}, False, {}),
    ({"a": ["815000", "99.45"], "b": ["818200", "99.84"]}, True, {"implied_totals": [819507, 819511]}),
    ({"a": ["815000", "99.45"], "b": ["918200", "99.84"]}, False, {"implied_totals": [819507, 919671]}),
    ({"burden": "98600", "printed": "29500"}, True, {"formula": 30000, "implied_burden": 40714}),
    ({"burden": "98600", "printed": "30000"}, False, {"formula": 30000}),
    ({"burden": "10000", "printed": "7000"}, False, {"formula": 7000}),
    ({"amount": "777000000"}, True, {}),
    ({"amount": "777000000", "periods": ["2021"]}, False, {}),
    ({"pairs": [["71.4", "71.5"], ["128.1", "128.0"]]}, False, {}),
    ({"pairs": [["71.4", "71.5"], ["128.1", "127.9"]]}, True, {}),
    ({"mystery": "3", "riddle": "4", "puzzle": ["1", "x"]}, None, {}),
]


@pytest.mark.parametrize(("inputs", "flag", "results"), SHAPES, ids=lambda one: str(one)[:60])
def test_the_shape_of_the_inputs_says_the_relation(
    tmp_path: Path, inputs: dict[str, Any], flag: bool | None, results: dict[str, Any]
) -> None:
    found = shaped(tmp_path, inputs)
    assert found.flag is flag, found.explanation
    told = found.as_json()["results"]
    assert {name: told.get(name) for name in results} == results
    assert found.rule
    assert found.explanation


@pytest.mark.parametrize(
    ("expenditure", "title", "flag"),
    [
        ("4320000000", "resident fund in deficit", True),
        ("4400000000", "resident fund in deficit", False),
        ("4200000000", "resident fund in deficit", True),
        ("4200000000", "居民基金收大于支", False),
        ("4320000000", "", True),
        ("4200000000", "", False),
    ],
)
def test_words_about_a_balance_are_held_against_the_figures(
    tmp_path: Path, expenditure: str, title: str, flag: bool
) -> None:
    found = shaped(tmp_path, {"income": "4320000000", "derived_expenditure": expenditure}, title)
    assert found.flag is flag
    assert found.results["derived_balance"] == 4320000000 - int(expenditure)


def test_a_case_that_states_the_wrong_result_is_told(tmp_path: Path) -> None:
    found = shaped(tmp_path, {"parts": ["1", "2"], "printed_total": "3"}, expected={"flag": True, "sum": "3"})
    assert not found.as_stated
    assert found.differences == ["flag：算得 “否”，写明 “是”"]
    missing = shaped(tmp_path, {"a": "1", "b": "1"}, expected={"flag": False, "sum": "3", "cause": "words"})
    assert missing.differences == ["sum：没有算得这一项，写明 3"]


def test_formulas_of_a_case_are_compared_within_its_tolerance(tmp_path: Path) -> None:
    def case(expected: str, tolerance: dict[str, str]) -> Any:
        inputs = {"cumulative": "921000000", "expenditure_year": "3140000000"}
        formulas = {"months": "cumulative/(expenditure_year/12)"}
        stated = {"months": expected, "below_six_months": True}
        one = {"id": "F", "kind": "fund", "inputs": inputs, "formulas": formulas, "expected": stated}
        return check(tmp_path, json.dumps({"cases": [{**one, "tolerance": tolerance}]})).cases[0]

    assert case("3.52", {"default": "0.01"}).as_stated
    assert case("3.50", {"default": "0.03"}).status == "rounding"
    assert case("3.50", {"default": "0.01"}).flag
    assert case("3.52", {"default": "1", "months": "0"}).as_stated  # its own rounding is always its own
    assert case("7.00", {"default": "9"}).results["below_six_months"] is True


def test_means_are_bounded_by_their_parts(tmp_path: Path) -> None:
    def case(overall: str) -> Any:
        one = {"id": "S", "kind": "statistics", "inputs": {"emp": ["81.8", "85.1"], "res": ["58", "76"]}}
        expected = {"emp_overall": overall, "res_overall": "63.2", "inside": True}
        return check(tmp_path, json.dumps({"cases": [{**one, "expected": expected}]})).cases[0]

    assert case("82.4").as_stated
    assert not case("86.4").as_stated
    assert "86.4" in case("86.4").explanation


# The command ------------------------------------------------------------------------------------------------------


def test_exit_codes_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import typer
    from typer.testing import CliRunner

    from openyibao.cli import figures

    run = CliRunner()
    app: typer.Typer = figures.app
    whole = typer.Typer()
    whole.add_typer(app, name="figures")
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    entry = {"relation": "equal", "values": [{"value": "1.0"}, {"value": "1.0"}]}
    good.write_text(json.dumps({"relations": [entry]}), encoding="utf-8")
    entry["values"] = [{"value": "1.0"}, {"value": "2.0"}]
    bad.write_text(json.dumps({"relations": [entry]}), encoding="utf-8")
    assert run.invoke(whole, ["figures", "check", str(good)]).exit_code == 0
    answer = run.invoke(whole, ["figures", "check", str(bad), "--json"])
    assert answer.exit_code == 1
    told = json.loads(answer.stdout)
    assert told["counts"] == {"consistent": 0, "rounding": 0, "contradiction": 1, "not_checkable": 0}
    assert told["relations"][0]["difference"] == "1.0"


def test_the_reference_names_every_relation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "figure-files.md").read_text(encoding="utf-8")
    assert [name for name in (*FORMULAS, *SPECIAL) if f"`{name}`" not in page and name != "growth_by_change"] == []
