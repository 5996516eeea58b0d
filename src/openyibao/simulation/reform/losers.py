"""Those who lose most (损失最大的人), bill by bill: their year as a case, settled and explained by the policy room.

What it answers must be what the batch answered, to the fen; a difference is said, never smoothed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

import pyarrow.parquet as pq

from openyibao.datasets.facade import (
    BENEFIT_CODES,
    FILING_CODES,
    GROUP_CODES,
    LEVEL_CODES,
    STATUS_CODES,
    Dataset,
)
from openyibao.kernel.errors import OpenyibaoError
from openyibao.kernel.money import yuan_text
from openyibao.policy.facade import Policies, case_from, explain_visit
from openyibao.policy.terms import BENEFITS, GROUPS, LEVELS, SCHEMES, STATUSES
from openyibao.simulation.reform.measure import Loser

SHORT = {"employee": "职工", "resident": "居民"}
ELSEWHERE = {0: "110000", 1: "370100"}
"""Where care elsewhere is put in a case: the place does not matter, only whether it lies in the province."""


@dataclass(frozen=True)
class BillChange:
    """One bill before and after, fen; `text` is the reasoning of both sides where it changed."""

    day: str
    what: str
    total: int
    funds: tuple[int, int]
    burden: tuple[int, int]
    text: tuple[str, str] = ("", "")
    changed: bool = False

    @property
    def loss(self) -> int:
        return self.burden[1] - self.burden[0]


@dataclass
class Explained:
    """A loser's year: who, what was lost, bill by bill. `agrees`: the case came to the same as the batch."""

    loser: Loser
    who: str
    income_per_head: int
    credit: tuple[int, int]
    premium: tuple[int, int]
    bills: list[BillChange] = field(default_factory=list)
    agrees: bool = True
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "person": self.loser.person,
            "who": self.who,
            "loss_fen": self.loser.loss,
            "of_bills_fen": self.loser.bills,
            "of_account_credit_fen": self.loser.credit,
            "of_premium_fen": self.loser.premium,
            "income_per_head_fen": self.income_per_head,
            "account_credit_fen": list(self.credit),
            "agrees_with_the_explaining_kernel": self.agrees,
            "problem": self.problem,
            "bills": [
                {
                    "day": bill.day,
                    "what": bill.what,
                    "total_fen": bill.total,
                    "funds_fen": list(bill.funds),
                    "burden_fen": list(bill.burden),
                    "explanation": list(bill.text) if bill.text[0] or bill.text[1] else None,
                }
                for bill in self.bills
            ],
        }


def explained(
    dataset: Dataset, sides: tuple[Policies, Policies], year: int, losers: Sequence[Loser]
) -> list[Explained]:
    """The years of some losers, explained. Files are asked only for their rows."""
    found = []
    for loser in losers:
        visits = _rows(dataset, "visits", loser, year)
        person = next(iter(_rows(dataset, "persons", loser, None)))
        paid = next(iter(_rows(dataset, "contributions", loser, year)), {})
        found.append(_explained(dataset, sides, loser, person, paid, sorted(visits, key=lambda row: row["seq"]), year))
    return found


def _rows(dataset: Dataset, table: str, loser: Loser, year: int | None) -> list[dict[str, Any]]:
    path = dataset.paths(table, year)[loser.part]
    rows: list[dict[str, Any]] = pq.read_table(path, filters=[("person", "==", loser.person)]).to_pylist()
    return rows


def _explained(
    dataset: Dataset,
    sides: tuple[Policies, Policies],
    loser: Loser,
    person: Mapping[str, Any],
    paid: Mapping[str, Any],
    visits: Sequence[Mapping[str, Any]],
    year: int,
) -> Explained:
    credit = int(paid.get("account_fen", 0))
    own = int(paid.get("individual_fen", 0))
    home = _home(dataset, loser, person, year)
    made = Explained(
        loser,
        _who(dataset, person, paid, visits, year),
        int(paid.get("household_income_fen", 0)) // max(1, home),
        (credit, credit - loser.credit),
        (own, own + loser.premium),
    )
    if not visits:
        made.agrees = loser.bills == 0
        return made
    opening = int(paid.get("account_opening_fen", 0)) if paid.get("account") else 0
    state = _brought(dataset, loser, year)
    try:
        years = [
            policies.settle(
                case_from(
                    _case(dataset, visits, max(0, opening + money) if paid.get("account") else 0) | state, "loser"
                )
            )
            for policies, money in zip(sides, made.credit, strict=True)
        ]
    except OpenyibaoError as problem:
        made.agrees, made.problem = False, str(problem)
        return made
    for visit, before, after in zip(visits, years[0].rows, years[1].rows, strict=True):
        made.bills.append(_bill(visit, before, after))
    gone = sum(bill.loss for bill in made.bills)
    city = sum(_city(after) - _city(before) for before, after in zip(years[0].rows, years[1].rows, strict=True))
    made.agrees = gone - city == loser.bills
    if not made.agrees:
        made.problem = f"逐笔说明合计 {yuan_text(gone - city)} 元，批量合计 {yuan_text(loser.bills)} 元"
    return made


def _city(row: Any) -> int:
    return int(row.supplement)


def _bill(visit: Mapping[str, Any], before: Any, after: Any) -> BillChange:
    changed = _paid(before) != _paid(after) or before.burden != after.burden
    text = (explain_visit(before), explain_visit(after)) if changed or _met(after) != _met(before) else ("", "")
    benefit, level = BENEFIT_CODES[visit["benefit"]], LEVEL_CODES[visit["level"]]
    what = BENEFITS[benefit] + (f"（{LEVELS[level]}）" if level else "")
    if visit["filing"] >= 0:
        what += "，异地"
    return BillChange(
        str(visit["day"]),
        what,
        int(before.visit.total),
        (int(before.funds), int(after.funds)),
        (int(before.burden), int(after.burden)),
        text,
        changed,
    )


