"""Groups cases by a compiled scheme (分组器): one in microseconds, many in a loop. Equal to a walk of the tree.

The two main codes leave a set of open rows; for each set that occurs, a *plan* is made once. A plan is a result when
the two codes alone decide; a table of four results when only CC and MCC are left to ask; else a *branch*, which names
the families of facts it needs and keeps, for each set of facts that occurs, again a result or four. So the tree is
walked once per kind of case, not once per case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from openyibao.payment.engine.compiler import (
    CC_BIT,
    CHECK,
    DX,
    FAIL,
    MCC_BIT,
    NO_DX,
    NO_PX,
    PARTED,
    PLAIN,
    PX,
    SEVERITY,
    Compiled,
)
from openyibao.payment.engine.contracts import Case, Grouping, Number
from openyibao.payment.engine.errors import MapMissing
from openyibao.payment.engine.facts import CodeFacts, PartedFacts, PlainFacts
from openyibao.payment.engine.terms import DROP, MOST_YEARS

MOST_PLANS = 200_000
"""Plans kept before they are made anew: a bound for memory, never reached by a scheme of usual size."""

_BOTH = 1 << MCC_BIT | 1 << CC_BIT

Clause = tuple[int, int, int]
"""(need, forbid, families of facts it asks for)."""
Clauses = tuple[Clause, ...] | None
"""Those that are left to ask; None when one of them holds whatever the facts are."""
Leaf = tuple[Clauses, int]
"""Clauses and result."""
Rung = tuple[Clauses, tuple[Leaf, ...], int]
"""An ADRG or QY still open: clauses, leaves, result otherwise (-1: go on)."""
Tree = tuple[tuple[Clauses, tuple[Rung, ...]], ...]
"""MDCs still open: clauses and rungs."""


Diagnosis = tuple[int, str | None, int, int, int, str | None, str | None, int]
"""What a diagnosis is to a scheme: rows it leaves open as the main one; its exclusion table as the main one; facts as
the main one; facts as a further one; severity bits; exclusion table as a complication; that as a CC where it is an MCC
with another table; bits of the body parts it counts for."""
Procedure = tuple[int, int, int]
"""What a procedure is to a scheme: rows it leaves open as the main one, facts as the main one, as a further one."""
Coded = tuple[Any, ...]
"""A case whose codes are replaced by what they are to the scheme; otherwise the members of `Case`."""


class Grouper:
    """A scheme ready to group (分组器). `results[n]` is what place n stands for."""

    def __init__(self, compiled: Compiled) -> None:
        self.name: str = compiled["name"]
        self.title: str = compiled["title"]
        self.sha256: str = compiled["sha256"]
        self.facts: dict[str, str] = compiled["facts"]
        self.results = [Grouping(*result) for result in compiled["results"]]
        self._retries: bool = compiled["retries"]
        self._stored_maps = compiled["dx_map"], compiled["px_map"]
        self._plans: dict[int, Any] = {}
        self._read_rows(compiled)
        self._read_codes(compiled)

    def _read_rows(self, compiled: Compiled) -> None:
        self._rows: list[tuple[int, int, int, int]] = [tuple(row) for row in compiled["rows"]]
        self._mdcs = [[_clause(clause) for clause in clauses] for clauses in compiled["mdcs"]]
        self._steps = [[_clause(clause) for clause in step["if"]] for step in compiled["steps"]]
        self._leaves = [tuple(_leaf(leaf) for leaf in step["leaves"]) for step in compiled["steps"]]
        self._otherwise: list[int] = [step["otherwise"] for step in compiled["steps"]]

    def _read_codes(self, compiled: Compiled) -> None:
        """One profile a code, shared by all codes that are alike: a record is looked up once per code."""
        lists = {name: _lines(text) for name, text in compiled["lists"].items()}
        atoms = [tuple(atom) for atom in compiled["atoms"]]
        self._plain = PlainFacts(atoms, lists)
        self._parted = PartedFacts(atoms, compiled["parts"])
        facts = CodeFacts("dx", atoms, lists)
        rows, other, none = _open_rows(compiled["dx"])
        exclusions = _mapping(compiled["exclusions"])
        table, any_code, parts = facts.table(), facts.any_code(), self._parted.table()
        severities = _severities(_mapping(compiled["mcc"]), _mapping(compiled["cc"]))
        shared: dict[Diagnosis, Diagnosis] = {}
        self._dx: dict[str, Diagnosis] = {}
        for code in {**rows, **exclusions, **severities, **table, **parts}:
            main, further = table.get(code, any_code)
            severity, void, also = severities.get(code, _NO_SEVERITY)
            excluded = exclusions.get(code) or None
            one = (rows.get(code, other), excluded, main, further, severity, void, also, parts.get(code, 0))
            self._dx[code] = shared.setdefault(one, one)
        self._dx_other: Diagnosis = (other, None, *any_code, 0, None, None, 0)
        self._dx[""] = self._dx_blank = (none, None, 0, 0, 0, None, None, 0)
        self._also = any(one[6] is not None for one in shared)
        facts = CodeFacts("px", atoms, lists)
        rows, other, none = _open_rows(compiled["px"])
        table, any_code = facts.table(), facts.any_code()
        alike: dict[Procedure, Procedure] = {}
        self._px: dict[str, Procedure] = {}
        for code in {**rows, **table}:
            procedure = (rows.get(code, other), *table.get(code, any_code))
            self._px[code] = alike.setdefault(procedure, procedure)
        self._px_other: Procedure = (other, *any_code)
        self._px[""] = self._px_blank = (none, 0, 0)
        self._no_px: list[Procedure] = [self._px_blank]

    # One case ---------------------------------------------------------------------------------------------------------

    def group(self, case: Case, *, mapped: bool = False) -> Grouping:
        """Group of one case. `mapped`: convert its codes first by the scheme's maps. Raises: MapMissing."""
        if mapped:
            codes = self.mapped(case.dx, case.px)
            if isinstance(codes, int):
                return self.results[codes]
            case = case._replace(dx=tuple(codes[0]), px=tuple(codes[1]))
        return self.results[self.place(*case)]

    def place(
        self,
        sex: int | None,
        age: int | None,
        age_days: int | None,
        birth_weight: Number | None,
        dept: str,
        los: Number | None,
        leaving: str,
        icu_hours: Number | None,
        dx: Sequence[str],
        px: Sequence[str],
    ) -> int:
        """Place of the result of one case, given as the members of `Case`."""
        known, other, operated, unheard, no_px = self.lookups
        diagnoses = [known(code, other) for code in dx]
        procedures = [operated(code, unheard) for code in px] if px else no_px
        return self.decide(sex, age, age_days, birth_weight, dept, los, leaving, icu_hours, diagnoses, procedures)

    @property
    def lookups(self) -> tuple[Any, Diagnosis, Any, Procedure, list[Procedure]]:
        """How codes are looked up in a loop: of diagnoses and of procedures the getter and what it gives otherwise;
        what stands for no procedure."""
        return self._dx.get, self._dx_other, self._px.get, self._px_other, self._no_px

    def coded(self, case: Case) -> Coded:
        """A case with its codes looked up, for grouping many in memory (`decide(*coded)`)."""
        dx = tuple(self._dx.get(code, self._dx_other) for code in case.dx)
        px = tuple(self._px.get(code, self._px_other) for code in case.px) or tuple(self._no_px)
        return (*case[:8], dx, px)

    def decide(
        self,
        sex: int | None,
        age: int | None,
        age_days: int | None,
        birth_weight: Number | None,
        dept: str,
        los: Number | None,
        leaving: str,
        icu_hours: Number | None,
        dx: Sequence[Diagnosis],
        px: Sequence[Procedure],
    ) -> int:
        """Place of the result of one coded case. `px` has one entry for "no procedure" where there is none."""
        if (
            (sex != 1 and sex != 2)
            or age is None
            or not 0 <= age <= MOST_YEARS
            or (not age and (age_days is None or (age_days <= 28 and birth_weight is None)))
            or not dx
            or dx[0] is self._dx_blank
            or (age_days is not None and age_days < 0)
            or (birth_weight is not None and birth_weight < 0)
            or (los is not None and los < 0)
            or (icu_hours is not None and icu_hours < 0)
        ):
            return CHECK
        main = dx[0]
        open_rows = main[0] & px[0][0]
        plan: Any = self._plans.get(open_rows)
        if plan is None:
            plan = self._plan(open_rows)
        if plan.__class__ is Branch:
            branch, asked = plan, plan.families
            facts = 0
            if asked & DX:
                facts = main[2]
                for one in dx[1:]:
                    facts |= one[3]
            if asked & PX:
                facts |= px[0][1]
                for procedure in px[1:]:
                    facts |= procedure[2]
            if asked & PLAIN:
                plain = (sex, age, age_days, birth_weight, dept, los, leaving, icu_hours)
                for at, known, ask in branch.fields:
                    mask = known.get(plain[at])
                    if mask is None:
                        mask = known[plain[at]] = ask(plain[at])
                    facts |= mask
            if asked & PARTED:
                parts = main[7]
                for one in dx[1:]:
                    parts |= one[7]
                facts |= self._parted.of(parts)
            facts &= branch.relevant
            plan = branch.by_facts.get(facts)
            if plan is None:
                plan = branch.resolve(facts)
        if plan.__class__ is int:
            result: int = plan
        else:
            severity = 0
            table = main[1]
            for one in dx[1:]:
                if one[5] != table:
                    severity |= one[4]
            if self._also and any(one[6] is not None and one[6] != table for one in dx[1:]):
                severity |= 1 << CC_BIT
            result = plan[severity]
        if not result and self._retries and len(px) > 1:
            same = (sex, age, age_days, birth_weight, dept, los, leaving, icu_hours)
            tries = (self.decide(*same, dx, (one,)) for one in px[1:] if one is not self._px_blank)
            return next((found for found in tries if found), FAIL)
        return result

    @cached_property
    def maps(self) -> tuple[dict[str, str], dict[str, str]]:
        """What each input code is called in the scheme: diagnoses, procedures. Raises: MapMissing."""
        for_dx, for_px = self._stored_maps
        if for_dx is None or for_px is None:
            raise MapMissing(
                f"方案 {self.name} 没有编码对照表", hint="补上 icd10_map.csv 与 icd9cm3_map.csv，或不要求转换"
            )
        return _mapping(for_dx), _mapping(for_px)

    def mapped(self, dx: Sequence[str], px: Sequence[str]) -> tuple[list[str], list[str]] | int:
        """Codes converted by the scheme's maps, or the place of the result when one cannot be.

        A code that its map drops is left out; the main code may not be, as no other may take its place unasked.
        """
        for_dx, for_px = self.maps
        found_dx = [for_dx.get(code) for code in dx if code]
        if None in found_dx or (dx and not dx[0]) or found_dx[:1] == [DROP]:
            return NO_DX if any(dx) else CHECK
        found_px = [for_px.get(code) for code in px if code]
        if None in found_px or (px and not px[0] and any(px)) or found_px[:1] == [DROP]:
            return NO_PX
        return [code for code in found_dx if code and code != DROP], [
            code for code in found_px if code and code != DROP
        ]

    # Plans ------------------------------------------------------------------------------------------------------------

    def _plan(self, open_rows: int) -> int | list[int] | Branch:
        """Make the plan of a set of open rows, and keep it."""
        if len(self._plans) >= MOST_PLANS:
            self._plans.clear()
        branch = Branch(self._tree(open_rows), self._plain)
        plan = branch if branch.families else branch.resolve(0)
        self._plans[open_rows] = plan
        return plan

    def _tree(self, open_rows: int) -> Tree:
        """The open rows as the tree they came from, up to where a case is sure to stop."""
        by_mdc: dict[int, tuple[set[int], dict[int, set[int]]]] = {}
        rest = open_rows
        while rest:
            low = rest & -rest
            rest ^= low
            mdc, outer, step, inner = self._rows[low.bit_length() - 1]
            outers, steps = by_mdc.setdefault(mdc, (set(), {}))
            outers.add(outer)
            steps.setdefault(step, set()).add(inner)
        found = []
        for mdc, (outers, steps) in by_mdc.items():
            clauses = _left([self._mdcs[mdc][at] for at in outers])
            rungs: list[Rung] = []
            for step, inners in steps.items():
                left = _left([self._steps[step][at] for at in inners])
                leaves, otherwise = self._leaves[step], self._otherwise[step]
                rungs.append((left, leaves, otherwise))
                if left is None and (otherwise >= 0 or (leaves and leaves[-1][0] is None)):
                    break
            else:
                left = ()
            found.append((clauses, tuple(rungs)))
            if clauses is None and left is None:
                break
        return tuple(found)


