"""Coverage rules (参保衔接规则) as dated figures by area, from data/coverage_rules.yaml.

City beats province beats nation; of one area's rows the latest that has begun holds. A rule nobody states refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from openyibao.kernel import areas
from openyibao.kernel.errors import FigureMissing
from openyibao.kernel.periods import day_from_text
from openyibao.policy.terms import CERTAINTIES

UNITS = {"months", "days", "years", "year", "month_day", "names"}


@dataclass(frozen=True)
class Rule:
    """One row: from a day on, in an area, the rule's value with its unit and how sure it is."""

    area: str
    rule: str
    value: Any
    unit: str
    start: date
    certainty: str
    source: str


class Rules:
    """The rules of one pooling area on one day."""

    def __init__(self, area: str, day: date, rows: Mapping[str, list[Rule]]) -> None:
        self.area = area
        self.day = day
        self._rows = rows

    def row(self, name: str) -> Rule:
        """The row in force. Raises: FigureMissing."""
        line = areas.lineage(areas.pooling_area_of(self.area))
        begun = [row for row in self._rows.get(name, ()) if row.area in line and row.start <= self.day]
        if not begun:
            raise FigureMissing(
                f"{self.area} 在 {self.day} 没有参保规则 {name}",
                hint="在 people/data/coverage_rules.yaml 写明",
                rule=name,
                area=self.area,
            )
        return min(begun, key=lambda row: (line.index(row.area), -row.start.toordinal()))

    def number(self, name: str) -> int:
        return int(self.row(name).value)

    def names(self, name: str) -> tuple[str, ...]:
        return tuple(self.row(name).value)

    def day_of_year(self, name: str, year: int) -> date:
        return day_from_text(f"{year}-{self.row(name).value}")


def rules_on(area: str, day: date, text: str | None = None) -> Rules:
    """The rules that hold in an area on a day; `text` replaces the shipped file (for tests and other installations)."""
    return Rules(area, day, parse(text) if text is not None else _shipped())


@cache
def _shipped() -> Mapping[str, list[Rule]]:
    return parse((files("openyibao.people") / "data" / "coverage_rules.yaml").read_text(encoding="utf-8"))


def parse(text: str) -> Mapping[str, list[Rule]]:
    """Rows by rule. Raises: ValueError naming the row that has an unknown unit or certainty, or stands twice."""
    found: dict[str, list[Rule]] = {}
    seen = set()
    for node in yaml.safe_load(text)["rules"]:
        row = Rule(
            node["area"],
            node["rule"],
            node["value"],
            node["unit"],
            node["from"] if isinstance(node["from"], date) else day_from_text(node["from"]),
            node["certainty"],
            node.get("source", ""),
        )
        key = (row.area, row.rule, row.start)
        if row.unit not in UNITS or row.certainty not in CERTAINTIES or key in seen:
            raise ValueError(f"coverage_rules.yaml: {row.area} {row.rule} {row.start} 单位、可信度有误或重复")
        seen.add(key)
        found.setdefault(row.rule, []).append(row)
    return found
