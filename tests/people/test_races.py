"""Two at once: what the person's lock prevents, and that the database refuses it even without the lock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from openyibao.kernel.errors import Refused, TryAgain
from openyibao.people import facade, premium, store
from openyibao.people.errors import CoverageOverlap, DuplicatePerson, PersonBusy
from openyibao.people.logic import gate
from tests.people.support import AGENCY, FINANCE, REVIEW, at, day, employee, person, spells, worker
from tests.support.invented import identity

pytestmark = pytest.mark.usefixtures("db")


def at_once(*verbs: Callable[[], Any]) -> list[Any]:
    """Answers or refusals of verbs run at once, each on a connection of its own."""

    def run(verb: Callable[[], Any]) -> Any:
        try:
            return verb()
        except (Refused, TryAgain) as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(verbs)) as pool:
        return [future.result(timeout=30) for future in [pool.submit(run, verb) for verb in verbs]]


def unlock(monkeypatch: pytest.MonkeyPatch, module: Any, decision: str) -> None:
    """No lock on persons, and both sides have read and decided before either writes."""
    monkeypatch.setattr(store, "locked", lambda *numbers: tuple(store.person(number) for number in numbers))
    barrier = threading.Barrier(2)
    decide = getattr(module, decision)

    def wait(*args: Any) -> Any:
        answer = decide(*args)
        barrier.wait(10)
        return answer

    monkeypatch.setattr(module, decision, wait)


@pytest.mark.parametrize("locked", [True, False])
def test_two_enrolments_of_one_person(locked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    number = person()
    if not locked:
        unlock(monkeypatch, gate, "decide")
    answers = at_once(
        lambda: employee(number, "2024-01-01"), lambda: employee(number, "2024-01-01", employment="organ")
    )
    assert sorted(isinstance(answer, CoverageOverlap) for answer in answers) == [False, True]
    assert len(spells(number)) == 1


def test_two_registrations_of_one_document() -> None:
    who = identity(day("1980-05-20"))

    def register() -> str:
        return facade.register_person(
            AGENCY, who, gender="1", born_on=day("1980-05-20"), area="371500", at=at("2024-01-01")
        )

    answers = at_once(register, register, register)
    assert [type(answer) for answer in answers if not isinstance(answer, str)] == [DuplicatePerson] * 2
    assert facade.find_person(AGENCY, "01", who.cert_no).main_no in answers


@pytest.mark.parametrize("locked", [True, False])
def test_one_contribution_paid_twice_at_once(locked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    number = worker("2022-01-01")
    if not locked:
        unlock(monkeypatch, premium, "due")

    def pay() -> object:
        return facade.record_contribution(
            FINANCE, number, "2022-05", on=day("2022-05-10"), at=at("2022-05-10"), wage_fen=374_600
        )

    first, second = at_once(pay, pay)
    if locked:
        assert first == second
    else:
        assert sorted(isinstance(answer, PersonBusy) for answer in (first, second)) == [False, True]
    assert [account.balance_fen for account in facade.accounts_of(AGENCY, number)] == [11_238]


def test_enrolment_meets_a_merge() -> None:
    keep, drop = person(), person()
    started = threading.Event()

    def enrol() -> object:
        started.set()
        return employee(drop, "2024-01-01")

    def merge() -> object:
        with transaction.atomic():
            facade.merge_persons(REVIEW, keep, drop, on=day("2024-01-01"), at=at("2024-01-01"))
            release.wait(0.5)
        return None

    release = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        merging = pool.submit(lambda: at_once(merge))
        started.wait(0.2)
        enrolled = pool.submit(lambda: at_once(enrol))
        merging.result(30)
        (answer,) = enrolled.result(30)
    assert isinstance(answer, PersonBusy)
    assert spells(keep) == []
    employee(drop, "2024-01-01")
    assert len(spells(keep)) == 1
