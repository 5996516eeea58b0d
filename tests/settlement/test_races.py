"""Two at once: what the locks prevent. Every race is run twice, without the locks (wrong) and with them (right).

`tests.support.races` holds both transactions between reading and writing, so that the wrong outcome is certain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import transaction

from openyibao.foundation import sql
from openyibao.kernel.errors import TryAgain
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.ledger.errors import PeriodClosed
from openyibao.people import facade as people
from openyibao.settlement import cancelling, documents, store
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import Cancel, FeeLine, Settle, Settlement, UploadLines, WithdrawLines
from openyibao.settlement.errors import (
    AlreadyCancelled,
    LaterSettlement,
    LinesRefused,
    MoveRefused,
    NothingToSettle,
    TotalsDiffer,
)
from tests.support.actors import actor
from tests.support.races import Meeting, meeting
from tests.support.truth import faults_of, faults_of_ledger, person_id
from tests.support.world import ITEMS, NOW, World, instant

pytestmark = pytest.mark.slow
"""Waits for locks."""

DAY = date(2025, 3, 5)
YEAR = (2025, "371500", "employee")
BEFORE_WRITES = [(store, name) for name in ("write_settlement", "next_number", "add_lines", "withdraw", "update_visit")]
LOCK_OF_PERSONS = 0x5059_0000_0000_0000
HELD = """
SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
AND ((classid::bigint << 32) | objid::bigint) = %s"""
LOCKED = pytest.mark.parametrize("locked", [True, False], ids=["locks", "no-locks"])
Race = Callable[..., list[Any]]


@pytest.fixture
def race(db: str, locked: bool, monkeypatch: pytest.MonkeyPatch) -> Iterator[Race]:
    """Run two verbs at once; afterwards they met if and only if there were no locks."""
    monkeypatch.setattr(store, "LOCKS", locked)
    made: Meeting = meeting(db, monkeypatch, BEFORE_WRITES)
    yield made.run
    assert made.met is not locked
    assert faults_of_ledger() == []


def outcomes(answers: list[Any]) -> list[str]:
    return [type(answer).__name__ for answer in answers]


def wrong(*persons: str) -> set[str]:
    """Kinds of faults of these persons."""
    return {fault.partition(":")[0] for fault in faults_of([person_id(number) for number in persons])}


def ready(world: World, person: str, hospital: str, fen: int, batch: str = "B1") -> str:
    """An outpatient visit with its lines, waiting to be settled."""
    visit = world.visit(person, hospital, DAY)
    world.upload(person, hospital, visit, DAY, {"in_scope": fen}, batch=batch)
    return visit


def undo(world: World, person: str, done: Settlement, inpatient: bool = False) -> Settlement:
    command = Cancel(done.settlement_no, done.visit_no, person, inpatient)
    return settlement.reverse(world.caller(done.institution_code, "2208"), command)


def line(person: str, visit: str, sn: str, fen: int = 100, batch: str = "B1", **more: Any) -> FeeLine:
    return FeeLine(
        *(sn, visit, person, ITEMS["in_scope"], fen, fen * 10_000, 10_000, instant(DAY, 10)), batch_no=batch, **more
    )


def upload(world: World, hospital: str, *lines: FeeLine, inpatient: bool = False) -> list[Any]:
    return settlement.upload_lines(world.caller(hospital, "2204"), UploadLines(lines, inpatient))


# Settlements of one person ------------------------------------------------------------------------------------


@LOCKED
def test_two_settlements_of_one_person(world: World, race: Race, locked: bool) -> None:
    twin, person = world.person(), world.person()
    hospitals = world.hospital("tertiary"), world.hospital("primary")
    wanted = [world.bill(twin, hospital, DAY, 400_000).amounts for hospital in hospitals]
    assert wanted[0]["act_pay_dedc"] > 0
    first, second = (ready(world, person, hospital, 400_000) for hospital in hospitals)
    done = race(
        lambda: world.settle(person, hospitals[0], first, 400_000),
        lambda: world.settle(person, hospitals[1], second, 400_000),
    )
    assert outcomes(done) == ["Settlement"] * 2
    if locked:
        assert [one.amounts for one in done] == wanted
        assert [one.seq for one in done] == [1, 2]
        assert wrong(person) == set()
    else:
        assert done[1].amounts["act_pay_dedc"] > wanted[1]["act_pay_dedc"], "the deductible is borne twice"
        assert [one.seq for one in done] == [1, 1]
        assert {"two documents with one sequence number", "counters are not those of a replay"} <= wrong(person)


@LOCKED
def test_one_batch_settled_twice(world: World, race: Race, locked: bool) -> None:
    person, hospital = world.person(balance_fen=100_000), world.hospital("secondary")
    visit = ready(world, person, hospital, 50_000)
    done = race(*[lambda: world.settle(person, hospital, visit, 50_000)] * 2)
    documents = sql.one("SELECT count(*) FROM settlement_document WHERE person_id = %s", (person_id(person),))
    if locked:
        assert outcomes(done) == ["Settlement", NothingToSettle.__name__]
        assert documents == (1,)
        assert wrong(person) == set()
    else:
        assert outcomes(done) == ["Settlement"] * 2
        assert documents == (2,), "one bill paid twice"
        assert "a standing document without its batch" in wrong(person)


@LOCKED
@pytest.mark.parametrize("cancel_first", [True, False], ids=["cancel-first", "settle-first"])
def test_settle_against_cancel(world: World, race: Race, locked: bool, cancel_first: bool) -> None:
    twin, person, hospital = world.person(), world.person(), world.hospital("tertiary")
    wanted = [world.bill(twin, hospital, DAY, 400_000).amounts for _ in range(2)]
    done = world.bill(person, hospital, DAY, 400_000)
    visit = ready(world, person, hospital, 400_000)
    verbs = [lambda: undo(world, person, done), lambda: world.settle(person, hospital, visit, 400_000)]
    answers = race(*(verbs if cancel_first else verbs[::-1]))
    if not locked:
        assert outcomes(answers) == ["Settlement"] * 2, "a settlement others build on is cancelled"
        assert "counters are not those of a replay" in wrong(person)
    elif cancel_first:
        assert outcomes(answers) == ["Settlement"] * 2
        assert {**answers[1].amounts} == {**wanted[0]}, "settled as the first of the year"
        assert wrong(person) == set()
    else:
        assert outcomes(answers) == ["Settlement", LaterSettlement.__name__]
        assert {**answers[0].amounts} == {**wanted[1]}
        assert wrong(person) == set()


@LOCKED
def test_one_settlement_cancelled_twice(world: World, race: Race, locked: bool) -> None:
    person, hospital = world.person(balance_fen=70_000), world.hospital("tertiary")
    done = world.bill(person, hospital, DAY, 400_000)
    answers = race(*[lambda: undo(world, person, done)] * 2)
    if locked:
        assert outcomes(answers) == ["Settlement", AlreadyCancelled.__name__]
    else:
        assert outcomes(answers) == ["Settlement", "AlreadyReversed"], "only the ledger's own rule holds it"
    assert wrong(person) == set()


@LOCKED
def test_two_settlements_cancelled_at_once(
    world: World, race: Race, locked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancelling, "switch", lambda *_: "replay_to_person")
    person, hospital = world.person(), world.hospital("tertiary")
    first, second, third = (world.bill(person, hospital, DAY, 400_000) for _ in range(3))
    answers = race(lambda: undo(world, person, second), lambda: undo(world, person, first))
    assert outcomes(answers) == ["Settlement"] * 2
    moved = sql.rows(
        "SELECT t.settlement_no FROM settlement_adjustment a JOIN settlement_document t ON t.id = a.target_id"
        " WHERE t.person_id = %s ORDER BY a.id",
        (person_id(person),),
    )
    if locked:
        assert wrong(person) == set()
        assert moved == [(third.settlement_no,)] * 2
    else:
        assert "counters are not those of a replay" in wrong(person)
        assert (second.settlement_no,) in moved, "a difference is settled for a bill that is cancelled"


def test_a_settlement_that_waited_for_joined_numbers(world: World, db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two numbers of one person are joined meanwhile: it is settled under the lock of that person, or not at all."""
    kept, other, hospital = world.person(), world.person(), world.hospital("tertiary")
    for number in (kept, other):
        world.bill(number, hospital, DAY, 400_000)
    visit = ready(world, other, hospital, 400_000)
    made = Meeting(db)
    monkeypatch.setattr(store, "put_person_year", made.held(store.put_person_year, only=0))
    write, held = store.write_settlement, []

    def watched(*values: Any) -> int:
        held.append(sql.one(HELD, (LOCK_OF_PERSONS + person_id(kept),)))
        return write(*values)

    monkeypatch.setattr(store, "write_settlement", watched)

    def join() -> object:
        with transaction.atomic():
            people.merge_persons(actor("agency_review"), kept, other, on=DAY, at=NOW)
            return settlement.join_person_years(actor("agency"), kept, NOW)

    _, answer = made.run(join, lambda: world.settle(other, hospital, visit, 400_000))
    assert isinstance(answer, TryAgain) or held == [(1,)]


