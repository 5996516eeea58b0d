"""Rows of the visits table from blocks of bills: days, order, money by component, institutions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from openyibao.synth.care import BENEFIT, IN, OUT_OF, Block, Care
from openyibao.synth.cover import STATUS
from openyibao.synth.figures import Book
from openyibao.synth.people import day_number
from openyibao.synth.places import Places
from openyibao.synth.plan import ADULT, Ints

Array = npt.NDArray[Any]
Generator = np.random.Generator
_INDEX_BITS = 22
"""Bits for a bill's place in its part; person, day and place make one sorting number."""


def season_of(book: Book, year: int) -> Array:
    """Share of the year's bills up to every day: 0 before the first, ascending."""
    daily = [
        np.full(
            day_number(year + month // 12, month % 12 + 1) - day_number(year, month), book.get(f"season.{month}", year)
        )
        for month in range(1, 13)
    ]
    made: Array = np.concatenate(((0.0,), np.cumsum(np.concatenate(daily))))
    return made


def _joined(blocks: list[Block], name: str, kind: type) -> Array:
    return np.concatenate(
        [
            values.astype(kind, copy=False)
            if isinstance(values := getattr(block, name), np.ndarray)
            else np.full(len(block.span), values, kind)
            for block in blocks
        ]
    )


class Bills:
    """Makes the rows of a part's year."""

    def __init__(self, rng: Generator, care: Care, places: Places, city: str) -> None:
        self.rng, self.care, self.places, self.city = rng, care, places, city
        self.book, self.year = care.book, care.year

    def rows(self, county: Array, groups: Array, pools: Array, account: Array) -> dict[str, Array]:
        """Columns of the table; `person` is the place among the part's people."""
        blocks, spans = self.care.blocks, self.care.spans
        span = np.concatenate([block.span for block in blocks])
        benefit = np.repeat(np.array([block.benefit for block in blocks], np.int8), [len(b.span) for b in blocks])
        stay_days, cost = _joined(blocks, "stay_days", np.int16), _joined(blocks, "cost", np.float64)
        day = self._days(span)
        piece, at = self._pieces(span, benefit, stay_days)
        stay = np.full(len(at), -1, np.int16)
        stay[piece] = 0
        first = len(span)
        half = at[first:]
        span, benefit, stay_days, cost, day = span[at], benefit[at], stay_days[at], cost[at], day[at]
        cost[half] *= 0.5
        cost[first:] *= 0.5
        stay_days[half] //= 2
        stay_days[first:] -= stay_days[first:] // 2
        day[first:] = np.maximum(day[first:] - stay_days[first:], spans.start[span[first:]])
        who = spans.person[span]
        keys = np.sort(((who * 512 + day) << _INDEX_BITS) | (len(at) - 1 - np.arange(len(at))))
        order = len(at) - 1 - (keys & ((1 << _INDEX_BITS) - 1))
        at, span, who, day, benefit = at[order], span[order], who[order], day[order], benefit[order]
        klass = spans.klass[span]
        place, level = _joined(blocks, "place", np.int8)[at], _joined(blocks, "level", np.int8)[at]
        money = self._money(cost[order], _joined(blocks, "scope", np.float32)[at])
        resident = klass >= ADULT
        inpatient = benefit == BENEFIT["inpatient"]
        return {
            "person": who,
            "day": (day + day_number(self.year)).astype(np.int32),
            "seq": _within(who),
            "pool": pools[resident.astype(np.int8)],
            "status": STATUS[klass],
            "groups": groups[who],
            "variant": _joined(blocks, "variant", np.int16)[at],
            "benefit": benefit,
            "level": level,
            "institution": self._institutions(county[who], who, level, place),
            "filing": _joined(blocks, "filing", np.int8)[at],
            "in_province": (place == IN).astype(np.int8),
            "days": _joined(blocks, "days", np.int16)[at],
            "stay_days": stay_days[order],
            "stay": stay[order],
            "waive": np.zeros(len(at), np.int8),
            "excluded": self._excluded(inpatient & (stay[order] < 0)),
            "account": (account[who] & ~resident).astype(np.int8),
            **money,
            "special_drug_fen": _joined(blocks, "special", np.int64)[at],
        }

    def _days(self, span: Ints) -> Array:
        """Day of the year of every bill, within its span, more of them in busy months."""
        spans, season = self.care.spans, season_of(self.book, self.year)
        start, end = spans.start[span], spans.end[span]
        low, high = season[start], season[end]
        drawn = low + (high - low) * self.rng.random(len(span))
        inverse = np.searchsorted(season, np.linspace(0, season[-1], 4096), side="right") - 1
        guess = inverse[(drawn * (4095 / season[-1])).astype(np.int64)]
        day = guess + (drawn >= season[np.minimum(guess + 1, len(season) - 1)])
        made: Array = np.clip(day, start, end - 1).astype(np.int64)
        return made

    def _pieces(self, span: Ints, benefit: Array, stay_days: Array) -> tuple[Ints, Ints]:
        """Long stays settled in two pieces (中途结算), at most one a person: their rows, and all rows to make."""
        rest = np.arange(len(span))
        can = np.flatnonzero((benefit == BENEFIT["inpatient"]) & (stay_days >= 30))
        can = can[self.rng.random(len(can)) < self.book.get("stay.pieces", self.year)]
        _, one = np.unique(self.care.spans.person[span[can]], return_index=True)
        mine = can[one]
        return np.concatenate((mine, len(span) + np.arange(len(mine)))), np.concatenate((rest, mine))

    def _excluded(self, able: Array) -> Array:
        """Stays that no fund pays (第三人、工伤)."""
        made = np.zeros(len(able), np.int8)
        at = np.flatnonzero(able)
        made[at] = self.rng.random(len(at)) < self.book.get("stay.excluded", self.year)
        return made

    def _money(self, cost: Array, scope: Array) -> dict[str, Array]:
        """Costs by component in fen; they add up to the cost rounded to the fen."""
        n = len(cost)
        total = np.maximum(np.round(cost * 100), 100).astype(np.int64)
        spread = np.exp(0.5 * self.rng.standard_normal(n, dtype=np.float32) - np.float32(0.125))
        in_scope = np.round(total * np.clip(1 - (1 - scope) * spread, 0.05, 1.0)).astype(np.int64)
        rest = total - in_scope
        prior = np.round(rest * self.book.get("split.prior", self.year)).astype(np.int64)
        over = np.round(rest * self.book.get("split.over", self.year)).astype(np.int64)
        herb = np.zeros(n, np.int64)
        some = np.flatnonzero(self.rng.random(n, dtype=np.float32) < self.book.get("herb.share", self.year))
        herb[some] = in_scope[some] * self.rng.integers(5, 60, len(some)) // 100
        return {
            "in_scope_fen": in_scope,
            "prior_self_pay_fen": prior,
            "over_limit_fen": over,
            "non_covered_fen": rest - prior - over,
            "herb_fen": herb,
        }

    def _institutions(self, county: Array, who: Ints, level: Array, place: Array) -> Array:
        """The person's usual institution of the level; elsewhere one of another city, or a row that stands for it."""
        places, hash_ = self.places, (who * 2654435761 % 4294967296) >> 7
        number = np.maximum(places.number[county, level], 1)
        made = (places.first[county, level] + hash_ % number).astype(np.int32)
        out = np.flatnonzero(place == OUT_OF)
        made[out] = places.remote_out[level[out]]
        inside = np.flatnonzero(place == IN)
        if not len(inside):
            return made
        if places.remote_in.max() >= 0:
            made[inside] = places.remote_in[level[inside]]
            return made
        others = [name for name in places.tertiary_county if name != self.city]
        pull = np.array([self.book.get(f"pull.{name}", self.year) for name in others])
        to = np.searchsorted(np.cumsum(pull / pull.sum())[:-1], self.rng.random(len(inside)))
        there = np.array([places.tertiary_county[name] for name in others])[to]
        number = np.maximum(places.number[there, level[inside]], 1)
        made[inside] = places.first[there, level[inside]] + hash_[inside] % number
        return made


def _within(who: Ints) -> npt.NDArray[np.int16]:
    """Order of every row within its person, from 0; rows ascending by person."""
    if not len(who):
        return np.empty(0, np.int16)
    starts = np.flatnonzero(np.diff(who, prepend=-1))
    return (np.arange(len(who)) - np.repeat(starts, np.diff(starts, append=len(who)))).astype(np.int16)
