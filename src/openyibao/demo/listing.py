"""Who and what is in a sandbox (沙箱清单), read from the rooms' published views as it stands now."""

from __future__ import annotations

import json
from datetime import date, datetime

from openyibao.demo import identities, material, places
from openyibao.demo.contracts import SandboxInstitution, SandboxPerson
from openyibao.foundation import audit, sql
from openyibao.foundation.actors import SYSTEM
from openyibao.institutions import facade as institutions_room
from openyibao.institutions.errors import AgreementNotActive
from openyibao.kernel.clock import business_day
from openyibao.people.contracts import Dossier
from openyibao.people.errors import CoverageNotActive, CoverageWaiting
from openyibao.settlement.facade import INSUTYPES

OTHERS = 200
"""How many of the nameless are listed beside the named."""


def persons(at: datetime, *, everyone: bool) -> list[SandboxPerson]:
    """The named persons and some others, or everyone, by number."""
    found = sql.one("SELECT value FROM foundation_fact WHERE key = 'demo'")
    if found is None:
        return []
    known: list[tuple[str, int, str]] = json.loads(found[0])["persons"]
    named = [row for row in known if row[2]]
    wanted = known if everyone else named + [row for row in known if not row[2]][:OTHERS]
    by_number = _dossiers([row[0] for row in wanted])
    notes = {entry["key"]: entry["note"] for entry in material.named_persons()}
    audit.record(SYSTEM, "demo.list_persons", "sandbox", SYSTEM.area, persons=len(wanted))
    day = business_day(at)
    settled = _settled(day.year)
    return [
        _person(*by_number[no], serial, key, notes.get(key, ""), day, settled.get(by_number[no][0].person_id, 0))
        for no, serial, key in wanted
    ]


def _settled(year: int) -> dict[int, int]:
    """Standing settlements of a benefit year by person."""
    rows = sql.rows(
        "SELECT person_id, count(*) FROM settlement_document WHERE year = %s AND state = 'standing' GROUP BY person_id",
        (year,),
    )
    return {row[0]: int(row[1]) for row in rows}


def _dossiers(numbers: list[str]) -> dict[str, tuple[Dossier, list[str]]]:
    """Dossier and every number of a person, by number."""
    columns = ", ".join(f"d.{name.strip()}" for name in Dossier.COLUMNS.split(","))
    rows = sql.rows(
        f"SELECT n.person_no, (SELECT array_agg(o.person_no ORDER BY o.person_no) FROM people_number o"
        f" WHERE o.person_id = n.person_id), {columns} FROM people_number n"
        " JOIN people_dossier d ON d.person_id = n.person_id WHERE n.person_no = ANY(%s)",
        (numbers,),
    )
    return {row[0]: (Dossier.from_row(row[2:]), list(row[1])) for row in rows}


def _person(
    found: Dossier, numbers: list[str], serial: int, key: str, note: str, day: date, settled: int
) -> SandboxPerson:
    identity = found.identity()
    spell = found.spell_on(day) or (found.spells[-1] if found.spells else None)
    return SandboxPerson(
        psn_no=found.main_no,
        psn_name=identity.name,
        certno=identity.cert_no,
        cert_type=identity.cert_type,
        card_no=identities.card_no(serial),
        insutype=INSUTYPES[spell.scheme] if spell else "",
        area=spell.pooling_area if spell else "",
        county=spell.area if spell else "",
        status=spell.status if spell else "",
        state=_state(found, day),
        groups=found.groups_on(day),
        supplements=found.supplements_on(day),
        filings=tuple(
            {
                "kind": filing.kind,
                "disease": filing.disease,
                "disease_code": filing.disease_code,
                "type": filing.type,
                "area": filing.area,
                "from": filing.since.isoformat(),
                "until": filing.until.isoformat() if filing.until else "",
            }
            for filing in found.filings_on(day)
        ),
        other_numbers=tuple(no for no in numbers if no != found.main_no),
        key=key,
        note=note,
        covered_since=spell.since.isoformat() if spell else "",
        settled_this_year=settled,
    )


def _state(found: Dossier, day: date) -> str:
    try:
        found.coverage_on(day)
    except CoverageWaiting:
        return "waiting"
    except CoverageNotActive as problem:
        return str(problem.details["reason"])
    return "normal"


def institutions(at: datetime) -> list[SandboxInstitution]:
    """Institutions of the demo's file that are registered, in its order."""
    rows = places.places(len(material.institutions()))
    known = institutions_room.institutions([row.code for row in rows])
    day = business_day(at)
    made = []
    for row in rows:
        if row.code not in known:
            continue
        found = known[row.code]
        try:
            agreement = found.agreement_on(day).state
        except AgreementNotActive as problem:
            agreement = str(problem.details["state"])
        made.append(
            SandboxInstitution(
                fixmedins_code=row.code,
                fixmedins_name=found.name,
                level=found.level_on(day),
                area=row.area,
                security=row.security,
                key=places.key_of(row),
                secret=places.secret_of(row.code, row.security),
                agreement=agreement,
                note=row.note,
            )
        )
    return made
