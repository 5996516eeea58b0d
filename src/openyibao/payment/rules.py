"""Dated rules of the monthly payment (月度拨付规则): `data/slip_rules.yaml`, city before province before nation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from openyibao.kernel import areas
from openyibao.kernel.money import basis_points
from openyibao.payment.logic.review import Terms
from openyibao.payment.logic.slip import SlipRules


@cache
def _listed() -> tuple[dict[str, Any], ...]:
    text = (files("openyibao.payment") / "data" / "slip_rules.yaml").read_text(encoding="utf-8")
    return tuple(yaml.safe_load(text)["rules"])


def _rule(area: str, name: str, day: date) -> dict[str, Any]:
    """The row in force: of the nearest area, the latest not after the day. Raises: KeyError when none is stated."""
    for where in areas.lineage(area):
        dated = [row for row in _listed() if row["area"] == where and row["rule"] == name and row["from"] <= day]
        if dated:
            return max(dated, key=lambda row: row["from"])
    raise KeyError(name)


def slip_rules(area: str, day: date) -> SlipRules:
    """What a slip of an area is made by on a day; rules that are only assumed are named."""
    rows = {name: _rule(area, name, day) for name in ("deposit", "deposit_funds")}
    return SlipRules(
        deposit_bp=basis_points(str(rows["deposit"]["value"])),
        deposit_funds=frozenset(rows["deposit_funds"]["value"]),
        provisional=tuple(f"slip_rules#{name}" for name, row in rows.items() if row["certainty"] == "assumed"),
    )


def kinds_needing_list(area: str, day: date) -> frozenset[str]:
    """Which bills are paid only with an accepted settlement list: `inpatient`, `outpatient`."""
    return frozenset(_rule(area, "needs_list", day)["value"])


def assessment_bands(area: str, day: date) -> list[tuple[int, int]]:
    """(from score, share of the deposit given back in basis points), from high to low."""
    bands = [
        (int(band["from"]), basis_points(str(band["released"]))) for band in _rule(area, "assessment", day)["value"]
    ]
    return sorted(bands, reverse=True)


def review_terms(area: str, day: date) -> Terms:
    """Terms of a special-case review (特例单议期限) for discharges of a day; those only assumed are named."""
    names = ("special_file_days", "special_review_days", "special_appeal_days", "special_period")
    rows = {name: _rule(area, name, day) for name in names}
    assumed = tuple(f"slip_rules#{name}" for name, row in rows.items() if row["certainty"] == "assumed")
    days = [int(rows[name]["value"]) for name in names[:3]]
    return Terms(days[0], days[1], days[2], str(rows["special_period"]["value"]), assumed)


@dataclass(frozen=True)
class CapitationTerms:
    """What capitation covers (按人头包干范围): benefits of the members; what of it is only assumed."""

    covers: tuple[str, ...]
    provisional: tuple[str, ...]


def capitation_terms(area: str, day: date) -> CapitationTerms:
    """What payment by members covers in an area on a day."""
    row = _rule(area, "capitation_covers", day)
    assumed = ("slip_rules#capitation_covers",) if row["certainty"] == "assumed" else ()
    return CapitationTerms(tuple(row["value"]), assumed)
