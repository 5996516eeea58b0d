"""Controlled rounding, solved mixes, costs of mean one, and data files whose every figure has a source."""

from __future__ import annotations

import numpy as np
import pytest

from openyibao.kernel.areas import all_areas
from openyibao.synth.care import HOME, IN, OUT_OF
from openyibao.synth.figures import Book, figures, rows
from openyibao.synth.needs import level_mix, stays_by_stratum
from openyibao.synth.plan import Layout, controlled
from openyibao.synth.sampling import Spread, allocate, choose, ranked_uniforms


def test_parts_add_up_to_the_rounded_total() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        weights = rng.random(rng.integers(1, 40)) * (rng.random() < 0.9)
        total = rng.random() * 1000
        cut = controlled(total, weights)
        assert cut.sum() == (np.floor(total + 0.5) if weights.sum() else 0)
        if weights.sum():
            assert np.abs(cut - total * weights / weights.sum()).max() <= 1


@pytest.mark.parametrize("seed", [1, 2])
def test_the_layout_does_not_depend_on_the_seed(seed: int) -> None:
    layout = Layout("370000", (2020,), 0.01, seed)
    assert len(layout.pools) == 32
    assert layout.pools[0] == ("370100", "employee")
    assert layout.insured(2020).sum(axis=1).tolist() == [173530, 58800, 53323 * 10, 13100, 191120]
    assert [part.area for part in layout.parts] == [part.area for part in Layout("370000", (2020,), 0.01, 9).parts]


@pytest.mark.parametrize("scheme", ["employee", "resident"])
def test_levels_and_places_give_back_the_printed_costs(scheme: str) -> None:
    book = Book("370000")
    mix = level_mix(book, scheme, 2020)
    assert sum(mix.values()) == pytest.approx(1)
    assert min(mix.values()) > 0.1
    stays, cost = stays_by_stratum(book, scheme, 2020)
    total = sum(stays.values())
    assert total == pytest.approx(book.heads(f"stays.{scheme}", 2020))
    assert sum(stays[key] * cost[key] for key in stays) / total == pytest.approx(book.get(f"stay_cost.{scheme}", 2020))
    for level in mix:
        mine = [key for key in stays if key[0] == level]
        mean = sum(stays[key] * cost[key] for key in mine) / sum(stays[key] for key in mine)
        assert mean == pytest.approx(book.get(f"stay_cost.{scheme}.{level}", 2020))
    assert cost["tertiary", OUT_OF] > cost["tertiary", IN] > cost["tertiary", HOME] > 0


def test_stays_elsewhere_are_the_printed_ones() -> None:
    book = Book("370000")
    for place, name in ((IN, "in"), (OUT_OF, "out")):
        found = [stays_by_stratum(book, scheme, 2020) for scheme in ("employee", "resident")]
        stays = sum(s[key] for s, _ in found for key in s if key[1] == place)
        cost = sum(s[key] * c[key] for s, c in found for key in s if key[1] == place)
        assert stays == pytest.approx(book.heads(f"remote.{name}.stays", 2020))
        assert cost == pytest.approx(book.yuan(f"remote.{name}.cost", 2020))


def test_costs_have_mean_one_and_a_heavy_tail() -> None:
    spread = Spread(0.72, 0.02, 3.0)
    u = (np.arange(2_000_000) + 0.5) / 2_000_000
    cost = spread.at(u)
    assert cost.mean() == pytest.approx(1, abs=0.002)
    assert (np.diff(cost) >= 0).all()
    far, near = spread.at(np.array([0.9999, 0.99]))
    assert far / near == pytest.approx(100 ** (1 / 3), rel=0.01)


