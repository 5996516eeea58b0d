"""Loads every handler module once, which registers its transactions."""

from __future__ import annotations

from functools import cache
from importlib import import_module

MODULES = (
    "session",
    "person",
    "reference",
    "outpatient",
    "inpatient",
    "query",
    "settlement_list",
    "compensate",
)


@cache
def load_handlers() -> None:
    """Import the handler modules."""
    for name in MODULES:
        import_module(f"openyibao.gateway.handlers.{name}")
