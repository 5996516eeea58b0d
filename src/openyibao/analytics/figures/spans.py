"""Which values a formula can take while its figures move within their halves (可能取值的范围).

A figure that occurs once gives an exact interval. One that occurs twice (a share of a sum it is part of) would be
counted twice, so those are put at their ends in every combination. That is exact where the formula is a ratio whose
numerator and denominator are linear in each of them (growth, share of a sum, weighted mean): such a ratio rises or
falls throughout. Elsewhere what lies between the ends and the wide interval is settled by halving.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

from openyibao.analytics.figures.expressions import Expression, Value, as_interval
from openyibao.analytics.figures.intervals import Interval

MOST_CORNERS = 12
"""Figures that occur twice, of which every combination of ends is tried."""
DEPTH = 14
Degrees = tuple[int, int]
"""Degrees of numerator and denominator in some names."""
Place = tuple[str, int | None]


@dataclass
class Span:
    """The values of a formula over the intervals of its figures."""

    expression: Expression
    given: Mapping[str, Value]

    def __post_init__(self) -> None:
        self.wide = as_interval(self.expression.value(self.given))
        self.moving: list[Place] = [
            (name, at)
            for name, count in self.expression.names.items()
            if count > 1
            for at, one in _parts(self.given[name])
            if isinstance(one, Interval) and not one.is_point
        ]

    @cached_property
    def hull(self) -> Interval:
        """From the least to the greatest value at the ends: what is surely reached."""
        if not self.moving:
            return self.wide
        if len(self.moving) > MOST_CORNERS:
            return Interval(self._climbed(False).low, self._climbed(True).high)
        found: Interval | None = None
        for ends in product((False, True), repeat=len(self.moving)):
            value = self._at(ends)
            found = value if found is None else found.hull(value)
        assert found is not None
        return found

    @cached_property
    def exact(self) -> bool:
        """Whether nothing lies outside the hull."""
        if not self.moving:
            return True
        names = {name for name, _ in self.moving}
        if len(self.moving) > MOST_CORNERS:
            return linear(self.expression.tree, names)
        return all(linear(self.expression.tree, {name}) for name in names)

    def meets(self, target: Interval) -> bool:
        """Whether some choice within the halves gives a value in `target`."""
        if not self.wide.meets(target):
            return False
        if self.hull.meets(target):
            return True
        return not self.exact and self._halved(dict(self.given), target, DEPTH)

    def _at(self, ends: tuple[bool, ...]) -> Interval:
        """The formula with each figure that occurs twice at its lower or upper end."""
        here = dict(self.given)
        for (name, at), end in zip(self.moving, ends, strict=True):
            one = _part(here[name], at)
            _put(here, name, at, Interval.point(one.high if end else one.low))
        return as_interval(self.expression.value(here))

    def _climbed(self, up: bool) -> Interval:
        """The ends from which no single figure leads further up (or down); of a ratio of sums there is no other."""
        ends = [False] * len(self.moving)
        best, better = self._at(tuple(ends)), True
        while better:
            better = False
            for place in range(len(ends)):
                ends[place] = not ends[place]
                value = self._at(tuple(ends))
                if value.high > best.high if up else value.low < best.low:
                    best, better = value, True
                else:
                    ends[place] = not ends[place]
        return best

    def _halved(self, given: dict[str, Value], target: Interval, depth: int) -> bool:
        if not as_interval(self.expression.value(given)).meets(target):
            return False
        if depth == 0:
            return True
        name, at = max(self.moving, key=lambda key: _relative(_part(given[key[0]], key[1])))
        for half in _part(given[name], at).halves():
            here = dict(given)
            _put(here, name, at, half)
            if self._halved(here, target, depth - 1):
                return True
        return False


def linear(tree: ast.expr, names: set[str]) -> bool:
    """Whether a formula is a ratio whose numerator and denominator are linear in these names."""
    found = _degrees(tree, names)
    return found is not None and max(found) <= 1


def _degrees(node: ast.expr, names: set[str]) -> Degrees | None:
    """Degrees of numerator and denominator in the names; None for what is no ratio of polynomials."""
    if isinstance(node, ast.Name):
        return (int(node.id in names), 0)
    if isinstance(node, ast.Constant):
        return (0, 0)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _degrees(node.operand, names)
    if isinstance(node, ast.BinOp):
        return _combined(node.op, _degrees(node.left, names), _degrees(node.right, names))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        inner = [_degrees(one, names) for one in node.args]
        if node.func.id in ("sum", "float") and len(inner) == 1:
            return inner[0]
        if node.func.id == "dot" and len(inner) == 2:
            return _combined(ast.Mult(), inner[0], inner[1])
    return None if any(isinstance(one, ast.Name) and one.id in names for one in ast.walk(node)) else (0, 0)


def _combined(op: ast.operator, one: Degrees | None, two: Degrees | None) -> Degrees | None:
    if one is None or two is None:
        return None
    if isinstance(op, ast.Add | ast.Sub):
        return (max(one[0] + two[1], two[0] + one[1]), one[1] + two[1])
    if isinstance(op, ast.Mult):
        return (one[0] + two[0], one[1] + two[1])
    if isinstance(op, ast.Div):
        return (one[0] + two[1], one[1] + two[0])
    return (0, 0) if one == two == (0, 0) else None


def _relative(one: Interval) -> Fraction:
    return one.half / (abs(one.middle) or 1)


def _parts(value: Value) -> list[tuple[int | None, Value]]:
    return list(enumerate(value)) if isinstance(value, list) else [(None, value)]


def _part(value: Value, at: int | None) -> Any:
    return value if at is None else value[at]


def _put(given: dict[str, Value], name: str, at: int | None, value: Interval) -> None:
    if at is None:
        given[name] = value
    else:
        given[name] = [value if here == at else one for here, one in enumerate(given[name])]
