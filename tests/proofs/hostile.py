"""Hostile messages against the gateway: every one is answered in form, and none leaves half a writing behind.

    python -m tests.proofs.hostile --messages 100000 --seed 1

Hospitals live ordinary visits; before each message that would succeed, damaged copies of it are sent. Most go through
the WSGI application of this process, a part over HTTP to the real server, and some as bytes on a socket. After every
message it is known what was committed meanwhile: a refusal commits nothing but its own journal row, a success one
transaction with all that belongs to it. Every 500 messages everything is counted again from the rows.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any

from openyibao.gateway import standards
from tests.support.besieged import Ground
from tests.support.hospital import Hospital, stamp
from tests.support.hostile_messages import Message
from tests.support.hostile_sockets import Expect, raw_cases
from tests.support.siege import LEAKS, Direct, Found, OverHttp, Siege
from tests.support.touched import taken, watch

CHECKED_EVERY = 500

# Counting again ---------------------------------------------------------------------------------------------------

_MESSAGES = {
    "a message claimed and not finished": """
        SELECT infno, msgid FROM gateway_message WHERE state = 'done' AND reply = ''::bytea
        AND code <> 'MESSAGE_COMPENSATED'""",
    "a document without its message": """
        SELECT d.infno, d.msgid FROM settlement_document d LEFT JOIN gateway_message m
        ON m.document = d.settlement_no AND m.institution_code = d.institution_code AND m.state = 'done'
        WHERE m.id IS NULL AND d.infno <> '2601' AND d.state <> 'negative'""",
    "a visit without its message": """
        SELECT v.visit_no FROM settlement_visit v LEFT JOIN gateway_message m
        ON m.document = v.visit_no AND m.infno IN ('2201', '2401') AND m.state = 'done' WHERE m.id IS NULL""",
}


def check(ground: Ground, found: Found) -> None:
    """Everything these persons have, counted again from the rows."""
    from openyibao.foundation import sql
    from tests.support.truth import faults_of

    found.checks += 1
    for fault in faults_of(ground.person_ids()):
        found.fault(f"after {found.messages} messages: {fault}")
    for what, statement in _MESSAGES.items():
        for row in sql.rows(statement):
            found.fault(f"after {found.messages} messages: {what}: {row}")


class Log(logging.Handler):
    """Keeps every line that is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def logged() -> Iterator[Log]:
    """What is logged meanwhile, from INFO on."""
    log, root = Log(), logging.getLogger()
    before, handlers = root.level, list(root.handlers)
    root.setLevel(logging.INFO)
    root.handlers[:] = [log]
    try:
        yield log
    finally:
        root.setLevel(before)
        root.handlers[:] = handlers


@contextmanager
def unlimited() -> Iterator[None]:
    """No limit on messages a second in this process, nor in the servers it starts."""
    from openyibao.gateway import dispatch
    from openyibao.gateway.options import PREFIX, options

    before = os.environ.get(f"{PREFIX}PER_SECOND")
    os.environ[f"{PREFIX}PER_SECOND"] = "0"
    options.cache_clear()
    dispatch._limiter.cache_clear()
    try:
        yield
    finally:
        os.environ.pop(f"{PREFIX}PER_SECOND")
        if before is not None:
            os.environ[f"{PREFIX}PER_SECOND"] = before
        options.cache_clear()
        dispatch._limiter.cache_clear()


# All of it --------------------------------------------------------------------------------------------------------


