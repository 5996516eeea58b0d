"""What may be asked afterwards: a settlement (5203), accumulators (5206), why a bill was settled so."""

from __future__ import annotations

from typing import Any

from openyibao.foundation import audit, sql
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.transactions import joined
from openyibao.kernel.clock import business_day
from openyibao.ledger.facade import fund_of, funds
from openyibao.policy.facade import Fold, Settled, State, context_of, explain_visit
from openyibao.rulebook.facade import plan_of
from openyibao.settlement import documents, store
from openyibao.settlement.contracts import Accumulated, Caller, Cancel, Settlement
from openyibao.settlement.documents import DocumentRow
from openyibao.settlement.errors import SettlementUnknown, VisitUnknown
from openyibao.settlement.logic import deciding
from openyibao.settlement.logic.packing import packed


def settlement_of(caller: Caller, settlement_no: str, person_no: str, visit_no: str = "") -> Settlement:
    """A settlement of this institution as it stands now (结算信息查询, 5203). Raises: SettlementUnknown."""
    require(caller.actor, "settlement.read", store.institution_of(caller.institution_code).area)
    found = documents.by_number(settlement_no)
    mine = (
        found is not None
        and found.institution_code == caller.institution_code
        and found.person_id == store.person_id_of(person_no)
        and visit_no in ("", found.visit_no)
    )
    if not mine or found is None:
        raise SettlementUnknown(
            f"本机构没有该人员的结算 {settlement_no}", hint="核对 setl_id、psn_no 与 mdtrt_id；结算未成功时没有结算单"
        )
    return documents.shown(found)


def settlements_of_visit(caller: Caller, visit_no: str, person_no: str) -> list[Settlement]:
    """Every document of a visit of this institution, oldest first. Raises: VisitUnknown."""
    require(caller.actor, "settlement.read", store.institution_of(caller.institution_code).area)
    visit = store.visit_of(visit_no, store.person_id_of(person_no), caller.institution_code)
    return [documents.shown(row) for row in documents.of_visit(visit.id)]


def reference(settlement_no: str, institution_code: str) -> tuple[Cancel, str]:
    """What a compensation (2601) needs of a settlement: the command that cancels it, and its state.

    Raises: SettlementUnknown.
    """
    found = documents.by_number(settlement_no)
    if found is None or found.institution_code != institution_code:
        raise SettlementUnknown(f"本机构没有结算 {settlement_no}", hint="核对原交易")
    inpatient = store.visit_by_id(found.visit_id).inpatient
    return Cancel(found.settlement_no, found.visit_no, found.person_no, inpatient), found.state


def visit_state(visit_no: str, institution_code: str) -> tuple[str, str]:
    """(state, person number) of a visit of this institution. Raises: VisitUnknown."""
    found = sql.one(
        "SELECT state, person_no FROM settlement_visit WHERE visit_no = %s AND institution_code = %s",
        (visit_no, institution_code),
    )
    if found is None:
        raise VisitUnknown(f"本机构没有就诊 {visit_no}", hint="核对 mdtrt_id")
    return str(found[0]), str(found[1])


def counters_of(caller: Caller, person_no: str, month: str = "") -> list[Accumulated]:
    """Accumulators of a person by insurance type (累计信息, 5206): the year so far, or one month (YYYYMM) of it.

    C0000 settlements, F0000 cost, S0000 in scope, Q0000 deductible borne, D<fund>1 paid by a fund; the first four also
    with the visit type behind them (S000021). Counts come as hundredths, so that 2 reads 2.00. What was cancelled is
    not in them.
    """
    require(caller.actor, "settlement.read", store.institution_of(caller.institution_code).area)
    person_id = store.person_id_of(person_no)
    today = business_day(caller.at)
    year = int(month[:4]) if month else today.year
    rows = sql.rows(
        "SELECT d.details->>'insutype', d.details->>'med_type', d.scheme, d.amounts::text"
        " FROM settlement_document d WHERE d.person_id = %s AND d.year = %s AND d.state = 'standing'"
        " AND (%s = '' OR to_char(d.decided_on, 'YYYYMM') = %s) ORDER BY d.seq",
        (person_id, year, month, month),
    )
    shown_month = month or f"{year}{today.month:02d}"
    sums: dict[tuple[str, str, str], int] = {}
    for insutype, med_type, scheme, amounts_text in rows:
        amounts = store.decoded(amounts_text)
        for kind, fen in _parts(amounts, scheme, med_type).items():
            key = (insutype, kind, _name(kind))
            sums[key] = sums.get(key, 0) + fen
    return [
        Accumulated(insutype, year, shown_month, kind, name, fen)
        for (insutype, kind, name), fen in sorted(sums.items())
    ]


