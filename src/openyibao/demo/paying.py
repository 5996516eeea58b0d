"""Pays one settlement and shows journals (拨付演示): what the clerk of the fund would do, for one bill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from openyibao.demo.registering import AREA
from openyibao.foundation import sql
from openyibao.kernel.clock import business_day
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import BOOKS

_WHOSE = {"personal_account": "账户", "person": "人员", "institution": "机构", "employer": "单位"}


@dataclass(frozen=True)
class ShownLeg:
    """One line of a journal in words."""

    account: str
    fund: str
    party: str
    debit_fen: int
    credit_fen: int


@dataclass(frozen=True)
class ShownJournal:
    """A journal in words: book, what it is, its lines."""

    number: int
    book_title: str
    title: str
    legs: tuple[ShownLeg, ...]


def journals(document_kind: str, document_no: str) -> list[ShownJournal]:
    """The journals of a document with their lines, oldest first."""
    numbers = ledger.journals_of(document_kind, document_no)
    rows = sql.rows(
        "SELECT j.id, j.book, j.template, l.account_code, l.fund, l.party_kind, l.party, l.debit_fen, l.credit_fen"
        " FROM ledger_journal j JOIN ledger_leg l ON l.journal_id = j.id WHERE j.id = ANY(%s) ORDER BY j.id, l.line",
        (numbers,),
    )
    found: dict[int, tuple[str, str, list[ShownLeg]]] = {}
    for number, book, template, account, fund, kind, party, debit, credit in rows:
        legs = found.setdefault(number, (BOOKS[book], ledger.template_title(template), []))[2]
        whose = f"{_WHOSE.get(account, _WHOSE.get(kind, ''))} {party}".strip() if kind else ""
        legs.append(ShownLeg(ledger.account_name(account), ledger.fund_name(fund), whose, debit, credit))
    return [ShownJournal(number, book, title, tuple(legs)) for number, (book, title, legs) in found.items()]


def pay(settlement_no: str, institution_code: str, at: datetime) -> tuple[str, date]:
    """Pay an institution what one settlement left owed to it, in both books; the document's number and the day."""
    day = business_day(at)
    rows = sql.rows(
        "SELECT l.fund, l.credit_fen FROM ledger_leg l WHERE l.journal_id = ANY(%s) AND l.party = %s"
        " AND l.account_code = 'payable_institution' ORDER BY l.line",
        (ledger.journals_of("settlement", settlement_no), institution_code),
    )
    owed = {fund: int(fen) for fund, fen in rows}
    document = f"{institution_code}-{settlement_no[-8:]}"
    moved = {
        f"fiscal_to_expenditure:{fund}": fen for fund, fen in owed.items() if not fund.startswith("serious_illness")
    }
    with transaction.atomic():
        for template, amounts, kind in (
            ("fund_between_accounts", moved, "fund_transfer"),
            ("institution_payment", {f"fund:{fund}": fen for fund, fen in owed.items()}, "payment"),
        ):
            ledger.post_template(
                *(template, amounts, {"institution": institution_code}),
                area=AREA,
                day=day,
                at=at,
                document_kind=kind,
                document_no=document,
            )
    return document, day
