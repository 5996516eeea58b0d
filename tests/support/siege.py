"""Sends messages to the gateway one way or another, and looks at every answer and at what was committed meanwhile."""

from __future__ import annotations

import io
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

from tests.support.hostile_messages import Known, Message
from tests.support.hostile_sockets import Wire
from tests.support.touched import Committed, taken

MEMBERS = {
    *("infcode", "inf_refmsgid", "refmsg_time", "respond_time", "err_msg", "warn_msg", "cainfo", "signtype", "output"),
}
STATUSES = {401, 404, 405, 411, 413, 415, 429}
CODE = re.compile(r"[A-Z][A-Z0-9_]{2,39}")
LEAKS = re.compile(
    r"Traceback|File \"|site-packages|/src/|/usr/lib|\.py\b|psycopg|django|openyibao\.|line \d+|SELECT |INSERT "
    r"|UPDATE |Exception|Error\b|0x[0-9a-f]{8}"
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
            text += f"\n    damage {sent.how}, {len(sent.body)} bytes, {other}\n    sent {shown!r}"
            text += f"\n    got {answer[:600]!r}"
        self.faults.append(text)

    def summary(self) -> str:
        """Numbers as one JSON line."""
        return json.dumps(
            {
                "seed": self.seed,
                "messages": self.messages,
                **dict(self.by_way),
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
        """Success of a writing message: its own transaction now, or an earlier one's stored reply, byte for byte."""
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
