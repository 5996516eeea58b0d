"""The ledger's statements: every read and write of its tables stands here, set-based."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import Error, connection

from openyibao.foundation import sql
from openyibao.ledger import chart
from openyibao.ledger.contracts import POST_SQL, JournalDraft, PersonalAccount, Seal
from openyibao.ledger.errors import refusal_of

_ACCOUNT = "id, owner_id, area, opened_on, closed_on, balance_fen"


def sync_chart() -> int:
    """Bring the table of accounts in line with data/chart.yaml; the number of accounts."""
    listed = list(chart.accounts().values())
    sql.run(
        "INSERT INTO ledger_account (code, number, name, book, kind, party_kind, party_required)"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::boolean[])"
        " ON CONFLICT (code) DO UPDATE SET number = excluded.number, name = excluded.name, book = excluded.book,"
        " kind = excluded.kind, party_kind = excluded.party_kind, party_required = excluded.party_required",
        (
            *([a.code for a in listed], [a.number for a in listed], [a.name for a in listed]),
            *([a.book for a in listed], [a.kind for a in listed]),
            *([a.party_kind for a in listed], [a.party_required for a in listed]),
        ),
    )
    return len(listed)


def insert_journal(draft: JournalDraft) -> int:
    """Post one journal. Raises: the ledger's refusals."""
    try:
        found = sql.one(f"SELECT {POST_SQL}", draft.parameters())
    except Error as problem:
        _refuse(problem)
    assert found is not None
    return int(found[0])


def insert_journals(drafts: Iterable[JournalDraft]) -> None:
    """Post many journals, pipelined. Raises: the ledger's refusals."""
    try:
        with connection.cursor() as cursor:
            cursor.executemany(f"SELECT {POST_SQL}", [draft.parameters() for draft in drafts])
    except Error as problem:
        _refuse(problem)


def insert_reversal(journal_id: int, day: date, at: datetime, kind: str, number: str, note: str) -> int | None:
    """Post the exact negative of a journal; None when there is none. Raises: the ledger's refusals."""
    try:
        found = sql.one(
            "SELECT ledger_reverse(%s::bigint, %s::date, %s::timestamptz, %s::text, %s::text, %s::text)",
            (journal_id, day, at, kind, number, note),
        )
    except Error as problem:
        _refuse(problem)
    return None if found is None or found[0] is None else int(found[0])


def _refuse(problem: Error) -> None:
    answer = refusal_of(problem)
    if answer is None:
        raise problem
    raise answer from problem


# personal accounts


def insert_account(owner_id: int, area: str, day: date) -> int | None:
    """Open an account; None when the person has an open one in the area."""
    found = sql.one(
        "INSERT INTO ledger_personal_account (owner_id, area, opened_on, balance_fen, interest_year)"
        " VALUES (%s, %s, %s, 0, 0) ON CONFLICT (owner_id, area) WHERE closed_on IS NULL DO NOTHING RETURNING id",
        (owner_id, area, day),
    )
    return None if found is None else int(found[0])


def end_account(account_id: int, day: date) -> bool:
    """Close an empty open account; whether there was one."""
    done = sql.one(
        "UPDATE ledger_personal_account SET closed_on = %s"
        " WHERE id = %s AND closed_on IS NULL AND balance_fen = 0 RETURNING id",
        (day, account_id),
    )
    return done is not None


def revive_account(account_id: int) -> bool:
    """Open a closed account again; whether there was one."""
    done = sql.one(
        "UPDATE ledger_personal_account SET closed_on = NULL WHERE id = %s AND closed_on IS NOT NULL RETURNING id",
        (account_id,),
    )
    return done is not None


def accounts_by_owner(owner_ids: Sequence[int], *, lock: bool = False) -> list[PersonalAccount]:
    """Accounts of persons by account id, locked in that order when asked."""
    found = sql.rows(
        f"SELECT {_ACCOUNT} FROM ledger_personal_account WHERE owner_id = ANY(%s::bigint[]) ORDER BY id"
        + (" FOR UPDATE" if lock else ""),
        (list(owner_ids),),
    )
    return [PersonalAccount(*row) for row in found]


