"""Comparisons: a case before and after a reform; policy of two areas or dates, and the smallest bills they part on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from openyibao.kernel.errors import OpenyibaoError
from openyibao.kernel.money import yuan_text
from openyibao.policy.adjudicate import Bill, adjudicate
from openyibao.policy.case import Case
from openyibao.policy.compiler import Compiler, SchemeBook
from openyibao.policy.fold import PersonYear
from openyibao.policy.present import MoneyRow, money_rows, year_amounts
from openyibao.policy.rows import year_as_rows
from openyibao.policy.rulebook import PolicyFile, Rulebook, figures_of
from openyibao.policy.tables import Facts
from openyibao.policy.terms import STATUSES_OF

MOST_FEN = 100_000_000
LEVELS_SHOWN = ("primary", "secondary", "tertiary")
BENEFITS_SHOWN = ("inpatient", "outpatient", "chronic")


@dataclass
class Comparison:
    """A case under two sets of policies."""

    case: Case
    title: str
    before: PersonYear
    after: PersonYear

    @cached_property
    def before_rows(self) -> list[MoneyRow]:
        return money_rows(self.before)

    @cached_property
    def after_rows(self) -> list[MoneyRow]:
        return money_rows(self.after)

    def as_json(self) -> dict[str, Any]:
        """{"before", "after", "difference"}: difference holds every money field after minus before, by visit."""
        visits = [
            {name: yuan_text(after.fen[name] - before.fen[name]) for name in before.fen}
            for before, after in zip(self.before_rows, self.after_rows, strict=True)
        ]
        before, after = year_amounts(self.before), year_amounts(self.after)
        year = {name: yuan_text(after[name] - before.get(name, 0)) for name in after}
        return {
            "before": year_as_rows(self.before),
            "after": year_as_rows(self.after),
            "difference": {"visits": visits, "year": year},
        }


@dataclass(frozen=True)
class Side:
    """One side of a policy comparison: the rules of an area on a date."""

    area: str
    day: date


@dataclass(frozen=True)
class FigureDifference:
    """A figure the two sides state differently; "" where a side has none."""

    scheme: str
    rule: str
    path: str
    left: str
    right: str


@dataclass(frozen=True)
class BillDifference:
    """The smallest first bill of a year that two sides pay differently. Fen."""

    scheme: str
    benefit: str
    level: str
    status: str
    group: str
    in_scope: int
    left: int
    right: int


def figure_differences(rulebook: Rulebook, left: Side, right: Side) -> Iterator[FigureDifference]:
    """Every figure in force on one side that is stated differently, or not at all, on the other."""
    for scheme in ("employee", "resident"):
        mine, theirs = (_figures(rulebook, side, scheme) for side in (left, right))
        for rule, path in sorted({*mine, *theirs}):
            a, b = mine.get((rule, path), ""), theirs.get((rule, path), "")
            if a != b:
                yield FigureDifference(scheme, rule, path, a, b)


def _figures(rulebook: Rulebook, side: Side, scheme: str) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for kind in ("benefit", "layer", "remote", "contribution"):
        by_rule: dict[str, list[PolicyFile]] = {}
        for file in rulebook.of(side.area, scheme, kind):
            by_rule.setdefault(file.name.rsplit("/", 1)[-1].removesuffix(".yaml"), []).append(file)
        for rule, files in by_rule.items():
            version = rulebook.in_force(files, side.day)
            if version is not None:
                found.update({(rule, path): str(value) for path, value in figures_of(version.body)})
    return found


def bill_differences(compiler: Compiler, left: Side, right: Side) -> Iterator[BillDifference]:
    """For each scheme, benefit, level and status the smallest first bill paid differently; for helped if another."""
    for scheme in ("employee", "resident"):
        books = compiler.book(left.area, scheme), compiler.book(right.area, scheme)
        for benefit in BENEFITS_SHOWN:
            for level in LEVELS_SHOWN:
                for status in STATUSES_OF[scheme][: 2 if scheme == "employee" else 1]:
                    plain = None
                    for group in ("", "minimum_living"):
                        facts = Facts(benefit, level, status, group)
                        found = _smallest(_payer(books[0], left.day, facts), _payer(books[1], right.day, facts))
                        if not group:
                            plain = found
                        if found is not None and (not group or found != plain):
                            yield BillDifference(scheme, benefit, level, status, group, *found)


def _payer(book: SchemeBook, day: date, facts: Facts) -> Callable[[int], int | None]:
    """Fund payment of a first bill of an in-scope amount; None where the side has no such benefit."""
    try:
        cell = book.cell(day, facts)
    except OpenyibaoError:
        return lambda amount: None
    fund = [row.pays_as != "supplement_pay" for row in cell.rows]

    def pays(amount: int) -> int | None:
        try:
            split = adjudicate(book, cell, Bill(amount, stay=(0, 0)), {})
        except OpenyibaoError:
            return None
        return sum(pay for pay, counts in zip(split.payments, fund, strict=True) if counts)

    return pays


def _smallest(left: Callable[[int], int | None], right: Callable[[int], int | None]) -> tuple[int, int, int] | None:
    """Smallest amount two payers part on. Between grid points both are close to straight, so halving finds it."""
    if left(100) is None or right(100) is None:
        return None
    equal = 0
    for amount in _grid():
        if left(amount) != right(amount):
            low, high = equal, amount
            while high - low > 1:
                middle = (low + high) // 2
                if left(middle) != right(middle):
                    high = middle
                else:
                    low = middle
            a, b = left(high), right(high)
            return None if a is None or b is None else (high, a, b)
        equal = amount
    return None


def _grid() -> Iterator[int]:
    """Amounts in fen from 1 up, each 2 % above the last."""
    amount = 1
    while amount <= MOST_FEN:
        yield amount
        amount += max(1, amount // 50)
