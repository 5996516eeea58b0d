"""Judging against an arithmetic of our own, figures nobody wrote down before, and units that cannot go together."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest

from openyibao.analytics.facade import check_figures
from openyibao.analytics.figures.expressions import read_expression
from openyibao.analytics.figures.intervals import Interval
from openyibao.analytics.figures.judge import judge
from openyibao.analytics.figures.printed import Printed, printed
from openyibao.analytics.figures.spans import Span, linear
from openyibao.kernel.errors import Malformed


def relation(tmp_path: Path, **entry: Any) -> Any:
    file = tmp_path / "figures.yaml"
    file.write_text(json.dumps({"relations": [entry]}), encoding="utf-8")
    return check_figures(file).relations[0]


def faults(tmp_path: Path, **data: Any) -> list[str]:
    file = tmp_path / "figures.yaml"
    file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(Malformed) as found:
        check_figures(file)
    return [f"{one.path} {one.wrong}" for one in found.value.faults]


def tenths(value: Fraction, off: int = 0) -> str:
    """A value to one decimal, half up by magnitude, moved by so many units of the last place."""
    whole = int(abs(value) * 10 + Fraction(1, 2)) * (-1 if value < 0 else 1) + off
    return f"{'-' if whole < 0 else ''}{abs(whole) // 10}.{abs(whole) % 10}"


def oracle(formula: Any, texts: list[str], stated: str) -> str:
    """The class by trying every combination of ends; all figures have one decimal, formulas rise or fall throughout."""
    half = Fraction(1, 20)
    values, told = [Fraction(text) for text in texts], Fraction(stated)
    if abs(formula(*values) - told) <= half:
        return "consistent"
    ends = [formula(*(one + sign * half for one, sign in zip(values, signs, strict=True)))
            for signs in product((-1, 1), repeat=len(values))]  # fmt: skip
    return "rounding" if min(ends) - half <= told <= max(ends) + half else "contradiction"


def one(text: str, unit: str = "") -> Printed:
    return printed(text, text, unit)


@pytest.mark.parametrize("seed", range(12))
def test_every_kind_is_judged_as_trying_every_combination_of_ends_would(seed: int) -> None:
    rng = Random(f"judging {seed}")
    seen = set()
    for _ in range(12):
        a, b, c, d = (tenths(Fraction(rng.randint(200, 90_000), 37)) for _ in range(4))
        off = rng.choice((0, 0, 1, -1, 2, -2, 5))

        def check(kind: str, formula: Any, texts: list[str], roles: dict[str, Any], stated: str, off: int = off) -> str:
            text = tenths(formula(*map(Fraction, texts)), off)
            given = {**roles, stated: one(text, "%" if stated == "percent" else "")}
            found = judge(kind, given).status
            assert found == oracle(formula, texts, text), (kind, texts, text)
            return found

        def mean(v: Fraction, w: Fraction, x: Fraction, y: Fraction) -> Fraction:
            return (v * x + w * y) / (x + y)

        two = {"values": [one(a), one(b)], "weights": [one(c), one(d)]}
        seen |= {
            check("share", lambda x, y: 100 * x / y, [a, b], {"part": one(a), "whole": one(b)}, "percent"),
            check("growth", lambda x, y: 100 * (x - y) / y, [a, b], {"now": one(a), "before": one(b)}, "percent"),
            check("ratio", lambda x, y: x / y, [a, b], {"left": one(a), "right": one(b)}, "ratio"),
            check("months", lambda x, y: 12 * x / y, [a, b], {"balance": one(a), "expenditure": one(b)}, "months"),
            check("weighted_mean", mean, [a, b, c, d], two, "mean"),
        }
    assert len(seen) >= 2


def test_a_weighted_mean_beyond_what_rounding_allows_is_a_contradiction(tmp_path: Path) -> None:
    """Four means and their weights: 0.32 off, 0.29 allowed. Weights move a mean less than their width suggests."""
    found = relation(
        tmp_path,
        relation="weighted_mean",
        values=[{"value": v, "unit": "元"} for v in ("7608.3", "6156.2", "9885.5", "5298.4")],
        weights=[{"value": v, "unit": "万人次"} for v in ("270.2", "31.3", "637.9", "689.9")],
        mean={"value": "7494.2", "unit": "元"},
    )
    assert found.status == "contradiction"
    assert Fraction(found.difference) ** 2 > Fraction(found.allowed) ** 2


def test_sixteen_cities_are_weighed_exactly() -> None:
    """More weights than combinations can be tried of: the ends are found by climbing, and nothing lies beyond."""
    values = [Interval.point(1000 + 100 * at) for at in range(16)]
    weights = [Interval.around(Fraction(50 + 7 * at), Fraction(1, 2)) for at in range(16)]
    span = Span(read_expression("dot(values,weights)/sum(weights)"), {"values": values, "weights": weights})
    assert span.exact
    order = sorted(range(16), key=lambda at: values[at].low)

    def tilted(cut: int, up: bool) -> Fraction:
        """The greatest (least) weighted mean puts every weight above some value up (down), the others the other way."""
        chosen = [weights[at].high if (order.index(at) >= cut) == up else weights[at].low for at in range(16)]
        return sum(v.low * w for v, w in zip(values, chosen, strict=True)) / sum(chosen)

    assert span.hull.high == max(tilted(cut, True) for cut in range(17))
    assert span.hull.low == min(tilted(cut, False) for cut in range(17))
    assert not span.meets(Interval.point(span.hull.high + Fraction(1, 10**9)))


@pytest.mark.parametrize(
    ("text", "names", "said"),
    [
        ("100*(now-before)/before", {"before"}, True),
        ("dot(values,weights)/sum(weights)", {"weights"}, True),
        ("(a-10)*(a-10)", {"a"}, False),
        ("a/(1/a+1)", {"a"}, False),
        ("max(a, b)-a", {"a"}, False),
        ("max(a, b)-c", {"c"}, True),
    ],
)
def test_a_ratio_linear_in_its_figures_is_known_as_one(text: str, names: set[str], said: bool) -> None:
    assert linear(read_expression(text).tree, names) is said


def test_per_mille_is_a_tenth_of_per_cent(tmp_path: Path) -> None:
    roles = {"part": {"value": "5.0", "unit": "万人"}, "whole": {"value": "1000.0", "unit": "万人"}}
    stated = {text: relation(tmp_path, relation="share", percent={"value": text, "unit": "‰"}, **roles)
              for text in ("5.0", "50.0")}  # fmt: skip
    assert [found.status for found in stated.values()] == ["consistent", "contradiction"]
    assert "45.0个千分点" in stated["50.0"].text


@pytest.mark.parametrize(
    ("now", "before", "percent"),
    [("4.19", "-2.85", "-247.0"), ("-4.19", "-2.85", "47.0"), ("4.19", "-2.85", "247.0")],
)
def test_a_deficit_has_no_growth(tmp_path: Path, now: str, before: str, percent: str) -> None:
    entry = {"now": {"value": now, "unit": "亿元"}, "before": {"value": before, "unit": "亿元"}}
    found = relation(tmp_path, relation="growth", percent={"value": percent, "unit": "%"}, **entry)
    assert found.status == "not_checkable"
    assert "增减额" in found.text


@pytest.mark.parametrize("minus", ["-3.6", "−3.6", "－3.6", "－３．６"])
def test_a_minus_copied_from_a_document_is_a_minus(tmp_path: Path, minus: str) -> None:
    entry = {"now": {"value": "7026.2"}, "before": {"value": "7288.6"}}
    assert relation(tmp_path, relation="growth", percent={"value": minus, "unit": "%"}, **entry).status == "consistent"


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ({"relation": "growth", "now": {"value": "5"}, "before": {"value": "4"},
          "percent": {"value": "25", "unit": "个百分点"}}, "应是百分数"),
        ({"relation": "points", "now": {"value": "5", "unit": "%"}, "before": {"value": "4", "unit": "%"},
          "points": {"value": "1", "unit": "%"}}, "应是百分点"),
        ({"relation": "points", "now": {"value": "5", "unit": "万人"}, "before": {"value": "4", "unit": "万人"},
          "points": {"value": "1"}}, "应是百分数"),
        ({"relation": "share", "part": {"value": "1", "unit": "万人"}, "whole": {"value": "2", "unit": "亿元"},
          "percent": {"value": "50", "unit": "%"}}, "一方是钱"),
        ({"relation": "per_head", "amount": {"value": "1", "unit": "亿元"}, "count": {"value": "2", "unit": "万人"},
          "per_head": {"value": "50", "unit": "人"}}, "一方是钱"),
        ({"relation": "equal", "values": [{"value": "1,5,85.1"}, {"value": "1585.1"}]}, "不是数"),
    ],
)  # fmt: skip
def test_units_that_cannot_go_together_are_faults(tmp_path: Path, entry: dict[str, Any], wrong: str) -> None:
    assert any(wrong in fault for fault in faults(tmp_path, relations=[entry]))


def test_every_fault_of_a_hostile_file_is_told(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        documents=["a"],
        figures={"a": {"value": "1", "exact": "perhaps"}, "b": {"unit": "万人"}, "c": [1]},
        relations=[{"relation": "summ"}, 5, {"relation": "sum", "total": "a", "parts": ["nobody"]}],
        unknown=1,
    )
    for part in ("documents", "a.exact", "figures.b", "figures.c", "relations.0", "relations.1", "parts.0", "unknown"):
        assert any(part in fault for fault in found), part
