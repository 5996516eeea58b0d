"""A year beside the year before (同比): amounts grow by a rate, ratios move by points, and the two never mix."""

from __future__ import annotations

from collections.abc import Mapping

from openyibao.analytics.indicators.contracts import Growth, Value


def compared(now: Value, before: Value | None) -> Growth:
    """A value and that of the year before. Without one, or without a value in one of the years, nothing is said.

    rate is (now - before) / before, and only of a `before` above nothing: a deficit has no growth.
    """
    if before is None or before.value is None or now.value is None:
        return Growth(now, before if before is not None and before.value is not None else None)
    assert before.id == now.id, "the same indicator"
    assert before.year == now.year - 1, "the year before"
    change = now.value - before.value
    if now.unit == "ratio":
        return Growth(now, before, change, None, change)
    return Growth(now, before, change, change / before.value if before.value > 0 else None, None)


def year_on_year(now: Mapping[str, Value], before: Mapping[str, Value] | None) -> dict[str, Growth]:
    """Every indicator of a year beside the year before; `before` None when the dataset has no such year."""
    return {name: compared(value, (before or {}).get(name)) for name, value in now.items()}
