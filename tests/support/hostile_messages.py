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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from openyibao.gateway import standards

ENTRY = "/fsi/api/rsfComIfsService/callService"
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

    def fields(self, *kinds: str) -> list[tuple[Any, Any]]:
        """Places in the input that hold a field of these kinds."""
        table = standards.transactions().get(str(self.envelope.get("infno")))
        named = (
            {one.field for one in standards.fields_of(table.fields_of, "in") if one.kind in kinds} if table else set()
        )
        return [place for place in _places(self.envelope["input"]) if place[1] in named]


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


def message(draw: Draw, **more: Any) -> Message:
    return Message(draw.made(), "", **more)


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
    bodies = [
        "",
        " ",
        "\n\n",
        "null",
        "true",
        "0",
        '""',
        "[]",
        "{}",
        "[{}]",
        '"{}"',
        "nul",
        "{",
        "}",
        "[",
        "{,}",
        "{}{}",
    ]
    bodies += [
        '{"input":{}}',
        '{"infno":"2207"}',
        '{"a":1}x',
        "//{}",
        "{'a':1}",
        "<xml/>",
        "a=1&b=2",
        "\ufeff",
        "--",
        "-",
    ]
    return Message(draw.dice.choice(bodies).encode(), "")


@damage(1.5)
def other_encoding(draw: Draw) -> Message:
    text = draw.body.decode()
    name = draw.dice.choice(
        ("gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "big5", "utf-7")
    )
    made = text.encode(name, "replace")
    return Message(
        made, "", headers=(("Content-Type", f"application/json; charset={draw.dice.choice((name, 'utf-8'))}"),)
    )


@damage()
def invalid_utf8(draw: Draw) -> Message:
    bad = draw.dice.choice(
        (b"\xff", b"\xc0\xaf", b"\xe4\xbd", b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf8")
    )
    at = draw.dice.randrange(len(draw.body))
    return Message(draw.body[:at] + bad + draw.body[at:], "")


@damage()
def twice_the_object(draw: Draw) -> Message:
    tail = draw.dice.choice((draw.body, b"\n" + draw.body, b"x", b"}", b"\0", b",", b"]", b" " * 1000, b"\n//", b"/*"))
    return Message(draw.body + tail, "")


# Depth and size -----------------------------------------------------------------------------------------------------

DEPTHS = (5, 12, 13, 14, 100, 300, 500, 660, 900, 990, 1000, 1500, 10_000, 100_000)


@damage(1.5)
def deep(draw: Draw) -> Message:
    depth = draw.dice.choice(DEPTHS)
    opened, closed = draw.dice.choice((("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"), ('{"input":', "}")))
    core = draw.dice.choice(("", "1", '"x"', "null"))
    text = (
        opened * depth + (core or ("1" if ":" in opened else "")) + (closed * depth if draw.dice.random() < 0.8 else "")
    )
    where = draw.dice.randrange(4)
    if where == 0:
        return Message(text.encode(), "")
    if where == 1:
        draw.envelope["input"] = draw.raw(text)
    else:
        box, key = draw.place()
        box[key] = draw.raw(text) if where == 2 else text
    return message(draw)


@damage(1.5)
def deep_in_free_content(draw: Draw) -> Message:
    """Extension content is the one place that takes any JSON, and JSON as text."""
    depth = draw.dice.choice((1, 5, 8, 9, 10, 11, 12, 100, 300, 495, 600, 660, 666, 1300, 2500))
    opened, closed = draw.dice.choice((("[", "]"), ('{"a":', "}")))
    text = '{"a":' + opened * depth + "1" + closed * depth + "}"
    row = draw.dice.choice(
        [one for one in draw.envelope["input"].values() if isinstance(one, dict)] or [draw.envelope["input"]]
    )
    row[draw.dice.choice(("exp_content", "expContent", "rxExpContent"))] = draw.dice.choice((text, draw.raw(text)))
    return message(draw)


@damage(0.3)
def huge_text(draw: Draw) -> Message:
    size = draw.dice.choice((31, 41, 151, 501, 4_001, 16_001, 100_000, 1_000_000, 2_100_000))
    box, key = draw.place()
    box[key] = draw.dice.choice(("x", "漢", "𠀀", "\\", '"', " ", "0", "-", "é", "\u0301")) * size
    return message(draw)


@damage(0.3)
def many_members(draw: Draw) -> Message:
    row = draw.row()
    for at in range(draw.dice.choice((10, 1_000, 20_000))):
        row[f"x{at}"] = at
    return message(draw)


@damage(0.25)
def many_lines(draw: Draw) -> Message:
    """Up to 5,000 rows where rows may be many, with amounts whose sum overflows."""
    lists = [(box, key) for box, key in _places(draw.envelope["input"]) if isinstance(box[key], list) and box[key]]
    if not lists:
        box, key = draw.dice.choice(list(_places(draw.envelope["input"])) or [(draw.envelope, "input")])
        box[key] = [box[key]] * draw.dice.choice((0, 2, 2001, 5000))
        return message(draw)
    box, key = draw.dice.choice(lists)
    first = box[key][0]
    keep = (
        "feedetl_sn",
        "mdtrt_id",
        "psn_no",
        "chrg_bchno",
        "fee_ocur_time",
        "med_list_codg",
        "det_item_fee_sumamt",
        "cnt",
    )
    if isinstance(first, dict) and draw.dice.random() < 0.7:
        first = {name: first[name] for name in (*keep, "pric", "medins_list_codg", "hosp_appr_flag") if name in first}
    huge = draw.dice.random() < 0.5
    rows = []
    for at in range(draw.dice.choice((0, 100, 300, 1999, 2001, 5000))):
        row = dict(first, feedetl_sn=f"M{at}") if isinstance(first, dict) and "feedetl_sn" in first else first
        if huge and isinstance(row, dict) and "cnt" in row:
            row = {
                **row,
                "det_item_fee_sumamt": "99999999999999.99",
                "cnt": "999999999999.9999",
                "pric": "9999999999.999999",
            }
        rows.append(row)
    box[key] = rows
    return message(draw)


@damage(0.1)
def too_large(draw: Draw) -> Message:
    return Message(draw.body + b" " * draw.dice.choice((2_097_152, 2_500_000)), "")


# Values -------------------------------------------------------------------------------------------------------------

NUMBERS = (
    *(
        "1e400",
        "-1e400",
        "1e-400",
        "-0",
        "-0.0",
        "0.0",
        "NaN",
        "Infinity",
        "-Infinity",
        "nan",
        "inf",
        "0x10",
        "01",
        "1.",
    ),
    *(".5", "+1", "1e5", "1E+2", "1e", "1_000", "9223372036854775807", "9223372036854775808", "18446744073709551616"),
    *("-9223372036854775809", "1" + "0" * 5000, "-" + "9" * 5000, "0." + "1" * 5000, "1" * 400 + "." + "1" * 400),
    *("1e999999999999", "1.7976931348623157e309", "4.9e-324", "0.1", "0.001", "2147483648", "99999999999999.99", "1e1"),
)
TEXTS = (
    *(
        "\x00",
        "a\x00b",
        "\x1b[2J",
        "\x7f",
        "\x85",
        "\u202e",
        "\u2028",
        "\ufeff",
        "\ufffe",
        "\uffff",
        "\u200b",
        "\u0000",
    ),
    *(
        "\ud800",
        "\udfff",
        "\ud83d",
        "\udc00\ud800",
        "a\ud800",
        "\U0010ffff",
        "𠀀",
        "e\u0301" * 10,
        "\u3000",
        "\t",
        "\r\n",
    ),
    *(
        "x\n2026-01-01 00:00:00,000 ERROR openyibao.gateway forged",
        "X\r\nSet-Cookie: a=b",
        "١٢٣",
        "１２３",
        "Ⅷ",
        "½",
        "²",
    ),
)
ATTACKS = (
    *(
        "'; DROP TABLE settlement_line; --",
        "' OR '1'='1",
        "1) OR (1=1",
        "\\",
        "\\'",
        "%",
        "_",
        "%%",
        "%s",
        "%(a)s",
        "$1",
        "?",
    ),
    *(
        "{{7*7}}",
        "${7*7}",
        "#{7*7}",
        "<%= 7*7 %>",
        "${jndi:ldap://127.0.0.1/a}",
        "{0.__class__}",
        "{}",
        "{",
        "f'{1}'",
        "`id`",
    ),
    *(
        "$(id)",
        "; ls",
        "| cat",
        "../../../../etc/passwd",
        "..\\..\\x",
        "file:///etc/passwd",
        "<script>alert(1)</script>",
    ),
    *(
        '"><img src=x>',
        "<!ENTITY x>",
        "*)(uid=*",
        "__import__('os')",
        "!!python/object:os",
        "@file",
        "#let x",
        "$ x $",
        "=1+1",
    ),
    *(
        "NULL",
        "null ",
        "undefined",
        "None",
        "true",
        "TRUE",
        "-1",
        "0000",
        "[]",
        "\\u0000",
        "\\x00",
        "&#0;",
        "%00",
        "%0a",
        "E'\\0'",
    ),
)
TYPES: tuple[Any, ...] = (
    None,
    True,
    False,
    [],
    {},
    [[]],
    [{}],
    {"a": 1},
    0,
    1,
    -1,
    1.5,
    "",
    " ",
    "null",
    "NULL",
    [None],
    ["x"],
)
DATES = (
    *(
        "0000-00-00",
        "0000-01-01",
        "0001-01-01",
        "9999-12-31",
        "9999-12-31 23:59:59",
        "2025-02-30",
        "2025-02-29",
        "2025-13-01",
    ),
    *(
        "2025-00-10",
        "1900-01-01",
        "1899-12-31",
        "2199-12-31 23:59:59",
        "2199-12-31T23:59:59Z",
        "2200-01-01",
        "1582-10-10",
    ),
    *(
        "2025-03-05 24:00:00",
        "2025-03-05 23:59:60",
        "2025-03-05T25:61:61",
        "20250305",
        "2025/03/05",
        "1741138811",
        "-1",
    ),
    *(
        "2025-03-05T09:00:00-23:59",
        "2025-03-05T09:00:00+08:00",
        "2025-3-5",
        "２０２５-０３-０５",
        "12025-01-01",
        "2026-11-31",
    ),
    *(
        "1900-01-01T00:00:00Z",
        "1940-06-01 00:30:00",
        "1986-05-04 02:30:00",
        "2025-03-05 09:00:00.9999999999",
        "2199-12-31",
    ),
)


@damage(2)
def odd_number(draw: Draw) -> Message:
    places = draw.fields("number")
    box, key = draw.dice.choice(places) if places and draw.dice.random() < 0.6 else draw.place()
    token = draw.dice.choice(NUMBERS)
    box[key] = token if draw.dice.random() < 0.3 else draw.raw(token)
    return message(draw)


@damage(1.5)
def odd_characters(draw: Draw) -> Message:
    box, key = draw.place()
    text = draw.dice.choice(TEXTS)
    before = box[key] if isinstance(box[key], str) and draw.dice.random() < 0.5 else ""
    if draw.dice.random() < 0.3:
        box[key] = draw.raw('"' + before.replace('"', "").replace("\\", "") + text + '"')  # unescaped in the JSON
    else:
        box[key] = before + text
    return message(draw)


@damage()
def odd_characters_everywhere(draw: Draw) -> Message:
    text = draw.dice.choice(TEXTS)
    for box, key in list(_places(draw.envelope["input"])):
        if isinstance(box[key], str):
            box[key] += text
    return message(draw)


@damage(1.5)
def attack_text(draw: Draw) -> Message:
    places = draw.fields("text", "free")
    box, key = draw.dice.choice(places) if places and draw.dice.random() < 0.7 else draw.place()
    box[key] = draw.dice.choice(ATTACKS)
    return message(draw)


@damage(1.5)
def wrong_type(draw: Draw) -> Message:
    for _ in range(draw.dice.choice((1, 1, 2, 6))):
        box, key = draw.place()
        box[key] = draw.any_of(*TYPES, {str(key): box[key]}, [box[key]], [box[key], box[key]], str(box[key]))
    return message(draw)


@damage(1.5)
def odd_date(draw: Draw) -> Message:
    places = draw.fields("date", "moment", "month")
    box, key = draw.dice.choice(places) if places and draw.dice.random() < 0.9 else draw.place()
    box[key] = draw.dice.choice(DATES)
    return message(draw)


@damage(2)
def odd_amount(draw: Draw) -> Message:
    odd = ("-0.01", "-1", "0", "0.00", "-99999999999999.99", "99999999999999.99", "9999999999999999.99", "30000000.01")
    odd += (
        "0.001",
        "0.01",
        "1.005",
        "1e2",
        "100",
        "7.77",
        "29999999.99",
        "99999999999999",
        "-0",
        "0.000001",
        "999999.9999",
    )
    places = draw.fields("number")
    if not places:
        return odd_number(draw)
    for box, key in draw.dice.sample(places, draw.dice.randint(1, min(3, len(places)))):
        box[key] = draw.dice.choice(odd)
    return message(draw)


@damage()
def odd_code(draw: Draw) -> Message:
    table = standards.transactions().get(str(draw.envelope.get("infno")))
    coded = {one.field: one.codes for one in standards.fields_of(table.fields_of, "in") if one.codes} if table else {}
    places = [(box, key) for box, key in _places(draw.envelope["input"]) if key in coded]
    if not places:
        return wrong_type(draw)
    box, key = draw.dice.choice(places)
    codes = [one.code for one in standards.code_tables()[coded[key]].codes]
    box[key] = draw.dice.choice((*codes, "99", "0", "-1", "00", "000000", "1 ", "é", "9999999", "1'", "", "A"))
    return message(draw)


@damage()
def odd_free_content(draw: Draw) -> Message:
    row = draw.dice.choice(
        [one for one in draw.envelope["input"].values() if isinstance(one, dict)] or [draw.envelope["input"]]
    )
    key = draw.dice.choice(("exp_content", "expContent"))
    known = draw.dice.choice(list(standards.extensions()))
    value = draw.any_of(*TYPES, *ATTACKS, 1e300, "1e400", "NaN", "0.33333", "2", "-1", "9" * 4000, ["x"] * 500)
    content = draw.dice.choice(
        ({known: value}, json.dumps({known: value}), '{"a":"\\u0000"}', '{"a":1e400}', "{", '{"a":1,"a":2}')
    )
    if draw.dice.random() < 0.2:
        row[key] = draw.raw('{"%s":%s}' % (known, draw.dice.choice(NUMBERS)))  # noqa: UP031
    elif draw.dice.random() < 0.2:
        row[known] = value
    else:
        row[key] = content
    return message(draw)


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
    return Message(text.replace(one, both, draw.dice.choice((1, -1))).encode(), "")


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
    return message(draw)


@damage()
def extra_members(draw: Draw) -> Message:
    names = (
        "__proto__",
        "constructor",
        "__class__",
        "$where",
        "",
        "\u0000",
        "a" * 5_000,
        "psn_no ",
        "PSN_NO",
        "漢",
        "\ud800",
        "..",
    )
    names += (
        "state",
        "fund_fen",
        "hifp_pay",
        "person_id",
        "setl_id",
        "actor",
        "at",
        "form",
        "id",
        "input",
        "data",
        "\n",
    )
    for _ in range(draw.dice.choice((1, 3, 20))):
        value = draw.any_of(*TYPES, *ATTACKS, draw.dice.choice(draw.known.persons))
        draw.row()[draw.dice.choice(names)] = value
    return message(draw)


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
        "{" * 100_000,
    )
    draw.envelope["input"] = draw.dice.choice(
        (*odd, text + text, "null", "{}", '{"a":1e400}', '{"data":' * 50 + "1" + "}" * 50)
    )
    return message(draw)


@damage()
def input_reshaped(draw: Draw) -> Message:
    """Nodes renamed, wrapped, emptied, exchanged for those of another transaction."""
    given = draw.envelope["input"]
    node = draw.dice.choice(list(given) or ["data"])
    value = given.pop(node, None)
    others = ("data", "feedetail", "mdtrtinfo", "diseinfo", "setlinfo", "signIn", "DATA", "")
    draw.envelope["input"] = draw.dice.choice(
        (
            given,
            {draw.dice.choice(others): value},
            {node: [value] * 3},
            {node: {node: value}},
            [value],
            value,
            {node: None},
            {},
        )
    )
    return message(draw)


# Numbers of others ----------------------------------------------------------------------------------------------------


@damage(2.5)
def numbers_of_others(draw: Draw) -> Message:
    """Persons, visits, settlements, batches, certificates and institutions that are somebody else's, or nobody's."""
    known = draw.known
    others = {
        "psn_no": [*known.persons, "0", "NOBODY"],
        "mdtrt_id": [*known.visits, "0", "V1"],
        "setl_id": [*known.settlements, "0"],
        "mdtrt_cert_no": known.certificates,
        "certno": known.certificates,
        "psn_name": ["别人", "*", "_"],
        "chrg_bchno": ["0000", "B1", "B2"],
        "feedetl_sn": ["0000", "1", "L1"],
        "fixmedins_code": known.institutions,
        "med_list_codg": ["NO-SUCH", "0"],
        "init_feedetl_sn": ["1", "L1", "0000"],
        "insutype": ["310", "390", "340"],
        "oinfno": ["2207", "2304", "2401", "2208", "2601", "9001"],
        "sign_no": ["x", "20250305094011abcdefabcdef"],
    }
    places = [(box, key) for box, key in _places(draw.envelope) if key in others]
    for box, key in draw.dice.sample(places, min(len(places), draw.dice.choice((1, 1, 2)))):
        box[key] = draw.dice.choice(others[key])
    return message(draw)


@damage()
def other_areas(draw: Draw) -> Message:
    areas = ("370100", "371599", "379900", "110000", "000000", "999999", "37150", "3715000", "abcdef", "820000")
    draw.envelope[draw.dice.choice(("mdtrtarea_admvs", "insuplc_admdvs"))] = draw.dice.choice(areas)
    return message(draw)


@damage(1.5)
def number_reused(draw: Draw) -> Message:
    """A message under a number that was answered before: another body, another transaction, or the very same."""
    if not draw.known.accepted:
        return numbers_of_others(draw)
    earlier = json.loads(draw.dice.choice(draw.known.accepted))
    kind = draw.dice.randrange(4)
    if kind == 0:
        return Message(json.dumps(earlier, ensure_ascii=False).encode(), "")
    if kind == 1:
        draw.envelope["msgid"] = earlier["msgid"]
        return message(draw)
    draw.envelope = earlier
    box, key = draw.place()
    if isinstance(box, dict) and key not in ("msgid", "input"):
        box[key] = draw.dice.choice((*ATTACKS, "", 1, "2025-03-05"))
    return message(draw)


@damage()
def out_of_order(draw: Draw) -> Message:
    """A message that was good at another time, under a new number."""
    if not draw.known.seen:
        return number_reused(draw)
    earlier = json.loads(draw.dice.choice(draw.known.seen))
    earlier["msgid"] = f"R{draw.dice.getrandbits(60):x}"
    return Message(json.dumps(earlier, ensure_ascii=False).encode(), "")


@damage()
def other_transaction(draw: Draw) -> Message:
    odd = (
        *standards.transactions(),
        "",
        "0",
        "9999",
        "3201",
        "22 07",
        "2207\n",
        "２２０７",
        "2207'",
        "2207A",
        "../2207",
        "abcdef",
    )
    draw.envelope["infno"] = draw.dice.choice((*odd, "1" * 500, 2207, None, [], {"a": 1}, 2207.0, True))
    return message(draw)


# HTTP ---------------------------------------------------------------------------------------------------------------


@damage()
def other_path(draw: Draw) -> Message:
    served = sorted(standards.routes())
    odd = (
        ENTRY + "/1101",
        ENTRY + "/2207",
        ENTRY + "/",
        ENTRY + "//",
        ENTRY + "/9999",
        ENTRY + "/../healthz",
        ENTRY + "/%00",
    )
    odd += (
        "/",
        "//",
        "/fsi",
        "/fsi/",
        "/fsi/api",
        ENTRY + "/%2e%2e",
        ENTRY.upper(),
        ENTRY + "?infno=2208",
        "/" + "a" * 5_000,
    )
    odd += (
        ENTRY + "/%ff%fe",
        ENTRY + "/%E5%AD%97",
        ENTRY + "/" + "1" * 300,
        "/admin/",
        "/static/x",
        ENTRY + ";x",
        "/%",
        "/fsi/%00",
    )
    return Message(draw.body, "", path=draw.dice.choice((draw.dice.choice(served), draw.dice.choice(odd))))


@damage(0.6)
def other_method(draw: Draw) -> Message:
    methods = (
        "GET",
        "PUT",
        "DELETE",
        "PATCH",
        "HEAD",
        "OPTIONS",
        "TRACE",
        "post",
        "Post",
        "CONNECTX",
        "PROPFIND",
        "A" * 100,
    )
    return Message(draw.body, "", method=draw.dice.choice(methods))


@damage()
def other_content_type(draw: Draw) -> Message:
    kinds = (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
        "x",
    )
    kinds += (
        "application/json; charset=gbk",
        "application/json; charset=utf-16",
        'application/json; charset="',
        "a" * 3_000,
    )
    headers: tuple[tuple[str, str], ...] = (("Content-Type", draw.dice.choice(kinds)),)
    body = draw.body
    if draw.dice.random() < 0.3:
        headers += (("Content-Encoding", draw.dice.choice(("gzip", "deflate", "br", "identity", "GZIP", "x", ""))),)
        body = draw.dice.choice((body, gzip.compress(body)))
    return Message(body, "", headers=headers)


@damage()
def other_length(draw: Draw) -> Message:
    true = len(draw.body)
    lengths = (
        "0",
        "1",
        "-1",
        str(true - 1),
        str(true // 2),
        "",
        "abc",
        "1e3",
        "9" * 11,
        "9" * 30,
        "0x10",
        "+5",
        " 7",
        "1,1",
        "²",
    )
    return Message(draw.body, "", length=draw.dice.choice(lengths))


@damage(0.6)
def chunked(draw: Draw) -> Message:
    body = draw.body if draw.dice.random() < 0.7 else draw.body + b" " * 2_200_000
    return Message(body, "", length="", chunked=True)


@damage()
def other_headers(draw: Draw) -> Message:
    extra = [("X-" + draw.dice.choice(("A", "a" * 200)), draw.dice.choice(("", "x" * 3_000, "é", "\x7f", "'", "%s")))]
    extra += [("Host", draw.dice.choice(("", "evil.example", "a b", "[::1", "x" * 300, "127.0.0.1:99999")))]
    extra += [
        ("X-Forwarded-For", "1.1.1.1, evil"),
        ("Cookie", "a=" + "x" * 2_000),
        ("Authorization", "Basic !!!"),
        ("Range", "x"),
    ]
    return Message(draw.body, "", headers=(*JSON, *draw.dice.sample(extra, draw.dice.randint(1, 3))))


@damage(2)
def bad_signature(draw: Draw) -> Message:
    """Headers of each way of signing, wrong in one or more; a right one of another institution; a body altered after."""
    if draw.dice.random() < 0.5:
        draw.envelope["fixmedins_code"] = SIGNED
    body = draw.made()
    headers = dict(draw.dice.choice((_aksk, _tif, _xca))(body))
    odd = (
        "",
        " ",
        "0",
        "-1",
        "9" * 30,
        "NaN",
        "1e9",
        "１２",
        "é",
        "x" * 5_000,
        "KEY",
        "'",
        "a:b:c",
        ":",
        "1741138811",
        "\x7f",
        "=",
    )
    for name in draw.dice.sample(sorted(headers), draw.dice.choice((0, 1, 1, 2))):
        headers[name] = draw.dice.choice(odd)
    for name in draw.dice.sample(sorted(headers), draw.dice.choice((0, 0, 1, 2))):
        del headers[name]
    if draw.dice.random() < 0.3:
        body = body.replace(b"2", b"3", 1)
    return Message(body, "", headers=(*JSON, *headers.items()))


def _aksk(body: bytes) -> dict[str, str]:
    parts = {
        "_api_access_key": "KEY",
        "_api_name": "x",
        "_api_timestamp": str(int(time.time() * 1000)),
        "_api_version": "1",
    }
    text = "&".join(f"{name}={parts[name]}" for name in sorted(parts))
    made = hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).digest()
    return {**parts, "_api_signature": base64.b64encode(made).decode()}


def _tif(body: bytes) -> dict[str, str]:
    now = str(int(time.time()))
    made = hashlib.sha256(f"{now}{SECRET}N{now}".encode()).hexdigest()
    return {"x-tif-paasid": "KEY", "x-tif-timestamp": now, "x-tif-nonce": "N", "x-tif-signature": made}


def _xca(body: bytes) -> dict[str, str]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives import hmac as sm

    now = str(int(time.time()))
    maker = sm.HMAC(SECRET.encode(), hashes.SM3())
    maker.update(now.encode() + b"\n" + body)
    return {"x-ca-key": "KEY", "x-ca-signature": f"{now}:{maker.finalize().hex()}"}


def again(envelope: dict[str, Any], msgid: str) -> bytes:
    """The same message under another number."""
    made = copy.deepcopy(envelope)
    made["msgid"] = msgid
    return json.dumps(made, ensure_ascii=False).encode()
