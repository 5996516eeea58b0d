"""Writes the tables of people and visits into parts (分区): persons by their number, so many to a part."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from openyibao.datasets.facade import PartWriter


class Parts:
    """One table (of one year, of one run), written in the order of its persons. Every part gets its file."""

    def __init__(self, folder: Path, table: str, parts: int, size: int, year: int | None = None, run: str = "") -> None:
        self.table = table
        self.rows = 0
        self._place = (folder, table)
        self._last = (year, run)
        self._parts = parts
        self._size = size
        self._part = -1
        self._writer: PartWriter | None = None

    def write(self, columns: Mapping[str, Any]) -> None:
        """Append rows of whole persons, ascending and after those before."""
        person = np.asarray(columns["person"])
        at = 0
        while at < len(person):
            part = int(person[at]) // self._size
            self._turn(part)
            assert self._writer is not None
            end = int(np.searchsorted(person, (part + 1) * self._size))
            self._writer.write({name: values[at:end] for name, values in columns.items()})
            at = end
        self.rows += len(person)

    def _turn(self, part: int) -> None:
        """Close files up to a part and open its own; parts without rows get an empty file."""
        assert self._part <= part < self._parts, "persons must ascend"
        while self._part < part:
            if self._writer is not None:
                self._writer.close()
            self._part += 1
            self._writer = PartWriter(*self._place, self._part, *self._last)

    def close(self) -> int:
        """Finish every file; returns the rows of all."""
        self._turn(self._parts - 1)
        assert self._writer is not None
        self._writer.close()
        return self.rows
