"""Special-case review on the platform: who may do what, what speaks against it, and what it does to the price."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from openyibao.foundation import sql
from openyibao.foundation.actors import Actor, NotPermitted
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.payment import facade as payment
from openyibao.payment import special as room
from openyibao.payment.engine.pack.pack import SpecialRules
from openyibao.payment.engine.pack.special import Application, Decision, Move
from openyibao.payment.errors import ClearingRefused, PackUnfit, SpecialRefused, SpecialUnknown
from openyibao.payment.logic import review
from openyibao.payment.logic.review import Quota, Terms
from tests.payment.test_cases import AFTER_JUNE, AFTER_MAY, AREA, CHECKER, JUNE, MAY, Ward
from tests.support.races import meeting
from tests.support.world import World, instant

CLERK = Actor("clerk", frozenset({"agency"}), AREA)
EXPERTS = [Actor(f"expert-{at}", frozenset({"agency"}), AREA) for at in (1, 2, 3)]
TERMS = Terms(30, 60, 15, "month")
RULES = SpecialRules(quota=500, reasons=("high_cost",), decisions=("by_item", "raised", "rejected"), experts=2)


# What speaks against a move, all at once ------------------------------------------------------------------------------


def test_periods_are_months_or_quarters() -> None:
    assert review.period_of(date(2025, 3, 31), "month") == "2025-03"
    assert review.period_of(date(2025, 3, 31), "quarter") == "2025-Q1"
    assert review.period_of(date(2025, 4, 1), "quarter") == "2025-Q2"
    assert review.period_days("2025-12") == (date(2025, 12, 1), date(2026, 1, 1))
    assert review.period_days("2025-Q4") == (date(2025, 10, 1), date(2026, 1, 1))
    for wrong in ("2025-13", "2025-Q5", "2025", "25-01", "2025-1", "2025-Q", "abc"):
        with pytest.raises(ValueError, match=r".*"):
            review.period_days(wrong)


def test_everything_wrong_with_a_filing_is_told_at_once() -> None:
    places = Quota("H1", 19, 0, 0)
    said = review.filing_faults(None, "boredom", date(2025, 5, 1), "2025-03", places, RULES, TERMS)
    assert [one[:4] for one in said] == ["申报理由", "申报名额", "已过申报"]
    assert "出院 19 例，名额 0（5%，取整），已申报 0" in said[1]
    assert (
        review.filing_faults(None, "high_cost", date(2025, 4, 30), "2025-03", Quota("H1", 20, 1, 0), RULES, TERMS) == []
    )


def test_a_case_sent_back_keeps_its_place_and_has_its_own_term() -> None:
    sent_back = Application(
        "1", "H1", "2025-03", "high_cost", "returned", history=(Move("return", "clerk", date(2025, 5, 10)),)
    )
    full = Quota("H1", 20, 1, 1)
    assert review.filing_faults(sent_back, "high_cost", date(2025, 6, 9), "2025-03", full, RULES, TERMS) == []
    late = review.filing_faults(sent_back, "high_cost", date(2025, 6, 10), "2025-03", full, RULES, TERMS)
    assert late == ["已过申报期限 2025-06-09"]


def test_everything_wrong_with_a_decision_is_told_at_once() -> None:
    one = Application(
        "1",
        "H1",
        "2025-03",
        "high_cost",
        "screened",
        opinions=(("clerk", "by_item"),),
        history=(Move("screen", "clerk", date(2025, 4, 2)),),
    )
    said = review.decision_faults(one, Decision("raised", 40_000), "clerk", RULES)
    assert len(said) == 4
    assert "只有 1 份" in said[0]
    assert "提高到 400%" in said[1]
    assert "评审专家" in said[2]
    assert "分派" in said[3]
    assert review.decision_faults(one, Decision("by_item", 15_000), "x", RULES)[1:] == ["只有调整支付标准才写明倍数"]
    said = review.expert_faults(one, ["a", "a", "H1", "clerk"], "clerk", RULES)
    assert len(said) == 4


# On the platform ------------------------------------------------------------------------------------------------------


@pytest.fixture
def ward(world: World, tmp_path: Path) -> Ward:
    return Ward(world, tmp_path)


def own(ward: Ward) -> Actor:
    return Actor(ward.hospital, frozenset({"institution"}), "371502")


def filed(ward: Ward, day: int = 16, *, more: int = 1) -> str:
    """A priced stay, filed for review; with `more` others so that the quota has a place."""
    shown = ward.stay(date(2022, 5, day), 2_500_000, "J18.900")
    for at in range(more):
        ward.stay(date(2022, 5, day + 1), 700_000 + at, "J18.900")
    ward.price(MAY, AFTER_MAY)
    payment.file_special(own(ward), shown.settlement_no, "high_cost", "费用高", ward.pack, AFTER_MAY)
    return shown.settlement_no


def reviewed(number: str, kind: str = "by_item") -> None:
    payment.assign_special(CLERK, number, [one.name for one in EXPERTS], "", AFTER_MAY)
    for expert in EXPERTS[:2]:
        payment.move_special(expert, number, "opinion", "", AFTER_MAY, Decision(kind))


def fund_of(number: str) -> tuple[str, int] | None:
    found = sql.one(
        "SELECT status, fund_fen FROM payment_case WHERE settlement_no = %s AND withdrawn_at IS NULL", (number,)
    )
    return None if found is None else (found[0], int(found[1]))


def test_from_filing_to_the_price(ward: Ward) -> None:
    number = filed(ward)
    other = Actor("H37150299999", frozenset({"institution"}), "371502")
    for act in (
        lambda: payment.file_special(other, number, "high_cost", "", ward.pack, AFTER_MAY),
        lambda: payment.assign_special(own(ward), number, ["a", "b"], "", AFTER_MAY),
        lambda: payment.move_special(CLERK, number, "decide", "", AFTER_MAY, Decision("by_item")),
        lambda: payment.special_of(other, number),
    ):
        with pytest.raises(NotPermitted):
            act()
    with pytest.raises(SpecialRefused, match=r"已申报.*不能再申报"):
        payment.file_special(own(ward), number, "high_cost", "", ward.pack, AFTER_MAY)
    with pytest.raises(SpecialRefused, match="至少 2 位"):
        payment.assign_special(CLERK, number, ["a"], "", AFTER_MAY)
    reviewed(number)
    with pytest.raises(SpecialRefused, match="已提交意见"):
        payment.move_special(EXPERTS[0], number, "opinion", "", AFTER_MAY, Decision("by_item"))
    with pytest.raises(SpecialRefused, match="不是该病例分派的专家"):
        payment.move_special(CLERK, number, "opinion", "", AFTER_MAY, Decision("by_item"))
    done = payment.move_special(CHECKER, number, "decide", "同意", AFTER_MAY, Decision("by_item"))
    assert done.application.in_force == Decision("by_item")
    assert [step.split()[1] for step in done.steps()] == [
        *("申报", "形式审核、分派专家", "专家意见", "专家意见", "评审完成", "决定")
    ]
    before = fund_of(number)
    run = ward.price(JUNE, AFTER_JUNE)
    assert run.withdrawn == 1
    items = sql.one("SELECT total_fen - patient_fen - other_fen FROM payment_case WHERE settlement_no = %s", (number,))
    assert items is not None
    assert before != fund_of(number) == ("special", items[0])
    assert payment.special_of(own(ward), number).application.state == "decided"
    trail = sql.rows("SELECT actor, action FROM foundation_audit WHERE record = %s ORDER BY id", (number,))
    assert trail[-1] == (CHECKER.name, "payment.special.decide")
    assert len(trail) == 5


def test_a_raised_standard_an_appeal_and_a_second_decision(ward: Ward) -> None:
    number = filed(ward, 18)
    normal = fund_of(number)
    assert normal is not None
    reviewed(number, "raised")
    payment.move_special(CHECKER, number, "decide", "", AFTER_MAY, Decision("raised", 15_000))
    ward.price(JUNE, AFTER_JUNE)
    raised = fund_of(number)
    assert raised is not None
    standard = sql.one("SELECT standard_fen FROM payment_case WHERE settlement_no = %s ORDER BY id DESC", (number,))
    assert (raised[0], standard) == ("special", (1_500_000,))
    appeal = instant(date(2022, 6, 18))
    payment.move_special(own(ward), number, "appeal", "仍亏损", appeal)
    with pytest.raises(SpecialRefused, match="另一人复核"):
        payment.move_special(CHECKER, number, "decide", "", appeal, Decision("by_item"))
    second = Actor("second", frozenset({"agency_review"}), AREA)
    payment.move_special(second, number, "decide", "", appeal, Decision("rejected"))
    with pytest.raises(SpecialRefused, match="一次为限"):
        payment.move_special(own(ward), number, "appeal", "", appeal)
    ward.price(JUNE, AFTER_JUNE)
    assert fund_of(number) == normal, "rejected after all: as any other stay"


def test_an_appeal_comes_in_time_or_not_at_all(ward: Ward) -> None:
    number = filed(ward, 19)
    reviewed(number)
    payment.move_special(CHECKER, number, "decide", "", AFTER_MAY, Decision("rejected"))
    with pytest.raises(SpecialRefused, match="已过申诉期限 2022-06-18"):
        payment.move_special(own(ward), number, "appeal", "", instant(date(2022, 6, 19)))


def test_the_quota_is_used_up_freed_and_late_filings_are_refused(ward: Ward) -> None:
    number = filed(ward, 20)
    rest = sql.rows(
        "SELECT settlement_no FROM payment_case WHERE institution_code = %s AND settlement_no <> %s"
        " AND withdrawn_at IS NULL",
        (ward.hospital, number),
    )
    second = rest[0][0]
    generous = ward.pack.with_name("own.yaml")
    generous.write_text(ward.pack.read_text(encoding="utf-8").replace("quota: 50%", "quota: 100%"), encoding="utf-8")
    with pytest.raises(PackUnfit, match="没有用于"):
        payment.file_special(own(ward), second, "high_cost", "", generous, AFTER_MAY)
    with pytest.raises(SpecialRefused) as told:
        payment.file_special(own(ward), second, "nothing", "", ward.pack, instant(date(2022, 7, 1)))
    assert "申报理由 'nothing'" in str(told.value)
    assert "出院 2 例，名额 1（50%，取整），已申报 1" in str(told.value)
    assert "已过申报期限 2022-06-30" in str(told.value)
    _, (places,) = payment.specials_of(own(ward), AREA, "2022-05", ward.pack)
    assert (places.discharges, places.places, places.left) == (2, 1, 0)
    payment.move_special(own(ward), number, "withdraw", "", AFTER_MAY)
    assert payment.file_special(own(ward), second, "high_cost", "", ward.pack, AFTER_MAY).application.state == "filed"
    again = Actor(ward.hospital, frozenset({"institution"}), "371502")
    with pytest.raises(SpecialRefused, match="名额已用完"):
        payment.file_special(again, number, "high_cost", "", ward.pack, AFTER_MAY)


def test_a_cancelled_bill_takes_its_review_with_it_and_frees_the_place(ward: Ward) -> None:
    ward.world.now = instant(date(2022, 5, 21), 12)
    person = ward.world.person("resident", "adult")
    shown = ward.world.stay_bill(person, ward.hospital, date(2022, 5, 21), 2_500_000, insutype="390")
    ward.list(shown, person, "J18.900")
    ward.stay(date(2022, 5, 22), 700_000, "J18.900")
    ward.price(MAY, AFTER_MAY)
    number = shown.settlement_no
    payment.file_special(own(ward), number, "high_cost", "", ward.pack, AFTER_MAY)
    reviewed(number)
    payment.move_special(CHECKER, number, "decide", "", AFTER_MAY, Decision("by_item"))
    ward.cancel(shown, person, date(2022, 6, 10))
    run = ward.price(JUNE, AFTER_JUNE)
    assert run.withdrawn == 1
    assert fund_of(number) is None
    with pytest.raises(SpecialUnknown):
        payment.move_special(CHECKER, number, "close", "", AFTER_JUNE)
    assert not payment.special_of(own(ward), number).stands
    assert payment.special_of(own(ward), number).due_on is None
    assert not ledger.verify().findings
    (used,) = [
        one.used
        for one in payment.specials_of(CHECKER, AREA, "2022-05", ward.pack)[1]
        if one.institution == ward.hospital
    ]
    assert used == 0


def test_two_decisions_at_once_are_one(ward: Ward, db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    number = filed(ward, 23)
    reviewed(number)
    second = Actor("second", frozenset({"agency_review"}), AREA)
    point = meeting(db, monkeypatch, [(room, "_keep")])
    first, other = point.run(
        lambda: payment.move_special(CHECKER, number, "decide", "", AFTER_MAY, Decision("by_item")),
        lambda: payment.move_special(second, number, "decide", "", AFTER_MAY, Decision("rejected")),
    )
    assert not point.met, "the row's lock keeps them apart"
    assert first.application.state == "decided"
    assert isinstance(other, SpecialRefused)
    assert payment.special_of(CHECKER, number).application.decision == Decision("by_item")


def test_a_year_is_not_cleared_over_open_reviews_and_takes_none_after(world: World, tmp_path: Path) -> None:
    ward = Ward(world, tmp_path)
    shown = ward.stay(date(2025, 11, 16), 2_500_000, "J18.900")
    ward.stay(date(2025, 11, 17), 700_000, "J18.900")
    pack = ward.pack
    month, after = Month.of(date(2025, 11, 1)), instant(date(2025, 12, 3))
    ward.price(month, after)
    number = shown.settlement_no
    payment.file_special(own(ward), number, "high_cost", "", pack, after)
    unpriced = ward.stay(date(2025, 12, 5), 600_000, "J18.900").settlement_no
    new_year = instant(date(2026, 1, 20))
    payment.set_budget(CHECKER, AREA, 2025, "resident", 5_000_000, "聊医保 2025-1", new_year)
    with pytest.raises(ClearingRefused) as told:
        payment.clear_year(CHECKER, AREA, 2025, pack, new_year)
    assert f"1 例已收清单而尚未计价，先运行 payment run：{unpriced}" in str(told.value)
    assert f"1 例特例单议尚未办结，或其决定尚未计入价格：{number}" in str(told.value)
    reviewed_on = instant(date(2025, 12, 20))
    payment.assign_special(CLERK, number, [one.name for one in EXPERTS], "", reviewed_on)
    for expert in EXPERTS[:2]:
        payment.move_special(expert, number, "opinion", "", reviewed_on, Decision("by_item"))
    payment.move_special(CHECKER, number, "decide", "", reviewed_on, Decision("by_item"))
    with pytest.raises(ClearingRefused, match=f"尚未计入价格：{number}"):
        payment.clear_year(CHECKER, AREA, 2025, pack, new_year)
    ward.price(Month.of(date(2025, 12, 1)), new_year)
    assert payment.clear_year(CHECKER, AREA, 2025, pack, new_year).schemes["resident"].holds
    with pytest.raises(SpecialRefused, match="2025 年已清算"):
        payment.move_special(own(ward), number, "appeal", "", new_year)
    with pytest.raises(ClearingRefused, match="不再调整预算"):
        payment.set_budget(CHECKER, AREA, 2025, "resident", 6_000_000, "聊医保 2025-2", new_year)
