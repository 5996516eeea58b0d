"""Queries and writes of the people room; every lock on a person is taken here, in the order of ids.

A verb reads with a fixed number of statements, decides, and writes: nothing here loops over rows with a query inside.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, OperationalError, transaction

from openyibao.foundation import audit, sql
from openyibao.foundation.actors import Actor
from openyibao.people.contracts import Dossier, Spell, SpellRecord
from openyibao.people.errors import (
    CoverageOverlap,
    DuplicatePerson,
    EmployerUnknown,
    PersonBusy,
    PersonDeceased,
    PersonUnknown,
    RecordExists,
)


@dataclass(frozen=True)
class Person:
    """A main person row (人员), without identity."""

    id: int
    no: str
    area: str
    born_on: date
    died_on: date | None

    def must_live(self, day: date) -> None:
        """Raises: PersonDeceased when the person died before the day."""
        if self.died_on is not None and day > self.died_on:
            raise PersonDeceased(
                f"{self.no} 已于 {self.died_on} 死亡",
                hint="核对人员与日期",
                person_no=self.no,
                died_on=str(self.died_on),
            )


@dataclass(frozen=True)
class Row:
    """A live row of coverage: its id, its employer's id, and the spell."""

    id: int
    employer_id: int | None
    spell: Spell

    def cut(self, since: date, until: date | None, **changes: Any) -> New:
        """The same facts for other days, with changes."""
        return New(self.employer_id, replace(self.spell, since=since, until=until, **changes))


@dataclass(frozen=True)
class New:
    """Coverage to be written."""

    employer_id: int | None
    spell: Spell


# Persons --------------------------------------------------------------------------------------------------------

_WAITED_IN_VAIN = {"40P01", "55P03"}
"""SQLSTATE of a deadlock and of a lock that did not come in time."""
_PERSON = """
SELECT p.merged_into_id, p.id, m.person_no, p.area, p.born_on, p.died_on
  FROM people_number n JOIN people_person p ON p.id = n.person_id JOIN people_number m ON m.person_id = p.id AND m.main
 WHERE n.person_no = ANY(%s::text[]) ORDER BY p.id"""


def person(person_no: str) -> Person:
    """Raises: PersonUnknown."""
    return _persons((person_no,), "")[0]


def locked(*person_nos: str) -> tuple[Person, ...]:
    """Main rows of these numbers, locked until the transaction ends; in the order asked for.

    Raises: PersonUnknown, PersonBusy.
    """
    try:
        return _persons(person_nos, " FOR NO KEY UPDATE OF p")
    except OperationalError as problem:
        if getattr(problem.__cause__, "sqlstate", None) not in _WAITED_IN_VAIN:
            raise
        raise PersonBusy("人员正在办理其他业务", hint="请稍后以同一请求重试") from problem


def _persons(person_nos: Sequence[str], lock: str) -> tuple[Person, ...]:
    """Two reads at most: the lock is on the person, and numbers may have moved to another while it was waited for."""
    found = sql.rows(_PERSON + lock, (list(person_nos),))
    if any(row[0] is not None for row in found):
        raise PersonBusy("人员刚被合并", hint="请以同一请求重试")
    by_no = {row[2]: Person(*row[1:]) for row in found}
    other = [no for no in person_nos if no not in by_no]
    if other:
        by_no |= {
            row[0]: Person(*row[1:])
            for row in sql.rows(
                "SELECT n.person_no, p.id, m.person_no, p.area, p.born_on, p.died_on FROM people_number n"
                " JOIN people_person p ON p.id = n.person_id JOIN people_number m ON m.person_id = p.id AND m.main"
                " WHERE n.person_no = ANY(%s::text[])",
                (other,),
            )
        }
    for no in person_nos:
        if no not in by_no:
            raise unknown(no)
    return tuple(by_no[no] for no in person_nos)


