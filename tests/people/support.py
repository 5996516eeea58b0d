"""What the tests of this room share: actors, instants, invented persons who are registered and enrolled."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from typing import Any

from openyibao.foundation import sql
from openyibao.people import facade
from openyibao.people.contracts import Enrolled
from tests.support.actors import actor
from tests.support.invented import identity

AGENCY = actor("agency")
REVIEW = actor("agency_review")
FINANCE = actor("finance")
HOSPITAL = actor("institution")
_employers = itertools.count(1)


def day(text: str) -> date:
    return date.fromisoformat(text)


def at(text: str) -> datetime:
    """Noon UTC of a day, or the instant written."""
    return datetime.fromisoformat(text if "T" in text else f"{text}T12:00:00").replace(tzinfo=UTC)


def person(born_on: str = "1980-05-20", gender: str = "1", area: str = "371500") -> str:
    """A registered invented person; the number."""
    born = day(born_on)
    return facade.register_person(
        actor("agency", area), identity(born, gender), gender=gender, born_on=born, area=area, at=at("2020-01-01")
    )


def employer(kind: str = "enterprise") -> str:
    number = f"E{next(_employers):06d}"
    facade.register_employer(
        AGENCY, employer_no=number, name=f"示例单位{number}", kind=kind, area="371500", at=at("2020-01-01")
    )
    return number


def worker(on: str = "2022-01-01", **more: Any) -> str:
    """Somebody employed and enrolled in Liaocheng."""
    number = person()
    employee(number, on, **more)
    return number


def employee(number: str, on: str, **more: Any) -> Enrolled:
    facts: dict[str, Any] = {"area": "371500", "scheme": "employee", "status": "active", "employment": "enterprise"}
    facts |= {"on": day(on), "at": at(on)} | more
    return facade.enrol(actor("agency", facts["area"]), number, **facts)


def resident(number: str, on: str, **more: Any) -> Enrolled:
    facts: dict[str, Any] = {"area": "371502", "scheme": "resident", "status": "adult", "on": day(on), "at": at(on)}
    return facade.enrol(AGENCY, number, **(facts | more))


def spells(number: str) -> list[tuple[str, str, str, str]]:
    """Live coverage: from, until, scheme or status, state."""
    return [
        (str(spell.since), str(spell.until), f"{spell.scheme}/{spell.status}", spell.state)
        for spell in facade.dossier(AGENCY, number).spells
    ]


def everything() -> dict[str, int]:
    """Rows of every table that a change could touch."""
    tables = (
        *("people_person", "people_number", "people_employer", "people_coverage", "people_group", "people_supplement"),
        *("people_filing", "people_family", "people_contribution", "people_transfer", "people_event"),
        *("foundation_audit", "ledger_journal", "ledger_leg", "ledger_personal_account"),
    )
    found = {}
    for table in tables:
        row = sql.one(f"SELECT count(*), coalesce(sum(hashtext(t::text)), 0) FROM {table} t")
        assert row is not None
        found[table] = (row[0], int(row[1]))
    return found  # type: ignore[return-value]
