"""`verify` says nothing about honest books and finds every kind of tampering; seals find what sums cannot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openyibao.foundation import sql
from openyibao.foundation.actors import SYSTEM
from openyibao.kernel.errors import Refused
from openyibao.ledger import facade
from openyibao.ledger.chart import funds
from openyibao.ledger.contracts import Month
from openyibao.ledger.templates import templates
from tests.ledger.books import AREA, AT, book, codes, new_account, reverse, take_back
from tests.ledger.test_templates import keys_of

FEBRUARY = Month(date(2024, 2, 1))


@contextmanager
def rollback() -> Iterator[None]:
    """Everything inside is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def as_superuser() -> Iterator[None]:
    """No trigger fires, as for somebody who owns the server; undone afterwards."""
    with rollback():
        sql.run("SET LOCAL session_replication_role = replica")
        yield


@pytest.fixture(scope="module")
def books(db: str) -> dict[str, int]:
    """A closed February, an open March, a reversal, two seals."""
    account = new_account(50_000, day="2024-02-01")
    first = book("settlement", {"fund:resident": 700, f"account:{account}": 300}, "2024-02-03")["business"]
    paid = book("institution_payment", {"fund:resident": 200}, "2024-02-05")["fund"]
    seal(5)
    with transaction.atomic(durable=True):
        facade.close_month(SYSTEM, AREA, FEBRUARY, AT)
    second = book("settlement", {"fund:resident": 900}, "2024-03-03")["business"]
    back = reverse(first, "2024-03-04")
    seal(6)
    return {"account": account, "first": first, "paid": paid, "second": second, "back": back}


def seal(day: int) -> str:
    with transaction.atomic(durable=True):
        return facade.seal_day(SYSTEM, AREA, date(2024, 5, day), datetime(2024, 5, day, 16, tzinfo=UTC)).hash


def test_honest_books_have_no_finding(books: dict[str, int]) -> None:
    found = facade.verify()
    assert found.findings == ()
    # transfer in and payment are in both books
    assert (found.journals, found.accounts, found.seals) == (7, 1, 2)


