"""Contributions, accounts, transfer, merge and death: every sum exact, every movement in the ledger."""

from __future__ import annotations

import pytest

from openyibao.foundation import sql
from openyibao.foundation.actors import NotPermitted
from openyibao.kernel.errors import FigureMissing, Malformed
from openyibao.ledger import facade as ledger
from openyibao.people import facade
from openyibao.people.contracts import DeclaredAmounts
from openyibao.people.errors import (
    AccountNotAllowed,
    ContributionDiffers,
    CoverageNotActive,
    NotDoneHere,
    RecordMissing,
    TransferDiffers,
)
from tests.people.support import (
    AGENCY,
    FINANCE,
    REVIEW,
    at,
    day,
    employee,
    employer,
    everything,
    person,
    resident,
    spells,
    worker,
)
from tests.support.actors import actor

pytestmark = pytest.mark.usefixtures("db")
WAGE = 374_600


def balance(number: str, area: str = "371500") -> int:
    return sum(one.balance_fen for one in facade.accounts_of(AGENCY, number) if one.area == area)


def legs(kind: str, document: object) -> list[tuple[str, str, str, str, int, int]]:
    """Book, account, fund, party, debit, credit of a document."""
    return sql.rows(
        "SELECT j.book, l.account_code, l.fund, l.party, l.debit_fen, l.credit_fen FROM ledger_journal j"
        " JOIN ledger_leg l ON l.journal_id = j.id WHERE j.document_kind = %s AND j.document_no = %s"
        " ORDER BY j.book, l.debit_fen DESC, l.credit_fen DESC, l.account_code",
        (kind, str(document)),
    )


def pay(number: str, period: str, **more: object) -> object:
    facts = {"on": day("2022-05-10"), "at": at("2022-05-10"), "wage_fen": WAGE} | more
    return facade.record_contribution(FINANCE, number, period, **facts)  # type: ignore[arg-type]


def sound() -> None:
    """The ledger proves itself."""
    assert ledger.verify().findings == ()


# Contributions --------------------------------------------------------------------------------------------------


def test_an_employee_month_is_computed_and_posted_to_both_books() -> None:
    unit = employer()
    number = worker("2022-01-01", employer_no=unit, employment="")
    made = facade.record_contribution(
        FINANCE, number, "2022-05", on=day("2022-05-10"), at=at("2022-05-10"), wage_fen=WAGE
    )
    assert (made.base_fen, made.employer_fen, made.individual_fen, made.total_fen, made.account_fen) == (
        374_600,
        26_222,
        7_492,
        33_714,
        11_238,
    )
    assert (made.months, made.state, made.declared, made.provisional) == (1, "posted", False, ())
    account = facade.accounts_of(AGENCY, number)[0]
    assert account.balance_fen == 11_238
    assert legs("contribution", made.id) == [
        ("business", "received", "employee_account", "", 11_238, 0),
        ("business", "personal_account", "employee_account", str(account.id), 0, 11_238),
        ("fund", "income_account", "employee_pool", "", 22_476, 0),
        ("fund", "income_account", "employee_account", "", 11_238, 0),
        ("fund", "contribution_income", "employee_pool", unit, 0, 22_476),
        ("fund", "contribution_income", "employee_account", unit, 0, 11_238),
    ]
    sound()


def test_a_repeat_changes_nothing() -> None:
    number = worker("2022-01-01")
    first = pay(number, "2022-05")
    before = everything()
    assert pay(number, "2022-05") == first
    assert everything() == before
    with pytest.raises(ContributionDiffers):
        pay(number, "2022-05", declared=DeclaredAmounts(base_fen=1))
    assert everything() == before


