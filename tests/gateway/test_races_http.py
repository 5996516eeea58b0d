"""Messages at once: the same one twice, one and its 2601; then many at once on a real server with several workers.

What keeps them apart is the unique message number. Without that index the wrong outcome is certain: both are held
between reading and writing (`tests.support.races`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.test import Client

from openyibao.foundation import sql
from openyibao.foundation.actors import SYSTEM
from openyibao.gateway import facade as gateway
from openyibao.gateway import journal
from openyibao.settlement import store
from tests.support.hospital import ENTRY, Hospital, Line, Reply, bill, sums_of
from tests.support.races import Meeting, meeting
from tests.support.servers import Platform
from tests.support.truth import faults_of, faults_of_ledger, person_id
from tests.support.world import ITEMS, World, choose_items, instant

pytestmark = pytest.mark.slow
"""Waits for locks."""

DAY = date(2025, 3, 5)
AT = instant(DAY)
KEPT_APART = pytest.mark.parametrize("once", [True, False], ids=["once", "no-index"])
AT_ONCE = 8


class InProcess(Hospital):
    """A hospital whose messages are answered in this process, in the thread that sends them."""

    def __init__(self, code: str) -> None:
        super().__init__(("", 0), code)

    def post(self, body: bytes, path: str = ENTRY) -> Reply:
        answer = Client().generic("POST", path, body, "application/json")
        assert answer.status_code == 200, answer.content
        return reply(answer.content)


def reply(raw: bytes) -> Reply:
    import json
    from decimal import Decimal

    return Reply(raw, json.loads(raw, parse_float=Decimal))


@pytest.fixture
def hospital(new_db: str) -> str:
    """An institution that need not sign, in a world of its own."""
    code = World.made().hospital("tertiary")
    choose_items()
    gateway.register_credential(SYSTEM, institution_code=code, area="371502", security="none")
    return code


@pytest.fixture
def person(hospital: str) -> str:
    return World().person()


@pytest.fixture
def race(new_db: str, hospital: str, once: bool, monkeypatch: pytest.MonkeyPatch) -> Meeting:
    """Two messages at once; `once`: message numbers are unique, as they should be."""
    if not once:
        sql.run("DROP INDEX gateway_message_once")
        for name in ("_CLAIM", "_TOMBSTONE"):
            text = getattr(journal, name)
            conflict = text[text.index("ON CONFLICT") : text.index("RETURNING")]
            monkeypatch.setattr(journal, name, text.replace(conflict, ""))
    return meeting(new_db, monkeypatch, [(store, "insert_visit"), (store, "write_settlement")])


def ready(hospital: Hospital, person: str, amount: str = "4000.00") -> tuple[str, dict[str, str]]:
    """A visit up to its settlement."""
    visit = hospital.register(person, "310", AT)["data"]["mdtrt_id"]
    hospital.record(person, visit, AT)
    pieces = str(int(float(amount) * 100))
    return visit, sums_of(hospital.upload(person, visit, [Line("1", ITEMS["in_scope"], amount, pieces)], AT))


def count(statement: str, *params: object) -> int:
    found = sql.one(statement, params)
    assert found is not None
    return int(found[0])


@KEPT_APART
def test_one_settlement_sent_twice_at_once(race: Meeting, hospital: str, person: str, once: bool) -> None:
    sender = InProcess(hospital)
    visit, sums = ready(sender, person)
    body = sender.body("2207", {"data": bill("2207", person, visit, sums, "310")})
    first, second = race.run(*[lambda: sender.post(body)] * 2)
    assert not first.refused
    if once:
        assert first.raw == second.raw
    else:
        assert second.code == "NOTHING_TO_SETTLE", "refused, for what the same message did"
    assert count("SELECT count(*) FROM settlement_document") == 1
    assert faults_of([person_id(person)]) == faults_of_ledger() == []


@KEPT_APART
def test_one_registration_sent_twice_at_once(race: Meeting, hospital: str, person: str, once: bool) -> None:
    sender = InProcess(hospital)
    case = {"psn_no": person, "insutype": "310", "begntime": "2025-03-05 09:00:00", "ipt_otp_no": "O1"}
    card = {"mdtrt_cert_type": "01", "mdtrt_cert_no": "CARD", "atddr_no": "D1", "dr_name": "李示例", "caty": "A03"}
    body = sender.body("2201", {"data": {**case, **card, "dept_code": "A03", "dept_name": "内科"}})
    first, second = race.run(*[lambda: sender.post(body)] * 2)
    assert not first.refused
    assert (first.raw == second.raw) is once
    assert count("SELECT count(*) FROM settlement_visit") == (1 if once else 2)


@KEPT_APART
def test_2601_meets_its_message_under_way(race: Meeting, hospital: str, person: str, once: bool) -> None:
    sender = InProcess(hospital)
    visit, sums = ready(sender, person)
    number = sender.msgid()
    body = sender.body("2207", {"data": bill("2207", person, visit, sums, "310")}, number)
    undo = sender.body("2601", {"data": {"psn_no": person, "omsgid": number, "oinfno": "2207"}})
    settled, undone = race.run(lambda: sender.post(body), lambda: sender.post(undo))
    assert not settled.refused
    assert not undone.refused
    standing = count("SELECT count(*) FROM settlement_document WHERE state = 'standing'")
    if once:
        assert (undone.code, standing) == ("", 0)
        assert sender.post(body).code == "MESSAGE_COMPENSATED"
    else:
        assert (undone.code, standing) == ("NOTHING_TO_COMPENSATE", 1), "told that there is nothing, and it stands"
    assert faults_of([person_id(person)]) == faults_of_ledger() == []


# A real server ------------------------------------------------------------------------------------------------


@pytest.fixture
def platform(new_db: str, hospital: str) -> Iterator[Platform]:
    with Platform(url=new_db, environment={"OPENYIBAO_GATEWAY_PER_SECOND": "0"}) as found:
        yield found


def together(platform: Platform, code: str, *verbs: Callable[[Hospital], Any]) -> list[Any]:
    """Verbs at once, each on a connection of its own; what they give or raise."""
    go = threading.Barrier(len(verbs))

    def run(verb: Callable[[Hospital], Any]) -> Any:
        mine = Hospital(platform.address, code)
        go.wait(30)
        try:
            return verb(mine)
        except Exception as problem:
            return problem
        finally:
            mine.close()

    with ThreadPoolExecutor(len(verbs)) as pool:
        return [one.result(60) for one in [pool.submit(run, verb) for verb in verbs]]


@pytest.mark.slow
def test_many_at_once_on_a_real_server(platform: Platform, hospital: str) -> None:
    """Eight senders of one message; two settlements and a cancellation of one person; a message and its 2601."""
    sender = Hospital(platform.address, hospital)
    world = World()
    persons = [world.person(balance_fen=100_000) for _ in range(6)]
    for person in persons:
        visit, sums = ready(sender, person, "3000.00")
        body = sender.body("2207", {"data": bill("2207", person, visit, sums, "310")})
        answers = together(platform, hospital, *[lambda mine, body=body: mine.post(body)] * AT_ONCE)
        assert len({one.raw for one in answers}) == 1, [one.envelope for one in answers if one.refused]
        first = answers[0].output["setlinfo"]["setl_id"]
        visits = [ready(sender, person, "3000.00") for _ in range(2)]
        answers = together(
            platform,
            hospital,
            *[
                lambda mine, at=at, person=person, visits=visits: mine.settle(person, *visits[at], "310")
                for at in (0, 1, 0, 1)
            ],
            lambda mine, person=person, visit=visit, first=first: mine.cancel(person, visit, first),
        )
        done = [str(getattr(one, "code", "done")) for one in answers]
        assert done[:4].count("done") == 2, "each batch once"
        assert set(done) <= {"done", "NOTHING_TO_SETTLE", "LATER_SETTLEMENT"}
        visit, sums = ready(sender, person, "3000.00")
        number = sender.msgid()
        body = sender.body("2207", {"data": bill("2207", person, visit, sums, "310")}, number)
        settled, undone = together(
            platform,
            hospital,
            lambda mine, body=body: mine.post(body),
            lambda mine, person=person, number=number: mine.compensate(person, "2207", number),
        )
        assert undone == {}
        assert settled.code in ("", "MESSAGE_COMPENSATED")
        assert count("SELECT count(*) FROM settlement_document WHERE msgid = %s AND state = 'standing'", number) == 0
    sender.close()
    assert faults_of([person_id(person) for person in persons]) == faults_of_ledger() == []
