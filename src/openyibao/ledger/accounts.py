"""Personal accounts (个人账户): opening, closing, statements, yearly interest. They are the persons' property."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.transactions import require_open
from openyibao.kernel.money import WHOLE_BP
from openyibao.ledger import chart, store
from openyibao.ledger.contracts import PersonalAccount, Statement, StatementLine
from openyibao.ledger.errors import AccountAlreadyOpen, AccountNotEmpty, AccountNotOpen
from openyibao.ledger.templates import drafts_of, template_title

_BATCH = 2_000


def open_account(owner_id: int, area: str, day: date) -> int:
    """Open a personal account (个人账户开立) for a person in an area; its id. Joins the open transaction.

    Raises: AccountAlreadyOpen.
    """
    require_open()
    found = store.insert_account(owner_id, area, day)
    if found is None:
        raise AccountAlreadyOpen("此人在本统筹区已有个人账户", hint="使用已开立的账户", owner_id=owner_id)
    return found


def close_account(account_id: int, day: date) -> None:
    """Close an empty personal account (个人账户注销). Joins. Raises: AccountNotOpen, AccountNotEmpty."""
    require_open()
    if store.end_account(account_id, day):
        return
    account = store.account_by_id(account_id)
    if account is None or account.closed_on is not None:
        raise AccountNotOpen("个人账户不存在或已注销", hint="核对账户", account_id=account_id)
    raise AccountNotEmpty(
        "个人账户尚有余额", hint="先转出、继承或合并", account_id=account_id, balance_fen=account.balance_fen
    )


def reopen_account(account_id: int) -> None:
    """Open a closed account again (个人账户恢复), so that a reversal can return money to it. Joins.

    Raises: AccountNotOpen, when there is no such closed account.
    """
    require_open()
    if not store.revive_account(account_id):
        raise AccountNotOpen("没有此已注销的个人账户", hint="核对账户", account_id=account_id)


def accounts_of(owner_ids: Iterable[int], *, lock: bool = False) -> list[PersonalAccount]:
    """Personal accounts of persons, closed ones included, by account id; `lock` keeps them for this transaction."""
    return store.accounts_by_owner(list(owner_ids), lock=lock)


def account(account_id: int) -> PersonalAccount:
    """One personal account. Raises: AccountNotOpen, when there is none of this id."""
    found = store.account_by_id(account_id)
    if found is None:
        raise AccountNotOpen("没有此个人账户", hint="核对账户编号", account_id=account_id)
    return found


def account_statement(account_id: int, start: date, last: date) -> Statement:
    """Statement of a personal account (个人账户明细): credits positive, both days included. Raises: AccountNotOpen."""
    account(account_id)
    return _statement(chart.PERSONAL_ACCOUNT, str(account_id), start, last)


def institution_statement(code: str, start: date, last: date) -> Statement:
    """Statement of what is owed to an institution (应付定点机构明细): what raises the payable is positive."""
    return _statement("payable_institution", code, start, last)


def _statement(account_code: str, party: str, start: date, last: date) -> Statement:
    opening = balance = 0
    lines = []
    for journal, day, at, template, kind, number, fund, fen in store.party_lines(
        account_code, party, last + timedelta(days=1)
    ):
        balance += int(fen)
        if day < start:
            opening = balance
            continue
        lines.append(
            StatementLine(
                *(journal, day, at, template, template_title(template), kind, number, fund, int(fen)),
                balance_fen=balance,
            )
        )
    return Statement(party, start, last, opening, tuple(lines), balance)


def interest_fen(opening_fen: int, closing_fen: int, rates: tuple[int, int]) -> int:
    """Interest of a year (利息): the carried part and the rest of the closing balance at their rates, half up once."""
    carried = min(opening_fen, closing_fen)
    exact = carried * rates[0] + (closing_fen - carried) * rates[1]
    return (exact + WHOLE_BP // 2) // WHOLE_BP


def credit_interest(actor: Actor, area: str, year: int, day: date, at: datetime) -> int:
    """Credit a year's interest to every open account of an area (个人账户计息), once per account and year.

    Joins, audited. Args: day, in an open month; year must be over on it.
    Returns: fen credited now; 0 when all was done before.
    Raises: NotPermitted, InterestRateMissing, PeriodClosed.
    """
    require(actor, "ledger.credit_interest", area)
    require_open()
    assert day.year > year, "interest is credited after the year"
    rates = chart.interest_rates(area, year)
    credited = 0
    while due := store.accounts_without_interest(area, year, _BATCH):
        amounts = {number: interest_fen(opening, closing, rates) for number, opening, closing in due}
        store.insert_journals(
            draft
            for number, fen in amounts.items()
            for draft in drafts_of(
                *("interest", {f"account:{number}": fen}, {}),
                area=area,
                day=day,
                at=at,
                document_kind="interest",
                document_no=f"{number}-{year}",
            )
        )
        store.mark_interest(list(amounts), year)
        credited += sum(amounts.values())
    audit.record(actor, "ledger.credit_interest", str(year), area, credited_fen=credited)
    return credited
