"""The definitions of `data/indicators.yaml`, read and written out: every SELECT an indicator stands on."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from openyibao.analytics.indicators.contracts import UNITS, Definition, Term

TABLES = (
    "people",
    "bills",
    "pieces",
    "patients",
    "accounts",
    "grants",
    "funds",
    "transfers",
    "institutions",
    "population",
)
_FACTOR = re.compile(r"([+-]?)\s*(\d+)?\s*([a-z_]+)")
_DATA = files(__package__) / "data"


class _Word(str):
    """A value of a dimension that knows what is said of it: {scheme} is employee, {scheme.fund} employee_pool."""

    def __new__(cls, code: str, said: Mapping[str, str]) -> _Word:
        made = super().__new__(cls, code)
        for name, text in said.items():
            setattr(made, name, text)
        return made


def cube_sql(name: str) -> str:
    """The SELECT that counts a cube over the dataset's tables, in DuckDB's dialect."""
    return (_DATA / "cubes" / f"{name}.sql").read_text(encoding="utf-8")


CUBES = ("bills", "pieces", "patients", "people", "accounts", "grants")
"""Cubes counted by the engines from the large tables; the other tables of `TABLES` are small."""


@cache
def footnotes() -> dict[str, str]:
    """What a footnote of the definitions says (口径)."""
    return dict(_read()["footnotes"])


@cache
def definitions() -> dict[str, Definition]:
    """Every indicator by its id, in the order of the file; derived ones after those they are made of."""
    data = _read()
    found: dict[str, Definition] = {}
    for row in (*data["indicators"], *data["derived"]):
        for made in _written(row, data["each"]):
            assert made.id not in found, f"{made.id} twice"
            assert made.unit in UNITS, made
            assert not made.footnote or made.footnote in data["footnotes"], made
            found[made.id] = made
    return found


@cache
def _read() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((_DATA / "indicators.yaml").read_text(encoding="utf-8"))
    return data


def _written(row: dict[str, Any], dimensions: dict[str, dict[str, dict[str, str]]]) -> Iterator[Definition]:
    """A row of the file, once for every combination of what it is `each` of."""
    names = row.get("each", [])
    choices = [[_Word(code, said) for code, said in dimensions[name].items()] for name in names]
    for words in itertools.product(*choices):
        filled = dict(zip(names, words, strict=True))
        yield Definition(
            id=_filled(row["id"], filled),
            name=_filled(row["name"], filled),
            unit=row["unit"],
            numerator=tuple(_terms(row.get("numerator", ()), filled)),
            denominator=tuple(_terms(row.get("denominator", ()), filled)),
            of=_factors(row.get("of", "")),
            over=_factors(row.get("over", "")),
            population=row.get("population", ""),
            footnote=row.get("footnote", ""),
            error=row.get("error", ""),
            places=row.get("places"),
        )


def _filled(text: str, words: Mapping[str, str]) -> str:
    return text.format(**words) if words else text


def _terms(node: Any, words: Mapping[str, str]) -> Iterator[Term]:
    if isinstance(node, str):
        text = _filled(node, words).strip()
        yield Term(text.removeprefix("-").strip(), -1 if text.startswith("-") else 1)
        return
    for one in node:
        yield from _terms(one, words)


def _factors(text: str) -> tuple[tuple[int, str], ...]:
    return tuple(((-1 if sign == "-" else 1) * int(times or 1), name) for sign, times, name in _FACTOR.findall(text))


def terms_of(wanted: Iterable[Definition]) -> list[str]:
    """Every SELECT of the definitions, each once, in order."""
    found: dict[str, None] = {}
    for one in wanted:
        for term in (*one.numerator, *one.denominator):
            found.setdefault(term.sql)
    return list(found)
