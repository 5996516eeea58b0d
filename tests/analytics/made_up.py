"""Invented bills: persons of Liaocheng in one year, settled by the policy engine, written as a bureau's tables.

Unlike `tests.support.people`, which hunts for borders, these look like a bureau's year: repeated small bills, stays,
a few very expensive patients, so that every figure decides some bills.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from openyibao.analytics.facade import export_rows
from openyibao.kernel.errors import Refused
from openyibao.policy.facade import Policies, case_from
from openyibao.policy.rows import amounts

AREA = "371500"
CHRONIC = ("恶性肿瘤", "高血压病", "糖尿病", "冠心病", "精神疾病", "血友病")
GROUPS = ("extremely_poor", "minimum_living", "returned_to_poverty", "low_income_edge", "monitored")
LEVELS = ("community", "primary", "secondary", "secondary", "tertiary", "tertiary", "tertiary")
ELSEWHERE = ("370100", "370200", "110000", "310000")


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


@dataclass
class Recorded:
    """What a bureau would hold: rows for `export_rows`."""

    settlements: list[dict[str, Any]] = field(default_factory=list)
    filings: list[dict[str, Any]] = field(default_factory=list)
    persons: list[dict[str, Any]] = field(default_factory=list)
    spells: list[dict[str, Any]] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        export_rows(
            folder,
            self.settlements,
            filings=self.filings,
            persons=self.persons,
            spells=self.spells,
            groups=self.groups,
        )
        return folder


def person_case(seed: int, year: int) -> dict[str, Any]:
    """The case of one person in one year."""
    r = random.Random(seed * 7 + year)
    scheme = r.choices(("employee", "resident"), (45, 55))[0]
    person: dict[str, Any] = {
        "area": AREA,
        "scheme": scheme,
        "status": r.choice(("active", "retired") if scheme == "employee" else ("adult", "adult", "student", "child")),
        "groups": [r.choice(GROUPS)] if r.random() < 0.2 else [],
        "account_balance": yuan(r.randint(0, 300_000)) if scheme == "employee" else "0",
        "filings": [],
    }
    diseases = [r.choice(CHRONIC)] if r.random() < 0.35 else []
    person["filings"] = [{"kind": "chronic", "disease": name, "from": f"{year - 1}-05-01"} for name in diseases]
    travels = r.random() < 0.15
    if travels and r.random() < 0.5:
        person["filings"].append(
            {"kind": "remote", "type": r.choice(("long_term", "referral", "temporary")), "from": f"{year}-01-01"}
        )
    ill = r.choices((1, 4, 15), (75, 18, 7))[0]
    visits: list[dict[str, Any]] = []
    benefits = {"inpatient": 4, "outpatient": 3}
    if diseases:
        benefits["chronic"] = 4
    if scheme == "resident":
        benefits["two_disease"] = 1
    if scheme == "employee":
        benefits["long_term_care"] = 1
    days = sorted(r.sample(range(362), r.choice((1, 2, 3, 4, 5, 7))))
    for at, offset in enumerate(days):
        day = date(year, 1, 2) + timedelta(days=offset)
        benefit = r.choices(list(benefits), list(benefits.values()))[0]
        if benefit == "outpatient" and scheme == "employee" and year < 2023:
            benefit = "inpatient"
        visits.append(_visit(r, str(day), benefit, diseases, ill, travels, at))
    if len(visits) > 2 and r.random() < 0.08:
        at = r.randrange(len(visits) - 1)
        visits.append({"date": f"{year}-12-30", "reverses": at})
    return {"person": person, "visits": visits}


def _visit(
    r: random.Random, day: str, benefit: str, diseases: list[str], ill: int, travels: bool, at: int
) -> dict[str, Any]:
    typical = {"inpatient": 9_000, "outpatient": 400, "chronic": 2_500, "two_disease": 150, "long_term_care": 1_500}
    scope = max(
        1_000,
        int(typical[benefit] * 100 * (ill if benefit in ("inpatient", "chronic") else 1) * r.lognormvariate(0, 0.9)),
    )
    visit: dict[str, Any] = {"date": day, "benefit": benefit, "in_scope": yuan(scope)}
    if benefit == "long_term_care":
        return {**visit, "care_kind": r.choice(("medical", "institution", "home")), "days": r.randint(3, 30)}
    visit["level"] = r.choice(LEVELS)
    visit["non_covered"] = yuan(r.randint(0, scope // 8))
    visit["prior_self_pay"] = yuan(r.randint(0, scope // 6))
    if benefit == "chronic":
        visit["disease"] = diseases[0]
    if benefit == "two_disease":
        visit["disease"] = r.choice(("高血压病", "糖尿病"))
    if benefit in ("inpatient", "outpatient") and r.random() < 0.12:
        visit["herb_in_scope"] = yuan(r.randint(scope // 10, scope))
    if benefit == "inpatient" and r.random() < 0.06:
        visit["special_drug"] = yuan(r.randint(1_000_000, 6_000_000))
    if travels and r.random() < 0.5:
        visit["care_area"] = r.choice(ELSEWHERE)
    if r.random() < 0.015:
        visit["exclusion"] = r.choice(("work_injury", "third_party"))
    return visit


def record(cases: Iterable[tuple[int, dict[str, Any]]], policies: Policies) -> Recorded:
    """Settle cases and keep what a bureau would record of them. Refused years are left out."""
    found = Recorded()
    for number, data in cases:
        try:
            year = policies.settle(case_from(data, checked=True))
        except Refused:
            continue
        who = f"P{number:07d}"
        person = data["person"]
        found.persons.append({"person": who, "born": "1970-01-01"})
        first = {key: person[key] for key in ("scheme", "status", "area")}
        found.spells.append({"person": who, **first, "from": "2020-01-01"})
        found.groups += [{"person": who, "group": group} for group in person["groups"]]
        found.filings += [{"person": who, **filing} for filing in person["filings"]]
        numbers = []
        for at, row in enumerate(year.rows):
            made: Any = row
            target = made.target if hasattr(made, "target") else made
            sign = -1 if hasattr(made, "target") else 1
            visit = data["visits"][target.visit.index]
            bill = f"S{number:07d}{at:03d}"
            numbers.append(bill)
            found.settlements.append(
                {
                    "bill": bill,
                    "visit": f"M{number:07d}{target.visit.index:03d}",
                    "person": who,
                    "settled_at": f"{made.visit.day} 10:{at:02d}:00",
                    "day": str(made.visit.day),
                    "reverses": numbers[target.visit.index] if sign < 0 else "",
                    **first,
                    "groups": (),
                    **{key: visit.get(key) for key in ("benefit", "level", "care_area", "care_kind", "exclusion")},
                    **{key: visit.get(key) for key in ("disease", "days", "filing")},
                    "institution": f"H{hash_of(visit.get('level', ''), number % 7)}",
                    **{name: sign * fen for name, fen in amounts(target).items()},
                    "balc": made.balance,
                    "herb_fen": target.visit.herb,
                    "special_fen": target.visit.special_drug,
                }
            )
    return found


def hash_of(level: str, at: int) -> str:
    return f"3715{('', *LEVELS).index(level) if level else 0:02d}{at:04d}"


def bureau(
    folder: Path,
    policies: Policies,
    *,
    persons: int = 1_500,
    year: int = 2022,
    seed: int = 0,
    spoil: Callable[[Recorded, random.Random], None] | None = None,
) -> Path:
    """Write a bureau's year settled by given policies; `spoil` damages what is recorded of the persons."""
    made = record(((at, person_case(seed * 1_000_000 + at, year)) for at in range(persons)), policies)
    if spoil:
        spoil(made, random.Random(seed))
    return made.write(folder)
