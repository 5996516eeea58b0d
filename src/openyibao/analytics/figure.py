"""A figure that may have another value: the values it can take, and policies with such values put in.

Values are walked as whole numbers (basis points, fen); words are tried one by one. A change holds for one dated version
of a figure only: later versions get back what they state.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from openyibao.analytics.resettle import Met
from openyibao.kernel.errors import Malformed
from openyibao.kernel.money import MOST_FEN, basis_points, fen_from_yuan, percent_text, yuan_text
from openyibao.kernel.periods import FAR_FUTURE
from openyibao.policy.facade import Policies, case_from
from openyibao.policy.terms import LEVELS

RATE_STEPS = (1000, 500, 100, 50, 10, 1)
AMOUNT_STEPS = (1_000_000, 500_000, 100_000, 50_000, 10_000, 5_000, 1_000, 100, 10, 1)
WORDS = {"deductible.per": ("stay", "year", "year_highest"), "read_as": tuple(LEVELS)[:4]}
KEPT = 400
"""Changed policies kept at hand."""


@dataclass(frozen=True)
class Domain:
    """Values a figure can take: whole numbers from low to high, or words. `now` is ours, -1 for no limit."""

    unit: str
    """rate (basis points), amount (fen), limit (an amount where we have none), words."""
    low: int = 0
    high: int = 0
    now: int = -1
    words: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[int, ...]:
        return RATE_STEPS if self.unit == "rate" else AMOUNT_STEPS

    def text(self, value: int | str) -> str:
        """A value as a policy file writes it."""
        if isinstance(value, str):
            return value
        if self.unit == "rate":
            return percent_text(value)
        return yuan_text(value).removesuffix(".00")

    def node(self, value: int | str) -> Any:
        """A value as a reform file holds it."""
        if isinstance(value, str) or self.unit == "rate":
            return self.text(value)
        amount = value // 100 if value % 100 == 0 else yuan_text(value)
        return {"amount": amount} if self.unit == "limit" else amount

    def roundness(self, value: int | str) -> int:
        """How round a value is: 0 the roundest."""
        if isinstance(value, str):
            return 0
        return next(at for at, step in enumerate(self.steps) if value % step == 0)


def domain_of(figure: Met, policies: Policies) -> Domain | None:
    """The values a figure can take; None for one that is no number and no known word."""
    key = figure.path.partition("#")[2]
    value = figure.value
    words = next((known for name, known in WORDS.items() if key == name or key.startswith(name + ".")), None)
    if words:
        return Domain("words", words=tuple(word for word in words if word != value))
    if value.endswith("%"):
        return Domain("rate", 0, 10_000, int(basis_points(value)))
    if value == "none" and (key == "cap" or key.startswith("cap.amount")):
        return Domain("limit" if key == "cap" else "amount", 0, MOST_FEN)
    try:
        now = int(fen_from_yuan(value))
    except ValueError:
        return None
    low, high = _bounds(key, policies, figure)
    return Domain("amount", low, high, now)


def _bounds(key: str, policies: Policies, figure: Met) -> tuple[int, int]:
    """Tier limits lie between their neighbours; other amounts anywhere."""
    parts = key.split(".")
    if parts[0] != "tiers" or parts[-1] != "upto":
        return 0, MOST_FEN
    file = policies.rulebook.files[figure.path.partition("#")[0]]
    version = next(one for one in file.versions if one.period.start <= figure.start < one.period.end)
    limits = [int(fen_from_yuan(tier["upto"])) for tier in version.body["tiers"] if "upto" in tier]
    at = int(parts[1]) - 1
    below = limits[at - 1] + 100 if at else 100
    above = limits[at + 1] - 100 if at + 1 < len(limits) else MOST_FEN
    return below, above


@dataclass(frozen=True)
class Change:
    """A figure with another value, for its version or from a later day on."""

    figure: Met
    domain: Domain
    value: int | str
    start: date | None = None

    @property
    def text(self) -> str:
        return self.domain.text(self.value)


class Bench:
    """Policies with changes put in; the changes already accepted hold in all of them."""

    def __init__(self, policies: Policies) -> None:
        self.base = policies
        self.accepted: list[Change] = []
        self._template = case_from(
            {"person": {"area": "371500", "scheme": "resident", "status": "adult"}, "visits": []},
            "implied",
            checked=True,
        ).source
        self._kept: OrderedDict[tuple[Change, ...], Policies | None] = OrderedDict()

    @property
    def current(self) -> Policies:
        found = self.with_changes(())
        assert found is not None
        return found

    def accept(self, change: Change) -> None:
        """Keep a change. A later one of the same figure replaces an earlier one."""
        same = [old for old in self.accepted if old.figure == change.figure and old.start == change.start]
        for old in same:
            self.accepted.remove(old)
        self.accepted.append(change)
        self._kept.clear()

    def with_changes(self, extra: Sequence[Change]) -> Policies | None:
        """The current policies with further changes; None where the policy room refuses such a rule."""
        key = tuple(extra)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        made = self._made([*self.accepted, *extra])
        self._kept[key] = made
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return made

    def _made(self, changes: Sequence[Change]) -> Policies | None:
        if not changes:
            return self.base
        rows = [row for change in changes for row in self._rows(change)]
        try:
            return self.base.reformed(replace(self._template, data={"title": "implied", "changes": rows}, lines={}))
        except Malformed:
            return None

    def _rows(self, change: Change) -> list[dict[str, Any]]:
        """A change as entries of a reform, with what later versions state put back."""
        path = change.figure.path
        start = change.start or change.figure.start
        rows = [{"path": path, "from": str(start), "value": change.domain.node(change.value)}]
        if change.figure.end != FAR_FUTURE:
            name, _, key = path.partition("#")
            for version in self.base.rulebook.files[name].versions:
                stated = _value(version.body, key)
                if version.period.start >= change.figure.end and stated is not None:
                    rows.append({"path": path, "from": str(version.period.start), "value": stated})
        return rows


def _value(body: Any, key: str) -> Any:
    node = body
    for part in key.split("."):
        if isinstance(node, list):
            node = node[int(part) - 1] if part.isdigit() and int(part) <= len(node) else None
        else:
            node = node.get(part) if isinstance(node, dict) else None
    return node
