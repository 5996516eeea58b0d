"""A worked month, to the fen: contributions, settlements, a reversal, payments, premiums, close, bridge."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from openyibao.foundation import sql
from openyibao.foundation.actors import SYSTEM, NotPermitted
from openyibao.ledger import facade
from openyibao.ledger.contracts import FundBridge, Month
from openyibao.ledger.errors import InterestRateMissing, PeriodClosed, PeriodNotClosable
from tests.ledger.books import AREA, HOSPITAL, OTHER, balance, book, codes, new_account, reverse
from tests.support.actors import actor

MAY, JUNE = Month(date(2024, 5, 1)), Month(date(2024, 6, 1))
IN_JUNE = datetime(2024, 6, 3, 2, tzinfo=UTC)
Books = dict[str, int]


@pytest.fixture(scope="module")
def month(db: str) -> Books:
    """The month as posted; ids of what the tests ask for."""
    book("opening_balance", {"fund:employee_pool": 100_000_000, "fund:resident": 50_000_000}, "2024-05-01")
    book("opening_balance", {"fund:assistance": 2_000_000}, "2024-05-01")
    account = new_account()
    relative = new_account(80_000)
    # contributions: 9 % of 8,000.00, 3 % of it into the account
    book("contribution_employee", {"pool": 48_000, f"account:{account}": 24_000}, "2024-05-03", employer="31")
    book("contribution_resident", {"individual": 38_000, "subsidy": 67_000, "assisted": 38_000}, "2024-05-04")
    moved = {"employee_pool": 40_000_000, "resident": 30_000_000, "assistance": 1_000_000, "employee_account": 104_000}
    down = {f"fiscal_to_expenditure:{name}": fen for name, fen in moved.items()}
    book("fund_between_accounts", {"income_to_fiscal:employee_account": 104_000, **down}, "2024-05-05")
    premiums = {"serious_illness_resident": 5_000 * 9_000, "serious_illness_employee": 700 * 2_000}
    book("premium_transfer", premiums, "2024-05-06")
    # settlements
    book("settlement", {"fund:employee_pool": 3_273_600, f"account:{account}": 20_000}, "2024-05-08")
    undone = book("settlement", {"fund:employee_pool": 900_000, f"account:{relative}": 30_000}, "2024-05-09")
    resident = {"fund:resident": 2_500_000, "fund:serious_illness_resident": 400_000, "fund:assistance": 150_000}
    book("settlement", resident, "2024-05-10", institution=OTHER, person="8")
    reverse(undone["business"])
    # the slip of the month: audit, deposit, advance, payment
    book("advance_paid", {"fund:resident": 600_000}, "2024-05-11", institution=OTHER)
    book("audit_deduction", {"fund:employee_pool": 73_600}, "2024-05-28")
    book("deposit_withheld", {"fund:employee_pool": 160_000}, "2024-05-28")
    book("advance_offset", {"fund:resident": 250_000}, "2024-05-28", institution=OTHER)
    book("institution_payment", {"fund:employee_pool": 3_000_000, "fund:employee_account": 20_000}, "2024-05-29")
    special = {"fund:resident": 2_000_000, "fund:serious_illness_resident": 400_000}
    book("institution_payment", special, "2024-05-29", institution=OTHER)
    # differences of a replay, a third party, a manual claim
    book("replay_difference", {"to_person:resident": 1_234, "from_person:employee_pool": 5_000}, "2024-05-30")
    book("difference_settled", {"to_person:resident": 1_234, "from_person:employee_pool": 2_000}, "2024-05-30")
    book("receivable_third_party", {"fund:resident": 700_000}, "2024-05-30")
    book("third_party_recovered", {"fund:resident": 100_000}, "2024-05-31")
    book("manual_claim", {"fund:resident": 66_600}, "2024-05-31")
    book("person_payment", {"fund:resident": 60_000}, "2024-05-31")
    return {"account": account, "relative": relative}


def fund(name: str) -> FundBridge:
    return next(one for one in facade.bridge(AREA, MAY).funds if one.fund == name)


def steps(name: str) -> dict[str, int]:
    return {item.key: item.fen for item in fund(name).steps}


def test_the_employee_pool_from_settled_to_paid(month: Books) -> None:
    assert steps("employee_pool") == {
        "claims_settled": 3_273_600,
        "replay_differences": -5_000,
        "audit_deductions": -73_600,
        "receivable_person": 3_000,
        "payable_institution": -40_000,
        "quality_deposit": -160_000,
    }
    found = fund("employee_pool")
    assert found.paid_fen == 3_000_000 - 2_000
    assert {item.key: item.fen for item in found.recognised} == {
        "benefit_expense": 3_000_000,
        "benefits_recovered": -2_000,
    }
    assert (found.payables_opening_fen, found.payables_closing_fen) == (0, 40_000)
    assert {item.key: item.fen for item in found.payables} == {
        "settlement": 3_273_600,
        "audit_deduction": -73_600,
        "deposit_withheld": -160_000,
        "institution_payment": -3_000_000,
    }
    assert found.premiums_fen == 1_400_000
    assert found.difference_fen == 0


def test_the_resident_fund_with_advance_third_party_and_manual_claim(month: Books) -> None:
    assert steps("resident") == {
        "claims_settled": 2_566_600,
        "replay_differences": 1_234,
        "third_party_share": -700_000,
        "receivable_third_party": 600_000,
        "advance_institution": 350_000,
        "payable_institution": -250_000,
        "payable_person": -6_600,
    }
    found = fund("resident")
    assert found.paid_fen == 600_000 + 2_000_000 + 1_234 + 60_000 - 100_000
    assert {item.key: item.fen for item in found.recognised} == {
        "benefit_expense": 250_000 + 2_000_000 + 1_234 + 60_000,
        "benefits_recovered": -100_000,
        "temporary_payment": 350_000,
    }
    assert found.premiums_fen == 45_000_000
    assert found.difference_fen == 0


def test_personal_accounts_in_the_bridge(month: Books) -> None:
    assert steps("employee_account") == {
        "personal_account.account_transfer_in": -80_000,
        "personal_account.contribution_employee": -24_000,
        "personal_account.settlement": 20_000,
        "received": 104_000,
    }
    found = fund("employee_account")
    assert (found.paid_fen, found.credited_fen, found.account_income_fen) == (20_000, 104_000, 104_000)
    assert (balance(month["account"]), balance(month["relative"])) == (4_000, 80_000)
    assert facade.balance_on("personal_account", AREA, date(2024, 5, 31)) == 84_000


def test_claims_of_a_special_account_are_never_fund_expenditure(month: Books) -> None:
    found = fund("serious_illness_resident")
    assert [(item.key, item.fen) for item in found.recognised] == [("special_claims", 400_000)]
    trial = facade.trial_balance("fund", AREA, MAY)
    expenses = {
        (row.account, row.fund): row.closing_fen
        for row in trial.rows
        if facade.accounts()[row.account].kind == "expense"
    }
    assert expenses == {
        ("benefit_expense", "employee_pool"): 3_000_000,
        ("benefit_expense", "employee_account"): 20_000,
        ("benefit_expense", "resident"): 2_311_234,
        ("benefits_recovered", "employee_pool"): -2_000,
        ("benefits_recovered", "resident"): -100_000,
        ("premium_expense", "employee_pool"): 1_400_000,
        ("premium_expense", "resident"): 45_000_000,
        ("sponsored_enrolment", "assistance"): 38_000,
    }
    special = facade.balance_on("special_account", AREA, date(2024, 5, 31), "serious_illness_resident")
    assert special == 45_000_000 - 400_000


def test_both_books_are_balanced_fund_by_fund(month: Books) -> None:
    for name in ("business", "fund"):
        trial = facade.trial_balance(name, AREA, MAY)  # type: ignore[arg-type]
        assert trial.balanced
        assert len(trial.rows) > 10
    assert codes() == []


def test_statements_run_to_the_balance(month: Books) -> None:
    found = facade.account_statement(month["relative"], date(2024, 5, 3), date(2024, 5, 31))
    assert [(str(line.day), line.template, line.fen, line.balance_fen) for line in found.lines] == [
        ("2024-05-09", "settlement", -30_000, 50_000),
        ("2024-05-20", "settlement", 30_000, 80_000),
    ]
    assert (found.opening_fen, found.closing_fen) == (80_000, 80_000)
    owed = facade.institution_statement(HOSPITAL, date(2024, 5, 1), date(2024, 5, 31))
    assert owed.closing_fen == 40_000
    assert sum(line.fen for line in owed.lines) == 40_000
    assert facade.balance_on("payable_institution", AREA, date(2024, 5, 31), party=OTHER) == 250_000 + 150_000
    assert facade.balance_on("payable_institution", AREA, date(2024, 5, 31)) == 440_000


def test_closing_the_month_and_going_on(month: Books) -> None:
    with pytest.raises(PeriodNotClosable, match="尚未结束"), transaction.atomic():
        facade.close_month(SYSTEM, AREA, MAY, datetime(2024, 5, 31, 10, tzinfo=UTC))
    with pytest.raises(PeriodNotClosable, match="2024-05 尚未结账"), transaction.atomic():
        facade.close_month(SYSTEM, AREA, JUNE, datetime(2024, 7, 1, 10, tzinfo=UTC))
    with pytest.raises(NotPermitted), transaction.atomic():
        facade.close_month(actor("agency"), AREA, MAY, IN_JUNE)
    before = {name: facade.trial_balance(name, AREA, MAY) for name in ("business", "fund")}  # type: ignore[arg-type]
    with transaction.atomic(durable=True):
        rows = facade.close_month(actor("finance"), AREA, MAY, IN_JUNE)
    assert rows == sql.one("SELECT count(*) FROM ledger_snapshot")[0]  # type: ignore[index]
    assert sql.one("SELECT actor, record, area FROM foundation_audit WHERE action = 'ledger.close_month'") == (
        *("test-finance", "2024-05", AREA),
    )
    with pytest.raises(PeriodNotClosable, match="已结账"), transaction.atomic():
        facade.close_month(SYSTEM, AREA, MAY, IN_JUNE)
    for name, trial in before.items():
        assert facade.trial_balance(name, AREA, MAY) == trial  # type: ignore[arg-type]
    with pytest.raises(PeriodClosed):
        book("settlement", {"fund:resident": 5}, "2024-05-31")
    assert facade.open_day(AREA, "business", date(2024, 5, 20)) == date(2024, 6, 1)
    # June begins with May's closing and a May bill is taken back in June
    undone = sql.one("SELECT min(id) FROM ledger_journal WHERE template = 'settlement'")
    assert undone is not None
    reverse(undone[0], "2024-06-01")
    june = facade.trial_balance("business", AREA, JUNE)
    owed = next(r for r in june.rows if (r.account, r.fund) == ("payable_institution", "employee_pool"))
    assert (owed.opening_fen, owed.debit_fen, owed.closing_fen) == (-40_000, 3_273_600, 3_233_600)
    assert facade.balance_on("payable_institution", AREA, date(2024, 6, 30), "employee_pool") == -3_233_600
    assert facade.bridge(AREA, JUNE).difference_fen == 0
    assert codes() == []
    with transaction.atomic(durable=True):
        facade.close_month(SYSTEM, AREA, JUNE, datetime(2024, 7, 1, 10, tzinfo=UTC))
    assert codes() == []


def test_adjustment_money_is_eliminated_at_the_province(month: Books) -> None:
    day = "2024-07-02"
    book("provincial_adjustment", {"paid_up:resident": 300_000}, day)
    book("provincial_adjustment", {"received:resident": 120_000}, day, "370100")
    province = {"collected:resident": 300_000, "distributed:resident": 120_000}
    book("provincial_adjustment_province", province, day, "370000")
    july = Month(date(2024, 7, 1))
    whole = facade.trial_balance("fund", "370000", july, consolidated=True)
    assert whole.balanced
    assert whole.eliminated_fen == 420_000
    assert not [row for row in whole.rows if row.account.startswith("adjustment")]
    alone = facade.trial_balance("fund", "370000", july)
    assert {row.account for row in alone.rows} == {"fiscal_account", "adjustment_collected", "adjustment_distributed"}


def test_interest_once_per_account_and_year(db: str) -> None:
    area = "371700"
    accounts = [new_account(100_000, area, "2022-03-01"), new_account(area=area)]
    book("account_transfer_in", {f"account:{accounts[0]}": 50_050}, "2023-04-01", area)
    late = new_account(70_000, area, "2024-02-01")
    at = datetime(2024, 3, 1, tzinfo=UTC)
    # 1,000.00 carried at 1.10 % = 11.00; 500.50 at 0.35 % = 1.75175
    with transaction.atomic(durable=True):
        assert facade.credit_interest(SYSTEM, area, 2023, date(2024, 3, 1), at) == 1_275
    with transaction.atomic(durable=True):
        assert facade.credit_interest(SYSTEM, area, 2023, date(2024, 3, 1), at) == 0
    assert [balance(one) for one in (*accounts, late)] == [151_325, 0, 70_000]
    with pytest.raises(InterestRateMissing), transaction.atomic():
        facade.credit_interest(SYSTEM, area, 2015, date(2024, 3, 1), at)
    with pytest.raises(NotPermitted), transaction.atomic():
        facade.credit_interest(actor("agency"), area, 2023, date(2024, 3, 1), at)
    assert codes() == []


@pytest.mark.parametrize(
    ("opening", "closing", "fen"),
    [(0, 0, 0), (100_000, 100_000, 1_100), (100_000, 40_000, 440), (0, 100_000, 350), (45, 45, 0), (46, 46, 1)],
)
def test_interest_is_rounded_half_up_once(opening: int, closing: int, fen: int) -> None:
    assert facade.interest_fen(opening, closing, (110, 35)) == fen