# Accounts -----------------------------------------------------------------------------------------------------


@LOCKED
def test_one_account_spent_by_two_relatives(world: World, race: Race, locked: bool) -> None:
    owner, hospital = world.person(), world.hospital("secondary")
    account = world.fund_account(owner, 50_000)
    relatives = [world.person("resident", "adult") for _ in range(2)]
    for relative in relatives:
        people.authorise_family(actor("agency"), owner, relative, on=date(2024, 1, 1), at=NOW)
    visits = []
    for relative in relatives:
        visits.append(world.visit(relative, hospital, DAY, insutype="390"))
        world.upload(relative, hospital, visits[-1], DAY, {"non_covered": 40_000})
    done = race(
        *[
            lambda relative=relative, visit=visit: world.settle(relative, hospital, visit, 40_000, insutype="390")
            for relative, visit in zip(relatives, visits, strict=True)
        ]
    )
    left = sql.one("SELECT balance_fen FROM ledger_personal_account WHERE id = %s", (account,))
    spent = [getattr(one, "amounts", {}).get("acct_mulaid_pay") for one in done]
    if locked:
        assert spent == [40_000, 10_000]
        assert left == (0,)
    else:
        assert spent == [40_000, None], "the second would spend what the first took: only the ledger's own rule holds"
        assert left == (10_000,)
    assert wrong(owner, *relatives) == set()


