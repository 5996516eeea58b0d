"""The ledger's data (科目、基金、利率): accounts of both books, funds, which fund bears a payment field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from openyibao.kernel.areas import NATION, all_areas, lineage
from openyibao.ledger.contracts import Book
from openyibao.ledger.errors import InterestRateMissing

PERSONAL_ACCOUNT = "personal_account"
KINDS = {
    "asset": "资产",
    "liability": "负债",
    "equity": "净资产",
    "income": "收入",
    "expense": "支出",
    "clearing": "往来",
}
PARTY_KINDS = {
    "": "",
    "institution": "定点机构",
    "person": "参保人",
    "employer": "用人单位",
    "insurer": "承办机构",
    "treasury": "财政",
}
CREDIT_KINDS = frozenset({"liability", "equity", "income"})
"""Kinds whose balance is normally a credit."""


@dataclass(frozen=True)
class Account:
    """A line of the chart (科目): key used in legs, printed number, book, kind, and whom a leg must name."""

    code: str
    number: str
    name: str
    book: Book
    kind: str
    party_kind: str
    party_required: bool
    bridge: str
    eliminates: str


@dataclass(frozen=True)
class Fund:
    """A fund (基金): `nature` pool, account or special decides which accounts paying out of it touches."""

    code: str
    name: str
    nature: str
    national_code: str
    premium_from: str
    roles: Mapping[str, str]


def _read(name: str) -> Any:
    return yaml.safe_load((files(__package__) / "data" / name).read_text(encoding="utf-8"))


@cache
def accounts() -> Mapping[str, Account]:
    """Every account of both books by code, in the order of the chart."""
    found = {}
    for code, row in _read("chart.yaml")["accounts"].items():
        party = row["party"]
        found[code] = Account(
            code=code,
            number=row["number"],
            name=row["name"],
            book=row["book"],
            kind=row["kind"],
            party_kind=party.removesuffix("?"),
            party_required=bool(party) and not party.endswith("?"),
            bridge=row.get("bridge", ""),
            eliminates=row.get("eliminates", ""),
        )
    return found


@cache
def funds() -> Mapping[str, Fund]:
    """Every fund by code."""
    data = _read("funds.yaml")
    return {
        code: Fund(
            code=code,
            name=row["name"],
            nature=row["nature"],
            national_code=row["code"],
            premium_from=row.get("premium_from", ""),
            roles=data["natures"][row["nature"]],
        )
        for code, row in data["funds"].items()
    }


def fund_of(field: str, scheme: str, layer: str = "") -> str:
    """The fund that bears a payment field (`hifp_pay`, …, `acct_pay`) of a scheme.

    Args: layer, the payer's layer of the policy where known: some shown under `oth_pay` have a fund of their own.
    Raises: KeyError, when the field is unknown or has no fund for the scheme.
    """
    data = _fields()
    if layer in data["layers"]:
        return str(data["layers"][layer])
    found = data["fields"][field]
    return str(found[scheme] if isinstance(found, dict) else found)


@cache
def _fields() -> Any:
    return _read("funds.yaml")


@cache
def _interest() -> Any:
    return _read("interest.yaml")["rates"]


def interest_rates(area: str, year: int) -> tuple[int, int]:
    """Basis points for carried-forward and current-year money of personal accounts at the end of a year.

    City beats province beats nation; of one area the latest start counts. Raises: InterestRateMissing.
    """
    last = date(year, 12, 31)
    for where in lineage(area) if area in all_areas() else (NATION,):
        rows = [row for row in _interest() if row["area"] == where and row["from"] <= last]
        if rows:
            row = max(rows, key=lambda one: one["from"])
            return int(row["carried_forward_bp"]), int(row["current_year_bp"])
    raise InterestRateMissing(
        f"{area} {year} 年没有个人账户计息利率", hint="在 ledger/data/interest.yaml 写明利率与来源"
    )


def fund_name(code: str) -> str:
    """Chinese name of a fund; '' for legs without one."""
    return funds()[code].name if code in funds() else code


def account_name(code: str) -> str:
    """Chinese name of an account."""
    return accounts()[code].name if code in accounts() else code
