"""Kill the server and PostgreSQL under load, start them again, and compare everything with what clients were told.

    python -m tests.proofs.kill --rounds 50 --seed 1

A round: several hospitals send outpatient and inpatient bills of the same persons at once; at a random moment something
is killed with `kill -9`; it is started again; what was acknowledged must exist once with the acknowledged amounts, what
was not must exist once or not at all, and 5203, a repeat and 2601 must tell the truth about it. Then everything these
persons have is counted again from the rows. PostgreSQL runs with its ordinary durability (fsync on).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from openyibao.foundation.launcher import ROOT_HOME
from tests.support.hospital import ENTRY, Hospital, Line, OutcomeUnknown, RefusedByPlatform, Reply, sums_of
from tests.support.servers import Platform

CLIENTS = 8
PERSONS = 18
LOAD_SECONDS = (0.0, 2.5)
"""From the first settlements of a round, when the new server is warm, to the kill."""
BURST_SECONDS = (0.0, 0.4)
"""The same in a round where every visit was made ready before and only settlements are under way."""
WARM = 3
READY = 6
"""Visits each client makes ready for a burst."""
KINDS = ("server", "postmaster", "postgres", "server+postgres", "server+postmaster", "backend")
"""What is killed. postmaster: PostgreSQL's main process alone; postgres: all of it; backend: one session of it."""
OPENS, SETTLES, CANCELS, UPLOADS = ("2201", "2401"), ("2207", "2304"), ("2208", "2305"), ("2204", "2301")
WRITES = (*OPENS, *SETTLES, *CANCELS, *UPLOADS, "2203", "2402")
SAME = ("medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "act_pay_dedc")
SAME += ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay", "fund_pay_sumamt")
SAME += ("acct_pay", "acct_mulaid_pay", "balc", "setl_id", "medins_setl_id")
AMOUNTS = {**{name: name for name in SAME}, "psn_cash_pay": "cash_payamt", "psn_part_amt": "psn_pay"}
"""What a settlement's reply and 5203 say by the names of each."""


# What clients do and what they were told ----------------------------------------------------------------------


@dataclass
class Sent:
    """One message and what became of it, as its sender knows it: a reply, or none."""

    hospital: str
    infno: str
    msgid: str
    body: bytes
    data: Mapping[str, Any]
    reply: Reply | None = None

    @property
    def state(self) -> str:
        """acknowledged, refused or unknown."""
        if self.reply is None:
            return "unknown"
        try:
            self.reply.output  # noqa: B018 raises
        except RefusedByPlatform:
            return "refused"
        except OutcomeUnknown:
            return "unknown"
        return "acknowledged"

    def said(self, name: str) -> str:
        """A member of the message, wherever it stands in the input."""
        for node in self.data.values():
            row = node[0] if isinstance(node, list) else node
            if name in row:
                return str(row[name])
        return ""


class Recorded(Hospital):
    """A hospital that keeps what it sent."""

    def __init__(self, address: tuple[str, int], code: str, sent: list[Sent]) -> None:
        super().__init__(address, code, timeout=60)
        self.sent = sent

    def send(self, infno: str, data: Mapping[str, Any], msgid: str = "", **members: Any) -> dict[str, Any]:
        number = msgid or self.msgid()
        one = Sent(self.code, infno, number, self.body(infno, data, number, **members), data)
        self.sent.append(one)
        one.reply = self.post(one.body)
        return one.reply.output


class Patient(Hospital):
    """A hospital that sends again, the same bytes, while the platform says so: after a lost session it says it once."""

    def post(self, body: bytes, path: str = ENTRY) -> Reply:
        for _ in range(20):
            reply = super().post(body, path)
            if reply.code != "TRY_AGAIN":
                break
            time.sleep(0.05)
        return reply


class Client(threading.Thread):
    """Sends bills of random persons until told to stop. A visit with a message of unknown outcome is left alone."""

    def __init__(self, name: str, world: Ground, address: tuple[str, int], stop: threading.Event, seed: str) -> None:
        super().__init__(name=name, daemon=True)
        self.ground = world
        self.stop = stop
        self.dice = random.Random(seed)
        self.sent: list[Sent] = []
        self.hospitals = [Recorded(address, code, self.sent) for code in world.hospitals]
        self.visits = 0
        self.settled = 0
        self.burst: threading.Barrier | None = None
        self.problem: BaseException | None = None

    def run(self) -> None:
        try:
            if self.burst is not None:
                ready = [self._ready() for _ in range(READY)]
                self.burst.wait(60)
            while not self.stop.is_set():
                try:
                    (ready.pop() if self.burst is not None and ready else self._ready())()
                except OutcomeUnknown:
                    time.sleep(0.02)
                except RefusedByPlatform as refusal:
                    if refusal.code != "LATER_SETTLEMENT":
                        raise
        except BaseException as problem:
            self.problem = problem
        for hospital in self.hospitals:
            hospital.close()

    def _ready(self) -> Callable[[], None]:
        """A visit up to its settlement; what settles it."""
        self.visits += 1
        return (self._stay if self.dice.random() < 0.3 else self._outpatient)()

    def _outpatient(self) -> Callable[[], None]:
        hospital, (person, insutype), at = self._choice()
        visit = hospital.register(person, insutype, at, self._case())["data"]["mdtrt_id"]
        hospital.record(person, visit, at)
        sums = sums_of(hospital.upload(person, visit, self._lines(30), at))
        if self.dice.random() < 0.3:
            hospital.trial(person, visit, sums, insutype)

        def settle() -> None:
            info = hospital.settle(person, visit, sums, insutype)["setlinfo"]
            self._afterwards(hospital, person, visit, info["setl_id"], hospital.cancel)

        return settle

    def _stay(self) -> Callable[[], None]:
        hospital, (person, insutype), at = self._choice()
        visit = hospital.admit(person, insutype, at, self._case())["result"]["mdtrt_id"]
        ups = [hospital.upload(person, visit, self._lines(400), at, inpatient=True) for _ in range(2)]
        hospital.discharge(person, visit, insutype, at + timedelta(days=5))
        sums = sums_of(*ups)

        def settle() -> None:
            info = hospital.settle_stay(person, visit, sums, insutype)["setlinfo"]
            self._afterwards(hospital, person, visit, info["setl_id"], hospital.cancel_stay)

        return settle

    def _afterwards(self, hospital: Hospital, person: str, visit: str, number: str, cancel: Callable[..., Any]) -> None:
        self.settled += 1
        if self.burst is not None:
            return
        if self.dice.random() < 0.3:
            hospital.settlement(person, visit, number)
        if self.dice.random() < 0.3:
            cancel(person, visit, number)

    def _choice(self) -> tuple[Recorded, tuple[str, str], Any]:
        at = self.ground.instant(date(2025, 1, 10) + timedelta(days=self.dice.randrange(400)))
        return self.dice.choice(self.hospitals), self.dice.choice(self.ground.persons), at

    def _case(self) -> str:
        return f"{self.name}-{self.visits}"

    def _lines(self, yuan: int) -> list[Line]:
        count = self.dice.randint(1, 3)
        return [
            Line(
                f"{self.visits}-{self.dice.getrandbits(40):x}-{at}",
                self.ground.item if self.dice.random() < 0.8 else "NOT-IN-CATALOGUE",
                f"{Decimal(pieces) / 100:.2f}",
                str(pieces),
            )
            for at, pieces in enumerate(self.dice.randint(1_00, yuan * 100) for _ in range(count))
        ]


# The world ----------------------------------------------------------------------------------------------------


class Ground:
    """Institutions, and the persons of a round; Django of this process on the platform's database."""

    def __init__(self, platform: Platform) -> None:
        from openyibao.foundation.setup import django_ready

        self.platform = platform
        django_ready(platform.embedded.url())
        from tests.support.world import ITEMS, World, choose_items, instant

        self.instant = instant
        self.reconnect()
        self.world = World.made()
        choose_items()
        self.item = ITEMS["in_scope"]
        self.hospitals = [self.world.hospital(level) for level in ("tertiary", "secondary", "primary")]
        self.persons: list[tuple[str, str]] = []
        self._register()

    def _register(self) -> None:
        from openyibao.gateway import facade as gateway
        from tests.support.actors import SYSTEM

        for code in self.hospitals:
            gateway.register_credential(SYSTEM, institution_code=code, area=code[1:7], security="none")

    def reconnect(self, killed_at: float = 0) -> None:
        """Connect to PostgreSQL again once it answers; started again, it may listen elsewhere.

        killed_at: when it was hit; sessions from before must be gone, so that it is not the one about to end.
        """
        from django.db import DatabaseError, connection

        from openyibao.foundation.database import django_database

        deadline = time.monotonic() + 120
        while True:
            try:
                connection.close()
                connection.settings_dict.update(django_database(self.platform.embedded.url()))
                if not old_sessions(killed_at):
                    return
            except (DatabaseError, OSError, ValueError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def new_persons(self) -> None:
        """Persons of a round: employees with money in their accounts, residents who may spend some of it."""
        from openyibao.people import facade as people
        from tests.support.actors import actor
        from tests.support.world import NOW

        employees = [self.world.person(balance_fen=(at % 3) * 50_000) for at in range(PERSONS * 2 // 3)]
        residents = [self.world.person("resident", "adult") for _ in range(PERSONS - len(employees))]
        for owner, member in zip(employees[1:], [*residents, *employees[5:]], strict=False):
            if owner != member:
                people.authorise_family(actor("agency"), owner, member, on=date(2024, 1, 1), at=NOW)
        self.persons = [(one, "310") for one in employees] + [(one, "390") for one in residents]


# A round ------------------------------------------------------------------------------------------------------


@dataclass
class Round:
    """What was done in a round and what was found."""

    number: int
    seed: int
    kind: str
    after_s: float = 0.0
    rush: bool = False
    burst: bool = False
    sent: list[Sent] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    had_happened: int = 0
    recovery_s: float = 0.0
    faults: list[str] = field(default_factory=list)

    def line(self) -> str:
        states = Counter(one.state for one in self.sent if one.infno in SETTLES)
        return (
            f"round {self.number} seed {self.seed}: killed {self.kind} after {self.after_s:.2f} s"
            f"{' in a burst' if self.burst else ''}"
            f"{' (asked at once)' if self.rush else ''}; messages {len(self.sent)},"
            f" settlements acknowledged {states['acknowledged']}, unknown {states['unknown']}"
            f" (of them done {self.had_happened}); other unknown {sum(self.unknown.values())};"
            f" back in {self.recovery_s:.1f} s; faults {len(self.faults)}"
        )


def run_round(ground: Ground, number: int, seed: int) -> Round:
    """Load, kill, start again, compare."""
    dice = random.Random(f"{seed}/{number}")
    made = Round(number, seed, KINDS[(number + seed) % len(KINDS)], rush=dice.random() < 0.3)
    made.burst = dice.random() < 0.5
    ground.new_persons()
    stop = threading.Event()
    clients = [
        Client(f"{seed}-{number}-{at}", ground, ground.platform.address, stop, f"{seed}/{number}/{at}")
        for at in range(CLIENTS)
    ]
    together = threading.Barrier(CLIENTS)
    for client in clients:
        client.burst = together if made.burst else None
        client.start()
    began = time.monotonic()
    _await_settlements(clients)
    time.sleep(dice.uniform(*(BURST_SECONDS if made.burst else LOAD_SECONDS)))
    kill(ground.platform, made.kind, dice)
    made.after_s = time.monotonic() - began
    killed_at = time.time()
    stop.set()
    began = time.monotonic()
    recover(ground.platform, made.kind)
    made.recovery_s = time.monotonic() - began
    for client in clients:
        client.join(120)
        made.sent += client.sent
        if client.problem is not None:
            made.faults.append(f"{client.name}: {type(client.problem).__name__}: {client.problem}")
    ground.reconnect(0 if made.kind == "server" else killed_at)
    Checks(ground, made, dice, killed_at).run()
    return made


def _await_settlements(clients: list[Client]) -> None:
    deadline = time.monotonic() + 60
    while sum(client.settled for client in clients) < WARM and time.monotonic() < deadline:
        time.sleep(0.01)


def kill(platform: Platform, kind: str, dice: random.Random) -> None:
    """kill -9, of the server first where both are killed, PostgreSQL a moment after it or at once."""
    if kind == "backend":
        platform.kill_backend(dice.randrange(100))
        return
    if "server" in kind:
        platform.kill_server()
    if kind.startswith("server+"):
        time.sleep(dice.choice((0, 0, 0.002, 0.02)))
    if "postmaster" in kind:
        platform.kill_postmaster()
    elif "postgres" in kind:
        platform.kill_postgres()


def recover(platform: Platform, kind: str) -> None:
    """Until it serves again. A server that was not killed must find the database again by itself."""
    if "server" in kind:
        platform.kill_server()
        platform.start()
    platform.wait(120)


# Comparing ----------------------------------------------------------------------------------------------------


class Checks:
    """What was told against what is stored; everything wrong is a line in `faults`."""

    def __init__(self, ground: Ground, made: Round, dice: random.Random, killed_at: float) -> None:
        self.ground = ground
        self.made = made
        self.dice = dice
        self.killed_at = killed_at
        self.hospitals = {code: Patient(ground.platform.address, code) for code in ground.hospitals}

    def run(self) -> None:
        from tests.support.truth import faults_of, faults_of_ledger, person_id

        if not self.made.rush:
            self._settle_down()
        for one in self.made.sent:
            self._check(one)
        self._settle_down()
        self._check_messages()
        self.made.faults += faults_of([person_id(number) for number, _ in self.ground.persons])
        self.made.faults += faults_of_ledger()
        for hospital in self.hospitals.values():
            hospital.close()

    def fault(self, one: Sent, what: str) -> None:
        self.made.faults.append(f"{one.infno} {one.msgid} ({one.state}): {what}")

    def _settle_down(self) -> None:
        """Until sessions of the killed server are gone: one of them may be committing still."""
        deadline = time.monotonic() + 60
        while old_sessions(self.killed_at):
            if time.monotonic() > deadline:
                self.made.faults.append("a session of the killed server lives on")
                return
            time.sleep(0.02)

    # One message ----------------------------------------------------------------------------------------------

    def _check(self, one: Sent) -> None:
        try:
            self._check_one(one)
        except OutcomeUnknown as problem:
            self.fault(one, f"no answer afterwards: {problem}")

    def _check_one(self, one: Sent) -> None:
        code = one.reply.code if one.reply is not None else ""
        if code == "INTERNAL":
            self.fault(one, "answered INTERNAL")
        if one.state == "refused":
            if code != "LATER_SETTLEMENT" or self._effects(one):
                self.fault(one, f"refused with {code}, effects {self._effects(one)}")
        elif one.state == "acknowledged":
            self._check_acknowledged(one)
        elif one.infno in WRITES:
            self._check_unknown(one)

    def _check_acknowledged(self, one: Sent) -> None:
        assert one.reply is not None
        if one.infno in WRITES and (count := self._effects(one)) != 1:
            self.fault(one, f"acknowledged, and there {count} times")
        if one.infno not in SETTLES:
            return
        told = one.reply.output["setlinfo"]
        kept = self._asked(one, told["setl_id"])
        if kept is None or differ(told, kept):
            self.fault(one, f"told {told['setl_id']}, 5203 says something else or nothing")

    def _check_unknown(self, one: Sent) -> None:
        """Once or not at all; then a repeat, a compensation, or both, and what they say must be so."""
        before = None if self.made.rush else self._effects(one)
        if before not in (None, 0, 1):
            self.fault(one, f"there {before} times")
        if one.infno not in SETTLES:
            self.made.unknown[one.infno] += 1
            self._repeat(one, before)
            return
        if before is not None:
            self.made.had_happened += before
            if (self._asked(one) is not None) != bool(before):
                self.fault(one, f"5203 says {'nothing' if before else 'settled'} with {before} documents")
        what = self.dice.choice(("repeat", "compensate", "both"))
        if what != "compensate":
            self._repeat(one, before)
        if what != "repeat":
            self._compensate(one)

    def _repeat(self, one: Sent, before: int | None) -> None:
        """The same message again: done now or shown as it was, and the same bytes ever after."""
        hospital = self.hospitals[one.hospital]
        kept = self._number(one)
        reply = hospital.post(one.body)
        try:
            output = reply.output
        except RefusedByPlatform as refusal:
            if refusal.code != "LATER_SETTLEMENT" or one.infno not in CANCELS or self._effects(one):
                self.fault(one, f"a repeat is refused: {refusal}; before {before}")
            return
        if (count := self._effects(one)) != 1:
            self.fault(one, f"repeated, and there {count} times")
        if before and kept != self._number(one):
            self.fault(one, f"a repeat made another document: {kept}, {self._number(one)}")
        if hospital.post(one.body).raw != reply.raw:
            self.fault(one, "two repeats are answered differently")
        if one.infno in SETTLES:
            shown = self._asked(one, output["setlinfo"]["setl_id"])
            if shown is None or differ(output["setlinfo"], shown):
                self.fault(one, "a repeat and 5203 say different things")

    def _compensate(self, one: Sent) -> None:
        """2601, twice; afterwards nothing of the message stands, and it cannot arrive late."""
        hospital = self.hospitals[one.hospital]
        for _ in range(2):
            try:
                hospital.compensate(one.said("psn_no"), one.infno, one.msgid)
            except RefusedByPlatform as refusal:
                if refusal.code != "LATER_SETTLEMENT" or self._standing(one) != 1:
                    self.fault(one, f"2601 is refused: {refusal}")
                return
        if self._standing(one):
            self.fault(one, "stands after 2601")
        shown = self._asked(one)
        if shown is not None and shown["refd_setl_flag"] != "1":
            self.fault(one, f"5203 shows it as standing after 2601: {shown}")
        late = hospital.post(one.body)
        if late.code != "MESSAGE_COMPENSATED" or self._standing(one):
            self.fault(one, f"arrived late after 2601: {late.envelope}")

    # What is stored -------------------------------------------------------------------------------------------

    def _effects(self, one: Sent) -> int:
        """How often a message took effect, from what it made, not from the journal of messages."""
        from openyibao.foundation import sql

        if one.infno in OPENS:
            case = one.said("ipt_otp_no") or one.said("ipt_no")
            found = sql.one("SELECT count(*) FROM settlement_visit WHERE case_no = %s", (case,))
        elif one.infno in UPLOADS:
            numbers = [row["feedetl_sn"] for row in one.data["feedetail"]]
            found = sql.one(
                "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM settlement_line l JOIN settlement_visit v"
                " ON v.id = l.visit_id WHERE v.visit_no = %s AND l.sn = ANY(%s::text[]) GROUP BY l.sn"
                " HAVING (SELECT count(*) FROM settlement_line o WHERE o.visit_id = min(l.visit_id)"
                " AND o.sn = ANY(%s::text[])) >= %s) x",
                (one.said("mdtrt_id"), numbers, numbers, len(numbers)),
            )
        elif one.infno in ("2203", "2402"):
            states = ["registered"] if one.infno == "2203" else ["admitted"]
            found = sql.one(
                "SELECT count(*) FROM settlement_visit WHERE visit_no = %s AND state <> ALL(%s::text[])",
                (one.said("mdtrt_id"), states),
            )
        else:
            found = sql.one(
                "SELECT count(*) FROM settlement_document WHERE msgid = %s AND infno = %s", (one.msgid, one.infno)
            )
        assert found is not None
        return int(found[0])

    def _standing(self, one: Sent) -> int:
        from openyibao.foundation import sql

        found = sql.one(
            "SELECT count(*) FROM settlement_document WHERE msgid = %s AND infno = %s AND state = 'standing'",
            (one.msgid, one.infno),
        )
        assert found is not None
        return int(found[0])

    def _number(self, one: Sent) -> Any:
        from openyibao.foundation import sql

        return sql.one(
            "SELECT settlement_no, state FROM settlement_document WHERE msgid = %s AND infno = %s",
            (one.msgid, one.infno),
        )

    def _asked(self, one: Sent, number: str = "") -> dict[str, Any] | None:
        """What 5203 says; None when it says that there is none."""
        hospital = self.hospitals[one.hospital]
        try:
            found: dict[str, Any] = hospital.settlement(one.said("psn_no"), one.said("mdtrt_id"), number)["setlinfo"]
            return found
        except RefusedByPlatform as refusal:
            if refusal.code != "SETTLEMENT_UNKNOWN":
                self.fault(one, f"5203 is refused: {refusal}")
            return None

    def _check_messages(self) -> None:
        """The journal of messages agrees with what there is: no half row, no document without its message."""
        from openyibao.foundation import sql

        for what, statement in _MESSAGES.items():
            self.made.faults += [f"{what}: {row}" for row in sql.rows(statement)]


def old_sessions(killed_at: float) -> bool:
    """Whether a session from before the kill is still there."""
    from openyibao.foundation import sql

    return bool(
        sql.rows(
            "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            " AND datname = current_database() AND backend_start < to_timestamp(%s) LIMIT 1",
            (killed_at,),
        )
    )


def differ(told: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    """Whether a settlement's reply and what 5203 shows of it are not the same."""
    return any(told[name] != kept[other] for name, other in AMOUNTS.items())


_MESSAGES = {
    "a message claimed and not finished": """
        SELECT infno, msgid FROM gateway_message WHERE state = 'done' AND reply = ''::bytea
        AND code <> 'MESSAGE_COMPENSATED'""",
    "a message without its document": """
        SELECT m.infno, m.msgid, m.document FROM gateway_message m
        LEFT JOIN settlement_document d ON d.settlement_no = m.document AND d.msgid = m.msgid AND d.infno = m.infno
        WHERE m.state = 'done' AND m.infno IN ('2207', '2304', '2208', '2305') AND d.id IS NULL
        AND m.code <> 'MESSAGE_COMPENSATED'""",
    "a document without its message": """
        SELECT d.infno, d.msgid FROM settlement_document d LEFT JOIN gateway_message m
        ON m.msgid = d.msgid AND m.infno = d.infno AND m.institution_code = d.institution_code AND m.state = 'done'
        WHERE m.id IS NULL""",
    "a visit without its message": """
        SELECT v.visit_no FROM settlement_visit v LEFT JOIN gateway_message m
        ON m.document = v.visit_no AND m.infno IN ('2201', '2401') AND m.state = 'done' WHERE m.id IS NULL""",
}


# All rounds ---------------------------------------------------------------------------------------------------


@contextmanager
def new_home() -> Iterator[Path]:
    """A folder for an embedded PostgreSQL of our own, removed afterwards."""
    base = ROOT_HOME if os.geteuid() == 0 else Path(tempfile.gettempdir())
    base.mkdir(parents=True, exist_ok=True, mode=0o755)
    home = base / f"kill-{uuid.uuid4().hex[:8]}"
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def prove(rounds: int, seed: int, tell: Callable[[str], None]) -> list[Round]:
    """Run rounds; each one's line and faults are told as they come."""
    os.environ["OPENYIBAO_SANDBOX"] = "1"
    found = []
    with new_home() as home:
        platform = Platform(home=home, environment={"OPENYIBAO_GATEWAY_PER_SECOND": "0"})
        try:
            platform.start()
            ground = Ground(platform)
            for number in range(rounds):
                found.append(run_round(ground, number, seed))
                tell(found[-1].line())
                for fault in found[-1].faults[:20]:
                    tell(f"  ! {fault}")
        finally:
            platform.stop()
            with suppress(Exception):
                platform.embedded.stop()
    return found


def summary(rounds: list[Round]) -> str:
    """Numbers of all rounds as one JSON line."""
    sent = [one for made in rounds for one in made.sent]
    settles = Counter(one.state for one in sent if one.infno in SETTLES)
    return json.dumps(
        {
            "rounds": len(rounds),
            "messages": len(sent),
            "acknowledged": settles["acknowledged"],
            "unknown": settles["unknown"],
            "unknown_done": sum(made.had_happened for made in rounds),
            "other_unknown": sum(sum(made.unknown.values()) for made in rounds),
            "refused": Counter(one.reply.code for one in sent if one.reply is not None and one.state == "refused"),
            "faults": sum(len(made.faults) for made in rounds),
        },
        ensure_ascii=False,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    found = prove(options.rounds, options.seed, lambda line: print(line, flush=True))  # noqa: T201
    print(summary(found), f"{time.monotonic() - began:.0f} s")  # noqa: T201
    return 1 if any(made.faults for made in found) else 0


if __name__ == "__main__":
    sys.exit(main())