class Branch:
    """A set of open rows that asks more than the two main codes: by the facts it asks for, a result or four."""

    __slots__ = ("by_facts", "families", "fields", "relevant", "tree")

    def __init__(self, tree: Tree, plain: PlainFacts) -> None:
        self.tree = tree
        self.by_facts: dict[int, int | list[int]] = {}
        self.families = self.relevant = 0
        for outer, rungs in tree:
            for clauses in (outer, *(rung[0] for rung in rungs), *(leaf[0] for rung in rungs for leaf in rung[1])):
                for need, forbid, asked in clauses or ():
                    self.families |= asked & ~SEVERITY
                    self.relevant |= (need | forbid) & ~_BOTH
        self.fields = plain.asked_for(self.relevant)

    def resolve(self, facts: int) -> int | list[int]:
        """What facts (all but severity) come to: a result, or four by MCC and CC; kept."""
        by_severity = [_walk(self.tree, facts | severity) for severity in range(_BOTH + 1)]
        found = by_severity[0] if len(set(by_severity)) == 1 else by_severity
        if len(self.by_facts) >= MOST_PLANS:
            self.by_facts.clear()
        self.by_facts[facts] = found
        return found


def _walk(tree: Tree, facts: int) -> int:
    """The open rows in order, under facts that are known."""
    for outer, rungs in tree:
        if not _holds(outer, facts):
            continue
        for clauses, leaves, otherwise in rungs:
            if not _holds(clauses, facts):
                continue
            for inner, result in leaves:
                if _holds(inner, facts):
                    return result
            if otherwise >= 0:
                return otherwise
    return FAIL


