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
from datetime import datetime, timedelta

from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.sql import Row
from openyibao.foundation.transactions import joined
from openyibao.kernel.clock import business_day
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.payment import rules, store
from openyibao.payment.errors import SlipMove, SlipNotInTurn, SlipUnknown
from openyibao.payment.logic.slip import Movement, fund_slips
from openyibao.payment.paper import STATES, Slip, SlipLine
from openyibao.payment.posting import post

DOCUMENT = "payment_slip"
DEDUCTIONS = ("audit", "audit_withdrawn")


def draft_slips(actor: Actor, area: str, month: Month, at: datetime) -> list[Slip]:
    """Draft the slips of every institution of an area for a month (拟制拨付单); drafts of the month are made anew.

    Institutions whose slip is confirmed or paid keep it, and so do those with a slip of a later month, which took up
    what they were owed and what they had carried: what came late waits for the next month.
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
        taken, held = to_take(area, month)
        carried = store.carried(area, month.first)
        advances = store.advances(area, month.until)
        figures = rules.slip_rules(area, month.first)
        stored = {
            "deposit_bp": figures.deposit_bp,
            "deposit_funds": sorted(figures.deposit_funds),
            "provisional": list(figures.provisional),
        }
        later = store.institutions_after(area, month.first)
        concerned = {*taken, *held, *(key[0] for key in carried)} - set(done) - later
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


def to_take(area: str, month: Month) -> tuple[dict[str, list[Movement]], dict[str, dict[str, int]]]:
    """What a month's slips take up, and what they hold back for want of a settlement list, by institution.

    A settlement cancelled before it was taken up goes in together with its cancellation: together they are nothing. One
    that is cancelled by now, in a later month, waits for that month, unseen: nobody pays what is known to be void. A
    deduction waits with the settlement it was taken off.
    """
    rows = store.untaken(area, month.until)
    journals = {movement.journal for _, movement, _ in rows}
    cancelled = {reverses for _, _, reverses in rows if reverses in journals}
    bills = [movement for _, movement, _ in rows if movement.document_kind == "settlement"]
    void = store.reversed_journals([one.journal for one in bills]) - cancelled
    open_bills = [one for one in bills if one.journal not in cancelled and one.journal not in void]
    kinds = rules.kinds_needing_list(area, month.first)
    missing = store.without_list(sorted({one.document_no for one in open_bills}), kinds)
    unseen = {one.document_no for one in bills if one.journal in void}
    taken: dict[str, list[Movement]] = defaultdict(list)
    held: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for institution, movement, _ in rows:
        bill = _bill_of(movement)
        if bill in unseen:
            continue
        if bill in missing:
            held[institution][movement.fund] += movement.fen
        else:
            taken[institution].append(movement)
    return dict(taken), {institution: dict(funds) for institution, funds in held.items()}


def _bill_of(movement: Movement) -> str:
    """The settlement a movement belongs to: its own, or the one a deduction was taken off; "" for any other."""
    if movement.document_kind == "settlement":
        return movement.document_no
    return movement.document_no.rpartition("/")[0] if movement.document_kind in DEDUCTIONS else ""


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
        if slip.state == "confirmed" and store.assessed(slip.area, slip.institution_code, slip.month.first.year):
            raise SlipMove(
                f"{slip.institution_code} {slip.month.first.year} 年已考核，{slip_no} 的保证金已返还",
                hint="不能再作废；错误由以后月份冲减",
            )
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
    post(template, amounts, slip.area, slip.institution_code, at, DOCUMENT, slip.slip_no)