def test_a_resident_year() -> None:
    number = person()
    resident(number, "2022-01-01", asked_on=day("2021-10-01"), until=day("2023-01-01"))
    made = facade.record_contribution(AGENCY, number, "2022", on=day("2022-01-05"), at=at("2022-01-05"))
    assert (made.individual_fen, made.subsidy_fen, made.total_fen, made.account_fen, made.months) == (
        32_000,
        61_000,
        93_000,
        0,
        12,
    )
    assert legs("contribution", made.id) == [
        ("fund", "fiscal_account", "resident", "", 61_000, 0),
        ("fund", "income_account", "resident", "", 32_000, 0),
        ("fund", "subsidy_income", "resident", "371500", 0, 61_000),
        ("fund", "contribution_income", "resident", "", 0, 32_000),
    ]


def test_a_helped_resident_is_sponsored() -> None:
    number = person()
    facade.join_group(AGENCY, number, "extremely_poor", on=day("2022-01-01"), at=at("2022-01-01"))
    resident(number, "2022-01-01")
    made = facade.record_contribution(AGENCY, number, "2022", on=day("2022-01-05"), at=at("2022-01-05"))
    assert (made.individual_fen, made.assistance_fen, made.subsidy_fen) == (0, 32_000, 61_000)
    assert ("fund", "sponsored_enrolment", "assistance", "", 32_000, 0) in legs("contribution", made.id)


def test_a_retiree_is_credited_from_the_pool() -> None:
    number = worker("2022-01-01", status="retired")
    made = facade.record_contribution(
        FINANCE, number, "2022-05", on=day("2022-05-10"), at=at("2022-05-10"), pension_fen=300_000
    )
    assert (made.total_fen, made.account_fen) == (0, 12_000)
    assert made.provisional == ("liaocheng/employee/contribution.yaml#account.of_pension.retired",)
    assert balance(number) == 12_000
    sound()


def test_pool_only_has_no_account() -> None:
    number = worker("2022-01-01", pool_only=True)
    made = facade.record_contribution(
        FINANCE, number, "2022-05", on=day("2022-05-10"), at=at("2022-05-10"), wage_fen=WAGE
    )
    assert (made.total_fen, made.account_fen, facade.accounts_of(AGENCY, number)) == (33_714, 0, ())
    with pytest.raises(AccountNotAllowed):
        facade.open_person_account(AGENCY, number, area="371500", on=day("2022-06-01"), at=at("2022-06-01"))


def test_declared_amounts_are_taken_as_they_are() -> None:
    number = worker("2022-01-01", employment="flexible")
    told = DeclaredAmounts(base_fen=500_000, individual_fen=45_000, account_fen=10_000)
    made = facade.record_contribution(
        AGENCY, number, "2024-07", on=day("2024-07-10"), at=at("2024-07-10"), declared=told
    )
    assert (made.total_fen, made.account_fen, made.declared) == (45_000, 10_000, True)
    with pytest.raises(Malformed):
        facade.record_contribution(
            *(AGENCY, number, "2024-08"),
            on=day("2024-08-10"),
            at=at("2024-08-10"),
            declared=DeclaredAmounts(individual_fen=-1),
        )


def test_what_cannot_be_computed_is_refused_and_changes_nothing() -> None:
    number = worker("2022-01-01", until=day("2024-01-01"))
    before = everything()
    with pytest.raises(FigureMissing):
        pay(number, "2023-05")
    with pytest.raises(CoverageNotActive):
        pay(number, "2024-01")
    with pytest.raises(CoverageNotActive):
        pay(number, "2022")
    with pytest.raises(Malformed):
        pay(number, "2022-13")
    with pytest.raises(NotPermitted):
        facade.record_contribution(REVIEW, number, "2022-05", on=day("2022-05-10"), at=at("2022-05-10"))
    assert everything() == before


def test_deferred_keeps_coverage_and_is_posted_when_paid() -> None:
    number = worker("2022-01-01")
    owed = facade.record_contribution(
        FINANCE, number, "2022-05", on=day("2022-05-10"), at=at("2022-05-10"), wage_fen=WAGE, deferred=True
    )
    assert (owed.state, owed.total_fen, balance(number)) == ("deferred", 33_714, 0)
    assert facade.months_of(AGENCY, number, "371500") == 1
    assert facade.coverage_on(AGENCY, number, day("2022-05-31")).state == "normal"
    paid = facade.record_contribution(
        FINANCE, number, "2022-05", on=day("2022-12-01"), at=at("2022-12-01"), wage_fen=WAGE
    )
    assert (paid.id, paid.state, balance(number)) == (owed.id, "posted", 11_238)
    assert facade.months_of(AGENCY, number, "371500") == 1


