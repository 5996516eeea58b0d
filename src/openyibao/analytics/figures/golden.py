"""Judges cases of the test-case shape (算例: inputs, expected, formulas, tolerance).

`fund` and `statistics`: every formula is evaluated exactly and compared with what the case states, within the stated
tolerance; results stated without a formula are decided by their name (`inside`, `below_six_months`). `consistency`:
the relation is found from the shape of the inputs. Kinds that are settled, not calculated, are left to their command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from openyibao.analytics.figures.amounts import amount, is_number, numbers, plain_number
from openyibao.analytics.figures.contracts import (
    CONSISTENT,
    CONTRADICTION,
    NOT_CHECKABLE,
    ROUNDING,
    CaseChecked,
    Checked,
    Result,
)
from openyibao.analytics.figures.expressions import read_expression
from openyibao.analytics.figures.printed import Printed, number
from openyibao.analytics.figures.reading import Located
from openyibao.analytics.figures.shapes import decide
from openyibao.analytics.figures.special import between

KEYS = ("id", "kind", "inputs")
MONTHS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "nine": 9, "twelve": 12, "fifteen": 15}
ELSEWHERE = "由 openyibao settle、contribution 等结算，不在数据核对之内"


def check(located: Located, kinds: tuple[str, ...] = ()) -> Iterator[CaseChecked]:
    """Judge every case (of the given kinds). Raises: Malformed with every fault, before anything is judged."""
    cases = located.data.get("cases")
    if not isinstance(cases, list) or not cases:
        located.fault(("cases",), "不是列表，或是空的", "- {id: …, kind: …, inputs: {…}}")
        located.close()
        return
    for at, case in enumerate(cases):
        _faults(located, case, ("cases", at))
    located.close()
    for at, case in enumerate(cases):
        if not kinds or case["kind"] in kinds:
            yield _case(case, located.line("cases", at))


def _faults(located: Located, case: Any, path: tuple[str | int, ...]) -> None:
    if not isinstance(case, dict):
        located.fault(path, "不是映射", "、".join(KEYS))
        return
    for key in KEYS:
        if not case.get(key):
            located.fault(path, f"缺少 {key}", "、".join(KEYS))
    for key in ("inputs", "expected", "formulas", "tolerance"):
        if not isinstance(case.get(key) or {}, dict):
            located.fault((*path, key), "不是映射", "名称: 值")
            return
    for name, value in (case.get("tolerance") or {}).items():
        if not is_number(value):
            located.fault((*path, "tolerance", name), f"{value!r} 不是数", "容许的差")
    for name, text in (case.get("formulas") or {}).items():
        try:
            read_expression(str(text))
        except ValueError as problem:
            located.fault((*path, "formulas", name), str(problem), "如 income-expenditure")


def _case(case: dict[str, Any], line: int) -> CaseChecked:
    kind, title = str(case["kind"]), str(case.get("title", ""))
    expected = case.get("expected") or {}
    if kind == "consistency":
        found = decide(case["inputs"], title)
        statuses = {one.status for one in found.relations}
        flag = None if statuses == {NOT_CHECKABLE} else CONTRADICTION in statuses
        made = CaseChecked(
            str(case["id"]), kind, title, flag, found.rule, found.results, found.relations, expected, line=line
        )
        made.differences = _differences(case, {"flag": flag, **found.results})
    else:
        made = _calculated(case, expected, line)
    made.explanation = " ".join(one.text for one in made.relations)
    return made


def _calculated(case: dict[str, Any], expected: dict[str, Any], line: int) -> CaseChecked:
    inputs = {key: _exact(value) for key, value in case["inputs"].items()}
    results: dict[str, Result] = {}
    relations: list[Checked] = []
    for name, text in (case.get("formulas") or {}).items():
        try:
            results[name] = read_expression(str(text)).value({**inputs, **results})
        except (KeyError, ZeroDivisionError, TypeError, ValueError, IndexError) as problem:
            relations.append(Checked(name, name, NOT_CHECKABLE, f"无法核对：{name} = {text}：{problem}。"))
    for name, value in expected.items():
        if name in results or _by_name(name):
            relations.append(_stated(case, name, value, results))
        elif not _bounded(name):
            text = f"无法核对：{name} = {value} 没有公式；{ELSEWHERE}。"
            relations.append(Checked(name, name, NOT_CHECKABLE, text))
    statuses = {one.status for one in relations}
    flag = None if not statuses or statuses == {NOT_CHECKABLE} else CONTRADICTION in statuses
    made = CaseChecked(
        *(str(case["id"]), str(case["kind"]), str(case.get("title", "")), flag),
        *("公式逐项精确计算，与印载数比较", results, relations, expected),
        line=line,
    )
    made.differences = [f"{one.title}：{one.text}" for one in relations if one.status == CONTRADICTION]
    return made


def _exact(value: Any) -> Any:
    if isinstance(value, list):
        return [_exact(one) for one in value]
    return plain_number(value) if is_number(value) else value


def _tolerance(case: dict[str, Any], name: str) -> Fraction | None:
    stated = case.get("tolerance") or {}
    text = stated.get(name, stated.get("default"))
    return plain_number(text) if text is not None else None


def _stated(case: dict[str, Any], name: str, value: Any, results: dict[str, Result]) -> Checked:
    """One stated result against the one computed."""
    why = ""
    if name not in results:
        decided = _by_name(name)
        assert decided is not None
        checked, result = decided(case, name, results)
        results[name] = result
        why = checked.text
        if checked.status == NOT_CHECKABLE:
            return checked
    result = results[name]
    if isinstance(value, bool) or isinstance(result, bool):
        same = result == value
        text = f"{why}{name}：算得{_said(result)}，写明{_said(value)}，{'相符' if same else '不符'}。"
        return Checked(name, name, CONSISTENT if same else CONTRADICTION, text, computed=str(result), stated=str(value))
    if not isinstance(result, Fraction) or not is_number(value):
        return Checked(name, name, NOT_CHECKABLE, f"无法核对：{name} 不是数。")
    given = amount(name, value, step=Fraction(1))
    off, tolerance = abs(result - given.value), _tolerance(case, name)
    allowed = tolerance if tolerance is not None else given.half
    # a tolerance of nought still leaves the rounding of the printed result itself, where it has decimals
    fits = given.within(result) if given.decimals or tolerance is None else result == given.value
    status = CONSISTENT if fits and off <= max(allowed, given.half) else ROUNDING if off <= allowed else CONTRADICTION
    shown = number(result, given.decimals, 4)
    words = {
        CONSISTENT: "相符",
        ROUNDING: f"相差 {number(off, 0, 6)}，在容许的 {number(allowed, 0, 6)} 之内",
        CONTRADICTION: f"相差 {number(off, 0, 6)}，超过容许的 {number(allowed, 0, 6)}",
    }[status]
    return Checked(
        name,
        name,
        status,
        f"{name} = {shown}，写明 {given.shown}：{words}。",
        computed=shown,
        stated=given.text,
        difference=number(result - given.value, given.decimals, 4),
        allowed=number(allowed, 0, 6),
    )


def _said(value: Any) -> str:
    return {True: "“是”", False: "“否”"}.get(value, str(value))


Decided = Callable[[dict[str, Any], str, dict[str, Result]], tuple[Checked, Result]]


def _by_name(name: str) -> Decided | None:
    """Results that a case states without a formula, because their name says what they are."""
    if name == "inside" or name.endswith("_inside"):
        return _inside
    if re.fullmatch(r"(.+_)?(below|above)_(\w+)_months", name):
        return _against_line
    return None


def _bounded(name: str) -> bool:
    return name == "overall" or name.endswith("_overall")


def _inside(case: dict[str, Any], name: str, results: dict[str, Result]) -> tuple[Checked, Result]:
    """Every `overall` lies within its parts: those listed under its own name, else all scalars of the inputs."""
    inputs, expected = case["inputs"], case.get("expected") or {}
    wanted = name.removesuffix("inside")
    judged: list[Checked] = []
    for key, value in {**inputs, **expected}.items():
        if not _bounded(key) or not is_number(value) or not key.startswith(wanted):
            continue
        own = key.removesuffix("overall").rstrip("_")
        listed = [one for each, one in inputs.items() if own and numbers(one) and each.startswith(own)]
        texts = listed[0] if listed else [one for each, one in inputs.items() if is_number(one) and not _bounded(each)]
        if texts:
            bounds: list[Printed] = [amount(f"{own}[{at}]", text, step=Fraction(1)) for at, text in enumerate(texts)]
            judged.append(between(amount(key, value, step=Fraction(1)), bounds, key))
    if not judged:
        return Checked(name, name, NOT_CHECKABLE, "无法核对：没有平均数与其分项。"), False
    inside = all(one.status != CONTRADICTION for one in judged)
    text = " ".join(one.text for one in judged)
    return Checked(name, name, CONSISTENT if inside else CONTRADICTION, text), inside


def _against_line(case: dict[str, Any], name: str, results: dict[str, Result]) -> tuple[Checked, Result]:
    """Payable months against a warning line that the name states: below_six_months."""
    found = re.fullmatch(r"(?:(.+)_)?(below|above)_(\w+)_months", name)
    assert found is not None
    own, way, word = found.groups()
    limit = MONTHS.get(word, int(word) if word.isdigit() else None)
    months = results.get(f"{own}_months" if own else "months")
    if limit is None or not isinstance(months, Fraction):
        return Checked(name, name, NOT_CHECKABLE, "无法核对：没有可支付月数，或警戒线不明。"), False
    result = months < limit if way == "below" else months > limit
    return Checked(name, name, CONSISTENT, f"可支付 {number(months)} 个月，警戒线 {limit} 个月。"), result


def _differences(case: dict[str, Any], results: dict[str, Any]) -> list[str]:
    """Where stated results are not met. Words (cause, explained_by) are explanations, not results."""
    found = []
    for name, value in (case.get("expected") or {}).items():
        if isinstance(value, str) and not is_number(value):
            continue
        if name not in results:
            found.append(f"{name}：没有算得这一项，写明 {value}")
        elif not _same(value, results[name], _tolerance(case, name) or Fraction(0)):
            found.append(f"{name}：算得 {_shown(results[name])}，写明 {_shown(value)}")
    return found


def _same(value: Any, result: Any, tolerance: Fraction) -> bool:
    if isinstance(value, list):
        if not isinstance(result, list) or len(result) != len(value):
            return False
        if all(isinstance(one, str) and not is_number(one) for one in value):
            return sorted(value) == sorted(map(str, result))
        return all(_same(one, two, tolerance) for one, two in zip(value, result, strict=True))
    if isinstance(result, bool) or isinstance(value, bool) or result is None:
        return value is result
    return is_number(value) and isinstance(result, Fraction) and abs(result - plain_number(value)) <= tolerance


def _shown(value: Any) -> str:
    if isinstance(value, Fraction):
        return number(value, 0, 6)
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return _said(value) if isinstance(value, bool) else str(value)
