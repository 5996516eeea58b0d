"""Random but valid datasets, for tests: every benefit that has a policy, all levels, helped groups, care elsewhere.

Stays in pieces, late bills, a change of status or scheme inside the year are there too. Nothing is calibrated;
`openyibao synth` does that.

A visit is drawn only where the policies have every figure it may need, so that each can be settled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np

from openyibao.datasets.facade import (
    BENEFIT_CODES,
    FILING_CODES,
    LEVEL_CODES,
    STATUS_CODES,
    TABLES,
    Dataset,
    Manifest,
    Opening,
    PartWriter,
    open_dataset,
    write_codes,
    write_manifest,
    write_whole,
)
from openyibao.kernel.errors import Refused
from openyibao.policy import kernel
from openyibao.policy.facade import Policies
from openyibao.policy.tables import Facts
from openyibao.policy.terms import CARE_KINDS, CHILDREN, STATUSES_OF

EPOCH = date(1970, 1, 1)
MONEY = ("in_scope_fen", "prior_self_pay_fen", "over_limit_fen", "non_covered_fen", "special_drug_fen", "herb_fen")
INPATIENT = BENEFIT_CODES.index("inpatient")
SUPPLEMENT = "liaohuibao"
LEVELS_THERE = tuple(level for level in LEVEL_CODES if level != "pharmacy")
"""A pharmacy's bill is settled at the level of who prescribed, so no bill has that level itself."""


