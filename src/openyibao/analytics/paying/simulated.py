"""What a simulation answers (测算结果), for the terminal, as JSON and for its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from openyibao.analytics.paying.effects import Effects
from openyibao.payment.engine.pack import facade as packs
from openyibao.payment.engine.pack.facade import Report, Version


@dataclass(frozen=True)
class Simulated:
    """What a simulation answers (测算结果): the comparison, and what it was made on."""

    title: str
    year: int
    into_year: int
    stays: int
    report: Report
    versions: tuple[Version, ...] = ()
    effects: tuple[Mapping[str, Effects], ...] = ()
    """By side: institution -> why it gets more or less; empty for packs that count members."""
    names: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)

    def name(self, code: str) -> str:
        """An institution as a reader knows it."""
        return self.names.get(code, code)

    def as_json(self) -> dict[str, Any]:
        return {
            "year": self.year,
            "priced_as_year": self.into_year,
            "stays": self.stays,
            **packs.report_json(self.report),
            "effects": {
                side.pack: {
                    name: {
                        "difference_fen": one.difference_fen,
                        "budget_fen": one.budget_fen,
                        "cases_fen": one.cases_fen,
                        "clearing_fen": one.clearing_fen,
                    }
                    for name, one in sorted(effects.items())
                }
                for side, effects in zip(self.report.sides, self.effects, strict=True)
            },
        }

    def lines(self) -> list[str]:
        return packs.report_lines(self.report)
