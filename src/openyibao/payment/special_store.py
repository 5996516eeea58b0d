"""Reads and writes of special-case reviews (特例单议)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from openyibao.foundation import sql

_COLUMNS = (
    "s.area, s.settlement_no, s.institution_code, s.period, s.state, s.application::text, s.experts::text,"
    " s.rules::text, EXISTS (SELECT 1 FROM payment_case c WHERE c.settlement_no = s.settlement_no"
    " AND c.withdrawn_at IS NULL)"
)


@dataclass(frozen=True)
class Stored:
    """An application as stored: its text, the experts, and the rules and terms it was filed under."""

    area: str
    settlement_no: str
    institution: str
    period: str
    state: str
    application: str
    experts: str
    rules: str
    stands: bool
    """Whether its stay is still priced."""


def special(settlement_no: str, *, lock: bool = True) -> Stored | None:
    """A settlement's application, locked unless it is only looked at."""
    found = sql.one(
        f"SELECT {_COLUMNS} FROM payment_special s WHERE s.settlement_no = %s" + (" FOR UPDATE" if lock else ""),
        (settlement_no,),
    )
    return None if found is None else Stored(*found)


def specials(area: str, period: str) -> list[Stored]:
    """Applications of an area and period (2025-03, 2025-Q1), oldest first."""
    found = sql.rows(
        f"SELECT {_COLUMNS} FROM payment_special s WHERE s.area = %s AND s.period = %s ORDER BY s.id", (area, period)
    )
    return [Stored(*row) for row in found]


def put_special(one: Stored, decision: str | None) -> None:
    """Keep an application as it now stands; `decision` is the one in force, if any."""
    sql.run(
        "INSERT INTO payment_special (area, settlement_no, institution_code, period, state, application, experts,"
        " rules, decision, in_force, pending) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (settlement_no) DO UPDATE SET state = excluded.state, application = excluded.application,"
        " experts = excluded.experts, rules = excluded.rules,"
        " decision = excluded.decision, in_force = excluded.in_force, pending = payment_special.pending"
        " OR payment_special.decision IS DISTINCT FROM excluded.decision",
        (
            *(one.area, one.settlement_no, one.institution, one.period, one.state, one.application, one.experts),
            *(one.rules, decision, decision is not None, decision is not None),
        ),
    )


def discharges(area: str, institution: str, first: date, until: date) -> int:
    """Priced stays of an institution discharged in a period: what a quota is a share of."""
    found = sql.one(
        "SELECT count(*) FROM payment_case WHERE area = %s AND institution_code = %s AND withdrawn_at IS NULL"
        " AND discharged_on >= %s AND discharged_on < %s",
        (area, institution, first, until),
    )
    assert found is not None
    return int(found[0])


def places_used(area: str, institution: str, first: date, until: date) -> int:
    """Applications that take a place: not withdrawn, and of a stay that is still priced."""
    found = sql.one(
        "SELECT count(*) FROM payment_special s JOIN payment_case c ON c.settlement_no = s.settlement_no"
        " AND c.withdrawn_at IS NULL WHERE s.area = %s AND s.institution_code = %s"
        " AND c.discharged_on >= %s AND c.discharged_on < %s AND s.state NOT IN ('draft', 'withdrawn')",
        (area, institution, first, until),
    )
    assert found is not None
    return int(found[0])


def institutions_discharging(area: str, first: date, until: date) -> list[str]:
    """Institutions with a priced stay discharged in a period."""
    found = sql.rows(
        "SELECT DISTINCT institution_code FROM payment_case WHERE area = %s AND withdrawn_at IS NULL"
        " AND discharged_on >= %s AND discharged_on < %s ORDER BY 1",
        (area, first, until),
    )
    return [row[0] for row in found]


def unfinished(area: str, year: int, states: Sequence[str]) -> list[str]:
    """Settlements of a year whose review is in one of these states, or decided and not yet in the price."""
    found = sql.rows(
        "SELECT s.settlement_no FROM payment_special s JOIN payment_case c ON c.settlement_no = s.settlement_no"
        " AND c.withdrawn_at IS NULL WHERE s.area = %s AND extract(year FROM c.discharged_on) = %s"
        " AND (s.pending OR s.state = ANY(%s::text[])) ORDER BY 1",
        (area, year, list(states)),
    )
    return [row[0] for row in found]