def unknown(person_no: object) -> PersonUnknown:
    return PersonUnknown(f"没有人员编号 {person_no}", hint="核对人员编号，或先办理人员登记", person_no=str(person_no))


def insert_person(
    sealed: bytes, cert_hash: bytes, gender: str, born_on: date, ethnicity: str, area: str, note: str, at: datetime
) -> tuple[int, str]:
    """Id and number of a new person. Raises: DuplicatePerson, also when another does the same at the same moment."""
    made = sql.one(
        "INSERT INTO people_person (sealed, cert_hash, gender, born_on, ethnicity, area, note, recorded_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (cert_hash) DO NOTHING RETURNING id",
        (sealed, cert_hash, gender, born_on, ethnicity, area, note, at),
    )
    if made is None:
        no = sql.one(
            "SELECT n.person_no FROM people_person p"
            " JOIN people_number n ON n.person_id = coalesce(p.merged_into_id, p.id) AND n.main WHERE p.cert_hash = %s",
            (cert_hash,),
        )
        raise DuplicatePerson(
            "该证件已登记" + (f"，人员编号 {no[0]}" if no else ""),
            hint="使用已有的人员编号；证件不同而人相同的，办理合并",
            person_no=no[0] if no else "",
        )
    numbered = sql.one(
        "INSERT INTO people_number (person_no, person_id, main)"
        " VALUES ('37' || lpad(nextval('people_number_sequence')::text, 12, '0'), %s, true) RETURNING person_no",
        (made[0],),
    )
    assert numbered is not None
    return made[0], numbered[0]


def update_identity(person: Person, sealed: bytes, cert_hash: bytes, gender: str) -> None:
    """Raises: DuplicatePerson."""
    try:
        with transaction.atomic():
            sql.run(
                "UPDATE people_person SET sealed = %s, cert_hash = %s, gender = %s WHERE id = %s",
                (sealed, cert_hash, gender, person.id),
            )
    except IntegrityError as problem:
        if "cert_hash" not in str(problem):
            raise
        raise DuplicatePerson("该证件已登记在另一人名下", hint="核对证件；确为一人的，办理合并") from None


def person_of_cert(cert_hash: bytes) -> int | None:
    """Main person id of an identity document."""
    found = sql.one("SELECT coalesce(merged_into_id, id) FROM people_person WHERE cert_hash = %s", (cert_hash,))
    return None if found is None else int(found[0])


def dossier_with_home(where: str, key: object) -> tuple[Dossier, str] | None:
    """A dossier from the view (as d) and the person's home area: where last enrolled, or registered."""
    row = sql.one(
        f"SELECT {Dossier.COLUMNS}, (SELECT area FROM people_person p WHERE p.id = d.person_id)"
        f" FROM people_dossier d WHERE {where}",
        (key,),
    )
    return None if row is None else (Dossier.from_row(row[:-1]), row[-1])


def ids_of(person_id: int) -> list[int]:
    """The person's own id and those merged into it."""
    return [
        row[0]
        for row in sql.rows(
            "SELECT id FROM people_person WHERE id = %s OR merged_into_id = %s ORDER BY id", (person_id, person_id)
        )
    ]


def move_home(person_id: int, area: str) -> None:
    sql.run("UPDATE people_person SET area = %s WHERE id = %s AND area <> %s", (area, person_id, area))


# Employers ------------------------------------------------------------------------------------------------------


def insert_employer(employer_no: str, name: str, uscc: str, kind: str, area: str, at: datetime) -> None:
    """Raises: RecordExists."""
    done = sql.changed(
        "INSERT INTO people_employer (employer_no, name, uscc, kind, area, recorded_at) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (employer_no) DO NOTHING",
        (employer_no, name, uscc, kind, area, at),
    )
    if not done:
        raise RecordExists(f"单位编号 {employer_no} 已登记", hint="使用已有单位，或换一个编号", employer_no=employer_no)


