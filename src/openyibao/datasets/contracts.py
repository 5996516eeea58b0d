"""What the datasets' door hands over: a manifest, and batches of whole persons."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

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
