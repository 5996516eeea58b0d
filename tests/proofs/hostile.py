"""Hostile messages against the gateway: every one is answered in form, and none leaves half a writing behind.

    python -m tests.proofs.hostile --messages 100000 --seed 1

Hospitals live ordinary visits; before each message that would succeed, damaged copies of it are sent. Most go through
the WSGI application of this process, a part over HTTP to the real server, and some as bytes on a socket. After every
message it is known what was committed meanwhile: a refusal commits nothing but its own journal row, a success one
transaction with all that belongs to it. Every 500 messages everything is counted again from the rows.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Protocol

from openyibao.gateway import standards
from tests.support.hospital import Hospital, Line, OutcomeUnknown, RefusedByPlatform, Reply, sums_of
from tests.support.hostile_messages import ENTRY, SIGNED, Known, Message, damaged
from tests.support.hostile_sockets import Wire, raw_cases
from tests.support.touched import Committed, taken, watch

PERSONS = 60
CHECKED_EVERY = 500
MEMBERS = {
    *("infcode", "inf_refmsgid", "refmsg_time", "respond_time", "err_msg", "warn_msg", "cainfo", "signtype", "output"),
}
STATUSES = {401, 404, 405, 411, 413, 415, 429}
CODE = re.compile(r"[A-Z][A-Z0-9_]{2,39}")
LEAKS = re.compile(
    r"Traceback|File \"|site-packages|/src/|/usr/lib|\.py\b|psycopg|django|openyibao\.|line \d+|SELECT |INSERT |UPDATE |"
    r"Exception|Error\b|0x[0-9a-f]{8}"
)
"""What no answer may contain. Damage never puts any of it into a message."""
OPENS, SETTLES, UPLOADS = {"2201", "2401"}, {"2207", "2304"}, {"2204", "2301"}
CANCELS = {"2208", "2305"}
BELONGS: dict[str, tuple[set[str], set[str]]] = {
    **dict.fromkeys(OPENS, ({"settlement_visit"}, set())),
    **dict.fromkeys(
        ("2202", "2203", "2203A", "2402", "2403", "2404", "2405"), ({"settlement_visit"}, {"settlement_batch"})
    ),
    **dict.fromkeys(UPLOADS, ({"settlement_line", "settlement_batch"}, {"settlement_visit"})),
    **dict.fromkeys(("2205", "2302"), ({"settlement_line", "settlement_batch"}, {"settlement_visit"})),
    **dict.fromkeys(
        SETTLES,
        (
            {"settlement_document", "settlement_batch", "settlement_visit", "settlement_person_year"},
            {"ledger_journal", "ledger_leg", "ledger_personal_account", "settlement_line"},
        ),
    ),
    **dict.fromkeys(
        CANCELS,
        (
            {"settlement_document", "settlement_batch", "settlement_visit", "settlement_person_year"},
            {"ledger_journal", "ledger_leg", "ledger_personal_account", "settlement_adjustment", "settlement_line"},
        ),
    ),
    **dict.fromkeys(("4101", "4101A"), ({"settlement_list"}, set())),
    **dict.fromkeys(("9001", "9002"), ({"gateway_session"}, set())),
    "2601": (
        set(),
        {
            *("settlement_document", "settlement_batch", "settlement_visit", "settlement_person_year"),
            *("settlement_adjustment", "settlement_line", "ledger_journal", "ledger_leg", "ledger_personal_account"),
        },
    ),
}
"""What the transaction of an accepted message writes: tables it must touch, tables it may."""


# What happened ----------------------------------------------------------------------------------------------------


@dataclass
class Found:
    """Numbers of a run, and everything that was wrong."""

    seed: int
    messages: int = 0
    by_way: Counter[str] = field(default_factory=Counter)
    by_code: Counter[str] = field(default_factory=Counter)
    by_damage: Counter[str] = field(default_factory=Counter)
    good_sent: Counter[str] = field(default_factory=Counter)
    good_done: Counter[str] = field(default_factory=Counter)
    hostile_done: int = 0
    checks: int = 0
    silent: int = 0
    seconds: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, what: str, sent: Message | None = None, answer: bytes = b"") -> None:
        text = what
        if sent is not None:
            shown = sent.body if len(sent.body) < 3_000 else sent.body[:1_500] + b" ... " + sent.body[-300:]
            other = {"path": sent.path, "method": sent.method, "headers": sent.headers, "length": sent.length}
            text += f"\n    damage {sent.how}, {len(sent.body)} bytes, {other}\n    sent {shown!r}\n    got {answer[:600]!r}"
        self.faults.append(text)

    def summary(self) -> str:
        """Numbers as one JSON line."""
        return json.dumps(
            {
                "seed": self.seed,
                "messages": self.messages,
                **{name: count for name, count in sorted(self.by_way.items())},
                "per_second": {name: round(self.by_way[name] / max(s, 0.001)) for name, s in self.seconds.items()},
                "answers": dict(self.by_code.most_common(60)),
                "damages": len(self.by_damage),
                "hostile accepted": self.hostile_done,
                "good sent": sum(self.good_sent.values()),
                "good done": sum(self.good_done.values()),
                "transactions done": len(self.good_done),
                "documents": self.documents,
                "no answer": self.silent,
                "full checks": self.checks,
                "faults": len(self.faults),
            },
            ensure_ascii=False,
        )


# Ways in ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """Status and body of an HTTP answer; status 0 when none came."""

    status: int
    body: bytes


class Way(Protocol):
    """How messages reach the gateway."""

    name: str

    def send(self, message: Message) -> Answer: ...


class Direct:
    """The WSGI application of this process."""

    name = "in process"

    def __init__(self) -> None:
        from django.core.handlers.wsgi import WSGIHandler

        self.application = WSGIHandler()

    def send(self, message: Message) -> Answer:
        path, _, query = message.path.partition("?")
        from urllib.parse import unquote_to_bytes

        environ: dict[str, Any] = {
            "REQUEST_METHOD": message.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(message.body),
            "wsgi.errors": sys.stderr,
        }
        for name, value in message.headers:
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE",) else f"HTTP_{key}"] = value
        length = str(len(message.body)) if message.length is None else message.length
        if length:
            environ["CONTENT_LENGTH"] = length
        if message.chunked:
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        status: list[int] = []
        parts = self.application(environ, lambda line, headers, *_: status.append(int(line.split()[0])))
        body = b"".join(parts)
        parts.close()
        return Answer(status[0], body)


class OverHttp:
    """The real server, on a connection of our own."""

    name = "over http"

    def __init__(self, address: tuple[str, int]) -> None:
        self.wire = Wire(address)

    def send(self, message: Message) -> Answer:
        return Answer(*self.wire.send(message))


# The siege --------------------------------------------------------------------------------------------------------


class Disturbed(Exception):
    """A damaged message was accepted and changed the visit under way; what follows may be refused."""


class Siege:
    """Sends messages one way, and looks at every answer and at what was committed."""

    def __init__(self, way: Way, found: Found, dice: random.Random, personal: Mapping[str, str]) -> None:
        self.way = way
        self.found = found
        self.dice = dice
        self.known = Known()
        self.personal = personal
        self.words = re.compile("|".join(map(re.escape, sorted(personal, key=len, reverse=True))) or "(?!)")
        self.replies: dict[str, bytes] = {}
        self.touched: set[str] = set()
        self.began = time.monotonic()

    def good(self, infno: str, body: bytes) -> Answer:
        """Send a message that should succeed."""
        sent = Message(body, "good")
        self.found.good_sent[infno] += 1
        answer, done = self._one(sent)
        if done:
            self.found.good_done[infno] += 1
        return answer

    def hostile(self, sent: Message) -> bool:
        """Send a damaged message; whether it was accepted and changed something."""
        self.found.by_damage[sent.how.partition("+")[0]] += 1
        _, done = self._one(sent)
        self.found.hostile_done += done
        return done and bool(self.touched)

    def _one(self, sent: Message) -> tuple[Answer, bool]:
        self.found.messages += 1
        self.found.by_way[self.way.name] += 1
        answer = self.way.send(sent)
        self.touched = set()
        reply = self._look(sent, answer)
        try:
            committed = taken()
        except Exception as problem:
            self.found.fault(f"the database is gone after a message: {problem}", sent, answer.body)
            raise
        accepted = reply is not None and reply["infcode"] == 0
        self._compare(sent, answer, accepted, committed)
        return answer, accepted

    # The answer ---------------------------------------------------------------------------------------------------

    def _look(self, sent: Message, answer: Answer) -> dict[str, Any] | None:
        """The envelope of an answer, None for one that is none; everything wrong with it is a fault."""
        text = answer.body.decode("utf-8", "replace")
        if LEAKS.search(text) and not _echoed(text, sent.body):
            self.found.fault("an answer gives away how it was made", sent, answer.body)
        if answer.status == 0:
            self.found.silent += 1
            self.found.by_code["no answer"] += 1
            if sent.honest and not sent.chunked and sent.method == "POST":
                self.found.fault("no answer to a whole message", sent, answer.body)
            return None
        if answer.status != 200:
            self._plain(sent, answer, text)
            return None
        try:
            reply = json.loads(text, parse_constant=_refuse, object_pairs_hook=_once)
        except ValueError as problem:
            self.found.fault(f"the answer is no JSON: {problem}", sent, answer.body)
            return None
        if wrong := _form(reply):
            self.found.fault(f"the answer is not in form: {wrong}", sent, answer.body)
            return None
        code = reply["warn_msg"].partition(" ")[0]
        self.found.by_code[code or "done"] += 1
        if code in ("INTERNAL", "TRY_AGAIN"):
            self.found.fault(f"answered with {code}", sent, answer.body)
        if reply["infcode"] == -1:
            self._gives_away(sent, text)
        return dict(reply)

    def _plain(self, sent: Message, answer: Answer, text: str) -> None:
        self.found.by_code[f"HTTP {answer.status}"] += 1
        if answer.status == 400 and self.way.name != Direct.name and not text:
            return  # the server itself: no HTTP
        if answer.status not in STATUSES:
            self.found.fault(f"HTTP {answer.status}", sent, answer.body)
        if sent.method == "HEAD":
            return
        try:
            reply = json.loads(text)
            assert set(reply) == {"code", "message"}
            assert reply["code"] == answer.status
            assert reply["message"]
        except (ValueError, AssertionError):
            self.found.fault(f"HTTP {answer.status} without its small JSON", sent, answer.body)

    def _gives_away(self, sent: Message, text: str) -> None:
        """A refusal names nobody whom the message did not name."""
        message = ""
        for word in set(self.words.findall(text)):
            message = (
                message or f"{sent.body.decode('utf-8', 'replace')} {sent.body.decode('unicode_escape', 'replace')}"
            )
            if word not in message:
                self.found.fault(f"a refusal gives away a person: {self.personal[word]}", sent, text.encode())

    # What was committed -------------------------------------------------------------------------------------------

    def _compare(self, sent: Message, answer: Answer, accepted: bool, committed: list[Committed]) -> None:
        for one in committed:
            self.touched |= one.tables
            if not one.done:
                if one.tables:
                    self.found.fault(f"written without a message: {dict(one.rows)}", sent, answer.body)
                continue
            if not accepted:
                self.found.fault(f"refused, yet committed: {one.done} {dict(one.rows)}", sent, answer.body)
            self._complete(sent, answer, one)
        if len([one for one in committed if one.done]) > 1:
            self.found.fault("more than one transaction for one message", sent, answer.body)
        if accepted:
            self._accepted(sent, answer, committed)

    def _complete(self, sent: Message, answer: Answer, one: Committed) -> None:
        own = [number for number in one.done if not number.startswith(("2207|", "2304|", "2401|"))] or one.done
        infno = own[0].partition("|")[0]
        must, may = BELONGS.get(infno, (set(), set()))
        if not must <= one.tables or not one.tables <= must | may:
            self.found.fault(f"{infno} wrote {sorted(one.tables)}: {dict(one.rows)}", sent, answer.body)
        if "ledger_journal" in one.tables and "ledger_leg" not in one.tables:
            self.found.fault(f"{infno}: a journal without legs", sent, answer.body)
        if infno in UPLOADS:
            with suppress(ValueError, TypeError, KeyError):
                given = json.loads(sent.body)["input"]["feedetail"]
                if isinstance(given, list) and one.rows["settlement_line", "INSERT"] != len(given):
                    self.found.fault(f"{infno}: not as many lines as sent", sent, answer.body)

    def _accepted(self, sent: Message, answer: Answer, committed: list[Committed]) -> None:
        """Success of a writing message: its own transaction now, or the stored reply of an earlier one, byte for byte."""
        done = [number for one in committed for number in one.done]
        if done:
            self.replies[done[0]] = answer.body
            self.known.accepted = [*self.known.accepted[-40:], sent.body]
            return
        if any("read" in one.messages for one in committed):
            return
        with suppress(ValueError, TypeError, KeyError):
            text = sent.body.removeprefix(b"\xef\xbb\xbf").decode()
            given = json.loads(text)
            key = f"{given['infno']}|{given['fixmedins_code']}|{str(given['msgid']).strip()}"
            if self.replies.get(key) == answer.body:
                return
        if answer.body not in self.replies.values():
            self.found.fault("success that did nothing and repeats nothing", sent, answer.body)


def _echoed(text: str, body: bytes) -> bool:
    """Whether what looks like a leak was in the message."""
    message = body.decode("utf-8", "replace")
    return all(match.group() in message for match in LEAKS.finditer(text))


def _refuse(token: str) -> Any:
    raise ValueError(f"{token} in an answer")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a member twice")
    return made


def _form(reply: Any) -> str:
    """What is not as documented about an envelope; "" when it is in form."""
    if not isinstance(reply, dict) or set(reply) != MEMBERS:
        return "members"
    if any(not isinstance(reply[name], str) for name in MEMBERS - {"infcode", "output"}):
        return "a member that is no text"
    if not re.fullmatch(r"[0-9]{30}", reply["inf_refmsgid"]):
        return f"inf_refmsgid {reply['inf_refmsgid']!r}"
    if not re.fullmatch(r"[0-9]{17}", reply["refmsg_time"]) or not re.fullmatch(r"[0-9]{17}", reply["respond_time"]):
        return "times"
    if reply["infcode"] is True or reply["infcode"] not in (0, -1) or not isinstance(reply["output"], dict):
        return "infcode or output"
    if reply["infcode"] == -1:
        named = CODE.fullmatch(reply["warn_msg"]) and 0 < len(reply["err_msg"]) <= 4_000
        return "" if named and not reply["output"] else "a refusal without code or reason, or with output"
    return "" if not reply["err_msg"] else "a success with a reason"


# Visits -----------------------------------------------------------------------------------------------------------


class Besieged(Hospital):
    """A hospital each of whose messages is preceded by damaged copies of it."""

    def __init__(self, siege: Siege, code: str, persons: Mapping[str, tuple[str, str]], each: int) -> None:
        super().__init__(("127.0.0.1", 1), code)
        self.siege = siege
        self.persons = persons
        self.each = each
        self.disturbed = False

    def send(self, infno: str, data: Mapping[str, Any], msgid: str = "", **members: Any) -> dict[str, Any]:
        self._name(data)
        number = msgid or self.msgid()
        body = self.body(infno, data, number, **members)
        some = self.siege.dice
        for _ in range(self.each if some.random() < 0.25 else some.choice((0, 0, 0, 1))):
            base = body if self.siege.dice.random() < 0.3 else self.body(infno, data, self.msgid(), **members)
            if self.siege.hostile(damaged(self.siege.dice, base, self.siege.known)):
                self.disturbed = True
        answer = self.siege.good(infno, body)
        self.siege.known.seen = [*self.siege.known.seen[-60:], body]
        if answer.status != 200:
            self.siege.found.fault(f"HTTP {answer.status} to a good message", Message(body, "good"), answer.body)
            raise Disturbed
        reply = Reply(answer.body, json.loads(answer.body, parse_float=Decimal))
        try:
            return reply.output
        except (RefusedByPlatform, OutcomeUnknown) as refusal:
            if not self.disturbed and reply.code != "LATER_SETTLEMENT":
                self.siege.found.fault(f"a good message was refused: {refusal}", Message(body, "good"), answer.body)
            raise Disturbed from None

    def _name(self, data: Mapping[str, Any]) -> None:
        """Let the message say who the person is: what logs and errors must not repeat."""
        for node in data.values():
            for row in node if isinstance(node, list) else [node]:
                if isinstance(row, dict) and "mdtrt_cert_type" in row and row.get("psn_no") in self.persons:
                    name, cert_no = self.persons[row["psn_no"]]
                    row |= {"mdtrt_cert_type": "02", "mdtrt_cert_no": cert_no, "certno": cert_no, "psn_name": name}


class Ground:
    """Institutions, persons, and the visits they live."""

    def __init__(self, seed: int) -> None:
        from openyibao.gateway import facade as gateway
        from openyibao.institutions import facade as institutions
        from openyibao.people import facade as people
        from tests.support.actors import SYSTEM, actor
        from tests.support.hostile_messages import SECRET
        from tests.support.world import ITEMS, NOW, World, choose_items, instant

        self.dice = random.Random(f"ground {seed}")
        self.question = {"type": "INSUTYPE", "admdvs": "371500", "date": "2025-03-05", "vali_flag": "1"}
        self.instant = instant
        self.world = World.made()
        choose_items()
        self.item = ITEMS["in_scope"]
        self.codes = [self.world.hospital(level) for level in ("tertiary", "secondary", "primary")]
        for code in self.codes:
            gateway.register_credential(SYSTEM, institution_code=code, area=code[1:7], security="none")
        self.codes.append(SIGNED)
        assert SIGNED not in institutions.institutions([SIGNED])
        for security in ("aksk", "tif", "xca"):
            gateway.register_credential(
                SYSTEM, institution_code=SIGNED, area="371500", security=security, key="KEY", secret=SECRET
            )
        employees = [self.world.person(balance_fen=(at % 3) * 50_000) for at in range(PERSONS * 2 // 3)]
        residents = [self.world.person("resident", "adult") for _ in range(PERSONS - len(employees))]
        for owner, member in zip(employees[1:], residents, strict=False):
            people.authorise_family(actor("agency"), owner, member, on=date(2024, 1, 1), at=NOW)
        self.insutypes = {**dict.fromkeys(employees, "310"), **dict.fromkeys(residents, "390")}
        self.identities = {one: people.dossier(SYSTEM, one).identity() for one in self.insutypes}
        self.named = {one: (who.name, who.cert_no) for one, who in self.identities.items()}

    @property
    def personal(self) -> dict[str, str]:
        """Text that belongs to one person -> what it is."""
        made = {}
        for number, who in self.identities.items():
            made |= {
                who.cert_no: f"certificate of {number}",
                who.phone: f"phone of {number}",
                who.name: f"name of {number}",
            }
        return made

    def person_ids(self) -> list[int]:
        from tests.support.truth import person_id

        return [person_id(number) for number in self.insutypes]

    def live(self, siege: Siege, until: Callable[[], bool], each: int) -> None:
        """Visits one after the other until there were enough messages."""
        siege.known.persons = list(self.insutypes)
        siege.known.institutions = [*self.codes, "H00000000000", ""]
        siege.known.certificates = [cert_no for _, cert_no in self.named.values()]
        at = 0
        while not until():
            at += 1
            person = self.dice.choice(list(self.insutypes))
            hospital = Besieged(siege, self.dice.choice(self.codes[:3]), self.named, each)
            visit = Visit(self, hospital, siege, person, until, f"{siege.way.name[:2]}{at}")
            with suppress(Disturbed, Enough, KeyError):  # a success without its output is a fault already
                visit.asked()
                (visit.stay if self.dice.random() < 0.45 else visit.outpatient)()


class Enough(Exception):
    """As many messages as were asked for were sent."""


class Visit:
    """One visit from beginning to end, and what is asked about it."""

    def __init__(
        self, ground: Ground, hospital: Besieged, siege: Siege, person: str, until: Callable[[], bool], case: str
    ) -> None:
        self.hospital, self.siege, self.person, self.until, self.case = hospital, siege, person, until, case
        self.ground = ground
        self.insutype = ground.insutypes[person]
        self.dice = ground.dice
        self.at = ground.instant(date(2025, 1, 10) + timedelta(days=self.dice.randrange(500)))

    def go(self, send: Callable[..., dict[str, Any]], *values: Any, **more: Any) -> dict[str, Any]:
        if self.until():
            raise Enough
        return send(*values, **more)

    def asked(self) -> None:
        """Questions and sign-ins, a few each time."""
        name, cert_no = self.ground.named[self.person]
        day = self.at.strftime("%Y-%m-%d")
        check = {"psn_no": self.person, "insutype": self.insutype, "med_type": "11", "begntime": day}
        hospital, go = self.hospital, self.go
        some = self.dice.random
        if some() < 0.3:
            go(hospital.person, cert_no, name)
        if some() < 0.2:
            go(hospital.send, "2001", {"data": check})
        if some() < 0.1:
            go(hospital.send, "1201", {"medinsinfo": {"fixmedins_type": "1", "fixmedins_name": "示例"}})
        if some() < 0.1:
            page = {"updt_time": "2000-01-01", "page_num": 1, "page_size": 3, "hilist_name": "片"}
            go(hospital.send, "1312", {"data": page})
        if some() < 0.1:
            go(hospital.send, "1901", {"data": self.ground.question})
        if some() < 0.15:
            number = go(hospital.sign_in)["signinoutb"]["sign_no"]
            go(hospital.send, "9002", {"signOut": {"sign_no": number, "opter_no": "T001"}})

    def lines(self, yuan: int, count: int) -> list[Line]:
        made = []
        for at in range(count):
            pieces = self.dice.randint(1_00, yuan * 100)
            code = self.ground.item if self.dice.random() < 0.8 else "NOT-IN-CATALOGUE"
            made.append(Line(f"{self.case}-{at}", code, f"{Decimal(pieces) / 100:.2f}", str(pieces)))
        return made

    def outpatient(self) -> None:
        hospital, go, person = self.hospital, self.go, self.person
        visit = go(hospital.register, person, self.insutype, self.at, self.case)["data"]["mdtrt_id"]
        self._know(visits=visit)
        if self.dice.random() < 0.5:
            go(hospital.record, person, visit, self.at)
        else:
            info = {
                "mdtrt_id": visit,
                "psn_no": person,
                "med_type": "11",
                "begntime": self.at.strftime("%Y-%m-%d %H:%M:%S"),
            }
            go(hospital.send, "2203A", {"mdtrtinfo": info, "diseinfo": [_diagnosis(self.at)]})
        sums = sums_of(go(hospital.upload, person, visit, self.lines(60, self.dice.randint(1, 3)), self.at))
        if self.dice.random() < 0.4:
            go(hospital.trial, person, visit, sums, self.insutype)
        number = hospital.msgid()
        made = go(hospital.settle, person, visit, sums, self.insutype, msgid=number)["setlinfo"]["setl_id"]
        self._know(settlements=made)
        self._afterwards(visit, made, "2207", number, hospital.cancel)
        if self.dice.random() < 0.5:
            go(hospital.withdraw, person, visit)
            go(hospital.cancel_registration, person, visit, self.case)

    def stay(self) -> None:
        hospital, go, person = self.hospital, self.go, self.person
        number = hospital.msgid()
        visit = go(hospital.admit, person, self.insutype, self.at, self.case, msgid=number)["result"]["mdtrt_id"]
        self._know(visits=visit)
        if self.dice.random() < 0.15:
            go(hospital.compensate, person, "2401", number)
            return
        if self.dice.random() < 0.4:
            go(hospital.amend, person, visit, self.at)
        wanted = self.lines(900, 3)
        first = go(hospital.upload, person, visit, wanted, self.at, inpatient=True)
        if self.dice.random() < 0.5:
            go(hospital.withdraw_lines, person, visit, wanted[2].sn)
            first = {"result": first["result"][:2]}
        go(hospital.discharge, person, visit, self.insutype, self.at + timedelta(days=5))
        sums = sums_of(first)
        if self.dice.random() < 0.4:
            go(hospital.trial_of_stay, person, visit, sums, self.insutype)
        number = hospital.msgid()
        info = go(hospital.settle_stay, person, visit, sums, self.insutype, msgid=number)["setlinfo"]
        self._know(settlements=info["setl_id"])
        if self.dice.random() < 0.5:
            self._sheet(visit, info)
        self._afterwards(visit, info["setl_id"], "2304", number, hospital.cancel_stay)
        if self.dice.random() < 0.6:
            go(hospital.cancel_discharge, person, visit)
            go(hospital.withdraw_lines, person, visit)
            go(hospital.cancel_admission, person, visit)

    def _afterwards(
        self, visit: str, made: str, infno: str, number: str, cancel: Callable[..., dict[str, Any]]
    ) -> None:
        """Questions about a settlement, then its cancellation or compensation, three times in four."""
        hospital, go = self.hospital, self.go
        if self.dice.random() < 0.3:
            go(hospital.settlement, self.person, visit, made)
        if self.dice.random() < 0.2:
            go(hospital.accumulators, self.person)
        choice = self.dice.random()
        if choice < 0.25:
            raise Enough
        if choice < 0.5:
            go(hospital.compensate, self.person, infno, number)
        else:
            go(cancel, self.person, visit, made)

    def _sheet(self, visit: str, info: Mapping[str, Any]) -> None:
        from tests.gateway.messages import list_4101

        full = self.dice.random() < 0.5
        sheet = list_4101(full)
        sheet["setlinfo"].update(mdtrt_id=visit, setl_id=info["setl_id"])
        if full:
            sheet["setlinfo"].update(acct_pay=str(info["acct_pay"]), psn_cashpay=str(info["psn_cash_pay"]))
            sheet["setlinfo"]["psn_name"] = self.ground.named[self.person][0]
            sheet["iteminfo"][0].update(amt=str(info["medfee_sumamt"]))
        else:
            sheet["setlinfo"]["psn_no"] = self.person
        self.go(self.hospital.send, "4101" if full or self.dice.random() < 0.5 else "4101A", sheet)

    def _know(self, **found: str) -> None:
        for name, value in found.items():
            setattr(self.siege.known, name, [*getattr(self.siege.known, name)[-60:], value])


def _diagnosis(at: Any) -> dict[str, Any]:
    return {
        "diag_type": "1", "diag_srt_no": 1, "diag_code": "I10.x00", "diag_name": "高血压", "diag_dept": "内科",

            "dise_dor_no": "D1",
            "dise_dor_name": "李示例",
            "diag_time": at.strftime("%Y-%m-%d %H:%M:%S"),
            "vali_flag": "1"
        ,
    }


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
        ground.live(siege, lambda: found.messages >= goal, each)
        found.seconds[way] += time.monotonic() - start
        check(ground, found)
        taken()
        if found.checks % 10 == 0 or len(found.faults) > before:
            tell(f"{found.messages} messages, {len(found.faults)} faults, {time.monotonic() - began:.0f} s ({way})")
        if len(found.faults) > 200:
            return


def _raw(ground: Ground, platform: Any, found: Found, rounds: int) -> None:
    """Bytes on a socket: whatever they are, the server goes on, and nothing is written but by a whole message."""
    from tests.support.hostile_sockets import Expect

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
                "begntime": at.strftime("%Y-%m-%d %H:%M:%S"),
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


__all__ = ["ENTRY", "Found", "offered_not_done", "prove"]
