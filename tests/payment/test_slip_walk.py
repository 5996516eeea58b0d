"""A walk nobody planned: bills, cancellations, lists, prices, members, slips, deductions, advances in any order.

After every step what the ledger owes is what no slip took up, plus what is drafted or confirmed and unpaid, plus what
is carried on; nothing is paid for a stay without a list; neither deposits nor advances fall below zero.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from openyibao.foundation import sql
from openyibao.kernel.errors import Refused
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.payment import facade as payment
from openyibao.payment.errors import AssessmentExists, ClearingRefused, DeductionRefused, SlipMove, SlipNotInTurn
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import Cancel, Settlement
from tests.payment.test_cases import AGENCY, AREA, CASHIER, CHECKER, Ward
from tests.support.world import World, choose_items, instant

EXPECTED = (SlipMove, SlipNotInTurn, DeductionRefused, AssessmentExists, ClearingRefused)
"""What a clerk who tries things in any order is told."""


HEADS = """  capitation:
    per_month: {resident: 90}
    sharing: {under: [{from: 0%, kept: 50%}], over: [{upto: 110%, borne: 50%}]}"""


@dataclass
class Bill:
    """A bill of the walk."""

    shown: Settlement
    person: str
    hospital: str
    inpatient: bool
    settled: date
    listed: bool = False
    cancelled: bool = False


@dataclass
class Walk:
    """Two hospitals and a day that only goes forward."""

    wards: list[Ward]
    dice: random.Random
    folder: Path
    today: date = date(2022, 1, 8)
    bills: list[Bill] = field(default_factory=list)
    serial: int = 0
    done: Counter[str] = field(default_factory=Counter)

    def step(self) -> None:
        name = self.dice.choices(
            [
                *("settle", "visit", "list", "cancel", "deduct", "advance", "price", "draft", "move", "month"),
                *("assess", "heads", "clear_heads"),
            ],
            [14, 8, 12, 8, 6, 3, 5, 12, 20, 8, 2, 6, 2],
        )[0]
        try:
            getattr(self, f"_{name}")()
            self.done[name] += 1
        except EXPECTED as refusal:
            self.done[f"{name} refused: {refusal.code}"] += 1

    @property
    def last_month(self) -> Month:
        return Month.of(self.today).before

    def _settle(self) -> None:
        ward = self.dice.choice(self.wards)
        ward.world.now = instant(self.today, 12)
        person = ward.world.person("resident", "adult")
        shown = ward.world.stay_bill(
            person, ward.hospital, self.today, self.dice.randrange(80_000, 3_000_000), insutype="390"
        )
        self.bills.append(Bill(shown, person, ward.hospital, True, self.today))
        if self.dice.random() < 0.4:
            self._list_one(self.bills[-1])

    def _visit(self) -> None:
        ward = self.dice.choice(self.wards)
        ward.world.now = instant(self.today, 12)
        person = ward.world.person("resident", "adult")
        if self.dice.random() < 0.6:
            self._sign(person)
        shown = ward.world.bill(person, ward.hospital, self.today, 40_000, insutype="390")
        self.bills.append(Bill(shown, person, ward.hospital, False, self.today))

    def _sign(self, person: str) -> None:
        """Sign a person to either hospital from the month's first day."""
        path = self.folder / "signings.csv"
        home = self.dice.choice(self.wards).hospital
        path.write_text(
            f"person_no,institution_code,since\n{person},{home},{self.today.replace(day=1)}\n", encoding="utf-8"
        )
        payment.sign_members(AGENCY, AREA, path, instant(self.today, 10))

    def _heads(self) -> None:
        payment.pay_heads(AGENCY, AREA, self.last_month, self.wards[0].pack, instant(self.today, 16))

    def _clear_heads(self) -> None:
        if self.today.year > 2022:
            payment.clear_heads(CHECKER, AREA, self.today.year - 1, self.wards[0].pack, instant(self.today, 16))

    def _list(self) -> None:
        waiting = [one for one in self.bills if one.inpatient and not one.cancelled]
        if waiting:
            self._list_one(self.dice.choice(waiting))

    def _list_one(self, bill: Bill) -> None:
        ward = next(one for one in self.wards if one.hospital == bill.hospital)
        ward.world.now = instant(self.today, 13)
        ward.list(bill.shown, bill.person, self.dice.choice(["J18.900", "J40.x00", "Z99.900"]))
        bill.listed = True

    def _cancel(self) -> None:
        standing = [one for one in self.bills if not one.cancelled]
        if not standing:
            return
        bill = self.dice.choice(standing)
        world = self.wards[0].world
        world.now = instant(self.today, 14)
        caller = world.caller(bill.hospital, "2305" if bill.inpatient else "2208")
        settlement.reverse(caller, Cancel(bill.shown.settlement_no, bill.shown.visit_no, bill.person, bill.inpatient))
        bill.cancelled = True

    def _deduct(self) -> None:
        if self.bills:
            bill = self.dice.choice(self.bills)
            fen = self.dice.choice([1, 777, 10_000, bill.shown.amounts["hifp_pay"]])
            payment.deduct(
                CHECKER, bill.shown.settlement_no, {"resident": fen}, "条款", "理由", instant(self.today, 15)
            )

    def _advance(self) -> None:
        self.serial += 1
        hospital = self.dice.choice(self.wards).hospital
        fen = self.dice.choice([50_000, 900_000])
        number = f"YF-{hospital}-{self.serial}"
        payment.pay_advance(CASHIER, AREA, hospital, {"resident": fen}, instant(self.today, 15), number)

    def _price(self) -> None:
        month = self.last_month if self.dice.random() < 0.8 else self.last_month.before
        self.wards[0].price(month, instant(self.today, 16))

    def _draft(self) -> None:
        month = self.last_month if self.dice.random() < 0.8 else self.last_month.before
        payment.draft_slips(AGENCY, AREA, month, instant(self.today, 16))

    def _move(self) -> None:
        slips = sql.rows("SELECT slip_no, state FROM payment_slip WHERE state IN ('drafted', 'confirmed') ORDER BY id")
        if not slips:
            return
        number, state = self.dice.choice(slips)
        when = instant(self.today, 17)
        if self.dice.random() < 0.2:
            payment.cancel_slip(CHECKER, number, when, "重拟")
        elif state == "drafted":
            payment.confirm_slip(CHECKER, number, when)
        else:
            payment.pay_slip(CASHIER, number, when)

    def _month(self) -> None:
        self.today += timedelta(days=self.dice.choice([1, 9, 20, 33]))

    def _assess(self) -> None:
        hospital = self.dice.choice(self.wards).hospital
        payment.assess(CHECKER, AREA, hospital, self.today.year - 1, 85, "考核", instant(self.today, 17))


