"""The monthly slip (月度拨付): drafted by the agency, confirmed by a second person, paid by finance.

A slip takes up every movement of what is owed to an institution that no earlier slip took up, each once. What it
decides itself is posted when it is confirmed (deposit, offset of advances) and when it is paid. So at any time

    owed by the ledger = not yet taken up + payable of confirmed slips not yet paid + negatives carried on

and nothing is paid for a stay without an accepted settlement list (4101).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.sql import Row
from openyibao.foundation.transactions import joined
from openyibao.kernel.clock import business_day
from openyibao.kernel.money import yuan_text
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.payment import rules, store
from openyibao.payment.errors import (
    AdvanceRefused,
    AssessmentExists,
    DeductionRefused,
    SlipMove,
    SlipNotInTurn,
    SlipUnknown,
)
from openyibao.payment.logic.slip import Movement, fund_slips, released_part
from openyibao.payment.paper import STATES, Slip, SlipLine

DOCUMENT = "payment_slip"


def draft_slips(actor: Actor, area: str, month: Month, at: datetime) -> list[Slip]:
    """Draft the slips of every institution of an area for a month (拟制拨付单); drafts of the month are made anew.

    Institutions whose slip is confirmed or paid keep it: what came late waits for the next month.
    Raises: NotPermitted, SlipNotInTurn when the month is not over or an earlier one is still a draft.
    """
    require(actor, "payment.draft", area)
    with joined():
        store.lock_area(area)
        if business_day(at) < month.until:
            raise SlipNotInTurn(f"{month} 尚未结束", hint=f"{month.until} 起可以拟制")
        waiting = store.unfinished_before(area, month.first)
        if waiting is not None:
            raise SlipNotInTurn(f"以前月份的 {waiting} 尚未复核", hint="先复核或作废以前月份的拨付单")
        _withdraw_void_deductions(area, month, at)
        store.drop_drafts(area, month.first)
        done = store.settled_months(area, month.first)
        taken, held = _to_take(area, month)
        carried = store.carried(area, month.first)
        advances = {key: -fen for key, fen in store.balances("advance_institution", area, month.until).items()}
        figures = rules.slip_rules(area, month.first)
        stored = {
            "deposit_bp": figures.deposit_bp,
            "deposit_funds": sorted(figures.deposit_funds),
            "provisional": list(figures.provisional),
        }
        concerned = {*taken, *held, *(key[0] for key in carried)} - set(done)
        for institution in sorted(concerned):
            lines = fund_slips(
                taken.get(institution, []),
                held.get(institution, {}),
                _of(institution, carried),
                _of(institution, advances),
                figures,
            )
            number = f"BF{area}{month.first:%Y%m}{institution}"
            slip = store.insert_slip(_free_number(number), area, institution, month.first, stored, actor.name, at)
            store.insert_lines(slip, lines)
        audit.record(actor, "payment.draft_slips", str(month), area, slips=len(concerned))
        return [_slip(row) for row in store.slip_rows(area, month.first)]


def _free_number(number: str) -> str:
    """The number itself, or with a serial when cancelled slips have it."""
    serial = 1
    found = number
    while store.slip_row(found) is not None:
        serial += 1
        found = f"{number}-{serial}"
    return found


def _of(institution: str, amounts: Mapping[tuple[str, str], int]) -> dict[str, int]:
    return {fund: fen for (whose, fund), fen in amounts.items() if whose == institution}


def _to_take(area: str, month: Month) -> tuple[dict[str, list[Movement]], dict[str, dict[str, int]]]:
    """What a month's slips take up, and what they hold back for want of a settlement list, by institution.

    A settlement cancelled before it was taken up goes in together with its cancellation: together they are nothing.
    """
    rows = store.untaken(area, month.until)
    journals = {movement.journal for _, movement, _ in rows}
    cancelled = {reverses for _, _, reverses in rows if reverses in journals}
    numbers = sorted({movement.document_no for _, movement, _ in rows if movement.document_kind == "settlement"})
    missing = store.without_list(numbers, rules.kinds_needing_list(area, month.first))
    taken: dict[str, list[Movement]] = defaultdict(list)
    held: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for institution, movement, reverses in rows:
        waits = reverses is None and movement.document_no in missing and movement.journal not in cancelled
        if waits and movement.document_kind == "settlement":
            held[institution][movement.fund] += movement.fen
        else:
            taken[institution].append(movement)
    return dict(taken), {institution: dict(funds) for institution, funds in held.items()}


def _withdraw_void_deductions(area: str, month: Month, at: datetime) -> None:
    """A settlement cancelled after a deduction owes nothing: the deduction is taken back, in the month drafted."""
    day = ledger.open_day(area, "business", month.until - timedelta(days=1))
    for settlement_no, serial in store.void_deductions(area):
        number = f"{settlement_no}/{serial}"
        ledger.reverse_document("audit", number, day, at, "audit_withdrawn", number, "结算已撤销")
        store.withdraw_deduction(settlement_no, serial, at)


# What happens to a slip -------------------------------------------------------------------------------------------


def confirm_slip(actor: Actor, slip_no: str, at: datetime) -> Slip:
    """Confirm a draft (复核): deposit and offset of advances are posted.

    Raises: NotPermitted, SlipUnknown, SlipMove.
    """
    with joined():
        slip = _locked(slip_no)
        require(actor, "payment.confirm", slip.area)
        _move(slip, "drafted", "复核")
        if actor.name == slip.drafted_by:
            raise SlipMove(f"{slip_no} 由 {actor.name} 拟制", hint="拟制与复核不得为同一人")
        _post(slip, "deposit_withheld", "deposit", at)
        _post(slip, "advance_offset", "offset", at)
        store.move_slip(_id(slip_no), "confirmed", actor.name, at)
        audit.record(actor, "payment.confirm_slip", slip_no, slip.area, payable_fen=slip.total("payable"))
        return slip_of_number(slip_no)


def pay_slip(actor: Actor, slip_no: str, at: datetime) -> Slip:
    """Pay a confirmed slip (支付): spending is recognised. Raises: NotPermitted, SlipUnknown, SlipMove."""
    with joined():
        slip = _locked(slip_no)
        require(actor, "payment.pay", slip.area)
        _move(slip, "confirmed", "支付")
        if actor.name in (slip.drafted_by, slip.confirmed_by):
            raise SlipMove(f"{slip_no} 由 {actor.name} 拟制或复核", hint="付款须由第三人办理")
        _post(slip, "institution_payment", "paid", at)
        store.move_slip(_id(slip_no), "paid", actor.name, at)
        audit.record(actor, "payment.pay_slip", slip_no, slip.area, paid_fen=slip.total("paid"))
        return slip_of_number(slip_no)


def cancel_slip(actor: Actor, slip_no: str, at: datetime, why: str) -> Slip:
    """Cancel a slip not yet paid (作废): what it posted is taken back, what it took up is free again.

    Raises: NotPermitted, SlipUnknown, SlipMove, SlipNotInTurn when a later month of the institution was drafted.
    """
    with joined():
        slip = _locked(slip_no)
        require(actor, "payment.confirm", slip.area)
        if slip.state not in ("drafted", "confirmed"):
            raise SlipMove(f"{slip_no} {STATES[slip.state]}，不能作废", hint="已支付的由以后月份冲减")
        later = store.later_slip(slip.area, slip.institution_code, slip.month.first)
        if later is not None:
            raise SlipNotInTurn(f"以后月份的 {later} 已拟制", hint="先作废以后月份的拨付单")
        if slip.state == "confirmed" and ledger.journals_of(DOCUMENT, slip_no):
            day = ledger.open_day(slip.area, "business", business_day(at))
            ledger.reverse_document(DOCUMENT, slip_no, day, at, f"{DOCUMENT}_cancelled", slip_no, why)
        number = _id(slip_no)
        store.release_taken(number)
        store.move_slip(number, "cancelled", actor.name, at, why)
        audit.record(actor, "payment.cancel_slip", slip_no, slip.area, why=why)
        return slip_of_number(slip_no)


def slips_of_month(actor: Actor, area: str, month: Month) -> list[Slip]:
    """A month's slips of an area by institution, cancelled ones left out. Raises: NotPermitted."""
    require(actor, "payment.read", area)
    return [_slip(row) for row in store.slip_rows(area, month.first)]


