"""What is decided beside the slip: advances (预付), audit deductions (审核扣减), the year's assessment (年度考核)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.transactions import joined
from openyibao.institutions import facade as institutions
from openyibao.kernel.clock import business_day
from openyibao.kernel.money import yuan_text
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.payment import rules, store
from openyibao.payment.errors import AdvanceRefused, AssessmentExists, DeductionRefused, SlipNotInTurn
from openyibao.payment.logic.slip import released_part
from openyibao.payment.posting import post
from openyibao.payment.slips import to_take


def pay_advance(
    actor: Actor, area: str, institution: str, amounts: Mapping[str, int], at: datetime, document_no: str
) -> None:
    """Pay an institution in advance (预付), fen by fund; a temporary payment until slips offset it.

    Raises: NotPermitted, InstitutionUnknown, AdvanceRefused with everything wrong; a document number pays once.
    """
    require(actor, "payment.pay", area)
    institutions.institution(institution)
    known = ledger.funds()
    wrong = [
        f"{fund} {yuan_text(fen)}"
        for fund, fen in amounts.items()
        if fen <= 0 or fund not in known or known[fund].nature != "pool"
    ]
    faults = (
        [f"预付金额须大于零，且由统筹性质的基金支付：{'、'.join(wrong) or '没有金额'}"] if wrong or not amounts else []
    )
    if not document_no.strip():
        faults.append("没有写明预付单号")
    with joined():
        store.lock_area(area)
        if ledger.journals_of("advance", document_no):
            faults.append(f"预付单号 {document_no} 已付")
        if faults:
            raise AdvanceRefused("；".join(faults), hint="核对金额、基金与单号；一个单号只付一次")
        post("advance_paid", dict(amounts), area, institution, at, "advance", document_no)
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
        if not amounts or not article.strip() or not why.strip():
            wrong.append("扣减须写明金额、依据条款与理由")
        if wrong:
            raise DeductionRefused("；".join(wrong), hint="不超过该结算该基金尚余的数额；已撤销的结算没有可扣的")
        serial = max((int(row[0]) for row in earlier), default=0) + 1
        number = f"{settlement_no}/{serial}"
        post("audit_deduction", dict(amounts), area, institution, at, "audit", number)
        for fund, fen in amounts.items():
            store.insert_deduction(settlement_no, serial, fund, fen, article, why, actor.name, at)
        audit.record(actor, "payment.deduct", number, area, fen=sum(amounts.values()), article=article)
        return number


def assess(actor: Actor, area: str, institution: str, year: int, score: int, why: str, at: datetime) -> tuple[int, int]:
    """Assess a year (年度考核): the part of the deposit given back and the part kept, fen. What is given back is paid
    with the next slip.

    Raises: NotPermitted, InstitutionUnknown, AssessmentExists when the year is not over or was assessed, SlipNotInTurn
    when a month of the year has no confirmed slip yet: its deposit would never come back.
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
        undrafted = _undrafted(area, institution, year)
        if undrafted is not None:
            raise SlipNotInTurn(
                f"{institution} {undrafted} 及以前还有未拟制拨付单的往来", hint="先拟制并复核该年全部月份的拨付单"
            )
        deposits = store.deposits(area, institution, year)
        if not deposits:
            institutions.institution(institution)
        bands = rules.assessment_bands(area, date(year, 12, 31))
        released = {fund: released_part(fen, score, bands) for fund, fen in deposits.items()}
        forfeited = {fund: fen - released[fund] for fund, fen in deposits.items()}
        gone, kept = sum(released.values()), sum(forfeited.values())
        if not store.insert_assessment(area, institution, year, score, gone, kept, actor.name, at, why):
            raise AssessmentExists(f"{institution} {year} 年已考核", hint="考核结果不可改；错误由更正凭证处理")
        number = f"{institution}-{year}"
        post("deposit_released", released, area, institution, at, "assessment", number)
        post("deposit_forfeited", forfeited, area, institution, at, "assessment", number)
        audit.record(actor, "payment.assess", number, area, score=score, released_fen=gone, forfeited_fen=kept)
        return gone, kept


def _undrafted(area: str, institution: str, year: int) -> Month | None:
    """A month of a year in which something is owed to the institution that a slip would take up and none did."""
    last = Month(date(year, 12, 1))
    taken, _ = to_take(area, last)
    drafted = institution in store.settled_months(area, last.first) or store.later_slip(area, institution, last.first)
    return last if taken.get(institution) and not drafted else None
