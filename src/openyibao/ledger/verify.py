"""Verification (核查): every promise of the ledger, computed again from its rows. Nothing stops early."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from openyibao.foundation import sql
from openyibao.ledger import chart, store
from openyibao.ledger.bridge import bridge
from openyibao.ledger.contracts import Finding, Month, Verification


def verify() -> Verification:
    """Check the whole ledger (全账核查): balances, chart, accounts, months, snapshots, reversals, seals, bridge."""
    findings = tuple(finding for check in CHECKS for finding in check())
    counts = sql.one(
        "SELECT (SELECT count(*) FROM ledger_journal), (SELECT count(*) FROM ledger_leg),"
        " (SELECT count(*) FROM ledger_personal_account), (SELECT count(*) FROM ledger_seal)"
    )
    assert counts is not None
    journals, legs, personal, seals = (int(count) for count in counts)
    return Verification(journals, legs, personal, seals, findings)


def _unbalanced() -> Iterator[Finding]:
    rows = sql.rows(
        "SELECT j.id, j.area, j.book, coalesce(l.fund, ''), coalesce(sum(l.debit_fen - l.credit_fen), 0)::bigint"
        " FROM ledger_journal j LEFT JOIN ledger_leg l ON l.journal_id = j.id GROUP BY j.id, l.fund"
        " HAVING count(l.line) = 0 OR sum(l.debit_fen - l.credit_fen) <> 0 ORDER BY 1, 4"
    )
    for journal, area, book, fund, fen in rows:
        what = f"基金 {chart.fund_name(fund)} 借贷相差 {fen} 分" if fund else "没有分录"
        yield Finding("UNBALANCED", f"凭证 {journal} {what}", area, book, journal)


def _outside_the_chart() -> Iterator[Finding]:
    rows = sql.rows(
        "SELECT l.journal_id, l.line, coalesce(j.area, ''), coalesce(j.book, ''), l.account_code, l.fund"
        " FROM ledger_leg l LEFT JOIN ledger_journal j ON j.id = l.journal_id"
        " LEFT JOIN ledger_account a ON a.code = l.account_code AND a.book = j.book"
        " WHERE j.id IS NULL OR a.code IS NULL OR NOT l.fund = ANY(%s::text[]) OR (l.party = '') <> (l.party_kind = '')"
        " OR l.party_kind NOT IN ('', a.party_kind) OR (a.party_required AND l.party = '')"
        " OR (l.debit_fen > 0) = (l.credit_fen > 0) OR l.debit_fen < 0 OR l.credit_fen < 0 ORDER BY 1, 2",
        (list(chart.funds()),),
    )
    for journal, line, area, book, account, fund in rows:
        text = f"凭证 {journal} 第 {line} 行（{account}，{fund}）不合科目表，或没有凭证"
        yield Finding("LEG_NOT_IN_CHART", text, area, book, journal)
    stored = {row[0]: row[1:] for row in sql.rows("SELECT code, book, kind, party_kind FROM ledger_account")}
    filed = {a.code: (a.book, a.kind, a.party_kind) for a in chart.accounts().values()}
    for code in sorted(stored.keys() | filed.keys()):
        if stored.get(code) != filed.get(code):
            yield Finding("CHART_DIFFERS", f"科目 {code} 库中与 chart.yaml 不同")


def _personal_accounts() -> Iterator[Finding]:
    rows = sql.rows(
        "SELECT coalesce(p.id::text, s.party), coalesce(p.area, ''), coalesce(p.balance_fen, 0), coalesce(s.fen, 0)"
        " FROM ledger_personal_account p FULL JOIN (SELECT l.party, j.area,"
        " sum(l.credit_fen - l.debit_fen)::bigint AS fen FROM ledger_leg l JOIN ledger_journal j ON j.id = l.journal_id"
        " WHERE l.account_code = 'personal_account' GROUP BY 1, 2) s ON s.party = p.id::text AND s.area = p.area"
        " WHERE p.id IS NULL OR p.balance_fen <> coalesce(s.fen, 0) OR p.balance_fen < 0"
        " OR (p.closed_on IS NOT NULL AND p.balance_fen <> 0) ORDER BY 1"
    )
    for account, area, row_fen, legs_fen in rows:
        text = f"个人账户 {account} 余额 {row_fen} 分，分录合计 {legs_fen} 分"
        yield Finding("ACCOUNT_BALANCE", text, area, "business", details={"account_id": account})


def _after_the_close() -> Iterator[Finding]:
    rows = sql.rows(
        "SELECT DISTINCT j.id, j.area, j.book, j.day FROM ledger_journal j JOIN ledger_period p"
        " ON p.area = j.area AND p.book = j.book AND j.day < p.until AND j.id > p.last_id ORDER BY 1"
    )
    for journal, area, book, day in rows:
        yield Finding("AFTER_CLOSE", f"凭证 {journal} 记入 {day}，该月结账在先", area, book, journal)


def _snapshots() -> Iterator[Finding]:
    rows = sql.rows(
        "WITH span AS (SELECT area, book, until, lag(until, 1, '-infinity') OVER (PARTITION BY area, book"
        " ORDER BY until) AS start FROM ledger_period), moved AS (SELECT s.area, s.book, s.until, m.account_code,"
        " m.fund, m.party_kind, m.party, m.debit_fen, m.credit_fen FROM span s,"
        " ledger_movements(s.area, s.book, s.start, s.until) m), kept AS (SELECT n.*, s.start FROM ledger_snapshot n"
        " LEFT JOIN span s USING (area, book, until))"
        " SELECT area, book, until, account_code, fund FROM moved m FULL JOIN kept k"
        " USING (area, book, until, account_code, fund, party_kind, party)"
        " WHERE k.id IS NULL OR k.start IS NULL OR coalesce(m.debit_fen, 0) <> k.debit_fen"
        " OR coalesce(m.credit_fen, 0) <> k.credit_fen"
        " UNION SELECT k.area, k.book, k.until, k.account_code, k.fund FROM kept k LEFT JOIN ledger_snapshot b"
        " ON b.area = k.area AND b.book = k.book AND b.until = k.start AND b.account_code = k.account_code"
        " AND b.fund = k.fund AND b.party_kind = k.party_kind AND b.party = k.party"
        " WHERE k.balance_fen <> coalesce(b.balance_fen, 0) + k.debit_fen - k.credit_fen"
        " UNION SELECT b.area, b.book, s.until, b.account_code, b.fund FROM ledger_snapshot b JOIN span s"
        " ON s.area = b.area AND s.book = b.book AND s.start = b.until LEFT JOIN ledger_snapshot k"
        " ON k.area = b.area AND k.book = b.book AND k.until = s.until AND k.account_code = b.account_code"
        " AND k.fund = b.fund AND k.party_kind = b.party_kind AND k.party = b.party"
        " WHERE b.balance_fen <> 0 AND k.id IS NULL ORDER BY 1, 2, 3, 4, 5"
    )
    for area, book, until, account, fund in rows:
        text = f"{until} 前结账的快照与分录不符：{chart.account_name(account)}，{chart.fund_name(fund)}"
        yield Finding("SNAPSHOT", text, area, book)


def _reversals() -> Iterator[Finding]:
    rows = sql.rows(
        "SELECT id, area, book, reverses_id FROM ledger_journal"
        " WHERE reverses_id IS NOT NULL AND NOT ledger_mirrors(id, reverses_id) ORDER BY 1"
    )
    for journal, area, book, reversed_id in rows:
        yield Finding("REVERSAL", f"凭证 {journal} 不是 {reversed_id} 的反向", area, book, journal)


def _seals() -> Iterator[Finding]:
    chain: dict[str, tuple[int, bytes]] = {}
    rows = sql.rows(
        "SELECT area, day, first_id, last_id, journals, debit_fen, previous, hash FROM ledger_seal ORDER BY area, day"
    )
    for area, day, first, last, journals, debit, previous, stored in rows:
        after, link = chain.get(area, (0, b""))
        computed = store.digest(area, after, last, link)
        if computed != (journals, debit, bytes(stored)) or first != after + 1 or bytes(previous) != link:
            yield Finding("SEAL_BROKEN", f"{area} {day} 的封存与凭证 {first}–{last} 不符", area, details={"day": day})
        chain[area] = (last, bytes(stored))


def _bridges() -> Iterator[Finding]:
    for area in store.areas_used():
        used = store.days_used(area)
        if used is None:
            continue
        month = Month.of(used[0])
        while month.first <= used[1]:
            for fund in bridge(area, month).funds:
                if fund.difference_fen:
                    text = f"{area} {month} {chart.fund_name(fund.fund)} 两本账相差 {fund.difference_fen} 分"
                    yield Finding("BRIDGE", text, area, details={"month": str(month), "fund": fund.fund})
            month = Month(month.until)


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _unbalanced,
    _outside_the_chart,
    _personal_accounts,
    _after_the_close,
    _snapshots,
    _reversals,
    _seals,
    _bridges,
)
