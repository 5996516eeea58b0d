"""Contributions over columns are those of the policy engine, to the fen."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from openyibao.datasets.facade import EMPLOYER_KINDS, GROUP_CODES, Dataset
from openyibao.kernel.money import yuan_text
from openyibao.policy.facade import Policies, contribution_from
from openyibao.synth.figures import Book
from openyibao.synth.money import Probe, employee_months, retired_months
from openyibao.synth.pay import _before45, anchored

PLACES = [("371500", 2022), ("370100", 2020), ("370200", 2024), ("370900", 2019)]


def engine(policies: Policies, probe: Probe, scheme: str, year: int, person: dict[str, Any]) -> Any:
    """Sums of a year as the policy engine decides them."""
    supplied = {key: value for key, value in probe.supplied.items() if ("/resident/" in key) == (scheme == "resident")}
    data = {"person": {"area": probe.area, "scheme": scheme, **person}, "period": str(year), "with": supplied}
    return contribution_from(data, policies).amounts


@pytest.mark.parametrize(("area", "year"), PLACES)
def test_employees_pay_what_policy_says(policies: Policies, area: str, year: int) -> None:
    probe = Probe(policies, area, year)
    rates = probe.rates()
    rng = np.random.default_rng(5)
    n = 24
    month = rates.months[0]
    wage = rng.integers(100_000, 3_000_000, n) // 100 * 100
    wage[:4] = [month.floor, month.ceiling, month.floor - 1, month.ceiling + 1]
    kind = rng.integers(1, 4, n).astype(np.int8)
    birth = np.array([date(year - 45, int(rng.integers(1, 13)), int(rng.integers(1, 29))) for _ in range(n)])
    birth[::3] = date(year - 30, 2, 28)
    birth[1::3] = date(year - 60, 12, 31)
    days = np.array([(day - date(1970, 1, 1)).days for day in birth])
    retires = rng.integers(2, 14, n)
    months = np.arange(1, 13)[None, :] < retires[:, None]
    before = np.clip(_before45(days, year), 0, 12)
    paid = employee_months(rates, wage, kind, before, months)
    pension = rng.integers(150_000, 900_000, n) // 100 * 100
    credit = paid.account + retired_months(rates, pension, ~months)
    for at in range(n):
        person: dict[str, Any] = {
            "status": "active",
            "employer_kind": list(EMPLOYER_KINDS)[kind[at]],
            "birth": birth[at].isoformat(),
            "declared_wage": yuan_text(int(wage[at])),
            "pension": yuan_text(int(pension[at])),
        }
        if retires[at] <= 12:
            person["history"] = [{"from": f"{year}-{retires[at]:02d}-01", "status": "retired"}]
        found = engine(policies, probe, "employee", year, person)
        assert (paid.employer[at], paid.individual[at], credit[at]) == (found.employer, found.individual, found.account)


def test_a_dataset_holds_what_policy_says(policies: Policies, liaocheng: Dataset) -> None:
    """Sampled persons of every status: amounts of the year from their cover as written."""
    probe = Probe(policies, "371500", 2022)
    probe.rates()
    statuses = ("", "active", "retired", "adult", "student", "child")
    birth: dict[int, Any] = {}
    for part in range(liaocheng.manifest.parts):
        for batch in liaocheng.batches("persons", part):
            birth.update(zip(batch["person"].tolist(), batch["birth"].astype("datetime64[D]").tolist(), strict=True))
    seen: dict[tuple[str, int, bool], int] = {}
    for part in range(liaocheng.manifest.parts):
        spans: dict[int, list[tuple[Any, int, int]]] = {}
        for batch in liaocheng.batches("coverage", part):
            starts = batch["from"].astype("datetime64[D]").tolist()
            for person, start, status, kind in zip(
                batch["person"].tolist(), starts, batch["status"].tolist(), batch["employer_kind"].tolist(), strict=True
            ):
                spans.setdefault(person, []).append((start, status, kind))
        for batch in liaocheng.batches("contributions", part, 2022):
            for at, person in enumerate(batch["person"].tolist()):
                mine = spans[person]
                whole = batch["months"][at] == 12
                key = (statuses[mine[-1][1]], int(batch["employer_kind"][at]), len(mine) > 1)
                held = {status for _, status, _ in mine}
                mixed = held >= {1, 2} or (held & {1, 2} and key[0] not in ("active", "retired"))
                if not whole or mixed or seen.get(key, 0) >= 4:
                    continue
                seen[key] = seen.get(key, 0) + 1
                _same(policies, probe, statuses, batch, at, mine, birth[person])
    assert len(seen) >= 8, seen
    assert sum(seen.values()) >= 25, seen


def _same(
    policies: Policies, probe: Probe, statuses: tuple[str, ...], batch: Any, at: int, mine: Any, birth: Any
) -> None:
    """One row against the engine; changes of scheme and status are told as history."""
    states = []
    for start, status, kind in mine:
        scheme = "employee" if status in (1, 2) else "resident"
        state = {"scheme": scheme, "status": statuses[status]}
        if kind:
            state["employer_kind"] = list(EMPLOYER_KINDS)[kind]
        states.append((max(start, date(2022, 1, 1)), state))
    groups = [name for bit, name in enumerate(GROUP_CODES) if batch["groups"][at] >> bit & 1]
    base = yuan_text(int(batch["base_fen"][at]))
    person = {**states[0][1], "birth": birth.isoformat(), "groups": groups, "declared_wage": base, "pension": base}
    if len(states) > 1:
        person["history"] = [{"from": day.isoformat(), **state} for day, state in states[1:]]
    data = {"person": {"area": "371500", **person}, "period": "2022", "with": probe.supplied}
    found = contribution_from(data, policies).amounts
    row = {name: int(batch[name][at]) for name in ("employer_fen", "individual_fen", "subsidy_fen", "assistance_fen")}
    assert row == {
        "employer_fen": found.employer,
        "individual_fen": found.individual,
        "subsidy_fen": found.subsidy,
        "assistance_fen": found.assistance,
    }, data
    pool_only = not batch["account"][at]
    assert int(batch["account_fen"][at]) == (0 if pool_only else found.account)


def test_months_before_45_are_counted_as_policy_counts_age() -> None:
    born = [
        date(1975, 1, 1),
        date(1975, 1, 2),
        date(1975, 6, 1),
        date(1975, 6, 15),
        date(1975, 12, 31),
        date(1974, 12, 31),
    ]
    days = np.array([(day - date(1970, 1, 1)).days for day in born])
    assert _before45(days, 2020).tolist() == [0, 1, 5, 6, 12, 0]


def test_a_printed_balance_is_shared_by_all_who_have_an_account() -> None:
    """Accounts that ran empty count in the mean: the total is holders times the printed mean, not fewer."""
    book = Book("370000")
    stated = book.stated("account.opening", 2020)
    assert stated is not None
    opening = np.array([0, 0, 30_000, 50_000, 0], np.int64)
    holders = np.array([True, True, True, True, False])
    made = anchored(book, 2020, opening, holders)
    assert int(made.sum()) == pytest.approx(4 * stated.value * 100, abs=4)
    assert made[4] == 0, "who has no account gets none"
    assert set(made[:4] - opening[:4]) == {made[0]}
    rich = anchored(book, 2020, opening * 100, holders)
    assert int(rich.sum()) == pytest.approx(4 * stated.value * 100, abs=4)
    assert rich[3] * 3 == pytest.approx(rich[2] * 5, abs=5)
    assert list(anchored(book, 2018, opening, holders)) == list(opening)


def test_a_national_design_gives_way_to_an_assumed_rate_of_the_area(policies: Policies) -> None:
    """Where no file of the province states a rate, the design of 1998 is replaced, by name; its own rate stays."""
    before, own = Probe(policies, "370900", 2019), Probe(policies, "370900", 2020)
    assert {month.employer for month in before.rates().months} == {700}
    assert "national/employee/contribution.yaml#employer_rate.active" in before.supplied
    own.rates()
    assert not any("employer_rate" in key for key in own.supplied)