_FAMILIES = {"F0000": "medfee_sumamt", "S0000": "inscp_scp_amt", "Q0000": "act_pay_dedc"}
_FAMILY_NAMES = {"C0000": "结算次数", "F0000": "总费用", "S0000": "政策范围内费用", "Q0000": "起付线"}
_FUND_FIELDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "acct_pay")


def _parts(amounts: dict[str, int], scheme: str, med_type: str) -> dict[str, int]:
    found = {"C0000": 100, **{kind: amounts[field] for kind, field in _FAMILIES.items()}}
    found |= {kind + med_type: fen for kind, fen in found.items()}
    for field in _FUND_FIELDS:
        if amounts.get(field):
            found[f"D{funds()[fund_of(field, scheme)].national_code[:5]}1"] = amounts[field]
    return found


def _name(kind: str) -> str:
    return _FAMILY_NAMES.get(kind[:5], f"基金 {kind[1:]} 支付")


def explain(actor: Actor, settlement_no: str) -> str:
    """Why a bill was settled so (结算说明), in Chinese, from the policies and state it was settled by.

    The bill is settled again from what its document keeps; the kernel's trace must come out the same.
    Raises: SettlementUnknown, NotPermitted.
    """
    row = documents.by_number(settlement_no)
    if row is None:
        raise SettlementUnknown(f"没有结算 {settlement_no}", hint="核对 setl_id")
    require(actor, "settlement.read", row.area)
    original = row if row.refers_to_id is None else documents.by_id(row.refers_to_id)
    with joined():
        audit.record(actor, "settlement.explain", settlement_no, row.area)
    text = explain_visit(settled_again(original))
    if row.refers_to_id is not None:
        text = f"冲销单：原结算 {original.settlement_no} 各项取负。原结算：\n{text}"
    return text


def settled_again(row: DocumentRow) -> Settled:
    """A document settled again from what it keeps; the trace must equal the stored one."""
    person, visit, bill, stay = deciding.restored(row.decided)
    stays = {stay: bill.stay} if stay and bill.stay and bill.stay != (0, 0) else {}
    compiler = plan_of(row.plan_hash).policies.compiler
    fold = Fold(compiler, {context_of(person): State(dict(row.counters_before), stays)})
    fold.balance = row.amounts["acct_pay"] + row.amounts["balc"]
    settled = fold.settle(visit, person)
    assert packed(settled.split.trace) == bytes(row.trace), f"{row.settlement_no} does not replay to its trace"
    return settled


def year_of(person_no: str, year: int, area: str, scheme: str) -> dict[str, Any]:
    """The stored state of a person-year, for those who check it: sequence number, counters, stays."""
    found = store.person_year(store.person_id_of(person_no), year, area, scheme)
    return {"seq": found.seq, "counters": found.counters, "stays": found.stays}


def replayed_year(person_id: int, year: int, area: str, scheme: str) -> State:
    """The state of a person-year as its standing documents alone would make it (按单据重放)."""
    rows = documents.standing(person_id, (year, area, scheme))
    if not rows:
        return State()
    fold = documents.fold_of(rows)
    fold.replay()
    return fold.state((area, scheme))
