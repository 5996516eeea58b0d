"""What the synth room's door hands over besides a manifest: printed values to measure the invented data by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One printed value of an area and year.

    key: figures.csv or printed.csv key; value in the printed unit; certainty seed, public or assumed.
    kind: `calibrated` when counts or costs are drawn to meet it, `engine` when it comes out of the policy kernel and is
    not forced. note: what it counts.
    """

    key: str
    area: str
    year: int
    value: float
    unit: str
    source: str
    certainty: str
    kind: str
    note: str = ""
