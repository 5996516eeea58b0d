"""The time is passed in, so that a test, a replay or a sandbox can move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def business_day(instant: datetime) -> date:
    """The Shanghai date of an instant; business days are dates there."""
    return instant.astimezone(SHANGHAI).date()


def fixed_clock(instant: datetime) -> Clock:
    """A clock that stands still."""
    return lambda: instant
