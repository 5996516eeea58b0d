"""Bills settled through the door: amounts, states, refusals that change nothing, cancellations, replays."""

from __future__ import annotations

from datetime import date

import pytest

from openyibao.foundation import sql
from openyibao.kernel.money import yuan_text
from openyibao.ledger import facade as ledger
from openyibao.policy.facade import Policies, case_from, year_as_rows
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import Cancel, Settlement, Totals
from openyibao.settlement.errors import AlreadyCancelled, LaterSettlement, MoveRefused, NothingToSettle, TotalsDiffer
from tests.support.world import World


def counts() -> list[int]:
    """Rows of everything a settlement may touch."""
    tables = ("settlement_document", "ledger_journal", "ledger_leg", "settlement_person_year", "settlement_adjustment")
    return [sql.one(f"SELECT count(*) FROM {table}")[0] for table in tables]  # type: ignore[index]


def cancel(world: World, done: Settlement, person: str, institution: str, *, inpatient: bool = False) -> Settlement:
    infno = "2305" if inpatient else "2208"
    return settlement.reverse(
        world.caller(institution, infno), Cancel(done.settlement_no, done.visit_no, person, inpatient)
    )


def test_a_year_equals_the_case_file(world: World, policies: Policies) -> None:
    person = world.person("employee", "active", balance_fen=80_000)
    hospital, clinic = world.hospital("tertiary"), world.hospital("primary")
    done = [
        world.bill(person, clinic, date(2023, 2, 1), 90_000, non_covered=1_234),
        world.stay_bill(person, hospital, date(2023, 3, 5), 4_000_000, non_covered=120_000),
        world.stay_bill(person, hospital, date(2023, 6, 5), 20_000_000, non_covered=1),
        world.bill(person, hospital, date(2023, 7, 1), 300_000),
    ]
    case = {
        "person": {"area": "371500", "scheme": "employee", "status": "active", "account_balance": "800.00"},
        "visits": [
            {
                "date": "2023-02-01",
                "benefit": "outpatient",
                "level": "primary",
                "in_scope": "900.00",
                "non_covered": "12.34",
            },
            {
                "date": "2023-03-05",
                "benefit": "inpatient",
                "level": "tertiary",
                "in_scope": "40000.00",
                "non_covered": "1200.00",
            },
            {
                "date": "2023-06-05",
                "benefit": "inpatient",
                "level": "tertiary",
                "in_scope": "200000.00",
                "non_covered": "0.01",
            },
            {"date": "2023-07-01", "benefit": "outpatient", "level": "tertiary", "in_scope": "3000.00"},
        ],
    }
    wanted = year_as_rows(policies.settle(case_from(case)))
    for mine, row in zip(done, wanted["visits"], strict=True):
        for name, text in row.items():
            if name in mine.amounts:
                assert yuan_text(mine.amounts[name]) == text, name
    state = settlement.year_of(person, 2023, "371500", "employee")
    assert state["seq"] == wanted["year"]["seq"]
    for name, text in wanted["year"]["counters"].items():
        value = state["counters"].get(name, 0)
        assert (str(value) if name.endswith(".stays") else yuan_text(value)) == text


def test_the_journal_says_who_pays_the_hospital(world: World) -> None:
    person = world.person("employee", "active", balance_fen=10_000)
    hospital = world.hospital("tertiary")
    done = world.stay_bill(person, hospital, date(2024, 3, 5), 500_000)
    legs = sql.rows(
        "SELECT l.account_code, l.fund, l.party_kind, l.debit_fen, l.credit_fen FROM ledger_leg l JOIN ledger_journal j"
        " ON j.id = l.journal_id WHERE j.document_no = %s AND j.book = 'business'",
        (done.settlement_no,),
    )
    payable = sum(credit for account, _, _, _, credit in legs if account == "payable_institution")
    assert payable == done.amounts["fund_pay_sumamt"] + done.amounts["acct_pay"]
    assert done.amounts["acct_pay"] == 10_000
    assert done.amounts["balc"] == 0
    assert done.amounts["medfee_sumamt"] == sum(
        done.amounts[name] for name in ("fund_pay_sumamt", "hosp_part_amt", "acct_pay", "psn_cash_pay")
    )


