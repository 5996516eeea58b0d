"""Cutting and joining of half-open day ranges, as coverage is changed from a day on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from openyibao.kernel.periods import FAR_FUTURE

Range = tuple[date, date | None]


def overlaps(one: Range, other: Range) -> bool:
    """Whether two ranges share a day; None is open-ended."""
    return one[0] < (other[1] or FAR_FUTURE) and other[0] < (one[1] or FAR_FUTURE)


def without(whole: Range, taken: Iterable[Range]) -> list[Range]:
    """The parts of a range that none of the others cover, earliest first."""
    left = [whole]
    for start, end in taken:
        rest: list[Range] = []
        for since, until in left:
            if not overlaps((since, until), (start, end)):
                rest.append((since, until))
                continue
            if since < start:
                rest.append((since, start))
            if end is not None and (until is None or end < until):
                rest.append((end, until))
        left = rest
    return sorted(left, key=lambda part: part[0])
