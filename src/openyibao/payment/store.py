"""Reads and writes of the payment room. One area is drafted, confirmed or paid at a time, under the area's lock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from openyibao.foundation import sql
from openyibao.payment.logic.slip import FundSlip, Movement

_AREA_LOCK = 0x5061_0000_0000_0000
FUND_COLUMNS = (
    *("declared", "audit", "deposit", "offset", "procurement", "released", "difference", "heads", "other"),
    *("carried", "held", "payable", "paid"),
)
_FUND_SQL = ", ".join(f"{name}_fen" for name in FUND_COLUMNS)
_SLIP = (
    "id, slip_no, area, institution_code, month, state, rules::text, drafted_by, drafted_at, confirmed_by,"
    " confirmed_at, paid_by, paid_at, why"
)


def lock_area(area: str) -> None:
    """Slips of an area are made one at a time."""
    sql.one("SELECT pg_advisory_xact_lock(%s)", (_AREA_LOCK + int(area),))


def untaken(area: str, until: date) -> list[tuple[str, Movement, int | None]]:
    """(institution, movement, journal it takes back) of what no slip has taken up, before a day, oldest first.

    What slips themselves post is left out: their deposits, offsets and payments.
    """
    return [
        (row[0], Movement(*row[1:7]), row[7])
        for row in sql.rows(
            "SELECT p.institution, p.journal_id, p.template, p.document_kind, p.document_no, p.fund, p.fen,"
            " p.reverses_id"
            " FROM ledger_payable p LEFT JOIN payment_taken t ON t.journal_id = p.journal_id AND t.fund = p.fund"
            " WHERE p.area = %s AND p.day < %s AND p.document_kind NOT IN ('payment_slip', 'payment_slip_cancelled')"
            " AND t.id IS NULL ORDER BY p.institution, p.journal_id, p.fund",
            (area, until),
        )
    ]


def without_list(numbers: Sequence[str], kinds: Iterable[str]) -> set[str]:
    """Settlements among these that stand, are of a kind that needs a settlement list, and have none accepted."""
    wanted = set(kinds)
    if not numbers or not wanted:
        return set()
    found = sql.rows(
        "SELECT settlement_no FROM settlement_listed WHERE settlement_no = ANY(%s::text[]) AND NOT listed"
        " AND inpatient = ANY(%s::boolean[])",
        (list(numbers), [kind == "inpatient" for kind in wanted]),
    )
    return {row[0] for row in found}


def carried(area: str, month: date) -> dict[tuple[str, str], int]:
    """What earlier months left negative, by institution and fund: of each, its latest slip before the month."""
    found = sql.rows(
        "SELECT DISTINCT ON (s.institution_code, f.fund) s.institution_code, f.fund, f.payable_fen"
        " FROM payment_slip s JOIN payment_slip_fund f ON f.slip_id = s.id"
        " WHERE s.area = %s AND s.month < %s AND s.state IN ('confirmed', 'paid')"
        " ORDER BY s.institution_code, f.fund, s.month DESC",
        (area, month),
    )
    return {(row[0], row[1]): int(row[2]) for row in found if row[2] < 0}


def unfinished_before(area: str, month: date, institution: str = "") -> str | None:
    """A slip of an earlier month that is still a draft, of one institution or any: what comes later waits for it."""
    found = sql.one(
        "SELECT slip_no FROM payment_slip WHERE area = %s AND month < %s AND state = 'drafted'"
        " AND (%s::text = '' OR institution_code = %s::text) ORDER BY month, slip_no",
        (area, month, institution, institution),
    )
    return None if found is None else str(found[0])


def later_slip(area: str, institution: str, month: date) -> str | None:
    """A slip of a later month of the institution, cancelled ones left out."""
    found = sql.one(
        "SELECT slip_no FROM payment_slip WHERE area = %s AND institution_code = %s AND month > %s"
        " AND state <> 'cancelled' ORDER BY month",
        (area, institution, month),
    )
    return None if found is None else str(found[0])


def settled_months(area: str, month: date) -> dict[str, str]:
    """State of each institution's slip of a month, cancelled ones left out."""
    found = sql.rows(
        "SELECT institution_code, state FROM payment_slip WHERE area = %s AND month = %s AND state <> 'cancelled'",
        (area, month),
    )
    return {row[0]: row[1] for row in found}


