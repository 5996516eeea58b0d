"""What a reform changes of one version (改动的一版): its figures now and before, as the rules of the list read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from openyibao.policy.facade import Policies, figures_in
from openyibao.policy.terms import GROUPS
from openyibao.simulation.reform.figures import NO_LIMIT, kind_of, number


@dataclass(frozen=True)
class Leaf:
    """One figure of a version: its key path, what kind of figure it is, as written, as a number (fen or 1/10000)."""

    key: str
    kind: str
    written: str
    number: int | None

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.key.split("."))


@dataclass(frozen=True)
class Step:
    """A version that a change made: what it rules, its figures now, and those of the version that held before."""

    at: int
    name: str
    file: Any
    day: date
    now: Mapping[str, Leaf]
    then: Mapping[str, Leaf]
    body: Mapping[str, Any]
    body_then: Mapping[str, Any]
    changed: frozenset[str]
    until: date
    """First day on which the version no longer holds."""


def leaves(policies: Policies, version: Any) -> dict[str, Leaf]:
    found = {}
    for figure in figures_in(policies.rulebook, version):
        key = figure.path.partition("#")[2]
        found[key] = Leaf(key, kind_of(key), figure.value, number(figure.value))
    return found


def groups_of(words: Sequence[str], policies: Policies) -> set[str]:
    sets = policies.rulebook.sets
    return {member for word in words for member in sets.get(word, (word,)) if member in GROUPS}


def number_before(step: Step, key: str) -> int | None:
    """The number that held before at a key: its own, that of a mapping it belonged to, or that of a finer one."""
    words = key.split(".")
    for end in range(len(words), 0, -1):
        parent = ".".join(words[:end])
        for other in (parent, f"{parent}.otherwise"):
            if other in step.then:
                return step.then[other].number
        finer = [leaf for name, leaf in step.then.items() if name.startswith(f"{parent}.") and end == len(words)]
        numbers = [leaf.number for leaf in finer if leaf.number is not None]
        if numbers:
            return max(numbers) if kind_of(key) in ("deductible", "cap") else min(numbers)
    return None


def said(leaf: Leaf) -> str:
    """A figure as a sentence says it."""
    if leaf.written == "none":
        return "不封顶"
    return leaf.written if leaf.written.endswith("%") else f"{leaf.written} 元"


def shown(value: int, like: Leaf) -> str:
    if value >= NO_LIMIT:
        return "不封顶"
    return f"{value / 100:g}%" if like.written.endswith("%") else f"{value // 100} 元"


def written(value: object) -> str:
    return str(value) if str(value).endswith("%") else f"{value} 元"
