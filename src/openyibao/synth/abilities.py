"""Which bills policy can decide (能否结算): asked of the policy room by settling one small bill of each kind.

A benefit that a city has no policy for, or whose figures are stated as missing, is not generated under that name: its
visits are counted where the bulletin's tables have them (deliveries among stays, chronic visits among outpatient ones).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from openyibao.kernel.errors import Refused
from openyibao.policy.facade import Policies, case_from

STATUS_OF = {"employee": ("active", "retired"), "resident": ("adult",)}
KINDS: dict[str, dict[str, Any]] = {
    "inpatient": {"benefit": "inpatient", "level": "secondary"},
    "outpatient": {"benefit": "outpatient", "level": "primary"},
    "chronic": {"benefit": "chronic", "level": "secondary", "disease": "高血压病"},
    "two_disease": {"benefit": "two_disease", "level": "primary", "disease": "高血压病"},
    "delivery": {"benefit": "delivery", "level": "secondary", "child_order": 1},
    "prenatal": {"benefit": "prenatal", "level": "secondary"},
    "long_term_care": {"benefit": "long_term_care", "level": "primary", "care_kind": "home", "days": 30},
    "special_drug": {"benefit": "chronic", "level": "tertiary", "disease": "恶性肿瘤", "special_drug": "100000.00"},
}


@dataclass(frozen=True)
class Abilities:
    """Kinds of bills that every city of a dataset can settle in a year, by scheme."""

    year: int
    kinds: dict[str, frozenset[str]]

    def has(self, scheme: str, kind: str) -> bool:
        return kind in self.kinds[scheme]


def abilities(policies: Policies, pools: list[tuple[str, str]], year: int) -> Abilities:
    """What every pool can settle."""
    found: dict[str, set[str]] = {}
    for area, scheme in pools:
        mine = {kind for kind in KINDS if settles(policies, area, scheme, year, kind)}
        found[scheme] = found[scheme] & mine if scheme in found else mine
    return Abilities(year, {scheme: frozenset(kinds) for scheme, kinds in found.items()})


def settles(policies: Policies, area: str, scheme: str, year: int, kind: str) -> bool:
    """Whether a bill of this kind is decided on 1 January and on 31 December."""
    return all(
        _settles(policies, area, scheme, status, day, kind)
        for status in STATUS_OF[scheme]
        for day in (date(year, 1, 1), date(year, 12, 31))
    )


def _settles(policies: Policies, area: str, scheme: str, status: str, day: date, kind: str) -> bool:
    visit = {"date": day.isoformat(), "in_scope": "50000.00", **KINDS[kind]}
    person: dict[str, Any] = {"area": area, "scheme": scheme, "status": status, "birth": "1950-01-01"}
    if visit["benefit"] == "chronic":
        person["filings"] = [{"kind": "chronic", "disease": visit["disease"], "from": "2010-01-01"}]
    try:
        policies.settle(case_from({"title": "probe", "person": person, "visits": [visit]}, "probe"))
    except Refused:
        return False
    return True