@dataclass
class World:
    """Which visits the policies can settle: by year, pool and status, (benefit, level, variant, special allowed)."""

    policies: Policies
    areas: tuple[str, ...]
    years: tuple[int, ...]
    pools: list[tuple[str, str]] = field(default_factory=list)
    variants: dict[tuple[str, str, str, str], int] = field(default_factory=dict)
    combos: dict[tuple[int, int, int], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pools = [(area, scheme) for area in self.areas for scheme in ("employee", "resident")]
        for rare in (("", "", "", ""), ("", "", "", SUPPLEMENT)):
            self.variants[rare] = len(self.variants)
        for year in self.years:
            for pool, (area, scheme) in enumerate(self.pools):
                for status in STATUSES_OF[scheme]:
                    found = list(self._combos(year, area, scheme, status))
                    if found:
                        self.combos[year, pool, STATUS_CODES.index(status)] = np.array(found)

    def _combos(self, year: int, area: str, scheme: str, status: str) -> Iterator[tuple[int, ...]]:
        """Visits without supplements; then the same with one, where it forbids none of them."""
        plain = list(self._valid(year, area, scheme, status, ""))
        more = list(self._valid(year, area, scheme, status, SUPPLEMENT)) if area == "371500" else []
        for combo in plain + (more if len(more) == len(plain) else []):
            benefit, level, child, care, disease, supplement, special, remote = combo
            variant = self.variants.setdefault((child, care, disease, supplement), len(self.variants))
            yield benefit, level, variant, int(bool(supplement)), special, remote

    def _valid(self, year: int, area: str, scheme: str, status: str, supplement: str) -> Iterator[tuple[Any, ...]]:
        book = self.policies.compiler.book(area, scheme)
        first, last = date(year, 1, 1), date(year, 12, 31)
        days = [first, *(start for start in book.starts if first < start <= last)]
        rare = [("", "", ""), *((child, "", "") for child in CHILDREN), *(("", care, "") for care in CARE_KINDS)]
        rare += [("", "", disease) for disease in book.diseases]
        held = frozenset({supplement} - {""})
        known = {benefit: self._remote_known(book, days, benefit) for benefit in BENEFIT_CODES}
        for benefit, level, (child, care, disease) in product(BENEFIT_CODES, LEVELS_THERE, rare):
            if bool(child) != (benefit in ("delivery", "prenatal")) or bool(care) != (benefit == "long_term_care"):
                continue
            if disease and benefit not in ("chronic", "two_disease"):
                continue
            facts = Facts(benefit, level, status, "", "standard", child, care, disease, held)
            allowed = min(self._allowed(book, day, facts) for day in days)
            if allowed:
                at = BENEFIT_CODES.index(benefit), LEVEL_CODES.index(level)
                yield *at, child, care, disease, supplement, int(allowed > 1), int(known[benefit])

    @staticmethod
    def _allowed(book: Any, day: date, facts: Facts) -> int:
        """0 no visit, 1 one without special drugs, 2 any."""
        try:
            cell = book.cell(day, facts)
        except Refused:
            return 0
        listed = next((row.version.body.get("diseases") for row in cell.rows if row.layer == "basic_pool"), None)
        if facts.disease and listed and facts.disease not in listed:
            return 0
        masks = {book.P[cell.rows[at].offset + 1] for at in cell.missing}
        return 2 if not masks else int(masks == {kernel.SPECIAL_DRUG})

    @staticmethod
    def _remote_known(book: Any, days: list[date], benefit: str) -> bool:
        try:
            for day in days:
                for filing in FILING_CODES:
                    for inside in (True, False):
                        book.remote_rate(day, benefit, filing, inside)
        except Refused:
            return False
        return True

    @cached_property
    def statuses(self) -> dict[int, dict[int, list[int]]]:
        """year -> pool -> statuses with any visit."""
        found: dict[int, dict[int, list[int]]] = {}
        for year, pool, status in self.combos:
            found.setdefault(year, {}).setdefault(pool, []).append(status)
        return found


def make(
    folder: Path,
    policies: Policies,
    *,
    persons: int,
    years: tuple[int, ...] = (2020, 2022),
    areas: tuple[str, ...] = ("371500", "370200"),
    parts: int = 3,
    seed: int = 1,
    visits_each: float = 4.0,
    late: float = 0.03,
    row_group: int = 1 << 19,
) -> Dataset:
    """Write a dataset and open it."""
    folder.mkdir(parents=True, exist_ok=True)
    world = World(policies, areas, years)
    manifest = Manifest("synthetic", "随机数据", areas[0], list(years), parts, "tests", seed=seed)
    _whole(folder, world)
    rows: dict[str, dict[str, int]] = {}
    ends = np.linspace(0, persons, parts + 1).astype(int)
    for part in range(parts):
        random = np.random.default_rng([seed, part])
        people = np.arange(ends[part], ends[part + 1], dtype=np.int64) * 3 + 7
        _people(folder, part, people, world, random, rows)
        for year in years:
            visits, owned = _year(people, year, world, random, visits_each, late)
            _write(folder, "visits", part, year, visits, rows, row_group)
            _write(folder, "contributions", part, year, owned, rows, max(1, row_group // 3))
            _write(folder, "grants", part, year, filled("grants", 0), rows, row_group)
    manifest.rows = rows
    write_manifest(folder, manifest)
    return open_dataset(folder)


def filled(table: str, rows: int, **given: Any) -> dict[str, Any]:
    """Columns of a table, zeros and empty texts where nothing is given."""
    found: dict[str, Any] = {}
    for column in TABLES[table].columns:
        empty = (
            [""] * rows if column.type == "text" else [None] * rows if column.null else np.zeros(rows, dtype=np.int64)
        )
        found[column.name] = given.get(column.name, empty)
    return found


def _whole(folder: Path, world: World) -> None:
    areas, schemes = zip(*world.pools, strict=True)
    write_whole(
        folder,
        "pools",
        filled("pools", len(areas), pool=np.arange(len(areas)), area=list(areas), scheme=list(schemes)),
    )
    rare = list(world.variants)
    write_whole(
        folder,
        "variants",
        {
            "variant": np.arange(len(rare)),
            "contribution_class": ["standard"] * len(rare),
            **{
                name: [one[at] for one in rare]
                for at, name in enumerate(("child", "care_kind", "disease", "supplements"))
            },
        },
    )
    write_whole(folder, "institutions", filled("institutions", 0))
    write_whole(folder, "funds", filled("funds", 0))
    write_codes(folder)


def _people(folder: Path, part: int, people: Any, world: World, random: Any, rows: dict[str, dict[str, int]]) -> None:
    n = len(people)
    born = (date(1950, 1, 1) - EPOCH).days + random.integers(0, 25_000, n)
    persons = filled(
        "persons", n, person=people, birth=born, sex=1 + random.integers(0, 2, n), household=people // 6 * 6
    )
    _write(folder, "persons", part, None, persons, rows, 1 << 19)
    _write(folder, "coverage", part, None, filled("coverage", 0), rows, 1 << 19)


def _write(
    folder: Path, table: str, part: int, year: int | None, columns: dict[str, Any], rows: dict[str, Any], group: int
) -> None:
    """Write in row groups cut anywhere, inside persons too."""
    n = len(columns["person"])
    with PartWriter(folder, table, part, year) as writer:
        for first in range(0, n, group) if n else [0]:
            writer.write({name: values[first : first + group] for name, values in columns.items()})
    cut = rows.setdefault(table, {})
    key = "" if year is None else str(year)
    cut[key] = cut.get(key, 0) + n


def _year(
    people: Any, year: int, world: World, random: Any, visits_each: float, late: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    n = len(people)
    begin = (date(year, 1, 1) - EPOCH).days
    days = 366 if year % 4 == 0 else 365
    facts = _facts(n, year, world, random)
    count = np.where(random.random(n) < 0.25, 0, random.geometric(1 / visits_each, n)).clip(max=400)
    who = np.repeat(np.arange(n), count)
    m = len(who)
    day = random.integers(0, days, m)
    order = np.lexsort((day, who))
    day = day[order]
    second = day >= facts["change"][who]
    pool = np.where(second, facts["pool2"][who], facts["pool"][who])
    status = np.where(second, facts["status2"][who], facts["status"][who])
    columns = _bills(year, pool, status, facts["supplement"][who], world, random)
    starts = np.cumsum(count) - count
    seq = np.arange(m) - np.repeat(starts, count)
    seq = np.where(random.random(n)[who] < late, np.repeat(count, count) - 1 - seq, seq)
    seq = seq[np.lexsort((seq, day, who))]
    visits = filled(
        "visits",
        m,
        person=people[who],
        day=begin + day,
        seq=seq,
        pool=pool,
        status=status,
        groups=facts["groups"][who],
        institution=random.integers(0, 1000, m),
        account=(random.random(m) < 0.8) & (pool % 2 == 0),
        **columns,
    )
    _stays(visits, facts["pieces"][who], random)
    own = facts["pool"] % 2 == 0
    owned = filled(
        "contributions",
        n,
        person=people,
        pool=facts["pool2"],
        account=own,
        account_opening_fen=np.where(own, random.integers(0, 100_000, n), 0),
        account_fen=np.where(own, random.integers(0, 300_000, n), 0),
        purchases_fen=np.where(own, random.integers(0, 200_000, n), 0),
    )
    return visits, owned


def _facts(n: int, year: int, world: World, random: Any) -> dict[str, Any]:
    """What a person is in the year: pool and status, a second one from a day on for some, helped groups."""
    known = world.statuses[year]
    pools = np.array(sorted(known))
    pool = pools[random.integers(0, len(pools), n)]

    def status_in(pool: Any) -> Any:
        made = np.zeros(n, dtype=np.int64)
        for one, statuses in known.items():
            mine = pool == one
            made[mine] = np.array(statuses)[random.integers(0, len(statuses), int(mine.sum()))]
        return made

    change = np.where(random.random(n) < 0.06, random.integers(1, 360, n), 9999)
    pool2 = np.where(random.random(n) < 0.4, pools[random.integers(0, len(pools), n)], pool)
    helped = random.random(n) < 0.08
    groups = np.where(
        helped, 1 << random.integers(0, 7, n) | np.where(random.random(n) < 0.4, 1 << random.integers(0, 7, n), 0), 0
    )
    return {
        "pool": pool,
        "status": status_in(pool),
        "change": change,
        "pool2": np.where(change < 9999, pool2, pool),
        "status2": status_in(pool2),
        "groups": groups,
        "supplement": random.random(n) < 0.1,
        "pieces": random.random(n) < 0.3,
    }


def _bills(year: int, pool: Any, status: Any, supplement: Any, world: World, random: Any) -> dict[str, Any]:
    m = len(pool)
    names = ("benefit", "level", "variant", "more", "special", "remote")
    drawn = {name: np.zeros(m, dtype=np.int64) for name in names}
    for (of_year, one_pool, one_status), table in world.combos.items():
        if of_year != year:
            continue
        for more in (0, 1):
            able = table[table[:, 3] == more] if (table[:, 3] == more).any() else table[table[:, 3] == 0]
            mine = np.flatnonzero((pool == one_pool) & (status == one_status) & (supplement == bool(more)))
            chosen = able[random.choice(len(able), len(mine), p=_weights(able[:, 0]))]
            for at, name in enumerate(names):
                drawn[name][mine] = chosen[:, at]
    stay = drawn["benefit"] == INPATIENT
    in_scope = np.where(stay, random.lognormal(13.6, 1.2, m), random.lognormal(10.0, 1.1, m)).astype(np.int64)
    in_scope = np.where(random.random(m) < 0.01, 0, np.minimum(in_scope, 400_000_000))
    special = (random.random(m) < 0.05) & (drawn["special"] == 1)
    remote = (random.random(m) < 0.1) & (drawn["remote"] == 1)
    care = drawn["benefit"] == BENEFIT_CODES.index("long_term_care")
    return {
        "benefit": drawn["benefit"],
        "level": drawn["level"],
        "variant": drawn["variant"],
        "filing": np.where(remote, random.integers(0, len(FILING_CODES), m), -1),
        "in_province": np.where(remote, random.integers(0, 2, m), 0),
        "days": np.where(care, random.integers(1, 32, m), 1),
        "stay_days": np.where(stay, random.integers(1, 40, m), 0),
        "stay": np.full(m, -1),
        "excluded": random.random(m) < 0.005,
        "in_scope_fen": in_scope,
        "prior_self_pay_fen": np.where(random.random(m) < 0.5, random.integers(0, 90_000, m), 0),
        "over_limit_fen": np.where(random.random(m) < 0.1, random.integers(0, 40_000, m), 0),
        "non_covered_fen": np.where(random.random(m) < 0.5, random.integers(0, 200_000, m), 0),
        "special_drug_fen": np.where(special, random.integers(1, 9_000_000, m), 0),
        "herb_fen": np.where(random.random(m) < 0.1, in_scope // random.integers(1, 9, m), 0),
    }


def _weights(benefit: Any) -> Any:
    """Every benefit alike, however many levels and diseases it comes with; stays three times as often."""
    often = np.where(benefit == INPATIENT, 3.0, 1.0) / np.bincount(benefit)[benefit]
    return often / often.sum()


def _stays(visits: dict[str, Any], pieces: Any, random: Any) -> None:
    """Join some persons' inpatient bills of a pool to one stay in pieces; a later piece may owe no deductible."""
    at = np.flatnonzero(pieces & (visits["benefit"] == INPATIENT) & ~visits["excluded"].astype(bool))
    at = at[np.lexsort((visits["seq"][at], visits["pool"][at], visits["person"][at]))]
    visits["stay"][at] = 0
    again = np.zeros(len(at), dtype=bool)
    again[1:] = (visits["person"][at][1:] == visits["person"][at][:-1]) & (
        visits["pool"][at][1:] == visits["pool"][at][:-1]
    )
    visits["waive"][at] = again & (random.random(len(at)) < 0.3)


# The same persons as cases of the single driver ---------------------------------------------------------------------


def cases(dataset: Dataset, part: int, year: int) -> Iterator[tuple[list[int], dict[str, Any]]]:
    """Every person-year with visits as a case for the single driver: rows of the file in settle order, and the case."""
    batch = {name: np.concatenate(found) for name, found in _together(dataset.batches("visits", part, year)).items()}
    owned = {
        name: np.concatenate(found) for name, found in _together(dataset.batches("contributions", part, year)).items()
    }
    if not len(batch):
        return
    balance = {
        int(person): int(opening + credit) if account else 0
        for person, account, opening, credit in zip(
            owned["person"], owned["account"], owned["account_opening_fen"], owned["account_fen"], strict=True
        )
    }
    opened = dataset.openings(part, year) or {}
    edges = np.flatnonzero(np.diff(batch["person"], prepend=-1, append=-1))
    for first, last in pairwise(edges.tolist()):
        rows = [
            dict(zip(batch, values, strict=True))
            for values in zip(*(batch[name][first:last].tolist() for name in batch), strict=True)
        ]
        order = sorted(range(len(rows)), key=lambda at: rows[at]["seq"])
        case = _case(dataset, rows, order, balance[rows[0]["person"]])
        if rows[0]["person"] in opened:
            case["opening"] = {"seq": 0, "counters": _counters(dataset, opened[rows[0]["person"]])}
        yield [int(first) + at for at in order], case


def _counters(dataset: Dataset, openings: dict[int, Opening]) -> dict[str, Any]:
    """An opening as a case states it; its stays must be of the pool of the person's first visit."""
    found: dict[str, Any] = {}
    for pool, opening in openings.items():
        for name, value in opening.counters.items():
            found["/".join((*dataset.pools[pool], name))] = value if name.endswith(".stays") else _yuan(value)
        for stay, (number, borne) in opening.stays.items():
            found |= {f"stay.{pool}-{stay}.number": number, f"stay.{pool}-{stay}.deductible": _yuan(borne)}
    return found


def open_years(dataset: Dataset, year: int, rows: dict[int, list[tuple[int, int, int, str, int]]]) -> Dataset:
    """Write `openings` of a year, (person, pool, stay, name, value) by part, empty for the other years; open again."""
    for one in dataset.years:
        for part in range(dataset.manifest.parts):
            mine = sorted(rows.get(part, [])) if one == year else []
            columns = dict(zip(TABLES["openings"].names, zip(*mine, strict=True), strict=True)) if mine else {}
            with PartWriter(dataset.folder, "openings", part, one) as writer:
                writer.write({name: list(columns.get(name, ())) for name in TABLES["openings"].names})
    counts = {str(one): sum(map(len, rows.values())) if one == year else 0 for one in dataset.years}
    dataset.manifest.rows["openings"] = counts
    write_manifest(dataset.folder, dataset.manifest)
    return open_dataset(dataset.folder)


def _together(batches: Iterator[dict[str, Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for batch in batches:
        for name, values in batch.items():
            found.setdefault(name, []).append(values.copy())
    return found


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _case(dataset: Dataset, rows: list[dict[str, int]], order: list[int], balance: int) -> dict[str, Any]:
    from openyibao.datasets.facade import GROUP_CODES

    states = []
    for row in rows:
        area, scheme = dataset.pools[row["pool"]]
        rare = dataset.variants[row["variant"]]
        states.append(
            {
                "area": area,
                "scheme": scheme,
                "status": STATUS_CODES[row["status"]],
                "groups": [group for at, group in enumerate(GROUP_CODES) if row["groups"] >> at & 1],
                "supplements": [rare["supplements"]] if rare["supplements"] else [],
            }
        )
    person: dict[str, Any] = {**states[0], "account_balance": _yuan(balance)}
    history = []
    for row, state, before in zip(rows[1:], states[1:], states, strict=False):
        if state != before:
            history.append({"from": _day(row["day"]), **state})
    if history:
        person["history"] = history
    return {"person": person, "visits": [_visit(dataset, rows[at]) for at in order]}


def _day(days: int) -> str:
    return str(np.datetime64(days, "D"))


def _visit(dataset: Dataset, row: dict[str, int]) -> dict[str, Any]:
    area = dataset.pools[row["pool"]][0]
    rare = dataset.variants[row["variant"]]
    benefit = BENEFIT_CODES[row["benefit"]]
    made: dict[str, Any] = {
        "date": _day(row["day"]),
        "benefit": benefit,
        "level": LEVEL_CODES[row["level"]],
        "in_scope": _yuan(row["in_scope_fen"]),
        "prior_self_pay": _yuan(row["prior_self_pay_fen"]),
        "over_limit": _yuan(row["over_limit_fen"]),
        "non_covered": _yuan(row["non_covered_fen"]),
        "special_drug": _yuan(row["special_drug_fen"]),
        "herb_in_scope": _yuan(row["herb_fen"]),
        "account": "allowed" if row["account"] else "none",
    }
    if rare["disease"] or benefit == "two_disease":
        made["disease"] = rare["disease"]
    if rare["child"]:
        made["child_order"] = int(rare["child"][-1])
    if benefit == "long_term_care":
        made |= {"care_kind": rare["care_kind"], "days": row["days"]}
    if row["filing"] >= 0:
        made |= {
            "filing": FILING_CODES[row["filing"]],
            "care_area": ("370300" if area != "370300" else "370100") if row["in_province"] else "110000",
        }
    if row["stay"] >= 0:
        made["stay_id"] = f"{row['pool']}-{row['stay']}"
        if row["waive"]:
            made["origin"] = "transfer_down"
    if row["excluded"]:
        made["exclusion"] = "work_injury"
    return made
