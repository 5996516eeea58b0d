"""What the policy room hands to those who settle whole years: a compiled plan, its columns and its tallies.

Importing this imports numpy; the compiled loops (numba) load when a year is first settled.
"""

from __future__ import annotations

from pathlib import Path

from openyibao.policy.source import Source, read
from openyibao.policy.year import COLUMNS, EPOCH, HEADS, SPLIT_HEADS, Columns, Ints, Payers, Tally, Variant, YearPlan


def read_reform(path: Path) -> Source:
    """Read a reform file (改革方案), for `Policies.reformed`. Raises: Malformed."""
    return read(path)


__all__ = [
    "COLUMNS",
    "EPOCH",
    "HEADS",
    "SPLIT_HEADS",
    "Columns",
    "Ints",
    "Payers",
    "Source",
    "Tally",
    "Variant",
    "YearPlan",
    "read_reform",
]