def test_draws_have_exact_counts() -> None:
    rng = np.random.default_rng(3)
    weights = rng.random(1000) * (rng.random(1000) < 0.5)
    drawn = allocate(rng, weights, 5000)
    assert len(drawn) == 5000
    assert (np.diff(drawn) >= 0).all()
    assert (weights[drawn] > 0).all()
    expected = 5000 * weights / weights.sum()
    assert np.abs(np.bincount(drawn, minlength=1000) - expected).max() < 6 * np.sqrt(expected.max())
    chosen = choose(rng, weights, 100)
    assert len(set(chosen.tolist())) == 100
    assert (weights[chosen] > 0).all()
    assert len(choose(rng, weights, 5000)) == np.count_nonzero(weights)
    keys = rng.standard_normal(500)
    assert (np.argsort(ranked_uniforms(rng, keys)) == np.argsort(keys)).all()


def test_every_figure_has_a_source_and_a_certainty() -> None:
    for key, by_area in figures().items():
        for area, by_year in by_area.items():
            assert area in all_areas(), key
            for found in by_year.values():
                assert found.source, key
                assert found.unit, key
                assert found.certainty in ("seed", "public", "assumed"), key
    seen = [(row["key"], row["area"], row["year"]) for row in rows("figures.csv")]
    assert len(seen) == len(set(seen))
    for name in ("cities.csv", "counties.csv", "ages.csv", "supplements.csv", "printed.csv"):
        assert all(row["source"] and row["certainty"] in ("seed", "public", "assumed") for row in rows(name)), name
    counties = {row["county"] for row in rows("counties.csv")}
    known = {code for code, area in all_areas().items() if code[4:] != "00"}
    assert counties == known


def test_figures_move_with_growth() -> None:
    book = Book("370000")
    assert book.get("insured.active", 2019) == pytest.approx(1735.3 / 1.06834)
    assert book.get("insured.active", 2018) == pytest.approx(1735.3 / 1.06834 / 1.03)
    assert book.get("rate.active", 2019) == 0.089
    assert Book("371500").get("scope.chronic", 2022) == book.get("scope.chronic", 2020)


@pytest.mark.parametrize(
    ("key", "added"),
    [("active", 111), ("retired", 38.5), ("enterprise", 114.4), ("organ", 5.5), ("flexible", 29.7)],
)
def test_the_year_before_is_what_was_printed_to_have_been_added(key: str, added: float) -> None:
    """The printed additions (万人), to the tenth they are printed in."""
    book = Book("370000")
    now, before = (book.get(f"insured.{key}", year) for year in (2020, 2019))
    assert now - before == pytest.approx(added, abs=0.05)


def test_items_of_a_fund_are_carried_and_balances_are_not() -> None:
    """Interest of a year without a figure follows its nearest year, as assumed; no area has another's."""
    interest, opening = "fund.resident.interest", "fund.resident.opening"
    stated, carried = (Book("370000").item(interest, year, carried=True) for year in (2020, 2019))
    assert stated is not None
    assert carried is not None
    assert carried.value == pytest.approx(stated.value / 1.06)
    assert (carried.certainty, carried.year) == ("assumed", 2019)
    assert "2020 年推算" in carried.source
    assert Book("370000").item(opening, 2019, carried=False) is None
    assert Book("371500").item(interest, 2022, carried=True) is None


@pytest.mark.parametrize(("scheme", "local"), [("employee", 0.7303), ("resident", 0.8208)])
def test_care_outside_liaocheng_takes_the_share_that_was_printed(scheme: str, local: float) -> None:
    """Local hospitals had 73.03 % of the spending of employees and 82.08 % of residents in 2021."""
    stays, cost = stays_by_stratum(Book("371500"), scheme, 2021)
    total = sum(stays[key] * cost[key] for key in stays)
    home = sum(stays[key] * cost[key] for key in stays if key[1] == HOME)
    assert home / total == pytest.approx(local, abs=0.002)


def test_care_outside_liaocheng_grew_as_printed() -> None:
    """What left the city grew by 1.55 to 11.12 (亿元), out of the province by more than 40 %."""
    book = Book("371500")
    now, before = (sum(book.yuan(f"remote.{way}.cost", year) for way in ("in", "out")) for year in (2021, 2020))
    assert now / before == pytest.approx(11.12 / (11.12 - 1.55), abs=0.01)
    assert book.get("remote.out.stays", 2021) / book.get("remote.out.stays", 2020) >= 1.4 - 1e-9