def test_a_reversal_takes_back_to_the_fen_and_frees_the_period() -> None:
    number = worker("2022-01-01")
    pay(number, "2022-04")
    pay(number, "2022-05")
    done = facade.reverse_contribution(
        FINANCE, number, "2022-05", on=day("2022-06-01"), at=at("2022-06-01"), why="误收"
    )
    assert (done.state, balance(number)) == ("reversed", 11_238)
    assert facade.months_of(AGENCY, number, "371500") == 1
    with pytest.raises(RecordMissing):
        facade.reverse_contribution(FINANCE, number, "2022-05", on=day("2022-06-01"), at=at("2022-06-01"))
    pay(number, "2022-05")
    assert balance(number) == 22_476
    states = [(one.period, one.state) for one in facade.contributions_of(AGENCY, number)]
    assert states == [("2022-04", "posted"), ("2022-05", "reversed"), ("2022-05", "posted")]
    sound()


# Accounts -------------------------------------------------------------------------------------------------------


def test_an_account_is_opened_once() -> None:
    number = worker("2022-01-01")
    opened = [
        facade.open_person_account(AGENCY, number, area="371502", on=day("2022-01-01"), at=at("2022-01-01"))
        for _ in range(2)
    ]
    assert opened[0] == opened[1]
    (account,) = facade.accounts_of(AGENCY, number)
    assert (account.id, account.area, account.balance_fen) == (opened[0], "371500", 0)
    other = person()
    resident(other, "2022-01-01")
    with pytest.raises(AccountNotAllowed):
        facade.open_person_account(AGENCY, other, area="371500", on=day("2022-06-01"), at=at("2022-06-01"))


# Transfer -------------------------------------------------------------------------------------------------------


def test_months_and_balance_are_conserved_between_areas_of_this_platform() -> None:
    number = worker("2022-01-01")
    for month in ("2022-01", "2022-02", "2022-03"):
        pay(number, month)
    province = actor("agency", "370000")
    out = facade.transfer_out(AGENCY, number, to_area="370200", on=day("2022-04-01"), at=at("2022-04-01"))
    assert (out.months, out.balance_fen, out.from_area, out.to_area, str(out.covered_until)) == (
        3,
        33_714,
        "371500",
        "370200",
        "2022-04-01",
    )
    assert (balance(number), facade.months_of(province, number, "371500")) == (0, 0)
    assert spells(number) == [("2022-01-01", "2022-04-01", "employee/active", "normal")]
    qingdao = actor("agency", "370200")
    before = everything()
    for wrong in ({"months": 4}, {"balance_fen": 33_713}, {"covered_until": day("2022-03-31")}):
        with pytest.raises(TransferDiffers):
            facade.transfer_in(
                qingdao, number, area="370200", slip_id=out.id, on=day("2022-05-01"), at=at("2022-05-01"), **wrong
            )
    with pytest.raises(TransferDiffers):
        facade.transfer_in(
            actor("agency", "370100"), number, area="370100", slip_id=out.id, on=day("2022-05-01"), at=at("2022-05-01")
        )
    with pytest.raises(RecordMissing):
        facade.transfer_in(
            qingdao, person(area="370200"), area="370200", slip_id=out.id, on=day("2022-05-01"), at=at("2022-05-01")
        )
    made = facade.transfer_in(
        qingdao, number, area="370203", slip_id=out.id, on=day("2022-05-01"), at=at("2022-05-01"), months=3
    )
    assert (made.months, made.balance_fen) == (3, 33_714)
    assert (balance(number, "370200"), facade.months_of(province, number, "370203")) == (33_714, 3)
    with pytest.raises(TransferDiffers):
        facade.transfer_in(qingdao, number, area="370200", slip_id=out.id, on=day("2022-05-02"), at=at("2022-05-02"))
    assert everything()["people_transfer"][0] == before["people_transfer"][0] + 1
    enrolled = employee(number, "2022-05-01", area="370203", back_paid=True)
    assert [reason.code for reason in enrolled.reasons] == ["healed"]
    sound()


