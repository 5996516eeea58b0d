"""Settles recorded bills again (重算): a person-year as a case, the policy room's single driver, and what it pays.

A bill that the policies refuse is left out with its reason and the rest of the year is settled without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from openyibao.analytics.contracts import Bill, BillYear, FilingSpell
from openyibao.kernel.errors import Malformed, Refused
from openyibao.kernel.money import percent_text, yuan_text
from openyibao.policy.facade import PersonYear, Policies, case_from
from openyibao.policy.terms import FUND_FIELDS

CHAIN = (
    *("act_pay_dedc", "hifp_pay", "hifmi_pay", "hifob_pay", "hifes_pay", "cvlserv_pay", "maf_pay", "hifdm_pay"),
    *("oth_pay", "hosp_part_amt"),
)
"""What is compared, upstream first: a difference in one field makes those after it say nothing."""
SUMS = ("fund_pay_sumamt", "psn_part_amt")
ACCOUNT = ("acct_pay", "psn_cash_pay")
COMPARED = (*CHAIN, *SUMS, *ACCOUNT)
_WHERE = re.compile(r"visits\.([0-9]+)$")
SUMS_OF = ("in_scope", "non_covered", "over_limit", "prior_self_pay", "special_drug")


@dataclass
class Outcome:
    """A person-year settled again. `rows` by bill number: our fields in fen; `refused` by bill number: why not."""

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    """bill -> (code of the refusal, figure or text)."""
    settled: dict[str, Any] = field(default_factory=dict)
    """bill -> the policy room's settled visit, for its trace."""
    year: PersonYear | None = None


def resettle(policies: Policies, year: BillYear, opening: Mapping[str, str] | None = None) -> Outcome:
    """Settle the bills of a person-year in order. `opening` are counters before the first bill."""
    outcome = Outcome()
    for bill in year.bills:
        if bill.problem:
            outcome.refused[bill.bill] = ("PROBLEM", bill.problem)
    while True:
        bills = _standing(year.bills, outcome.refused)
        if not bills:
            return outcome
        try:
            settled = policies.settle(case_from(_case(bills, year.filings, opening), checked=True))
        except Refused as refusal:
            for one in (refusal, *refusal.also):
                bill = bills[_index(one.where)]
                outcome.refused[bill.bill] = (one.code, str(one.details.get("figure") or one.message))
            continue
        except Malformed as malformed:
            for bill in bills:
                outcome.refused[bill.bill] = ("MALFORMED", str(malformed.faults[0]))
            return outcome
        outcome.year = settled
        for bill, row in zip(bills, settled.rows, strict=True):
            made: Any = row
            if bill.reverses:
                outcome.rows[bill.bill] = {name: -fen for name, fen in fields_of(made.target).items()}
            else:
                outcome.rows[bill.bill] = fields_of(made)
                outcome.settled[bill.bill] = made
        return outcome


def _standing(bills: Sequence[Bill], refused: Mapping[str, tuple[str, str]]) -> list[Bill]:
    """Bills still to be settled: not refused, nor the refund of a refused one."""
    return [bill for bill in bills if bill.bill not in refused and bill.reverses not in refused]


def _index(where: str) -> int:
    found = _WHERE.search(where)
    assert found, where
    return int(found[1])


def fields_of(settled: Any) -> dict[str, int]:
    """Every compared field of a settled visit in fen."""
    fields = settled.by_field()
    row = {name: fields.get(name, 0) for name in FUND_FIELDS}
    row["act_pay_dedc"] = settled.split.deductible
    row["hosp_part_amt"] = settled.hospital
    row["fund_pay_sumamt"] = settled.funds
    row["psn_part_amt"] = settled.burden
    row["acct_pay"] = settled.account
    row["psn_cash_pay"] = settled.burden - settled.account
    return row


# A person-year as a case --------------------------------------------------------------------------------------------


