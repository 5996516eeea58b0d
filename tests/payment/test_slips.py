"""Slips on the platform: what a month owes is paid once, to the fen, by three persons, and the ledger stays clean."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import Error, transaction

from openyibao.foundation import sql
from openyibao.foundation.actors import Actor, NotPermitted
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.payment import facade as payment
from openyibao.payment.errors import AdvanceRefused, AssessmentExists, DeductionRefused, SlipMove, SlipNotInTurn
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import Cancel, SettlementList
from tests.support.actors import actor
from tests.support.world import World, instant

AREA = "371500"
DRAFTER, CHECKER, CASHIER = actor("agency"), actor("agency_review"), actor("finance")
JUNE, JULY = Month.of(date(2022, 6, 1)), Month.of(date(2022, 7, 1))
AFTER_JUNE, AFTER_JULY = instant(date(2022, 7, 5)), instant(date(2022, 8, 5))


def at(world: World, day: date) -> None:
    world.now = instant(day, 11)


def listed(world: World, shown: settlement.StatementLine, person: str, hospital: str) -> None:
    """Send the settlement list of a stay."""
    settlement.record_settlement_list(
        world.caller(hospital, "4101"),
        SettlementList(
            shown.settlement_no,
            shown.visit_no,
            person,
            "short",
            {"diseinfo": [{"maindiag_flag": "1", "diag_code": "J18.900"}]},
        ),
    )


def owed(hospital: str, fund: str, day: date) -> int:
    return ledger.balance_on("payable_institution", AREA, day, fund, hospital)


def slip_for(hospital: str, month: Month, when: object) -> payment.Slip:
    (found,) = [slip for slip in payment.draft_slips(DRAFTER, AREA, month, when) if slip.institution_code == hospital]
    return found


def line(slip: payment.Slip, fund: str) -> dict[str, int]:
    (found,) = [one.fen for one in slip.lines if one.fund == fund]
    return found


def test_a_month_from_bills_to_payment(world: World, hospital: str) -> None:
    at(world, date(2022, 6, 10))
    person = world.person("resident", "adult")
    bill = world.stay_bill(person, hospital, date(2022, 6, 10), 2_000_000, insutype="390")
    pool = bill.amounts["hifp_pay"]
    assert pool > 0

    held = line(slip_for(hospital, JUNE, AFTER_JUNE), "resident")
    assert (held["held"], held["declared"], held["payable"]) == (pool, 0, 0), "nothing without an accepted list"

    listed(world, bill, person, hospital)
    payment.pay_advance(CASHIER, AREA, hospital, {"resident": 100_000}, instant(date(2022, 6, 1)), f"YF-{hospital}")
    number = payment.deduct(
        CHECKER, bill.settlement_no, {"resident": 12_345}, "示例条款", "超限定支付范围", instant(date(2022, 6, 20))
    )
    assert number == f"{bill.settlement_no}/1"
    slip = slip_for(hospital, JUNE, AFTER_JUNE)
    fen = line(slip, "resident")
    deposit = ((pool - 12_345) * 500 + 5_000) // 10_000
    assert (fen["declared"], fen["audit"], fen["deposit"], fen["offset"]) == (pool, 12_345, deposit, 100_000)
    assert fen["payable"] == pool - 12_345 - deposit - 100_000
    assert payment.identity(slip.lines[-1]).endswith(f"应拨付 {fen['payable'] // 100}.{fen['payable'] % 100:02d}")

    payment.confirm_slip(CHECKER, slip.slip_no, AFTER_JUNE)
    assert owed(hospital, "resident", AFTER_JUNE.date()) == fen["payable"]
    paid = payment.pay_slip(CASHIER, slip.slip_no, AFTER_JUNE)
    assert (paid.state, paid.total("paid")) == ("paid", slip.total("payable"))
    assert owed(hospital, "resident", AFTER_JUNE.date()) == 0
    assert ledger.balance_on("quality_deposit", AREA, AFTER_JUNE.date(), "resident", hospital) == deposit
    assert ledger.balance_on("advance_institution", AREA, AFTER_JUNE.date(), "resident", hospital) == 0
    assert not ledger.verify().findings
    taken = payment.movements_of(CHECKER, slip.slip_no)
    assert sum(row[4] for row in taken if row[3] == "resident") == pool - 12_345


def test_cancelled_before_and_after_the_slip(world: World, hospital: str) -> None:
    at(world, date(2022, 6, 11))
    person = world.person("resident", "adult")
    kept = world.bill(person, hospital, date(2022, 6, 11), 30_000, insutype="390")
    at(world, date(2022, 6, 12))
    gone = world.stay_bill(person, hospital, date(2022, 6, 12), 500_000, insutype="390")
    at(world, date(2022, 6, 13))
    settlement.reverse(world.caller(hospital, "2305"), Cancel(gone.settlement_no, gone.visit_no, person, True))
    slip = slip_for(hospital, JUNE, AFTER_JUNE)
    assert line(slip, "resident")["declared"] == kept.amounts["hifp_pay"], "bill and cancellation go in together"
    assert slip.total("held") == 0
    payment.confirm_slip(CHECKER, slip.slip_no, AFTER_JUNE)
    payment.pay_slip(CASHIER, slip.slip_no, AFTER_JUNE)

    at(world, date(2022, 7, 10))
    settlement.reverse(world.caller(hospital, "2208"), Cancel(kept.settlement_no, kept.visit_no, person, False))
    later = slip_for(hospital, JULY, AFTER_JULY)
    fen = line(later, "resident")
    assert (fen["declared"], fen["paid"]) == (-kept.amounts["hifp_pay"], 0)
    payment.confirm_slip(CHECKER, later.slip_no, AFTER_JULY)
    payment.pay_slip(CASHIER, later.slip_no, AFTER_JULY)

    at(world, date(2022, 8, 3))
    more = world.bill(world.person("resident", "adult"), hospital, date(2022, 8, 3), 40_000, insutype="390")
    august = slip_for(hospital, Month.of(date(2022, 8, 1)), instant(date(2022, 9, 5)))
    fen = line(august, "resident")
    assert (fen["declared"], fen["carried"]) == (more.amounts["hifp_pay"], -kept.amounts["hifp_pay"])
    assert not ledger.verify().findings


def test_a_deduction_of_a_cancelled_bill_is_taken_back(world: World, hospital: str) -> None:
    at(world, date(2022, 6, 14))
    person = world.person("resident", "adult")
    bill = world.bill(person, hospital, date(2022, 6, 14), 30_000, insutype="390")
    payment.deduct(CHECKER, bill.settlement_no, {"resident": 100}, "条款", "理由", world.now)
    settlement.reverse(world.caller(hospital, "2208"), Cancel(bill.settlement_no, bill.visit_no, person, False))
    slip = slip_for(hospital, JUNE, AFTER_JUNE)
    assert slip.total("payable") == 0
    assert owed(hospital, "resident", AFTER_JUNE.date()) == 0


def test_more_than_is_left_is_not_deducted(world: World, hospital: str) -> None:
    at(world, date(2022, 6, 15))
    bill = world.bill(world.person("resident", "adult"), hospital, date(2022, 6, 15), 30_000, insutype="390")
    left = bill.amounts["hifp_pay"]
    payment.deduct(CHECKER, bill.settlement_no, {"resident": left - 1}, "条款", "理由", world.now)
    with pytest.raises(DeductionRefused, match=r"尚余 0\.01"):
        payment.deduct(CHECKER, bill.settlement_no, {"resident": 2}, "条款", "理由", world.now)
    with pytest.raises(DeductionRefused):
        payment.deduct(CHECKER, "371500S99999999999999", {"resident": 2}, "条款", "理由", world.now)


def test_three_persons_and_no_step_twice(world: World, hospital: str) -> None:
    at(world, date(2022, 6, 16))
    world.bill(world.person("resident", "adult"), hospital, date(2022, 6, 16), 30_000, insutype="390")
    slip = slip_for(hospital, JUNE, AFTER_JUNE)
    one = Actor(DRAFTER.name, frozenset({"agency", "agency_review", "finance"}), AREA)
    with pytest.raises(SlipMove, match="不得为同一人"):
        payment.confirm_slip(one, slip.slip_no, AFTER_JUNE)
    with pytest.raises(SlipMove, match="不能支付"):
        payment.pay_slip(CASHIER, slip.slip_no, AFTER_JUNE)
    payment.confirm_slip(CHECKER, slip.slip_no, AFTER_JUNE)
    with pytest.raises(SlipMove, match="第三人"):
        payment.pay_slip(Actor(CHECKER.name, frozenset({"finance"}), AREA), slip.slip_no, AFTER_JUNE)
    payment.pay_slip(CASHIER, slip.slip_no, AFTER_JUNE)
    for verb in (payment.pay_slip, payment.confirm_slip):
        with pytest.raises(SlipMove):
            verb(CHECKER if verb is payment.confirm_slip else CASHIER, slip.slip_no, AFTER_JUNE)
    with pytest.raises(SlipMove, match="不能作废"):
        payment.cancel_slip(CHECKER, slip.slip_no, AFTER_JUNE, "试")
    for statement in (
        "UPDATE payment_slip SET why = 'x' WHERE slip_no = %s",
        "UPDATE payment_slip_fund SET held_fen = 1 WHERE slip_id = (SELECT id FROM payment_slip WHERE slip_no = %s)",
        "DELETE FROM payment_taken WHERE slip_id = (SELECT id FROM payment_slip WHERE slip_no = %s)",
    ):
        with pytest.raises(Error), transaction.atomic():
            sql.run(statement, (slip.slip_no,))


def test_a_cancelled_slip_frees_what_it_took(world: World, hospital: str) -> None:
    at(world, date(2022, 6, 17))
    world.bill(world.person("resident", "adult"), hospital, date(2022, 6, 17), 30_000, insutype="390")
    slip = slip_for(hospital, JUNE, AFTER_JUNE)
    before = owed(hospital, "resident", AFTER_JUNE.date())
    payment.confirm_slip(CHECKER, slip.slip_no, AFTER_JUNE)
    payment.cancel_slip(CHECKER, slip.slip_no, AFTER_JUNE, "申报有误")
    assert owed(hospital, "resident", AFTER_JUNE.date()) == before
    again = slip_for(hospital, JUNE, AFTER_JUNE)
    assert again.slip_no == f"{slip.slip_no}-2"
    assert again.total("payable") == slip.total("payable")


def test_months_go_in_turn(world: World, hospital: str) -> None:
    at(world, date(2022, 6, 18))
    world.bill(world.person("resident", "adult"), hospital, date(2022, 6, 18), 30_000, insutype="390")
    with pytest.raises(SlipNotInTurn, match="尚未结束"):
        payment.draft_slips(DRAFTER, AREA, JULY, instant(date(2022, 7, 5)))
    slip_for(hospital, JUNE, AFTER_JUNE)
    with pytest.raises(SlipNotInTurn, match="尚未复核"):
        payment.draft_slips(DRAFTER, AREA, JULY, AFTER_JULY)


def test_the_deposit_comes_back_by_the_score(world: World, hospital: str) -> None:
    at(world, date(2022, 6, 19))
    world.bill(world.person("resident", "adult"), hospital, date(2022, 6, 19), 30_000, insutype="390")
    for slip in payment.draft_slips(DRAFTER, AREA, JUNE, AFTER_JUNE):
        if slip.state == "drafted":
            payment.confirm_slip(CHECKER, slip.slip_no, AFTER_JUNE)
    deposit = ledger.balance_on("quality_deposit", AREA, AFTER_JUNE.date(), "resident", hospital)
    assert deposit > 0
    with pytest.raises(AssessmentExists, match="尚未结束"):
        payment.assess(CHECKER, AREA, hospital, 2022, 85, "考核", AFTER_JULY)
    new_year = instant(date(2023, 1, 10))
    released, kept = payment.assess(CHECKER, AREA, hospital, 2022, 85, "考核", new_year)
    assert (released, kept) == ((deposit * 9_000 + 5_000) // 10_000, deposit - released)
    with pytest.raises(AssessmentExists, match="已考核"):
        payment.assess(CHECKER, AREA, hospital, 2022, 99, "再考", new_year)
    assert ledger.balance_on("quality_deposit", AREA, new_year.date(), "resident", hospital) == 0
    assert not ledger.verify().findings


def test_who_may_not(world: World, hospital: str) -> None:
    at(world, date(2022, 6, 20))
    world.bill(world.person("resident", "adult"), hospital, date(2022, 6, 20), 30_000, insutype="390")
    slip = slip_for(hospital, JUNE, AFTER_JUNE)
    own = Actor(hospital, frozenset({"institution"}), "371502")
    other = Actor("H37150299999", frozenset({"institution"}), "371502")
    assert payment.slip_of(own, slip.slip_no).slip_no == slip.slip_no
    for act in (
        lambda: payment.slip_of(other, slip.slip_no),
        lambda: payment.draft_slips(CASHIER, AREA, JUNE, AFTER_JUNE),
        lambda: payment.confirm_slip(DRAFTER, slip.slip_no, AFTER_JUNE),
        lambda: payment.pay_slip(CHECKER, slip.slip_no, AFTER_JUNE),
        lambda: payment.draft_slips(actor("agency", "370200"), AREA, JUNE, AFTER_JUNE),
        lambda: payment.slips_of_month(own, AREA, JUNE),
    ):
        with pytest.raises(NotPermitted):
            act()
    with pytest.raises(AdvanceRefused):
        payment.pay_advance(CASHIER, AREA, hospital, {"employee_account": 100}, AFTER_JUNE, "YF")
