"""Posting templates and the data beside them: balanced by construction, exact legs, faults told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openyibao.ledger.chart import KINDS, PARTY_KINDS, accounts, fund_of, funds
from openyibao.ledger.contracts import BOOKS, Leg
from openyibao.ledger.errors import TemplateMisused
from openyibao.ledger.facade import faults_of, legs_of
from openyibao.ledger.templates import Template, templates
from openyibao.policy.terms import FUND_FIELDS, SCHEMES

PARTIES = {
    "institution": "H37150000001",
    "person": "42",
    "employer": "9",
    "insurer": "人保财险",
    "treasury": "市财政局",
    "account": "1",
    "heir_account": "2",
    "into_account": "3",
}


def keys_of(template: Template) -> dict[str, list[str]]:
    """Amount names a template knows, each with some that fit it."""
    found: dict[str, list[str]] = {}
    for pairs in template.pairs.values():
        for pair in pairs:
            prefix, star, _ = pair.amount.partition("*")
            fitting = [code for code, fund in funds().items() if pair.fund == "*any" or fund.nature != "account"]
            if not star:
                found[pair.amount] = [pair.amount]
            elif prefix == "account:":
                found[pair.amount] = ["account:11", "account:12", "account:13"]
            else:
                found[pair.amount] = [prefix + code for code in fitting]
    return found


@st.composite
def used(draw: st.DrawFn) -> tuple[Template, Mapping[str, int]]:
    template = draw(st.sampled_from(list(templates().values())))
    names = [name for group in keys_of(template).values() for name in group]
    amounts = draw(st.dictionaries(st.sampled_from(names), st.integers(-(10**12), 10**12), max_size=8))
    return template, amounts


@given(used())
def test_every_template_balances_for_any_amounts_by_book_and_fund(drawn: tuple[Template, Mapping[str, int]]) -> None:
    template, amounts = drawn
    for book in template.pairs:
        legs = legs_of(template.name, amounts, PARTIES, book)
        sums: dict[str, int] = defaultdict(int)
        for leg in legs:
            assert min(leg.debit_fen, leg.credit_fen) == 0 < max(leg.debit_fen, leg.credit_fen)
            sums[leg.fund] += leg.debit_fen - leg.credit_fen
        assert set(sums.values()) <= {0}
        assert faults_of(legs, book) == ([] if legs else ["没有分录"])


@given(used())
def test_negated_amounts_exchange_the_sides(drawn: tuple[Template, Mapping[str, int]]) -> None:
    template, amounts = drawn
    for book in template.pairs:
        forth = legs_of(template.name, amounts, PARTIES, book)
        back = legs_of(template.name, {key: -fen for key, fen in amounts.items()}, PARTIES, book)
        assert back == [
            Leg(leg.account, leg.fund, leg.party_kind, leg.party, leg.credit_fen, leg.debit_fen) for leg in forth
        ]


def test_every_template_can_be_posted_with_every_amount_it_names() -> None:
    for template in templates().values():
        amounts = {names[0]: 100 + at for at, names in enumerate(keys_of(template).values())}
        for book in template.pairs:
            assert faults_of(legs_of(template.name, amounts, PARTIES, book), book) == []


def test_the_chart_uses_known_words_only() -> None:
    for account in accounts().values():
        assert account.book in BOOKS
        assert account.kind in KINDS
        assert account.party_kind in PARTY_KINDS
        assert account.eliminates in ("", *accounts())
    assert len({account.number for account in accounts().values()}) == len(accounts())
    for fund in funds().values():
        assert set(fund.roles.values()) <= set(accounts())
        assert fund.premium_from in ("", *funds())


def test_a_settlement_in_legs() -> None:
    legs = legs_of(
        "settlement",
        {"fund:employee_pool": 3_273_600, "fund:assistance": 0, "account:11": 50_000, "account:12": 10_000},
        {"institution": "H37150000001", "person": "42"},
    )
    hospital = ("institution", "H37150000001")
    assert legs == [
        Leg("claims_settled", "employee_pool", "person", "42", 3_273_600, 0),
        Leg("payable_institution", "employee_pool", *hospital, 0, 3_273_600),
        Leg("personal_account", "employee_account", "person", "11", 50_000, 0),
        Leg("payable_institution", "employee_account", *hospital, 0, 60_000),
        Leg("personal_account", "employee_account", "person", "12", 10_000, 0),
    ]


def test_a_payment_recognises_spending_by_the_nature_of_the_fund() -> None:
    amounts = {"fund:resident": 900, "fund:serious_illness_resident": 100}
    assert legs_of("institution_payment", amounts, {"institution": "H1"}, "fund") == [
        Leg("benefit_expense", "resident", "", "", 900, 0),
        Leg("expenditure_account", "resident", "", "", 0, 900),
        Leg("special_claims", "serious_illness_resident", "", "", 100, 0),
        Leg("special_account", "serious_illness_resident", "", "", 0, 100),
    ]


def test_a_premium_is_the_basic_funds_expenditure_and_the_special_accounts_money() -> None:
    heads = 50_659
    legs = legs_of("premium_transfer", {"serious_illness_resident": heads * 9_000}, {"insurer": "人保财险"})
    assert legs == [
        Leg("premium_expense", "resident", "insurer", "人保财险", 455_931_000, 0),
        Leg("expenditure_account", "resident", "", "", 0, 455_931_000),
        Leg("special_account", "serious_illness_resident", "", "", 455_931_000, 0),
        Leg("special_premiums", "serious_illness_resident", "insurer", "人保财险", 0, 455_931_000),
    ]


@pytest.mark.parametrize(
    ("field", "scheme", "layer", "fund"),
    [
        ("hifp_pay", "employee", "", "employee_pool"),
        ("hifp_pay", "resident", "basic_pool", "resident"),
        ("hifp_pay", "retired_cadre", "", "retired_cadre"),
        ("hifmi_pay", "resident", "", "serious_illness_resident"),
        ("hifob_pay", "employee", "special_drug", "serious_illness_employee"),
        ("oth_pay", "employee", "long_term_care", "long_term_care"),
        ("oth_pay", "resident", "guarantee", "other"),
        ("maf_pay", "resident", "assistance_second", "assistance"),
        ("hifdm_pay", "disabled_serviceman", "", "disabled_serviceman"),
        ("acct_pay", "employee", "", "employee_account"),
    ],
)
def test_each_payment_field_has_its_fund(field: str, scheme: str, layer: str, fund: str) -> None:
    assert fund_of(field, scheme, layer) == fund


def test_every_payment_field_of_every_scheme_has_a_fund() -> None:
    assert {fund_of(field, scheme) for field in FUND_FIELDS for scheme in SCHEMES} <= set(funds())


@pytest.mark.parametrize(
    ("template", "amounts", "parties"),
    [
        ("no_such", {"fund:resident": 1}, {}),
        ("settlement", {"fund:residents": 1}, {"institution": "H1"}),
        ("settlement", {"pool": 1}, {"institution": "H1"}),
        ("settlement", {"fund:employee_account": 1}, {"institution": "H1"}),
        ("contribution_other", {"fund:employee_account": 1}, {}),
        ("settlement", {"fund:resident": 1}, {}),
        ("institution_payment", {"fund:resident": 1}, {"institution": "H1"}),
    ],
)
def test_misuse_of_a_template_is_told(template: str, amounts: dict[str, int], parties: dict[str, str]) -> None:
    with pytest.raises(TemplateMisused):
        legs_of(template, amounts, parties)
