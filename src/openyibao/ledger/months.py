"""Months (会计期间): trial balance, closing, and the day a late posting may take."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.transactions import require_open
from openyibao.kernel.areas import all_areas
from openyibao.kernel.clock import business_day
from openyibao.ledger import chart, store
from openyibao.ledger.bridge import bridge
from openyibao.ledger.contracts import BOOK_NAMES, Book, Month, TrialBalance, TrialRow
from openyibao.ledger.errors import PeriodNotClosable


def open_day(area: str, book: Book, wanted: date) -> date:
    """The day to post on (记账日): the wanted one, or the first open day when its month is closed."""
    first = store.open_from(area, book)
    return wanted if first is None or wanted >= first else first


def balance_on(account: str, area: str, day: date, fund: str = "", party: str = "") -> int:
    """Balance (余额) of an account at the end of a day, fen, positive on its normal side.

    Args: fund and party, "" for all of them. Raises: KeyError for an unknown account.
    """
    line = chart.accounts()[account]
    until = day + timedelta(days=1)
    if party:
        fen = store.person_balance(area, account, until, fund, party)
    else:
        rows = store.balances(area, line.book, until)
        fen = sum(int(row[4]) for row in rows if row[0] == account and fund in ("", row[1]))
    return -fen if line.kind in chart.CREDIT_KINDS else fen


def trial_balance(book: Book, area: str, month: Month, *, consolidated: bool = False) -> TrialBalance:
    """Trial balance (试算平衡表) of a month by account and fund.

    Args: consolidated, put every area below `area` together and take out what they moved among themselves.
    """
    areas = [code for code in store.areas_used() if code == area or (consolidated and _in(code, area))]
    rows: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for code in areas:
        for account, fund, _, _, fen in store.balances(code, book, month.first):
            rows[account, fund][0] += int(fen)
        for account, fund, _, _, debit, credit in store.movements(code, book, month.first, month.until):
            rows[account, fund][1] += int(debit)
            rows[account, fund][2] += int(credit)
    taken = _eliminate(rows) if consolidated else 0
    order = {code: at for at, code in enumerate(chart.accounts())}
    places = {code: at for at, code in enumerate(chart.funds())}
    return TrialBalance(
        book,
        area,
        month,
        tuple(
            TrialRow(account, fund, *sums)
            for (account, fund), sums in sorted(
                rows.items(), key=lambda item: (order.get(item[0][0], 0), places.get(item[0][1], 0))
            )
            if any(sums)
        ),
        taken,
    )


def _in(code: str, above: str) -> bool:
    while code:
        if code == above:
            return True
        code = all_areas()[code].parent if code in all_areas() else ""
    return False


def _eliminate(rows: dict[tuple[str, str], list[int]]) -> int:
    """Take the smaller of what one level paid and the other received out of both; the sum taken, opening included."""
    taken = 0
    for account in chart.accounts().values():
        if not account.eliminates:
            continue
        for (code, fund), sums in list(rows.items()):
            other = rows.get((account.eliminates, fund))
            if code != account.code or other is None:
                continue
            opening, moved = min(-sums[0], other[0]), min(sums[2] - sums[1], other[1] - other[2])
            sums[0], other[0] = sums[0] + opening, other[0] - opening
            sums[2], other[1] = sums[2] - moved, other[1] - moved
            taken += opening + moved
    return taken


def close_month(actor: Actor, area: str, month: Month, at: datetime) -> int:
    """Close a month in both books (月末结账): balances are kept as snapshots, nothing enters any more.

    Joins the open transaction, waits for postings in flight, audited.
    Args: at, when; the month must be over on that day (Asia/Shanghai).
    Returns: number of snapshot rows.
    Raises: NotPermitted; PeriodNotClosable, when the month is not over, closed already, when an earlier month with
    journals is open, or when the books do not bridge.
    """
    require(actor, "ledger.close_month", area)
    require_open()
    if business_day(at) < month.until:
        raise PeriodNotClosable(f"{month} 尚未结束", hint=f"{month.until} 起可以结账")
    store.lock_area(area)
    for book in BOOK_NAMES:
        _in_turn(area, book, month)
    found = bridge(area, month)
    if found.difference_fen:
        raise PeriodNotClosable(f"{area} {month} 两本账相差 {found.difference_fen} 分", hint="先查清衔接表再结账")
    rows = sum(store.close(area, book, month.first, month.until, at, actor.name) for book in BOOK_NAMES)
    audit.record(actor, "ledger.close_month", str(month), area, rows=rows)
    return rows


def _in_turn(area: str, book: Book, month: Month) -> None:
    closed = store.open_from(area, book)
    if closed is not None and month.first < closed:
        raise PeriodNotClosable(f"{area} {month} 已结账", hint="结账不可撤销；更正记入未结账的月份")
    first = store.first_day(area, book)
    if closed is None:
        if first is not None and first < month.first:
            raise PeriodNotClosable(f"{area} {Month.of(first)} 尚未结账", hint="按月份先后结账")
    elif closed != month.first:
        raise PeriodNotClosable(f"{area} {Month.of(closed)} 尚未结账", hint="按月份先后结账")