def slip_of(actor: Actor, slip_no: str) -> Slip:
    """One slip; an institution sees its own only. Raises: NotPermitted, SlipUnknown."""
    slip = slip_of_number(slip_no)
    if not (actor.name == slip.institution_code and "institution" in actor.roles):
        require(actor, "payment.read", slip.area)
    return slip


def movements_of(actor: Actor, slip_no: str) -> list[tuple[int, str, str, str, int]]:
    """(journal, template, document, fund, fen) of everything a slip took up: where its figures come from."""
    slip_of(actor, slip_no)
    return [(int(row[0]), row[1], row[2], row[3], int(row[4])) for row in store.taken_rows(_id(slip_no))]


# Advances, deductions, assessment ---------------------------------------------------------------------------------


def pay_advance(
    actor: Actor, area: str, institution: str, amounts: Mapping[str, int], at: datetime, document_no: str
) -> None:
    """Pay an institution in advance (预付), fen by fund; a temporary payment until slips offset it.

    Raises: NotPermitted, AdvanceRefused.
    """
    require(actor, "payment.pay", area)
    wrong = [fund for fund, fen in amounts.items() if fen <= 0 or ledger.funds()[fund].nature != "pool"]
    if wrong or not amounts:
        raise AdvanceRefused(f"预付金额须大于零，且由统筹性质的基金支付：{'、'.join(wrong) or '没有金额'}")
    with joined():
        _template("advance_paid", dict(amounts), area, institution, at, "advance", document_no)
        audit.record(actor, "payment.pay_advance", document_no, area, fen=sum(amounts.values()))


