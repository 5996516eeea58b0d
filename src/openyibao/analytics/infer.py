"""What the bills imply for figures (反推参数): which figure with which value explains the differing bills.

For a figure P and a differing bill, the value V is sought for which the first field that differs equals the record to
the fen; whatever the figure, what is paid moves one way with it, so the policy room's own driver is asked like a black
box until it hits. Bills vote for values. The value with the most votes is put in and every person-year that meets the
figure is settled again: bills that now agree further down the chain support it, bills that agree less are its
counter-examples. The best figure is accepted, and the search goes on with it until nothing improves.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from openyibao.analytics.contracts import Bill, BillYear
from openyibao.analytics.figure import Bench, Change, Domain, domain_of
from openyibao.analytics.resettle import Met, Outcome, depth, figures_met, first_difference, resettle, sums_differ
from openyibao.analytics.solve import hit, roundest
from openyibao.policy.facade import Policies

VOTERS = 12
"""Differing bills asked for the value of one figure."""
SILENT = 8
"""So many asked without an answer, and a figure is given up."""
SAMPLE = 120
"""Person-years a proposal is first tried on, of each kind (differing, agreeing)."""
GLANCE = 25
"""Differing person-years a proposal must improve to be tried on the sample at all."""
FULL = 5
"""Proposals tried on every bill in a round."""
MOST_COUNTER_PER_CENT = 5
FEWEST_PERSONS = 3
ROUND = 3
"""A value as round as half a point or 500 yuan is worth a hint even where one person supports it."""
MOST_ROUNDS = 30
NOT_COMPARED = -1
Progress = Callable[[str, int], None]
Place = tuple[int, int]
"""Index of a person-year, index of a bill in it."""


@dataclass
class Effect:
    """What a change does to the bills: places that agree further, places that agree less, new depths by year."""

    better: list[Place] = field(default_factory=list)
    worse: list[Place] = field(default_factory=list)
    gain: int = 0
    fund_fen: int = 0
    depths: dict[int, list[int]] = field(default_factory=dict)


@dataclass
class Found:
    """A change with its effect over all bills; `equals` are other figures that explain the same bills as well."""

    change: Change
    effect: Effect
    persons: int
    equals: list[str] = field(default_factory=list)


class Search:
    """Looks for changed figures among the person-years of a back-test."""

    def __init__(
        self,
        policies: Policies,
        years: Sequence[BillYear],
        progress: Progress | None = None,
        seen: Callable[[int, BillYear, Outcome], None] | None = None,
    ) -> None:
        """`seen` is told every person-year as our own policies settle it, once."""
        self.bench = Bench(policies)
        self.years = years
        self.progress = progress or (lambda _what, _count: None)
        self.depths: list[list[int]] = []
        self.funds: list[int] = []
        self.first: dict[Place, str] = {}
        """First differing field of every differing bill whose sums add up."""
        self.meets: dict[Met, list[frozenset[Met]]] = {}
        self.by_set: dict[frozenset[Met], list[Place]] = {}
        self.found: list[Found] = []
        self.hints: list[Found] = []
        self.full = 0
        self.random = random.Random(20220701)
        self._measure_all(seen or (lambda _at, _year, _outcome: None))

    # Measuring ------------------------------------------------------------------------------------------------

    def _measure_all(self, seen: Callable[[int, BillYear, Outcome], None]) -> None:
        sets: dict[int, frozenset[Met]] = {}
        kept: list[object] = []
        for at, year in enumerate(self.years):
            outcome = resettle(self.bench.base, year)
            self._take(at, outcome.rows)
            seen(at, year, outcome)
            for index, bill in enumerate(year.bills):
                settled = outcome.settled.get(bill.bill)
                if settled is None:
                    continue
                remote = bool(settled.remote_path)
                key = hash((id(settled.split.cell), settled.remote_path if remote else "", settled.visit.level))
                mine = sets.get(key)
                if mine is None:
                    mine = frozenset(figures_met(settled))
                    sets[key] = mine
                    kept.append(settled.split.cell)
                self.by_set.setdefault(mine, []).append((at, index))
            if at % 1_000 == 0:
                self.progress("resettled", at)
        for group in self.by_set:
            for figure in group:
                self.meets.setdefault(figure, []).append(group)

    def _take(self, at: int, rows: dict[str, dict[str, int]]) -> None:
        """Remember how far the bills of a year agree."""
        year = self.years[at]
        depths = _depths(year, rows)
        if at == len(self.depths):
            self.depths.append(depths)
            self.funds.append(0)
        self.depths[at] = depths
        self.funds[at] = sum(row["fund_pay_sumamt"] for row in rows.values())
        for index, bill in enumerate(year.bills):
            self.first.pop((at, index), None)
            row = rows.get(bill.bill)
            if row is not None and not bill.reverses:
                name = first_difference(bill, row)
                if name and not sums_differ(bill):
                    self.first[at, index] = name

    # The search -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Accept figures one by one until none improves."""
        for _ in range(MOST_ROUNDS):
            proposals = self._proposals()
            if not proposals or not self._accept_best(proposals):
                return

    def _accept_best(self, proposals: list[tuple[int, Change]]) -> bool:
        """Try the most promising proposals on every bill; accept what holds, best first."""
        progress = False
        waiting = [change for _, change in proposals[: FULL * 2]]
        while waiting:
            tried = [self._judged(change) for change in waiting[:FULL]]
            good = [found for found in tried if found is not None]
            if not good:
                return progress
            good.sort(key=_rank, reverse=True)
            best = good[0]
            best.equals = [
                other.change.figure.path
                for other in good[1:]
                if set(other.effect.better) == set(best.effect.better) and other.change.figure != best.change.figure
            ]
            if best.persons < FEWEST_PERSONS:
                self._hint(good)
                return progress
            self._accept(best)
            progress = True
            waiting = [
                found.change
                for found in good[1:]
                if found.change.figure.path not in (best.change.figure.path, *best.equals)
            ]
        return progress

    def _hint(self, good: Iterable[Found]) -> None:
        known = {found.change for found in self.hints}
        said = [
            found for found in good if found.persons > 1 or found.change.domain.roundness(found.change.value) <= ROUND
        ]
        self.hints += [found for found in said if found.change not in known]

    def _accept(self, found: Found) -> None:
        self.bench.accept(found.change)
        policies = self.bench.current
        for at in found.effect.depths:
            self._take(at, resettle(policies, self.years[at]).rows)
        self.found.append(found)
        self.progress("figures", len(self.found))

    def _judged(self, change: Change) -> Found | None:
        """A change tried on every bill it may touch; with a first day when only later bills support it."""
        effect = self.effect(change, self._years_with(change.figure))
        if not _holds(effect) and effect.better and effect.worse:
            start = self._first_day(effect)
            if start is not None and start > change.figure.start:
                change = replace(change, start=start)
                effect = self.effect(change, self._years_with(change.figure))
        if not _holds(effect):
            return None
        return Found(change, effect, len({self.years[at].person for at, _ in effect.better}))

    def _first_day(self, effect: Effect) -> date | None:
        """A round date between the last bill against a change and the first for it; None where they overlap.

        Of each year only the first bill against it counts: what comes after may merely follow from it.
        """
        better = min(self.years[at].bills[index].day for at, index in effect.better)
        against: dict[int, date] = {}
        for at, index in effect.worse:
            day = self.years[at].bills[index].day
            against[at] = min(day, against.get(at, day))
        worse = max(against.values())
        if worse >= better:
            return None
        month = better.replace(day=1)
        if worse < date(better.year, 1, 1):
            return date(better.year, 1, 1)
        return month if worse < month else better

    def effect(self, change: Change, places: Iterable[int]) -> Effect:
        """What a change does to the bills of some years, measured from where they stand now."""
        effect = Effect()
        policies = self.bench.with_changes((change,))
        if policies is None:
            return effect
        for at in places:
            rows = resettle(policies, self.years[at]).rows
            depths = _depths(self.years[at], rows)
            if depths == self.depths[at]:
                continue
            effect.depths[at] = depths
            effect.fund_fen += sum(row["fund_pay_sumamt"] for row in rows.values()) - self.funds[at]
            for index, (before, after) in enumerate(zip(self.depths[at], depths, strict=True)):
                if after > before:
                    effect.better.append((at, index))
                elif after < before:
                    effect.worse.append((at, index))
                effect.gain += after - before
        return effect

    def _years_with(self, figure: Met) -> list[int]:
        return sorted({at for group in self.meets[figure] for at, _ in self.by_set[group]})

    # Proposals ------------------------------------------------------------------------------------------------

    def _proposals(self) -> list[tuple[int, Change]]:
        """Changes that the differing bills vote for and a sample supports, most promising first."""
        by_figure: dict[Met, list[Place]] = {}
        for group, places in self.by_set.items():
            mine = [place for place in places if place in self.first]
            if mine:
                for figure in group:
                    by_figure.setdefault(figure, []).extend(mine)
        proposals: list[tuple[int, Change]] = []
        for figure in sorted(by_figure, key=lambda one: (one.path, one.start)):
            domain = domain_of(figure, self.bench.base)
            if domain is None:
                continue
            for value in self._voted(figure, domain, by_figure[figure]):
                change = Change(figure, domain, value)
                gain = self._sampled(change, by_figure[figure])
                if gain > 0:
                    proposals.append((gain, change))
        proposals.sort(key=lambda item: (-item[0], item[1].domain.roundness(item[1].value), item[1].figure.path))
        return proposals

    def _voted(self, figure: Met, domain: Domain, places: list[Place]) -> list[int | str]:
        """Values that bills vote for, most votes first."""
        if domain.unit == "words":
            return list(domain.words)
        votes: Counter[int] = Counter()
        for asked, place in enumerate(self._voters(places), start=1):
            value = self._solved(figure, domain, place)
            if value is not None:
                votes[value] += 1
            if (asked >= SILENT and not votes) or (votes and votes.most_common(1)[0][1] >= 5):
                break
        return [value for value, _ in votes.most_common(3)]

    def _voters(self, places: list[Place]) -> list[Place]:
        """Bills to ask: of a few dozen drawn, first differing bills of their year and later ones, dear ones first."""
        seen: set[int] = set()
        firsts: list[Place] = []
        later: list[Place] = []
        for place in sorted(places):
            (later if place[0] in seen else firsts).append(place)
            seen.add(place[0])
        chosen = []
        for part in (firsts, later):
            drawn = self.random.sample(part, min(len(part), 5 * VOTERS))
            drawn.sort(key=lambda place: -self._bill(place).in_scope)
            chosen.append(drawn[: VOTERS // 2])
        mixed = [place for pair in zip(*chosen, strict=False) for place in pair]
        return mixed + [place for part in chosen for place in part if place not in mixed]

    def _bill(self, place: Place) -> Bill:
        return self.years[place[0]].bills[place[1]]

    def _sampled(self, change: Change, places: list[Place]) -> int:
        """Gain of a change over a sample of the years it touches, scaled to all of them."""
        differing_years = sorted({at for at, _ in places})
        others = sorted(set(self._years_with(change.figure)) - set(differing_years))
        first = self.random.sample(differing_years, min(len(differing_years), GLANCE))
        if self._promise(self.effect(change, first)) <= 0:
            return 0
        total = 0
        whole = Effect()
        for part in (differing_years, others):
            drawn = self.random.sample(part, min(len(part), SAMPLE))
            if drawn:
                effect = self.effect(change, drawn)
                total += effect.gain * len(part) // len(drawn)
                whole.better += effect.better
                whole.worse += effect.worse
        return max(total, self._promise(whole))

    def _promise(self, effect: Effect) -> int:
        """Gain of a change, or the bills it explains when only those from some day on support it."""
        if effect.gain <= 0 and effect.better and effect.worse and self._first_day(effect) is not None:
            return len(effect.better)
        return effect.gain

    # Solving --------------------------------------------------------------------------------------------------

    def _solved(self, figure: Met, domain: Domain, place: Place) -> int | None:
        """The roundest value of a figure for which the first differing field of a bill equals the record."""
        at, index = place
        bill = self._bill(place)
        name = self.first[place]
        wanted = bill.recorded[name]
        year = replace(self.years[at], bills=self.years[at].bills[: index + 1])
        known: dict[int, int | None] = {}

        def paid(value: int) -> int | None:
            if value not in known:
                policies = self.bench.with_changes((Change(figure, domain, value),))
                row = resettle(policies, year).rows.get(bill.bill) if policies is not None else None
                known[value] = None if row is None else row[name]
            return known[value]

        found = hit(paid, wanted, domain)
        return None if found is None else roundest(paid, wanted, domain, found)


def _depths(year: BillYear, rows: dict[str, dict[str, int]]) -> list[int]:
    return [
        depth(bill, rows[bill.bill]) if bill.bill in rows and not bill.reverses else NOT_COMPARED for bill in year.bills
    ]


def _holds(effect: Effect) -> bool:
    return bool(effect.better) and len(effect.worse) * 100 <= len(effect.better) * MOST_COUNTER_PER_CENT


def _rank(found: Found) -> tuple[int, int, int, str]:
    """Enough persons first, then what explains most; of equals the rounder value."""
    rounder = -found.change.domain.roundness(found.change.value)
    return (int(found.persons >= FEWEST_PERSONS), found.effect.gain, rounder, found.change.figure.path)


__all__ = ["Found", "Progress", "Search"]