TAMPERING: dict[str, tuple[str, set[str]]] = {
    "one leg raised": (
        "UPDATE ledger_leg SET debit_fen = debit_fen + 1 WHERE journal_id = {second} AND line = 1",
        {"UNBALANCED", "SEAL_BROKEN", "BRIDGE"},
    ),
    "both legs raised": (
        "UPDATE ledger_leg SET debit_fen = debit_fen + (debit_fen > 0)::int, credit_fen = credit_fen"
        " + (credit_fen > 0)::int WHERE journal_id = {second}",
        {"SEAL_BROKEN"},
    ),
    "another institution is owed": (
        "UPDATE ledger_leg SET party = 'H99999999999' WHERE journal_id = {second} AND party_kind = 'institution'",
        {"SEAL_BROKEN"},
    ),
    "another instant": (
        "UPDATE ledger_journal SET posted_at = posted_at + interval '1 microsecond' WHERE id = {second}",
        {"SEAL_BROKEN"},
    ),
    "a journal gone": ("DELETE FROM ledger_journal WHERE id = {second}", {"LEG_NOT_IN_CHART", "SEAL_BROKEN"}),
    "legs gone": ("DELETE FROM ledger_leg WHERE journal_id = {second}", {"UNBALANCED", "SEAL_BROKEN"}),
    "a payment gone from the fund accounts": (
        "WITH gone AS (DELETE FROM ledger_leg WHERE journal_id = {paid}) DELETE FROM ledger_journal WHERE id = {paid}",
        {"SNAPSHOT", "SEAL_BROKEN", "BRIDGE"},
    ),
    "a reversal that is none": (
        "UPDATE ledger_leg SET fund = 'assistance' WHERE journal_id = {back} AND fund = 'resident'",
        {"REVERSAL", "SEAL_BROKEN"},
    ),
    "a fund that does not exist": (
        "UPDATE ledger_leg SET fund = 'pocket' WHERE journal_id = {second}",
        {"LEG_NOT_IN_CHART", "SEAL_BROKEN"},
    ),
    "account raised": (
        "UPDATE ledger_personal_account SET balance_fen = balance_fen + 1 WHERE id = {account}",
        {"ACCOUNT_BALANCE"},
    ),
    "account gone": ("DELETE FROM ledger_personal_account WHERE id = {account}", {"ACCOUNT_BALANCE"}),
    "moved into the closed month": (
        "UPDATE ledger_journal SET day = '2024-02-28' WHERE id = {second}",
        {"AFTER_CLOSE", "SNAPSHOT", "SEAL_BROKEN"},
    ),
    "snapshot altered": (
        "UPDATE ledger_snapshot SET balance_fen = balance_fen + 1 WHERE account_code = 'claims_settled'",
        {"SNAPSHOT", "BRIDGE"},
    ),
    "snapshot row gone": ("DELETE FROM ledger_snapshot WHERE account_code = 'paid'", {"SNAPSHOT"}),
    "seal altered": ("UPDATE ledger_seal SET hash = sha256('x') WHERE day = '2024-05-05'", {"SEAL_BROKEN"}),
    "first seal gone": ("DELETE FROM ledger_seal WHERE day = '2024-05-05'", {"SEAL_BROKEN"}),
    "chart altered": ("UPDATE ledger_account SET kind = 'asset' WHERE code = 'recovered'", {"CHART_DIFFERS"}),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_found(books: dict[str, int], name: str) -> None:
    statement, expected = TAMPERING[name]
    with as_superuser():
        assert sql.changed(statement.format(**books)) >= 1
        found = set(codes())
    assert found >= expected - {"BRIDGE"}
    assert found <= expected
    assert codes() == []


def test_a_seal_is_repeatable_and_covers_what_is_new(books: dict[str, int]) -> None:
    last = seal(6)
    assert seal(4) == seal(6) == last
    book("bank_interest", {"fund:resident": 5}, "2024-04-01")
    with transaction.atomic(durable=True):
        made = facade.seal_day(SYSTEM, AREA, date(2024, 5, 7), AT)
    assert (made.journals, made.debit_fen) == (1, 5)
    with transaction.atomic(durable=True):
        empty = facade.seal_day(SYSTEM, AREA, date(2024, 5, 8), AT)
    assert (empty.journals, empty.last_id) == (0, made.last_id)
    assert empty.hash != made.hash
    assert codes() == []


def test_taking_back_one_book_of_two_is_found(books: dict[str, int]) -> None:
    with rollback():
        facade.reverse_journal(books["paid"], date(2024, 3, 5), AT, "reversal", "half")
        assert codes() == ["BRIDGE"]


Posting = tuple[str, dict[str, int], dict[str, str], str]


@st.composite
def posting(draw: st.DrawFn) -> Posting:
    template = draw(st.sampled_from(sorted(templates())))
    names = [name for group in keys_of(templates()[template]).values() for name in group]
    amounts = draw(st.dictionaries(st.sampled_from(names), st.integers(-500, 10_000), min_size=1, max_size=4))
    parties = {"employer": draw(st.sampled_from(["", "31"])), "person": draw(st.sampled_from(["7", "8"]))}
    return template, amounts, parties, f"2024-{draw(st.sampled_from(['06', '07', '08']))}-15"


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(posting(), st.integers(0, 30)), min_size=1, max_size=25))
def test_whatever_is_posted_through_templates_the_books_stay_clean(
    books: dict[str, int], drawn: list[Posting | int]
) -> None:
    """Refusals (overdrawn, reversed before) are allowed; what was let in holds, in both books."""
    with rollback():
        area = "371400"
        real = [str(new_account(20_000, area, "2024-09-01")) for _ in range(3)]
        known = dict(zip(("account:11", "account:12", "account:13"), (f"account:{one}" for one in real), strict=True))
        parties = {"account": real[0], "heir_account": real[1], "into_account": real[2]}
        posted: list[dict[str, int]] = []
        for one in drawn:
            try:
                if not isinstance(one, int):
                    template, amounts, named, day = one
                    mine = {known.get(key, key): fen for key, fen in amounts.items()}
                    made = book(template, mine, day, area, **parties, **named)
                    posted += [made] if made else []
                elif posted:
                    take_back(posted[one % len(posted)], "2024-08-20")
            except Refused:
                continue
        sql.run("SET CONSTRAINTS ALL IMMEDIATE")
        facade.seal_day(SYSTEM, area, date(2024, 9, 1), AT)
        assert codes() == []


def test_every_fund_can_be_paid_from(db: str) -> None:
    for fund in funds():
        account = new_account(50, "371100") if fund == "employee_account" else 0
        book("settlement", {f"account:{account}" if account else f"fund:{fund}": 30}, "2024-09-02", "371100")
        book("institution_payment", {f"fund:{fund}": 20}, "2024-09-02", "371100")
    assert facade.bridge("371100", Month(date(2024, 9, 1))).difference_fen == 0
    assert codes() == []
