"""Money, ratios, periods, areas: what the shared values accept, refuse and answer."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openyibao.kernel import areas
from openyibao.kernel.clock import business_day, fixed_clock
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import basis_points, fen_from_yuan, percent_text, share, yuan_text
from openyibao.kernel.periods import FAR_FUTURE, Period, day_from_text, period_from_text


@pytest.mark.parametrize(
    ("text", "fen"), [("0", 0), ("1", 100), ("1.5", 150), ("1.05", 105), (12, 1200), ("-3.20", -320)]
)
def test_yuan_become_fen(text: object, fen: int) -> None:
    assert fen_from_yuan(text) == fen


@pytest.mark.parametrize(
    "text", ["", "1.234", "1,000", "1e3", "１", "NaN", "+1", ".5", "5.", "01", 1.5, None, True, [], "1" * 30]
)
def test_what_is_no_amount_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"元|金额"):
        fen_from_yuan(text)


@given(st.integers(-(10**15), 10**15))
def test_fen_go_to_text_and_back(fen: int) -> None:
    assert fen_from_yuan(yuan_text(fen)) == fen


@pytest.mark.parametrize(
    ("text", "points"), [("85%", 8500), ("82.5%", 8250), ("0.01%", 1), ("100.000%", 10000), ("0%", 0)]
)
def test_percentages_become_basis_points(text: str, points: int) -> None:
    assert basis_points(text) == points


@pytest.mark.parametrize("text", ["85", "82.555%", "-1%", "%", "８５%", 85, None, "85 %"])
def test_what_is_no_percentage_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"百分比|万分之一"):
        basis_points(text)


@given(st.integers(0, 10_000))
def test_percentages_are_written_without_needless_zeros(points: int) -> None:
    assert basis_points(percent_text(points)) == points


@given(st.integers(-(10**12), 10**12), st.integers(0, 10_000))
def test_share_rounds_half_up_by_magnitude(amount: int, points: int) -> None:
    exact = Fraction(abs(amount) * points, 10_000)
    assert share(amount, points) == (1 if amount >= 0 else -1) * ((2 * exact + 1) // 2)


def test_periods_are_half_open_and_show_their_last_day() -> None:
    period = period_from_text("2022-01-01", "2022-12-31")
    assert period.covers(date(2022, 12, 31))
    assert not period.covers(date(2023, 1, 1))
    assert period.last_day == date(2022, 12, 31)
    assert str(period) == "2022-01-01 至 2022-12-31"
    assert str(period_from_text("2022-01-01", None)) == "2022-01-01 至 今"
    assert not period.overlaps(Period(date(2023, 1, 1), FAR_FUTURE))


@pytest.mark.parametrize("text", ["2022-02-30", "2022-1-1", "20220101", 20220101, None])
def test_what_is_no_day_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="日期"):
        day_from_text(text)


def test_shandong_has_16_cities_and_136_counties() -> None:
    known = areas.all_areas().values()
    cities = [area for area in known if area.parent == areas.SHANDONG]
    counties = [area for area in known if area.parent in {city.code for city in cities}]
    assert (len(cities), len(counties)) == (16, 136)
    assert all(areas.pooling_area_of(county.code) == county.parent for county in counties)
    assert all(city.key for city in cities)


def test_pooling_areas_and_lineage() -> None:
    assert areas.pooling_area_of("371522") == "371500"
    assert areas.pooling_area_of("110105") == "110100"
    assert areas.lineage("371500") == ("371500", "370000", "000000")
    assert areas.same_province("371500", "370200")
    assert not areas.same_province("371500", "110000")
    for wrong in ("371599", "12345", "abcdef", "0371500"):
        with pytest.raises(ValueError, match="行政区划"):
            areas.pooling_area_of(wrong)


def test_business_days_are_shanghai_dates() -> None:
    late = datetime(2022, 12, 31, 16, 30, tzinfo=UTC)
    assert business_day(fixed_clock(late)()) == date(2023, 1, 1)


def test_malformed_lists_every_fault_once_in_order() -> None:
    faults = [Fault("b", 2, "x", "错"), Fault("a", 1, "", "错", "对"), Fault("b", 2, "x", "错")]
    assert str(Malformed(faults)) == "a:1: 错；应为：对\nb:2 x: 错"
