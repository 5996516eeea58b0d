"""Solves a payment for the value of one figure (反解): halving over shared anchors, a few secants, then the roundest.

What is paid is asked of the policy room as of a black box. It moves one way with a figure and is straight in pieces.
"""

from __future__ import annotations

from collections.abc import Callable

from openyibao.analytics.figure import Domain

TURNS = 9
"""Secants tried inside one piece."""
Paid = Callable[[int], int | None]


def hit(paid: Paid, wanted: int, domain: Domain) -> int | None:
    """A value for which `paid` is what is wanted; `paid` moves one way and is straight in pieces.

    Halving over anchors that all bills share narrows it to a piece, a few secants find the value in it.
    """
    anchors = _anchors(domain)
    first, last = 0, len(anchors) - 1
    while first < last and paid(anchors[first]) is None:
        first += 1
    while first < last and paid(anchors[last]) is None:
        last -= 1
    least, most = paid(anchors[first]), paid(anchors[last])
    if wanted in (least, most):
        return anchors[first] if wanted == least else anchors[last]
    if least is None or most is None or not min(least, most) < wanted < max(least, most):
        return None
    rising = most > least
    while last - first > 1:
        middle = (first + last) // 2
        fen = paid(anchors[middle])
        if fen is None:
            return None
        if (fen < wanted) == rising:
            first = middle
        else:
            last = middle
    return _between(paid, wanted, anchors[first], anchors[last])


def _between(paid: Paid, wanted: int, low: int, high: int) -> int | None:
    """A value between two others for which `paid` is what is wanted; None when a few secants do not find one."""
    at_low, at_high = paid(low), paid(high)
    for value, fen in ((low, at_low), (high, at_high)):
        if fen == wanted:
            return value
    for turn in range(TURNS):
        if high - low <= 1 or at_low is None or at_high is None or at_low == at_high:
            return None
        middle = (low + high) // 2
        if turn % 3 != 2:
            middle = low + (2 * (wanted - at_low) * (high - low) + (at_high - at_low)) // (2 * (at_high - at_low))
            middle = min(max(middle, low + 1), high - 1)
        fen = paid(middle)
        if fen == wanted or fen is None:
            return None if fen is None else middle
        if (fen < wanted) == (at_low < at_high):
            low, at_low = middle, fen
        else:
            high, at_high = middle, fen
    return None


def _anchors(domain: Domain) -> list[int]:
    """Values from low to high that every bill is asked about first, ours and some near it among them."""
    if domain.unit == "rate":
        found = set(range(0, 10_001, 1_000))
    else:
        found = {10**power * part for power in range(4, 9) for part in (1, 2, 5)}
    if domain.now > 0:
        found |= {domain.now * part // 20 for part in (10, 15, 18, 19, 20, 21, 22, 25, 30)}
    return sorted({domain.low, domain.high, *(value for value in found if domain.low < value < domain.high)})


def roundest(paid: Paid, wanted: int, domain: Domain, near: int) -> int:
    """The roundest value near a hit that gives the same payment."""
    for step in domain.steps:
        for value in (near // step * step, -(-near // step) * step):
            if value == near or (domain.low <= value <= domain.high and value != domain.now and paid(value) == wanted):
                return value
    return near
