"""Reads and writes of priced stays, budgets, special reviews and clearings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime
from typing import Any

from openyibao.foundation import sql
from openyibao.payment.engine.pack.pack import Pack
from openyibao.payment.engine.pack.special import Decision


@dataclass(frozen=True)
class NewCase:
    """A priced stay to be kept; see `models.Case`."""

    settlement_no: str
    list_no: str
    institution_code: str
    scheme: str
    level: str
    discharged_on: date
    group: str
    method: str
    status: str
    floating: bool
    units: int
    points: int
    total_fen: int
    patient_fen: int
    other_fen: int
    standard_fen: int | None
    fund_fen: int | None
    month_fen: int
    reason: str
    facts: bytes


@dataclass(frozen=True)
class CaseRow:
    """A priced stay that stands."""

    id: int
    settlement_no: str
    list_no: str
    institution_code: str
    scheme: str
    level: str
    discharged_on: date
    group: str
    method: str
    status: str
    floating: bool
    units: int
    points: int
    total_fen: int
    patient_fen: int
    other_fen: int
    standard_fen: int | None
    fund_fen: int | None
    month_fen: int
    reason: str


_NEW = ", ".join(f'"{one.name}"' for one in fields(NewCase))
_ROW = ", ".join(f'"{one.name}"' for one in fields(CaseRow))


def insert_run(
    area: str, month: date, pack: Pack, grouper_sha256: str, cases: int, withdrawn: int, by: str, at: datetime
) -> int:
    """Keep a run and the pack it used; its number."""
    sql.run(
        "INSERT INTO payment_pack (sha256, name, title, area, used_at) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (sha256) DO NOTHING",
        (pack.sha256, pack.name, pack.title, pack.area, at),
    )
    found = sql.one(
        "INSERT INTO payment_run (area, month, pack_sha256, grouper_sha256, cases, withdrawn, made_by, made_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (area, month, pack.sha256, grouper_sha256, cases, withdrawn, by, at),
    )
    assert found is not None
    return int(found[0])


def insert_cases(run: int, area: str, cases: Sequence[NewCase]) -> None:
    """Keep priced stays."""
    marks = ", ".join(["%s"] * (len(fields(NewCase)) + 2))
    with sql.pipelining():
        for case in cases:
            sql.run(f"INSERT INTO payment_case (run_id, area, {_NEW}) VALUES ({marks})", (run, area, *astuple(case)))


def withdraw(ids: Sequence[int], at: datetime) -> None:
    """Take priced stays back."""
    sql.run("UPDATE payment_case SET withdrawn_at = %s WHERE id = ANY(%s::bigint[])", (at, list(ids)))


def standing(area: str, year: int = 0) -> dict[str, CaseRow]:
    """Priced stays of an area that stand, by settlement; of one year of discharge where it is given."""
    found = sql.rows(
        f"SELECT {_ROW} FROM payment_case WHERE area = %s AND withdrawn_at IS NULL"
        " AND (%s = 0 OR extract(year FROM discharged_on) = %s) ORDER BY id",
        (area, year, year),
    )
    return {row[1]: CaseRow(*row) for row in found}


def sealed_facts(area: str, year: int) -> dict[str, bytes]:
    """Sealed coding of an area's priced stays of a year that stand, by settlement."""
    found = sql.rows(
        "SELECT settlement_no, facts FROM payment_case WHERE area = %s AND withdrawn_at IS NULL"
        " AND extract(year FROM discharged_on) = %s",
        (area, year),
    )
    return {row[0]: bytes(row[1]) for row in found}


def pack_used(area: str, sha256: str) -> bool:
    """Whether stays of an area were ever priced by a pack with this content."""
    return sql.one("SELECT 1 FROM payment_run WHERE area = %s AND pack_sha256 = %s LIMIT 1", (area, sha256)) is not None


def still_listed(settlements: Sequence[str]) -> set[str]:
    """Which of these settlements stand and have an accepted list, whenever they were settled."""
    found = sql.rows(
        "SELECT settlement_no FROM settlement_listed WHERE settlement_no = ANY(%s::text[]) AND listed",
        (list(settlements),),
    )
    return {row[0] for row in found}


