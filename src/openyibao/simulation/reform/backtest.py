"""The band put to the test (回测): Qingdao's outpatient reform of 2024, printed growth beside what we would have said.

The population is a stylised one, invented and stated in data/qingdao.yaml; only its year before is fitted to print.
Printed visits are those in which the pool paid something, so the same is counted here. What neither the new rules nor
the elasticities account for is shown as a residual.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import numpy as np

from openyibao.datasets.facade import BENEFIT_CODES, LEVEL_CODES, STATUS_CODES, Dataset
from openyibao.policy.contracts import Columns, Ints, Source
from openyibao.policy.facade import Policies
from openyibao.simulation.driver import Driver, refuse
from openyibao.simulation.reform.figures import load_data
from openyibao.simulation.reform.response import CASES, elasticity, factor

FILE = "qingdao/employee/outpatient.yaml"
NOTHING = ("prior_self_pay_fen", "over_limit_fen", "non_covered_fen", "special_drug_fen", "herb_fen")


@dataclass(frozen=True)
class Growth:
    """Growth in per cent of visits with a payment, and of what the pool paid."""

    visits: Fraction
    spending: Fraction

    def as_json(self) -> dict[str, str]:
        return {"visits_percent": f"{float(self.visits):.1f}", "spending_percent": f"{float(self.spending):.1f}"}


@dataclass(frozen=True)
class BackTest:
    """Printed growth, and ours: static, and with each elasticity. `base` is what the stylised year before came to."""

    printed: Growth
    found: dict[str, Growth]
    base_per_visit: tuple[Fraction, Fraction]
    """Yuan the pool paid per visit in the year before: printed, stylised."""
    persons: int
    visits: int

    def residual(self, case: str) -> Growth:
        """What is left unexplained, in points of growth."""
        mine = self.found[case]
        return Growth(self.printed.visits - mine.visits, self.printed.spending - mine.spending)

    def as_json(self) -> dict[str, Any]:
        return {
            "population": f"stylised, {self.persons} persons, {self.visits} visits",
            "printed": self.printed.as_json(),
            "found": {case: growth.as_json() for case, growth in self.found.items()},
            "residual_points": {case: self.residual(case).as_json() for case in self.found},
            "base_yuan_per_visit": [f"{float(one):.1f}" for one in self.base_per_visit],
        }


@dataclass(frozen=True)
class _Stylised:
    """As much of a dataset as settling asks for."""

    pools: list[tuple[str, str]]
    years: list[int]
    variants: list[dict[str, Any]]


def back_test(policies: Policies) -> BackTest:
    """Settle the stylised population under both years' rules. Raises: Malformed, VisitsRefused."""
    data = load_data("qingdao.yaml")
    year = int(data["year"])
    world = _Stylised(
        [(data["area"], "employee")],
        [year],
        [
            dict.fromkeys(("contribution_class", "child", "care_kind", "disease", "supplements"), "")
            | {"contribution_class": "standard"}
        ],
    )
    batch = _visits(data["population"], year)
    before = policies.reformed(_rules_before(data, year))
    sides = []
    for mine in (before, policies):
        settled, tally = Driver(mine, cast(Dataset, world)).splits(batch)
        refuse(tally)
        sides.append(settled)
    return _compared(data, batch, *sides)


def _rules_before(data: dict[str, Any], year: int) -> Source:
    """The year before's figures as a reform of the year's policies, backwards."""
    old = data["before"]
    changes: list[dict[str, Any]] = [
        {"path": f"{FILE}#deductible.amount", "value": old["deductible"]},
        {"path": f"{FILE}#tiers.1.rate", "value": old["rate"]},
        {"path": f"{FILE}#cap.amount", "value": old["cap"]},
    ]
    return Source("qingdao.yaml", {"changes": [{**row, "from": f"{year}-01-01"} for row in changes]})