def faults() -> Iterator[str]:
    """Everything that does not hold in the database now."""
    owed: dict[tuple[str, str], int] = defaultdict(int)
    for hospital, fund, fen in sql.rows("SELECT institution, fund, sum(fen)::bigint FROM ledger_payable GROUP BY 1, 2"):
        owed[hospital, fund] = fen
    parts: dict[tuple[str, str], int] = defaultdict(int)
    for hospital, fund, fen in sql.rows(
        "SELECT p.institution, p.fund, p.fen FROM ledger_payable p LEFT JOIN payment_taken t USING (journal_id, fund)"
        " WHERE t.id IS NULL AND p.document_kind NOT IN ('payment_slip', 'payment_slip_cancelled')"
        " UNION ALL SELECT s.institution_code, t.fund, t.fen FROM payment_taken t"
        " JOIN payment_slip s ON s.id = t.slip_id WHERE s.state = 'drafted'"
        " UNION ALL SELECT s.institution_code, f.fund, f.paid_fen FROM payment_slip_fund f"
        " JOIN payment_slip s ON s.id = f.slip_id WHERE s.state = 'confirmed'"
        " UNION ALL SELECT * FROM (SELECT DISTINCT ON (s.institution_code, f.fund) s.institution_code, f.fund,"
        " least(f.payable_fen, 0) FROM payment_slip_fund f JOIN payment_slip s ON s.id = f.slip_id"
        " WHERE s.state IN ('confirmed', 'paid') ORDER BY 1, 2, s.month DESC) c"
    ):
        parts[hospital, fund] += fen
    for key in sorted(set(owed) | set(parts)):
        if owed[key] != parts[key]:
            yield f"{key}: the ledger owes {owed[key]}, the slips account for {parts[key]}"
    for account in ("advance_institution", "quality_deposit"):
        sign = -1 if account == "advance_institution" else 1
        yield from (
            f"{account} of {row[0]} is {sign * row[1]}"
            for row in sql.rows(
                "SELECT institution, sum(fen)::bigint FROM ledger_institution WHERE account_code = %s"
                " GROUP BY institution, fund",
                (account,),
            )
            if sign * row[1] < 0
        )
    for number, state in sql.rows(
        "SELECT t.document_no, s.state FROM payment_taken t JOIN payment_slip s ON s.id = t.slip_id"
        " JOIN settlement_document d ON d.settlement_no = t.document_no JOIN settlement_visit v ON v.id = d.visit_id"
        " WHERE t.template = 'settlement' AND v.inpatient AND t.fen > 0"
        " AND NOT EXISTS (SELECT 1 FROM settlement_list l WHERE l.document_id = d.id)"
        " AND NOT EXISTS (SELECT 1 FROM ledger_payable r JOIN payment_taken o ON o.journal_id = r.journal_id"
        " WHERE r.reverses_id = t.journal_id)"
    ):
        yield f"{number} is on a {state} slip and has no list"


