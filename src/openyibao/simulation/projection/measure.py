"""One year of a dataset as rates (基年测量): who is insured, what they pay in, what the fund pays for them by age.

The bills are settled under the policies given, here and now, so that the same measure serves every reform. Rates by
age are those of the whole dataset; a pool's own level is one factor per benefit, so that its total comes out exactly
and a small pool does not follow the accidents of a few old persons.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from openyibao.datasets.facade import BENEFIT_CODES, GRANT_KINDS, LEVEL_CODES, STATUS_CODES, Dataset
from openyibao.kernel.areas import pooling_area_of
from openyibao.kernel.errors import Refused
from openyibao.policy.contracts import Columns
from openyibao.policy.facade import Policies
from openyibao.simulation.driver import READ_WITH_SPLITS, Driver
from openyibao.simulation.projection.assumptions import AGES
from openyibao.simulation.reform.contributions import Rules

Floats = Any
Progress = Callable[[str, int], None]
GROUPS = ("active", "retired", "resident")
"""Kinds of insured persons with rates of their own."""
SCHEMES = ("employee", "resident")
GROUP_SCHEME = (0, 0, 1)
BANDS = (0, 1, 6, 18, 25, 35, 45, 50, 55, 60, 65, 70, 75, 80, 85)
"""First age of each band of rates."""
BENEFITS, LEVELS = len(BENEFIT_CODES), len(LEVEL_CODES)
BAND_OF = np.searchsorted(BANDS, np.arange(AGES), side="right") - 1
MATERNITY = list(GRANT_KINDS).index("maternity_allowance")
PAID = ("employer_fen", "individual_fen", "subsidy_fen", "assistance_fen", "account_fen")


@dataclass
class Unit:
    """A pooling area, or a county within one."""

    area: str
    city: str


@dataclass
class Measured:
    """Sums of one year. Units are areas (cities, or counties); money in fen as in the dataset, not yet scaled."""

    year: int
    units: list[Unit]
    heads: Floats
    """[unit, group, sex, age]: insured at the year's end."""
    visits: Floats
    """[unit, scheme, benefit]."""
    fund: Floats
    """[unit, scheme, benefit]: paid by the pool."""
    rate_fund: Floats
    """[group, sex, band, benefit]: paid by the pools for all of them together."""
    rate_visits: Floats
    rate_cost: Floats
    """The same of the whole medical cost: what grows whatever the policies say."""
    into: Floats
    """[unit, group]: into the pool, accounts left out."""
    bases: Floats
    """[unit, group]: contribution bases and pensions of a month: what grows whatever the rates are."""
    allowance: Floats
    """[unit]: maternity allowances."""
    premium: Floats
    """[unit, scheme]: a head's premium to serious-illness insurance."""
    lift: Floats
    """[unit, group]: what employers would have paid more without temporary relief (阶段性减征)."""
    level_fund: Floats = None
    """[unit, scheme, benefit, level]: `fund` by level of the institution."""
    level_burden: Floats = None
    """The same of what the persons bear: what visits answer to."""
    notes: list[str] = field(default_factory=list)
    reform: str = ""


class _Shape:
    """Which row a person, a bill, a contribution goes to."""

    def __init__(self, dataset: Dataset, by_county: bool) -> None:
        self.pools = dataset.pools
        self.cities = sorted({area for area, scheme in dataset.pools if scheme in SCHEMES})
        self.scheme = np.array([SCHEMES.index(s) if s in SCHEMES else -1 for _, s in dataset.pools])
        self.by_county = by_county
        cities = [Unit(city, city) for city in self.cities]
        self.units = cities
        if by_county:
            found = [
                Unit(str(one), city) for one in sorted(_counties(dataset)) if (city := _city(str(one))) in self.cities
            ]
            self.units = [*(unit for unit in found if unit.area != unit.city), *cities]
        self._counties = np.array([int(unit.area) for unit in self.units[: -len(cities)]], dtype=np.int64)
        self._city_of = np.array([self.cities.index(unit.city) for unit in self.units[: -len(cities)]], dtype=np.int64)
        self._city = np.array([self.cities.index(area) if area in self.cities else -1 for area, _ in dataset.pools])

    def at(self, pool: Any, county: Any) -> Any:
        """Unit of each row; -1 for what belongs to no pool. Who lives in no county of the pool's city counts there."""
        city = np.where(self.scheme[pool] >= 0, self._city[pool], -1)
        if not len(self._counties):
            return city
        at = np.minimum(np.searchsorted(self._counties, county), len(self._counties) - 1)
        at_home = (self._counties[at] == county) & (self._city_of[at] == city)
        return np.where(at_home, at, np.where(city >= 0, city + len(self._counties), -1))


