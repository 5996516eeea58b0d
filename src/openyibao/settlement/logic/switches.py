"""How an area handles what the rules leave open (地区办理方式): dated switches, city before province before nation."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from openyibao.kernel import areas


@cache
def _switches() -> dict[str, list[dict[str, Any]]]:
    text = (files("openyibao.settlement") / "data" / "switches.yaml").read_text(encoding="utf-8")
    found: dict[str, list[dict[str, Any]]] = yaml.safe_load(text)
    return found


def switch(key: str, area: str, day: date) -> str:
    """Value of a switch in a pooling area on a day."""
    entries = [entry for entry in _switches()[key] if entry["from"] <= day]
    for code in areas.lineage(area):
        mine = [entry for entry in entries if entry["area"] == code]
        if mine:
            return str(max(mine, key=lambda entry: entry["from"])["value"])
    raise AssertionError(f"switch {key} has no value for {area} on {day}")
