"""A scheme made ready for speed (编译): a plain structure of numbers and texts, that JSON can hold.

Every pair (clause of an MDC step, clause of an ADRG step below it) is one *row*. What a row asks of the main diagnosis
and of the main procedure is settled per code, once: `bits` of a code are the rows it does not rule out. Two masks
anded leave the rows that a case's two main codes allow, in the order of the tree. Everything else a row or a leaf asks
is a bit of the *facts* of a record, gathered by family and only when a row that is still open asks for it:

    holds  =  facts & need == need  and  facts & forbid == 0
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from openyibao.payment.engine.contracts import (
    AMBIGUOUS,
    CHECK_FAILED,
    DIAGNOSIS_NOT_MAPPED,
    GROUPED,
    NOT_GROUPED,
    PROCEDURE_NOT_MAPPED,
)
from openyibao.payment.engine.scheme import Atom, Clause, Scheme, Step
from openyibao.payment.engine.terms import ALWAYS, CODE_FIELDS, PARTS, SEVERITY_FIELDS

DX, PX, PLAIN, PARTED, SEVERITY = 1, 2, 4, 8, 16
"""Families of facts: of the diagnoses, the procedures, the plain fields, the parts of the body, CC and MCC."""
MCC_BIT, CC_BIT = 0, 1
"""The two severity facts are the lowest bits."""
FAIL, CHECK, NO_DX, NO_PX = 0, 1, 2, 3
"""Places of the results that every scheme has."""

Compiled = dict[str, Any]


@dataclass
class _Facts:
    """Fact bits by what they mean: (field, operator without its negation, list or value)."""

    bits: dict[tuple[str, str, str, str], int] = field(
        default_factory=lambda: {("mcc", "present", "", ""): MCC_BIT, ("cc", "present", "", ""): CC_BIT}
    )

    def clause(self, atoms: Iterable[Atom]) -> tuple[int, int, int]:
        """A clause as (need, forbid, families)."""
        need = forbid = families = 0
        for atom in atoms:
            if atom.field == ALWAYS:
                continue
            key, wanted = _key(atom)
            bit = 1 << self.bits.setdefault(key, len(self.bits))
            families |= _family(atom.field)
            if wanted:
                need |= bit
            else:
                forbid |= bit
        return need, forbid, families


def _key(atom: Atom) -> tuple[tuple[str, str, str, str], bool]:
    """What an atom asks, without its negation, and whether it is to hold."""
    wanted = atom.op not in ("not_in", "absent")
    op = {"not_in": "in", "absent": "present"}.get(atom.op, atom.op)
    return (atom.field, op, atom.list, atom.value), wanted


def _family(name: str) -> int:
    if name in SEVERITY_FIELDS:
        return SEVERITY
    if name == PARTS:
        return PARTED
    if name in CODE_FIELDS:
        return DX if name.startswith("dx") else PX
    return PLAIN


@dataclass
class _Side:
    """What rows ask of one main code: for each thing asked (a list, a code, "any at all") the rows that do."""

    keys: dict[tuple[str, str], int] = field(default_factory=dict)
    rows: list[tuple[int, int]] = field(default_factory=list)

    def add(self, atoms: Iterable[Atom]) -> None:
        """Note what the next row asks: masks over keys that must and that must not be so."""
        must = must_not = 0
        for atom in atoms:
            (_, op, list_id, value), wanted = _key(atom)
            bit = 1 << self.keys.setdefault((op, list_id or value), len(self.keys))
            if wanted:
                must |= bit
            else:
                must_not |= bit
        self.rows.append((must, must_not))

    def open_rows(self, has: int) -> int:
        """Rows that a code with these keys does not rule out."""
        found = 0
        for at, (must, must_not) in enumerate(self.rows):
            if must & has == must and not must_not & has:
                found |= 1 << at
        return found

    def compiled(self, scheme: Scheme) -> Compiled:
        """Classes of codes with the same keys; "none" is a case without the code, "other" one that no list has."""
        anything = 1 << self.keys[("present", "")] if ("present", "") in self.keys else 0
        has: dict[str, int] = {}
        for (op, what), at in self.keys.items():
            codes: Iterable[str] = scheme.lists[what].parts if op == "in" else [what] if op == "=" else ()
            for code in codes:
                has[code] = has.get(code, anything) | 1 << at
        classes = {mask: at for at, mask in enumerate(dict.fromkeys(has.values()))}
        return {
            "bits": [hex(self.open_rows(mask)) for mask in classes],
            "other": hex(self.open_rows(anything)),
            "none": hex(self.open_rows(0)),
            "codes": "\n".join(has),
            "class": [classes[mask] for mask in has.values()],
        }


def compile_scheme(scheme: Scheme) -> Compiled:
    """Everything a grouper needs to know of a scheme."""
    facts = _Facts()
    results = _Results(scheme)
    sides = {"dx_main": _Side(), "px_main": _Side()}
    mdcs: list[list[tuple[int, int, int]]] = []
    steps: list[Compiled] = []
    rows: list[tuple[int, int, int, int]] = []
    for mdc in scheme.running():
        mdcs.append([facts.clause(_beside(clause)) for clause in mdc.clauses])
        for step in scheme.running(mdc):
            compiled = _step(scheme, facts, results, mdc, step)
            for m, outer in enumerate(mdc.clauses):
                for s, inner in enumerate(step.clauses):
                    rows.append((len(mdcs) - 1, m, len(steps), s))
                    for name, side in sides.items():
                        side.add(atom for atom in (*outer, *inner) if atom.field == name)
            steps.append(compiled)
    return {
        "name": scheme.name,
        "sha256": scheme.sha256,
        "title": scheme.title,
        "facts": dict(scheme.facts),
        "retries": scheme.retries,
        "results": list(results.places),
        "mdcs": [[_hexed(clause) for clause in clauses] for clauses in mdcs],
        "steps": steps,
        "rows": rows,
        "dx": sides["dx_main"].compiled(scheme),
        "px": sides["px_main"].compiled(scheme),
        "atoms": [[*key, bit] for key, bit in facts.bits.items()],
        "lists": _lists_for(scheme, facts),
        "parts": {key[2]: dict(scheme.lists[key[2]].parts) for key in facts.bits if key[0] == PARTS},
        "mcc": _columns(scheme.mcc),
        "cc": _columns(scheme.cc),
        "exclusions": _columns(scheme.exclusions),
        "dx_map": None if scheme.dx_map is None else _columns(scheme.dx_map),
        "px_map": None if scheme.px_map is None else _columns(scheme.px_map),
    }


def _beside(clause: Clause) -> list[Atom]:
    """What a clause asks beside the two main codes."""
    return [atom for atom in clause if atom.field not in ("dx_main", "px_main")]


class _Results:
    """Every result the scheme can give, each once, with its place."""

    def __init__(self, scheme: Scheme) -> None:
        self.fail_code = scheme.fail_code
        nowhere = ("0000", "00", "0000")
        fixed = [(NOT_GROUPED, "0000", "00", scheme.fail_code)]
        fixed += [(status, *nowhere) for status in (CHECK_FAILED, DIAGNOSIS_NOT_MAPPED, PROCEDURE_NOT_MAPPED)]
        self.places: dict[tuple[str, str, str, str], int] = {result: at for at, result in enumerate(fixed)}

    def place(self, mdc: str, adrg: str, drg: str) -> int:
        if drg == self.fail_code:
            return FAIL
        status = AMBIGUOUS if adrg == "QY" else GROUPED
        return self.places.setdefault((status, mdc, adrg, drg), len(self.places))


def _step(scheme: Scheme, facts: _Facts, results: _Results, mdc: Step, step: Step) -> Compiled:
    """An ADRG or QY step: its clauses beside the main codes, its leaves up to the first that always holds."""
    leaves: list[Compiled] = []
    if step.level == "QY":
        leaves.append({"if": None, "result": results.place(mdc.target, "QY", step.target)})
    for leaf in scheme.running(step):
        clauses = [facts.clause(clause) for clause in leaf.clauses]
        always = any(not need and not forbid for need, forbid, _ in clauses)
        result = results.place(mdc.target, step.target, leaf.target)
        leaves.append({"if": None if always else [_hexed(clause) for clause in clauses], "result": result})
        if always:
            break
    otherwise = results.place(mdc.target, step.target, step.otherwise) if step.otherwise else -1
    return {
        "if": [_hexed(facts.clause(_beside(clause))) for clause in step.clauses],
        "leaves": leaves,
        "otherwise": otherwise if step.level == "ADRG" else -1,
    }


def _hexed(clause: tuple[int, int, int]) -> list[Any]:
    need, forbid, families = clause
    return [hex(need), hex(forbid), families]


def _lists_for(scheme: Scheme, facts: _Facts) -> Mapping[str, str]:
    """Every list that a fact is looked up in, its members one a line."""
    return {key[2]: "\n".join(scheme.lists[key[2]].parts) for key in facts.bits if key[1] == "in"}


def _columns(pairs: Mapping[str, str]) -> list[str]:
    """A mapping as two texts, one entry a line."""
    return ["\n".join(pairs), "\n".join(pairs.values())]