def deduct(actor: Actor, settlement_no: str, amounts: Mapping[str, int], article: str, why: str, at: datetime) -> str:
    """Take off what an audit found (审核扣减), fen by fund, at most what the settlement still owes; the document.

    Personal accounts' money is not touched here: it goes back to the person by cancelling and settling again.
    Raises: NotPermitted, DeductionRefused.
    """
    with joined():
        rows = store.settlement_funds(settlement_no)
        if not rows:
            raise DeductionRefused(f"没有结算 {settlement_no}", hint="核对结算编号")
        institution, area = rows[0][0], rows[0][1]
        require(actor, "payment.deduct", area)
        store.lock_area(area)
        left = {row[2]: int(row[3]) for row in rows if ledger.funds()[row[2]].nature != "account"}
        earlier = store.deducted(settlement_no)
        for _, fund, fen in earlier:
            left[fund] = left.get(fund, 0) - int(fen)
        wrong = [
            f"{fund} 扣 {yuan_text(fen)}，尚余 {yuan_text(left.get(fund, 0))}"
            for fund, fen in amounts.items()
            if not 0 < fen <= left.get(fund, 0)
        ]
        if wrong or not amounts or not article or not why:
            raise DeductionRefused(
                "；".join(wrong) or "扣减须写明金额、依据条款与理由", hint="不超过该结算该基金尚余的数额"
            )
        serial = max((int(row[0]) for row in earlier), default=0) + 1
        number = f"{settlement_no}/{serial}"
        _template("audit_deduction", dict(amounts), area, institution, at, "audit", number)
        for fund, fen in amounts.items():
            store.insert_deduction(settlement_no, serial, fund, fen, article, why, actor.name, at)
        audit.record(actor, "payment.deduct", number, area, fen=sum(amounts.values()), article=article)
        return number


