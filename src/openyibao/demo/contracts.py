"""What the demo data hands out: who and where to try things with, and what a load did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many are done, of how many."""


@dataclass(frozen=True)
class SandboxPerson:
    """An invented person to try things with (沙箱人员); identity in clear, for it is nobody's.

    status: category of the insured; state: normal, suspended, waiting, ended, deceased or never, on the day asked.
    """

    psn_no: str
    psn_name: str
    certno: str
    cert_type: str
    card_no: str
    insutype: str
    area: str
    county: str
    status: str
    state: str
    groups: tuple[str, ...]
    supplements: tuple[str, ...]
    filings: tuple[dict[str, str], ...]
    other_numbers: tuple[str, ...]
    key: str
    note: str
    covered_since: str
    """First day of the present coverage, "" without one."""
    settled_this_year: int
    """Settlements of the year that stand: a tally of this year does not begin at nothing."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class SandboxInstitution:
    """An invented institution with the secret to sign with (沙箱机构); security: aksk, tif, xca or none."""

    fixmedins_code: str
    fixmedins_name: str
    level: str
    area: str
    security: str
    key: str
    secret: str
    agreement: str
    note: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Loaded:
    """What a load did (装载结果): how many of each, and how long each step took in seconds."""

    persons: int
    institutions: int
    settlements: int
    cancelled: int
    lines: int
    contributions: int
    seconds: dict[str, float]