def test_from_an_agency_outside() -> None:
    number = person()
    made = facade.transfer_in(
        AGENCY,
        number,
        area="371500",
        from_area="110105",
        months=60,
        balance_fen=1_234_567,
        covered_until=day("2022-03-01"),
        on=day("2022-05-01"),
        at=at("2022-05-01"),
    )
    assert (made.from_area, made.months, made.balance_fen, balance(number)) == ("110100", 60, 1_234_567, 1_234_567)
    flexible = employee(number, "2022-05-01", employment="flexible", back_paid=True)
    assert ([reason.code for reason in flexible.reasons], str(flexible.since)) == (["healed"], "2022-03-01")
    assert facade.months_of(AGENCY, number, "371500") == 60
    before = everything()
    with pytest.raises(Malformed) as refused:
        facade.transfer_in(AGENCY, number, area="371500", from_area="110105", on=day("2022-05-01"), at=at("2022-05-01"))
    assert [fault.path for fault in refused.value.faults] == ["balance_fen", "covered_until", "months"]
    assert everything() == before


def test_nothing_to_transfer() -> None:
    number = worker("2022-01-01")
    facade.transfer_out(AGENCY, number, to_area="370200", on=day("2022-04-01"), at=at("2022-04-01"))
    with pytest.raises(NotDoneHere, match="已经转出"):
        facade.transfer_out(AGENCY, number, to_area="370100", on=day("2022-05-01"), at=at("2022-05-01"))
    with pytest.raises(CoverageNotActive):
        facade.transfer_out(AGENCY, person(), to_area="370200", on=day("2022-04-01"), at=at("2022-04-01"))
    with pytest.raises(NotDoneHere):
        facade.transfer_out(AGENCY, worker(), to_area="371502", on=day("2022-04-01"), at=at("2022-04-01"))


# Merge ----------------------------------------------------------------------------------------------------------


def test_two_numbers_become_one_person() -> None:
    keep, drop, relative = person(), person(), worker()
    employee(keep, "2022-01-01", until=day("2022-06-01"))
    employee(drop, "2021-01-01", until=day("2022-03-01"), employment="organ")
    employee(drop, "2022-07-01", employment="organ")
    for number in (keep, drop):
        pay(number, "2022-01")
    pay(keep, "2022-04")
    pay(drop, "2022-08")
    facade.join_group(AGENCY, drop, "monitored", on=day("2022-01-01"), at=at("2022-01-01"))
    facade.authorise_family(AGENCY, drop, relative, on=day("2022-01-01"), at=at("2022-01-01"))
    total = balance(keep) + balance(drop)
    overlapping = facade.history_as_known_at(AGENCY, drop, at("2022-12-01"))[0].id
    with pytest.raises(NotPermitted):
        facade.merge_persons(AGENCY, keep, drop, on=day("2022-12-01"), at=at("2022-12-01"))
    dropped_id = facade.dossier(AGENCY, drop).person_id
    made = facade.merge_persons(REVIEW, keep, drop, on=day("2022-12-01"), at=at("2022-12-01"), why="一人两号")
    assert made.kept_no == keep
    assert made.voided_spells == (overlapping,)
    assert made.paid_twice == ("2022-01",)
    assert (made.moved_fen, balance(keep)) == (22_476, total)
    by_old_number = facade.dossier(AGENCY, drop)
    assert by_old_number.main_no == keep
    assert facade.dossier(AGENCY, dropped_id).main_no == keep
    assert by_old_number.groups_on(day("2022-12-01")) == ("monitored",)
    assert spells(drop) == [
        ("2021-01-01", "2022-01-01", "employee/active", "normal"),
        ("2022-01-01", "2022-06-01", "employee/active", "normal"),
        ("2022-07-01", "None", "employee/active", "normal"),
    ]
    assert facade.dossier(AGENCY, relative).owners_on(day("2022-12-01")) == (by_old_number.person_id,)
    assert facade.person_ids(AGENCY, drop) == (by_old_number.person_id, dropped_id)
    periods = [one.period for one in facade.contributions_of(AGENCY, keep)]
    assert periods == ["2022-01", "2022-01", "2022-04", "2022-08"]
    with pytest.raises(NotDoneHere):
        facade.merge_persons(REVIEW, keep, drop, on=day("2022-12-02"), at=at("2022-12-02"))
    sound()


