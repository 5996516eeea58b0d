"""Who gets which care in a year (就医): counts come from the plan, exactly; persons by frailty, age and time insured.

Stays, chronic visits and outpatient visits share a person's frailty (`luck`), so that the same people come often and
stay long. Costs of stays have a log-normal body and a Pareto tail, one drawn from each stratum of probability, so that
means lie near their figures without being fitted. What is made here are blocks of bills; `bills` makes rows of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from openyibao.datasets.facade import BENEFIT_CODES, FILING_CODES
from openyibao.synth.abilities import Abilities
from openyibao.synth.figures import Book
from openyibao.synth.people import FEMALE, People, Segments, day_number
from openyibao.synth.places import LEVEL
from openyibao.synth.plan import ACTIVE, ADULT, RETIRED, SCHEMES, Ints
from openyibao.synth.sampling import Spread, allocate, choose, ranked_uniforms

Array = npt.NDArray[Any]
Generator = np.random.Generator
BENEFIT = {name: at for at, name in enumerate(BENEFIT_CODES)}
FILING = {name: at for at, name in enumerate(FILING_CODES)}
STAY_LEVELS = ("primary", "secondary", "tertiary")
VISIT_LEVELS = ("community", "primary", "secondary", "tertiary")
HOME, IN, OUT_OF = 0, 1, 2
"""Where care is given: in the person's city, in another city of the province, outside the province."""


@dataclass
class Block:
    """Bills of one benefit; arrays as long as `span` (place of the bill's span), single values hold for all."""

    span: Ints
    benefit: int
    level: Array
    cost: Array
    """Yuan, special drugs left out."""
    scope: Array | float
    """Mean share of the cost that is in scope."""
    variant: Array | int = 0
    stay_days: Array | int = 0
    filing: Array | int = -1
    place: Array | int = HOME
    days: Array | int = 1
    special: Array | int = 0
    """Special drugs in fen."""


@dataclass
class Needs:
    """Counts of a part's year, from the plan."""

    stays: dict[str, dict[tuple[str, int], int]]
    """scheme -> (level, place) -> stays."""
    cost: dict[str, dict[tuple[str, int], float]]
    """scheme -> (level, place) -> mean cost in yuan."""
    chronic: dict[str, int]
    filers: dict[str, int]
    outpatient: dict[str, int]
    retired_stays: int = 0
    helped_stays: int = 0
    helped_chronic: int = 0
    two_disease: int = 0
    births: int = 0
    resident_births: int = 0
    maternity_other: int = 0
    care_persons: int = 0


