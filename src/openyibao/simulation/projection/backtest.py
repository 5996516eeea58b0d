"""A back-test (回测): what a projection from the first years would have said of the later ones, beside what they were.

With three years or more, the growth of wages, visits and costs is fitted on the first two, and the later ones are
projected from the second; what a policy changes between the two (account shares, a new benefit) is no growth and is
left out of the fit. With two years the central assumptions are tried as they stand. It tests the method, no future.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from openyibao.simulation.projection.engine import SCHEMES, Start, run, single
from openyibao.simulation.projection.measure import BANDS, Measured
from openyibao.simulation.projection.population import WORKING


def back_test(measured: list[Measured], start: Start) -> list[dict[str, Any]]:
    """Rows of projected against measured, by pool and for all: heads, income, spending. Empty with one year."""
    if len(measured) < 2:
        return []
    fitted = len(measured) > 2
    first = measured[1] if fitted else measured[0]
    later = [one for one in measured if one.year > first.year]
    chosen = single("migration", 0.0, later[-1].year - first.year)
    if fitted:
        for name, value in fit(measured[0], measured[1]).items():
            chosen.values[name][:] = value
    empty = Start(start.balance * 0, *(np.zeros_like(start.interest) for _ in range(3)))
    paths = run(first, empty, chosen, later[-1].year - first.year)
    rows = []
    for one in later:
        at = paths.years.index(one.year)
        real = run(one, empty, single("migration", 0.0, 1), 0)
        for which, scheme in enumerate(SCHEMES):
            groups = [0, 1] if which == 0 else [2]
            for unit, area in [*(([number], unit.area) for number, unit in enumerate(one.units)), (slice(None), "")]:
                sums = {
                    "heads": (_sum(paths.heads, at, unit, groups), _sum(real.heads, 0, unit, groups)),
                    "income": (_sum(paths.income, at, unit, [which]), _sum(real.income, 0, unit, [which])),
                    "spending": (_sum(paths.spending, at, unit, [which]), _sum(real.spending, 0, unit, [which])),
                }
                if sums["heads"][1] > 0 and (area or len(one.units) > 1):
                    rows.append(_row(one.year, area, scheme, fitted, sums))
    return rows


def _sum(path: Any, year: int, unit: Any, last: list[int]) -> float:
    """A path [scenario, year, unit, last] in one year, summed over some of its units and last places."""
    return float(path[0, year][unit][:, last].sum())


def _row(year: int, area: str, scheme: str, fitted: bool, sums: dict[str, tuple[Any, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {"year": year, "area": area, "scheme": scheme, "fitted": fitted}
    for name, (projected, real) in sums.items():
        row[name] = {"projected": round(float(projected)), "measured": round(float(real))}
        row[name]["error_percent"] = round(100 * float(projected / real - 1), 2) if real else None
    return row


def fit(first: Measured, second: Measured) -> dict[str, float]:
    """Growth between two years of what no policy decides: wages, pensions, visits, costs; and of resident premiums."""
    years = second.year - first.year
    found: dict[str, float] = {}
    now = np.add.reduceat(second.heads.sum(0), BANDS, axis=-1)
    before = np.maximum(np.add.reduceat(first.heads.sum(0), BANDS, axis=-1), 1.0)[..., None]

    def grown(name: str, groups: list[int]) -> float:
        """At the ages of the second year: what there was against what the first year's rates would give."""
        expected = np.einsum("gsk,gskb->g", now, getattr(first, name) / before)[groups].sum()
        return _yearly(float(getattr(second, name).sum(axis=(1, 2, 3))[groups].sum()), float(expected), years)

    visits = grown("rate_visits", [0, 1, 2])
    found["visit_growth"] = visits
    found["cost_growth_employee"] = (1 + grown("rate_cost", [0, 1])) / (1 + visits) - 1
    found["cost_growth_resident"] = (1 + grown("rate_cost", [2])) / (1 + visits) - 1
    heads = [np.maximum(one.heads.sum(axis=(0, 2, 3)), 1.0) for one in (first, second)]
    bases = [one.bases.sum(axis=0) / head for one, head in zip((first, second), heads, strict=True)]
    found["wage_growth"] = _yearly(bases[1][0], bases[0][0], years)
    found["pension_growth"] = _yearly(bases[1][1], bases[0][1], years)
    premiums = [one.into.sum(axis=0)[2] / head[2] for one, head in zip((first, second), heads, strict=True)]
    found["individual_step"] = float(premiums[1] - premiums[0]) / 100 / years
    found["subsidy_step"] = 0.0
    shares = [_employed(one) for one in (first, second)]
    found["employment_growth"] = _yearly(shares[1], shares[0], years)
    return found


def _employed(one: Measured) -> float:
    """Share of employees among the insured of working age."""
    heads = one.heads[..., WORKING].sum(axis=(0, 2, 3))
    return float(heads[:2].sum() / max(heads.sum(), 1.0))


def _yearly(now: float, before: float, years: int) -> float:
    return float((now / before) ** (1 / years) - 1) if before * now > 0 else 0.0
