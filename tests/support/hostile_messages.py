"""Hostile messages: real ones, damaged. Each way of damaging is a function named after it, drawn from a seed.

A `Message` is a whole HTTP request. `damaged` takes the bytes of a message that would succeed and gives one that may
not; what it needs to know of the world (other persons, visits, messages answered before) stands in `Known`.
"""

from __future__ import annotations

import base64
import copy
import gzip
import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import hmac as sm_hmac

from openyibao.gateway import standards
from tests.support import hostile_values as values

ENTRY = values.ENTRY
JSON = (("Content-Type", "application/json"),)
SIGNED = "H37150299801"
"""An institution that must sign; its credentials have the key KEY and this secret."""
SECRET = "a-secret-of-hostile-tests"


@dataclass(frozen=True)
class Message:
    """One HTTP request. `length`: what Content-Length says, None for the truth, "" for no such header."""

    body: bytes
    how: str
    path: str = ENTRY
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = JSON
    length: str | None = None
    chunked: bool = False

    @property
    def honest(self) -> bool:
        """Whether the body is exactly as long as the headers say."""
        return self.length is None or self.length == str(len(self.body))


@dataclass
class Known:
    """What an attacker may know of the world: numbers of others, and messages that were answered before."""

    persons: list[str] = field(default_factory=list)
    visits: list[str] = field(default_factory=list)
    settlements: list[str] = field(default_factory=list)
    institutions: list[str] = field(default_factory=list)
    certificates: list[str] = field(default_factory=list)
    accepted: list[bytes] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)

    def of(self, name: str) -> list[str]:
        """Values known for a member of messages."""
        certificates = self.certificates
        known = {"psn_no": self.persons, "mdtrt_id": self.visits, "setl_id": self.settlements, "certno": certificates}
        return {**known, "mdtrt_cert_no": certificates, "fixmedins_code": self.institutions}.get(name, [])


@dataclass
class Draw:
    """One damage under way: dice, the message read, what is known."""

    dice: random.Random
    body: bytes
    known: Known
    raws: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.envelope: dict[str, Any] = json.loads(self.body)

    def raw(self, token: str) -> str:
        """A placeholder for text that goes into the message as it is, such as 1e400."""
        self.raws.append(token)
        return f"\ue000{len(self.raws) - 1}\ue001"

    def made(self) -> bytes:
        """The message as bytes."""
        text = json.dumps(self.envelope, ensure_ascii=self.dice.random() < 0.4)
        for at, token in enumerate(self.raws):
            for quoted in (f'"\ue000{at}\ue001"', f'"\\ue000{at}\\ue001"'):
                text = text.replace(quoted, token)
        return text.encode("utf-8", "surrogatepass")

    def place(self) -> tuple[Any, Any]:
        """A member somewhere, as container and key; three in four are of the input."""
        inner = list(_places(self.envelope["input"])) if self.dice.random() < 0.75 else []
        return self.dice.choice(inner or [(self.envelope, key) for key in self.envelope])

    def any_of(self, *values: Any) -> Any:
        """One of these, a copy: what is put into a message may be changed there again."""
        return copy.deepcopy(self.dice.choice(values))

    def row(self) -> dict[str, Any]:
        """An object somewhere."""
        return self.dice.choice([box for box, _ in _places(self.envelope) if isinstance(box, dict)] or [self.envelope])

    def node(self) -> dict[str, Any]:
        """A node of the input that is one object, else the input."""
        found = [one for one in self.envelope["input"].values() if isinstance(one, dict)]
        return self.dice.choice(found or [self.envelope["input"]])

    def standard(self) -> Sequence[standards.Field]:
        """Fields of the message's transaction."""
        known = standards.transactions().get(str(self.envelope.get("infno")))
        return standards.fields_of(known.fields_of, "in") if known else ()

    def fields(self, *kinds: str) -> list[tuple[Any, Any]]:
        """Places in the input that hold a field of these kinds."""
        named = {one.field for one in self.standard() if one.kind in kinds}
        return [place for place in _places(self.envelope["input"]) if place[1] in named]

    def place_of(self, share: float, *kinds: str) -> tuple[Any, Any]:
        """A place of these kinds in this share of cases, else any."""
        found = self.fields(*kinds)
        return self.dice.choice(found) if found and self.dice.random() < share else self.place()

    def message(self) -> Message:
        return Message(self.made(), "")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield value, key
            yield from _places(inner)
    elif isinstance(value, list):
        for at, inner in enumerate(value[:50]):
            yield value, at
            yield from _places(inner)


