"""The coverage gate as a table: history, request, first day, first day of benefits, reasons. Borders included."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openyibao.kernel.errors import FigureMissing
from openyibao.people.logic import gate
from openyibao.people.logic.gate import Past, Request
from openyibao.people.logic.months import add_months
from openyibao.people.logic.rules import parse, rules_on
from openyibao.people.logic.spells import overlaps, without


def day(text: str) -> date:
    return date.fromisoformat(text)


def past(scheme: str, since: str, until: str | None, benefit_from: str | None = None) -> Past:
    return Past(scheme, day(since), day(until) if until else None, day(benefit_from or since))


def ask(scheme: str, start: str, asked_on: str | None = None, **more: object) -> Request:
    if "born_on" in more:
        more["born_on"] = day(str(more["born_on"]))
    return Request(scheme, day(start), day(asked_on or start), **more)  # type: ignore[arg-type]


EMPLOYED = past("employee", "2020-01-01", "2026-04-01")
INSURED_2024 = past("resident", "2020-01-01", "2025-01-01")
INSURED_2025 = past("resident", "2020-01-01", "2026-01-01")

CASES = {
    # residents
    "window first": ([], ask("resident", "2026-01-01", "2025-12-31"), "2026-01-01", "2026-01-01", "window"),
    "window opens": ([], ask("resident", "2026-01-01", "2025-09-01"), "2026-01-01", "2026-01-01", "window"),
    "day before window": ([], ask("resident", "2026-01-01", "2025-08-31"), "2026-01-01", "2026-04-01", "late"),
    "day after window": ([], ask("resident", "2026-01-01", "2026-01-01"), "2026-01-01", "2026-04-01", "late"),
    "late in year": ([], ask("resident", "2026-03-15"), "2026-03-15", "2026-06-15", "late"),
    "late, short month": ([], ask("resident", "2025-11-30"), "2025-11-30", "2026-02-28", "late"),
    "continuous": ([INSURED_2025], ask("resident", "2026-01-01"), "2026-01-01", "2026-01-01", "continuous"),
    "one day missing": ([INSURED_2025], ask("resident", "2026-01-02"), "2026-01-02", "2026-04-02", "late"),
    "one year missing": (
        [INSURED_2024],
        ask("resident", "2026-01-01", "2025-10-01"),
        "2026-01-01",
        "2026-05-01",
        "late missing_years",
    ),
    "one year bought back": (
        [INSURED_2024],
        ask("resident", "2026-01-01", "2025-10-01", bought_back_years=1),
        "2026-01-01",
        "2026-04-01",
        "late missing_years",
    ),
    "years before the rule do not count": (
        [past("resident", "2015-01-01", "2020-01-01")],
        ask("resident", "2025-03-01"),
        "2025-03-01",
        "2025-06-01",
        "late",
    ),
    "three years missing": (
        [INSURED_2024],
        ask("resident", "2028-02-01"),
        "2028-02-01",
        "2028-08-01",
        "late missing_years",
    ),
    "four years missing": (
        [INSURED_2024],
        ask("resident", "2029-02-01"),
        "2029-02-01",
        "2029-09-01",
        "late missing_years",
    ),
    "four years missing, all bought back": (
        [INSURED_2024],
        ask("resident", "2029-02-01", bought_back_years=4),
        "2029-02-01",
        "2029-08-01",
        "late missing_years long_gap",
    ),
    "three years missing, all bought back": (
        [INSURED_2024],
        ask("resident", "2028-02-01", bought_back_years=9),
        "2028-02-01",
        "2028-05-01",
        "late missing_years",
    ),
    "helped group": (
        [INSURED_2024],
        ask("resident", "2026-03-15", groups=("minimum_living",)),
        "2026-03-15",
        "2026-03-15",
        "helped",
    ),
    "group that is not free": (
        [],
        ask("resident", "2026-03-15", groups=("registered_poor",)),
        "2026-03-15",
        "2026-06-15",
        "late",
    ),
    # newborn: 90 days
    "newborn last day": (
        [],
        ask("resident", "2026-05-01", born_on="2026-01-31"),
        "2026-01-31",
        "2026-01-31",
        "newborn",
    ),
    "newborn a day late": (
        [],
        ask("resident", "2026-05-02", born_on="2026-01-31"),
        "2026-05-02",
        "2026-08-02",
        "late",
    ),
    # change of scheme: 3 months
    "to resident on the last day": (
        [EMPLOYED],
        ask("resident", "2026-07-01"),
        "2026-07-01",
        "2026-07-01",
        "scheme_change",
    ),
    "to resident a day late": ([EMPLOYED], ask("resident", "2026-07-02"), "2026-07-02", "2026-10-02", "late"),
    "resident to flexible": (
        [INSURED_2025],
        ask("employee", "2026-04-01", employment="flexible"),
        "2026-04-01",
        "2026-04-01",
        "scheme_change",
    ),
    "resident to flexible a day late": (
        [INSURED_2025],
        ask("employee", "2026-04-02", employment="flexible"),
        "2026-04-02",
        "2026-07-02",
        "flexible_first",
    ),
    # employees
    "first with an employer": (
        [],
        ask("employee", "2026-03-01", employment="enterprise"),
        "2026-03-01",
        "2026-03-01",
        "employer",
    ),
    "first flexible": (
        [],
        ask("employee", "2026-03-01", employment="flexible"),
        "2026-03-01",
        "2026-06-01",
        "flexible_first",
    ),
    "employee to flexible without a gap": (
        [EMPLOYED],
        ask("employee", "2026-04-01", employment="flexible"),
        "2026-04-01",
        "2026-04-01",
        "continuous",
    ),
    "gap of three months healed": (
        [EMPLOYED],
        ask("employee", "2026-07-01", employment="enterprise", back_paid=True),
        "2026-04-01",
        "2026-04-01",
        "healed",
    ),
    "gap of three months unpaid": (
        [EMPLOYED],
        ask("employee", "2026-07-01", employment="enterprise"),
        "2026-07-01",
        "2026-10-01",
        "gap_unpaid",
    ),
    "gap a day longer cannot be healed": (
        [EMPLOYED],
        ask("employee", "2026-07-02", employment="enterprise", back_paid=True),
        "2026-07-02",
        "2026-10-02",
        "long_gap",
    ),
    "long gap filled by the resident scheme": (
        [EMPLOYED, past("resident", "2026-04-01", "2027-01-01")],
        ask("employee", "2027-01-01", employment="flexible"),
        "2027-01-01",
        "2027-01-01",
        "continuous",
    ),
    "retired": (
        [past("employee", "1990-01-01", "2020-01-01")],
        ask("employee", "2026-07-02", status="retired"),
        "2026-07-02",
        "2026-07-02",
        "retired",
    ),
    # a wait is carried along
    "waiting resident becomes flexible": (
        [past("resident", "2026-01-10", "2026-02-01", "2026-04-10")],
        ask("employee", "2026-02-01", employment="flexible"),
        "2026-02-01",
        "2026-04-10",
        "wait_carried",
    ),
    "waiting resident is employed": (
        [past("resident", "2026-01-10", "2026-02-01", "2026-04-10")],
        ask("employee", "2026-02-01", employment="enterprise"),
        "2026-02-01",
        "2026-02-01",
        "employer",
    ),
    "waiting resident employed after a gap": (
        [past("resident", "2026-01-10", "2026-02-01", "2026-04-10")],
        ask("employee", "2026-02-15", employment="enterprise"),
        "2026-02-15",
        "2026-02-15",
        "scheme_change",
    ),
    "healed while still waiting": (
        [past("employee", "2026-01-01", "2026-02-01", "2026-04-01")],
        ask("employee", "2026-03-01", employment="flexible", back_paid=True),
        "2026-02-01",
        "2026-04-01",
        "healed",
    ),
    # own schemes
    "retired cadre": ([], ask("retired_cadre", "2026-03-01"), "2026-03-01", "2026-03-01", "own_scheme"),
    "disabled serviceman": ([], ask("disabled_serviceman", "2026-03-01"), "2026-03-01", "2026-03-01", "own_scheme"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_gate(name: str) -> None:
    history, request, since, benefit_from, reasons = CASES[name]
    made = gate.decide(history, rules_on("371500", request.start), request)
    assert (str(made.since), str(made.benefit_from)) == (since, benefit_from)
    assert " ".join(reason.code for reason in made.reasons) == reasons
    assert all(reason.text for reason in made.reasons)


def test_what_could_still_be_bought_back_is_said() -> None:
    request = ask("resident", "2028-02-01", bought_back_years=1)
    made = gate.decide([INSURED_2024], rules_on("371500", request.start), request)
    assert (str(made.benefit_from), made.buyable_months) == ("2028-07-01", 2)


def test_before_2025_missing_years_add_nothing() -> None:
    request = ask("resident", "2024-03-01")
    made = gate.decide([past("resident", "2015-01-01", "2019-01-01")], rules_on("371500", request.start), request)
    assert str(made.benefit_from) == "2024-06-01"


# Rules ----------------------------------------------------------------------------------------------------------

CITY = """
rules:
- {area: "000000", rule: newborn_days, value: 90, unit: days, from: 2020-01-01, certainty: assumed}
- {area: "000000", rule: newborn_days, value: 60, unit: days, from: 2026-01-01, certainty: assumed}
- {area: "371500", rule: newborn_days, value: 28, unit: days, from: 2025-01-01, certainty: public}
"""


def test_city_beats_nation_and_later_beats_earlier() -> None:
    def days(area: str, on: str) -> int:
        return rules_on(area, day(on), CITY).number("newborn_days")

    assert (days("371500", "2024-12-31"), days("371500", "2025-01-01"), days("371502", "2026-06-01")) == (90, 28, 28)
    assert (days("370200", "2025-12-31"), days("370200", "2026-01-01")) == (90, 60)


def test_a_rule_nobody_states_refuses() -> None:
    with pytest.raises(FigureMissing, match="newborn_days"):
        rules_on("371500", day("2019-12-31"), CITY).number("newborn_days")


@pytest.mark.parametrize("wrong", ["unit: furlongs", "certainty: sure"])
def test_a_rule_file_with_a_fault_is_not_read(wrong: str) -> None:
    key = wrong.split(":")[0]
    right = {"unit": "unit: days", "certainty": "certainty: assumed"}[key]
    with pytest.raises(ValueError, match="newborn_days"):
        parse(CITY.replace(right, wrong, 1))


def test_every_shipped_rule_has_a_source_and_is_read() -> None:
    rules = rules_on("371500", day("2026-01-01"))
    names = ("resident_late_wait", "employee_gap_healed", "flexible_first_wait", "scheme_change_free", "newborn_days")
    assert [rules.number(name) for name in names] == [3, 3, 3, 3, 90]
    assert all(rules.row(name).source for name in names)


# Ranges ---------------------------------------------------------------------------------------------------------

DAYS = st.dates(date(2020, 1, 1), date(2020, 3, 1))


@st.composite
def ranges(draw: st.DrawFn) -> tuple[date, date | None]:
    start = draw(DAYS)
    end = draw(st.none() | st.dates(start, date(2020, 3, 2)).filter(lambda until: until > start))
    return start, end


@given(ranges(), st.lists(ranges(), max_size=4))
def test_without_keeps_exactly_the_days_nobody_took(
    whole: tuple[date, date | None], taken: list[tuple[date, date | None]]
) -> None:
    left = without(whole, taken)
    for offset in range(70):
        one = date.fromordinal(date(2020, 1, 1).toordinal() + offset)
        single = (one, date.fromordinal(one.toordinal() + 1))
        wanted = overlaps(whole, single) and not any(overlaps(other, single) for other in taken)
        assert any(overlaps(part, single) for part in left) == wanted
    assert left == sorted(left, key=lambda part: part[0])


@pytest.mark.parametrize(
    ("start", "months", "wanted"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-01-01", -12, "2025-01-01"),
    ],
)
def test_months(start: str, months: int, wanted: str) -> None:
    assert str(add_months(day(start), months)) == wanted
