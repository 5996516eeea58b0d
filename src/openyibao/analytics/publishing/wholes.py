"""Tables that are not cut (整表): pools, institutions, and what the books say of the funds beside persons and bills."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from openyibao.datasets.facade import CODES, FUND_ITEMS, FUNDS, LEVEL_CODES, write_whole
from openyibao.foundation import sql
from openyibao.institutions.contracts import DOSSIER_COLUMNS, Institution
from openyibao.kernel.areas import SHANDONG, all_areas
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month

KINDS = {
    "hospital": "hospital",
    "primary_care": "clinic",
    "clinic": "clinic",
    "care_institution": "clinic",
    "pharmacy": "pharmacy",
}
"""Kinds of the institutions' room as the dataset has them."""
SPECIAL = {"serious_illness_resident": "serious_illness", "serious_illness_employee": "serious_illness"}
"""Funds of the ledger that go by another name in a dataset."""
INCOME = ("contribution_income", "subsidy_income", "transfer_income", "allocated", "adjustment_received")
EXPENDITURE = ("transfer_expense", "adjustment_paid_up", "adjustment_distributed")
_NUMBER = {code: number for number, (code, _) in CODES["institution_kind"].items()}


@dataclass(frozen=True)
class Pool:
    """A pool (统筹区×险种)."""

    area: str
    scheme: str

    @property
    def name(self) -> str:
        known = all_areas().get(self.area)
        return known.name if known else self.area


def write_pools(folder: Path, pools: Sequence[Pool]) -> int:
    return write_whole(
        folder,
        "pools",
        {
            "pool": list(range(len(pools))),
            "area": [pool.area for pool in pools],
            "area_name": [pool.name for pool in pools],
            "scheme": [pool.scheme for pool in pools],
        },
    )


def institutions() -> list[Institution]:
    """Every designated institution, in the order of codes."""
    rows = sql.rows(f"SELECT {', '.join(DOSSIER_COLUMNS)} FROM institutions_dossier ORDER BY code")
    return [Institution.from_row(row) for row in rows]


def write_institutions(folder: Path, found: Sequence[Institution], day: date) -> int:
    """Institutions with the level of a day, or the last one known."""
    outside = [not one.area.startswith(SHANDONG[:2]) for one in found]
    kinds = ["remote" if away else KINDS[one.kind] for one, away in zip(found, outside, strict=True)]
    return write_whole(
        folder,
        "institutions",
        {
            "institution": list(range(len(found))),
            "code": [one.code for one in found],
            "name": [one.name for one in found],
            "kind": [_NUMBER[kind] for kind in kinds],
            "level": [LEVEL_CODES.index(_level(one, day)) for one in found],
            "area": [int(one.area) for one in found],
        },
    )


def _level(one: Institution, day: date) -> str:
    profiles = [profile for profile in one.profiles if profile.start <= day] or list(one.profiles)
    return profiles[-1].level if profiles else ""


Money = Mapping[str, int]
"""Sums of the contributions published for one pool and year, by column."""


def fund_rows(
    areas: Iterable[str], years: Sequence[int], paid: Mapping[tuple[int, Pool], Money]
) -> list[tuple[Any, ...]]:
    """Rows of `funds` from the books of fund accounts (基金会计账): opening, interest, and what persons' rows lack.

    Other income is the income of the books less interest and less what the published contributions make of it, so that
    both together are the books' income of the year; it is negative when money arrived in another year than its own.
    """
    rows: list[tuple[Any, ...]] = []
    for area in areas:
        for year in years:
            for fund, items in _funds(area, year).items():
                items["other_income"] = items.pop("income") - _of_persons(fund, area, year, paid)
                rows += [
                    (year, int(area), _at(FUNDS, fund), _at(FUND_ITEMS, item), fen, _SOURCES[item], "recorded")
                    for item, fen in items.items()
                    if fen or item == "opening"
                ]
    return sorted(rows)


_SOURCES = {
    "opening": "基金会计账期初结余",
    "interest": "基金会计账利息收入",
    "other_income": "基金会计账收入减利息与已发布的缴费；含到账与所属年度之差、转入、调剂、本年另一险种的缴费",
    "other_expenditure": "基金会计账转移支出与调剂金",
}


def _at(names: Mapping[str, str], name: str) -> int:
    return list(names).index(name)


def _funds(area: str, year: int) -> dict[str, dict[str, int]]:
    """Opening, income, interest and other expenditure of each fund of an area in a year, fen."""
    before = _balances(area, date(year, 1, 1))
    after = _balances(area, date(year + 1, 1, 1))
    kinds = {code: line.kind for code, line in ledger.accounts().items()}
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for account, fund in {**before, **after}:
        known = SPECIAL.get(fund, fund)
        if known not in FUNDS:
            continue
        moved = before.get((account, fund), 0) - after.get((account, fund), 0)  # credit less debit of the year
        items = found[known]
        if kinds[account] in ("equity", "income", "expense") or account in ("special_premiums", "special_claims"):
            items["opening"] -= before.get((account, fund), 0)
        if account == "net_assets":
            items["opening"] += moved  # stated as a balance taken over, whenever it was entered
        elif account == "interest_income":
            items["interest"] += moved
        elif account in INCOME:
            items["income"] += moved
        elif account in EXPENDITURE:
            items["other_expenditure"] -= moved
    return {
        fund: {name: items[name] for name in ("opening", "interest", "income", "other_expenditure")}
        for fund, items in sorted(found.items())
    }


def _balances(area: str, first: date) -> dict[tuple[str, str], int]:
    """Debit less credit by (account, fund) before a first of January."""
    trial = ledger.trial_balance("fund", area, Month(first))
    return {(row.account, row.fund): row.opening_fen for row in trial.rows}


def _of_persons(fund: str, area: str, year: int, paid: Mapping[tuple[int, Pool], Money]) -> int:
    """What the published contributions are of a fund's income."""
    employee = paid.get((year, Pool(area, "employee")), {})
    resident = paid.get((year, Pool(area, "resident")), {})
    if fund == "employee_pool":
        own = sum(employee.get(name, 0) for name in ("employer_fen", "individual_fen", "subsidy_fen"))
        return own - employee.get("account_fen", 0)
    if fund == "employee_account":
        return employee.get("account_fen", 0)
    if fund == "resident":
        return sum(resident.get(name, 0) for name in ("individual_fen", "subsidy_fen", "assistance_fen"))
    return 0