Damage = Callable[[Draw], Message]
DAMAGES: dict[str, tuple[float, Damage]] = {}


def damage(weight: float = 1.0) -> Callable[[Damage], Damage]:
    """Register a way of damaging with how often it is drawn."""

    def register(function: Damage) -> Damage:
        DAMAGES[function.__name__] = (weight, function)
        return function

    return register


def damaged(dice: random.Random, body: bytes, known: Known) -> Message:
    """One hostile message made of a good one; one in six is damaged twice."""
    names = list(DAMAGES)
    weights = [weight for weight, _ in DAMAGES.values()]
    (name,) = dice.choices(names, weights)
    message = DAMAGES[name][1](Draw(dice, body, known))
    if dice.random() < 1 / 6 and message.body[:1] == b"{" and len(message.body) < 20_000:
        (other,) = dice.choices(names, weights)
        try:
            again = DAMAGES[other][1](Draw(dice, message.body, known))
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
            return replace(message, how=name)  # no longer a message with an input
        message = replace(again, path=again.path if again.path != ENTRY else message.path)
        return replace(message, how=f"{name}+{other}")
    return replace(message, how=name)


# Bytes ------------------------------------------------------------------------------------------------------------


@damage(2)
def truncated(draw: Draw) -> Message:
    return Message(draw.body[: draw.dice.randrange(len(draw.body))], "")


@damage()
def flipped_bytes(draw: Draw) -> Message:
    body = bytearray(draw.body)
    for _ in range(draw.dice.choice((1, 1, 2, 5, 50))):
        body[draw.dice.randrange(len(body))] = draw.dice.randrange(256)
    return Message(bytes(body), "")


@damage()
def bytes_moved(draw: Draw) -> Message:
    one, other = sorted(draw.dice.randrange(len(draw.body)) for _ in range(2))
    part = draw.body[one:other]
    made = draw.dice.choice((draw.body[:one] + draw.body[other:], draw.body[:other] + part + draw.body[other:], part))
    return Message(made, "")


@damage()
def noise(draw: Draw) -> Message:
    size = draw.dice.choice((1, 10, 100, 3000))
    return Message(draw.dice.choice((draw.dice.randbytes(size), b"\0" * size, b"\xff" * size)), "")


@damage()
def no_object(draw: Draw) -> Message:
    return Message(draw.dice.choice(values.BODIES).encode(), "")


@damage(1.5)
def other_encoding(draw: Draw) -> Message:
    name = draw.dice.choice(values.ENCODINGS)
    kind = f"application/json; charset={draw.dice.choice((name, 'utf-8'))}"
    return Message(draw.body.decode().encode(name, "replace"), "", headers=(("Content-Type", kind),))


@damage()
def invalid_utf8(draw: Draw) -> Message:
    at = draw.dice.randrange(len(draw.body))
    return Message(draw.body[:at] + draw.dice.choice(values.NOT_UTF8) + draw.body[at:], "")


@damage()
def twice_the_object(draw: Draw) -> Message:
    return Message(draw.body + draw.dice.choice((draw.body, b"\n" + draw.body, *values.TAILS)), "")


# Depth and size -----------------------------------------------------------------------------------------------------


@damage(1.5)
def deep(draw: Draw) -> Message:
    depth = draw.dice.choice(values.DEPTHS)
    opened, closed = draw.dice.choice((("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"), ('{"input":', "}")))
    core = draw.dice.choice(("1", '"x"', "null") if ":" in opened else ("", "1", '"x"', "null"))
    text = opened * depth + core + (closed * depth if draw.dice.random() < 0.8 else "")
    where = draw.dice.randrange(4)
    if where == 0:
        return Message(text.encode(), "")
    if where == 1:
        draw.envelope["input"] = draw.raw(text)
    else:
        box, key = draw.place()
        box[key] = draw.raw(text) if where == 2 else text
    return draw.message()


@damage(1.5)
def deep_in_free_content(draw: Draw) -> Message:
    """Extension content is the one place that takes any JSON, and JSON as text."""
    depth = draw.dice.choice(values.FREE_DEPTHS)
    opened, closed = draw.dice.choice((("[", "]"), ('{"a":', "}")))
    text = '{"a":' + opened * depth + "1" + closed * depth + "}"
    draw.node()[draw.dice.choice(("exp_content", "expContent", "rxExpContent"))] = draw.dice.choice(
        (text, draw.raw(text))
    )
    return draw.message()