def test_a_trial_is_the_settlement_without_the_write(world: World) -> None:
    from openyibao.settlement.contracts import Settle

    person = world.person()
    hospital = world.hospital("secondary")
    visit = world.visit(person, hospital, date(2024, 5, 5))
    world.upload(person, hospital, visit, date(2024, 5, 5), {"in_scope": 123_456, "non_covered": 789})
    before = counts()
    command = Settle(visit, person, "310", 124_245, False, "B1", "11", Totals(789, 0, 0, 123_456))
    trial = settlement.pre_settle(world.caller(hospital, "2206"), command)
    assert counts() == before
    done = settlement.settle(world.caller(hospital), command)
    assert done.amounts == trial.amounts
    assert trial.settlement_no == ""


def test_totals_that_differ_are_all_named_and_nothing_is_written(world: World) -> None:
    person = world.person()
    hospital = world.hospital("secondary")
    visit = world.visit(person, hospital, date(2024, 5, 5))
    world.upload(person, hospital, visit, date(2024, 5, 5), {"in_scope": 1_000})
    before = counts()
    with pytest.raises(TotalsDiffer) as refusal:
        world.settle(person, hospital, visit, 1_001, totals=Totals(1, 0, 0, 1_000))
    assert "medfee_sumamt" in str(refusal.value)
    assert "fulamt_ownpay_amt" in str(refusal.value)
    assert "inscp_scp_amt" not in str(refusal.value)
    assert counts() == before


def test_settled_twice_is_refused(world: World) -> None:
    person = world.person()
    hospital = world.hospital("secondary")
    done = world.bill(person, hospital, date(2024, 5, 5), 1_000)
    with pytest.raises(NothingToSettle, match="已结算"):
        world.settle(person, hospital, done.visit_no, 1_000)


def test_cancelling_gives_everything_back(world: World) -> None:
    person = world.person(balance_fen=50_000)
    hospital = world.hospital("tertiary")
    first = world.stay_bill(person, hospital, date(2024, 1, 20), 300_000)
    before = settlement.year_of(person, 2024, "371500", "employee")
    done = world.stay_bill(person, hospital, date(2024, 2, 20), 900_000)
    negative = cancel(world, done, person, hospital, inpatient=True)
    assert {name: -fen for name, fen in done.amounts.items() if name != "balc"} == {
        name: fen for name, fen in negative.amounts.items() if name != "balc"
    }
    assert negative.amounts["balc"] == first.amounts["balc"]
    after = settlement.year_of(person, 2024, "371500", "employee")
    assert (after["counters"], after["stays"]) == (before["counters"], before["stays"])
    assert after["seq"] == before["seq"] + 2
    shown = settlement.settlement_of(world.caller(hospital, "5203"), done.settlement_no, person)
    assert (shown.state, shown.cancelled_by) == ("cancelled", negative.settlement_no)
    with pytest.raises(AlreadyCancelled):
        cancel(world, done, person, hospital, inpatient=True)
    again = world.settle(person, hospital, done.visit_no, 900_000, inpatient=True)
    assert {**again.amounts} == {**done.amounts}


def test_later_settlements_stand_in_the_way(world: World) -> None:
    person = world.person()
    hospital = world.hospital("tertiary")
    first = world.stay_bill(person, hospital, date(2024, 1, 20), 300_000)
    second = world.stay_bill(person, world.hospital("secondary"), date(2024, 2, 20), 900_000)
    before = counts()
    with pytest.raises(LaterSettlement) as refusal:
        cancel(world, first, person, hospital, inpatient=True)
    assert second.settlement_no in str(refusal.value)
    assert counts() == before


def test_differences_go_to_the_person_where_the_area_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch, policies: Policies
) -> None:
    from openyibao.settlement import cancelling

    monkeypatch.setattr(cancelling, "switch", lambda *_: "replay_to_person")
    person = world.person()
    hospital = world.hospital("tertiary")
    first = world.stay_bill(person, hospital, date(2024, 1, 20), 300_000)
    second = world.stay_bill(person, world.hospital("secondary"), date(2024, 2, 20), 900_000)
    negative = cancel(world, first, person, hospital, inpatient=True)
    case = {
        "person": {"area": "371500", "scheme": "employee", "status": "active"},
        "visits": [
            {"date": "2024-01-20", "benefit": "inpatient", "level": "tertiary", "in_scope": "3000.00"},
            {"date": "2024-02-20", "benefit": "inpatient", "level": "secondary", "in_scope": "9000.00"},
            {"date": "2024-11-20", "reverses": 0},
        ],
    }
    wanted = year_as_rows(policies.settle(case_from(case)))["visits"][2]["adjustments"]
    assert wanted, "the first stay's deductible counts for the second"
    mine = [
        {"visit": 1, "payers": {name: yuan_text(fen) for name, fen in change["payers"].items()}}
        for change in negative.adjustments
        if change["target"] == second.settlement_no
    ]
    assert mine == wanted
    change = negative.adjustments[0]
    from tests.support.actors import actor

    settlement.settle_adjustment(actor("agency"), change["id"], world.now)
    stored = settlement.settlement_of(world.caller(world.hospital("secondary"), "5203"), second.settlement_no, person)
    assert stored.amounts == second.amounts, "nobody's document is altered"
    assert ledger.verify().findings == ()