def _paid(row: Any) -> dict[str, int]:
    return {layer: fen for layer, fen in row.payers.items() if fen}


def _met(row: Any) -> list[str]:
    """Layers that took up the bill, whether they paid or not: a bill can fill a deductible and be paid nothing."""
    return [layer.layer for layer in row.split.cell.rows]


def _who(
    dataset: Dataset,
    person: Mapping[str, Any],
    paid: Mapping[str, Any],
    visits: Sequence[Mapping[str, Any]],
    year: int,
) -> str:
    """A person without a name: scheme, status, age, sex, helped groups."""
    row = paid or (visits[-1] if visits else {})
    if not row:
        return f"{year - person['birth'].year} 岁"
    scheme = dataset.pools[row["pool"]][1]
    groups = "、".join(GROUPS[group] for group in _groups(row["groups"]))
    sex = "男" if person["sex"] == 1 else "女"
    words = [
        SHORT.get(scheme, SCHEMES[scheme]),
        STATUSES.get(STATUS_CODES[row["status"]], ""),
        f"{year - person['birth'].year} 岁{sex}",
        groups,
    ]
    return "，".join(word for word in words if word)


def _home(dataset: Dataset, loser: Loser, person: Mapping[str, Any], year: int) -> int:
    path = dataset.paths("persons")[loser.part]
    table = pq.read_table(path, columns=["birth", "died"], filters=[("household", "==", person["household"])])
    return sum(
        1
        for row in table.to_pylist()
        if (row["died"] is None or row["died"] >= date(year, 1, 1)) and row["birth"] <= date(year, 12, 31)
    )


def _groups(mask: int) -> list[str]:
    return [name for at, name in enumerate(GROUP_CODES) if mask >> at & 1]


# A person's year as a case ------------------------------------------------------------------------------------------


def _case(dataset: Dataset, visits: Sequence[Mapping[str, Any]], balance: int) -> dict[str, Any]:
    """Visits in settle order as the plain data of a case."""
    states = [(visit["day"], _state(dataset, visit)) for visit in visits]
    by_day = sorted(states, key=lambda entry: entry[0])
    person = {**by_day[0][1], "account_balance": yuan_text(balance)}
    history = []
    for (_, before), (day, now) in pairwise(by_day):
        changed = {key: value for key, value in now.items() if before[key] != value}
        if changed:
            history.append({"from": str(day), **changed})
    if history:
        person["history"] = history
    return {"person": person, "visits": [_visit(dataset, visit) for visit in visits]}


def _brought(dataset: Dataset, loser: Loser, year: int) -> dict[str, Any]:
    """What the person brings into the year (期初状态), as a case states it; nothing for somebody who brings nothing."""
    counters: dict[str, Any] = {}
    for pool, opening in ((dataset.openings(loser.part, year) or {}).get(loser.person) or {}).items():
        for name, value in opening.counters.items():
            key = "/".join((*dataset.pools[pool], name))
            counters[key] = value if name.endswith(".stays") else yuan_text(value)
        for stay, (number, borne) in opening.stays.items():
            counters[f"stay.{pool}-{stay}.number"] = number
            counters[f"stay.{pool}-{stay}.deductible"] = yuan_text(borne)
    return {"opening": {"seq": 0, "counters": counters}} if counters else {}


def _state(dataset: Dataset, visit: Mapping[str, Any]) -> dict[str, Any]:
    area, scheme = dataset.pools[visit["pool"]]
    rare = dataset.variants[visit["variant"]]
    return {
        "area": area,
        "scheme": scheme,
        "status": STATUS_CODES[visit["status"]],
        "groups": _groups(visit["groups"]),
        "contribution_class": rare["contribution_class"],
        "supplements": [name for name in rare["supplements"].split("|") if name],
    }


def _visit(dataset: Dataset, visit: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"date": str(visit["day"]), "benefit": BENEFIT_CODES[visit["benefit"]]}
    made |= dict(_sums(visit))
    rare = dataset.variants[visit["variant"]]
    level = LEVEL_CODES[visit["level"]]
    if level or made["benefit"] == "inpatient":
        made["level"] = level
    if level == "pharmacy":
        made["prescribing_level"] = "primary"
    if rare["disease"] or made["benefit"] == "two_disease":
        made["disease"] = rare["disease"]
    if rare["child"]:
        made["child_order"] = int(rare["child"].removeprefix("child_"))
    if made["benefit"] == "long_term_care":
        made |= {"days": visit["days"], "care_kind": rare["care_kind"]}
    if visit["stay"] >= 0:
        made["stay_id"] = f"{visit['pool']}-{visit['stay']}"
    if visit["waive"]:
        made["origin"] = "transfer_down"
    if visit["excluded"]:
        made["exclusion"] = "work_injury"
    if visit["filing"] >= 0:
        area = dataset.pools[visit["pool"]][0]
        place = ELSEWHERE[visit["in_province"]]
        made |= {"care_area": "370200" if place == area else place, "filing": FILING_CODES[visit["filing"]]}
    if not visit["account"]:
        made["account"] = "none"
    return made


def _sums(visit: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, column in (
        ("in_scope", "in_scope_fen"),
        ("prior_self_pay", "prior_self_pay_fen"),
        ("over_limit", "over_limit_fen"),
        ("non_covered", "non_covered_fen"),
        ("special_drug", "special_drug_fen"),
        ("herb_in_scope", "herb_fen"),
    ):
        if (
            visit[column]
            or key == "in_scope"
            or (key == "special_drug" and BENEFIT_CODES[visit["benefit"]] == "special_drug")
        ):
            yield key, yuan_text(visit[column])
