"""A contribution file (缴费算例): one person, one month or one year, read, checked and made into values.

As with a settlement case nothing is decided here but what the file itself says, and every fault is collected before
anything is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from openyibao.kernel import areas
from openyibao.kernel.errors import Malformed
from openyibao.kernel.money import MOST_FEN, fen_from_yuan, yuan_text
from openyibao.kernel.periods import FAR_FUTURE, FAR_PAST, day_from_text
from openyibao.policy.reading import Reader
from openyibao.policy.source import Node, Source, schema_faults
from openyibao.policy.terms import STATUSES, STATUSES_OF

_PERIOD = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?")
_FIRST_YEAR, _LAST_YEAR = 1990, 2100


@dataclass(frozen=True)
class Payer:
    """What holds of the payer on a date (缴费人当日状态). Amounts in fen a month; None is not stated."""

    area: str
    scheme: str
    status: str
    groups: tuple[str, ...] = ()
    contribution_class: str = "standard"
    employer_kind: str = ""
    declared_wage_fen: int | None = None
    pension_fen: int | None = None
    deferred: bool = False


@dataclass
class Contribution:
    """A checked contribution file. `timeline` holds the payer's states by first day, earliest first."""

    source: Source
    title: str
    timeline: list[tuple[date, Payer]]
    birth: date | None
    year: int
    month: int
    """1 to 12, or 0 for the whole year."""
    pairing: str
    heads: int
    figures: dict[str, Node]
    expected: dict[str, Node] = field(default_factory=dict)

    @property
    def days(self) -> list[date]:
        """First day of every month asked for."""
        return [date(self.year, month, 1) for month in ([self.month] if self.month else range(1, 13))]

    def payer_on(self, day: date) -> Payer:
        found = self.timeline[0][1]
        for start, payer in self.timeline:
            if start > day:
                break
            found = payer
        return found

    def age_band_on(self, day: date) -> str:
        """Age band (年龄段) on a day; under 45 when no birth is stated."""
        if self.birth is None:
            return "under_45"
        had = (day.month, day.day) >= (self.birth.month, self.birth.day)
        return "from_45" if day.year - self.birth.year - (not had) >= 45 else "under_45"


def read_contribution(source: Source) -> Contribution:
    """Check a contribution file and make its values. Raises: Malformed with every fault."""
    faults = schema_faults(source, "contribution")
    if not isinstance(source.data, dict):
        raise Malformed(faults or [source.fault((), "缴费算例应为映射", "person 与 period")])
    contribution = _Reader(source, faults).contribution()
    if faults:
        raise Malformed(faults)
    return contribution


class _Reader(Reader):
    """Makes the values of a contribution file."""

    def contribution(self) -> Contribution:
        data = self.source.data
        person: dict[str, Node] = data["person"] if isinstance(data.get("person"), dict) else {}
        year, month = self.value(("period",), data.get("period"), _year_and_month, (0, 0))
        made = Contribution(
            source=self.source,
            title=str(data.get("title", "")),
            timeline=self.timeline(person),
            birth=self.value(("person", "birth"), person.get("birth"), day_from_text, None),
            year=year,
            month=month,
            pairing=str(data.get("pairing", "benefit_year")),
            heads=data["heads"] if isinstance(data.get("heads"), int) else 0,
            figures=data["with"] if isinstance(data.get("with"), dict) else {},
            expected=data["expected"] if isinstance(data.get("expected"), dict) else {},
        )
        if made.year:
            self.across(made)
        return made

    def timeline(self, node: Mapping[str, Node]) -> list[tuple[date, Payer]]:
        payer = self.payer(("person",), node, Payer("", "", ""))
        states = [(FAR_PAST, payer)]
        entries = node.get("history")
        dated = []
        for at, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                path: tuple[str | int, ...] = ("person", "history", at, "from")
                dated.append((self.value(path, entry.get("from"), day_from_text, FAR_FUTURE), at, entry))
        starts = [start for start, _, _ in dated]
        for start, at, entry in sorted(dated, key=lambda item: item[:2]):
            if starts.count(start) > 1 and start != FAR_FUTURE:
                self.fault(("person", "history", at, "from"), f"{start} 有两条变更", "合并为一条")
            payer = self.payer(("person", "history", at), entry, payer)
            states.append((start, payer))
        return states

    def payer(self, path: tuple[str | int, ...], node: Mapping[str, Node], base: Payer) -> Payer:
        changes: dict[str, Any] = {}
        if isinstance(node.get("area"), str):
            changes["area"] = self.value((*path, "area"), node["area"], _pooling_area, base.area)
        for key in ("scheme", "status", "contribution_class", "employer_kind"):
            if isinstance(node.get(key), str):
                changes[key] = node[key]
        if isinstance(node.get("groups"), list):
            changes["groups"] = tuple(str(group) for group in node["groups"])
        for key in ("declared_wage", "pension"):
            if key in node:
                changes[f"{key}_fen"] = self.value((*path, key), node[key], _amount, None)
        if isinstance(node.get("deferred"), bool):
            changes["deferred"] = node["deferred"]
        made = replace(base, **changes)
        allowed = STATUSES_OF.get(made.scheme)
        if allowed and made.status in STATUSES and made.status not in allowed:
            self.fault((*path, "status"), f"{made.scheme} 没有状态 {made.status}", "、".join(allowed))
        return made

    def across(self, made: Contribution) -> None:
        """What only the whole file can show."""
        residents = [day for day in made.days if made.payer_on(day).scheme == "resident"]
        if made.month and residents:
            self.fault(("period",), "居民医保按年缴费，没有月缴费", f"写作 {made.year}")
        if "pairing" in self.source.data and not residents:
            self.fault(("pairing",), "pairing 只用于居民医保", "删去 pairing")
        if made.birth is not None:
            if made.birth.year < 1890:
                self.fault(("person", "birth"), f"出生日期 {made.birth} 过早", "1890 年以后")
            if (made.birth.year, made.birth.month) > (made.year, made.month or 12):
                self.fault(("person", "birth"), f"出生日期 {made.birth} 晚于缴费期", "缴费期内或以前")


def _year_and_month(node: Node) -> tuple[int, int]:
    found = _PERIOD.fullmatch(str(node))
    if found is None:
        raise ValueError(f"{node!r} 不是缴费期（写作 2022-05 或 2022）")
    year, month = int(found[1]), int(found[2] or 0)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise ValueError(f"年份 {year} 不在 {_FIRST_YEAR} 至 {_LAST_YEAR} 之间")
    if found[2] and not 1 <= month <= 12:
        raise ValueError(f"{found[2]} 不是月份")
    return year, month


def _amount(node: Node) -> int:
    amount = fen_from_yuan(node)
    if not 0 <= amount <= MOST_FEN:
        raise ValueError(f"金额 {yuan_text(amount)} 不在 0 至 {yuan_text(MOST_FEN)} 元之间")
    return int(amount)


def _pooling_area(code: Node) -> str:
    pool = areas.pooling_area_of(str(code))
    if not pool.startswith(areas.SHANDONG[:2]):
        raise ValueError(f"{code!r} 不是山东省的统筹区")
    return pool
