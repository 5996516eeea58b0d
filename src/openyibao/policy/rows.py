"""What `settle` answers: rows with the national field names, amounts as yuan text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openyibao.kernel.money import yuan_text
from openyibao.policy.fold import OWN_STAY, PersonYear, Reversed, Settled
from openyibao.policy.state import State
from openyibao.policy.terms import FUND_FIELDS
from openyibao.policy.trace import provisional

Row = dict[str, Any]


def year_as_rows(year: PersonYear) -> dict[str, Any]:
    """{"visits": [row, …], "year": {"seq", "counters"}} in the shape of the contract."""
    visits = [reversal_row(row) if isinstance(row, Reversed) else visit_row(row) for row in year.rows]
    return {"visits": visits, "year": {"seq": year.seq, "counters": counters_text(year)}}


def amounts(settled: Settled) -> dict[str, int]:
    """Every money field of a settled visit in fen."""
    visit = settled.visit
    fields = settled.by_field()
    return {
        "medfee_sumamt": visit.total,
        "fulamt_ownpay_amt": visit.non_covered,
        "overlmt_selfpay": visit.over_limit,
        "preselfpay_amt": visit.prior_self_pay,
        "inscp_scp_amt": visit.in_scope,
        "act_pay_dedc": settled.split.deductible,
        **{name: fields.get(name, 0) for name in FUND_FIELDS},
        "fund_pay_sumamt": settled.funds,
        "hosp_part_amt": settled.hospital,
        "psn_part_amt": settled.burden,
        "acct_pay": settled.account,
        "psn_cash_pay": settled.burden - settled.account,
        "supplement_pay": settled.supplement,
    }


def visit_row(settled: Settled) -> Row:
    """The row of one settled visit."""
    row: Row = {name: yuan_text(fen) for name, fen in amounts(settled).items()}
    row["balc"] = yuan_text(settled.balance)
    row["payers"] = _payers(settled)
    row["provisional"] = provisional(settled)
    row["adjustments"] = []
    if settled.receivable:
        row["third_party_receivable"] = yuan_text(settled.receivable)
    if settled.split.cell.gaps:
        row["gaps"] = list(settled.split.cell.gaps)
    if settled.notes or not settled.split.cell.in_force:
        absent = [] if settled.split.cell.in_force else [f"该日尚无此待遇（{settled.split.cell.none_before}）"]
        row["notes"] = [*settled.notes, *absent]
    return row


def _payers(settled: Settled, sign: int = 1) -> dict[str, str]:
    payers = {layer: yuan_text(sign * fen) for layer, fen in settled.payers.items()}
    if settled.split.remote:
        payers["remote_first_self_pay"] = yuan_text(sign * settled.split.remote)
    return payers


def reversal_row(row: Reversed) -> Row:
    """The negative of the stored row, with the adjustments it causes."""
    made: Row = {name: yuan_text(-fen) for name, fen in amounts(row.target).items()}
    made["balc"] = yuan_text(row.balance)
    made["payers"] = _payers(row.target, -1)
    made["provisional"] = provisional(row.target)
    made["adjustments"] = [
        {"visit": index, "payers": {layer: yuan_text(fen) for layer, fen in changes.items()}}
        for index, changes in row.adjustments
    ]
    return made


def counters_text(year: PersonYear) -> dict[str, str]:
    """Counters by name; those of an earlier area or scheme of the year carry it as prefix."""
    found: dict[str, str] = {}
    for context, state in year.states.items():
        prefix = "" if context == year.last else f"{context[0]}/{context[1]}/"
        found.update({prefix + name: text for name, text in _state_text(state).items()})
    return dict(sorted(found.items()))


def _state_text(state: State) -> Mapping[str, str]:
    found = {
        name: str(value) if name.endswith(".stays") else yuan_text(value) for name, value in state.counters.items()
    }
    for stay, (number, borne) in state.stays.items():
        if not stay.startswith(OWN_STAY):
            found[f"stay.{stay}.number"] = str(number)
            found[f"stay.{stay}.deductible"] = yuan_text(borne)
    return found
