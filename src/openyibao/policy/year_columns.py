"""What goes into the year driver and what comes out: its columns, its code lists, its tallies (全年重算的列与合计)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from openyibao.kernel.errors import Refused
from openyibao.policy.terms import BENEFITS, FILINGS, GROUPS, LEVELS, STATUSES

Ints = npt.NDArray[np.int64]
Columns = dict[str, npt.NDArray[Any]]
BENEFIT_CODES = list(BENEFITS)
LEVEL_CODES = ["", *LEVELS]
STATUS_CODES = ["", *STATUSES]
FILING_CODES = list(FILINGS)
GROUP_CODES = list(GROUPS)
EPOCH = date(1970, 1, 1)
MOST_VARIANTS = 4096
MOST_SEGMENTS = 256
"""What fits into a packed key; see `year_loop.pack`."""
HOME = -1

COLUMNS = (
    ("person", "person of the visit, ascending; the numbers themselves do not matter"),
    ("year", "benefit year"),
    ("day", "days since 1970-01-01; decides policy"),
    ("context", "index into the plan's (area, scheme) list"),
    ("benefit", "index into BENEFIT_CODES"),
    ("level", "index into LEVEL_CODES"),
    ("status", "index into STATUS_CODES"),
    ("groups", "bit mask over GROUP_CODES"),
    ("variant", "index into the plan's list of rarer facts (class, birth order, care kind, disease, supplements)"),
    ("filing", "index into FILING_CODES for remote care, -1 at home"),
    ("in_province", "1 when remote care lies in the province"),
    ("days", "days of long-term care, else 1"),
    ("stay", "ordinal of a stay settled in pieces within person, year and context; -1 a stay of its own"),
    ("waive", "1: this piece owes no deductible (下转)"),
    ("excluded", "1: no fund pays (工伤、第三人…)"),
    ("in_scope", "fen"),
    ("prior", "先行自付, fen"),
    ("over", "超限价, fen"),
    ("non_covered", "全自费, fen"),
    ("special", "特药, fen"),
    ("herb", "中草药, fen"),
)
"""Name and meaning of every column, in the order the compiled loop takes them."""


HEADS = ("visits", "persons", "total", "in_scope", "deductible", "remote", "burden")
"""Columns of a tally's totals before those of the layers: counts, then fen."""
SPLIT_HEADS = ("total", "deductible", "remote", "burden")
"""Rows of the splits before those of the payers."""


@dataclass
class Result:
    """Payments by layer. `totals` always; `payments` (visits x layers), deductible and remote on request. Fen."""

    layers: list[str]
    totals: Ints
    payments: Ints | None
    deductible: Ints | None
    remote: Ints | None


@dataclass
class Tally:
    """Sums of settled visits, and what could not be settled.

    totals: a row per context of the HEADS, then fen by layer number. refused by figure, or by area, scheme and benefit
    without policy: one of the refusals, and how many visits.
    """

    totals: Ints
    refused: dict[str, tuple[Refused, int]] = field(default_factory=dict)
    amounts: Ints | None = None
    """SPLIT_HEADS, then payers, by visit."""

    def add(self, other: Tally) -> None:
        """Take in another tally of the same plan, which may have met layers this one has not, or the other way."""
        if other.totals.shape[1] > self.totals.shape[1]:
            grown = np.zeros_like(other.totals)
            grown[:, : self.totals.shape[1]] = self.totals
            self.totals = grown
        self.totals[:, : other.totals.shape[1]] += other.totals
        for problem, count in other.refused.values():
            self.refuse(problem, count)

    def refuse(self, problem: Refused, count: int) -> None:
        """Count visits that are refused for a reason."""
        facts = problem.details
        reason = str(facts.get("figure") or "/".join(str(facts.get(key, "")) for key in ("area", "scheme", "benefit")))
        first, before = self.refused.get(reason, (problem, 0))
        self.refused[reason] = (first, before + count)


@dataclass(frozen=True)
class Payers:
    """Which row of the splits takes the payments of a layer: by its name and national field, of `count` rows."""

    count: int
    row: Callable[[str, str], int]


@dataclass(frozen=True)
class Variant:
    """Facts that few visits carry, numbered so that a column stays small."""

    contribution_class: str = "standard"
    child: str = ""
    care_kind: str = ""
    disease: str = ""
    supplements: frozenset[str] = frozenset()
