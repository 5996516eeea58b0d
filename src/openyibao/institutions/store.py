"""Queries and writes of the institutions' room. Every change locks the row of the institution first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from openyibao.foundation import sql
from openyibao.institutions.contracts import (
    DOSSIER_COLUMNS,
    AgreementDraft,
    Department,
    Institution,
    Penalty,
    PenaltyDraft,
    Physician,
    Registration,
)
from openyibao.institutions.errors import InstitutionUnknown
from openyibao.institutions.logic.agreements import Held
from openyibao.institutions.terms import INSTITUTION_TYPES

_DOSSIER = f"SELECT {', '.join(DOSSIER_COLUMNS)} FROM institutions_dossier"


def institutions(codes: Sequence[str]) -> dict[str, Institution]:
    """Institutions by code, in one query; unknown ones are absent."""
    found = sql.rows(f"{_DOSSIER} WHERE code = ANY(%s::text[])", (list(codes),))
    return {row[0]: Institution.from_row(row) for row in found}


def search(name: str, kind: str, institution_type: str, code: str, limit: int) -> list[Institution]:
    """Institutions whose every given particular fits, by code; name is a part of the name."""
    kinds = [one for one, national in INSTITUTION_TYPES.items() if institution_type in ("", national)]
    if kind:
        kinds = [one for one in kinds if one == kind]
    found = sql.rows(
        f"""{_DOSSIER} WHERE kind = ANY(%s::text[]) AND (%s::text = '' OR code = %s::text)
        AND strpos(name, %s::text) > 0 ORDER BY code LIMIT %s""",
        (kinds, code, code, name, limit),
    )
    return [Institution.from_row(row) for row in found]


def lock(code: str) -> tuple[int, str]:
    """Id and area of an institution, locked until the transaction ends. Raises: InstitutionUnknown."""
    found = sql.one("SELECT id, area FROM institutions_institution WHERE code = %s FOR UPDATE", (code,))
    if found is None:
        raise InstitutionUnknown(f"没有定点机构 {code}", hint="核对机构编号，或先登记", code=code)
    return int(found[0]), str(found[1])


def lock_for_load(codes: Sequence[str]) -> None:
    """Let one load run at a time, and lock the institutions it names, by code, until the transaction ends."""
    sql.run("SELECT pg_advisory_xact_lock(hashtextextended('institutions.load', 0))")
    query = "SELECT 1 FROM institutions_institution WHERE code = ANY(%s::text[]) ORDER BY code FOR UPDATE"
    sql.rows(query, (list(codes),))


def area_of(code: str) -> str:
    """Area of an institution. Raises: InstitutionUnknown."""
    found = sql.one("SELECT area FROM institutions_institution WHERE code = %s", (code,))
    if found is None:
        raise InstitutionUnknown(f"没有定点机构 {code}", hint="核对机构编号，或先登记", code=code)
    return str(found[0])


def add(new: Registration, at: datetime) -> int | None:
    """Add an institution without a profile; its id, or None when the code is taken."""
    found = sql.one(
        """INSERT INTO institutions_institution (code, name, kind, uscc, area, version, registered_at)
        VALUES (%s, %s, %s, %s, %s, 1, %s) ON CONFLICT (code) DO NOTHING RETURNING id""",
        (new.code, new.name, new.kind, new.uscc, new.area, at),
    )
    return int(found[0]) if found else None


def profiles_from(institution_id: int, day: date) -> list[date]:
    """First days of the profiles that begin on a day or later."""
    query = "SELECT valid_from FROM institutions_profile WHERE institution_id = %s AND valid_from >= %s ORDER BY 1"
    return [row[0] for row in sql.rows(query, (institution_id, day))]


def add_profile(institution_id: int, new: Registration, at: datetime) -> None:
    """Add a profile, closing the one in force; the latest name becomes the name of the institution."""
    sql.run(
        """UPDATE institutions_profile SET valid_until = %s
        WHERE institution_id = %s AND valid_from < %s AND (valid_until IS NULL OR valid_until > %s)""",
        (new.valid_from, institution_id, new.valid_from, new.valid_from),
    )
    sql.run(
        """INSERT INTO institutions_profile
            (institution_id, level, hosp_lv, name, valid_from, document, recorded_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s)""",
        (institution_id, new.level, new.hosp_lv, new.name, new.valid_from, new.document, at),
    )
    sql.run(
        "UPDATE institutions_institution SET name = %s WHERE id = %s AND name <> %s",
        (new.name, institution_id, new.name),
    )


def spells(institution_id: int, kind: str) -> list[Held]:
    """Spells of one kind of agreement that hold any day, by first day; with the end an order set to a suspension."""
    found = sql.rows(
        """SELECT a.id, a.number, a.state, a.valid_from, a.valid_until, p.suspend_until
        FROM institutions_agreement a LEFT JOIN institutions_penalty p ON p.id = a.penalty_id
        WHERE a.institution_id = %s AND a.kind = %s AND (a.valid_until IS NULL OR a.valid_until > a.valid_from)
        ORDER BY a.valid_from, a.id""",
        (institution_id, kind),
    )
    return [Held(*row) for row in found]


def add_agreement(institution_id: int, draft: AgreementDraft, by: str, at: datetime) -> None:
    """Add the active spell of a new agreement."""
    sql.run(
        """INSERT INTO institutions_agreement
            (institution_id, kind, number, state, valid_from, valid_until, why, document, decided_by, recorded_at)
        VALUES (%s, %s, %s, 'active', %s, %s, %s, %s, %s, %s)""",
        (
            *(institution_id, draft.kind, draft.number, draft.valid_from, draft.valid_until),
            *(draft.why, draft.number, by, at),
        ),
    )


def leave(
    spell: Held, state: str, on: date, why: str, document: str, by: str, penalty: int | None, at: datetime
) -> None:
    """Cut a spell on a day and continue to its end in another state."""
    sql.run("UPDATE institutions_agreement SET valid_until = %s WHERE id = %s", (on, spell.id))
    sql.run(
        """INSERT INTO institutions_agreement (institution_id, kind, number, state, valid_from, valid_until, why,
            document, decided_by, penalty_id, recorded_at)
        SELECT institution_id, kind, number, %s, %s, %s, %s, %s, %s, %s, %s
        FROM institutions_agreement WHERE id = %s""",
        (state, on, spell.until, why, document, by, penalty, at, spell.id),
    )


def add_penalty(institution_id: int, draft: PenaltyDraft, by: str, at: datetime) -> int | None:
    """Record a decision; its id, or None when this document was entered before."""
    found = sql.one(
        """INSERT INTO institutions_penalty (institution_id, kind, decided_on, document, why, amount_fen,
            suspend_from, suspend_until, decided_by, recorded_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (institution_id, document, kind) DO NOTHING RETURNING id""",
        (
            *(institution_id, draft.kind, draft.decided_on, draft.document, draft.why, draft.amount_fen),
            *(draft.suspend_from, draft.suspend_until, by, at),
        ),
    )
    return int(found[0]) if found else None


_PENALTY = """
SELECT p.id, i.code, p.kind, p.decided_on, p.document, p.why, p.amount_fen, p.suspend_from, p.suspend_until,
    p.decided_by, EXISTS (SELECT FROM institutions_agreement a WHERE a.penalty_id = p.id), i.area
FROM institutions_penalty p JOIN institutions_institution i ON i.id = p.institution_id
"""


def _penalty(row: sql.Row) -> Penalty:
    return Penalty(row[0], row[1], PenaltyDraft(*row[2:9]), row[9], row[10])


def penalties(code: str) -> list[Penalty]:
    """Decisions about an institution, by date."""
    return [_penalty(row) for row in sql.rows(f"{_PENALTY} WHERE i.code = %s ORDER BY p.decided_on, p.id", (code,))]


def orders_pending() -> list[tuple[Penalty, str]]:
    """Orders to suspend or end an agreement that nobody has carried out, each with the institution's area."""
    found = sql.rows(
        f"""{_PENALTY} WHERE p.kind IN ('suspension', 'termination')
        AND NOT EXISTS (SELECT FROM institutions_agreement a WHERE a.penalty_id = p.id) ORDER BY p.decided_on, p.id"""
    )
    return [(_penalty(row), row[11]) for row in found]


def add_department(institution_id: int, new: Department) -> bool:
    """Add a department; False when its code is taken."""
    return bool(
        sql.changed(
            """INSERT INTO institutions_department (institution_id, code, name, specialty, valid_from, valid_until)
            VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (institution_id, code) DO NOTHING""",
            (institution_id, new.code, new.name, new.specialty, new.valid_from, new.valid_until),
        )
    )


def departments(code: str, day: date) -> list[Department]:
    """Departments that work on a day, by code."""
    found = sql.rows(
        """SELECT d.code, d.name, d.specialty, d.valid_from, d.valid_until FROM institutions_department d
        JOIN institutions_institution i ON i.id = d.institution_id WHERE i.code = %s AND d.valid_from <= %s::date
        AND (d.valid_until IS NULL OR d.valid_until > %s::date) ORDER BY d.code""",
        (code, day, day),
    )
    return [Department(*row) for row in found]


def add_physician(institution_id: int, new: Physician, by: str) -> bool:
    """Add a physician with the first status; False when the code is taken."""
    found = sql.one(
        """INSERT INTO institutions_physician (institution_id, code, name, profession, department)
        VALUES (%s, %s, %s, %s, %s) ON CONFLICT (institution_id, code) DO NOTHING RETURNING id""",
        (institution_id, new.code, new.name, new.profession, new.department),
    )
    if found:
        add_practice(int(found[0]), new.status, new.since, "登记", by)
    return found is not None


def last_practice(institution_id: int, physician: str) -> tuple[int, date] | None:
    """Id of a physician and the first day of the latest status."""
    found = sql.one(
        """SELECT p.id, max(s.valid_from) FROM institutions_physician p
        JOIN institutions_practice s ON s.physician_id = p.id
        WHERE p.institution_id = %s AND p.code = %s GROUP BY p.id""",
        (institution_id, physician),
    )
    return (int(found[0]), found[1]) if found else None


def add_practice(physician_id: int, status: str, on: date, why: str, by: str) -> None:
    """Add a status from a day on."""
    sql.run(
        """INSERT INTO institutions_practice (physician_id, status, valid_from, why, decided_by)
        VALUES (%s, %s, %s, %s, %s)""",
        (physician_id, status, on, why, by),
    )


def physicians(code: str, day: date, physician: str = "") -> list[Physician]:
    """Physicians known on a day, by code, each with the status of that day."""
    found = sql.rows(
        """SELECT DISTINCT ON (p.code) p.code, p.name, p.profession, p.department, s.status, s.valid_from
        FROM institutions_physician p JOIN institutions_institution i ON i.id = p.institution_id
        JOIN institutions_practice s ON s.physician_id = p.id
        WHERE i.code = %s AND s.valid_from <= %s::date AND (%s::text = '' OR p.code = %s::text)
        ORDER BY p.code, s.valid_from DESC""",
        (code, day, physician, physician),
    )
    return [Physician(*row) for row in found]
