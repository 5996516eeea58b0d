"""Slips in sequences that once went wrong, and with two at work at once: nothing twice, nothing void, nothing lost."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from openyibao.foundation import sql
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.payment import facade as payment
from openyibao.payment import slips, store
from openyibao.payment.errors import AdvanceRefused, ClearingRefused, DeductionRefused, SlipMove, SlipNotInTurn
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import Cancel
from tests.payment.test_cases import Ward
from tests.payment.test_slips import AREA, CASHIER, CHECKER, DRAFTER, at, line, listed, owed, slip_for
from tests.support.races import meeting
from tests.support.world import World, instant


def pay_all(month: Month, when: object) -> None:
    """Confirm and pay every slip of a month."""
    for slip in payment.draft_slips(DRAFTER, AREA, month, when):
        if slip.state == "drafted":
            payment.confirm_slip(CHECKER, slip.slip_no, when)
            payment.pay_slip(CASHIER, slip.slip_no, when)
        elif slip.state == "confirmed":
            payment.pay_slip(CASHIER, slip.slip_no, when)


def test_a_stay_cancelled_in_a_later_month_is_not_paid_first(world: World, hospital: str) -> None:
    at(world, date(2023, 3, 20))
    person = world.person("resident", "adult")
    bill = world.stay_bill(person, hospital, date(2023, 3, 20), 600_000, insutype="390")
    at(world, date(2023, 4, 2))
    settlement.reverse(world.caller(hospital, "2305"), Cancel(bill.settlement_no, bill.visit_no, person, True))
    march, april = Month.of(date(2023, 3, 1)), Month.of(date(2023, 4, 1))
    slips = payment.draft_slips(DRAFTER, AREA, march, instant(date(2023, 4, 5)))
    assert [one for one in slips if one.institution_code == hospital] == [], "void, and never had a list"
    pay_all(march, instant(date(2023, 4, 5)))
    fen = line(slip_for(hospital, april, instant(date(2023, 5, 5))), "resident")
    assert (fen["declared"], fen["held"], fen["payable"]) == (0, 0, 0)
    pay_all(april, instant(date(2023, 5, 5)))


def test_a_deduction_waits_with_its_bill(world: World, hospital: str) -> None:
    at(world, date(2023, 5, 20))
    person = world.person("resident", "adult")
    bill = world.stay_bill(person, hospital, date(2023, 5, 20), 600_000, insutype="390")
    payment.deduct(CHECKER, bill.settlement_no, {"resident": 777}, "条款", "理由", world.now)
    may, after = Month.of(date(2023, 5, 1)), instant(date(2023, 6, 5))
    fen = line(slip_for(hospital, may, after), "resident")
    assert (fen["audit"], fen["payable"], fen["held"]) == (0, 0, bill.amounts["hifp_pay"] - 777)
    listed(world, bill, person, hospital)
    fen = line(slip_for(hospital, may, after), "resident")
    assert (fen["audit"], fen["declared"]) == (777, bill.amounts["hifp_pay"])
    pay_all(may, after)


def test_an_advance_is_offset_once_however_late_a_slip_is_confirmed(world: World, hospital: str) -> None:
    june, july = Month.of(date(2023, 6, 1)), Month.of(date(2023, 7, 1))
    payment.pay_advance(CASHIER, AREA, hospital, {"resident": 5_000}, instant(date(2023, 6, 1)), f"YF2-{hospital}")
    for day in (date(2023, 6, 10), date(2023, 7, 10)):
        at(world, day)
        world.bill(world.person("resident", "adult"), hospital, day, 30_000, insutype="390")
    late = instant(date(2023, 8, 3))
    assert line(slip_for(hospital, june, late), "resident")["offset"] == 5_000
    pay_all(june, late)
    assert line(slip_for(hospital, july, late), "resident")["offset"] == 0
    pay_all(july, late)
    assert ledger.balance_on("advance_institution", AREA, late.date(), "resident", hospital) == 0
    with pytest.raises(AdvanceRefused, match="已付"):
        payment.pay_advance(CASHIER, AREA, hospital, {"resident": 5_000}, late, f"YF2-{hospital}")
    with pytest.raises(AdvanceRefused, match=r"没有写明预付单号"):
        payment.pay_advance(CASHIER, AREA, hospital, {"resident": 0}, late, " ")


def test_a_negative_is_carried_once_when_an_earlier_month_comes_after_a_later(world: World, hospital: str) -> None:
    at(world, date(2023, 8, 10))
    person = world.person("resident", "adult")
    bill = world.bill(person, hospital, date(2023, 8, 10), 30_000, insutype="390")
    august, september, october, november = (Month.of(date(2023, number, 1)) for number in (8, 9, 10, 11))
    pay_all(august, instant(date(2023, 9, 5)))
    at(world, date(2023, 9, 10))
    settlement.reverse(world.caller(hospital, "2208"), Cancel(bill.settlement_no, bill.visit_no, person, False))
    pay_all(september, instant(date(2023, 10, 5)))
    owed_back = -bill.amounts["hifp_pay"]
    pay_all(november, instant(date(2023, 12, 5)))
    slips = payment.draft_slips(DRAFTER, AREA, october, instant(date(2023, 12, 6)))
    assert hospital not in {one.institution_code for one in slips}, "November has carried it already"
    december = Month.of(date(2023, 12, 1))
    assert line(slip_for(hospital, december, instant(date(2024, 1, 5))), "resident")["carried"] == owed_back
    pay_all(december, instant(date(2024, 1, 5)))


def test_a_cancelled_bill_is_not_deducted_and_numbers_go_on(world: World, hospital: str) -> None:
    at(world, date(2024, 2, 10))
    person = world.person("resident", "adult")
    bill = world.bill(person, hospital, date(2024, 2, 10), 30_000, insutype="390")
    payment.deduct(CHECKER, bill.settlement_no, {"resident": 10}, "条款", "理由", world.now)
    settlement.reverse(world.caller(hospital, "2208"), Cancel(bill.settlement_no, bill.visit_no, person, False))
    for _ in range(2):
        with pytest.raises(DeductionRefused, match=r"尚余 -?0\.\d\d；扣减须写明"):
            payment.deduct(CHECKER, bill.settlement_no, {"resident": 10}, " ", "理由", world.now)
        payment.draft_slips(DRAFTER, AREA, Month.of(date(2024, 2, 1)), instant(date(2024, 3, 5)))
    pay_all(Month.of(date(2024, 2, 1)), instant(date(2024, 3, 5)))


def test_a_year_is_assessed_when_its_slips_are_done_and_then_stands(world: World, hospital: str) -> None:
    at(world, date(2024, 12, 10))
    world.bill(world.person("resident", "adult"), hospital, date(2024, 12, 10), 30_000, insutype="390")
    new_year, december = instant(date(2025, 1, 10)), Month.of(date(2024, 12, 1))
    with pytest.raises(SlipNotInTurn, match="未拟制"):
        payment.assess(CHECKER, AREA, hospital, 2024, 95, "考核", new_year)
    slip = slip_for(hospital, december, new_year)
    with pytest.raises(SlipNotInTurn, match="尚未复核"):
        payment.assess(CHECKER, AREA, hospital, 2024, 95, "考核", new_year)
    payment.confirm_slip(CHECKER, slip.slip_no, new_year)
    released, _ = payment.assess(CHECKER, AREA, hospital, 2024, 95, "考核", new_year)
    assert released == line(slip, "resident")["deposit"] > 0
    with pytest.raises(SlipMove, match="已考核"):
        payment.cancel_slip(CHECKER, slip.slip_no, new_year, "重拟")
    assert ledger.balance_on("quality_deposit", AREA, new_year.date(), "resident", hospital) == 0
    pay_all(december, new_year)


@pytest.mark.parametrize("verb", ["confirm_slip", "pay_slip"])
def test_two_at_once_make_one_step(
    world: World, hospital: str, db: str, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    year = 2025 if verb == "confirm_slip" else 2026
    at(world, date(year, 3, 10))
    world.bill(world.person("resident", "adult"), hospital, date(year, 3, 10), 30_000, insutype="390")
    march, after = Month.of(date(year, 3, 1)), instant(date(year, 4, 5))
    number = slip_for(hospital, march, after).slip_no
    if verb == "pay_slip":
        payment.confirm_slip(CHECKER, number, after)
    by = CHECKER if verb == "confirm_slip" else CASHIER
    point = meeting(db, monkeypatch, [(slips, "_post")])
    first, second = point.run(
        lambda: getattr(payment, verb)(by, number, after), lambda: getattr(payment, verb)(by, number, after)
    )
    assert not point.met, "the area's lock keeps them apart"
    assert first.slip_no == number
    assert isinstance(second, SlipMove)
    pay_all(march, after)
    assert owed(hospital, "resident", after.date()) == 0
    assert not ledger.verify().findings


def test_two_drafts_at_once_are_one_set(world: World, hospital: str, db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at(world, date(2026, 5, 10))
    bill = world.bill(world.person("resident", "adult"), hospital, date(2026, 5, 10), 30_000, insutype="390")
    may, after = Month.of(date(2026, 5, 1)), instant(date(2026, 6, 5))
    point = meeting(db, monkeypatch, [(store, "insert_slip")])
    one, other = point.run(
        lambda: payment.draft_slips(DRAFTER, AREA, may, after), lambda: payment.draft_slips(DRAFTER, AREA, may, after)
    )
    assert not point.met
    for found in (one, other):
        assert [line(slip, "resident")["declared"] for slip in found if slip.institution_code == hospital] == [
            bill.amounts["hifp_pay"]
        ]
    count = sql.one(
        "SELECT count(*) FROM payment_taken t JOIN payment_slip s ON s.id = t.slip_id WHERE s.institution_code = %s",
        (hospital,),
    )
    assert count == (1,)
    pay_all(may, after)


def test_a_crash_between_posting_and_noting_leaves_nothing(
    world: World, hospital: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(world, date(2026, 7, 10))
    world.bill(world.person("resident", "adult"), hospital, date(2026, 7, 10), 30_000, insutype="390")
    july, after = Month.of(date(2026, 7, 1)), instant(date(2026, 8, 5))
    slip = slip_for(hospital, july, after)
    before = owed(hospital, "resident", after.date())

    def gone(*args: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as broken:
        broken.setattr(store, "move_slip", gone)
        with pytest.raises(RuntimeError):
            payment.confirm_slip(CHECKER, slip.slip_no, after)
    assert owed(hospital, "resident", after.date()) == before
    assert payment.slip_of(CHECKER, slip.slip_no).state == "drafted"
    pay_all(july, after)
    assert owed(hospital, "resident", after.date()) == 0


def test_quality_counts_in_the_clearing_and_is_never_taken_as_full(world: World, tmp_path: Path) -> None:
    ward = Ward(world, tmp_path)
    bands = "[{from: 90, released: 100%}, {from: 80, released: 90%}, {from: 0, released: 0%}]"
    quality = f"quality: {{part: 5%, bands: {bands}}}"
    text = ward.pack.read_text(encoding="utf-8").replace("  special:", f"    {quality}\n  special:", 1)
    ward.pack.write_text(text, encoding="utf-8")
    for day in (10, 11):
        ward.stay(date(2022, 3, day), 700_000, "J18.900")
    ward.price(Month.of(date(2022, 3, 1)), instant(date(2022, 4, 3)))
    later, december = instant(date(2023, 1, 20)), Month.of(date(2022, 12, 1))
    payment.set_budget(CHECKER, AREA, 2022, "resident", 3_000_000, "聊医保 2022-1", later)
    with pytest.raises(ClearingRefused, match=f"{ward.hospital} 尚未考核"):
        payment.clear_year(CHECKER, AREA, 2022, ward.pack, later)
    pay_all(december, later)
    payment.assess(CHECKER, AREA, ward.hospital, 2022, 85, "考核", later)
    (row,) = payment.clear_year(CHECKER, AREA, 2022, ward.pack, later).schemes["resident"].lines
    before = row.standard_fen + row.extra_fen - row.returned_fen
    part = (before * 500 + 5_000) // 10_000
    assert row.forfeited_fen == part - (part * 9_000 + 5_000) // 10_000 > 0
    pay_all(Month.of(date(2023, 1, 1)), instant(date(2023, 2, 5)))
    fen = owed(ward.hospital, "resident", date(2023, 2, 5))
    assert fen == 0, "clearing and deposit paid with the next slip"
    assert not ledger.verify().findings


def test_pieces_settled_on_the_way_are_paid_with_the_stays_list(world: World, hospital: str) -> None:
    at(world, date(2024, 5, 31))
    person = world.person("resident", "adult")
    stay = world.stay(person, hospital, date(2024, 5, 20), "390")
    world.upload(person, hospital, stay, date(2024, 5, 21), {"in_scope": 1_000_000}, inpatient=True)
    more = {"inpatient": True, "insutype": "390"}
    piece = world.settle(person, hospital, stay, 1_000_000, mid_stay=True, ended_on=date(2024, 5, 31), **more)
    at(world, date(2024, 6, 10))
    world.upload(person, hospital, stay, date(2024, 6, 9), {"in_scope": 500_000}, inpatient=True)
    world.discharge(person, hospital, stay, date(2024, 6, 10), "390")
    rest = world.settle(person, hospital, stay, 500_000, **more)
    june, after = Month.of(date(2024, 6, 1)), instant(date(2024, 7, 5))
    both = piece.amounts["hifp_pay"] + rest.amounts["hifp_pay"]
    assert line(slip_for(hospital, june, after), "resident")["held"] == both
    listed(world, rest, person, hospital)
    assert line(slip_for(hospital, june, after), "resident")["declared"] == both
    pay_all(june, after)