def test_the_state_machine_says_what_is_missing(world: World) -> None:
    person = world.person()
    hospital = world.hospital("secondary")
    stay = world.stay(person, hospital, date(2024, 5, 1))
    world.upload(person, hospital, stay, date(2024, 5, 2), {"in_scope": 100_000}, inpatient=True)
    with pytest.raises(MoveRefused) as refusal:
        world.settle(person, hospital, stay, 100_000, inpatient=True)
    assert refusal.value.code == "NOT_DISCHARGED"
    with pytest.raises(MoveRefused) as refusal:
        settlement.cancel_admission(world.caller(hospital, "2404"), stay, person)
    assert refusal.value.code == "LINES_REMAIN"
    world.discharge(person, hospital, stay, date(2024, 5, 6))
    done = world.settle(person, hospital, stay, 100_000, inpatient=True)
    with pytest.raises(MoveRefused) as refusal:
        settlement.cancel_discharge(world.caller(hospital, "2405"), stay, person)
    assert refusal.value.code == "VISIT_SETTLED"
    assert done.state == "standing"


def test_mid_stay_pieces_are_one_stay(world: World, policies: Policies) -> None:
    person = world.person("resident", "adult")
    hospital = world.hospital("tertiary")
    stay = world.stay(person, hospital, date(2024, 5, 1), "390")
    world.upload(person, hospital, stay, date(2024, 5, 10), {"in_scope": 1_000_000}, inpatient=True)
    piece = world.settle(
        person, hospital, stay, 1_000_000, inpatient=True, insutype="390", mid_stay=True, ended_on=date(2024, 5, 31)
    )
    world.upload(person, hospital, stay, date(2024, 6, 10), {"in_scope": 2_000_000}, inpatient=True)
    world.discharge(person, hospital, stay, date(2024, 6, 15), "390")
    rest = world.settle(person, hospital, stay, 2_000_000, inpatient=True, insutype="390")
    assert piece.amounts["act_pay_dedc"] > 0
    assert rest.amounts["act_pay_dedc"] == 0
    cancel(world, rest, person, hospital, inpatient=True)
    settlement.cancel_discharge(world.caller(hospital, "2405"), stay, person)
    cancel(world, piece, person, hospital, inpatient=True)
    world.discharge(person, hospital, stay, date(2024, 6, 15), "390")
    whole = world.settle(person, hospital, stay, 3_000_000, inpatient=True, insutype="390")
    assert whole.amounts["medfee_sumamt"] == 3_000_000
    assert whole.amounts["act_pay_dedc"] == piece.amounts["act_pay_dedc"]


def test_a_bill_is_explained_by_settling_it_again(world: World) -> None:
    from tests.support.actors import SYSTEM

    person = world.person("resident", "adult", groups=("minimum_living",))
    done = world.stay_bill(person, world.hospital("tertiary"), date(2022, 6, 10), 6_000_000, insutype="390")
    text = settlement.explain(SYSTEM, done.settlement_no)
    assert "60,000.00" in text
    assert "医疗救助" in text
    assert yuan_text(done.amounts["hifp_pay"]).replace("35520", "35,520") in text


def test_counters_replay_from_the_documents(world: World) -> None:
    person = world.person("resident", "adult", groups=("minimum_living",))
    for month in (1, 3, 5):
        world.stay_bill(person, world.hospital("tertiary"), date(2023, month, 10), 2_500_000, insutype="390")
    person_id = sql.one("SELECT person_id FROM people_number WHERE person_no = %s", (person,))[0]  # type: ignore[index]
    replayed = settlement.replayed_year(person_id, 2023, "371500", "resident")
    stored = settlement.year_of(person, 2023, "371500", "resident")
    assert replayed.counters == stored["counters"]
    assert replayed.stays == stored["stays"]