@damage(0.3)
def huge_text(draw: Draw) -> Message:
    box, key = draw.place()
    box[key] = draw.dice.choice(("x", "漢", "𠀀", "\\", '"', " ", "0", "-", "é", "\u0301")) * draw.dice.choice(
        values.SIZES
    )
    return draw.message()


@damage(0.3)
def many_members(draw: Draw) -> Message:
    row = draw.row()
    for at in range(draw.dice.choice((10, 1_000, 20_000))):
        row[f"x{at}"] = at
    return draw.message()


@damage(0.25)
def many_lines(draw: Draw) -> Message:
    """Up to 5,000 rows where rows may be many, with amounts whose sum overflows."""
    places = list(_places(draw.envelope["input"]))
    lists = [(box, key) for box, key in places if isinstance(box[key], list) and box[key]]
    if not lists:
        box, key = draw.dice.choice(places or [(draw.envelope, "input")])
        box[key] = [box[key]] * draw.dice.choice((0, 2, 2001, 5000))
        return draw.message()
    box, key = draw.dice.choice(lists)
    first = box[key][0]
    if isinstance(first, dict) and "feedetl_sn" in first and draw.dice.random() < 0.7:
        first = {name: first[name] for name in values.LINE if name in first}
    more = values.HUGE_LINE if draw.dice.random() < 0.5 else {}
    numbers = range(draw.dice.choice((0, 100, 300, 1999, 2001, 5000)))
    is_line = isinstance(first, dict) and "feedetl_sn" in first and "cnt" in first
    box[key] = [{**first, "feedetl_sn": f"M{at}", **more} if is_line else first for at in numbers]
    return draw.message()


@damage(0.1)
def too_large(draw: Draw) -> Message:
    return Message(draw.body + b" " * draw.dice.choice((2_097_152, 2_500_000)), "")


# Values -------------------------------------------------------------------------------------------------------------


@damage(2)
def odd_number(draw: Draw) -> Message:
    box, key = draw.place_of(0.6, "number")
    token = draw.dice.choice(values.NUMBERS)
    box[key] = token if draw.dice.random() < 0.3 else draw.raw(token)
    return draw.message()


@damage(1.5)
def odd_characters(draw: Draw) -> Message:
    box, key = draw.place()
    text = draw.dice.choice(values.TEXTS)
    before = box[key] if isinstance(box[key], str) and draw.dice.random() < 0.5 else ""
    if draw.dice.random() < 0.3:
        box[key] = draw.raw('"' + before.replace('"', "").replace("\\", "") + text + '"')  # unescaped in the JSON
    else:
        box[key] = before + text
    return draw.message()


@damage()
def odd_characters_everywhere(draw: Draw) -> Message:
    text = draw.dice.choice(values.TEXTS)
    for box, key in list(_places(draw.envelope["input"])):
        if isinstance(box[key], str):
            box[key] += text
    return draw.message()


@damage(1.5)
def attack_text(draw: Draw) -> Message:
    box, key = draw.place_of(0.7, "text", "free")
    box[key] = draw.dice.choice(values.ATTACKS)
    return draw.message()


@damage(1.5)
def wrong_type(draw: Draw) -> Message:
    for _ in range(draw.dice.choice((1, 1, 2, 6))):
        box, key = draw.place()
        was = box[key]
        box[key] = draw.any_of(*values.TYPES, {str(key): was}, [was], [was, was], str(was))
    return draw.message()


@damage(1.5)
def odd_date(draw: Draw) -> Message:
    box, key = draw.place_of(0.9, "date", "moment", "month")
    box[key] = draw.dice.choice(values.DATES)
    return draw.message()


@damage(2)
def odd_amount(draw: Draw) -> Message:
    places = draw.fields("number")
    for box, key in draw.dice.sample(places, min(len(places), draw.dice.randint(1, 3))):
        box[key] = draw.dice.choice(values.AMOUNTS)
    return draw.message() if places else odd_number(draw)


@damage()
def odd_code(draw: Draw) -> Message:
    coded = {one.field: one.codes for one in draw.standard() if one.codes}
    places = [(box, key) for box, key in _places(draw.envelope["input"]) if key in coded]
    if not places:
        return wrong_type(draw)
    box, key = draw.dice.choice(places)
    box[key] = draw.dice.choice((*(one.code for one in standards.code_tables()[coded[key]].codes), *values.CODES))
    return draw.message()