class Care:
    """Makes the blocks of one part and year; `mothers` are the spans of employees who gave birth."""

    def __init__(
        self,
        rng: Generator,
        book: Book,
        year: int,
        people: People,
        spans: Segments,
        helped: Array,
        maternity: Array,
        ltc: Array,
    ) -> None:
        self.rng, self.book, self.year, self.people, self.spans = rng, book, year, people, spans
        who = spans.person
        self.age = people.age(year)[who]
        self.luck = people.luck[who]
        self.exposure = (spans.end - spans.start).astype(np.float32)
        self.helped, self.maternity, self.ltc = helped[who], maternity[who], ltc[who]
        begun, ended = day_number(year), day_number(year + 1)
        died = people.died[who]
        self.dying = (died >= begun) & (died < ended) & (spans.end == died - begun)
        self.filers = np.zeros(len(who), dtype=bool)
        self.blocks: list[Block] = []
        self.mothers: Ints = np.empty(0, np.int64)

    def figure(self, key: str) -> float:
        return self.book.get(key, self.year)

    def make(self, needs: Needs, able: Abilities, variants: dict[str, int]) -> None:
        self.able, self.variants = able, variants
        self._stays(needs)
        self._chronic(needs)
        self._outpatient(needs)
        if needs.care_persons and able.has("employee", "long_term_care"):
            self._long_term_care(needs.care_persons)

    def _variants(self, prefix: str) -> list[str]:
        return [name for name in self.variants if name.startswith(prefix)]

    # Stays ----------------------------------------------------------------------------------------------------

    def _stays(self, needs: Needs) -> None:
        klass = self.spans.klass
        weight = self._stay_weight()
        self.mothers = choose(self.rng, self.fertile(klass == ACTIVE) * self.maternity, needs.births)
        apart = self.able.has("employee", "delivery")
        if apart:
            self._deliveries(self.mothers, "employee")
        inside = 0 if apart else len(self.mothers)
        total = sum(needs.stays["employee"].values())
        active = allocate(self.rng, np.where(klass == ACTIVE, weight, 0), total - needs.retired_stays - inside)
        retired = allocate(self.rng, np.where(klass == RETIRED, weight, 0), needs.retired_stays)
        who = np.concatenate((active, retired, self.mothers[:inside]))
        variant = np.zeros(len(who), np.int16)
        variant[len(who) - inside :] = self._children(inside)
        self._stay_block(who, variant, needs, "employee")
        total = sum(needs.stays["resident"].values())
        resident = klass >= ADULT
        helped = allocate(self.rng, np.where(resident & self.helped, weight, 0), needs.helped_stays)
        others = allocate(self.rng, np.where(resident & ~self.helped, weight, 0), total - len(helped))
        who = np.concatenate((helped, others))
        self._stay_block(who, np.zeros(len(who), np.int16), needs, "resident")
        if needs.resident_births and self.able.has("resident", "delivery"):
            self._deliveries(choose(self.rng, self.fertile(klass == ADULT), needs.resident_births), "resident")

    def _stay_weight(self) -> Array:
        shape = np.exp(
            self.figure("frailty.stay") * self.luck + self.age * (np.log(2) / self.figure("age_doubling.stay"))
        )
        shape *= np.where(self.age < 6, self.figure("infant.stay"), 1.0)
        shape *= np.where(self.dying, self.figure("last_year.stay"), 1.0)
        made: Array = (shape * self.exposure).astype(np.float64)
        return made

    def fertile(self, who: Array) -> Array:
        """Weight of a birth by age (生育年龄)."""
        women = who & (self.people.sex[self.spans.person] == FEMALE) & (self.age >= 20) & (self.age < 46)
        made: Array = np.where(women, np.exp(-0.5 * ((self.age - 29) / 5) ** 2) * self.exposure, 0.0)
        return made

    def _children(self, n: int) -> Array:
        order = self.rng.random(n)
        second, third = self.figure("birth_order.second"), self.figure("birth_order.third")
        kinds = np.array([self.variants[f"child_{at}"] for at in (1, 2, 3)], np.int16)
        return kinds[np.where(order < third, 2, np.where(order < third + second, 1, 0))]

    def _deliveries(self, who: Ints, scheme: str) -> None:
        """Deliveries as a benefit of their own (住院分娩)."""
        n = len(who)
        spread = Spread(0.4, 0.01, 4.0)
        cost = self.figure(f"cost.delivery.{scheme}") * spread.at(ranked_uniforms(self.rng, self.rng.random(n)))
        level = np.where(self.rng.random(n) < 0.5, LEVEL["secondary"], LEVEL["tertiary"]).astype(np.int8)
        stay = self.rng.integers(3, 8, n).astype(np.int16)
        self.blocks.append(Block(who, BENEFIT["delivery"], level, cost, 0.85, self._children(n), stay))

    def _stay_block(self, who: Ints, variant: Array, needs: Needs, scheme: str) -> None:
        n = len(who)
        strata = sorted(needs.stays[scheme], key=lambda key: (-key[1], key[0]))
        stratum = self._dealt(who, variant, np.array([needs.stays[scheme][key] for key in strata]), strata)
        place = np.array([key[1] for key in strata], np.int8)[stratum]
        mean = np.array([needs.cost[scheme][key] for key in strata])[stratum]
        scope = np.array([self.figure(f"scope.stay.{scheme}.{key[0]}") for key in strata])[stratum]
        spread = Spread(
            self.figure("spread.stay.sigma"), self.figure("spread.stay.tail"), self.figure("spread.stay.index")
        )
        tie = self.figure("frailty.cost")
        keys = tie * self.luck[who] + np.sqrt(1 - tie * tie) * self.rng.standard_normal(n)
        keys -= (variant > 0) + self.figure("cost.helped") * self.helped[who]
        unit = np.empty(n)
        for at in range(len(strata)):
            mine = np.flatnonzero(stratum == at)
            unit[mine] = spread.at(ranked_uniforms(self.rng, keys[mine]))
        days = self.figure("stay.days") * unit**0.6 * np.exp(0.3 * self.rng.standard_normal(n))
        self.blocks.append(
            Block(
                who,
                BENEFIT["inpatient"],
                np.array([LEVEL[key[0]] for key in strata], np.int8)[stratum],
                mean * unit,
                scope,
                variant,
                np.clip(np.round(days), 1, 180).astype(np.int16),
                self._filings(who, place),
                place,
            )
        )

    def _away(self, who: Ints) -> Array:
        """Those who live elsewhere for long (异地长期居住备案): the same persons every year."""
        settled = self.figure("long_term.share") * np.where(self.spans.klass[who] == RETIRED, 3.0, 1.0)
        made: Array = (self.people.scores[self.spans.person[who], 2] * 9973) % 1.0 < settled
        return made

    def _dealt(self, who: Ints, variant: Array, counts: Array, strata: list[tuple[str, int]]) -> Array:
        """Stratum of every stay, with exact counts: care elsewhere to long-term movers first, never to deliveries."""
        labels = np.repeat(np.arange(len(strata), dtype=np.int8), counts)
        away = int(sum(count for key, count in zip(strata, counts, strict=True) if key[1] != HOME))
        self.rng.shuffle(labels[:away])
        self.rng.shuffle(labels[away:])
        keys = self.rng.random(len(who)) - 2.0 * self._away(who) + 3.0 * (variant > 0)
        made = np.full(len(who), len(strata) - 1, np.int8)
        made[np.argsort(keys)[: len(labels)]] = labels[: len(who)]
        return made

    def _filings(self, who: Ints, place: Array) -> Array:
        made = np.full(len(place), -1, np.int8)
        for region, name in ((IN, "in"), (OUT_OF, "out")):
            mine = np.flatnonzero(place == region)
            shares = np.array([self.figure(f"filing.{name}.{filing}") for filing in FILING_CODES])
            drawn = np.searchsorted(np.cumsum(shares / shares.sum())[:-1], self.rng.random(len(mine)))
            made[mine] = np.where(self._away(who[mine]), FILING["long_term"], drawn)
        return made

    # Chronic --------------------------------------------------------------------------------------------------

    def _chronic(self, needs: Needs) -> None:
        klass = self.spans.klass
        score = np.clip(self.people.scores[self.spans.person, 4], 1e-6, 1 - 1e-6)
        sick = self.age / 11 + 0.8 * self.luck + 0.8 * np.log(score / (1 - score))
        sick += self.figure("chronic.helped") * self.helped
        for at, scheme in enumerate(SCHEMES):
            mine = np.flatnonzero((klass < ADULT) if at == 0 else (klass >= ADULT))
            count, visits = min(needs.filers[scheme], len(mine)), needs.chronic[scheme]
            if not count or not visits:
                continue
            filers = np.zeros(len(klass), dtype=bool)
            filers[mine[np.argpartition(-sick[mine], count - 1)[:count]]] = True
            self.filers |= filers
            weight = filers * (self.exposure * np.exp(0.5 * self.luck)).astype(np.float64)
            helped = allocate(self.rng, weight * self.helped, needs.helped_chronic if at else 0)
            who = np.concatenate((helped, allocate(self.rng, weight * (1 - self.helped * at), visits - len(helped))))
            self._chronic_block(who, scheme)

    def _chronic_block(self, who: Ints, scheme: str) -> None:
        names = self._variants("chronic:")
        share = np.array([self.figure(f"disease.share.{name[8:]}") for name in names])
        dear = np.array([self.figure(f"disease.cost.{name[8:]}") for name in names])
        person = self.spans.person[who]
        score = (self.people.scores[person, 4] * 7919) % 1.0
        disease = np.minimum(np.searchsorted(np.cumsum(share / share.sum()), score), len(names) - 1)
        mean = self.figure(f"cost.chronic.{scheme}") / float((share * dear).sum() / share.sum())
        special: Array | int = 0
        if self.able.has(scheme, "special_drug"):
            taking = (names.index("chronic:恶性肿瘤") == disease) & (
                (self.people.scores[person, 3] * 9973) % 1.0 < self.figure("special_drug.share")
            )
            amount = self.figure("special_drug.cost") * 100 * np.exp(0.5 * self.rng.standard_normal(len(who)) - 0.125)
            special = np.where(taking, np.round(amount), 0).astype(np.int64)
        self.blocks.append(
            Block(
                who,
                BENEFIT["chronic"],
                self._levels("chronic", len(who)),
                mean * dear[disease] * self._noise(len(who)),
                self.figure("scope.chronic"),
                np.array([self.variants[name] for name in names], np.int16)[disease],
                special=special,
            )
        )

    def _noise(self, n: int) -> Array:
        """Spread of a visit's cost about its mean."""
        sigma = self.figure("spread.visit.sigma")
        drawn = self.rng.standard_normal(n, dtype=np.float32)
        made: Array = np.exp(np.float32(sigma) * drawn - np.float32(sigma * sigma / 2))
        return made

    def _levels(self, kind: str, n: int) -> npt.NDArray[np.int8]:
        shares = np.array([self.figure(f"level.{kind}.{name}") for name in VISIT_LEVELS])
        at = np.searchsorted(
            np.cumsum(shares / shares.sum())[:-1].astype(np.float32), self.rng.random(n, dtype=np.float32)
        )
        return np.array([LEVEL[name] for name in VISIT_LEVELS], np.int8)[at]

    def _cost_by_level(self, kind: str) -> Array:
        """Mean cost of a visit by level: dearer in larger hospitals, the mean over the levels' shares as figured."""
        shares = np.array([self.figure(f"level.{kind}.{name}") for name in VISIT_LEVELS])
        dear = np.array([self.figure(f"cost.level.{name}") for name in VISIT_LEVELS])
        made = np.zeros(max(LEVEL.values()) + 1)
        mean = float((shares * dear).sum() / shares.sum())
        made[[LEVEL[name] for name in VISIT_LEVELS]] = self.figure(f"cost.{kind}") * dear / mean
        return made

    # Outpatient -----------------------------------------------------------------------------------------------

    def _outpatient(self, needs: Needs) -> None:
        klass = self.spans.klass
        shape = np.exp(self.figure("frailty.outpatient") * self.luck) * (0.6 + np.abs(self.age - 25) / 40)
        weight = (shape * self.exposure).astype(np.float64)
        self._visits(weight * (klass < ADULT), needs.outpatient["employee"] - self._prenatal(needs), "employee")
        two = self._two_disease(weight, needs) if self.able.has("resident", "two_disease") else 0
        self._visits(weight * (klass >= ADULT), needs.outpatient["resident"] - two, "resident")

    def _prenatal(self, needs: Needs) -> int:
        """Care of mothers other than the birth: a benefit of its own, or outpatient visits; returns these."""
        if not len(self.mothers) or not needs.maternity_other:
            return 0
        n = needs.maternity_other
        who = np.sort(self.mothers[self.rng.integers(0, len(self.mothers), n)])
        apart = self.able.has("employee", "prenatal")
        cost = self.figure("cost.prenatal") * self._noise(n)
        benefit = BENEFIT["prenatal" if apart else "outpatient"]
        level = self._levels("outpatient.employee", n)
        self.blocks.append(Block(who, benefit, level, cost, self.figure("scope.outpatient"), self.variants["child_1"]))
        return 0 if apart else n

    def _two_disease(self, weight: Array, needs: Needs) -> int:
        """Drugs for high blood pressure and diabetes (两病), for adults without a chronic filing."""
        person = self.spans.person
        sick = (self.spans.klass == ADULT) & (self.age > 35) & ~self.filers
        sick &= (self.people.scores[person, 1] * 7919) % 1.0 < self.figure("two_disease.persons")
        who = allocate(self.rng, weight * sick, needs.two_disease)
        pressure = self.people.scores[person[who], 1] * 104729 % 1.0 < 0.65
        variant = np.where(pressure, self.variants["two:高血压病"], self.variants["two:糖尿病"]).astype(np.int16)
        cost = self.figure("cost.two_disease.resident") * self._noise(len(who))
        level = self._levels("two_disease.resident", len(who))
        self.blocks.append(Block(who, BENEFIT["two_disease"], level, cost, self.figure("scope.outpatient"), variant))
        return len(who)

    def _visits(self, weight: Array, count: int, scheme: str) -> None:
        who = allocate(self.rng, weight, count)
        n = len(who)
        level = self._levels(f"outpatient.{scheme}", n)
        cost = self._cost_by_level(f"outpatient.{scheme}")[level] * self._noise(n)
        self.blocks.append(Block(who, BENEFIT["outpatient"], level, cost, self.figure("scope.outpatient")))

    # Long-term care -------------------------------------------------------------------------------------------

    def _long_term_care(self, persons: int) -> None:
        """A bill a month for those in long-term care, where policy pays by the day (长期护理)."""
        spans = self.spans
        able = (spans.klass < ADULT) & self.ltc
        weight = able * np.exp2((self.age - 60) / 6) * np.exp(self.luck)
        who = choose(self.rng, weight, persons)
        kinds = self._variants("care:")
        share = np.array([self.figure(f"ltc.share.{name[5:]}") for name in kinds])
        kind = np.minimum(np.searchsorted(np.cumsum(share / share.sum()), self.rng.random(len(who))), len(kinds) - 1)
        rate = np.array([self.figure(f"ltc.rate.{name[5:]}") for name in kinds])
        months = np.maximum(1, (spans.end - spans.start)[who] // 31)
        months = np.maximum(1, np.round(months * (0.4 + 0.6 * self.rng.random(len(who))))).astype(np.int64)
        bill = np.repeat(np.arange(len(who)), months)
        days = np.minimum(30, self.rng.integers(26, 32, len(bill)))
        cost = rate[kind[bill]] * days * (1.0 + 0.2 * self.rng.random(len(bill)))
        variant = np.array([self.variants[name] for name in kinds], np.int16)[kind[bill]]
        level = np.full(len(bill), LEVEL["primary"], np.int8)
        self.blocks.append(
            Block(who[bill], BENEFIT["long_term_care"], level, cost, 1.0, variant, days=days.astype(np.int16))
        )
