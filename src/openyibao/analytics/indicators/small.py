"""The small tables of indicators: cubes with numbers read as words, funds, transfers, institutions, population."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from openyibao.datasets.facade import CODES, Dataset
from openyibao.kernel.errors import Refused
from openyibao.policy.facade import Policies, contribution_from

_LISTS = {
    "bills": {"status": "status", "benefit": "benefit", "level": "level", "filing": "filing"},
    "pieces": {"status": "status", "benefit": "benefit", "level": "level", "filing": "filing"},
    "patients": {},
    "people": {"status": "status", "employer_kind": "employer_kind"},
    "accounts": {},
    "grants": {"kind": "grant", "fund": "fund"},
}
"""Coded columns of each cube and their code lists."""
PATIENTS = {1: "inpatient", 2: "birth", 3: "long_term_care"}
"""What the cube of patients counts persons of."""
_STATUS_OF = {"employee": "active", "resident": "adult"}


def worded(cube: str, table: pa.Table, dataset: Dataset) -> pa.Table:
    """A cube with codes for numbers and with area and scheme for the pool."""
    columns: dict[str, Any] = {}
    pools = dataset.pools
    for name in table.column_names:
        numbers = table.column(name)
        if name == "pool":
            columns["area"] = pa.array([pools[at][0] for at in numbers.to_pylist()], pa.string())
            columns["scheme"] = pa.array([pools[at][1] for at in numbers.to_pylist()], pa.string())
        elif name in _LISTS[cube]:
            known = CODES[_LISTS[cube][name]]
            columns[name] = pa.array([known[at][0] for at in numbers.to_pylist()], pa.string())
        elif cube == "patients" and name == "kind":
            columns[name] = pa.array([PATIENTS[at] for at in numbers.to_pylist()], pa.string())
        else:
            columns[name] = numbers.cast(pa.int64())
    return pa.table(columns)


def funds(dataset: Dataset, year: int) -> pa.Table:
    """Items of the funds of a year, in words."""
    rows = dataset.whole("funds")
    rows = rows.filter(pc.equal(rows.column("year"), year))
    return pa.table(
        {
            "area": pa.array([str(area) for area in rows.column("area").to_pylist()], pa.string()),
            "fund": pa.array([CODES["fund"][at][0] for at in rows.column("fund").to_pylist()], pa.string()),
            "item": pa.array([CODES["fund_item"][at][0] for at in rows.column("item").to_pylist()], pa.string()),
            "fen": rows.column("fen").cast(pa.int64()),
        }
    )


def institutions(dataset: Dataset) -> pa.Table:
    """Institutions by kind and level."""
    rows = dataset.whole("institutions")
    kinds = [CODES["institution_kind"][at][0] for at in rows.column("kind").to_pylist()]
    levels = [CODES["level"][at][0] for at in rows.column("level").to_pylist()]
    areas = [str(area) for area in rows.column("area").to_pylist()]
    counts = pa.array([1] * len(kinds), pa.int64())
    made = {
        "area": pa.array(areas, pa.string()),
        "kind": pa.array(kinds, pa.string()),
        "level": pa.array(levels, pa.string()),
    }
    return (
        pa.table({**made, "institutions": counts})
        .group_by(["area", "kind", "level"])
        .aggregate([("institutions", "sum")])
        .rename_columns(["area", "kind", "level", "institutions"])
    )


def population(persons: Mapping[str, int]) -> pa.Table:
    """Persons by area as a table; empty when none are stated."""
    areas, counts = list(persons), list(persons.values())
    return pa.table({"area": pa.array(areas, pa.string()), "persons": pa.array(counts, pa.int64())})


def persons_by_area(dataset: Dataset, year: int) -> dict[str, int]:
    """The population the manifest states in a year, by area: the dataset's own and pooling areas in it."""
    stated = ((area, by_year.get(str(year), {})) for area, by_year in dataset.manifest.population.items())
    return {area: round(found["persons"]) for area, found in stated if found.get("persons") is not None}


def population_source(dataset: Dataset, year: int) -> str:
    """Which population that is."""
    stated: Mapping[str, Any] = dataset.manifest.population.get(dataset.manifest.area, {}).get(str(year), {})
    return str(stated.get("source", ""))


def transfers(people: pa.Table, policies: Policies, year: int) -> tuple[pa.Table, list[str]]:
    """Serious-illness premiums moved out of the basic funds (大病保费划转), and pools whose policy states none.

    Args: people is the worded cube; a premium is due for everyone insured at the end of the year.
    """
    heads: dict[tuple[str, str], int] = {}
    for row in people.select(["area", "scheme", "insured_at_year_end", "persons"]).to_pylist():
        if row["insured_at_year_end"] == 1:
            key = (row["area"], row["scheme"])
            heads[key] = heads.get(key, 0) + row["persons"]
    rows, without = [], []
    for (area, scheme), persons in sorted(heads.items()):
        per_head = premium(policies, area, scheme, year)
        if per_head is None:
            without.append(f"{area}-{scheme}")
        else:
            rows.append((area, scheme, persons * per_head))
    areas, schemes, fen = zip(*rows, strict=True) if rows else ((), (), ())
    table = {
        "area": pa.array(areas, pa.string()),
        "scheme": pa.array(schemes, pa.string()),
        "fen": pa.array(fen, pa.int64()),
    }
    return pa.table(table), without


def premium(policies: Policies, area: str, scheme: str, year: int) -> int | None:
    """Serious-illness premium per head and year that the policy states for a pool, in fen; None when it states none."""
    if scheme not in _STATUS_OF:
        return None
    person = {"area": area, "scheme": scheme, "status": _STATUS_OF[scheme], "birth": "1980-01-01", "groups": []}
    if scheme == "employee":
        person |= {"employer_kind": "enterprise", "declared_wage": "5000.00"}
    try:
        found = contribution_from({"person": person, "period": str(year)}, policies)
    except Refused:
        return None
    return found.transfers.get("serious_illness")
