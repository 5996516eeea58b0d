"""20,000 hostile messages: never a 500, never a partial write. And the proof sees what it is there to see."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connection

from openyibao.foundation import sql
from openyibao.gateway import dispatch
from openyibao.gateway.handlers.base import HANDLERS, Call, Reply
from openyibao.gateway.handlers.registry import load_handlers
from openyibao.kernel.errors import Refused
from tests.proofs.hostile import offered_not_done, prove, unlimited
from tests.support.besieged import Ground
from tests.support.hostile_messages import DAMAGES, Known, damaged
from tests.support.hostile_sockets import CLOSE, request
from tests.support.servers import Platform
from tests.support.siege import Direct, Found, Siege
from tests.support.touched import watch

pytestmark = pytest.mark.slow
"""Messages by the hundred."""


@pytest.mark.slow
def test_20_000_hostile_messages(new_db: str) -> None:
    found = prove(new_db, 20_000, seed=20_250_305)
    assert found.faults == [], "\n\n".join(found.faults[:10])
    assert found.messages >= 20_000
    assert found.by_way["over http"] >= 2_000
    assert found.by_way["on sockets"] >= 400
    assert set(found.by_damage) == set(DAMAGES)
    assert offered_not_done(found) == set()
    assert found.checks >= 40
    assert found.hostile_done > 1_000, "hardly any damaged message is accepted: partial writes were hardly tried"
    assert sum(found.good_done.values()) > 1_000, "hardly any visit went through"
    assert len(found.by_code) > 25


def test_the_same_seed_damages_the_same_way() -> None:
    message = b'{"infno": "2207", "msgid": "1", "input": {"data": {"psn_no": "1", "medfee_sumamt": "1.00"}}}'
    known = Known(["1"], ["V"], ["S"], ["H"], ["C"])
    made = [
        [damaged(dice, message, known) for _ in range(300)]
        for dice in (random.Random(5), random.Random(5), random.Random(6))
    ]
    same = [one.how == other.how for one, other in zip(made[0], made[1], strict=True)]
    assert all(same)
    assert made[0] != made[2]
    assert len({one.body for one in made[0]}) > 200


@pytest.mark.slow
@pytest.mark.xfail(reason="a server thread waits for the rest of a body without a limit of time", strict=True)
def test_bodies_that_never_come_do_not_keep_others_waiting(new_db: str) -> None:
    """More connections than the server has threads, each with half a body: others must still be answered."""
    with Platform(url=new_db, workers=1, threads=2) as platform, ExitStack() as stack:
        for _ in range(8):
            held = stack.enter_context(socket.create_connection(platform.address))
            held.sendall(request(b"{", length=5_000))
        time.sleep(1)
        asking = stack.enter_context(socket.create_connection(platform.address, timeout=5))
        asking.sendall(request(b"{}", CLOSE))
        assert asking.recv(100).startswith(b"HTTP/1.1 401")


# The proof itself ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def besieged(db: str) -> Iterator[tuple[Ground, Siege]]:
    with unlimited():
        ground = Ground(1)
        watch()
        yield ground, Siege(Direct(), Found(1), random.Random(1), ground.personal)


def faults_with(besieged: tuple[Ground, Siege], messages: int = 150) -> str:
    """What the siege finds in some messages."""
    ground, siege = besieged
    siege.found = Found(1)
    while siege.found.messages < messages:
        ground.live(siege, lambda: siege.found.messages >= messages, 6)
    return "\n".join(siege.found.faults)


def test_a_few_hundred_messages_find_nothing(besieged: tuple[Ground, Siege]) -> None:
    assert faults_with(besieged, 400) == ""


def plant(monkeypatch: pytest.MonkeyPatch, infno: str, wrapped: Any) -> None:
    load_handlers()
    real = HANDLERS[infno]
    monkeypatch.setitem(HANDLERS, infno, lambda call: wrapped(real, call))


def test_a_bug_in_a_handler_is_found(besieged: tuple[Ground, Siege], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(real: Any, call: Call) -> Reply:
        raise KeyError(call.data["data"]["psn_no"])

    plant(monkeypatch, "2201", broken)
    assert "answered with INTERNAL" in faults_with(besieged)


def test_a_500_is_found(besieged: tuple[Ground, Siege], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> bytes:
        raise RuntimeError("beyond the edge")

    monkeypatch.setattr(dispatch, "_refused", broken)
    assert "HTTP 500" in faults_with(besieged)


def test_a_write_that_outlives_its_refusal_is_found(
    besieged: tuple[Ground, Siege], monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaky(real: Any, call: Call) -> Reply:
        real(call)
        connection.connection.execute("COMMIT")
        connection.connection.execute("BEGIN")
        raise Refused("planted")

    plant(monkeypatch, "2201", leaky)
    assert "refused, yet committed" in faults_with(besieged)


def test_half_a_write_is_found(besieged: tuple[Ground, Siege], monkeypatch: pytest.MonkeyPatch) -> None:
    def half(real: Any, call: Call) -> Reply:
        made: Reply = real(call)
        sql.run("DELETE FROM settlement_visit WHERE visit_no = %s", (made.visit_no,))
        sql.run("UPDATE people_person SET note = note WHERE id = (SELECT min(id) FROM people_person)")
        return made

    plant(monkeypatch, "2201", half)
    assert "2201 wrote" in faults_with(besieged)


def test_a_success_without_a_write_is_found(besieged: tuple[Ground, Siege], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_written", lambda *_: dispatch._encoded(_[-1], "2202", {}, ""))
    assert "success that did nothing" in faults_with(besieged)


def test_a_person_given_away_is_found(besieged: tuple[Ground, Siege], monkeypatch: pytest.MonkeyPatch) -> None:
    ground, _ = besieged
    name = next(iter(ground.named.values()))[0]

    def telling(real: Any, call: Call) -> Reply:
        raise Refused(f"不是 {name}")

    plant(monkeypatch, "2201", telling)
    assert "gives away a person" in faults_with(besieged)


def test_a_leak_of_the_program_is_found(besieged: tuple[Ground, Siege], monkeypatch: pytest.MonkeyPatch) -> None:
    def telling(_: Any, call: Call) -> Reply:
        raise Refused('File "/srv/x.py", line 3')

    plant(monkeypatch, "2201", telling)
    assert "gives away how it was made" in faults_with(besieged)