def institutions_after(area: str, month: date) -> set[str]:
    """Institutions with a slip of a later month, cancelled ones left out."""
    found = sql.rows(
        "SELECT DISTINCT institution_code FROM payment_slip WHERE area = %s AND month > %s AND state <> 'cancelled'",
        (area, month),
    )
    return {row[0] for row in found}


def advances(area: str, until: date) -> dict[tuple[str, str], int]:
    """Advances paid before a day and not offset by any slip since, whenever that was confirmed, by institution and
    fund, fen; where not zero."""
    found = sql.rows(
        "SELECT institution, fund, -sum(fen)::bigint FROM ledger_institution"
        " WHERE account_code = 'advance_institution' AND area = %s"
        " AND (day < %s OR document_kind IN ('payment_slip', 'payment_slip_cancelled'))"
        " GROUP BY 1, 2 HAVING sum(fen) <> 0",
        (area, until),
    )
    return {(row[0], row[1]): int(row[2]) for row in found}


def reversed_journals(journals: Sequence[int]) -> set[int]:
    """Which of these movements of the payable were taken back, on whatever day."""
    found = sql.rows("SELECT reverses_id FROM ledger_payable WHERE reverses_id = ANY(%s::bigint[])", (list(journals),))
    return {int(row[0]) for row in found}


def assessed(area: str, institution: str, year: int) -> bool:
    """Whether an institution's year was assessed."""
    found = sql.one(
        "SELECT 1 FROM payment_assessment WHERE area = %s AND institution_code = %s AND year = %s",
        (area, institution, year),
    )
    return found is not None


def deposits(area: str, institution: str, year: int) -> dict[str, int]:
    """What the slips of a year's months withheld from an institution, by fund, whenever they were posted."""
    found = sql.rows(
        "SELECT f.fund, sum(f.deposit_fen)::bigint FROM payment_slip s JOIN payment_slip_fund f ON f.slip_id = s.id"
        " WHERE s.area = %s AND s.institution_code = %s AND extract(year FROM s.month) = %s"
        " AND s.state IN ('confirmed', 'paid') GROUP BY 1 HAVING sum(f.deposit_fen) > 0",
        (area, institution, year),
    )
    return {row[0]: int(row[1]) for row in found}


def drop_drafts(area: str, month: date) -> None:
    """Take back the drafts of a month; what they took up is free again."""
    mine = "(SELECT id FROM payment_slip WHERE area = %s AND month = %s AND state = 'drafted')"
    with sql.pipelining():
        for table in ("payment_taken", "payment_slip_fund"):
            sql.run(f"DELETE FROM {table} WHERE slip_id IN {mine}", (area, month))
        sql.run("DELETE FROM payment_slip WHERE area = %s AND month = %s AND state = 'drafted'", (area, month))


def insert_slip(
    number: str, area: str, institution: str, month: date, rules: dict[str, Any], by: str, at: datetime
) -> int:
    """A new draft; its id."""
    found = sql.one(
        "INSERT INTO payment_slip (slip_no, area, institution_code, month, state, rules, drafted_by, drafted_at,"
        " confirmed_by, paid_by, cancelled_by, why) VALUES (%s, %s, %s, %s, 'drafted', %s, %s, %s, '', '', '', '')"
        " RETURNING id",
        (number, area, institution, month, json.dumps(rules, ensure_ascii=False), by, at),
    )
    assert found is not None
    return int(found[0])


def insert_lines(slip_id: int, lines: Sequence[FundSlip]) -> None:
    """The funds of a slip and the movements it takes up."""
    for line in lines:
        amounts = [getattr(line, name) for name in FUND_COLUMNS]
        marks = ", ".join(["%s"] * len(amounts))
        sql.run(
            f"INSERT INTO payment_slip_fund (slip_id, fund, {_FUND_SQL}) VALUES (%s, %s, {marks})",
            (slip_id, line.fund, *amounts),
        )
    moved = [movement for line in lines for movement in line.movements]
    sql.run(
        "INSERT INTO payment_taken (slip_id, journal_id, fund, template, document_no, fen)"
        " SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[])",
        (
            slip_id,
            [movement.journal for movement in moved],
            [movement.fund for movement in moved],
            [movement.template for movement in moved],
            [movement.document_no for movement in moved],
            [movement.fen for movement in moved],
        ),
    )


def slip_row(slip_no: str, *, lock: bool = False) -> sql.Row | None:
    """A slip's header: see `_SLIP`."""
    return sql.one(f"SELECT {_SLIP} FROM payment_slip WHERE slip_no = %s" + (" FOR UPDATE" if lock else ""), (slip_no,))