@damage()
def odd_free_content(draw: Draw) -> Message:
    row = draw.node()
    key = draw.dice.choice(("exp_content", "expContent"))
    known = draw.dice.choice(list(standards.extensions()))
    value = draw.any_of(*values.TYPES, *values.ATTACKS, *values.FREE)
    chance = draw.dice.random()
    if chance < 0.2:
        row[key] = draw.raw(f'{{"{known}":{draw.dice.choice(values.NUMBERS)}}}')
    elif chance < 0.4:
        row[known] = value
    else:
        odd = ('{"a":"\\u0000"}', '{"a":1e400}', "{", '{"a":1,"a":2}')
        row[key] = draw.any_of({known: value}, json.dumps({known: value}), *odd)
    return draw.message()


# Members ------------------------------------------------------------------------------------------------------------


@damage(1.5)
def duplicate_member(draw: Draw) -> Message:
    """A key twice, with another value, before or after the first."""
    text = json.dumps(draw.envelope, ensure_ascii=False)
    box, key = draw.place()
    if not isinstance(box, dict):
        box, key = draw.envelope, "infno"
    other = draw.dice.choice((box[key], "x", "2208", 0, None, {}, [], draw.dice.choice(draw.known.persons)))
    one = f"{json.dumps(key)}: {json.dumps(box[key], ensure_ascii=False)}"
    again = f"{json.dumps(key)}: {json.dumps(other, ensure_ascii=False)}"
    both = draw.dice.choice((f"{one}, {again}", f"{again}, {one}", f"{one}, {one}", ", ".join([again] * 100 + [one])))
    return Message(text.replace(one, both, draw.dice.choice((1, -1))).encode("utf-8", "surrogatepass"), "")


@damage(1.5)
def missing_members(draw: Draw) -> Message:
    for _ in range(draw.dice.choice((1, 1, 1, 2, 8))):
        box, key = draw.place()
        if isinstance(box, dict):
            box.pop(key, None)
        elif key < len(box):
            del box[key]
        if "input" not in draw.envelope:
            break
    return draw.message()


@damage()
def extra_members(draw: Draw) -> Message:
    for _ in range(draw.dice.choice((1, 3, 20))):
        value = draw.any_of(*values.TYPES, *values.ATTACKS, draw.dice.choice(draw.known.persons))
        draw.row()[draw.dice.choice(values.MEMBERS)] = value
    return draw.message()


@damage()
def input_as_text(draw: Draw) -> Message:
    text = json.dumps(draw.envelope["input"], ensure_ascii=False)
    odd = (
        text,
        text[:-1],
        " " + text,
        "\ufeff" + text,
        f"[{text}]",
        json.dumps(text),
        text.replace('"', "'"),
        text + text,
    )
    more = ("{" * 100_000, "null", "{}", '{"a":1e400}', '{"data":' * 50 + "1" + "}" * 50)
    draw.envelope["input"] = draw.dice.choice((*odd, *more))
    return draw.message()


@damage()
def input_reshaped(draw: Draw) -> Message:
    """Nodes renamed, wrapped, emptied, exchanged for those of another transaction."""
    given = draw.envelope["input"]
    node = draw.dice.choice(list(given) or ["data"])
    value = given.pop(node, None)
    renamed = {draw.dice.choice(values.NODES): value}
    odd = (given, renamed, {node: [value] * 3}, {node: {node: value}}, [value], value, {node: None}, {})
    draw.envelope["input"] = draw.dice.choice(odd)
    return draw.message()


# Numbers of others ----------------------------------------------------------------------------------------------------


@damage(2.5)
def numbers_of_others(draw: Draw) -> Message:
    """Persons, visits, settlements, batches, certificates and institutions that are somebody else's, or nobody's."""
    known = draw.known
    others = {name: [*mine, *known.of(name)] for name, mine in values.OTHERS.items()}
    places = [(box, key) for box, key in _places(draw.envelope) if key in others]
    for box, key in draw.dice.sample(places, min(len(places), draw.dice.choice((1, 1, 2)))):
        box[key] = draw.dice.choice(others[key])
    return draw.message()


@damage()
def other_areas(draw: Draw) -> Message:
    draw.envelope[draw.dice.choice(("mdtrtarea_admvs", "insuplc_admdvs"))] = draw.dice.choice(values.AREAS)
    return draw.message()


