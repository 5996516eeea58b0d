"""Random lives: contributions, reversals, moves between areas, merges, deaths. Months and money are never lost."""

from __future__ import annotations

import random
from datetime import date

import pytest

from openyibao.foundation import sql
from openyibao.kernel.errors import Refused
from openyibao.ledger import facade as ledger
from openyibao.people import facade
from openyibao.people.contracts import DeclaredAmounts
from tests.people.support import at, employee, person
from tests.support.actors import SYSTEM

pytestmark = pytest.mark.usefixtures("db")
AREAS = ("371500", "370200", "370600")


class Lives:
    """A few persons, what was credited for them and what was paid out, beside what the platform says."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.day = date(2022, 1, 1)
        self.numbers = [person() for _ in range(4)]
        self.slips: dict[int, tuple[str, str, int, int]] = {}
        self.paid: dict[tuple[str, str], int] = {}
        self.cash = 0
        self.done: set[str] = set()

    def step(self) -> None:
        self.day = date.fromordinal(self.day.toordinal() + self.random.randrange(1, 20))
        number = self.random.choice(self.numbers)
        verb = self.random.choices(
            (self.enrol, self.pay, self.take_back, self.leave, self.arrive, self.merge, self.die),
            (4, 8, 2, 3, 3, 1, 1),
        )[0]
        try:
            verb(number)
        except Refused:
            return
        self.done.add(verb.__name__)

    def enrol(self, number: str) -> None:
        area = self.random.choice(AREAS)
        employee(number, str(self.day), area=area, back_paid=True, end_previous=self.random.random() < 0.5)

    def pay(self, number: str) -> None:
        period = f"{self.day:%Y-%m}"
        before = {one.period for one in facade.contributions_of(SYSTEM, number) if one.state == "posted"}
        fen = self.random.randrange(1, 100_000)
        facade.record_contribution(
            *(SYSTEM, number, period),
            on=self.day,
            at=at(str(self.day)),
            declared=DeclaredAmounts(employer_fen=fen, individual_fen=fen, account_fen=fen),
        )
        if period not in before:
            self.paid[facade.dossier(SYSTEM, number).main_no, period] = fen

    def take_back(self, number: str) -> None:
        main = facade.dossier(SYSTEM, number).main_no
        periods = [period for owner, period in self.paid if owner == main and not period.endswith("+")]
        if periods:
            period = self.random.choice(periods)
            facade.reverse_contribution(SYSTEM, number, period, on=self.day, at=at(str(self.day)))
            del self.paid[main, period]

    def leave(self, number: str) -> None:
        slip = facade.transfer_out(SYSTEM, number, to_area=self.random.choice(AREAS), on=self.day, at=at(str(self.day)))
        self.slips[slip.id] = (slip.person_no, slip.to_area, slip.months, slip.balance_fen)

    def arrive(self, number: str) -> None:
        if self.slips:
            slip, (owner, area, _, _) = self.random.choice(list(self.slips.items()))
            facade.transfer_in(SYSTEM, owner, area=area, slip_id=slip, on=self.day, at=at(str(self.day)))
            del self.slips[slip]

    def merge(self, number: str) -> None:
        if len(self.done) < 5 or len({facade.dossier(SYSTEM, one).main_no for one in self.numbers}) < 4:
            return
        other = self.random.choice(self.numbers)
        made = facade.merge_persons(SYSTEM, number, other, on=self.day, at=at(str(self.day)))
        for (owner, period), fen in list(self.paid.items()):
            if owner == other:
                del self.paid[owner, period]
                extra = f"{period}+" if period in made.paid_twice else period
                self.paid[made.kept_no, extra] = fen

    def die(self, number: str) -> None:
        if len(self.done) < 6:
            return
        heir = self.random.choice(self.numbers)
        made = facade.record_death(SYSTEM, number, died_on=self.day, on=self.day, at=at(str(self.day)), heir_no=heir)
        self.cash += made.to_cash_fen

    def check(self) -> None:
        mains = sorted({facade.dossier(SYSTEM, number).main_no for number in self.numbers})
        balances = sum(one.balance_fen for number in mains for one in facade.accounts_of(SYSTEM, number))
        travelling = sum(fen for _, _, _, fen in self.slips.values())
        assert balances + travelling + self.cash == sum(self.paid.values())
        months = sum(facade.months_of(SYSTEM, number, area) for number in mains for area in AREAS)
        assert months + sum(months for _, _, months, _ in self.slips.values()) == len(self.paid)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_lost(seed: int) -> None:
    lives = Lives(seed)
    for _ in range(80):
        lives.step()
        lives.check()
    assert {"enrol", "pay", "leave"} <= lives.done


def test_the_ledger_proves_it_and_nobody_is_covered_twice() -> None:
    assert ledger.verify().findings == ()
    twice = sql.one(
        "SELECT count(*) FROM people_coverage a JOIN people_coverage b ON a.person_id = b.person_id AND a.id < b.id"
        " AND a.valid && b.valid WHERE a.voided_at IS NULL AND b.voided_at IS NULL"
    )
    assert twice == (0,)