def _visits(population: dict[str, Any], year: int) -> Columns:
    """The stylised population's visits, the same on every machine."""
    rng = np.random.default_rng(int(population["seed"]))
    persons = int(population["persons"])
    uses = rng.random(persons) * 100 < int(population["users_percent"])
    count = np.where(uses, rng.geometric(1 / int(population["visits_mean"]), persons), 0)
    person = np.repeat(np.arange(persons, dtype=np.int64), count)
    n = len(person)
    first = np.repeat(np.cumsum(count) - count, count)
    seq = np.arange(n) - first
    day = np.sort(rng.integers(0, 365, n))
    order = np.lexsort((day, person))
    start = int(np.datetime64(f"{year}-01-01", "D").astype(np.int64))
    levels = list(population["level_percent"])
    shares = np.cumsum([int(population["level_percent"][level]) for level in levels])
    drawn = np.minimum(np.searchsorted(shares, rng.random(n) * 100, side="right"), len(levels) - 1)
    spread = int(population["cost_spread_percent"]) / 100
    means = np.array([int(population["cost_yuan"][level]) for level in levels])[drawn] * 100
    in_scope = np.maximum(1, np.rint(means * np.exp(rng.normal(-spread * spread / 2, spread, n)))).astype(np.int64)
    retired = rng.random(persons) * 100 < int(population["retired_percent"])
    zero = np.zeros(n, dtype=np.int64)
    return {
        "person": person,
        "day": (start + day[order]).astype(np.int32),
        "seq": seq.astype(np.int16),
        "pool": zero.astype(np.int16),
        "status": np.where(retired, STATUS_CODES.index("retired"), STATUS_CODES.index("active"))[person].astype(
            np.int8
        ),
        "groups": zero.astype(np.int16),
        "variant": zero.astype(np.int16),
        "benefit": np.full(n, BENEFIT_CODES.index("outpatient"), dtype=np.int8),
        "level": np.array([LEVEL_CODES.index(level) for level in levels], dtype=np.int8)[drawn],
        "institution": zero.astype(np.int32),
        "filing": np.full(n, -1, dtype=np.int8),
        "in_province": zero.astype(np.int8),
        "days": np.ones(n, dtype=np.int16),
        "stay_days": zero.astype(np.int16),
        "stay": np.full(n, -1, dtype=np.int16),
        "waive": zero.astype(np.int8),
        "excluded": zero.astype(np.int8),
        "account": np.ones(n, dtype=np.int8),
        "in_scope_fen": in_scope,
        **dict.fromkeys(NOTHING, zero),
    }


def _compared(data: dict[str, Any], batch: Columns, before: Columns, after: Columns) -> BackTest:
    levels: Ints = batch["level"].astype(np.int64)
    size = len(LEVEL_CODES)

    def by_level(values: Ints) -> list[int]:
        return [int(values[levels == level].sum()) for level in range(size)]

    paid = [by_level(side["basic_fen"]) for side in (before, after)]
    counted = [by_level((side["basic_fen"] > 0).astype(np.int64)) for side in (before, after)]
    burden = [by_level(side["burden_fen"]) for side in (before, after)]
    found = {}
    for case in ("static", *CASES):
        times = [
            factor(burden[0][level], burden[1][level], elasticity("outpatient", LEVEL_CODES[level], case))
            if case != "static"
            else Fraction(1)
            for level in range(size)
        ]
        visits = sum(counted[1][level] * times[level] for level in range(size))
        spent = sum(paid[1][level] * times[level] for level in range(size))
        found[case] = Growth((Fraction(visits, sum(counted[0])) - 1) * 100, (Fraction(spent, sum(paid[0])) - 1) * 100)
    printed = data["printed"]
    base = Fraction(printed["base_spending_yi"]) * 10_000 / Fraction(printed["base_visits_wan"])
    return BackTest(
        Growth(Fraction(printed["visits_growth"]), Fraction(printed["spending_growth"])),
        found,
        (base, Fraction(sum(paid[0]), 100 * sum(counted[0]))),
        int(data["population"]["persons"]),
        len(levels),
    )
