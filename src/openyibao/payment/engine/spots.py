"""What a check of a scheme says and where (检查的位置): shared by the kinds of errors and of warnings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from openyibao.payment.engine.places import CONDITIONS, STEPS
from openyibao.payment.engine.reach import Reach, contradicts, dead_leaves
from openyibao.payment.engine.scheme import Atom, Scheme, Step


class Spot(NamedTuple):
    """One place of a scheme with something wrong: file and line, what, and of which sort where a kind has several."""

    place: str
    text: str
    sort: str = ""

    def __str__(self) -> str:
        return f"{self.place} {self.text}".strip()


class Kind(NamedTuple):
    """One kind of defect: its code, what it is called, and what finds it."""

    name: str
    title: str
    find: Callable[[Scheme, Reach], Iterable[Spot]]


def at_step(step: Step, text: str) -> Spot:
    """Something about a step."""
    return Spot(f"{STEPS}:{step.line}", f"{named(step)}{text}")


def at_condition(step: Step, atom: Atom, text: str) -> Spot:
    """Something about a condition of a step."""
    return Spot(f"{CONDITIONS}:{atom.line}", f"{named(step)}{text}")


def named(step: Step) -> str:
    """A step by its code and number."""
    return f"{step.target}（步骤 {step.id}）"


def adrgs(scheme: Scheme) -> Iterator[tuple[Step, Step]]:
    """Every ADRG step that is tried, with its MDC."""
    for mdc in scheme.running():
        yield from ((mdc, step) for step in scheme.running(mdc) if step.level == "ADRG")


def drg_targets(scheme: Scheme) -> set[str]:
    """DRG codes that some enabled leaf gives."""
    return {leaf.target for _, adrg in adrgs(scheme) for leaf in scheme.running(adrg)}


def reachable_drgs(scheme: Scheme, reach: Reach) -> set[str]:
    """DRG codes of leaves that some case can come to."""
    found = set()
    for mdc, adrg in adrgs(scheme):
        if adrg.id in reach.reached:
            dead = {leaf.id for leaf, _ in dead_leaves(scheme, adrg)}
            leaves = [leaf for leaf in scheme.running(adrg) if leaf.id not in dead]
            found |= {leaf.target for leaf in leaves if can_hold(scheme, mdc, adrg, leaf)}
    return found


def can_hold(scheme: Scheme, *steps: Step) -> bool:
    """Whether a case can meet steps that lie one below the other: some clause of each, none against another."""
    together: list[tuple[Atom, ...]] = [()]
    for step in steps:
        pairs = [(*before, *clause) for before in together for clause in step.clauses]
        together = [clause for clause in pairs if not contradicts(clause, scheme)]
    return bool(together)


def mains(scheme: Scheme, atom: Atom) -> Iterable[str]:
    """Main diagnoses that an atom lists."""
    return scheme.lists[atom.list].parts if atom.field == "dx_main" and atom.op == "in" else ()
