"""The years a bulletin draws on (公报底稿): values by year, and how they are said: 万 and 亿, growth, points."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from openyibao.analytics.indicators.contracts import COUNTS, Growth, Value
from openyibao.analytics.indicators.definitions import definitions
from openyibao.analytics.indicators.growth import compared
from openyibao.analytics.indicators.running import Counted
from openyibao.documents.facade import Cell, absent, half_up, number, percent, points, wan, yi

_WAN, _YI_FEN = 10_000, 10**10
PLAIN = {"times": "", "per_head": "次", "months": "个月"}
"""Units whose change is said as it is: 比上年减少0.33次, neither per cent nor points."""
_UNITS = {"person": "人", "visit": "人次", "place": "家"}


@dataclass
class Book:
    """Values of every year of a dataset that is settled, the bulletin's year last."""

    year: int
    values: dict[int, dict[str, Value]]
    counted: dict[int, Counted] = field(default_factory=dict)

    @property
    def years(self) -> list[int]:
        return sorted(self.values)

    @property
    def before(self) -> int | None:
        """The year before, when the dataset has it."""
        return self.year - 1 if self.year - 1 in self.values else None

    def value(self, name: str, year: int | None = None) -> Value:
        return self.values[year or self.year][name]

    def growth(self, name: str) -> Growth:
        before = self.values[self.year - 1][name] if self.before else None
        return compared(self.value(name), before)

    def has(self, name: str) -> bool:
        """Whether there is anything to say of an indicator."""
        value = self.value(name).value
        return value is not None and value != 0

    # As text -----------------------------------------------------------------------------------------------------

    def said(self, name: str) -> str:
        """An indicator's value with its unit: 9697.8万人, 1585.1亿元, 82.4%, 12913.4元, 2.95."""
        return said(self.value(name))

    def moved(self, name: str) -> str:
        """How an indicator moved, to follow its value: ，比上年增长1.3%; nothing without a year before."""
        growth = self.growth(name)
        if growth.change is None:
            return ""
        if growth.points is not None:
            if not half_up(growth.points * 100, 1):
                return "，与上年持平"
            way = "提高" if growth.points > 0 else "降低"
            return f"，比上年{way}{points(abs(growth.points))}"
        if growth.now.unit in PLAIN:
            places = 1 if growth.now.places is None else growth.now.places
            way = "增加" if growth.change > 0 else "减少"
            if not half_up(growth.change, places):
                return _hardly(growth, places, way)
            return f"，比上年{way}{number(abs(growth.change), places)}{PLAIN[growth.now.unit]}"
        if growth.rate is None or not half_up(growth.rate * 100, 1):
            return "，与上年持平" if growth.rate is not None else ""
        way = "增长" if growth.rate > 0 else "减少"
        return f"，比上年{way}{percent(abs(growth.rate))}"

    def added(self, name: str) -> str:
        """The same with the amount: ，比上年增加128.3万人、增长1.3%."""
        growth = self.growth(name)
        if growth.change is None or growth.rate is None or not growth.change:
            return self.moved(name)
        way, much = ("增加", "增长") if growth.change > 0 else ("减少", "下降")
        amount = said_of(growth.now.unit, abs(growth.change))
        if not half_up(growth.rate * 100, 1):
            return f"，比上年{way}{amount}，基本持平"
        return f"，比上年{way}{amount}、{much}{percent(abs(growth.rate))}"

    # As cells ----------------------------------------------------------------------------------------------------

    def row(self, name: str, label: str = "") -> list[Cell]:
        """A row of a table of changes: name, unit, this year, year before, growth in per cent, change in points."""
        growth = self.growth(name)
        unit, factor, places = measure(growth.now)
        before = self.values[self.before][name] if self.before else None
        cells: list[Cell] = [label or definitions()[name].name, unit, shown(growth.now, factor, places)]
        if self.before:
            cells.append(shown(before, factor, places) if before is not None else absent())
            cells.append(absent() if growth.rate is None else number(growth.rate * 100, 1))
            cells.append(absent() if growth.points is None else number(growth.points * 100, 1))
        return cells

    def headers(self) -> list[str]:
        """Headers of such a table; without a year before it has no columns of change."""
        head = ["指标", "单位", f"{self.year}年"]
        return [*head, f"{self.year - 1}年", "增长（%）", "增减（百分点）"] if self.before else head

    def series(self, name: str, factor: Fraction | int = 1, places: int = 1) -> list[Decimal | None]:
        """Values of every year, over a factor, for a chart."""
        found: list[Decimal | None] = []
        for year in self.years:
            value = self.values[year][name].value
            found.append(None if value is None else half_up(value / factor, places))
        return found


def _hardly(growth: Growth, places: int, way: str) -> str:
    """A change that rounds to nothing: level, unless the two values as shown differ all the same (2.95 after 2.96)."""
    assert growth.before is not None
    shown = [half_up(one.value or Fraction(0), places) for one in (growth.now, growth.before)]
    if shown[0] == shown[1]:
        return "，与上年持平"
    return f"，比上年{way}不到{Decimal(1).scaleb(-places)}{PLAIN[growth.now.unit]}"


def measure(value: Value) -> tuple[str, Fraction, int]:
    """(unit, factor, decimals) a table shows an indicator in."""
    size = abs(value.value or Fraction(0))
    if value.unit == "ratio":
        return "%", Fraction(1, 100), 1
    if value.unit == "fen":
        if size >= 10 * _YI_FEN:
            return "亿元", Fraction(_YI_FEN), 1
        return ("亿元", Fraction(_YI_FEN), 2) if size >= _YI_FEN // 10 or not size else ("万元", Fraction(10**6), 1)
    if value.unit in COUNTS:
        if value.unit == "place" or 0 < size < _WAN:
            return _UNITS[value.unit], Fraction(1), 0
        return f"万{_UNITS[value.unit]}", Fraction(_WAN), 1
    if value.unit == "yuan":
        return "元", Fraction(1), value.places or 1
    return (
        {"times": "倍", "per_head": "次", "months": "月"}[value.unit],
        Fraction(1),
        value.places if value.places is not None else 1,
    )


def shown(value: Value, factor: Fraction | int, places: int) -> Cell:
    """A value over a factor as a cell."""
    return absent() if value.value is None else number(value.value / factor, places)


def said(value: Value) -> str:
    """A value with its unit, as a sentence says it."""
    if value.value is None:
        return "（数据集未载）"
    return said_of(value.unit, value.value, value.places)


def said_of(unit: str, amount: Fraction, places: int | None = None) -> str:
    """An amount of a unit in words."""
    if unit == "ratio":
        return percent(amount)
    if unit == "fen":
        size = abs(amount)
        if size >= 10 * _YI_FEN or not size:
            return f"{yi(amount)}元"
        return f"{yi(amount, 2)}元" if size >= _YI_FEN // 10 else f"{number(amount / 10**6, 1)}万元"
    if unit in COUNTS:
        if unit == "place" or abs(amount) < _WAN:
            return f"{half_up(amount)}{_UNITS[unit]}"
        return f"{wan(amount)}{_UNITS[unit]}"
    text = number(amount, 1 if places is None else places)
    return f"{text}{ {'yuan': '元', 'months': '个月'}.get(unit, '') }"
