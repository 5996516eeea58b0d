"""The bridge (衔接表) from what was settled to what was paid, by fund, every reconciling item named.

Four identities, all in fen and all by fund:
1. business ledger: settled, corrected by every other movement, is what was paid, net of what was recovered
2. cash: that is what the fund accounts recognised as spending, plus the growth of advances
3. personal accounts: what was credited to them as received is income of the account fund
4. payables: opening, each movement by name, closing
Double entry makes the first hold for any balanced journal; the others compare the two books with each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from openyibao.ledger import chart, store
from openyibao.ledger.contracts import Bridge, BridgeItem, FundBridge, Month
from openyibao.ledger.templates import template_title

_PAID = ("paid", "recovered")
_BY_TEMPLATE = (chart.PERSONAL_ACCOUNT, "payable_institution")
Sums = dict[tuple[str, str], int]


def bridge(area: str, month: Month) -> Bridge:
    """The bridge statement of an area's month, funds in the order of data/funds.yaml."""
    opening = _by_fund((row[0], row[1], row[4]) for row in store.balances(area, "business", month.first))
    business = _movements(area, "business", month)
    cash = _movements(area, "fund", month)
    named: dict[tuple[str, str], list[BridgeItem]] = defaultdict(list)
    for code, fund, template, fen in store.movements_by_template(area, _BY_TEMPLATE, month.first, month.until):
        if fen:
            named[code, fund].append(BridgeItem(template, template_title(template), int(fen)))
    return Bridge(
        area,
        month,
        tuple(
            _of_fund(fund, opening, business, cash, named)
            for fund in chart.funds()
            if any(key[1] == fund for sums in (opening, business, cash) for key in sums)
        ),
    )


def _of_fund(
    fund: str, opening: Sums, business: Sums, cash: Sums, named: dict[tuple[str, str], list[BridgeItem]]
) -> FundBridge:
    def tagged(tag: str) -> list[BridgeItem]:
        return [
            BridgeItem(account.code, account.name, cash[account.code, fund])
            for account in chart.accounts().values()
            if account.book == "fund" and account.bridge == tag and cash.get((account.code, fund))
        ]

    owed = ("payable_institution", fund)
    return FundBridge(
        fund=fund,
        steps=tuple(_steps(fund, opening, business, named)),
        paid_fen=-sum(business.get((code, fund), 0) for code in _PAID),
        recognised=(*tagged("spending"), *tagged("advance")),
        credited_fen=business.get(("received", fund), 0),
        account_income_fen=-sum(item.fen for item in tagged("account_income"))
        if chart.funds()[fund].nature == "account"
        else 0,
        payables_opening_fen=-opening.get(owed, 0),
        payables=tuple(BridgeItem(item.key, item.title, -item.fen) for item in named[owed]),
        payables_closing_fen=-(opening.get(owed, 0) + business.get(owed, 0)),
        premiums_fen=cash.get(("premium_expense", fund), 0),
    )


def _steps(
    fund: str, opening: Sums, business: Sums, named: dict[tuple[str, str], list[BridgeItem]]
) -> Iterable[BridgeItem]:
    for account in chart.accounts().values():
        key = (account.code, fund)
        if account.book != "business" or account.code in _PAID or not business.get(key):
            continue
        if account.code == chart.PERSONAL_ACCOUNT:
            for item in named[key]:
                yield BridgeItem(f"{account.code}.{item.key}", f"{account.bridge}·{item.title}", item.fen)
            continue
        before = opening.get(key, 0) if account.kind in ("asset", "liability") else 0
        sign = -1 if account.kind in chart.CREDIT_KINDS else 1
        after = before + business[key] if account.kind in ("asset", "liability") else 0
        yield BridgeItem(account.code, account.bridge, business[key], sign * before, sign * after)


def _movements(area: str, book: str, month: Month) -> Sums:
    rows = store.movements(area, book, month.first, month.until)
    return _by_fund((row[0], row[1], row[4] - row[5]) for row in rows)


def _by_fund(rows: Iterable[tuple[str, str, int]]) -> Sums:
    found: Sums = defaultdict(int)
    for account, fund, fen in rows:
        found[account, fund] += int(fen)
    return dict(found)
