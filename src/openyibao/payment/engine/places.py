"""Where something stands in the tables of a scheme (所在行): file and line, for explanations and checks.

Looked up only when asked, from the rows as they were read; grouping never needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

CODES = "adrg_rules.codes.csv"
STEPS = "adrg_rules.steps.csv"
CONDITIONS = "adrg_rules.conditions.csv"
FIRST = 2
"""Line of the first record: line 1 holds the column names."""


class Places:
    """Lines of codes in lists and of first cells in the other tables. `rows`: the records of each file, no header."""

    def __init__(self, rows: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._rows = rows
        self._lines: dict[str, dict[tuple[str, ...], int]] = {}

    def listed(self, list_id: str, code: str) -> str:
        """Where a list has a code, the later place where it is listed twice; empty when it has not."""
        return self._place(CODES, (list_id, code), (0, 2))

    def of_list(self, list_id: str) -> str:
        """Where a list begins."""
        for at, row in enumerate(self._rows.get(CODES, ())):
            if row[0] == list_id:
                return f"{CODES}:{at + FIRST}"
        return ""

    def row(self, file: str, key: str) -> str:
        """Where a table has a first cell; empty when it has not."""
        return self._place(file, (key,), (0,))

    def _place(self, file: str, key: tuple[str, ...], columns: tuple[int, ...]) -> str:
        if file not in self._lines:
            found: dict[tuple[str, ...], int] = {}
            for at, row in enumerate(self._rows.get(file, ())):
                found[tuple(row[column] for column in columns)] = at + FIRST
            self._lines[file] = found
        line = self._lines[file].get(key)
        return f"{file}:{line}" if line else ""