def assess(actor: Actor, area: str, institution: str, year: int, score: int, why: str, at: datetime) -> tuple[int, int]:
    """Assess a year (年度考核): the part of the deposit given back and the part kept, fen. What is given back is paid
    with the next slip.

    Raises: NotPermitted, AssessmentExists when the year is not over or was assessed.
    """
    require(actor, "payment.assess", area)
    if not 0 <= score <= 100:
        raise ValueError("a score lies in 0..100")
    with joined():
        store.lock_area(area)
        if business_day(at).year <= year:
            raise AssessmentExists(f"{year} 年尚未结束", hint="年度结束后考核")
        waiting = store.unfinished_before(area, date(year + 1, 1, 1), institution)
        if waiting is not None:
            raise SlipNotInTurn(f"{waiting} 尚未复核", hint="先复核或作废该机构该年的拨付单")
        deposits = store.deposits(area, institution, year)
        bands = rules.assessment_bands(area, date(year, 12, 31))
        released = {fund: released_part(fen, score, bands) for fund, fen in deposits.items()}
        forfeited = {fund: fen - released[fund] for fund, fen in deposits.items()}
        gone, kept = sum(released.values()), sum(forfeited.values())
        if not store.insert_assessment(area, institution, year, score, gone, kept, actor.name, at, why):
            raise AssessmentExists(f"{institution} {year} 年已考核", hint="考核结果不可改；错误由更正凭证处理")
        number = f"{institution}-{year}"
        _template("deposit_released", released, area, institution, at, "assessment", number)
        _template("deposit_forfeited", forfeited, area, institution, at, "assessment", number)
        audit.record(actor, "payment.assess", number, area, score=score, released_fen=gone, forfeited_fen=kept)
        return gone, kept


# Within -----------------------------------------------------------------------------------------------------------


def slip_of_number(slip_no: str) -> Slip:
    """A slip by number, without asking who wants it. Raises: SlipUnknown."""
    row = store.slip_row(slip_no)
    if row is None:
        raise SlipUnknown(f"没有拨付单 {slip_no}", hint="核对编号，或先拟制当月拨付单")
    return _slip(row)


def _locked(slip_no: str) -> Slip:
    row = store.slip_row(slip_no)
    if row is None:
        raise SlipUnknown(f"没有拨付单 {slip_no}", hint="核对编号")
    store.lock_area(row[2])
    return slip_of_number(slip_no)


def _id(slip_no: str) -> int:
    row = store.slip_row(slip_no)
    assert row is not None
    return int(row[0])


def _slip(row: Row) -> Slip:
    number, area, institution, month, state, stored, drafted_by, drafted_at, confirmed_by, _, paid_by, paid_at, why = (
        row[1:]
    )
    lines = tuple(
        SlipLine(found[0], dict(zip(store.FUND_COLUMNS, map(int, found[1:]), strict=True)))
        for found in store.fund_rows(int(row[0]))
    )
    return Slip(
        slip_no=number,
        area=area,
        institution_code=institution,
        month=Month.of(month),
        state=state,
        lines=lines,
        rules=json.loads(stored),
        drafted_by=drafted_by,
        drafted_at=drafted_at,
        confirmed_by=confirmed_by,
        paid_by=paid_by,
        paid_at=paid_at,
        why=why,
    )


def _move(slip: Slip, wanted: str, what: str) -> None:
    if slip.state != wanted:
        raise SlipMove(f"{slip.slip_no} {STATES[slip.state]}，不能{what}", hint=f"{STATES[wanted]}的才能{what}")


def _post(slip: Slip, template: str, name: str, at: datetime) -> None:
    amounts = {line.fund: line.fen[name] for line in slip.lines}
    _template(template, amounts, slip.area, slip.institution_code, at, DOCUMENT, slip.slip_no)


def _template(
    template: str, amounts: Mapping[str, int], area: str, institution: str, at: datetime, kind: str, number: str
) -> None:
    named = {f"fund:{fund}": fen for fund, fen in amounts.items() if fen}
    if named:
        ledger.post_template(
            template,
            named,
            {"institution": institution},
            area=area,
            day=ledger.open_day(area, "business", business_day(at)),
            at=at,
            document_kind=kind,
            document_no=number,
        )
