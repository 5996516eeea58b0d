"""The month's slip as pure arithmetic: the identity, what is carried, what an advance offsets, how deposits round."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from openyibao.payment.logic.slip import COLUMNS, FundSlip, Movement, SlipRules, fund_slips, released_part

RULES = SlipRules(500, frozenset({"resident"}))
BANDS = [(90, 10_000), (80, 9_000), (60, 5_000), (0, 0)]


def moved(*pairs: tuple[str, int], fund: str = "resident") -> list[Movement]:
    return [Movement(at, template, "d", str(at), fund, fen) for at, (template, fen) in enumerate(pairs)]


def one(movements: list[Movement], carried: int = 0, advance: int = 0) -> FundSlip:
    fund = movements[0].fund
    (line,) = fund_slips(movements, {}, {fund: carried}, {fund: advance}, RULES)
    return line


def test_the_identity_with_every_line() -> None:
    line = one(
        moved(
            ("settlement", 1_000_000),
            ("audit_deduction", -50_000),
            ("procurement_payment", -120_000),
            ("deposit_released", 30_000),
            ("payment_difference", -10_000),
        ),
        carried=-7_000,
        advance=200_000,
    )
    assert (line.declared, line.audit, line.procurement) == (1_000_000, 50_000, 120_000)
    assert line.deposit == 47_500  # 5 % of 950,000
    assert line.offset == 200_000
    assert line.payable == 1_000_000 - 50_000 - 47_500 - 200_000 - 120_000 + 30_000 - 10_000 - 7_000 == line.paid


def test_nothing_below_zero_is_paid_and_no_deposit_is_taken_on_it() -> None:
    line = one(moved(("settlement", 10_000), ("settlement", -90_000)), advance=5_000)
    assert (line.deposit, line.offset, line.payable, line.paid) == (0, 0, -80_000, 0)


def test_an_advance_offsets_no_more_than_is_payable() -> None:
    assert one(moved(("settlement", 100)), advance=10_000).payable == 0


def test_no_deposit_on_personal_accounts() -> None:
    line = one(moved(("settlement", 100_000), fund="employee_account"))
    assert (line.deposit, line.paid) == (0, 100_000)


def test_a_movement_of_no_known_kind_is_shown_and_paid() -> None:
    line = one(moved(("institution_payment", -40)))
    assert (line.other, line.payable) == (-40, -40)


@given(
    st.lists(st.tuples(st.sampled_from([*COLUMNS, "unheard_of"]), st.integers(-(10**9), 10**9)), min_size=1),
    st.integers(-(10**9), 0),
    st.integers(0, 10**9),
)
def test_what_moved_is_what_the_lines_say(pairs: list[tuple[str, int]], carried: int, advance: int) -> None:
    line = one(moved(*pairs), carried, advance)
    assert line.payable == sum(fen for _, fen in pairs) + carried - line.deposit - line.offset
    assert 0 <= line.offset <= advance
    assert line.deposit >= 0
    assert line.paid == max(line.payable, 0)


@given(st.integers(0, 10**12), st.integers(0, 100))
def test_a_better_score_gives_back_no_less(deposit: int, score: int) -> None:
    given_back = released_part(deposit, score, BANDS)
    assert 0 <= given_back <= deposit
    assert score == 100 or given_back <= released_part(deposit, score + 1, BANDS)