def _left(clauses: list[Clause]) -> Clauses:
    """What is left to ask of a step whose main codes fit: None when nothing is."""
    if any(not need and not forbid for need, forbid, _ in clauses):
        return None
    return tuple(clauses)


def _holds(clauses: Clauses, facts: int) -> bool:
    return clauses is None or any(facts & need == need and not facts & forbid for need, forbid, _ in clauses)


def _clause(stored: Sequence[Any]) -> Clause:
    return int(stored[0], 16), int(stored[1], 16), stored[2]


def _leaf(stored: Compiled) -> Leaf:
    clauses = None if stored["if"] is None else _left([_clause(clause) for clause in stored["if"]])
    return clauses, stored["result"]


_NO_SEVERITY = (0, None, None)


def _severities(mcc: Mapping[str, str], cc: Mapping[str, str]) -> dict[str, tuple[int, str | None, str | None]]:
    """Severity bits and exclusion table of a code, and its table as a CC where it is an MCC with another one."""
    shared = {
        (bit, table): (1 << bit, table, None)
        for bit, tables in ((MCC_BIT, mcc), (CC_BIT, cc))
        for table in tables.values()
    }
    found: dict[str, tuple[int, str | None, str | None]] = {code: shared[CC_BIT, table] for code, table in cc.items()}
    found |= {code: shared[MCC_BIT, table] for code, table in mcc.items()}
    for code in mcc.keys() & cc.keys():
        same = mcc[code] == cc[code]
        found[code] = (_BOTH, mcc[code], None) if same else (1 << MCC_BIT, mcc[code], cc[code])
    return found


def _open_rows(side: Compiled) -> tuple[dict[str, int], int, int]:
    """Open rows of each code that a row asks for, of any other code, and of none."""
    bits = [int(mask, 16) for mask in side["bits"]]
    rows = {code: bits[place] for code, place in zip(_lines(side["codes"]), side["class"], strict=True)}
    return rows, int(side["other"], 16), int(side["none"], 16)


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []


def _mapping(columns: Sequence[str]) -> dict[str, str]:
    keys = _lines(columns[0])
    return dict(zip(keys, columns[1].split("\n"), strict=True)) if keys else {}
