"""What kind of figure a key path is, and the data files of this room's part."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from openyibao.kernel.money import basis_points, fen_from_yuan

NO_LIMIT = 1 << 60
KINDS = (
    ("tiers", "rate"),
    ("bonus", "bonus"),
    ("herb_bonus", "bonus"),
    ("deductible.amount", "deductible"),
    ("cap", "cap"),
    ("visit_cap", "cap"),
    ("top_up.patient_share", "patient_share"),
    ("first_self_pay", "first_self_pay"),
    ("individual_rate", "individual_rate"),
    ("employer_rate", "employer_rate"),
    ("individual", "individual"),
    ("subsidy", "subsidy"),
    ("account.of_base", "account_rate"),
    ("account", "account"),
    ("premiums", "premium"),
    ("base_floor", "base_floor"),
    ("base_ceiling", "base_ceiling"),
)
"""Beginning of a key path -> what kind of figure stands there; the first that fits counts."""


def kind_of(key: str) -> str:
    """What kind of figure a key path names; "" for others (limits of tiers, shares of later stays …)."""
    if key.startswith(("tiers.",)) and key.endswith(".upto"):
        return ""
    return next((kind for prefix, kind in KINDS if key == prefix or key.startswith(f"{prefix}.")), "")


@cache
def load_data(name: str) -> Any:
    """A data file of this package as plain values; text stays text, no number is a float."""
    text = files(__package__).joinpath("data", name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.BaseLoader)


def number(written: str) -> int | None:
    """A figure as a number: fen, 1/10000, or NO_LIMIT for `none`; None when it is missing or no number."""
    if written == "none":
        return NO_LIMIT
    try:
        return int(basis_points(written)) if written.endswith("%") else int(fen_from_yuan(written))
    except ValueError:
        return None
