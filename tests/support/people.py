"""Random person-years: every area, policy and status change, transfers, pieces of stays, remote care, reversals.

A person-year is drawn from one seed, so any failure can be drawn again. Amounts mix everyday bills with borders: the
deductibles, tier limits and caps themselves, one fen beside them, nothing, ten million yuan.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

AREAS = {
    "371500": (2022, 2023, 2024, 2025),
    "370200": (2024, 2025),
    "370100": (2024,),
    "370600": (2024,),
    "370000": (2020,),
}
BORDERS = (
    *(100, 200, 400, 500, 800, 1000, 1500, 3000, 5000, 10000, 11000, 14000, 15000, 20000, 30000, 50000, 60000),
    *(100000, 120000, 150000, 160000, 200000, 250000, 300000, 400000, 600000, 900000),
)
GROUPS = (
    "extremely_poor",
    "minimum_living",
    "returned_to_poverty",
    "low_income_edge",
    "monitored",
    "impoverished_by_illness",
    "registered_poor",
)
CHRONIC = ("恶性肿瘤", "高血压病", "糖尿病", "冠心病", "精神疾病", "血友病")
ELSEWHERE = ("370100", "370203", "371502", "110000", "310000", "370600")


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


class Draw:
    """Draws one case from a seed."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.area = ""
        self.diseases: tuple[str, ...] = ()

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def amount(self, typical: int, *, border: float = 0.15) -> int:
        """Fen around `typical` yuan, heavy-tailed; sometimes a border or beside it, nothing, or very much."""
        x = self.r.random()
        if x < 0.02:
            return 0
        if x < 0.025:
            return 1_000_000_000
        if x < border:
            return self.r.choice(BORDERS) * 100 + self.r.choice((-1, 0, 1))
        return max(1, int(typical * 100 * self.r.lognormvariate(0, 1.3)))

    def case(self) -> dict[str, Any]:
        r = self.r
        self.area = area = r.choices(list(AREAS), (6, 3, 2, 2, 2))[0]
        year = r.choice(AREAS[area])
        scheme = r.choice(("employee", "resident"))
        person: dict[str, Any] = {
            "area": area,
            "scheme": scheme,
            "status": self.status(scheme),
            "groups": self.groups(),
            "account_balance": yuan(self.amount(900)) if scheme == "employee" else "0",
            "filings": self.filings(year),
        }
        if area == "370600" and scheme == "resident":
            person["contribution_class"] = r.choice(("standard", "first", "second"))
        history: list[dict[str, Any]] = []
        days = sorted(r.sample(range(360), r.choice((0, 0, 0, 1, 1, 2))))
        scheme_then = scheme
        for offset in days:
            entry = self.change(scheme_then, year, date(year, 1, 1) + timedelta(days=offset))
            scheme_then = entry.get("scheme", scheme_then)
            history.append(entry)
        if history:
            person["history"] = history
        case = {"person": person, "visits": self.visits(person, year)}
        if area == "371500" and self.chance(0.06):
            person["supplements"] = ["liaohuibao"]
            case["with"] = self.city_product()
        elif self.chance(0.02):
            person["supplements"] = ["civil_servant"]
        return case

    def city_product(self) -> dict[str, Any]:
        """Figures of the city product, which the documents do not give."""
        figures: dict[str, Any] = {}
        for part in ("in_scope", "out_of_list", "special_drug"):
            name = f"liaocheng/liaohuibao_{part}.yaml"
            figures[f"{name}#deductible.amount"] = self.r.choice((0, 5000, 15000))
            figures[f"{name}#tiers.1.rate"] = self.r.choice(("50%", "62.5%", "80%"))
        return figures

    def benefits(self, area: str, scheme: str, year: int) -> tuple[list[str], list[int]]:
        """Benefits to draw from: mostly those the area has figures for, sometimes any, to meet refusals."""
        weights = {"inpatient": 45}
        if area != "370600":
            weights["outpatient"] = 20
        if area == "371500":
            weights["special_drug"] = 3
        if area in ("371500", "370000"):
            weights["chronic"] = 18
        if scheme == "resident":
            weights["two_disease"] = 5
        if year >= 2023:
            weights["delivery"] = 4
        if area == "371500" and scheme == "employee":
            weights["long_term_care"] = 4
        if area == "370200" and scheme == "employee":
            weights["prenatal"] = 4
        if self.chance(0.02):
            weights |= dict.fromkeys(("chronic", "delivery", "special_drug", "long_term_care", "separate_drug"), 5)
        return list(weights), list(weights.values())

    def status(self, scheme: str) -> str:
        return self.r.choice(("active", "retired") if scheme == "employee" else ("adult", "student", "child"))

    def groups(self) -> list[str]:
        return self.r.sample(GROUPS, self.r.choices((0, 1, 2, 3), (60, 25, 10, 5))[0])

    def filings(self, year: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        if self.chance(0.3):
            disease = self.r.choice(CHRONIC)
            self.diseases = (*self.diseases, disease)
            found.append({"kind": "chronic", "disease": disease, "from": f"{year - 1}-05-01"})
        if self.chance(0.15):
            filing = {"kind": "remote", "type": self.r.choice(("long_term", "referral")), "from": f"{year}-02-01"}
            if self.chance(0.6):
                filing["area"] = self.r.choice(ELSEWHERE)
            found.append(filing)
        return found

    def change(self, scheme: str, year: int, day: date) -> dict[str, Any]:
        """Something that changes on a date: retirement, groups, scheme, area, filings."""
        entry: dict[str, Any] = {"from": day.isoformat()}
        what = self.r.choice(("status", "groups", "scheme", "area", "filings"))
        if what == "status":
            entry["status"] = self.status(scheme)
        elif what == "groups":
            entry["groups"] = self.groups()
        elif what == "scheme":
            entry["scheme"] = self.r.choice(("employee", "resident"))
            entry["status"] = self.status(entry["scheme"])
        elif what == "area":
            entry["area"] = self.r.choice([area for area, years in AREAS.items() if year in years])
        else:
            entry["filings"] = self.filings(year)
        return entry

    def visits(self, person: dict[str, Any], year: int) -> list[dict[str, Any]]:
        days = sorted(
            self.r.randrange(365) for _ in range(self.r.choices((1, 2, 3, 5, 8, 14), (15, 25, 25, 20, 10, 5))[0])
        )
        if self.chance(0.2):
            self.r.shuffle(days)
        visits: list[dict[str, Any]] = []
        for offset in days:
            day = (date(year, 1, 1) + timedelta(days=offset)).isoformat()
            if visits and self.chance(0.12):
                standing = [
                    at
                    for at, visit in enumerate(visits)
                    if "reverses" not in visit
                    and visit["date"] <= day
                    and not any(other.get("reverses") == at for other in visits)
                ]
                if standing:
                    visits.append({"date": day, "reverses": self.r.choice(standing)})
                    continue
            visits.append(self.visit(person, day, visits))
        return visits

    def visit(self, person: dict[str, Any], day: str, before: list[dict[str, Any]]) -> dict[str, Any]:
        r = self.r
        benefit = r.choices(*self.benefits(person["area"], person["scheme"], int(day[:4])))[0]
        visit: dict[str, Any] = {"date": day, "benefit": benefit}
        if benefit not in ("special_drug", "long_term_care"):
            visit["level"] = r.choice(
                ("community", "primary", "secondary", "tertiary", "ungraded", "tertiary", "secondary")
            )
        typical = {"inpatient": 9000, "outpatient": 250, "chronic": 900, "delivery": 4000}.get(benefit, 600)
        visit["in_scope"] = yuan(self.amount(typical))
        if self.chance(0.6):
            visit["non_covered"] = yuan(self.amount(typical // 10))
        if self.chance(0.4):
            visit["prior_self_pay"] = yuan(self.amount(typical // 10))
        if self.chance(0.2):
            visit["over_limit"] = yuan(self.amount(typical // 20 + 1))
        if visit.get("level") and self.chance(0.03):
            visit["prescribing_level"], visit["level"] = visit["level"], "pharmacy"
        if benefit == "outpatient" and self.area in ("370100", "370200") and self.chance(0.8):
            visit["level"] = r.choice(("community", "primary", "ungraded"))
            visit.pop("prescribing_level", None)
        getattr(self, f"_{benefit}", lambda *_: None)(visit, before)
        self.circumstances(visit, person)
        return visit

    def circumstances(self, visit: dict[str, Any], person: dict[str, Any]) -> None:
        if self.chance(0.04) and visit["benefit"] not in ("special_drug", "long_term_care"):
            self.itemise(visit)
        elif self.chance(0.15):
            scope = int(visit.get("in_scope", "0").replace(".", ""))
            visit["herb_in_scope"] = yuan(self.r.randint(0, scope))
        if self.chance(0.15):
            visit["care_area"] = self.r.choice((*ELSEWHERE, person["area"]))
            if self.chance(0.6):
                visit["filing"] = self.r.choice(("long_term", "referral", "emergency", "temporary", "none"))
        if self.chance(0.03):
            visit["exclusion"] = self.r.choice(("work_injury", "third_party", "public_health", "abroad"))
        elif self.chance(0.04):
            visit["third_party"] = {
                "share": self.r.choice(("30%", "50%", "100%", "33.33%")),
                "advance": self.chance(0.5),
            }
        if self.chance(0.2):
            visit["account"] = self.r.choice(("none", "allowed", yuan(self.amount(100))))

    def itemise(self, visit: dict[str, Any]) -> None:
        """Lines instead of the four sums."""
        for key in ("in_scope", "non_covered", "prior_self_pay", "over_limit"):
            visit.pop(key, None)
        visit["lines"] = []
        for _ in range(self.r.randint(1, 6)):
            line: dict[str, Any] = {"amount": yuan(self.amount(300)), "class": self.r.choice("AABBC")}
            if line["class"] == "B":
                line["own_ratio"] = self.r.choice(("5%", "10%", "0.2", "33.33%"))
            if self.chance(0.3):
                line["quantity"] = self.r.choice((1, 2, "3.5", "0.25"))
                line["limit_price"] = yuan(self.amount(120))
            if self.chance(0.2):
                line["herb"] = True
            visit["lines"].append(line)

    def _inpatient(self, visit: dict[str, Any], before: list[dict[str, Any]]) -> None:
        stays = [other["stay_id"] for other in before if "stay_id" in other]
        if stays and self.chance(0.5):
            visit["stay_id"] = self.r.choice(stays)
            if self.chance(0.5):
                visit["origin"] = self.r.choice(("transfer_up", "transfer_down", "emergency"))
        elif self.chance(0.3):
            visit["stay_id"] = f"S{len(before)}"
            visit["mid_stay"] = True
        elif self.chance(0.1) and any(other.get("benefit") == "inpatient" for other in before):
            visit["origin"] = self.r.choice(("transfer_up", "transfer_down"))
        if self.chance(0.06 if self.area == "371500" else 0.002):
            visit["special_drug"] = yuan(self.amount(60000))

    def _chronic(self, visit: dict[str, Any], before: list[dict[str, Any]]) -> None:
        if self.diseases and self.chance(0.95):
            visit["disease"] = self.r.choice(self.diseases)
        elif self.chance(0.7):
            visit["disease"] = self.r.choice((*CHRONIC, "高血压"))

    def _two_disease(self, visit: dict[str, Any], before: list[dict[str, Any]]) -> None:
        visit["disease"] = self.r.choice(("高血压", "diabetes", "糖尿病", "高血压病"))

    def _special_drug(self, visit: dict[str, Any], before: list[dict[str, Any]]) -> None:
        visit["in_scope"] = "0"
        visit["special_drug"] = yuan(self.amount(80000))

    def _delivery(self, visit: dict[str, Any], before: list[dict[str, Any]]) -> None:
        visit["child_order"] = self.r.choice((1, 2, 3, 4))

    def _long_term_care(self, visit: dict[str, Any], before: list[dict[str, Any]]) -> None:
        visit["care_kind"] = self.r.choice(("medical", "institution", "home"))
        visit["days"] = self.r.randint(1, 31)
        if self.chance(0.4):
            del visit["in_scope"]


def person_year(seed: int) -> dict[str, Any]:
    """The case of a seed, as plain data."""
    return Draw(seed).case()
