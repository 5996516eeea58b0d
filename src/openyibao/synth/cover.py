"""Cover (参保关系): employer kind, account, maternity and long-term care of everybody in a year; the table of spans.

Who has what follows the rank of scores that a person keeps for life: the counts of every year are exact and the
same persons keep what they have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from openyibao.datasets.facade import EMPLOYER_KINDS, STATUS_CODES
from openyibao.synth.people import People, Segments, day_number
from openyibao.synth.plan import ACTIVE, ADULT, CLASSES, OUT, RETIRED, Ints

Array = npt.NDArray[Any]
KIND = {name: at for at, name in enumerate(EMPLOYER_KINDS)}
STATUS = np.array([STATUS_CODES.index(name) for name in CLASSES], np.int8)
"""Class -> status code."""


@dataclass
class Flags:
    """What everybody has in a year; meaningful for those it can apply to."""

    kind: npt.NDArray[np.int8]
    account: npt.NDArray[np.bool_]
    maternity: npt.NDArray[np.bool_]
    ltc_employee: npt.NDArray[np.bool_]
    ltc_resident: npt.NDArray[np.bool_]

    def ltc(self, who: Array, employee: Array) -> Array:
        return np.where(employee, self.ltc_employee[who], self.ltc_resident[who])


def nth(values: Array, n: int) -> float:
    """The n-th smallest value: below all for 0, above all when there are fewer."""
    if n <= 0 or not len(values):
        return -1.0
    if n >= len(values):
        return 2.0
    return float(np.partition(values, n - 1)[n - 1])


def flags(people: People, k: int, want: dict[str, int]) -> Flags:
    """Flags of year k. Args: want holds the persons of each kind at the end of the year in this part."""
    before, now, score = people.classes[k], people.classes[k + 1], people.scores
    kind = np.zeros(len(people), np.int8)
    for klass, organ, flexible in (
        (ACTIVE, want["active_organ"], want["active_flexible"]),
        (RETIRED, want["organ"] - want["active_organ"], want["flexible"] - want["active_flexible"]),
    ):
        low = nth(score[now == klass, 0], organ)
        high = nth(1 - score[now == klass, 0], flexible)
        mine = (now == klass) | ((before == klass) & (now >= ADULT))
        found = np.where(1 - score[:, 0] <= high, KIND["flexible"], KIND["enterprise"])
        kind = np.where(mine, np.where(score[:, 0] <= low, KIND["organ"], found), kind).astype(np.int8)
    employee = kind > 0
    alone = kind == KIND["flexible"]
    account = employee & ~(alone & (score[:, 1] <= nth(score[alone & (now < ADULT), 1], want["pool_only"])))
    unit = employee & ~alone
    maternity = unit & (score[:, 2] <= nth(score[unit & (now == ACTIVE), 2], want["maternity"]))
    resident = (now >= ADULT) & (now < OUT)
    return Flags(
        kind,
        account,
        maternity,
        employee & (score[:, 3] <= nth(score[now < ADULT, 3], want["ltc_employee"])),
        score[:, 3] <= nth(score[resident, 3], want["ltc_resident"]),
    )


def coverage(
    people: People, numbers: Ints, years: tuple[int, ...], spans: list[Segments], every: list[Flags], pools: Array
) -> dict[str, Array]:
    """Columns of the coverage table: spans of all years, joined where nothing changes."""
    table = np.concatenate([_year(year, span, flag) for year, span, flag in zip(years, spans, every, strict=True)], 1)
    if len(years) > 1:
        table = table[:, np.argsort(table[0] * (1 << 20) + table[1], kind="stable")]
    same = np.zeros(table.shape[1], dtype=bool)
    same[1:] = (table[0, 1:] == table[0, :-1]) & (table[1, 1:] == table[2, :-1]) & (table[3, 1:] == table[3, :-1])
    first = np.flatnonzero(~same)
    last = np.append(first[1:], len(same)) - 1
    who, packed = table[0, first], table[3, first]
    klass = packed & 7
    start = _since(people, who, klass, table[1, first], day_number(years[0]))
    end = table[2, last].astype(np.int32)
    goes_on = (end == day_number(years[-1] + 1)) & (people.classes[-1][who] < OUT)
    return {
        "person": numbers[who],
        "from": start,
        "until": pa.array(end, mask=goes_on).view(pa.date32()),
        "pool": pools[(klass >= ADULT).astype(np.int8)],
        "status": STATUS[klass],
        "employer_kind": packed >> 3 & 3,
        "account": packed >> 5 & 1,
        "maternity": packed >> 6 & 1,
        "long_term_care": packed >> 7 & 1,
    }


def _year(year: int, span: Segments, flag: Flags) -> Ints:
    """Person, first day, day after the last, everything else in one number."""
    base = day_number(year)
    employee = span.klass < ADULT
    who = span.person
    packed = (
        span.klass.astype(np.int64)
        + (np.where(employee, flag.kind[who], 0).astype(np.int64) << 3)
        + ((employee & flag.account[who]).astype(np.int64) << 5)
        + (((span.klass == ACTIVE) & flag.maternity[who]).astype(np.int64) << 6)
        + (flag.ltc(who, employee).astype(np.int64) << 7)
    )
    return np.stack((who, base + span.start.astype(np.int64), base + span.end.astype(np.int64), packed))


def _since(people: People, who: Ints, klass: Ints, start: Ints, begun: int) -> Ints:
    """First day of a relation that was there before the first year: an invented one, by age."""
    birth = people.birth[who].astype(np.int64)
    earliest = birth + np.select([klass == RETIRED, klass == ACTIVE], [366 * 60, 366 * 22], 0)
    floor = np.where(klass < ADULT, day_number(2001), day_number(2014))
    since = np.minimum(np.maximum(earliest, floor), begun)
    there = (start == begun) & (people.classes[0][who] == klass)
    made: Ints = np.where(there, since, start)
    return made
