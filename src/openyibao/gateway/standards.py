"""The national message tables as data (接口标准): transactions, fields, code tables, routes of `standards/*.csv`.

Only what is offered stands there. `required` is "yes", "strict" (printed as required, but real callers leave it out:
required in strict mode only), "no", or "with:FIELD". `form` keeps the two shapes of 4101 apart. A `kind` is text,
number ("digits,decimals"), date, moment (日期时间), month, area (区划), free (JSON or text), or node: about all of it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from openyibao.policy.facade import data_folder

ENVELOPE = "*"


@dataclass(frozen=True)
class Transaction:
    """One transaction offered (交易): number, Chinese name, `once` (journalled with uniqueness) or `read`."""

    infno: str
    title: str
    kind: str
    fields_of: str
    form: str
    note: str


@dataclass(frozen=True)
class Field:
    """One field (字段) of a node of a transaction."""

    infno: str
    form: str
    way: str
    node: str
    rows: str
    field: str
    title: str
    kind: str
    size: str
    required: str
    codes: str
    alias: str
    note: str

    @property
    def digits(self) -> tuple[int, int]:
        """Digits in all and decimals of a number."""
        whole, _, part = self.size.partition(",")
        return int(whole), int(part or "0")

    @property
    def width(self) -> int:
        """Most characters of a text."""
        return int(self.size or "30")


@dataclass(frozen=True)
class Code:
    """One value of a code table (字典值)."""

    table: str
    code: str
    title: str
    scope: str
    note: str


@dataclass(frozen=True)
class CodeTable:
    """A code table (字典): `prefix` tables allow local codes below a listed one, `exact` ones do not."""

    table: str
    title: str
    match: str
    certainty: str
    note: str
    codes: tuple[Code, ...] = ()


def standards_folder() -> Path:
    """Where the tables are: $OPENYIBAO_STANDARDS, beside the source, or in the package."""
    return data_folder("standards")


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (standards_folder() / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@cache
def transactions() -> Mapping[str, Transaction]:
    """Every transaction offered, by number."""
    return {row["infno"]: Transaction(**row) for row in _rows("transactions")}


@cache
def _fields() -> Mapping[tuple[str, str], tuple[Field, ...]]:
    found: dict[tuple[str, str], list[Field]] = {}
    for row in _rows("fields"):
        found.setdefault((row["infno"], row["way"]), []).append(Field(**row))
    return {key: tuple(value) for key, value in found.items()}


def fields_of(infno: str, way: str) -> tuple[Field, ...]:
    """Fields of a transaction, `way` in or out; `*` for the envelope."""
    return _fields().get((infno, way), ())


@cache
def code_tables() -> Mapping[str, CodeTable]:
    """Every code table, by name."""
    codes: dict[str, list[Code]] = {}
    for row in _rows("codes"):
        codes.setdefault(row["table"], []).append(Code(**row))
    return {row["table"]: CodeTable(**row, codes=tuple(codes[row["table"]])) for row in _rows("tables")}


@cache
def routes() -> Mapping[str, frozenset[str]]:
    """Path -> transactions served there."""
    found: dict[str, set[str]] = {}
    for row in _rows("routes"):
        found.setdefault(row["path"], set()).add(row["infno"])
    return {path: frozenset(numbers) for path, numbers in found.items()}


@cache
def words(table: str) -> Mapping[str, str]:
    """Our word -> national code, of one code table ("employee" -> "310")."""
    return {row["word"]: row["code"] for row in _rows("words") if row["table"] == table}


@dataclass(frozen=True)
class Extension:
    """What one key of extension content means (扩展字段): the member of `Circumstances` it fills.

    `value`: the only value that counts, or "*" for any text, "ratio" for 0 to 1, "integer" for a count.
    """

    key: str
    value: str
    member: str
    means: str
    note: str


@cache
def extensions() -> Mapping[str, tuple[Extension, ...]]:
    """Keys of extension content that are understood; others are kept out."""
    found: dict[str, list[Extension]] = {}
    for row in _rows("extensions"):
        found.setdefault(row["key"], []).append(Extension(**row))
    return {key: tuple(value) for key, value in found.items()}


@cache
def funds_checked(scheme: str) -> tuple[tuple[str, str], ...]:
    """Funds that an entitlement check (2001) of a scheme answers for, with what each asks: coverage, account, …"""
    return tuple((row["fund_pay_type"], row["holds"]) for row in _rows("funds_checked") if row["scheme"] == scheme)
