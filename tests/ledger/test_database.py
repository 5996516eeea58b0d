"""What PostgreSQL itself refuses, each shown on a real connection, and what it lets through."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import Error, connection, transaction

from openyibao.foundation import sql
from openyibao.ledger import facade
from openyibao.ledger.contracts import POST_SQL, JournalDraft, Leg
from openyibao.ledger.errors import (
    AccountAlreadyOpen,
    AccountNotEmpty,
    AccountNotOpen,
    AccountOverdrawn,
    AlreadyReversed,
    JournalNotFound,
    JournalRefused,
    PeriodClosed,
)
from tests.ledger.books import AREA, AT, HOSPITAL, balance, book, codes, new_account, reverse, state_of

pytestmark = pytest.mark.usefixtures("db")

INTO_JOURNAL = (
    "INSERT INTO ledger_journal (book, area, day, posted_at, template, document_kind, document_no, note)"
    " VALUES ('fund', '371500', '2024-05-06', now(), 'bank_interest', 'test', 'raw', '') RETURNING id"
)
INTO_LEG = (
    "INSERT INTO ledger_leg (journal_id, line, account_code, fund, party_kind, party, debit_fen, credit_fen)"
    " VALUES (%s, %s, %s, %s, '', '', %s, %s)"
)


def counts() -> tuple[int, ...]:
    found = sql.one(
        "SELECT (SELECT count(*) FROM ledger_journal), (SELECT count(*) FROM ledger_leg),"
        " (SELECT coalesce(sum(balance_fen), 0) FROM ledger_personal_account)"
    )
    assert found is not None
    return tuple(int(count) for count in found)


def refused(work: Callable[[], object], state: str) -> None:
    """The work fails with this SQLSTATE, at a statement or at commit, and leaves nothing behind."""
    before = counts()
    with pytest.raises(Error) as told, transaction.atomic(durable=True):
        work()
    assert state_of(told.value) == state
    assert counts() == before


def raw(*legs: tuple[str, str, int, int]) -> int:
    """A journal with legs one statement after another; the balance is asked for at commit only."""
    found = sql.one(INTO_JOURNAL)
    assert found is not None
    for line, (account, fund, debit, credit) in enumerate(legs, 1):
        sql.run(INTO_LEG, (found[0], line, account, fund, debit, credit))
    return int(found[0])


def test_legs_entered_one_by_one_are_fine_once_balanced_at_commit() -> None:
    before = counts()
    with transaction.atomic(durable=True):
        raw(("fiscal_account", "resident", 500, 0), ("interest_income", "resident", 0, 500))
    assert counts() == (before[0] + 1, before[1] + 2, before[2])


@pytest.mark.parametrize(
    ("legs", "state"),
    [
        pytest.param([], "OY012", id="no legs"),
        pytest.param([("fiscal_account", "resident", 5, 0)], "OY012", id="one side only"),
        pytest.param(
            [("fiscal_account", "resident", 5, 0), ("interest_income", "resident", 0, 4)], "OY012", id="one fen short"
        ),
        pytest.param(
            [("fiscal_account", "resident", 5, 0), ("interest_income", "employee_pool", 0, 5)],
            "OY012",
            id="one fund pays for another",
        ),
        pytest.param([("fiscal_account", "resident", 0, 0), ("interest_income", "resident", 0, 0)], "23514", id="zero"),
        pytest.param([("fiscal_account", "resident", 5, 5)], "23514", id="both sides"),
        pytest.param([("fiscal_account", "resident", -5, 0)], "23514", id="negative"),
        pytest.param([("no_such", "resident", 5, 0)], "OY013", id="not in the chart"),
        pytest.param([("claims_settled", "resident", 5, 0)], "OY013", id="account of the other book"),
        pytest.param([("fiscal_account", "", 5, 0)], "OY013", id="no fund"),
        pytest.param([("premium_expense", "resident", 5, 0)], "OY013", id="no party"),
    ],
)
def test_a_journal_that_breaks_a_rule_is_refused(legs: list[tuple[str, str, int, int]], state: str) -> None:
    refused(lambda: raw(*legs), state)


def test_legs_cannot_be_added_to_a_journal_of_an_earlier_transaction() -> None:
    journal = book("bank_interest", {"fund:resident": 5})["fund"]

    def add() -> None:
        sql.run(INTO_LEG, (journal, 8, "fiscal_account", "resident", 5, 0))
        sql.run(INTO_LEG, (journal, 9, "interest_income", "resident", 0, 5))

    refused(add, "OY014")
    refused(lambda: sql.run(INTO_LEG, (10**9, 1, "fiscal_account", "resident", 5, 0)), "OY014")


@pytest.mark.parametrize("table", ["journal", "leg", "period", "snapshot", "seal"])
@pytest.mark.parametrize("change", ["UPDATE {} SET area = '370100'", "DELETE FROM {}", "TRUNCATE {}"])
def test_what_is_posted_is_neither_changed_nor_removed(table: str, change: str) -> None:
    book("bank_interest", {"fund:resident": 5})
    statement = change.format(f"ledger_{table}")
    if table == "leg":
        statement = statement.replace("area = '370100'", "debit_fen = debit_fen + 1")
    refused(lambda: sql.run(statement), "OY002")


def test_the_chart_keeps_book_and_kind_but_may_be_renamed() -> None:
    refused(lambda: sql.run("DELETE FROM ledger_account WHERE code = 'paid'"), "OY002")
    refused(lambda: sql.run("UPDATE ledger_account SET kind = 'asset' WHERE code = 'paid'"), "OY002")
    sql.run("UPDATE ledger_account SET name = '改名' WHERE code = 'paid'")
    facade.sync_chart()
    assert sql.one("SELECT name FROM ledger_account WHERE code = 'paid'") == ("已付",)


def test_a_personal_account_moves_only_by_posting() -> None:
    account = new_account(5_000)
    assert balance(account) == 5_000
    for change in (
        f"UPDATE ledger_personal_account SET balance_fen = 6000 WHERE id = {account}",
        f"UPDATE ledger_personal_account SET area = '370100' WHERE id = {account}",
        f"DELETE FROM ledger_personal_account WHERE id = {account}",
        "TRUNCATE ledger_personal_account",
        "INSERT INTO ledger_personal_account (owner_id, area, opened_on, balance_fen, interest_year)"
        " VALUES (999999, '371500', '2024-01-01', 1, 0)",
    ):
        refused(lambda change=change: sql.run(change), "OY002")
    assert balance(account) == 5_000


def test_an_account_never_goes_below_zero() -> None:
    account = new_account(5_000)
    before = counts()
    with pytest.raises(AccountOverdrawn):
        book("settlement", {"fund:employee_pool": 100, f"account:{account}": 5_001})
    assert counts() == before
    book("settlement", {f"account:{account}": 5_000})
    assert balance(account) == 0
    sql_state = "SELECT ledger_post('business', '371500', '2024-05-06', now(), 'settlement', 'test', 'x', null, '',"
    legs = (
        " ARRAY['personal_account', 'payable_institution'], ARRAY['employee_account', 'employee_account'],"
        f" ARRAY['person', 'institution'], ARRAY['{account}', 'H1'], ARRAY[1, 0], ARRAY[0, 1])"
    )
    refused(lambda: sql.run(sql_state + legs), "OY001")


def test_unknown_closed_and_foreign_accounts_are_refused() -> None:
    account = new_account(area="370100")
    for number in (10**9, account):
        with pytest.raises(AccountNotOpen):
            book("account_transfer_in", {f"account:{number}": 5})
    own = new_account(700)
    with pytest.raises(AccountNotEmpty), transaction.atomic():
        facade.close_account(own, AT.date())
    book("account_transfer_out", {f"account:{own}": 700})
    with transaction.atomic():
        facade.close_account(own, AT.date())
    with pytest.raises(AccountNotOpen):
        book("account_transfer_in", {f"account:{own}": 5})
    with pytest.raises(AccountNotOpen), transaction.atomic():
        facade.close_account(own, AT.date())
    with transaction.atomic():
        facade.reopen_account(own)
    book("account_transfer_in", {f"account:{own}": 5})
    assert balance(own) == 5


def test_one_open_account_per_person_and_area() -> None:
    with transaction.atomic():
        first = facade.open_account(880_001, AREA, AT.date())
    with pytest.raises(AccountAlreadyOpen), transaction.atomic():
        facade.open_account(880_001, AREA, AT.date())
    with transaction.atomic():
        other = facade.open_account(880_001, "370100", AT.date())
    assert [one.id for one in facade.accounts_of([880_001])] == [first, other]


def test_a_reversal_is_exact_and_once() -> None:
    account = new_account(9_000)
    posted = book("settlement", {"fund:employee_pool": 12_345, f"account:{account}": 4_000})["business"]
    assert balance(account) == 5_000
    back = reverse(posted)
    assert balance(account) == 9_000
    legs = "SELECT account_code, fund, party, debit_fen, credit_fen FROM ledger_leg WHERE journal_id = %s ORDER BY line"
    assert sql.rows(legs, (back,)) == [
        ("claims_settled", "employee_pool", "7", 0, 12_345),
        ("payable_institution", "employee_pool", HOSPITAL, 12_345, 0),
        ("personal_account", "employee_account", str(account), 0, 4_000),
        ("payable_institution", "employee_account", HOSPITAL, 4_000, 0),
    ]
    with pytest.raises(AlreadyReversed):
        reverse(posted)
    with pytest.raises(AlreadyReversed):
        reverse(back)
    with pytest.raises(JournalNotFound):
        reverse(10**9)


def draft(*legs: Leg, reverses: int | None = None, day: str = "2024-05-06") -> JournalDraft:
    when = datetime.fromisoformat(day).date()
    return JournalDraft("fund", AREA, when, AT, "bank_interest", "test", "T", legs, "", reverses)


def interest(fen: int) -> tuple[Leg, Leg]:
    return (
        Leg("fiscal_account", "resident", "", "", max(fen, 0), max(-fen, 0)),
        Leg("interest_income", "resident", "", "", max(-fen, 0), max(fen, 0)),
    )


def test_a_reversal_by_hand_must_be_the_exact_negative() -> None:
    posted = book("bank_interest", {"fund:resident": 500})["fund"]
    refused(lambda: facade.post(draft(*interest(-499), reverses=posted)), "OY016")
    refused(lambda: facade.post(draft(*interest(500), reverses=posted)), "OY016")
    with transaction.atomic(durable=True):
        facade.post(draft(*interest(-500), reverses=posted))
    assert codes() == []


def test_the_python_door_refuses_before_the_database_does() -> None:
    with pytest.raises(JournalRefused, match="借贷相差 1 分"), transaction.atomic():
        facade.post(draft(interest(5)[0], interest(4)[1]))
    with pytest.raises(AssertionError, match="joins a transaction"):
        facade.post(draft(*interest(5)))


def test_the_call_can_stand_in_a_larger_statement() -> None:
    one = draft(*interest(77))
    with transaction.atomic(durable=True):
        found = sql.one(f"WITH made AS (SELECT {POST_SQL} AS id) SELECT id, 'ok' FROM made", one.parameters())
    assert found is not None
    assert sql.one("SELECT sum(debit_fen) FROM ledger_leg WHERE journal_id = %s", (found[0],)) == (77,)


def test_postings_into_a_closed_month_are_refused_and_go_to_the_open_one() -> None:
    from openyibao.foundation.actors import SYSTEM
    from openyibao.ledger.contracts import Month

    area = "371300"
    book("bank_interest", {"fund:resident": 5}, "2024-03-31", area)
    with transaction.atomic(durable=True):
        facade.close_month(SYSTEM, area, Month.of(datetime(2024, 3, 1, tzinfo=UTC).date()), AT)
    for day in ("2024-03-31", "2024-01-01"):
        with pytest.raises(PeriodClosed):
            book("bank_interest", {"fund:resident": 5}, day, area)
        refused(lambda day=day: sql.run(INTO_JOURNAL.replace("371500", area).replace("2024-05-06", day)), "OY011")
    wanted = datetime(2024, 3, 30, tzinfo=UTC).date()
    assert str(facade.open_day(area, "fund", wanted)) == "2024-04-01"
    assert facade.open_day(AREA, "fund", wanted) == wanted
    book("bank_interest", {"fund:resident": 5}, "2024-04-01", area)


class Spender(threading.Thread):
    """Settles from an account on a connection of its own and reports the SQLSTATE of a refusal."""

    def __init__(self, url: str, account: int, fen: int, *, look_first: bool) -> None:
        super().__init__()
        self.url, self.account, self.fen, self.look_first = url, account, fen, look_first
        self.state = ""
        self.looked = threading.Event()
        self.go = threading.Event()

    def run(self) -> None:
        try:
            with psycopg.connect(self.url) as other:
                if self.look_first:
                    found = other.execute(
                        "SELECT balance_fen FROM ledger_personal_account WHERE id = %s", (self.account,)
                    ).fetchone()
                    assert found is not None
                    assert found[0] >= self.fen
                self.looked.set()
                self.go.wait(20)
                legs = facade.legs_of("settlement", {f"account:{self.account}": self.fen}, {"institution": HOSPITAL})
                one = JournalDraft("business", AREA, AT.date(), AT, "settlement", "test", "race", tuple(legs))
                other.execute(f"SELECT {POST_SQL}", one.parameters())
        except psycopg.Error as problem:
            self.state = problem.sqlstate or "?"


def test_two_connections_cannot_overdraw_an_account_together(db: str) -> None:
    account = new_account(10_000)
    spenders = [Spender(db, account, 7_000, look_first=True) for _ in range(2)]
    for one in spenders:
        one.start()
    for one in spenders:
        assert one.looked.wait(20)
    for one in spenders:
        one.go.set()
    for one in spenders:
        one.join(20)
    assert sorted(one.state for one in spenders) == ["", "OY001"]
    assert balance(account) == 3_000
    assert codes() == []


def test_two_accounts_in_opposite_order_do_not_deadlock(db: str) -> None:
    left, right = new_account(100_000), new_account(100_000)
    states: list[str] = []

    def spend(first: int, second: int) -> None:
        with psycopg.connect(db, autocommit=True) as other:
            for _ in range(60):
                legs = facade.legs_of(
                    "settlement", {f"account:{first}": 3, f"account:{second}": 4}, {"institution": HOSPITAL}
                )
                one = JournalDraft("business", AREA, AT.date(), AT, "settlement", "test", "order", tuple(legs))
                try:
                    other.execute(f"SELECT {POST_SQL}", one.parameters())
                except psycopg.Error as problem:
                    states.append(problem.sqlstate or "?")

    threads = [threading.Thread(target=spend, args=pair) for pair in ((left, right), (right, left))]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert states == []
    assert balance(left) == balance(right) == 100_000 - 60 * 7


def test_closing_waits_for_a_posting_in_flight(db: str) -> None:
    from openyibao.foundation.actors import SYSTEM
    from openyibao.ledger.contracts import Month

    area, month = "371600", Month.of(datetime(2024, 3, 1, tzinfo=UTC).date())
    book("bank_interest", {"fund:resident": 5}, "2024-03-02", area)
    with psycopg.connect(db) as other:
        one = JournalDraft(
            *("fund", area, datetime(2024, 3, 3, tzinfo=UTC).date(), AT, "bank_interest", "test", "late"),
            legs=interest(40),
        )
        other.execute(f"SELECT {POST_SQL}", one.parameters())

        def close() -> None:
            try:
                with transaction.atomic(durable=True):
                    facade.close_month(SYSTEM, area, month, AT)
            finally:
                connection.close()

        closing = threading.Thread(target=close)
        closing.start()
        closing.join(0.5)
        assert closing.is_alive()
        other.commit()
        closing.join(20)
    assert sql.one(
        "SELECT balance_fen FROM ledger_snapshot WHERE area = %s AND account_code = 'fiscal_account'", (area,)
    ) == (45,)
    assert codes() == []