def _city(county: str) -> str:
    try:
        return pooling_area_of(county)
    except ValueError:
        return county


def _counties(dataset: Dataset) -> set[int]:
    found: set[int] = set()
    for part in range(dataset.manifest.parts):
        for batch in dataset.batches("persons", part, columns=["person", "county"]):
            found |= set(np.unique(batch["county"]).tolist())
    return found


@dataclass
class _Sums:
    heads: Floats
    visits: Floats
    fund: Floats
    rate_fund: Floats
    rate_visits: Floats
    rate_cost: Floats
    into: Floats
    bases: Floats
    employer: Floats
    allowance: Floats
    level_fund: Floats
    level_burden: Floats

    @classmethod
    def empty(cls, units: int) -> _Sums:
        groups = len(GROUPS)
        rates = (groups, 2, len(BANDS), BENEFITS)
        return cls(
            *(np.zeros((units, groups, 2, AGES)), np.zeros((units, 2, BENEFITS)), np.zeros((units, 2, BENEFITS))),
            *(np.zeros(rates), np.zeros(rates), np.zeros(rates)),
            *(np.zeros((units, groups)), np.zeros((units, groups)), np.zeros((units, groups)), np.zeros(units)),
            *(np.zeros((units, 2, BENEFITS, LEVELS)), np.zeros((units, 2, BENEFITS, LEVELS))),
        )

    def add(self, other: _Sums) -> None:
        for name, value in vars(other).items():
            getattr(self, name).__iadd__(value)


