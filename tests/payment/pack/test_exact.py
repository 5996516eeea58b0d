"""Rounding half up, decimals from text, and sharing out to the fen."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openyibao.payment.engine.pack.exact import apportion, fraction_text, half_up, rounded, scaled, scaled_text


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"), [(1, 2, 1), (-1, 2, -1), (149, 100, 1), (3, 2, 2), (0, 7, 0), (-3, 2, -2)]
)
def test_half_is_rounded_away_from_zero(numerator: int, denominator: int, expected: int) -> None:
    assert half_up(numerator, denominator) == expected == rounded(Fraction(numerator, denominator))


def test_decimals_are_read_from_text_and_never_from_floats() -> None:
    assert scaled("1.2345", 4) == 12_345
    assert scaled("1.23450", 4) == 12_345
    assert scaled(3, 2) == 300
    assert scaled("-0.5", 2) == -50
    for wrong in (1.5, True, "1e3", "1.23456", "", "１", None):
        with pytest.raises(ValueError, match=r"小数|不是数"):
            scaled(wrong, 4)


@given(st.integers(-(10**9), 10**9), st.integers(0, 6))
def test_text_and_integer_are_the_same_number(value: int, places: int) -> None:
    assert scaled(scaled_text(value, places), places) == value


def test_fractions_are_shown_half_up() -> None:
    assert fraction_text(Fraction(2, 3)) == "0.6667"
    assert fraction_text(Fraction(-1, 8), 2) == "-0.13"


def test_the_largest_remainders_get_what_is_left_and_ties_go_to_the_first_key() -> None:
    assert apportion(100, [1, 1, 1], ["b", "a", "c"]) == [33, 34, 33]
    assert apportion(101, [1, 1, 1], ["c", "b", "a"]) == [33, 34, 34]
    assert apportion(10, [3, 0, 1], ["a", "b", "c"]) == [8, 0, 2]
    assert apportion(-100, [1, 1, 1], ["a", "b", "c"]) == [-34, -33, -33]
    assert apportion(0, [0, 0], ["a", "b"]) == [0, 0]
    with pytest.raises(ValueError, match="nobody"):
        apportion(1, [0], ["a"])


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**7), min_size=1, max_size=40).filter(any), st.randoms())
def test_parts_add_to_the_whole_whatever_the_order(total: int, shares: list[int], draw: random.Random) -> None:
    keys = [f"k{at:03d}" for at in range(len(shares))]
    parts = apportion(total, shares, keys)
    assert sum(parts) == total
    for part, share in zip(parts, shares, strict=True):
        assert 0 <= part - total * share // sum(shares) <= 1
    order = list(range(len(shares)))
    draw.shuffle(order)
    again = apportion(total, [shares[at] for at in order], [keys[at] for at in order])
    assert [again[order.index(at)] for at in range(len(shares))] == parts