def _case(
    bills: Sequence[Bill], filings: Sequence[FilingSpell], opening: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The case of bills in order, as plain data."""
    index = {bill.bill: at for at, bill in enumerate(bills)}
    person: dict[str, Any] = {}
    history: dict[date, dict[str, Any]] = {}
    before: dict[str, Any] = {}
    own = [_filing(one) for one in filings]
    for bill in sorted(bills, key=lambda one: one.day):
        if bill.reverses:
            continue
        state: dict[str, Any] = {
            "area": bill.area,
            "scheme": bill.scheme,
            "status": bill.status,
            "groups": list(bill.groups),
            "contribution_class": bill.contribution_class,
            "supplements": list(bill.supplements),
        }
        if not person:
            person = {**state, "filings": own, "account_balance": yuan_text(bill.balance_before or 0)}
            begun = bill.day
        else:
            entry = history.setdefault(bill.day, {}) if bill.day != begun else {}
            entry.update({key: value for key, value in state.items() if before.get(key) != value})
            if bill.balance_before is not None:
                entry.setdefault("account_balance", yuan_text(bill.balance_before))
        before = state
    if not person:
        person = {"area": bills[0].area, "scheme": bills[0].scheme, "status": bills[0].status}
    person["history"] = [{"from": str(day), **entry} for day, entry in sorted(history.items()) if entry]
    case: dict[str, Any] = {"person": person, "visits": [_visit(bill, index) for bill in bills]}
    if opening:
        case["opening"] = {"seq": 1, "counters": dict(opening)}
    return case


def _filing(one: FilingSpell) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": one.kind}
    for key, value in (("disease", one.disease), ("type", one.type), ("area", one.area)):
        if value:
            made[key] = value
    if one.start:
        made["from"] = str(one.start)
    if one.until:
        made["until"] = str(one.until)
    return made


def _visit(bill: Bill, index: Mapping[str, int]) -> dict[str, Any]:
    if bill.reverses:
        return {"date": str(bill.day), "reverses": index[bill.reverses]}
    made: dict[str, Any] = {"date": str(bill.day), "benefit": bill.benefit, "in_scope": yuan_text(bill.in_scope)}
    for key in ("non_covered", "over_limit", "prior_self_pay", "special_drug"):
        if getattr(bill, key):
            made[key] = yuan_text(getattr(bill, key))
    if bill.herb:
        made["herb_in_scope"] = yuan_text(bill.herb)
    for key in ("level", "care_area", "origin", "filing", "disease", "exclusion"):
        if getattr(bill, key):
            made[key] = getattr(bill, key)
    if bill.benefit == "inpatient":
        made.setdefault("level", "")
        if bill.stay:
            made["stay_id"] = bill.stay
    if bill.benefit == "two_disease":
        made.setdefault("disease", "")
    if bill.benefit == "special_drug":
        made.setdefault("special_drug", "0")
    if bill.benefit == "long_term_care":
        made |= {"days": bill.days, "care_kind": bill.care_kind}
    if bill.child_order:
        made["child_order"] = bill.child_order
    if bill.third_bp:
        made["third_party"] = {"share": percent_text(bill.third_bp), "advance": False}
    if not bill.account_used:
        made["account"] = "none"
    return made


# Comparison ---------------------------------------------------------------------------------------------------------


def differing(bill: Bill, ours: Mapping[str, int]) -> list[str]:
    """Fields that differ from the record, upstream first; the account only where its balance is known."""
    recorded = bill.recorded
    names = [name for name in (*CHAIN, *SUMS) if name in recorded and recorded[name] != ours[name]]
    if bill.balance_before is not None and bill.scheme != "resident" and not names:
        names += [name for name in ACCOUNT if name in recorded and recorded[name] != ours[name]]
    return names


def depth(bill: Bill, ours: Mapping[str, int]) -> int:
    """How many fields from upstream agree before the first that does not; one more when all do."""
    count = 0
    recorded = bill.recorded
    for name in CHAIN:
        if recorded.get(name, ours[name]) != ours[name]:
            return count
        count += 1
    return count + 1


def first_difference(bill: Bill, ours: Mapping[str, int]) -> str:
    """The first field of the chain that differs; "" when none does."""
    return next((name for name in CHAIN if bill.recorded.get(name, ours[name]) != ours[name]), "")


def sums_differ(bill: Bill) -> bool:
    """Whether the record contradicts itself: its lines or its total are not its four sums."""
    parts = sum(getattr(bill, name) for name in SUMS_OF)
    return bill.lines is not None or bill.recorded.get("medfee_sumamt", parts) != parts


# Figures a visit meets ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Met:
    """A dated figure that a visit meets: full path, first and last day of its version, value as written."""

    path: str
    start: date
    end: date
    value: str


def figures_met(settled: Any) -> Iterator[Met]:
    """Every figure in the chain of layers of a visit, whether it decided anything or not."""
    cell = settled.split.cell
    for row in cell.rows:
        for paths in row.paths.values():
            for path in paths:
                yield met(row.version, path)
        for holder, path in row.caps:
            yield met(holder, path)
    segment = settled.book.segment(settled.visit.day) if not settled.visit.exclusion else None
    if segment and segment.remote and settled.remote_path:
        yield met(segment.remote, settled.remote_path)
    if segment and settled.visit.level in segment.read_as:
        name = segment.read_as_path.partition("#")[0]
        levels = settled.book.rulebook.files[name].on(segment.start)
        if levels is not None:
            yield met(levels, f"read_as.{settled.visit.level}")


def met(version: Any, path: str) -> Met:
    """A figure of a version with the value it has there."""
    owner = version.owner(path)
    node: Any = version.body
    for key in path.split("."):
        if isinstance(node, list):
            node = node[int(key) - 1] if key.isdigit() and int(key) <= len(node) else ""
        elif isinstance(node, dict):
            node = node.get(key, "")
    return Met(version.key(path), owner.period.start, owner.period.end, str(node))


__all__ = [
    "ACCOUNT",
    "CHAIN",
    "COMPARED",
    "Met",
    "Outcome",
    "depth",
    "differing",
    "fields_of",
    "figures_met",
    "first_difference",
    "resettle",
    "sums_differ",
]
