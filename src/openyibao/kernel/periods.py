"""Half-open effective periods `[from, until)`, and the dates that policy files show with their last day included."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FAR_PAST = date(1900, 1, 1)
FAR_FUTURE = date(9999, 12, 31)


@dataclass(frozen=True, order=True)
class Period:
    """Days from `start` up to, not including, `end`."""

    start: date
    end: date

    def covers(self, day: date) -> bool:
        return self.start <= day < self.end

    def overlaps(self, other: Period) -> bool:
        return self.start < other.end and other.start < self.end

    @property
    def last_day(self) -> date | None:
        """Last day included, or None when open-ended; what files and pages show."""
        return None if self.end == FAR_FUTURE else self.end - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.start} 至 {self.last_day or '今'}"


def day_from_text(text: object) -> date:
    """A day written YYYY-MM-DD. Raises: ValueError otherwise."""
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        raise ValueError(f"{text!r} 不是日期（写作 2022-03-05）")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} 不是存在的日期") from None


def period_from_text(start: str | None, last: str | None) -> Period:
    """Period of a file entry, whose `until` names the last day included."""
    first = day_from_text(start) if start is not None else FAR_PAST
    if last is None or day_from_text(last) >= FAR_FUTURE:
        return Period(first, FAR_FUTURE)
    return Period(first, day_from_text(last) + timedelta(days=1))