def account_by_id(account_id: int) -> PersonalAccount | None:
    """One account."""
    found = sql.one(f"SELECT {_ACCOUNT} FROM ledger_personal_account WHERE id = %s", (account_id,))
    return None if found is None else PersonalAccount(*found)


def accounts_without_interest(area: str, year: int, limit: int) -> list[tuple[int, int, int]]:
    """(account, balance at the start, balance at the end of the year) of open accounts not yet credited, locked."""
    return [
        (int(row[0]), int(row[1]), int(row[2]))
        for row in sql.rows(
            "WITH due AS (SELECT id FROM ledger_personal_account WHERE area = %s AND closed_on IS NULL"
            " AND interest_year < %s AND opened_on < %s ORDER BY id LIMIT %s FOR UPDATE)"
            " SELECT due.id, coalesce(sum(l.credit_fen - l.debit_fen) FILTER (WHERE j.day < %s), 0)::bigint,"
            " coalesce(sum(l.credit_fen - l.debit_fen), 0)::bigint"
            " FROM due LEFT JOIN (ledger_leg l JOIN ledger_journal j ON j.id = l.journal_id AND j.day < %s)"
            " ON l.party = due.id::text AND l.party <> '' AND l.account_code = 'personal_account'"
            " GROUP BY due.id ORDER BY due.id",
            (area, year, date(year + 1, 1, 1), limit, date(year, 1, 1), date(year + 1, 1, 1)),
        )
    ]


def mark_interest(account_ids: Sequence[int], year: int) -> None:
    """Remember that the year's interest of these accounts is done."""
    sql.run(
        "UPDATE ledger_personal_account SET interest_year = %s WHERE id = ANY(%s::bigint[])", (year, list(account_ids))
    )


# months


def open_from(area: str, book: str) -> date | None:
    """First day into which may be posted; None when nothing was ever closed."""
    found = sql.one("SELECT max(until) FROM ledger_period WHERE area = %s AND book = %s", (area, book))
    return None if found is None else found[0]


def first_day(area: str, book: str) -> date | None:
    """The earliest day posted in."""
    found = sql.one("SELECT min(day) FROM ledger_journal WHERE area = %s AND book = %s", (area, book))
    return None if found is None else found[0]


def lock_area(area: str) -> None:
    """Wait for postings in flight in an area and keep others out until the end of the transaction."""
    sql.run("SELECT pg_advisory_xact_lock(20151, %s::int)", (area,))


def close(area: str, book: str, month: date, until: date, at: datetime, by: str) -> int:
    """Write snapshot and period; the number of snapshot rows."""
    found = sql.one(
        "SELECT ledger_close(%s::text, %s::text, %s::date, %s::date, %s::timestamptz, %s::text)",
        (area, book, month, until, at, by),
    )
    assert found is not None
    return int(found[0])


def balances(area: str, book: str, until: date) -> list[sql.Row]:
    """(account, fund, party kind, party, debit minus credit) of all days before `until`, persons together."""
    return sql.rows("SELECT * FROM ledger_balances(%s::text, %s::text, %s::date)", (area, book, until))


def movements(area: str, book: str, start: date, until: date) -> list[sql.Row]:
    """(account, fund, party kind, party, debit, credit) in [start, until), persons together."""
    return sql.rows(
        "SELECT * FROM ledger_movements(%s::text, %s::text, %s::date, %s::date)", (area, book, start, until)
    )


def movements_by_template(area: str, codes: Sequence[str], start: date, until: date) -> list[sql.Row]:
    """(account, fund, template, debit minus credit) of business accounts in [start, until)."""
    return sql.rows(
        "SELECT l.account_code, l.fund, j.template, sum(l.debit_fen - l.credit_fen)::bigint"
        " FROM ledger_journal j JOIN ledger_leg l ON l.journal_id = j.id"
        " WHERE j.area = %s AND j.book = 'business' AND j.day >= %s AND j.day < %s AND l.account_code = ANY(%s::text[])"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        (area, start, until, list(codes)),
    )


