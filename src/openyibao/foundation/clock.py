"""The platform's clock (平台时钟). Only outermost edges ask it; verbs are given the date or instant they decide for."""

from __future__ import annotations

from datetime import date, datetime

from openyibao.kernel.clock import Clock, business_day, system_clock

_clock: Clock = system_clock


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _clock()


def today() -> date:
    """The present business day (Asia/Shanghai)."""
    return business_day(_clock())


def set_clock(clock: Clock) -> Clock:
    """Put another clock in place; returns the one before. For tests and, later, the sandbox's movable clock."""
    global _clock
    before, _clock = _clock, clock
    return before
