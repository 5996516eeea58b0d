"""What a check of figures hands over: relations judged, cases judged, and the sums of both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

CONSISTENT = "consistent"
ROUNDING = "rounding"
CONTRADICTION = "contradiction"
NOT_CHECKABLE = "not_checkable"
STATUSES = {
    CONSISTENT: "相符",
    ROUNDING: "舍入所致",
    CONTRADICTION: "矛盾",
    NOT_CHECKABLE: "无法核对",
}


@dataclass(frozen=True)
class Repair:
    """What one figure would have to be for the relation to hold, the others as printed (应为)."""

    name: str
    printed: str
    value: str
    likely: bool = False
    near_miss: bool = False
    """True when the two differ in one digit only, as a misprint does."""

    def as_json(self) -> dict[str, Any]:
        return {
            "figure": self.name,
            "printed": self.printed,
            "should_be": self.value,
            "likely": self.likely,
            "one_digit_off": self.near_miss,
        }


@dataclass
class Checked:
    """One relation judged. Figures are text in the unit they are printed in."""

    relation: str
    title: str
    status: str
    text: str
    line: int = 0
    computed: str = ""
    stated: str = ""
    difference: str = ""
    allowed: str = ""
    unit: str = ""
    repairs: list[Repair] = field(default_factory=list)
    expected: str = ""
    sources: list[str] = field(default_factory=list)

    @property
    def as_stated(self) -> bool:
        """Whether it came out as the file says; without a word in the file, whether it is no contradiction."""
        return self.status == self.expected if self.expected else self.status != CONTRADICTION

    def as_json(self) -> dict[str, Any]:
        return {
            "relation": self.relation,
            "title": self.title,
            "line": self.line,
            "status": self.status,
            "expect": self.expected,
            "as_stated": self.as_stated,
            "computed": self.computed,
            "stated": self.stated,
            "difference": self.difference,
            "allowed": self.allowed,
            "unit": self.unit,
            "corrections": [one.as_json() for one in self.repairs],
            "sources": self.sources,
            "text": self.text,
        }


Result = Fraction | bool | str | list[Any]
"""A named result of a case."""


@dataclass
class CaseChecked:
    """One case of the test-case shape (inputs, expected, formulas, tolerance) judged."""

    id: str
    kind: str
    title: str
    flag: bool | None
    """Whether the figures contradict one another; None when nothing could be decided."""
    rule: str
    results: dict[str, Result]
    relations: list[Checked]
    expected: dict[str, Any]
    differences: list[str] = field(default_factory=list)
    line: int = 0
    explanation: str = ""

    @property
    def as_stated(self) -> bool:
        """Whether every stated result was met; without one, whether nothing contradicts."""
        return not self.differences and (bool(self.expected) or not self.flag)

    @property
    def status(self) -> str:
        """The worst of its relations."""
        found = {one.status for one in self.relations}
        for status in (CONTRADICTION, ROUNDING, CONSISTENT):
            if status in found:
                return status
        return NOT_CHECKABLE

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "line": self.line,
            "flag": self.flag,
            "status": self.status,
            "rule": self.rule,
            "results": {name: plain(value) for name, value in self.results.items()},
            "as_stated": self.as_stated,
            "differences": self.differences,
            "explanation": self.explanation,
            "relations": [one.as_json() for one in self.relations],
        }


def plain(value: Any) -> Any:
    """A result as JSON holds it: whole numbers as such, others with at most six decimals."""
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Fraction) and value.denominator == 1:
        return value.numerator
    return float(round(value, 6))  # the edge: a number for JSON, never calculated with


@dataclass
class FiguresChecked:
    """A file judged."""

    file: str
    title: str
    relations: list[Checked] = field(default_factory=list)
    cases: list[CaseChecked] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Relations by status; a case's relations count too."""
        every = [*self.relations, *(one for case in self.cases for one in case.relations)]
        found = Counter(one.status for one in every)
        return {status: found.get(status, 0) for status in STATUSES}

    @property
    def holds(self) -> bool:
        """No contradiction but those that the file itself states, and everything stated met."""
        return all(one.as_stated for one in self.relations) and all(one.as_stated for one in self.cases)

    def as_json(self) -> dict[str, Any]:
        made: dict[str, Any] = {
            "file": self.file,
            "title": self.title,
            "holds": self.holds,
            "counts": self.counts,
            "relations": [one.as_json() for one in self.relations],
        }
        if self.cases:
            made["cases"] = [one.as_json() for one in self.cases]
            made["cases_as_stated"] = sum(one.as_stated for one in self.cases)
        return made
