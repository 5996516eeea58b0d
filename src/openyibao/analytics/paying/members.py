"""A dataset's insured as members of an institution or a consortium (签约人员), with what they cost and where.

A dataset says who is insured, for how long, where they live and where they went; not with whom they signed. So:

* capitation: a person belongs to the community or primary institution visited most in the year (of equals the first by
  number); who visited none, to one of those in the county of residence, in turn by the person's number;
* consortium: a person belongs to the county of residence; its institutions are those that stand in it. Assessment is
  not known: the money is split by what each was paid by item for the county's people.

Months are those on whose first day a person is covered; age is that of 1 July. Illnesses are not known.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from openyibao.datasets.facade import LEVEL_CODES, Dataset
from openyibao.kernel import areas
from openyibao.payment.engine.pack.facade import Member, Stay

EPOCH = date(1970, 1, 1)
LOW_LEVELS = ("community", "primary")
Numbers = npt.NDArray[np.int64]


@dataclass
class Members:
    """Who belongs where (成员), what they cost and where, and whose institution is whose."""

    members: list[Member] = field(default_factory=list)
    spent: dict[tuple[str, str, str], int] = field(default_factory=dict)
    weights: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Places:
    """Institutions of a dataset by number: code, county, and the low-level ones by county."""

    codes: Sequence[str]
    counties: Sequence[int]
    low: Mapping[int, Sequence[int]]
    is_low: npt.NDArray[np.bool_]


def members_of_year(
    dataset: Dataset, year: int, run: str, method: str, stays: Iterable[Stay], parts: int | None = None
) -> Members:
    """Members of a year by `capitation` or `consortium`. stays: those of the local budget, which are what they cost."""
    places, schemes = _places(dataset), [scheme for _, scheme in dataset.pools]
    cost: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
    for stay in stays:
        if not stay.remote:
            cost[int(stay.case_id.split("-")[0])][stay.scheme, stay.institution] += stay.pool_by_item_fen
    made = Members()
    spent: Counter[tuple[str, str, str]] = Counter()
    for part in range(min(parts or dataset.manifest.parts, dataset.manifest.parts)):
        months = _months(dataset, part, year)
        favourite = _favourites(dataset, part, year, run, places) if method == "capitation" else {}
        for person, birth, sex, county in _persons(dataset, part):
            paid = cost.pop(person, None) or Counter[tuple[str, str]]()
            pools: Mapping[int, int] = months.get(person, {})
            mine = {schemes[pool] for pool in pools} | {scheme for scheme, _ in paid}
            if not mine:
                continue
            clinic = places.codes[_clinic(person, county, favourite, places)]
            holder = _consortium(county) if method == "consortium" else clinic
            for scheme in sorted(mine):
                here = {at: fen for (of, at), fen in paid.items() if of == scheme}
                made.members.append(
                    Member(
                        institution=holder,
                        scheme=scheme,
                        months=pools.get(schemes.index(scheme), 0),
                        age=_age(birth, year),
                        sex=sex,
                        member_id=str(person),
                        spent_fen=sum(here.values()),
                    )
                )
                for at, fen in here.items():
                    spent[holder, at, scheme] += fen
    assert not cost, "a stay's person is in no part"
    made.spent = dict(sorted(spent.items()))
    if method == "consortium":
        made.weights = _weights(places, made)
    return made


def _places(dataset: Dataset) -> _Places:
    table = dataset.whole("institutions").to_pydict()
    rows = zip(table["level"], table["area"], strict=True)
    is_low = np.array([LEVEL_CODES[level] in LOW_LEVELS and area % 10_000 > 0 for level, area in rows])
    low: dict[int, list[int]] = defaultdict(list)
    for at, county in enumerate(table["area"]):
        if is_low[at]:
            low[county].append(at)
    return _Places(table["code"], table["area"], low, is_low)


def _months(dataset: Dataset, part: int, year: int) -> dict[int, Counter[int]]:
    """Person -> pool -> months on whose first day the person is covered."""
    found: dict[int, Counter[int]] = defaultdict(Counter)
    firsts = [(date(year, month, 1) - EPOCH).days for month in range(1, 13)]
    for batch in dataset.batches("coverage", part, columns=["person", "from", "until", "pool"]):
        covered = sum(((batch["from"] <= first) & ~(batch["until"] <= first)).astype(np.int64) for first in firsts)
        for at in np.flatnonzero(np.asarray(covered)):
            found[int(batch["person"][at])][int(batch["pool"][at])] += int(np.asarray(covered)[at])
    return found


def _favourites(dataset: Dataset, part: int, year: int, run: str, places: _Places) -> dict[int, int]:
    """Person -> number of the low-level institution visited most in the year."""
    seen: dict[int, Counter[int]] = defaultdict(Counter)
    for batch in dataset.batches("settled", part, year, run=run, columns=["person", "institution"]):
        low = np.flatnonzero(places.is_low[batch["institution"]])
        for person, at in zip(batch["person"][low].tolist(), batch["institution"][low].tolist(), strict=True):
            seen[person][at] += 1
    return {person: min(counts, key=lambda at: (-counts[at], at)) for person, counts in seen.items()}


def _persons(dataset: Dataset, part: int) -> Iterable[tuple[int, int, int, int]]:
    for batch in dataset.batches("persons", part, columns=["person", "birth", "sex", "county"]):
        yield from zip(*(batch[name].tolist() for name in ("person", "birth", "sex", "county")), strict=True)


def _clinic(person: int, county: int, favourite: Mapping[int, int], places: _Places) -> int:
    """The low-level institution a person belongs to; where the county has none, one of the whole area."""
    if person in favourite:
        return favourite[person]
    near = places.low.get(county) or [at for found in places.low.values() for at in found] or range(len(places.codes))
    return near[person % len(near)]


def _consortium(county: int) -> str:
    known = areas.all_areas().get(str(county))
    return f"{county}{known.name if known else ''}医共体"


def _weights(places: _Places, made: Members) -> dict[str, dict[str, int]]:
    """Consortium -> its institutions, weighed by what they were paid for its people; alike where that is nothing."""
    found: dict[str, dict[str, int]] = {one.institution: {} for one in made.members}
    paid: Counter[tuple[str, str]] = Counter()
    for (holder, at, _), fen in made.spent.items():
        paid[holder, at] += fen
    for code, county in zip(places.codes, places.counties, strict=True):
        holder = _consortium(county) if county % 10_000 else ""
        if holder in found:
            found[holder][code] = paid[holder, code]
    for own in found.values():
        if own and not any(own.values()):
            own.update(dict.fromkeys(own, 1))
    return found


def _age(birth: int, year: int) -> int:
    return max((date(year, 7, 1) - EPOCH).days - birth, 0) * 100 // 36_525
