"""Areas (行政区划, GB/T 2260): the nation, Shandong, its 16 cities and 136 counties, and the pool each belongs to.

A pooling area (统筹区) is a city: insured persons of a county belong to the pool of its city. Codes outside Shandong
are not listed; their first two digits are enough to know that care there is cross-province.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

NATION = "000000"
SHANDONG = "370000"
PROVINCES = frozenset(
    (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82)
)
"""First two digits of every province-level area (GB/T 2260)."""
_CODE = re.compile(r"[1-9][0-9]{5}")


@dataclass(frozen=True)
class Area:
    """One area: six-digit code, Chinese name, folder key of its policies ("" for counties), parent, pooling area."""

    code: str
    name: str
    key: str
    parent: str
    pooling_area: str


@cache
def all_areas() -> dict[str, Area]:
    """Every listed area by code, in the order nation, province, cities, counties."""
    text = (files(__package__) / "areas.csv").read_text(encoding="utf-8")
    return {row["code"]: Area(**row) for row in csv.DictReader(text.splitlines())}


@cache
def area_keys() -> dict[str, str]:
    """Policy folder key -> area code: {"liaocheng": "371500", …}."""
    return {area.key: code for code, area in all_areas().items() if area.key}


@cache
def pooling_area_of(code: str) -> str:
    """Pooling area of a county, city or province of Shandong; other valid codes answer with their own city.

    Raises: ValueError when the code is no six-digit area code, or one of Shandong that does not exist.
    """
    known = all_areas().get(code)
    if known is not None:
        return known.pooling_area or known.code
    if not _CODE.fullmatch(code):
        raise ValueError(f"{code!r} 不是六位行政区划代码")
    if code.startswith(SHANDONG[:2]):
        raise ValueError(f"{code!r} 不是山东省的行政区划代码")
    if int(code[:2]) not in PROVINCES:
        raise ValueError(f"{code!r} 不是行政区划代码（没有省级代码 {code[:2]}）")
    return code[:4] + "00"


def same_province(code: str, other: str) -> bool:
    """Whether two area codes lie in one province (first two digits of GB/T 2260)."""
    return code[:2] == other[:2]


@cache
def lineage(code: str) -> tuple[str, ...]:
    """Areas whose policies apply in a pooling area, most specific first: ("371500", "370000", "000000")."""
    chain = []
    while code:
        chain.append(code)
        code = all_areas()[code].parent
    return tuple(chain)
