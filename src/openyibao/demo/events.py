"""What happens on which day (按日发生的事): contributions, life, bills, payments and closings, in one order.

Everything dated goes through here, so that nothing is ever posted into a month that is closed and every bill finds the
state the day had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from openyibao.demo.contracts import Progress
from openyibao.demo.registering import TOGETHER, tenths
from openyibao.foundation.transactions import pipelined


@dataclass(frozen=True, order=True)
class Event:
    """Something to do at an instant; `order` decides among those of one instant. `alone`: a transaction of its own."""

    at: datetime
    order: int
    serial: int
    run: Callable[[], object] = field(compare=False)
    alone: bool = field(compare=False, default=False)


def play(events: Iterable[Event], progress: Progress) -> None:
    """Let it all happen, in order."""
    ordered = sorted(events)
    done = 0
    tell = tenths("逐日业务", len(ordered), progress)
    for some in _together(ordered):
        with pipelined():
            for event in some:
                event.run()
        done += len(some)
        tell(done)


def _together(events: list[Event]) -> Iterator[list[Event]]:
    some: list[Event] = []
    for event in events:
        if some and (event.alone or some[-1].alone or len(some) == TOGETHER):
            yield some
            some = []
        some.append(event)
    if some:
        yield some
