"""Numbers in words: exact, half up, and per cent never mistaken for points."""

from __future__ import annotations

import copy
import pickle
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openyibao.documents.facade import absent, half_up, number, percent, points, wan, yi, yuan


def test_figures_of_a_bulletin_read_as_printed() -> None:
    assert wan(96_978_000) == "9697.8万"
    assert yi(158_510_000_000_00) == "1585.1亿"
    assert yuan(1_291_340) == "12913.4"
    assert percent(824, 1000) == "82.4%"
    assert points(Fraction(-18, 1000)) == "-1.8个百分点"
    assert number(3, 2, "次") == "3.00次"


def test_halves_go_away_from_zero_whatever_the_digit_before() -> None:
    assert [half_up(Fraction(n, 2)) for n in (1, 3, 5, -1, -3, -5)] == [1, 2, 3, -1, -2, -3]
    assert percent(Fraction(3241, 23233)) == "13.9%"
    assert yi(5_000_000_00, 1) == "0.1亿"
    assert yi(4_999_999_99, 1) == "0.0亿"


def test_a_float_means_the_decimal_that_is_written() -> None:
    assert half_up(0.285, 2) == Decimal("0.29")
    assert half_up(1.005, 2) == Decimal("1.01")
    assert percent(0.0125) == "1.3%"


def test_nothing_negative_is_left_of_a_rounded_zero() -> None:
    assert str(half_up(Fraction(-1, 1000), 1)) == "0.0"


def test_a_share_of_nothing_is_absent() -> None:
    assert percent(5, 0) == "—"
    assert absent().value.is_nan()


def test_truth_values_are_no_numbers() -> None:
    with pytest.raises(ValueError, match="真假"):
        half_up(True)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault of the numbers
@given(st.fractions(min_value=-(10**12), max_value=10**12, max_denominator=10**6), st.integers(0, 4))
def test_rounding_is_that_of_decimal(value: Fraction, places: int) -> None:
    scaled = Decimal(value.numerator * 10**places * 10**40 // value.denominator) / 10**40
    if value * 10**places * 2 % 2 == 1 or abs(value * 10**places) % 1 != Fraction(1, 2):
        wanted = (abs(value) * 10**places + Fraction(1, 2)) // 1
        assert abs(half_up(value, places)) * 10**places == wanted
        assert scaled.quantize(Decimal(1), ROUND_HALF_UP) == wanted * (1 if value >= 0 else -1) or wanted == 0


def test_a_figure_keeps_its_number_when_copied() -> None:
    figure = wan(23_233_000)
    for again in (copy.deepcopy(figure), pickle.loads(pickle.dumps(figure))):
        assert (again, again.value, again.places, again.unit) == ("2323.3万", Decimal("2323.3"), 1, "万")
