"""Settled bills as a bureau's tables (账单导出): what an import and a back-test read, without who it was.

Reads the tables of the settlement room as they are: a bulk read that no door offers yet. Person numbers are replaced
by internal ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec

from openyibao.analytics.facade import export_rows
from openyibao.foundation import audit, sql
from openyibao.foundation.actors import SYSTEM
from openyibao.kernel.clock import SHANGHAI
from openyibao.people.contracts import Dossier

_DOCUMENTS = """
SELECT d.settlement_no, v.visit_no, d.person_id, d.institution_code, d.settled_at, d.decided_on, d.area, d.scheme,
       d.year, d.state, d.mid_stay, d.amounts::text, coalesce(o.decided, d.decided)::text, d.details::text,
       o.settlement_no,
       v.stay_no, v.circumstances::text
  FROM settlement_document d
  JOIN settlement_visit v ON v.id = d.visit_id
  LEFT JOIN settlement_document o ON o.id = d.refers_to_id
 ORDER BY d.settled_at, d.id
"""
_LINES = """
SELECT d.settlement_no, v.visit_no, l.charge_type, l.amount_fen, l.non_covered_fen, l.over_limit_fen,
       l.prior_self_pay_fen, l.in_scope_fen, l.special_fen, l.herb
  FROM settlement_document d
  JOIN settlement_visit v ON v.id = d.visit_id
  JOIN settlement_line l ON l.batch_id = (d.details->>'batch')::bigint AND l.withdrawn_at IS NULL
 WHERE d.state IN ('standing', 'cancelled')
 ORDER BY d.settled_at, d.id, l.id
"""


def export_bills(folder: Path) -> dict[str, int]:
    """Write every settlement with lines, persons and what holds of them to a folder; rows by table.

    Raises: Malformed, when a bill has a word that has no code.
    """
    audit.record(SYSTEM, "demo.export_bills", "sandbox", SYSTEM.area)
    dossiers = _dossiers()
    return export_rows(
        folder,
        list(_settlements()),
        lines=list(_lines()),
        persons=[{"person": found.person_id, "born": found.born_on} for found in dossiers],
        spells=[row for found in dossiers for row in _spells(found)],
        groups=[row for found in dossiers for row in _groups(found)],
        filings=[row for found in dossiers for row in _filings(found)],
    )


def _settlements() -> Iterator[dict[str, Any]]:
    for row in sql.rows(_DOCUMENTS):
        number, visit, person, institution, settled_at, day, area, scheme, year, state, mid_stay = row[:11]
        amounts, decided, details = (msgspec.json.decode(text) for text in row[11:14])
        reverses, stay, said = row[14], row[15], msgspec.json.decode(row[16])
        who, what = decided["person"], decided["visit"]
        yield {
            **amounts,
            "bill": number,
            "visit": visit,
            "person": person,
            "institution": institution,
            "settled_at": f"{settled_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
            "day": day,
            "year": year,
            "area": area,
            "scheme": scheme,
            "status": who["status"],
            "groups": who["groups"],
            "contribution_class": who["contribution_class"],
            "supplements": who["supplements"],
            "benefit": details["benefit"],
            "level": what["level"],
            "care_area": what["care_area"],
            "disease": what["disease"],
            "filing": what["filing"],
            "exclusion": what["exclusion"],
            "third_bp": 0 if what["third_party_advance"] else what["third_party_bp"],
            "child_order": said.get("child_order") or "",
            "admitted": details["begun_on"],
            "mid_stay": mid_stay,
            "transferred_from": stay if stay not in ("", visit) else "",
            "account_used": what["account_limit"] != 0,
            "refunded": state == "cancelled",
            "reverses": reverses or "",
        }


def _lines() -> Iterator[dict[str, Any]]:
    for number, visit, charge_type, amount, outside, over, prior, in_scope, special, herb in sql.rows(_LINES):
        yield {
            "bill": number,
            "visit": visit,
            "charge_type": charge_type if herb or charge_type != "10" else "",
            "amount_fen": amount,
            "non_covered_fen": outside,
            "over_limit_fen": over,
            "prior_self_pay_fen": prior,
            "in_scope_fen": in_scope,
            "special": bool(special),
        }


def _dossiers() -> list[Dossier]:
    """Everyone who has a settlement."""
    columns = ", ".join(f"d.{name.strip()}" for name in Dossier.COLUMNS.split(","))
    rows = sql.rows(
        f"SELECT {columns} FROM people_dossier d WHERE d.person_id IN (SELECT person_id FROM settlement_document)"
        " ORDER BY d.person_id"
    )
    return [Dossier.from_row(row) for row in rows]


def _spells(found: Dossier) -> Iterator[dict[str, Any]]:
    for spell in found.spells:
        yield {
            "person": found.person_id,
            "scheme": spell.scheme,
            "status": spell.status,
            "area": spell.pooling_area,
            "contribution_class": spell.contribution_class,
            "from": spell.since,
            "until": _last(spell.until),
        }


def _groups(found: Dossier) -> Iterator[dict[str, Any]]:
    for one in found.groups:
        yield {"person": found.person_id, "group": one.name, "from": one.since, "until": _last(one.until)}


def _filings(found: Dossier) -> Iterator[dict[str, Any]]:
    for filing in found.filings:
        if filing.kind in ("chronic", "remote"):
            yield {
                "person": found.person_id,
                "kind": filing.kind,
                "disease": filing.disease,
                "type": filing.type,
                "area": filing.area,
                "from": filing.since,
                "until": _last(filing.until),
            }


def _last(until: date | None) -> date | str:
    """The last day included, as files state it."""
    return until - timedelta(days=1) if until else ""
