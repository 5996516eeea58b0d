"""Jobs of the ledger (账务任务): every night the day before is sealed, in every area that posted."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from procrastinate.contrib.django import app

from openyibao.foundation import clock
from openyibao.foundation.actors import SYSTEM
from openyibao.ledger import facade


@app.periodic(cron="20 16 * * *")
@app.task(queueing_lock="ledger.seal_yesterday")
def seal_yesterday(timestamp: int = 0) -> int:
    """Seal yesterday's journals (每日封账); the number of areas. Sealing a sealed day changes nothing.

    The clock of periodic jobs is UTC: 16:20 there is 00:20 in Shanghai.
    """
    return seal(clock.today() - timedelta(days=1))


def seal(day: date) -> int:
    """Seal one day in every area that has journals."""
    areas = facade.areas_used()
    for area in areas:
        with transaction.atomic():
            facade.seal_day(SYSTEM, area, day, clock.now())
    return len(areas)
