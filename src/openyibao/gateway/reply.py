"""Replies (应答报文): the fields the tables list, amounts as JSON numbers written from integers, never from floats."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

import msgspec

from openyibao.gateway import standards
from openyibao.gateway.standards import Field
from openyibao.kernel.areas import NATION
from openyibao.kernel.clock import SHANGHAI

Writer = Callable[[Any], Any]
PRINTED = 200
"""Characters of `err_msg` in the printed specification."""
LONGEST = 4_000
_serial = itertools.count(1)
_raw = msgspec.Raw


def _number_writer(decimals: int) -> Writer:
    unit = 10**decimals

    def write(value: Any) -> Any:
        scaled = int(value)
        sign = "-" if scaled < 0 else ""
        whole, part = divmod(abs(scaled), unit)
        return _raw(f"{sign}{whole}.{part:0{decimals}d}".encode())

    return write if decimals else int


def _text_writer(width: int) -> Writer:
    """Prose is cut at its width; short fields are codes and numbers, never cut."""
    if width < PRINTED:
        return str
    return lambda value: str(value)[:width]


def _write_date(value: Any) -> str:
    return value.isoformat()[:10] if isinstance(value, date) else str(value)


def _write_moment(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    return f"{value.isoformat()} 00:00:00" if isinstance(value, date) else str(value)


def _writer(field: Field) -> tuple[str, Writer, Any]:
    """Name, writer, and what stands there when nothing is known: 0 for numbers, "" for the rest."""
    if field.kind == "number":
        write = _number_writer(field.digits[1])
        return field.field, write, write(0)
    if field.kind == "date":
        return field.field, _write_date, ""
    if field.kind == "moment":
        return field.field, _write_moment, ""
    if field.kind == "free":
        return field.field, lambda value: value, ""
    return field.field, _text_writer(field.width), ""


class OutPlan:
    """Writes the output of one transaction."""

    def __init__(self, infno: str) -> None:
        self.root: list[tuple[str, Writer, Any]] = []
        self.nodes: dict[str, tuple[bool, list[tuple[str, Writer, Any]]]] = {}
        for one in standards.fields_of(infno, "out"):
            if one.node:
                self.nodes.setdefault(one.node, (one.rows == "many", []))[1].append(_writer(one))
            else:
                self.root.append(_writer(one))

    def write(self, output: Mapping[str, Any]) -> dict[str, Any]:
        """The output as JSON values: only listed fields, each of them; list nodes are always lists."""
        made: dict[str, Any] = {}
        for name, (many, fields) in self.nodes.items():
            value = output.get(name)
            if many:
                made[name] = [_row(fields, row) for row in value or ()]
            elif isinstance(value, list):
                made[name] = [_row(fields, row) for row in value]
            elif value is not None:
                made[name] = _row(fields, value)
        for name, write, default in self.root:
            value = output.get(name)
            made[name] = default if value is None else write(value)
        return made


def _row(fields: list[tuple[str, Writer, Any]], row: Mapping[str, Any]) -> dict[str, Any]:
    get = row.get
    return {name: default if (value := get(name)) is None else write(value) for name, write, default in fields}


@cache
def out_plan(infno: str) -> OutPlan:
    """The writer of a transaction's output, made once."""
    return OutPlan(infno)


def message_number(area: str, at: datetime) -> str:
    """A number of ours for one reply (inf_refmsgid): area, time, ten digits that no other reply of this second has."""
    second = at.astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S")
    return f"{area or NATION}{second}{os.getpid() % 10_000:04d}{next(_serial) % 1_000_000:06d}"


def _stamp(at: datetime) -> str:
    local = at.astimezone(SHANGHAI)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}"


def encode_reply(
    area: str,
    received_at: datetime,
    replied_at: datetime,
    *,
    output: Mapping[str, Any] | None = None,
    error: str = "",
    code: str = "",
) -> bytes:
    """A reply in the envelope form: `infcode` 0, or -1 with the reason in `err_msg` and its code in `warn_msg`."""
    return msgspec.json.encode(
        {
            "infcode": -1 if error else 0,
            "inf_refmsgid": message_number(area, received_at),
            "refmsg_time": _stamp(received_at),
            "respond_time": _stamp(replied_at),
            "err_msg": error,
            "warn_msg": code,
            "cainfo": "",
            "signtype": "",
            "output": output or {},
        }
    )


def shortened(text: str, strict: bool) -> str:
    """A reason no longer than callers can take: 200 characters in strict mode, else 4,000."""
    most = PRINTED if strict else LONGEST
    return text if len(text) <= most else text[: most - 1] + "…"