@LOCKED
def test_the_balance_shown_is_the_balance_left(world: World, race: Race, locked: bool) -> None:
    owner, hospital = world.person(), world.hospital("secondary")
    account = world.fund_account(owner, 100_000)
    relative = world.person("resident", "adult")
    people.authorise_family(actor("agency"), owner, relative, on=date(2024, 1, 1), at=NOW)
    theirs = world.visit(relative, hospital, DAY, insutype="390")
    world.upload(relative, hospital, theirs, DAY, {"non_covered": 40_000})
    own = world.visit(owner, hospital, DAY)
    world.upload(owner, hospital, own, DAY, {"non_covered": 30_000})
    _, mine = race(
        lambda: world.settle(relative, hospital, theirs, 40_000, insutype="390"),
        lambda: world.settle(owner, hospital, own, 30_000),
    )
    assert sql.one("SELECT balance_fen FROM ledger_personal_account WHERE id = %s", (account,)) == (30_000,)
    assert mine.amounts["balc"] == (30_000 if locked else 70_000)


def test_accounts_are_locked_in_one_order(world: World, db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancellation that gives money back to a relative meets a settlement that may spend both accounts."""
    person, giver, other = world.person(), world.person(), world.person("resident", "adult")
    hospital = world.hospital("secondary")
    own = people.open_person_account(actor("agency"), person, area="371500", on=DAY, at=NOW)
    account = world.fund_account(giver, 50_000)
    assert own < account
    for owner, member in ((giver, person), (giver, other), (person, other)):
        people.authorise_family(actor("agency"), owner, member, on=date(2024, 1, 1), at=NOW)
    paid = world.visit(person, hospital, DAY)
    world.upload(person, hospital, paid, DAY, {"non_covered": 20_000})
    done = world.settle(person, hospital, paid, 20_000)
    assert done.amounts["acct_mulaid_pay"] == 20_000
    visit = world.visit(other, hospital, DAY, insutype="390")
    world.upload(other, hospital, visit, DAY, {"non_covered": 40_000})
    made = Meeting(db)
    monkeypatch.setattr(documents, "insert_negative", made.held(documents.insert_negative, only=0))
    answers = made.run(
        lambda: undo(world, person, done),
        lambda: world.settle(other, hospital, visit, 40_000, insutype="390"),
    )
    assert outcomes(answers) == ["Settlement"] * 2, answers
    assert answers[1].amounts["acct_mulaid_pay"] == 40_000


# Lines --------------------------------------------------------------------------------------------------------


@LOCKED
@pytest.mark.parametrize("upload_first", [True, False], ids=["upload-first", "settle-first"])
@pytest.mark.parametrize("inpatient", [False, True], ids=["outpatient", "stay"])
def test_upload_against_settle(world: World, race: Race, locked: bool, upload_first: bool, inpatient: bool) -> None:
    person, hospital = world.person(), world.hospital("tertiary")
    if inpatient:
        visit = world.stay(person, hospital, DAY)
        world.upload(person, hospital, visit, DAY, {"in_scope": 50_000}, inpatient=True)
        world.discharge(person, hospital, visit, DAY)
    else:
        visit = ready(world, person, hospital, 50_000)
    late = line(person, visit, "LATE")
    verbs = [
        lambda: upload(world, hospital, late, inpatient=inpatient),
        lambda: world.settle(person, hospital, visit, 50_000, inpatient=inpatient),
    ]
    answers = race(*(verbs if upload_first else verbs[::-1]))
    if not locked:
        assert sorted(outcomes(answers)) == ["Settlement", "list"]
        assert "a document and its batch differ" in wrong(person), "a line in a settled batch that nobody paid"
    elif upload_first:
        assert outcomes(answers) == ["list", TotalsDiffer.__name__]
        assert wrong(person) == set()
    else:
        assert outcomes(answers) == ["Settlement", (MoveRefused if inpatient else LinesRefused).__name__]
        assert wrong(person) == set()


@LOCKED
@pytest.mark.parametrize("withdraw_first", [True, False], ids=["withdraw-first", "settle-first"])
def test_withdrawal_against_settle(world: World, race: Race, locked: bool, withdraw_first: bool) -> None:
    person, hospital = world.person(), world.hospital("tertiary")
    visit = ready(world, person, hospital, 50_000)
    command = WithdrawLines(visit, person, "0000")
    verbs = [
        lambda: settlement.withdraw_lines(world.caller(hospital, "2205"), command, inpatient=False),
        lambda: world.settle(person, hospital, visit, 50_000),
    ]
    answers = race(*(verbs if withdraw_first else verbs[::-1]))
    if locked:
        assert outcomes(answers) == (
            ["int", NothingToSettle.__name__] if withdraw_first else ["Settlement", NothingToSettle.__name__]
        )
        assert wrong(person) == set()
    elif withdraw_first:
        assert "a document and its batch differ" in wrong(person), "a bill settled without a line"
    else:
        assert outcomes(answers) == ["Settlement", NothingToSettle.__name__], "the statement looks for itself"


@LOCKED
def test_two_uploads_of_one_line_number(world: World, race: Race, locked: bool) -> None:
    person, hospital = world.person(), world.hospital("tertiary")
    visit = world.visit(person, hospital, DAY)
    answers = race(*[lambda: upload(world, hospital, line(person, visit, "X1"))] * 2)
    if locked:
        assert outcomes(answers) == ["list", LinesRefused.__name__]
    else:
        assert outcomes(answers) == ["list", "UniqueViolation"], "only the database's own rule holds it"
    assert sql.one("SELECT lines, total_fen FROM settlement_batch WHERE visit_id = "
                   "(SELECT id FROM settlement_visit WHERE visit_no = %s)", (visit,)) == (1, 100)  # fmt: skip
    assert wrong(person) == set()


@LOCKED
def test_two_refunds_of_one_line(world: World, race: Race, locked: bool) -> None:
    person, hospital = world.person(), world.hospital("tertiary")
    visit = world.stay(person, hospital, DAY)
    upload(world, hospital, line(person, visit, "X1", 1_000, ""), line(person, visit, "X2", 5_000, ""), inpatient=True)

    def refund(sn: str) -> list[Any]:
        back = line(person, visit, sn, -1_000, "", refunds_sn="X1")
        return upload(world, hospital, back, inpatient=True)

    answers = race(lambda: refund("R1"), lambda: refund("R2"))
    if locked:
        assert outcomes(answers) == ["list", LinesRefused.__name__]
        assert wrong(person) == set()
    else:
        assert outcomes(answers) == ["list", "list"]
        assert wrong(person) == {"a line number lives twice, or a refund takes more than there was"}


@LOCKED
def test_upload_against_cancelled_registration(world: World, race: Race, locked: bool) -> None:
    person, hospital = world.person(), world.hospital("tertiary")
    visit = world.visit(person, hospital, DAY)
    answers = race(
        lambda: settlement.cancel_registration(world.caller(hospital, "2202"), visit, person),
        lambda: upload(world, hospital, line(person, visit, "X1")),
    )
    if locked:
        assert outcomes(answers) == ["NoneType", MoveRefused.__name__]
        assert wrong(person) == set()
    else:
        assert outcomes(answers) == ["NoneType", "list"]
        assert wrong(person) == {"a cancelled visit still has lines"}


def test_a_trial_reads_and_leaves_nothing(world: World, db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial between another's read and write waits for it, and then shows what is true."""
    person, hospital = world.person(), world.hospital("tertiary")
    first, second = (ready(world, person, hospital, 400_000) for _ in range(2))
    command = Settle(second, person, "310", 400_000, False, "B1", "11")
    made = meeting(db, monkeypatch, BEFORE_WRITES)
    done, trial = made.run(
        lambda: world.settle(person, hospital, first, 400_000),
        lambda: settlement.pre_settle(world.caller(hospital, "2206"), command),
    )
    assert (done.seq, trial.seq, made.met) == (1, 2, False)
    assert trial.amounts == world.settle(person, hospital, second, 400_000).amounts


def test_a_settlement_that_meets_a_closed_month_is_refused(world: World) -> None:
    """The message came before midnight, the month was closed before it was written."""
    person, hospital = world.person(), world.hospital("tertiary")
    visit = ready(world, person, hospital, 400_000)
    with transaction.atomic():
        ledger.close_month(actor("finance"), "371500", Month(date(2026, 9, 1)), world.now)
    caller = world.caller(hospital, at=datetime(2026, 9, 30, 15, 59, tzinfo=UTC))
    with pytest.raises(PeriodClosed):
        settlement.settle(caller, Settle(visit, person, "310", 400_000, False, "B1", "11"))
