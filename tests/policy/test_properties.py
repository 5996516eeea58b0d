"""Properties that hold for every bill: identities, caps, monotone in cost, divisible, reversible."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from openyibao.kernel.errors import Refused
from openyibao.kernel.money import fen_from_yuan, yuan_text
from openyibao.policy.facade import Policies, case_from, data_folder, year_as_rows
from openyibao.policy.rows import counters_text
from openyibao.policy.terms import FUND_FIELDS
from tests.support.people import person_year
from tests.support.three_ways import single

POLICIES = Policies.load(data_folder("policies"))
AMOUNTS = st.one_of(st.integers(0, 100_000), st.integers(0, 20_000_000), st.sampled_from([3_000_000, 1_000_000_000]))
PEOPLE = st.sampled_from(
    [
        {"area": "371500", "scheme": "employee", "status": "active"},
        {"area": "371500", "scheme": "employee", "status": "retired", "groups": ["minimum_living"]},
        {"area": "371500", "scheme": "resident", "status": "adult"},
        {"area": "371500", "scheme": "resident", "status": "child", "groups": ["extremely_poor", "monitored"]},
    ]
)
BENEFITS = st.sampled_from(["inpatient", "chronic", "outpatient"])


def rows_of(person: dict[str, Any], *visits: dict[str, Any]) -> list[dict[str, Any]]:
    year = POLICIES.settle(case_from({"person": person, "visits": list(visits)}))
    found: list[dict[str, Any]] = year_as_rows(year)["visits"]
    return found


def visit(in_scope: int, benefit: str = "inpatient", day: str = "2022-03-05", **more: Any) -> dict[str, Any]:
    return {"date": day, "benefit": benefit, "level": "tertiary", "in_scope": yuan_text(in_scope), **more}


def funds(row: dict[str, Any]) -> int:
    return fen_from_yuan(row["fund_pay_sumamt"])


@given(st.integers(20_000_000, 30_000_000))
@settings(max_examples=400, deadline=None)
def test_identities_hold_for_every_row(seed: int) -> None:
    year = single(person_year(seed), POLICIES)
    for row in year_as_rows(year)["visits"] if year else ():
        fen = {name: fen_from_yuan(value) for name, value in row.items() if isinstance(value, str)}
        sign = -1 if fen["medfee_sumamt"] < 0 else 1
        assert fen["medfee_sumamt"] == fen["fund_pay_sumamt"] + fen["hosp_part_amt"] + fen["psn_part_amt"]
        assert fen["psn_part_amt"] == fen["acct_pay"] + fen["psn_cash_pay"]
        assert fen["fund_pay_sumamt"] == sum(fen[name] for name in FUND_FIELDS)
        assert all(sign * value >= 0 for name, value in fen.items() if name != "balc")
        assert fen["balc"] >= 0


@given(PEOPLE, BENEFITS, st.lists(AMOUNTS, min_size=1, max_size=4), AMOUNTS, st.integers(1, 100_000))
@settings(max_examples=150, deadline=None)
def test_funds_never_pay_less_for_a_dearer_bill(
    person: dict[str, Any], benefit: str, before: list[int], cost: int, more: int
) -> None:
    cost = min(cost, 900_000_000)
    earlier = [visit(amount, benefit) for amount in before]
    cheap = rows_of(person, *earlier, visit(cost, benefit))[-1]
    dear = rows_of(person, *earlier, visit(cost + more, benefit))[-1]
    assert funds(cheap) <= funds(dear)
    assert fen_from_yuan(cheap["psn_part_amt"]) <= fen_from_yuan(dear["psn_part_amt"]) + 1


@given(PEOPLE, st.sampled_from(["chronic", "outpatient"]), st.lists(st.integers(0, 3_000_000), min_size=2, max_size=12))
@settings(max_examples=150, deadline=None)
def test_dividing_a_year_moves_each_layer_by_half_a_fen_a_visit(
    person: dict[str, Any], benefit: str, parts: list[int]
) -> None:
    day = "2023-04-01" if person["scheme"] == "employee" else "2022-04-01"
    whole = rows_of(person, visit(sum(parts), benefit, day))[0]
    divided = rows_of(person, *(visit(part, benefit, day) for part in parts))
    layers = set(whole["payers"])
    moved = abs(funds(whole) - sum(funds(row) for row in divided))
    assert 2 * moved <= (len(parts) + 1) * len(layers)


@given(st.integers(30_000_000, 40_000_000), st.integers(0, 20))
@settings(max_examples=200, deadline=None)
def test_settle_then_reverse_is_as_if_never(seed: int, place: int) -> None:
    case = person_year(seed)
    case["visits"] = [entry for entry in case["visits"] if "reverses" not in entry]
    for entry in case["visits"]:
        if "stay_id" not in entry:
            entry.pop("origin", None)  # a transfer is joined to the stay before it when it is settled, not later
    at = place % len(case["visits"])
    without = {**case, "visits": [entry for index, entry in enumerate(case["visits"]) if index != at]}
    last = max(entry["date"] for entry in case["visits"])
    reversed_ = {**case, "visits": [*case["visits"], {"date": last, "reverses": at}]}
    try:
        plain = POLICIES.settle(case_from(without)) if without["visits"] else None
        year = POLICIES.settle(case_from(reversed_))
    except Refused:
        return
    if plain is None:
        assert all(value in ("0", "0.00") for value in counters_text(year).values())
        return
    kept = {name: value for name, value in counters_text(year).items() if value not in ("0", "0.00")}
    wanted = {name: value for name, value in counters_text(plain).items() if value not in ("0", "0.00")}
    if year.last == plain.last:
        assert {name: value for name, value in kept.items() if not name.startswith("stay.")} == {
            name: value for name, value in wanted.items() if not name.startswith("stay.")
        }
    adjusted = sum(
        fen_from_yuan(fen)
        for row in year_as_rows(year)["visits"]
        for entry in row["adjustments"]
        for layer, fen in entry["payers"].items()
    )
    paid = sum(
        sum(fen_from_yuan(v) for k, v in row["payers"].items() if k != "remote_first_self_pay")
        for row in year_as_rows(year)["visits"]
    )
    alone = sum(
        sum(fen_from_yuan(v) for k, v in row["payers"].items() if k != "remote_first_self_pay")
        for row in year_as_rows(plain)["visits"]
    )
    assert paid + adjusted == alone
