"""What the indicators hand over: a definition, a value of a year, a comparison with the year before."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

UNITS = {
    "person": "人",
    "visit": "人次",
    "place": "家",
    "fen": "分",
    "yuan": "元",
    "ratio": "比例",
    "times": "倍",
    "per_head": "次",
    "months": "月",
}
"""What a value is counted in. fen: an amount; yuan: an amount per case, of fen over cases; ratio: shown as per cent."""
COUNTS = ("person", "visit", "place")


@dataclass(frozen=True)
class Term:
    """One SELECT of a definition, added or subtracted."""

    sql: str
    sign: int = 1


@dataclass(frozen=True)
class Definition:
    """An indicator: what is counted over what (指标定义). `of` and `over` are sums of other indicators with factors.

    error says how the standard error is worked out; places is how many decimals a report shows, None the unit's own.
    """

    id: str
    name: str
    unit: str
    numerator: tuple[Term, ...] = ()
    denominator: tuple[Term, ...] = ()
    of: tuple[tuple[int, str], ...] = ()
    over: tuple[tuple[int, str], ...] = ()
    population: str = ""
    footnote: str = ""
    error: str = ""
    places: int | None = None

    @property
    def divides(self) -> bool:
        return bool(self.denominator or self.over)


@dataclass(frozen=True)
class Value:
    """An indicator's value in a year, exact.

    numerator and denominator are what the dataset holds, unscaled. value is that of the whole population: a count or
    an amount divided by the dataset's scale, a ratio as it stands, fen per case in yuan. None: nothing to divide by, or
    a table it needs is empty. error is the standard error of value, None where there is none to state.
    """

    id: str
    name: str
    unit: str
    year: int
    numerator: int
    denominator: int | None
    value: Fraction | None
    error: float | None = None
    places: int | None = None

    def as_json(self) -> dict[str, Any]:
        value = None if self.value is None else str(self.value)
        return {**vars(self), "value": value}


@dataclass(frozen=True)
class Growth:
    """A value beside that of the year before. A ratio moves by points, everything else also by a rate; never both.

    before is None when the year before is not there: then nothing else is said.
    """

    now: Value
    before: Value | None
    change: Fraction | None = None
    rate: Fraction | None = None
    points: Fraction | None = None
