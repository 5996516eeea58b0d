"""The accounts of each pool (基金收支) before and after: income, expenditure, balance, months payable (可支付月数).

Employee pool and resident fund stand apart; personal accounts belong to persons and are never a reserve. Claims on
serious illness are paid from a premium fund: the pool's own expenditure is the premium per head.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from openyibao.datasets.facade import FUND_ITEMS, FUNDS, GRANT_KINDS, Dataset
from openyibao.policy.contracts import Ints
from openyibao.policy.facade import area_name
from openyibao.simulation.reform.contributions import Rules
from openyibao.simulation.reform.keys import N_BENEFITS, N_LEVELS, N_STATUSES, VISIT_COLUMNS
from openyibao.simulation.reform.measure import CONTRIBUTED, HEADS, INSURED_AT_END, Measured

FUND_OF = {"employee": "employee_pool", "resident": "resident"}
SIDES = ("before", "after")


@dataclass
class PoolAccount:
    """One pool's year, fen as (before, after). `opening` None: the dataset does not say."""

    area: str
    scheme: str
    heads: int
    opening: int | None
    contributions: tuple[int, int]
    other_income: int
    basic: tuple[int, int]
    premiums: tuple[int, int]
    grants: int
    other_expenditure: int
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return area_name(self.area) if self.area else "合计"

    @property
    def income(self) -> tuple[int, int]:
        return (self.contributions[0] + self.other_income, self.contributions[1] + self.other_income)

    @property
    def expenditure(self) -> tuple[int, int]:
        rest = self.grants + self.other_expenditure
        return (self.basic[0] + self.premiums[0] + rest, self.basic[1] + self.premiums[1] + rest)

    @property
    def balance(self) -> tuple[int, int]:
        """Current balance (当期结余)."""
        return (self.income[0] - self.expenditure[0], self.income[1] - self.expenditure[1])

    @property
    def closing(self) -> tuple[int, int] | None:
        """Cumulative balance (累计结余)."""
        if self.opening is None:
            return None
        return (self.opening + self.balance[0], self.opening + self.balance[1])

    def months(self, side: int, more: int = 0) -> Fraction | None:
        """Months payable: cumulative balance over a month's expenditure; `more` expenditure beside."""
        closing, spent = self.closing, self.expenditure[side] + more
        return None if closing is None or spent <= 0 else Fraction(12 * (closing[side] - more), spent)

    def as_json(self) -> dict[str, Any]:
        months = [self.months(side) for side in (0, 1)]
        return {
            "area": self.area,
            "scheme": self.scheme,
            "heads": self.heads,
            "opening_fen": self.opening,
            "income_fen": list(self.income),
            "expenditure_fen": list(self.expenditure),
            "balance_fen": list(self.balance),
            "closing_fen": list(self.closing) if self.closing else None,
            "payable_months": [None if one is None else str(round(one, 2)) for one in months],
        }


def accounts(dataset: Dataset, measured: Measured, rules: Rules, year: int) -> list[PoolAccount]:
    """The account of every pool of an employee or resident scheme with insured persons or bills."""
    items = _items(dataset, year)
    grants = _grants(dataset, year)
    basic = by_pool(measured)
    columns = VISIT_COLUMNS
    found = []
    for at, (area, scheme) in enumerate(dataset.pools):
        if scheme not in FUND_OF:
            continue
        row = [int(value) for value in measured.paid_in[at]]
        heads = row[HEADS]
        if not heads and not basic[at].any():
            continue
        own = items.get((int(area), FUND_OF[scheme]), {})
        status = "active" if scheme == "employee" else "adult"
        premium = [rules.premium(side, at, status) * row[INSURED_AT_END] for side in SIDES]
        paid = dict(zip(CONTRIBUTED, row, strict=False))
        change = dict(zip(CONTRIBUTED, row[len(CONTRIBUTED) :], strict=False))
        into = paid["employer_fen"] + paid["individual_fen"] + paid["subsidy_fen"] + paid["assistance_fen"]
        into -= paid["account_fen"]
        more = change["employer_fen"] + change["individual_fen"] + change["subsidy_fen"] + change["assistance_fen"]
        more -= change["account_fen"]
        found.append(
            PoolAccount(
                area,
                scheme,
                heads,
                own.get("opening"),
                (into, into + more),
                sum(own.get(name, 0) for name in ("interest", "fiscal", "other_income")),
                (int(basic[at][columns.index("before.basic")]), int(basic[at][columns.index("after.basic")])),
                (premium[0], premium[1]),
                grants.get((at, FUND_OF[scheme]), 0),
                own.get("other_expenditure", 0),
            )
        )
    return found


def totals(found: list[PoolAccount], scheme: str) -> PoolAccount | None:
    """All pools of a scheme together; the opening balance only when every pool has one."""
    mine = [one for one in found if one.scheme == scheme]
    if not mine:
        return None
    openings = [one.opening for one in mine]

    def both(name: str) -> tuple[int, int]:
        return (sum(getattr(one, name)[0] for one in mine), sum(getattr(one, name)[1] for one in mine))

    return PoolAccount(
        "",
        scheme,
        sum(one.heads for one in mine),
        None if None in openings else sum(value for value in openings if value is not None),
        both("contributions"),
        sum(one.other_income for one in mine),
        both("basic"),
        both("premiums"),
        sum(one.grants for one in mine),
        sum(one.other_expenditure for one in mine),
    )


def by_pool(measured: Measured) -> Ints:
    """Sums of visits by pool."""
    dim = measured.keys.visit_dims["cell"]
    cells = measured.visits[dim.first : dim.first + dim.size]
    found: Ints = cells.reshape(len(measured.keys.pools), N_BENEFITS * N_LEVELS * N_STATUSES, -1).sum(axis=1)
    return found


def _items(dataset: Dataset, year: int) -> dict[tuple[int, str], dict[str, int]]:
    """Items of a fund by (area, fund)."""
    found: dict[tuple[int, str], dict[str, int]] = {}
    for row in dataset.whole("funds").to_pylist():
        if row["year"] != year:
            continue
        own = found.setdefault((row["area"], list(FUNDS)[row["fund"]]), {})
        item = list(FUND_ITEMS)[row["item"]]
        own[item] = own.get(item, 0) + row["fen"]
    return found


def _grants(dataset: Dataset, year: int) -> dict[tuple[int, str], int]:
    """Benefits that are no bill, by (pool, fund that pays); subsidised enrolment is income of the pool, no expense."""
    sums: dict[tuple[int, str], int] = {}
    subsidised = list(GRANT_KINDS).index("subsidised_enrolment")
    for part in range(dataset.manifest.parts):
        for batch in dataset.batches("grants", part, year, columns=["pool", "kind", "fund", "fen"]):
            own = batch["kind"] != subsidised
            keys = batch["pool"][own].astype(np.int64) * 16 + batch["fund"][own]
            for key in np.unique(keys):
                pool, fund = divmod(int(key), 16)
                at = (pool, list(FUNDS)[fund])
                sums[at] = sums.get(at, 0) + int(batch["fen"][own][keys == key].sum())
    return sums
