"""What of a scheme can ever be reached (可达性): by every kind of main diagnosis with every kind of main procedure.

Codes that are in the same lists are one kind, so a few hundred thousand pairs stand for every case there can be. What
a step asks beside the two main codes is taken as possible unless it contradicts itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from openyibao.payment.engine.compiler import Compiled, compile_scheme
from openyibao.payment.engine.scheme import Atom, Clause, Scheme, Step
from openyibao.payment.engine.terms import (
    ALWAYS,
    COMPARISONS,
    FIELDS,
    MOST_YEARS,
    PARTS,
    TEXT_FIELDS,
    compared,
    number,
)

_MAINS = ("dx_main", "px_main")


class Reach:
    """The rows of a scheme (clause of an MDC, clause of an ADRG or QY below it) and what can reach them."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        compiled = compile_scheme(scheme)
        self.mdcs = scheme.running()
        self.steps = [(mdc, step) for mdc in self.mdcs for step in scheme.running(mdc)]
        self.rows: list[tuple[int, int, int, int]] = compiled["rows"]
        self.dx, self.px = _Kinds(compiled["dx"]), _Kinds(compiled["px"])

    def clauses(self, row: int) -> tuple[Clause, Clause]:
        """The two clauses of a row."""
        mdc, outer, step, inner = self.rows[row]
        return self.mdcs[mdc].clauses[outer], self.steps[step][1].clauses[inner]

    @cached_property
    def reached(self) -> set[str]:
        """Steps (MDC, ADRG, QY) that some case can come to and meet."""
        rows: set[int] = set()
        for found in {dx & px for dx in self.dx.all_bits() for px in self.px.all_bits()}:
            rows.update(self._met(found))
        steps: set[str] = set()
        for row in rows:
            outer, inner = self.clauses(row)
            if not contradicts((*outer, *inner), self.scheme):
                at_mdc, _, at, _ = self.rows[row]
                steps |= {self.mdcs[at_mdc].id, self.steps[at][1].id}
        return steps

    def _met(self, found: int) -> Iterator[int]:
        """Of rows open to a kind of case those it can come to: up to the first that is sure to keep it.

        A step that asks only the main codes keeps every case that came by its MDC clause; where that clause, too, asks
        only the main codes, nothing comes after it at all.
        """
        kept: set[tuple[int, int]] = set()
        for row in _bits(found):
            mdc, outer, _, _ = self.rows[row]
            if (mdc, outer) in kept:
                continue
            yield row
            if row in self._keeping:
                kept.add((mdc, outer))
                if _only(self.clauses(row)[0], _MAINS):
                    return

    @cached_property
    def _keeping(self) -> set[int]:
        """Rows whose ADRG or QY asks only the main codes and keeps whatever comes to it."""
        found = set()
        for row, (_, _, step, _) in enumerate(self.rows):
            if _only(self.clauses(row)[1], _MAINS) and ends(self.scheme, self.steps[step][1]):
                found.add(row)
        return found

    def codes_outside(self, field: str) -> Iterator[tuple[Step, Step, str, str]]:
        """Codes in a list of an ADRG by which no case can enter it: MDC, ADRG, list, code."""
        kinds = self.dx if field == "dx_main" else self.px
        rows_of: dict[tuple[int, int], int] = {}
        for row, (_, _, owner, place) in enumerate(self.rows):
            rows_of[owner, place] = rows_of.get((owner, place), 0) | 1 << row
        for at, (mdc, step) in enumerate(self.steps):
            open_rows: dict[tuple[str, str], int] = {}
            for inner, clause in enumerate(step.clauses):
                for atom in clause:
                    if atom.field == field and atom.op == "in":
                        for code in self.scheme.lists[atom.list].parts:
                            key = (atom.list, code)
                            open_rows[key] = open_rows.get(key, 0) | kinds.of(code) & rows_of.get((at, inner), 0)
            yield from ((mdc, step, list_id, code) for (list_id, code), rows in open_rows.items() if not rows)

    def shared(self, field: str) -> Iterator[tuple[str, Step, list[Step]]]:
        """Main codes that two ADRGs of one MDC take without asking more: code, MDC, the ADRGs in order.

        Groups that take any valid operation are left out: they are meant for what the others leave.
        """
        kinds = self.dx if field == "dx_main" else self.px
        alone = sum(
            1 << row
            for row in range(len(self.rows))
            if _only(self.clauses(row)[1], (field,)) and self._by_own_list(row, field)
        )
        for code in kinds.codes:
            by_mdc: dict[int, dict[str, Step]] = {}
            for row in _bits(kinds.of(code) & alone):
                mdc, _, at, _ = self.rows[row]
                step = self.steps[at][1]
                if step.level == "ADRG":
                    by_mdc.setdefault(mdc, {}).setdefault(step.target, step)
            for mdc, steps in by_mdc.items():
                if len(steps) > 1:
                    yield code, self.mdcs[mdc], list(steps.values())

    def _by_own_list(self, row: int, field: str) -> bool:
        """Whether the ADRG of a row asks a main code by a list that no MDC or ambiguous step uses as well."""
        mine = [atom for atom in self.clauses(row)[1] if atom.field == field]
        return bool(mine) and all(atom.list not in self._general for atom in mine)

    @cached_property
    def _general(self) -> set[str]:
        """Lists of procedures that MDCs and ambiguous steps ask for: any operation at all."""
        above = [*self.mdcs, *(step for _, step in self.steps if step.level == "QY")]
        lists = {atom.list for step in above for clause in step.clauses for atom in clause if atom.field == "px_main"}
        return lists | {"VALID_PX"}


