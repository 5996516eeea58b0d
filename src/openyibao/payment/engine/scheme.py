"""A grouping scheme as its tables say it (分组方案): the tree of steps, the lists, complications, maps and names.

This is the form that explains, lints and is compiled; `reading` makes it and refuses tables with faults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from openyibao.payment.engine.places import Places
from openyibao.payment.engine.terms import number


@dataclass(frozen=True)
class Atom:
    """One comparison (原子条件): field, operator, the list or the value it is held against, line in conditions.csv."""

    field: str
    op: str
    list: str
    value: str
    line: int


Clause = tuple[Atom, ...]


@dataclass
class Step:
    """A node of the decision tree (步骤). It holds when every atom of one of its clauses does; without any, never."""

    id: str
    parent: str
    seq: int
    level: str
    target: str
    variant: str
    enabled: bool
    otherwise: str
    line: int
    clauses: tuple[Clause, ...] = ()
    children: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class CodeList:
    """A list that conditions name (码表): its kind and each code with the part of the body it counts for, if any."""

    id: str
    kind: str
    parts: Mapping[str, str]


@dataclass(frozen=True)
class Group:
    """A row of mdc.csv, adrg.csv or drg.csv: code, name, and where it belongs; line in its file."""

    code: str
    name: str
    line: int
    parent: str = ""
    kind: str = ""
    order: int = 0


@dataclass(frozen=True)
class Note:
    """Something a loaded table says twice or in vain; for the linter."""

    kind: str
    file: str
    line: int
    text: str


@dataclass
class Scheme:
    """A scheme whose tables are in order. `mcc`, `cc`: code to exclusion table; `exclusions`: main diagnosis to it."""

    name: str
    sha256: str
    facts: Mapping[str, str]
    steps: list[Step] = field(default_factory=list)
    by_id: dict[str, Step] = field(default_factory=dict)
    lists: dict[str, CodeList] = field(default_factory=dict)
    mdcs: dict[str, Group] = field(default_factory=dict)
    adrgs: dict[str, Group] = field(default_factory=dict)
    drgs: dict[str, Group] = field(default_factory=dict)
    cc: dict[str, str] = field(default_factory=dict)
    mcc: dict[str, str] = field(default_factory=dict)
    exclusions: dict[str, str] = field(default_factory=dict)
    dx_map: dict[str, str] | None = None
    px_map: dict[str, str] | None = None
    dx_names: dict[str, str] = field(default_factory=dict)
    px_names: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    notes: list[Note] = field(default_factory=list)
    places: Places = field(default_factory=lambda: Places({}), repr=False, compare=False)

    @property
    def title(self) -> str:
        return self.facts.get("title", "") or self.name

    @property
    def fail_code(self) -> str:
        """DRG code of a case that no step takes (不能入组的代码)."""
        return self.facts.get("fail_code", "") or "0000"

    @property
    def retries(self) -> bool:
        """Whether a case that no step takes is tried again with each further procedure as its only one."""
        return self.facts.get("retry_secondary_procedure", "") == "1"

    @property
    def area(self) -> str:
        return self.facts.get("area", "")

    @property
    def valid_from(self) -> date | None:
        stated = self.facts.get("valid_from", "")
        return date.fromisoformat(stated) if stated else None

    @property
    def valid_until(self) -> date | None:
        """Last day the scheme holds, as the file states it (that day included)."""
        stated = self.facts.get("valid_until", "")
        return date.fromisoformat(stated) if stated else None

    def runs(self, step: Step) -> bool:
        """Whether a step is tried at all: enabled, and an ambiguous group not switched off for the whole scheme."""
        if step.level == "QY" and self.facts.get("qy_enabled", "") == "0":
            return False
        return step.enabled

    def running(self, step: Step | None = None) -> list[Step]:
        """The steps below one (or the top ones) that are tried, in order."""
        return [child for child in (step.children if step else self.steps) if self.runs(child)]

    def every(self) -> Iterator[Step]:
        """Every step of the tree, parents before their children, in order."""
        waiting = list(reversed(self.steps))
        while waiting:
            step = waiting.pop()
            yield step
            waiting.extend(reversed(step.children))

    def diagnosis_name(self, code: str) -> str:
        return self.dx_names.get(code, "")

    def procedure_name(self, code: str) -> str:
        return self.px_names.get(code, "")

    def group_name(self, code: str) -> str:
        """Name of an MDC, ADRG or DRG; empty when no table has one."""
        for groups in (self.drgs, self.adrgs, self.mdcs):
            if code in groups:
                return groups[code].name
        return ""

    def values(self, list_id: str) -> set[object]:
        """The members of a list of numbers, as numbers."""
        return {number(text) for text in self.lists[list_id].parts}
