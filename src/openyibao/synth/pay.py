"""Contributions of a part's year (缴费): who paid what, what went to the account, what the household earned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from openyibao.datasets.facade import GROUP_CODES
from openyibao.synth.cover import KIND, STATUS, Flags
from openyibao.synth.figures import Book
from openyibao.synth.money import Rates, employee_months, retired_months
from openyibao.synth.people import YEAR_DAYS, People, Segments, day_number
from openyibao.synth.plan import ACTIVE, ADULT, OUT, RETIRED, Ints

Array = npt.NDArray[Any]
Generator = np.random.Generator
GROUP = {name: 1 << at for at, name in enumerate(GROUP_CODES)}


def wages(book: Book, year: int, people: People, kind: Array) -> Ints:
    """Declared monthly wage in fen, whole yuan (申报工资): log-normal, by employer kind and age."""
    sigma = book.get("wage.sigma", year)
    by_kind = np.ones(len(KIND))
    for name in ("enterprise", "organ", "flexible"):
        by_kind[KIND[name]] = book.get(f"wage.{name}", year)
    rise = book.get("wage.rise", year)
    shape = 1 + rise * (np.clip((people.age(year) - 25) / 15, 0, 1) - 0.6)
    yuan = book.get("wage.mean", year) * by_kind[kind] * shape * np.exp(sigma * people.skill - sigma * sigma / 2)
    made: Ints = np.round(yuan).astype(np.int64) * 100
    return made


def pensions(book: Book, year: int, people: People) -> Ints:
    """Monthly pension in fen, whole yuan (基本养老金)."""
    sigma = book.get("pension.sigma", year)
    made: Ints = (
        np.round(book.get("pension.mean", year) * np.exp(sigma * people.skill - sigma * sigma / 2)).astype(np.int64)
        * 100
    )
    return made


def openings(rng: Generator, book: Book, year: int, people: People, flag: Flags) -> Ints:
    """Personal accounts at the beginning of the first year, fen; their mean is what the printed balance says."""
    has = (people.classes[0] < ADULT) & flag.account
    sigma = book.get("account.sigma", year)
    mean = book.get("account.opening", year) * 100
    drawn = mean * np.exp(sigma * (0.6 * people.skill + 0.8 * rng.standard_normal(len(people))) - sigma * sigma / 2)
    made: Ints = np.where(has, np.round(drawn), 0).astype(np.int64)
    return made


def anchored(book: Book, year: int, opening: Ints, holders: Array) -> Ints:
    """Accounts at the beginning of a year whose printed balance is known, moved to it.

    What is missing is shared evenly by all holders, those whose account the estimate emptied among them; what is too
    much is taken in proportion. Args: holders says who has an account: the printed balance is a mean over all of them.
    """
    stated = book.stated("account.opening", year)
    count, total = int(np.count_nonzero(holders)), int(opening.sum())
    if stated is None or not count:
        return opening
    wanted = round(stated.value * 100 * count)
    if total > wanted:
        made: Ints = np.round(opening * (wanted / total)).astype(np.int64)
        return made
    more: Ints = opening + np.where(holders, round((wanted - total) / count), 0)
    return more


@dataclass
class YearOf:
    """What a part's year has in common for the tables of money."""

    book: Book
    year: int
    k: int
    people: People
    spans: Segments
    flag: Flags
    rates: Rates
    groups: Array
    house: Ints
    pools: Array
    numbers: Ints
    wage: Ints
    pension: Ints


def contributions(rng: Generator, of: YearOf, opening: Ints, burdens: Array) -> tuple[dict[str, Array], Ints]:
    """Columns of the year's table, and the accounts at its end (before interest), fen.

    Args: burdens estimates what visits take from the account; the engine's own answer is not known yet.
    """
    people, spans, flag = of.people, of.spans, of.flag
    last = np.flatnonzero(np.diff(spans.person, append=-1))
    who = spans.person[last]
    klass, now = spans.klass[last], people.classes[of.k + 1][who]
    place = np.full(len(people), -1, np.int64)
    place[who] = np.arange(len(who))
    months, months45 = _months(of, place[spans.person], who)
    work = np.flatnonzero(months[0].any(axis=1) | months[1].any(axis=1) | (klass < ADULT))
    mine = who[work]
    n = len(who)
    employer, individual, credit, base = (np.zeros(n, np.int64) for _ in range(4))
    paid = employee_months(of.rates, of.wage[mine], flag.kind[mine], months45[work], months[0][work])
    employer[work], individual[work], base[work] = paid.employer, paid.individual, paid.base
    credit[work] = paid.account + retired_months(of.rates, of.pension[mine], months[1][work])
    account = flag.account[who] & (klass < ADULT)
    credit = np.where(flag.account[who], credit, 0)
    resident = months[2].any(axis=1) | (klass >= ADULT)
    groups = of.groups[who]
    assist = subsidised(of.rates, groups) * resident
    bought = _purchases(rng, of, who, account)
    opened = np.where(account, opening[who], 0)
    columns = {
        "person": of.numbers[who],
        "pool": of.pools[(klass >= ADULT).astype(np.int8)],
        "status": STATUS[klass],
        "employer_kind": np.where(klass < ADULT, flag.kind[who], 0),
        "groups": groups,
        "months": months.any(axis=0).sum(axis=1),
        "insured_at_year_end": now < OUT,
        "account": account,
        "maternity": (klass == ACTIVE) & flag.maternity[who],
        "long_term_care": flag.ltc(who, klass < ADULT),
        "base_fen": np.select([klass >= ADULT, klass == RETIRED], [0, of.pension[who]], base),
        "employer_fen": employer,
        "individual_fen": individual + np.where(resident, of.rates.resident.individual, 0) - assist,
        "subsidy_fen": np.where(resident, of.rates.resident.subsidy, 0),
        "assistance_fen": assist,
        "account_fen": credit,
        "account_opening_fen": opened,
        "purchases_fen": bought,
        "household_income_fen": _incomes(of, rng, who, now),
    }
    closing = opening.copy()
    closing[who] = np.maximum(0, opened + credit - bought - np.round(burdens[who]).astype(np.int64))
    return columns, closing