def test_two_numbers_of_one_person_share_one_year(world: World, policies: Policies) -> None:
    from openyibao.people import facade as people
    from tests.support.actors import actor

    kept, gone = world.person("resident", "adult"), world.person("resident", "adult")
    hospital = world.hospital("tertiary")
    first = world.stay_bill(kept, hospital, date(2024, 1, 20), 300_000, insutype="390")
    second = world.stay_bill(gone, hospital, date(2024, 2, 20), 900_000, insutype="390")
    assert first.amounts["act_pay_dedc"] == second.amounts["act_pay_dedc"], "each was somebody's first stay"
    people.merge_persons(actor("agency_review"), kept, gone, on=date(2024, 3, 1), at=world.now)
    found = settlement.join_person_years(actor("agency"), kept, world.now)
    assert [one.settlement_no for one in found] == [second.settlement_no]
    assert settlement.join_person_years(actor("agency"), kept, world.now) == []
    third = world.stay_bill(gone, hospital, date(2024, 3, 20), 500_000, insutype="390")
    case = {
        "person": {"area": "371500", "scheme": "resident", "status": "adult"},
        "visits": [
            {"date": f"2024-{month:02d}-20", "benefit": "inpatient", "level": "tertiary", "in_scope": scope}
            for month, scope in ((1, "3000.00"), (2, "9000.00"), (3, "5000.00"))
        ],
    }
    wanted = year_as_rows(policies.settle(case_from(case)))["visits"][2]
    assert yuan_text(third.amounts["fund_pay_sumamt"]) == wanted["fund_pay_sumamt"]
    negative = cancel(world, third, gone, hospital, inpatient=True)
    assert negative.amounts["fund_pay_sumamt"] == -third.amounts["fund_pay_sumamt"]
    assert negative.adjustments == (), "what the joining changed was settled with it"
    person_id = sql.one("SELECT person_id FROM people_number WHERE person_no = %s", (gone,))[0]  # type: ignore[index]
    stored = settlement.year_of(gone, 2024, "371500", "resident")
    assert settlement.replayed_year(person_id, 2024, "371500", "resident").counters == stored["counters"]


def test_a_transfer_may_follow_a_stay_that_no_fund_paid(world: World) -> None:
    from openyibao.settlement.contracts import Circumstances

    person = world.person()
    hospital = world.hospital("secondary")
    hurt = world.stay_bill(
        person, hospital, date(2024, 3, 5), 100_000, circumstances=Circumstances(exclusion="work_injury")
    )
    assert hurt.amounts["fund_pay_sumamt"] == 0
    said = Circumstances(origin="transfer_up", follows=hurt.visit_no)
    moved = world.stay_bill(person, world.hospital("tertiary"), date(2024, 3, 20), 1_000_000, circumstances=said)
    assert moved.amounts["fund_pay_sumamt"] > 0
    person_id = sql.one("SELECT person_id FROM people_number WHERE person_no = %s", (person,))[0]  # type: ignore[index]
    stored = settlement.year_of(person, 2024, "371500", "employee")
    assert settlement.replayed_year(person_id, 2024, "371500", "employee").counters == stored["counters"]


def test_a_stay_over_new_year_bears_one_deductible(world: World) -> None:
    person = world.person("resident", "adult")
    hospital = world.hospital("tertiary")
    stay = world.stay(person, hospital, date(2023, 12, 10), "390")
    world.upload(person, hospital, stay, date(2023, 12, 20), {"in_scope": 1_000_000}, inpatient=True)
    old = world.settle(
        person, hospital, stay, 1_000_000, inpatient=True, insutype="390", mid_stay=True, ended_on=date(2023, 12, 31)
    )
    world.upload(person, hospital, stay, date(2024, 1, 5), {"in_scope": 2_000_000}, inpatient=True)
    world.discharge(person, hospital, stay, date(2024, 1, 10), "390")
    new = world.settle(person, hospital, stay, 2_000_000, inpatient=True, insutype="390")
    assert (old.amounts["act_pay_dedc"], new.amounts["act_pay_dedc"]) == (80_000, 0)
    assert (old.year, new.year) == (2023, 2024)
    later = world.stay_bill(person, hospital, date(2024, 3, 1), 500_000, insutype="390")
    assert later.amounts["act_pay_dedc"] == 80_000, "the first stay of the new year"
    person_id = sql.one("SELECT person_id FROM people_number WHERE person_no = %s", (person,))[0]  # type: ignore[index]
    stored = settlement.year_of(person, 2024, "371500", "resident")
    replayed = settlement.replayed_year(person_id, 2024, "371500", "resident")
    assert (replayed.counters, replayed.stays) == (stored["counters"], stored["stays"])
    cancel(world, later, person, hospital, inpatient=True)
    assert settlement.year_of(person, 2024, "371500", "resident")["stays"].keys() == {stay}