def walked(folder: Path, seed: int, steps: int) -> Walk:
    world = World.made()
    choose_items()
    wards = [Ward(world, folder / "a"), Ward(world, folder / "b")]
    text = wards[0].pack.read_text(encoding="utf-8").replace("  sources:", f"{HEADS}\n  sources:", 1)
    wards[0].pack.write_text(text, encoding="utf-8")
    walk = Walk(wards, random.Random(seed), folder)
    for at in range(steps):
        walk.step()
        wrong = list(faults())
        assert not wrong, f"seed {seed}, step {at}, {walk.today}: {wrong}; {dict(walk.done)}"
    assert not ledger.verify().findings
    return walk


def settle_all(walk: Walk) -> None:
    """List every stay, price it, and pay month after month until nothing is owed but what is carried."""
    for bill in walk.bills:
        if bill.inpatient and not bill.cancelled and not bill.listed:
            walk._list_one(bill)
    for _ in range(3):
        walk.today += timedelta(days=32)
        when = instant(walk.today, 16)
        for number, state in sql.rows(
            "SELECT slip_no, state FROM payment_slip WHERE state IN ('drafted', 'confirmed') ORDER BY month, id"
        ):
            if state == "drafted":
                payment.confirm_slip(CHECKER, number, when)
            payment.pay_slip(CASHIER, number, when)
        walk.wards[0].price(walk.last_month, when)
        for slip in payment.draft_slips(AGENCY, AREA, walk.last_month, when):
            if slip.state == "drafted":
                payment.confirm_slip(CHECKER, slip.slip_no, when)
                payment.pay_slip(CASHIER, slip.slip_no, when)
    assert list(faults()) == []
    open_ = sql.rows("SELECT institution, fund, sum(fen)::bigint FROM ledger_payable GROUP BY 1, 2 HAVING sum(fen) > 0")
    assert open_ == [], "in the end nothing is owed"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_walk_in_any_order_holds_at_every_step(new_db: str, tmp_path: Path, seed: int) -> None:
    walk = walked(tmp_path, seed, 120)
    settle_all(walk)
    assert walk.done["draft"] > 3
    assert walk.done["move"] > 3


def test_unexpected_refusals_are_not_hidden() -> None:
    assert all(issubclass(one, Refused) for one in EXPECTED)