def subsidised(rates: Rates, groups: Array) -> Ints:
    """What the assistance fund pays of a premium by policy: the best of the person's groups, fen."""
    best = np.zeros(len(groups), np.int64)
    for group, fen in rates.resident.subsidised.items():
        if fen:
            best = np.where(groups & GROUP[group] > 0, np.maximum(best, fen), best)
    return best


def _months(of: YearOf, row: Ints, who: Ints) -> tuple[npt.NDArray[np.bool_], Ints]:
    """Months whose first day lies in a span, (active, retired, resident) x rows x 12; months before the age of 45."""
    spans, year = of.spans, of.year
    begun = day_number(year)
    firsts = [day_number(year, month) - begun for month in range(1, 13)]
    months = np.zeros((3, len(who), 12), dtype=bool)
    kind = np.minimum(spans.klass, 2)
    whole = (spans.start == 0) & (spans.end >= 365)
    months[kind[whole], row[whole]] = True
    rest = np.flatnonzero(~whole)
    for at, first in enumerate(firsts):
        here = rest[(spans.start[rest] <= first) & (spans.end[rest] > first)]
        months[kind[here], row[here], at] = True
    year45 = of.people.birth[who] + np.int64(45 * YEAR_DAYS)
    before = np.where(year45 >= begun + firsts[-1], 12, 0)
    near = np.flatnonzero((year45 > begun - 3) & (year45 < begun + 370))
    before[near] = _before45(of.people.birth[who][near], year)
    return months, before


def _before45(birth: Array, year: int) -> Ints:
    """Months of a year whose first day comes before the 45th birthday, exactly."""
    days = birth.astype("datetime64[D]")
    month = days.astype("datetime64[M]").astype(np.int64)
    of_month = (days - days.astype("datetime64[M]")).astype(np.int64)
    turning = month + 45 * 12 + (of_month > 0)
    made: Ints = np.clip(turning - (year - 1970) * 12, 0, 12)
    return made


def _purchases(rng: Generator, of: YearOf, who: Ints, account: Array) -> Ints:
    """What people mean to buy in pharmacies from the account: more by the old, one in so many nothing at all."""
    sigma = of.book.get("purchases.sigma", of.year)
    mean = of.book.get("purchases.mean", of.year) * 100
    mine = np.flatnonzero(account)
    age = np.clip(of.people.age(of.year)[who[mine]], 20, 85)
    drawn = mean * (0.35 + age / 75) * np.exp(sigma * rng.standard_normal(len(mine)) - sigma * sigma / 2)
    made = np.zeros(len(who), np.int64)
    made[mine] = np.round(drawn * (rng.random(len(mine)) < of.book.get("purchases.share", of.year))).astype(np.int64)
    return made


def _incomes(of: YearOf, rng: Generator, who: Ints, now: Array) -> Ints:
    """Disposable income of everybody's household in the year, fen: wages, pensions, farms, with a heavy tail."""
    book, year, people = of.book, of.year, of.people
    skill = people.skill[who]
    sigma = book.get("income.sigma", year)
    rural = book.get("income.rural", year) * 100 * np.exp(sigma * skill - sigma * sigma / 2)
    worth = np.where(people.age(year)[who] < 62, rural, book.get("income.old", year) * 100)
    own = np.select(
        [now == ACTIVE, now == RETIRED, now == ADULT],
        [of.wage[who] * 12 * book.get("income.net", year), of.pension[who] * 12.0, worth],
        0.0,
    )
    own = np.where(of.groups[who] > 0, own * book.get("income.helped", year), own)
    house = of.house[who]
    count = int(of.house[-1]) + 1 if len(of.house) else 0
    tail = rng.pareto(book.get("income.tail", year), count)
    total = np.bincount(house, weights=own, minlength=count) * (1 + book.get("income.property", year) * tail)
    made: Ints = np.round(total[house]).astype(np.int64)
    return made