def slip_rows(area: str, month: date) -> list[sql.Row]:
    """Headers of a month's slips by institution, cancelled ones left out."""
    return sql.rows(
        f"SELECT {_SLIP} FROM payment_slip WHERE area = %s AND month = %s AND state <> 'cancelled'"
        " ORDER BY institution_code",
        (area, month),
    )


def fund_rows(slip_id: int) -> list[sql.Row]:
    """(fund, amounts in the order of FUND_COLUMNS) of a slip."""
    return sql.rows(f"SELECT fund, {_FUND_SQL} FROM payment_slip_fund WHERE slip_id = %s ORDER BY fund", (slip_id,))


def taken_rows(slip_id: int) -> list[sql.Row]:
    """(journal, template, document number, fund, fen) that a slip took up, oldest first."""
    return sql.rows(
        "SELECT journal_id, template, document_no, fund, fen FROM payment_taken WHERE slip_id = %s"
        " ORDER BY journal_id, fund",
        (slip_id,),
    )


def move_slip(slip_id: int, state: str, by: str, at: datetime, why: str = "") -> None:
    """Note that a slip was confirmed, paid or cancelled."""
    sql.run(
        f"UPDATE payment_slip SET state = %s, {state}_by = %s, {state}_at = %s, why = why || %s WHERE id = %s",
        (state, by, at, why, slip_id),
    )


def release_taken(slip_id: int) -> None:
    """Free what a cancelled slip had taken up."""
    sql.run("DELETE FROM payment_taken WHERE slip_id = %s", (slip_id,))


def settlement_funds(settlement_no: str) -> list[sql.Row]:
    """(institution, area, fund, fen) that a settlement made owed; nothing is left of a cancelled one."""
    return sql.rows(
        "SELECT p.institution, p.area, p.fund, (sum(p.fen) + coalesce(sum(r.fen), 0))::bigint FROM ledger_payable p"
        " LEFT JOIN ledger_payable r ON r.reverses_id = p.journal_id AND r.fund = p.fund"
        " WHERE p.document_no = %s AND p.document_kind = 'settlement'"
        " GROUP BY 1, 2, 3 ORDER BY 3",
        (settlement_no,),
    )


def deducted(settlement_no: str) -> list[sql.Row]:
    """(serial, fund, fen) of the deductions of a settlement; those taken back come with nothing."""
    return sql.rows(
        "SELECT serial, fund, CASE WHEN withdrawn_at IS NULL THEN fen ELSE 0 END FROM payment_deduction"
        " WHERE settlement_no = %s ORDER BY serial, fund",
        (settlement_no,),
    )


def insert_deduction(
    settlement_no: str, serial: int, fund: str, fen: int, article: str, why: str, by: str, at: datetime
) -> None:
    """Keep a deduction's fund."""
    sql.run(
        "INSERT INTO payment_deduction (settlement_no, serial, fund, fen, article, why, decided_by, decided_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (settlement_no, serial, fund, fen, article, why, by, at),
    )


def void_deductions(area: str) -> list[sql.Row]:
    """(settlement, serial) of deductions that stand although their settlement was cancelled."""
    return sql.rows(
        "SELECT DISTINCT d.settlement_no, d.serial FROM payment_deduction d"
        " JOIN ledger_payable p ON p.document_no = d.settlement_no AND p.document_kind = 'settlement'"
        " JOIN ledger_payable r ON r.reverses_id = p.journal_id"
        " WHERE p.area = %s AND d.withdrawn_at IS NULL ORDER BY 1, 2",
        (area,),
    )


def withdraw_deduction(settlement_no: str, serial: int, at: datetime) -> None:
    """Note that a deduction was taken back."""
    sql.run(
        "UPDATE payment_deduction SET withdrawn_at = %s WHERE settlement_no = %s AND serial = %s",
        (at, settlement_no, serial),
    )


def insert_assessment(
    area: str, institution: str, year: int, score: int, released: int, forfeited: int, by: str, at: datetime, why: str
) -> bool:
    """Keep a year's assessment; False when there is one already."""
    return bool(
        sql.changed(
            "INSERT INTO payment_assessment (area, institution_code, year, score, released_fen, forfeited_fen,"
            " decided_by, decided_at, why) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (area, institution, year, score, released, forfeited, by, at, why),
        )
    )
