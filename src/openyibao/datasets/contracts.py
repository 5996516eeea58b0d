"""What the datasets' door hands over: a manifest, batches of whole persons, what persons bring into a year."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from openyibao.datasets.schema import FORMAT


@dataclass
class Manifest:
    """What a dataset is and where it comes from. Written last: a folder without one is no dataset.

    kind: `synthetic` or `published`. rows: table -> cut ("" or a year) -> rows. population: area -> year -> persons,
    with the source of each figure beside it.
    """

    kind: str
    title: str
    area: str
    years: list[int]
    parts: int
    made_by: str
    scale: float = 1.0
    seed: int | None = None
    policies: str = ""
    calibration: str = ""
    population: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    format: str = FORMAT

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Opening:
    """What a person-year of one pool begins with (期初状态): counters by name, stays by their ordinal.

    stays: ordinal -> (n-th of the year it began in, deductible borne so far in fen).
    """

    counters: dict[str, int]
    stays: dict[int, tuple[int, int]]


Openings = dict[int, dict[int, Opening]]
"""person -> pool -> opening."""


class Batch(dict[str, npt.NDArray[Any]]):
    """Columns of whole persons, and where they come from: a file, the place of their first row in it, its year.

    Dates are days since 1970-01-01. openings are those of the part's persons, whoever has one.
    """

    path: str = ""
    row: int = 0
    year: int | None = None
    openings: Openings | None = None

    def cut(self, first: int, until: int | None, *, row: int) -> Batch:
        """Rows of it, as views."""
        made = Batch({name: values[first:until] for name, values in self.items()})
        made.path, made.year, made.row = self.path, self.year, row
        return made

    def after(self, before: Batch) -> Batch:
        """The same with the rows of another batch before its own."""
        made = Batch({name: np.concatenate((before[name], values)) for name, values in self.items()})
        made.path, made.year, made.row = self.path, self.year, before.row
        return made