def measure(
    dataset: Dataset,
    policies: Policies,
    year: int,
    *,
    rules: Rules | None = None,
    by_county: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Measured:
    """Measure one year under some policies. Raises: VisitsRefused, Malformed.

    Args: rules: a reform's contribution rules; what they change is added to what was paid in.
    """
    shape = _Shape(dataset, by_county)
    driver = Driver(policies, dataset)
    whole = _Sums.empty(len(shape.units))
    parts = range(dataset.manifest.parts)
    done = 0
    with ThreadPoolExecutor(max_workers=max(1, min(jobs or os.cpu_count() or 1, len(parts)))) as pool:
        work = [pool.submit(_part, dataset, driver, shape, year, part, rules) for part in parts]
        for future in work:
            sums, rows = future.result()
            whole.add(sums)
            done += rows
            if progress is not None:
                progress("visits", done)
    mine = rules or Rules(policies, policies, year, dataset.pools, frozenset())
    side = "before" if rules is None else "after"
    premium = _premiums(mine, side, shape)
    lift = whole.employer * (_relief(policies, shape, year) - 1)[:, None]
    made = Measured(
        year,
        shape.units,
        *(whole.heads, whole.visits, whole.fund, whole.rate_fund, whole.rate_visits, whole.rate_cost),
        *(whole.into, whole.bases, whole.allowance),
        *(premium, lift, whole.level_fund, whole.level_burden),
        [f"{text}（{count:,} 次）" for text, count in mine.notes.items()],
    )
    if lift.any():
        made.notes.append("基年单位缴费含阶段性减征，预测年份按不减征恢复")
    return made


def _part(
    dataset: Dataset, driver: Driver, shape: _Shape, year: int, part: int, rules: Rules | None
) -> tuple[_Sums, int]:
    sums = _Sums.empty(len(shape.units))
    people = {name: [] for name in ("person", "birth", "sex", "county")}  # type: dict[str, list[Any]]
    for batch in dataset.batches("persons", part, columns=list(people)):
        for name, columns in people.items():
            columns.append(batch[name])
    known = {name: np.concatenate(columns) for name, columns in people.items()}
    born = known["birth"].astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    age = np.clip(year - born, 0, AGES - 1)
    sex = np.clip(known["sex"].astype(np.int64) - 1, 0, 1)
    rows = 0
    for batch in dataset.batches("contributions", part, year):
        at = np.searchsorted(known["person"], batch["person"])
        _contributions(sums, shape, batch, at, age[at], sex[at], known["county"][at], _changed(rules, batch, known, at))
    for batch in dataset.batches("grants", part, year, columns=["person", "pool", "kind", "fen"]):
        mine = batch["kind"] == MATERNITY
        at = np.searchsorted(known["person"], batch["person"][mine])
        unit = shape.at(batch["pool"][mine].astype(np.int64), known["county"][at])
        np.add.at(sums.allowance, unit[unit >= 0], batch["fen"][mine][unit >= 0].astype(float))
    for batch in dataset.batches("visits", part, year, columns=list(READ_WITH_SPLITS)):
        rows += len(batch["person"])
        at = np.searchsorted(known["person"], batch["person"])
        settled = driver.settle(batch)
        _bills(sums, shape, batch, settled, age[at], sex[at], known["county"][at])
    return sums, rows


def _changed(rules: Rules | None, batch: Columns, known: dict[str, Any], at: Any) -> dict[str, Any]:
    if rules is None or not rules.touched:
        return {}
    return dict(rules.change(batch, known["birth"][at]).parts)


def group_of(scheme: Any, status: Any) -> Any:
    """Group of insured persons, by scheme (place in SCHEMES) and status."""
    retired = status == STATUS_CODES.index("retired")
    return np.where(scheme == 1, 2, np.where(retired, 1, 0))


def _contributions(
    sums: _Sums, shape: _Shape, batch: Columns, at: Any, age: Any, sex: Any, county: Any, changed: dict[str, Any]
) -> None:
    pool = batch["pool"].astype(np.int64)
    scheme = shape.scheme[pool]
    unit = shape.at(pool, county)
    group = group_of(scheme, batch["status"])
    mine = unit >= 0
    end = mine & (batch["insured_at_year_end"] == 1)
    np.add.at(sums.heads, (unit[end], group[end], sex[end], age[end]), 1.0)
    paid = {name: batch[name].astype(np.int64) + changed.get(name.removesuffix("_fen"), 0) for name in PAID}
    into = paid["employer_fen"] + paid["individual_fen"] + paid["subsidy_fen"] + paid["assistance_fen"]
    into = into - paid["account_fen"]
    np.add.at(sums.into, (unit[mine], group[mine]), into[mine].astype(float))
    np.add.at(sums.bases, (unit[end], group[end]), batch["base_fen"][end].astype(float))
    kind = batch["employer_kind"] == 1
    np.add.at(sums.employer, (unit[mine & kind], group[mine & kind]), paid["employer_fen"][mine & kind].astype(float))


def _bills(sums: _Sums, shape: _Shape, batch: Columns, settled: Columns, age: Any, sex: Any, county: Any) -> None:
    pool = batch["pool"].astype(np.int64)
    scheme, unit = shape.scheme[pool], shape.at(pool, county)
    mine = unit >= 0
    scheme, unit, benefit = scheme[mine], unit[mine], batch["benefit"][mine].astype(np.int64)
    fund, cost = settled["basic_fen"][mine], settled["total_fen"][mine]
    group = group_of(scheme, batch["status"][mine])
    band, sex = BAND_OF[age[mine]], sex[mine]
    _counted(sums.visits, (unit, scheme, benefit), None)
    _counted(sums.fund, (unit, scheme, benefit), fund)
    level = batch["level"][mine].astype(np.int64)
    _counted(sums.level_fund, (unit, scheme, benefit, level), fund)
    _counted(sums.level_burden, (unit, scheme, benefit, level), settled["burden_fen"][mine])
    _counted(sums.rate_visits, (group, sex, band, benefit), None)
    _counted(sums.rate_fund, (group, sex, band, benefit), fund)
    _counted(sums.rate_cost, (group, sex, band, benefit), cost)


def _counted(into: Floats, index: tuple[Any, ...], weights: Any) -> None:
    """Add rows up by several keys; sums of fen stay exact below 2**53."""
    flat = np.ravel_multi_index(index, into.shape)
    into += np.bincount(flat, weights=weights, minlength=into.size).reshape(into.shape)


def _premiums(rules: Rules, side: str, shape: _Shape) -> Floats:
    """Premium of a head to serious-illness insurance, by unit and scheme."""
    found = np.zeros((len(shape.units), 2))
    by_city = {
        (area, scheme): rules.premium(side, at, "active" if scheme == "employee" else "adult")
        for at, (area, scheme) in enumerate(shape.pools)
        if scheme in SCHEMES
    }
    for at, unit in enumerate(shape.units):
        for which, scheme in enumerate(SCHEMES):
            found[at, which] = by_city.get((unit.city, scheme), 0)
    return found


def _relief(policies: Policies, shape: _Shape, year: int) -> Floats:
    """How much larger the employers' contributions of the year were without temporary relief, by unit."""
    rules = Rules(policies, policies, year, shape.pools, frozenset())
    by_city: dict[str, float] = {}
    for at, (area, scheme) in enumerate(shape.pools):
        if scheme != "employee":
            continue
        try:
            months = rules.months("before", at, "active", "enterprise", "under_45")
            kept = sum(month.employer * month.kept for month in months)
            full = sum(month.employer for month in months) * 10_000
            by_city[area] = full / kept if kept else 1.0
        except Refused:
            by_city[area] = 1.0
    return np.array([by_city.get(unit.city, 1.0) for unit in shape.units])