def cleared_years(area: str) -> set[int]:
    """Years of an area whose clearing is done."""
    return {int(row[0]) for row in sql.rows("SELECT DISTINCT year FROM payment_clearing WHERE area = %s", (area,))}


def decisions(settlements: Sequence[str]) -> dict[str, Decision]:
    """Special-case decisions in force for these settlements (特例单议)."""
    found = sql.rows(
        "SELECT settlement_no, decision::text FROM payment_special WHERE settlement_no = ANY(%s::text[]) AND in_force",
        (list(settlements),),
    )
    return {row[0]: Decision(**json.loads(row[1])) for row in found}


def pending_decisions(area: str) -> set[str]:
    """Settlements whose decision, made or withdrawn, is not yet in their price."""
    return {
        row[0] for row in sql.rows("SELECT settlement_no FROM payment_special WHERE area = %s AND pending", (area,))
    }


def decisions_priced(settlements: Sequence[str]) -> None:
    """Note that these settlements are priced with their decisions."""
    sql.run(
        "UPDATE payment_special SET pending = false WHERE settlement_no = ANY(%s::text[]) AND pending",
        (list(settlements),),
    )


def insert_budget(area: str, year: int, scheme: str, fen: int, document: str, by: str, at: datetime) -> bool:
    """Keep a budget decision; False when the document is known already."""
    return bool(
        sql.changed(
            "INSERT INTO payment_budget (area, year, scheme, fen, document_no, decided_by, decided_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (area, year, scheme, fen, document, by, at),
        )
    )


def budgets(area: str, year: int) -> dict[str, int]:
    """The latest budget of each scheme, fen."""
    found = sql.rows(
        "SELECT DISTINCT ON (scheme) scheme, fen FROM payment_budget WHERE area = %s AND year = %s"
        " ORDER BY scheme, id DESC",
        (area, year),
    )
    return {row[0]: int(row[1]) for row in found}


def scores(area: str, year: int) -> dict[str, int]:
    """Assessment scores of a year by institution."""
    found = sql.rows(
        "SELECT institution_code, score FROM payment_assessment WHERE area = %s AND year = %s", (area, year)
    )
    return {row[0]: int(row[1]) for row in found}


CLEARING = (
    *("institution_code", "scheme", "cases", "billed_fen", "standard_fen", "extra_fen", "returned_fen"),
    *("forfeited_fen", "paid_fen", "clearing_fen"),
)


def insert_clearing(
    area: str, year: int, pack_sha256: str, rows: Sequence[tuple[Any, ...]], by: str, at: datetime
) -> None:
    """Keep a year's clearing: rows in the order of CLEARING."""
    marks = ", ".join(["%s"] * (len(CLEARING) + 5))
    with sql.pipelining():
        for row in rows:
            sql.run(
                f"INSERT INTO payment_clearing (area, year, pack_sha256, decided_by, decided_at, {', '.join(CLEARING)})"
                f" VALUES ({marks})",
                (area, year, pack_sha256, by, at, *row),
            )


def clearing_rows(area: str, year: int) -> list[sql.Row]:
    """A year's clearing in the order of CLEARING."""
    return sql.rows(
        f"SELECT {', '.join(CLEARING)} FROM payment_clearing WHERE area = %s AND year = %s ORDER BY 1, 2", (area, year)
    )


def case_of_settlement(settlement_no: str) -> CaseRow | None:
    """The priced stay of a settlement that stands."""
    found = sql.one(
        f"SELECT {_ROW} FROM payment_case WHERE settlement_no = %s AND withdrawn_at IS NULL", (settlement_no,)
    )
    return None if found is None else CaseRow(*found)


def facts_of(settlement_no: str) -> tuple[str, bytes] | None:
    """(area, sealed coding) of a priced stay that stands."""
    found = sql.one(
        "SELECT area, facts FROM payment_case WHERE settlement_no = %s AND withdrawn_at IS NULL", (settlement_no,)
    )
    return None if found is None else (found[0], bytes(found[1]))
