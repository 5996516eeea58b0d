"""The door of the ledger (账): post, reverse, ask for balances, bridge, close, seal, verify.

Verbs that write join an open transaction; none opens one. Days are business days of Shanghai, money is fen.
SQL door: `ledger_account_year`, what each owner's personal accounts gained or lost in a year.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from openyibao.foundation.transactions import require_open
from openyibao.ledger import store
from openyibao.ledger.accounts import (
    account,
    account_statement,
    accounts_of,
    close_account,
    credit_interest,
    institution_statement,
    interest_fen,
    open_account,
    reopen_account,
)
from openyibao.ledger.bridge import bridge
from openyibao.ledger.chart import account_name, accounts, fund_name, fund_of, funds
from openyibao.ledger.contracts import JournalDraft
from openyibao.ledger.errors import AlreadyReversed, JournalNotFound, JournalRefused
from openyibao.ledger.months import balance_on, close_month, open_day, trial_balance
from openyibao.ledger.seals import seal_day
from openyibao.ledger.store import areas_used, sync_chart
from openyibao.ledger.templates import drafts_of, faults_of, legs_of, template_title, templates
from openyibao.ledger.verify import verify


def post(draft: JournalDraft) -> int:
    """Post a journal (记账); its id. Joins the open transaction.

    Raises: JournalRefused, AccountOverdrawn, AccountNotOpen, PeriodClosed, AlreadyReversed, SealInProgress.
    """
    require_open()
    wrong = faults_of(draft.legs, draft.book)
    if wrong:
        raise JournalRefused("凭证不合账务规则：" + "；".join(wrong), hint="核对科目、基金、对象与借贷")
    return store.insert_journal(draft)


def post_template(
    template: str,
    amounts: Mapping[str, int],
    parties: Mapping[str, str],
    *,
    area: str,
    day: date,
    at: datetime,
    document_kind: str,
    document_no: str,
    note: str = "",
) -> dict[str, int]:
    """Post what a template makes of the amounts, in each of its books; journal id by book. Joins.

    Raises: TemplateMisused, and what `post` raises.
    """
    drafts = drafts_of(
        *(template, amounts, parties),
        area=area,
        day=day,
        at=at,
        document_kind=document_kind,
        document_no=document_no,
        note=note,
    )
    return {draft.book: post(draft) for draft in drafts}


def reverse_journal(
    journal_id: int, day: date, at: datetime, document_kind: str, document_no: str, note: str = ""
) -> int:
    """Post the exact negative of a journal (冲销), sides exchanged, figures as stored; the new id. Joins.

    What a template posted in both books is taken back in both, with `reverse_document`; else they no longer bridge.
    Raises: JournalNotFound, AlreadyReversed, AccountOverdrawn, AccountNotOpen, PeriodClosed.
    """
    require_open()
    if store.is_reversal(journal_id):
        raise AlreadyReversed("冲销凭证不能再冲销", hint="需要时重新记账", journal_id=journal_id)
    found = store.insert_reversal(journal_id, day, at, document_kind, document_no, note)
    if found is None:
        raise JournalNotFound("没有此凭证", hint="核对凭证号", journal_id=journal_id)
    return found


def reverse_document(
    document_kind: str, document_no: str, day: date, at: datetime, by_kind: str, by_no: str, note: str = ""
) -> list[int]:
    """Take back every journal of a document (整单冲销), in both books, under a new document; the new ids. Joins.

    Raises: JournalNotFound, when the document has none; else what `reverse_journal` raises.
    """
    found = [one for one in store.journals_of(document_kind, document_no) if not store.is_reversal(one)]
    if not found:
        raise JournalNotFound("此单据没有凭证", hint="核对单据号", document=f"{document_kind}/{document_no}")
    return [reverse_journal(one, day, at, by_kind, by_no, note) for one in found]


def journals_of(document_kind: str, document_no: str) -> list[int]:
    """Ids of the journals of a document, oldest first, both books."""
    return store.journals_of(document_kind, document_no)


__all__ = [
    "account",
    "account_name",
    "account_statement",
    "accounts",
    "accounts_of",
    "areas_used",
    "balance_on",
    "bridge",
    "close_account",
    "close_month",
    "credit_interest",
    "drafts_of",
    "fund_name",
    "fund_of",
    "funds",
    "institution_statement",
    "interest_fen",
    "journals_of",
    "legs_of",
    "open_account",
    "open_day",
    "post",
    "post_template",
    "reopen_account",
    "reverse_document",
    "reverse_journal",
    "seal_day",
    "sync_chart",
    "template_title",
    "templates",
    "trial_balance",
    "verify",
]
