"""Printed values, and how a value of ours stands beside one."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from openyibao.analytics.indicators.contracts import Value

TOLERANCE = Fraction(2, 100)
ERRORS = 3
"""A calibrated indicator may part from the printed one by two per cent, or three standard errors if that is more."""


FACTORS = {
    "万人": Fraction(10**4),
    "万人次": Fraction(10**4),
    "亿元": Fraction(10**10),
    "%": Fraction(1, 100),
}
"""Printed units that are not ours."""


@dataclass(frozen=True)
class Printed:
    """A value as a bulletin prints it. kind: calibrated, follows, engine; certainty: seed, public, assumed.

    why: what the difference of a value that is no target hangs on, in short and at length. covers: what it holds beside
    what its name says.
    """

    id: str
    text: str
    unit: str
    kind: str
    source: str
    certainty: str = "seed"
    why: tuple[str, str] = ("", "")
    covers: str = ""

    @property
    def factor(self) -> Fraction:
        """What one of the printed unit is in ours: persons, person-times, fen, yuan, ratio."""
        return FACTORS.get(self.unit, Fraction(1))

    @property
    def value(self) -> Fraction:
        """The printed value in the unit of ours."""
        return Fraction(self.text) * self.factor

    @property
    def places(self) -> int:
        return len(self.text.partition(".")[2])


@dataclass(frozen=True)
class Checked:
    """One value beside the printed one. A residual is relative, of a ratio too; allowed is what the rule permits."""

    printed: Printed
    ours: Value
    residual: Fraction | None
    allowed: Fraction | None
    holds: bool | None

    def as_json(self) -> dict[str, Any]:
        """Residual and allowed as floats; the exact values are those of the bulletin."""
        return {
            "id": self.printed.id,
            "kind": self.printed.kind,
            "certainty": self.printed.certainty,
            "printed": self.printed.text,
            "unit": self.printed.unit,
            "residual": None if self.residual is None else float(self.residual),
            "allowed": None if self.allowed is None else float(self.allowed),
            "holds": self.holds,
        }


def checked(printed: Printed, ours: Value) -> Checked:
    """Compare. `holds` is None where there is nothing to compare, or where the value is no target."""
    if ours.value is None or not printed.value:
        return Checked(printed, ours, None, None, None)
    residual = ours.value / printed.value - 1
    allowed = TOLERANCE
    if ours.error is not None:
        allowed = max(allowed, ERRORS * Fraction(ours.error) / abs(printed.value))
    return Checked(printed, ours, residual, allowed, None if printed.kind == "engine" else abs(residual) <= allowed)