def employer(employer_no: str) -> tuple[int, str, str] | None:
    """Id, name and kind of an employer; None for "". Raises: EmployerUnknown."""
    if not employer_no:
        return None
    found = sql.one("SELECT id, name, kind FROM people_employer WHERE employer_no = %s", (employer_no,))
    if found is None:
        raise EmployerUnknown(f"没有参保单位 {employer_no}", hint="先办理单位登记", employer_no=employer_no)
    return found[0], found[1], found[2]


# Coverage -------------------------------------------------------------------------------------------------------

_SPELL = """
c.id, c.employer_id, c.area, c.scheme, c.status, c.contribution_class, c.employment, coalesce(e.employer_no, ''),
coalesce(e.name, ''), c.pool_only, lower(c.valid), upper(c.valid), c.benefit_from, c.state, c.recorded_at, c.voided_at
FROM people_coverage c LEFT JOIN people_employer e ON e.id = c.employer_id"""


def coverage(*person_ids: int) -> list[Row]:
    """Live coverage, earliest first."""
    return [
        Row(row[0], row[1], Spell(*row[2:14]))
        for row in sql.rows(
            f"SELECT {_SPELL} WHERE c.person_id = ANY(%s) AND c.voided_at IS NULL ORDER BY lower(c.valid), c.id",
            (list(person_ids),),
        )
    ]


def history(person_id: int) -> Iterator[SpellRecord]:
    """Every row ever recorded, in the order recorded."""
    for row in sql.rows(f"SELECT {_SPELL} WHERE c.person_id = %s ORDER BY c.recorded_at, c.id", (person_id,)):
        yield SpellRecord(row[0], Spell(*row[2:14]), row[14], row[15])


def replace_coverage(person_id: int, void: Sequence[int], new: Sequence[New], at: datetime) -> list[int]:
    """Void rows and write others (二者同一事务); ids of those written. Raises: CoverageOverlap."""
    if void:
        sql.run(
            "UPDATE people_coverage SET voided_at = greatest(%s::timestamptz, recorded_at) WHERE id = ANY(%s)",
            (at, list(void)),
        )
    if not new:
        return []
    values = ", ".join(["(%s, %s, %s, %s, %s, %s, %s::bigint, %s, daterange(%s, %s), %s, %s, %s)"] * len(new))
    params: list[object] = []
    for one in new:
        spell = one.spell
        params += [person_id, spell.area, spell.scheme, spell.status, spell.contribution_class, spell.employment]
        params += [one.employer_id, spell.pool_only, spell.since, spell.until, spell.benefit_from, spell.state, at]
    with overlap_refused():
        made = sql.rows(
            "INSERT INTO people_coverage (person_id, area, scheme, status, contribution_class, employment, employer_id,"
            f" pool_only, valid, benefit_from, state, recorded_at) VALUES {values} RETURNING id",
            params,
        )
    return [row[0] for row in made]


@contextmanager
def overlap_refused() -> Iterator[None]:
    """The database's own refusal of overlapping coverage, in words."""
    try:
        yield
    except IntegrityError as problem:
        if "people_coverage_no_overlap" in str(problem):
            raise overlap("") from None
        raise


def overlap(what: str) -> CoverageOverlap:
    return CoverageOverlap(
        "该时段已有参保" + (f"：{what}" if what else ""),
        hint="先终止原参保，或改用不重叠的起止日期；同一人不得重复参保",
    )


# Events ---------------------------------------------------------------------------------------------------------


def note(actor: Actor, person: Person, kind: str, day: date, at: datetime, area: str = "", **details: object) -> None:
    """Write what happened, to the person's events and to the audit trail; ids, codes and figures only."""
    sql.run(
        "INSERT INTO people_event (person_id, kind, day, actor, details, recorded_at) VALUES (%s, %s, %s, %s, %s, %s)",
        (person.id, kind, day, actor.name, json.dumps(details, ensure_ascii=False, default=str), at),
    )
    audit.record(actor, f"people.{kind}", person.no, area or person.area, day=str(day), **details)