class _Kinds:
    """Kinds of codes of one side: rows left open by each."""

    def __init__(self, side: Compiled) -> None:
        self._bits = [int(mask, 16) for mask in side["bits"]]
        self.codes = side["codes"].split("\n") if side["codes"] else []
        self._kind = dict(zip(self.codes, side["class"], strict=True))
        self._other, self._none = int(side["other"], 16), int(side["none"], 16)

    def of(self, code: str) -> int:
        return self._bits[self._kind[code]] if code in self._kind else self._other

    def all_bits(self) -> set[int]:
        return {*self._bits, self._other, self._none}


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def ends(scheme: Scheme, step: Step) -> bool:
    """Whether a case that meets a step is sure to stay there."""
    if step.level == "QY" or step.otherwise:
        return True
    return any(not _asks(clause) for leaf in scheme.running(step) for clause in leaf.clauses)


def _only(clause: Clause, fields: tuple[str, ...]) -> bool:
    """Whether a clause asks nothing beside some fields."""
    return all(atom.field in fields for atom in _asks(clause))


def _asks(clause: Clause) -> list[Atom]:
    return [atom for atom in clause if atom.field != ALWAYS]


def unconditional(leaf: Step) -> bool:
    """Whether a leaf takes whatever comes to it."""
    return any(not _asks(clause) for clause in leaf.clauses)


def dead_leaves(scheme: Scheme, adrg: Step) -> list[tuple[Step, Step]]:
    """Leaves that an earlier leaf of the same ADRG always takes first: (dead leaf, the earlier one)."""
    found = []
    leaves = scheme.running(adrg)
    for at, leaf in enumerate(leaves):
        earlier = [(other, clause) for other in leaves[:at] for clause in other.clauses]
        always = next((other for other, clause in earlier if not _asks(clause)), None)
        takers = [
            always or next((other for other, clause in earlier if _implies(mine, clause)), None)
            for mine in leaf.clauses
            if not contradicts(mine, scheme)
        ]
        if takers and all(takers):
            found.append((leaf, next(taker for taker in takers if taker)))
    return found


def _implies(clause: Clause, other: Clause) -> bool:
    """Whether a case that meets one clause is sure to meet another."""
    return all(any(_atom_implies(mine, theirs) for mine in _asks(clause)) for theirs in _asks(other))


def _atom_implies(mine: Atom, theirs: Atom) -> bool:
    if mine.field != theirs.field or mine.list != theirs.list:
        return False
    if (mine.op, mine.value) == (theirs.op, theirs.value):
        return True
    low, high = number(mine.value), number(theirs.value)
    if mine.op not in COMPARISONS or theirs.op not in COMPARISONS or low is None or high is None:
        return False
    if mine.op == "=":
        return compared(low, theirs.op, high)
    if mine.op[0] != theirs.op[0] or mine.op[0] == "=":
        return False
    strict = mine.op in ("<", ">") or theirs.op in ("<=", ">=")
    return (low == high and strict) or compared(low, mine.op[0], high)


def contradicts(clause: Clause, scheme: Scheme) -> bool:
    """Whether a clause asks what no case can be, or two things that no case can meet together."""
    atoms = _asks(clause)
    if any(impossible(atom, scheme) for atom in atoms):
        return True
    return any(_excludes(one, other) for at, one in enumerate(atoms) for other in atoms[:at])


def impossible(atom: Atom, scheme: Scheme) -> str:
    """Why no case that passes the check of its input can meet an atom, in Chinese; empty when one can."""
    value = number(atom.value)
    if atom.op not in COMPARISONS or value is None or atom.field in TEXT_FIELDS:
        return ""
    if atom.field == "sex":
        return "" if any(compared(sex, atom.op, value) for sex in (1, 2)) else "性别只有 1 和 2"
    most = None
    if atom.field == "age":
        most = MOST_YEARS
    elif atom.field == PARTS:
        most = len(set(scheme.lists[atom.list].parts.values()))
    if atom.op in ("<", "<=") or (atom.op == "=" and value < 0):
        return "" if compared(0, atom.op, value) else f"{FIELDS[atom.field]}不会小于 0"
    if most is not None and not compared(most, ">" if atom.op == ">" else ">=", value):
        return f"{FIELDS[atom.field]}最多 {most}"
    return ""


def _excludes(one: Atom, other: Atom) -> bool:
    if one.field != other.field or one.list != other.list:
        return False
    if {one.op, other.op} in ({"in", "not_in"}, {"present", "absent"}):
        return one.value == other.value
    low, high = number(one.value), number(other.value)
    if one.op not in COMPARISONS or other.op not in COMPARISONS or low is None or high is None:
        return False
    if "=" in (one.op, other.op):
        exact, against = (one, other) if one.op == "=" else (other, one)
        left, right = (low, high) if exact is one else (high, low)
        return not compared(left, against.op, right) and one.field not in ("dx_any", "dx_other", "px_any", "px_other")
    if one.op[0] == other.op[0]:
        return False
    above, below = (low, high) if one.op[0] == ">" else (high, low)
    return above > below or (above == below and ("<" in (one.op, other.op) or ">" in (one.op, other.op)))
