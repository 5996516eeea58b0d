"""Run the indicators of a year (运行指标): count the cubes once, then answer every definition from them, exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pyarrow as pa
import pyarrow.compute as pc

from openyibao.analytics.indicators import small
from openyibao.analytics.indicators.contracts import COUNTS, Definition, Value
from openyibao.analytics.indicators.definitions import CUBES, definitions, terms_of
from openyibao.analytics.indicators.engines import PAID, Engine, Progress
from openyibao.analytics.indicators.queries import FUND, SQUARES, gathered, taken_apart
from openyibao.datasets.facade import Dataset
from openyibao.policy.facade import Policies

_WHOLE_POPULATION = "population"


@dataclass
class Counted:
    """The tables of one year and run that every indicator is answered from, and what was not there to count."""

    year: int
    run: str
    scale: Fraction
    tables: dict[str, pa.Table]
    populations: dict[str, int]
    population_source: str = ""
    without_premium: list[str] = field(default_factory=list)

    def of_area(self, area: str) -> Counted:
        """The same of one pooling area."""
        chosen = {name: table.filter(pc.equal(table.column("area"), area)) for name, table in self.tables.items()}
        persons = {area: self.populations[area]} if area in self.populations else {}
        chosen["population"] = small.population(persons)
        return replace(self, tables=chosen, populations=persons)


def scale_of(dataset: Dataset) -> Fraction:
    """What share of the population the dataset stands for, as it is written: 0.01 is one in a hundred."""
    return Fraction(repr(float(dataset.manifest.scale)))


def count(dataset: Dataset, year: int, run: str, engine: Engine, policies: Policies, said: Progress) -> Counted:
    """Count the cubes of a year and put the small tables beside them."""
    tables = {
        name: small.worded(name, table, dataset) for name, table in engine.cubes(dataset, year, run, said).items()
    }
    assert set(tables) == set(CUBES)
    tables["funds"] = small.funds(dataset, year)
    tables["institutions"] = small.institutions(dataset)
    persons = small.persons_by_area(dataset, year)
    area = dataset.manifest.area
    tables["population"] = small.population({area: persons[area]} if area in persons else {})
    tables["transfers"], without = small.transfers(tables["people"], policies, year)
    return Counted(year, run, scale_of(dataset), tables, persons, small.population_source(dataset, year), without)


def answer(counted: Counted, engine: Engine, wanted: Sequence[Definition] | None = None) -> dict[str, Value]:
    """Value of every definition by its id."""
    chosen = list(wanted if wanted is not None else definitions().values())
    plain = [one for one in chosen if not one.of]
    selects = terms_of(plain)
    squares = {sql: _squares(sql) for one in plain for sql in _squared(one)}
    sums: dict[str, int] = {}
    for table, (sql, texts) in gathered(dict.fromkeys([*selects, *(s for q in squares.values() for s in q)])).items():
        sums |= dict(zip(texts, engine.answer(sql, {table: counted.tables[table]}), strict=True))
    found: dict[str, Value] = {}
    for one in plain:
        found[one.id] = _plain(one, counted, sums, squares)
    for one in chosen:
        if one.of:
            found[one.id] = _derived(one, counted, found)
    return {one.id: found[one.id] for one in chosen}


def _plain(one: Definition, counted: Counted, sums: Mapping[str, int], squares: Mapping[str, Sequence[str]]) -> Value:
    top = sum(term.sign * sums[term.sql] for term in one.numerator)
    bottom = sum(term.sign * sums[term.sql] for term in one.denominator) if one.denominator else None
    value: Fraction | None
    if bottom is None:
        value = Fraction(top) if one.unit == "place" else Fraction(top) / counted.scale
    elif bottom == 0:
        value = None
    else:
        value = Fraction(top, bottom)
        if taken_apart(one.denominator[0].sql).table == _WHOLE_POPULATION:
            value /= counted.scale
        if one.unit == "yuan":
            value /= 100
    if value is not None and (_empty(one, counted) or (not counted.run and _of_payers(one))):
        value = None
    error = None if value is None else _error(one, value, top, bottom, sums, squares)
    return Value(one.id, one.name, one.unit, counted.year, top, bottom, value, error, one.places)


def _empty(one: Definition, counted: Counted) -> bool:
    """Whether an indicator asks for the opening balance of a fund that states none: absent, not zero."""
    for term in one.numerator:
        if "'opening'" in term.sql:
            fund = term.sql.split("fund = '")[1].split("'")[0]
            funds = counted.tables["funds"]
            stated = zip(funds.column("fund").to_pylist(), funds.column("item").to_pylist(), strict=True)
            if (fund, "opening") not in stated:
                return True
    return False


def _of_payers(one: Definition) -> bool:
    """Whether an indicator asks who paid, which nobody knows before bills are settled."""
    asked = [taken_apart(term.sql) for term in (*one.numerator, *one.denominator)]
    words = [word for select in asked if select.table in ("bills", "accounts") for word in select.expression.split()]
    return any(word in PAID for word in words)


def _derived(one: Definition, counted: Counted, known: Mapping[str, Value]) -> Value:
    def total(parts: Sequence[tuple[int, str]]) -> int | None:
        if any(known[name].value is None for _, name in parts):
            return None
        return sum(factor * known[name].numerator for factor, name in parts)

    top = total(one.of)
    bottom = total(one.over) if one.over else None
    value: Fraction | None = None
    if top is not None and not (one.over and not bottom):
        value = Fraction(top, bottom) if bottom else Fraction(top) / counted.scale
    return Value(one.id, one.name, one.unit, counted.year, top or 0, bottom, value, None, one.places)


# Standard errors ------------------------------------------------------------------------------------------------


def _squared(one: Definition) -> list[str]:
    """SELECTs of a definition whose squares its standard error needs."""
    if one.error in ("sum", "mean", "ratio", "actual"):
        return [term.sql for term in one.numerator if taken_apart(term.sql).table in ("bills", "grants")]
    return []


def _squares(sql: str) -> list[str]:
    """SELECTs of the sums of squares that belong to a SELECT over bills."""
    one = taken_apart(sql)
    if (one.table, one.expression) in SQUARES:
        return [one.instead(SQUARES[one.table, one.expression])]
    if one.expression == " + ".join(FUND):
        return [one.instead(name) for name in ("fund_sq", "fund_scope", "scope_sq")]
    return []


def _error(
    one: Definition,
    value: Fraction,
    top: int,
    bottom: int | None,
    sums: Mapping[str, int],
    squares: Mapping[str, Sequence[str]],
) -> float | None:
    """Standard error of a value: Poisson for person-times, the bills' own variance for amounts and means.

    Persons are taken as independent; that one person's bills hang together makes the true error larger, not smaller.
    """
    if one.error == "poisson" and top > 0:
        return float(value) / math.sqrt(top)
    if any(sums[term.sql] and not squares.get(term.sql) for term in one.numerator):
        return None
    parts = [[sums[sql] for sql in squares[name]] for name in _squared(one) if squares.get(name)]
    if not parts:
        return None
    first = parts[0]
    yuan = top / 100
    if one.error == "sum" and top > 0:
        return float(value) * math.sqrt(sum(part[0] for part in parts)) / yuan
    if one.error == "mean" and bottom:
        mean = yuan / bottom
        return math.sqrt(max(0.0, first[0] / bottom - mean * mean) / bottom)
    if one.error == "ratio" and bottom and len(first) == 3:
        share = float(value)
        fund_sq, fund_scope, scope_sq = first
        return math.sqrt(max(0.0, fund_sq - 2 * share * fund_scope + share * share * scope_sq)) / (bottom / 100)
    return None


def shown_places(value: Value) -> int:
    """Decimals a report shows of a value."""
    if value.places is not None:
        return value.places
    return 0 if value.unit == "place" else 1


__all__ = ["COUNTS", "Counted", "answer", "count", "scale_of", "shown_places"]
