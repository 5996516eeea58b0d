"""The columns a bureau's files have and the codes in them, from data tables, in the words of the policy room."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

SAME_CODES = {"psn_idet_type": "sp_psn_type", "dcla_type": "filing", "rloc_type": "filing"}
"""Fields that are coded by another field's table."""


@dataclass(frozen=True)
class Column:
    """A column of an import file: name, the other name it may have, what kind of value, whether it must be there."""

    table: str
    column: str
    also: str
    kind: str
    needed: bool
    label: str
    use: str


def _rows(name: str) -> list[dict[str, str]]:
    text = (files(__package__) / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def columns() -> dict[str, tuple[Column, ...]]:
    """Every column read, by table, in the order of the data table."""
    found: dict[str, list[Column]] = {}
    for row in _rows("columns.csv"):
        rest = {key: value for key, value in row.items() if key != "need"}
        column = Column(needed=row["need"] == "yes", **rest)
        found.setdefault(column.table, []).append(column)
    return {table: tuple(entries) for table, entries in found.items()}


@cache
def _words() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in _rows("code_words.csv"):
        found.setdefault(row["field"], {})[row["code"]] = row["word"]
    return found


@cache
def _codes() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in _rows("code_words.csv"):
        if row["export"] == "yes":
            found.setdefault(row["field"], {})[row["word"]] = row["code"]
    return found


def word_of(name: str, code: str) -> str:
    """The policy room's word for a national code; "" when the table does not have it."""
    return _words()[SAME_CODES.get(name, name)].get(code, "")


def code_of(name: str, word: str) -> str:
    """The code an export writes for a word; "" without one."""
    return _codes()[SAME_CODES.get(name, name)].get(word, "")
