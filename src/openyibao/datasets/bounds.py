"""What columns can hold (取值范围): places in short lists, code lists, amounts that fit the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from openyibao.datasets.contracts import Batch
from openyibao.datasets.schema import (
    BENEFIT_CODES,
    EMPLOYER_KINDS,
    FILING_CODES,
    GROUP_CODES,
    LEVEL_CODES,
    STATUS_CODES,
)
from openyibao.kernel.errors import Fault
from openyibao.kernel.money import MOST_FEN

AMOUNTS = (
    *("in_scope_fen", "prior_self_pay_fen", "over_limit_fen", "non_covered_fen", "special_drug_fen", "herb_fen"),
)
MOST_STAYS = 512
"""Stays settled in pieces within one person, year and pool."""


MOST_ACCOUNT_FEN = 10**14
"""Beyond any account; sums of accounts stay far below 2**63."""
_FLAGS = ("in_province", "waive", "excluded", "account", "maternity", "long_term_care", "insured_at_year_end")
_CODED = {"benefit": BENEFIT_CODES, "level": LEVEL_CODES, "status": STATUS_CODES, "employer_kind": EMPLOYER_KINDS}


def bounds(pools: int, variants: int) -> dict[str, tuple[int, int]]:
    """Least and most of the columns of `visits` and `contributions`, by name."""
    return {
        "pool": (0, pools - 1),
        "variant": (0, variants - 1),
        "groups": (0, (1 << len(GROUP_CODES)) - 1),
        "filing": (-1, len(FILING_CODES) - 1),
        "days": (0, 366),
        "months": (0, 12),
        "stay": (-1, MOST_STAYS - 1),
        "account_opening_fen": (-MOST_ACCOUNT_FEN, MOST_ACCOUNT_FEN),
        "account_fen": (-MOST_ACCOUNT_FEN, MOST_ACCOUNT_FEN),
        "purchases_fen": (0, MOST_ACCOUNT_FEN),
        **{name: (0, len(known) - 1) for name, known in _CODED.items()},
        **dict.fromkeys(_FLAGS, (0, 1)),
        **dict.fromkeys(AMOUNTS, (0, MOST_FEN)),
    }


def out_of_bounds(batch: Mapping[str, Any], pools: int, variants: int) -> list[Fault]:
    """Every column of a batch of visits or contributions that holds what it cannot, with its first such row."""
    faults: list[Fault] = []
    for name, (low, high) in bounds(pools, variants).items():
        faults += outside(batch, name, low, high)
    if "herb_fen" in batch and "in_scope_fen" in batch:
        herbs = np.flatnonzero(batch["herb_fen"] > batch["in_scope_fen"])
        faults += first_fault(batch, herbs, "herb_fen", "不大于同一行的 in_scope_fen")
    return faults


def outside(batch: Mapping[str, Any], name: str, low: int, high: int) -> list[Fault]:
    """A column that leaves its bounds; nothing when it does not, or is not there."""
    column = batch.get(name)
    if column is None or not len(column) or (column.min() >= low and column.max() <= high):
        return []
    return first_fault(batch, np.flatnonzero((column < low) | (column > high)), name, f"{low} 至 {high}")


def first_fault(batch: Mapping[str, Any], wrong: Any, name: str, right: str) -> list[Fault]:
    """The first of some rows of a batch whose column is wrong, and how many there are; nothing when there are none."""
    if not len(wrong):
        return []
    at = int(wrong[0])
    more = f"，共 {len(wrong):,} 行" if len(wrong) > 1 else ""
    value = int(batch[name][at])
    shown = np.datetime64(value, "D") if name == "day" else value
    return [row_fault(batch, at, name, f"{shown}{more}", right)]


def row_fault(batch: Mapping[str, Any], at: int, path: str, wrong: str, right: str) -> Fault:
    """A row of a batch: its file, its number in the file from 1, the column."""
    file, row = (batch.path, batch.row) if isinstance(batch, Batch) else ("visits", 0)
    return Fault(file or "visits", 0, path, f"第 {row + at + 1:,} 行：{wrong}", right)