def test_both_documents_find_the_person_kept() -> None:
    keep, drop = person(), person()
    who = facade.identity_of(AGENCY, drop)
    facade.merge_persons(REVIEW, keep, drop, on=day("2022-12-01"), at=at("2022-12-01"))
    assert facade.find_person(AGENCY, "01", who.cert_no).main_no == keep


def test_persons_who_cannot_be_one_are_not_merged() -> None:
    keep, drop, dead = person(), person("1980-05-21"), person()
    facade.record_death(AGENCY, dead, died_on=day("2022-05-20"), on=day("2022-06-01"), at=at("2022-06-01"))
    before = everything()
    with pytest.raises(NotDoneHere):
        facade.merge_persons(REVIEW, keep, drop, on=day("2022-12-01"), at=at("2022-12-01"))
    with pytest.raises(NotDoneHere):
        facade.merge_persons(REVIEW, keep, dead, on=day("2022-12-01"), at=at("2022-12-01"))
    assert everything() == before


# Death ----------------------------------------------------------------------------------------------------------


def test_the_account_goes_to_the_heir() -> None:
    number, heir, other = worker("2022-01-01"), worker("2022-01-01"), worker("2022-01-01")
    pay(number, "2022-04")
    pay(heir, "2022-04")
    facade.authorise_family(AGENCY, number, other, on=day("2022-01-01"), at=at("2022-01-01"))
    made = facade.record_death(
        AGENCY, number, died_on=day("2022-05-20"), on=day("2022-06-01"), at=at("2022-06-01"), heir_no=heir
    )
    assert (made.to_account_fen, made.to_cash_fen) == (11_238, 0)
    assert (balance(number), balance(heir)) == (0, 22_476)
    assert spells(number) == [("2022-01-01", "2022-05-21", "employee/active", "normal")]
    assert facade.dossier(AGENCY, other).owners_on(day("2022-05-21")) == ()
    assert facade.accounts_of(AGENCY, number)[0].closed_on == day("2022-06-01")
    before = everything()
    with pytest.raises(NotDoneHere):
        facade.record_death(AGENCY, number, died_on=day("2022-05-20"), on=day("2022-06-01"), at=at("2022-06-01"))
    assert everything() == before
    sound()


def test_without_an_account_to_go_to_it_is_owed_in_cash() -> None:
    number, heir = worker("2022-01-01"), person()
    pay(number, "2022-04")
    made = facade.record_death(
        AGENCY, number, died_on=day("2022-05-20"), on=day("2022-06-01"), at=at("2022-06-01"), heir_no=heir
    )
    assert (made.to_account_fen, made.to_cash_fen, balance(number)) == (0, 11_238, 0)
    heir_id = str(facade.dossier(AGENCY, heir).person_id)
    assert ("business", "payable_person", "employee_account", heir_id, 0, 11_238) in legs("death", number)


def test_a_death_must_make_sense() -> None:
    number = worker("2022-01-01")
    before = everything()
    for died, heir in (("1979-01-01", ""), ("2022-07-01", ""), ("2022-05-20", number)):
        with pytest.raises(NotDoneHere):
            facade.record_death(
                AGENCY, number, died_on=day(died), on=day("2022-06-01"), at=at("2022-06-01"), heir_no=heir
            )
    assert everything() == before