def person_balance(area: str, account: str, until: date, fund: str, party: str) -> int:
    """Debit minus credit of one party of an account before a day."""
    found = sql.one(
        "SELECT coalesce(sum(l.debit_fen - l.credit_fen), 0)::bigint"
        " FROM ledger_leg l JOIN ledger_journal j ON j.id = l.journal_id"
        " WHERE l.party = %s AND l.party <> '' AND l.account_code = %s AND j.area = %s AND j.day < %s"
        " AND (%s::text = '' OR l.fund = %s::text)",
        (party, account, area, until, fund, fund),
    )
    assert found is not None
    return int(found[0])


def areas_used() -> list[str]:
    """Areas that have journals."""
    return [row[0] for row in sql.rows("SELECT DISTINCT area FROM ledger_journal ORDER BY 1")]


def days_used(area: str) -> tuple[date, date] | None:
    """First and last day posted in."""
    found = sql.one("SELECT min(day), max(day) FROM ledger_journal WHERE area = %s", (area,))
    return None if found is None or found[0] is None else (found[0], found[1])


def party_lines(account: str, party: str, until: date) -> list[sql.Row]:
    """(journal, day, at, template, document kind, number, fund, credit minus debit) of one party, oldest first."""
    return sql.rows(
        "SELECT j.id, j.day, j.posted_at, j.template, j.document_kind, j.document_no, l.fund,"
        " sum(l.credit_fen - l.debit_fen)::bigint"
        " FROM ledger_leg l JOIN ledger_journal j ON j.id = l.journal_id"
        " WHERE l.party = %s AND l.party <> '' AND l.account_code = %s AND j.day < %s"
        " GROUP BY j.id, l.fund ORDER BY j.day, j.id, l.fund",
        (party, account, until),
    )


# seals


def last_seal(area: str) -> tuple[Seal, bytes] | None:
    """The latest seal of an area and its hash."""
    found = sql.one(
        "SELECT area, day, last_id, journals, debit_fen, hash FROM ledger_seal"
        " WHERE area = %s ORDER BY day DESC LIMIT 1",
        (area,),
    )
    if found is None:
        return None
    where, day, upto, journals, debit_fen, stored = found
    return Seal(where, day, upto, journals, debit_fen, bytes(stored).hex()), bytes(stored)


def last_id(area: str) -> int:
    """The latest journal of an area, 0 without one."""
    found = sql.one("SELECT coalesce(max(id), 0) FROM ledger_journal WHERE area = %s", (area,))
    assert found is not None
    return int(found[0])


def digest(area: str, after: int, upto: int, previous: bytes) -> tuple[int, int, bytes]:
    """(journals, sum of debits, hash) of an area's journals with after < id <= upto, chained to `previous`."""
    found = sql.one(
        "SELECT journals, debit_fen, hash FROM ledger_digest(%s::text, %s::bigint, %s::bigint, %s::bytea)",
        (area, after, upto, previous),
    )
    assert found is not None
    return int(found[0]), int(found[1]), bytes(found[2])


def insert_seal(seal: Seal, first_id: int, previous: bytes, at: datetime) -> None:
    """Write a seal."""
    sql.run(
        "INSERT INTO ledger_seal (area, day, first_id, last_id, journals, debit_fen, previous, hash, sealed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(seal.area, seal.day, first_id, seal.last_id, seal.journals, seal.debit_fen),
            *(previous, bytes.fromhex(seal.hash), at),
        ),
    )


# documents


def journals_of(document_kind: str, document_no: str) -> list[int]:
    """Ids of a document's journals, oldest first."""
    found = sql.rows(
        "SELECT id FROM ledger_journal WHERE document_no = %s AND document_kind = %s ORDER BY id",
        (document_no, document_kind),
    )
    return [int(row[0]) for row in found]


def is_reversal(journal_id: int) -> bool:
    """Whether a journal takes another one back."""
    return sql.one("SELECT 1 FROM ledger_journal WHERE id = %s AND reverses_id IS NOT NULL", (journal_id,)) is not None