@damage(1.5)
def number_reused(draw: Draw) -> Message:
    """A message under a number that was answered before: another body, another transaction, or the very same."""
    if not draw.known.accepted:
        return numbers_of_others(draw)
    earlier = json.loads(draw.dice.choice(draw.known.accepted))
    kind = draw.dice.randrange(4)
    if kind == 0:
        return Message(json.dumps(earlier, ensure_ascii=False).encode("utf-8", "surrogatepass"), "")
    if kind == 1:
        draw.envelope["msgid"] = earlier["msgid"]
        return draw.message()
    draw.envelope = earlier
    box, key = draw.place()
    if isinstance(box, dict) and key not in ("msgid", "input"):
        box[key] = draw.dice.choice((*values.ATTACKS, "", 1, "2025-03-05"))
    return draw.message()


@damage()
def out_of_order(draw: Draw) -> Message:
    """A message that was good at another time, under a new number."""
    if not draw.known.seen:
        return number_reused(draw)
    draw.envelope = json.loads(draw.dice.choice(draw.known.seen))
    draw.envelope["msgid"] = f"R{draw.dice.getrandbits(60):x}"
    return draw.message()


@damage()
def other_transaction(draw: Draw) -> Message:
    draw.envelope["infno"] = draw.any_of(*standards.transactions(), *values.INFNOS)
    return draw.message()


# HTTP ---------------------------------------------------------------------------------------------------------------


@damage()
def other_path(draw: Draw) -> Message:
    served = sorted(standards.routes())
    return Message(draw.body, "", path=draw.dice.choice((draw.dice.choice(served), draw.dice.choice(values.PATHS))))


@damage(0.6)
def other_method(draw: Draw) -> Message:
    return Message(draw.body, "", method=draw.dice.choice(values.METHODS))


@damage()
def other_content_type(draw: Draw) -> Message:
    headers: tuple[tuple[str, str], ...] = (("Content-Type", draw.dice.choice(values.CONTENT_TYPES)),)
    body = draw.body
    if draw.dice.random() < 0.3:
        headers += (("Content-Encoding", draw.dice.choice(("gzip", "deflate", "br", "identity", "GZIP", "x", ""))),)
        body = draw.dice.choice((body, gzip.compress(body)))
    return Message(body, "", headers=headers)


@damage()
def other_length(draw: Draw) -> Message:
    true = len(draw.body)
    return Message(draw.body, "", length=draw.dice.choice((*values.LENGTHS, str(true - 1), str(true // 2))))


@damage(0.6)
def chunked(draw: Draw) -> Message:
    body = draw.body if draw.dice.random() < 0.7 else draw.body + b" " * 2_200_000
    return Message(body, "", length="", chunked=True)


@damage()
def other_headers(draw: Draw) -> Message:
    return Message(draw.body, "", headers=(*JSON, *dict(draw.dice.sample(values.HEADERS, 3)).items()))


@damage(2)
def bad_signature(draw: Draw) -> Message:
    """Headers of each way of signing: right, wrong in one or more, of another institution, the body altered after."""
    if draw.dice.random() < 0.5:
        draw.envelope["fixmedins_code"] = SIGNED
    body = draw.made()
    headers = dict(draw.dice.choice((_aksk, _tif, _xca))(body))
    for name in draw.dice.sample(sorted(headers), draw.dice.choice((0, 1, 1, 2))):
        headers[name] = draw.dice.choice(values.SIGNATURES)
    for name in draw.dice.sample(sorted(headers), draw.dice.choice((0, 0, 1, 2))):
        del headers[name]
    if draw.dice.random() < 0.3:
        body = body.replace(b"2", b"3", 1)
    return Message(body, "", headers=(*JSON, *headers.items()))


def _aksk(body: bytes) -> dict[str, str]:
    stamp = str(int(time.time() * 1000))
    parts = {"_api_access_key": "KEY", "_api_name": "x", "_api_timestamp": stamp, "_api_version": "1"}
    text = "&".join(f"{name}={parts[name]}" for name in sorted(parts))
    made = hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).digest()
    return {**parts, "_api_signature": base64.b64encode(made).decode()}


def _tif(body: bytes) -> dict[str, str]:
    now = str(int(time.time()))
    made = hashlib.sha256(f"{now}{SECRET}N{now}".encode()).hexdigest()
    return {"x-tif-paasid": "KEY", "x-tif-timestamp": now, "x-tif-nonce": "N", "x-tif-signature": made}


def _xca(body: bytes) -> dict[str, str]:
    now = str(int(time.time()))
    maker = sm_hmac.HMAC(SECRET.encode(), hashes.SM3())
    maker.update(now.encode() + b"\n" + body)
    return {"x-ca-key": "KEY", "x-ca-signature": f"{now}:{maker.finalize().hex()}"}