def prove(url: str, messages: int, seed: int, tell: Callable[[str], None] = lambda line: None) -> Found:
    """Messages against the gateway on a fresh migrated database, Django connected to it.

    One in ten goes over HTTP, and every raw case on a socket once for each 2,000 messages.
    """
    from openyibao.foundation import sql
    from tests.support.servers import Platform
    from tests.support.truth import faults_of_ledger

    found = Found(seed)
    with unlimited(), logged() as log:
        ground = Ground(seed)
        watch()
        siege = Siege(Direct(), found, random.Random(f"direct {seed}"), ground.personal)
        _stage(ground, siege, messages - messages // 10, each=24, tell=tell)
        lines = list(log.lines)
        platform = Platform(url=url, environment={"OPENYIBAO_LOG": "INFO"})
        platform.log.unlink(missing_ok=True)
        with platform:
            before = found.messages
            outside = Siege(OverHttp(platform.address), found, random.Random(f"http {seed}"), ground.personal)
            outside.replies = siege.replies
            _stage(ground, outside, before + messages // 10, each=24, tell=tell)
            _raw(ground, platform, found, max(1, messages // 2_000))
            if not platform.running() or not platform.healthy():
                found.fault(f"the server does not serve any more: {platform.tail()}")
        lines += platform.tail(1 << 30).splitlines()
        for fault in faults_of_ledger():
            found.fault(f"in the end: {fault}")
        check(ground, found)
    told = sql.one("SELECT count(*) FROM settlement_document")
    found.documents = int(told[0]) if told else 0
    _logs(ground, found, lines)
    return found


def _stage(ground: Ground, siege: Siege, upto: int, *, each: int, tell: Callable[[str], None]) -> None:
    """Live visits until a number of messages, counting again every 500."""
    found, way = siege.found, siege.way.name
    taken()
    began = time.monotonic()
    while found.messages < upto:
        goal = min(upto, found.messages + CHECKED_EVERY)
        start, before = time.monotonic(), len(found.faults)
        ground.live(siege, partial(_reached, found, goal), each)
        found.seconds[way] += time.monotonic() - start
        check(ground, found)
        taken()
        if found.checks % 10 == 0 or len(found.faults) > before:
            tell(f"{found.messages} messages, {len(found.faults)} faults, {time.monotonic() - began:.0f} s ({way})")
        if len(found.faults) > 200:
            return


def _reached(found: Found, goal: int) -> bool:
    return found.messages >= goal


def _raw(ground: Ground, platform: Any, found: Found, rounds: int) -> None:
    """Bytes on a socket: whatever they are, the server goes on, and nothing is written but by a whole message."""
    hospital = Hospital(platform.address, ground.codes[0])
    siege = Siege(OverHttp(platform.address), found, random.Random("raw"), ground.personal)
    start = time.monotonic()
    for turn in range(rounds):
        for name, run, expect in raw_cases(platform.address):
            person = ground.dice.choice(list(ground.insutypes))
            at = ground.instant(date(2025, 3, 1))
            data = {
                "psn_no": person,
                "insutype": ground.insutypes[person],
                "begntime": stamp(at),
            }
            data |= {"ipt_otp_no": f"raw{turn}", "mdtrt_cert_type": "01", "mdtrt_cert_no": "TEST-CARD", "caty": "A03"}
            data |= {"atddr_no": "D1", "dr_name": "李示例", "dept_code": "A03", "dept_name": "内科"}
            bodies = [hospital.body("2201", {"data": data}) for _ in range(2)]
            found.messages += 1
            found.by_way["on sockets"] += 1
            got = run(bodies)
            sent = Message(bodies[0], f"socket: {name}")
            if LEAKS.search(got.decode("utf-8", "replace")) or b" 500 " in got[:20]:
                found.fault("an answer gives away how it was made, or is a 500", sent, got)
            if expect is not Expect.EITHER:
                count = len(got.split(b'"infcode":0')) - 1
                if count != expect.value:
                    found.fault(f"{count} done instead of {expect.value}", sent, got)
            if expect is Expect.EITHER:
                time.sleep(0.05)
            done = [number for one in taken() for number in one.done]
            if expect is not Expect.EITHER and len(done) != expect.value:
                found.fault(f"committed {done} instead of {expect.value}", sent, got)
        answer = siege.way.send(Message(hospital.body("1901", {"data": ground.question}), "good"))
        if answer.status != 200:
            found.fault(f"after raw cases the server answers {answer.status}")
    found.seconds["on sockets"] += time.monotonic() - start


def _logs(ground: Ground, found: Found, lines: list[str]) -> None:
    """Nobody is named in what was logged, and no bug was."""
    words = re.compile("|".join(map(re.escape, ground.personal)))
    for line in lines:
        if hit := words.search(line):
            found.fault(f"logged: {ground.personal[hit.group()]}: {line[:300]}")
        if " ERROR " in line and "forged" not in line:
            found.fault(f"logged as an error: {line[:3000]}")
    if not any("refused" in line for line in lines):
        found.fault("nothing was logged: the log was not captured")


def offered_not_done(found: Found) -> set[str]:
    """Transactions offered of which no good message succeeded."""
    return set(standards.transactions()) - set(found.good_done)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    from tests.support.databases import server

    os.environ["OPENYIBAO_SANDBOX"] = "1"
    began = time.monotonic()

    def tell(line: str) -> None:
        print(line, flush=True)  # noqa: T201

    with server(f"hostile{os.getpid()}") as postgres, postgres.fresh() as url:
        from openyibao.foundation.setup import django_ready

        django_ready(url)
        found = prove(url, asked.messages, asked.seed, tell)
        from django.db import connection

        connection.close()
    for fault in found.faults[:100]:
        tell(f"! {fault}")
    if missing := offered_not_done(found):
        tell(f"! never done: {sorted(missing)}")
    tell(f"{found.summary()} {time.monotonic() - began:.0f} s")
    return 1 if found.faults or missing else 0


if __name__ == "__main__":
    sys.exit(main())
