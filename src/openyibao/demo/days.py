"""The days of a load (装载的日期): counted from its instant, so that a later load tells the same story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from openyibao.kernel.clock import SHANGHAI, business_day


@dataclass(frozen=True)
class Calendar:
    """A load for an instant with so many weeks of bills before it."""

    at: datetime
    weeks: int

    @property
    def today(self) -> date:
        return business_day(self.at)

    @property
    def first(self) -> date:
        """First day of bills; the last is yesterday."""
        return self.today - timedelta(days=7 * self.weeks)

    @property
    def enrolled_on(self) -> date:
        """When who is long insured was enrolled: a first of January, two years back."""
        return date(self.first.year - 2, 1, 1)

    @property
    def opened_on(self) -> date:
        """When balances were taken over: early in December of the year before the bills."""
        return date(self.first.year - 1, 12, 5)

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def months(self) -> list[date]:
        """First days of the months in which contributions arrive: from the bills' first month to the present one."""
        found = [self.first.replace(day=1)]
        while (following := (found[-1] + timedelta(days=31)).replace(day=1)) <= self.today:
            found.append(following)
        return found


def moment(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """An instant of a day in Shanghai."""
    return datetime.combine(day, time(hour, minute), SHANGHAI)
