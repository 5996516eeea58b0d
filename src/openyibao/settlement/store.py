"""Reads and writes of the settlement room. Every lock it takes is taken here, in one order: person, then accounts.

A person's visits, uploads, settlements and cancellations go one at a time: `lock_person` takes the person's lock for
the transaction, and every statement after it sees what was committed before. Lines and sums change only under it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg

from openyibao.foundation import sql
from openyibao.institutions import facade as institutions
from openyibao.institutions.contracts import Institution
from openyibao.kernel.clock import business_day
from openyibao.kernel.errors import TryAgain
from openyibao.ledger.contracts import POST_SQL, JournalDraft
from openyibao.ledger.errors import refusal_of as ledger_refusal
from openyibao.people.contracts import Dossier
from openyibao.people.errors import PersonUnknown
from openyibao.settlement.contracts import Circumstances, Diagnosis, FeeLine, PricedLine
from openyibao.settlement.errors import VisitUnknown

LOCKS = True
"""Taken away only by the tests that show what goes wrong without them."""
_PERSON_LOCK = 0x5059_0000_0000_0000
"""Added to a person's id: the range of advisory locks that are persons'."""


@dataclass(frozen=True)
class VisitRow:
    """A visit as stored."""

    id: int
    visit_no: str
    inpatient: bool
    state: str
    person_id: int
    person_no: str
    institution_code: str
    insured_area: str
    care_area: str
    insutype: str
    scheme: str
    med_type: str
    benefit: str
    case_no: str
    stay_no: str
    begun_at: datetime
    begun_on: date
    ended_at: datetime | None
    ended_on: date | None
    disease_code: str
    disease_name: str
    disease: str
    circumstances_json: str
    open_batch: int
    standing: int

    @property
    def circumstances(self) -> Circumstances:
        return Circumstances(**msgspec.json.decode(self.circumstances_json))


_VISIT = (
    "v.id, v.visit_no, v.inpatient, v.state, v.person_id, v.person_no, v.institution_code, v.insured_area,"
    " v.care_area, v.insutype, v.scheme, v.med_type, v.benefit, v.case_no, v.stay_no, v.begun_at, v.begun_on,"
    " v.ended_at, v.ended_on, v.disease_code, v.disease_name, v.disease, v.circumstances::text, v.open_batch,"
    " v.standing"
)
_VISIT_WIDTH = 25


@dataclass(frozen=True)
class BatchRow:
    """A batch as stored: sums in fen."""

    id: int
    batch_no: str
    lines: int
    total: int
    non_covered: int
    over_limit: int
    prior: int
    in_scope: int
    special: int
    herb: int
    last_fee_on: date | None
    settlement_id: int | None


_BATCH = (
    "b.id, b.batch_no, b.lines, b.total_fen, b.non_covered_fen, b.over_limit_fen, b.prior_self_pay_fen,"
    " b.in_scope_fen, b.special_fen, b.herb_fen, b.last_fee_on, b.settlement_id"
)
_BATCH_WIDTH = 12


@dataclass(frozen=True)
class YearRow:
    """The state of a person-year as stored."""

    seq: int
    counters: dict[str, int]
    stays: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Account:
    """A personal account, locked: whose it is and what it holds."""

    id: int
    owner_id: int
    balance_fen: int


@dataclass(frozen=True)
class HeldAccount(Account):
    """A locked account that may have been closed."""

    closed: bool


@dataclass(frozen=True)
class Facts:
    """Everything one settlement is decided on, read in one statement."""

    visit: VisitRow
    batch: BatchRow | None
    dossier: Dossier
    institution: Institution
    year: YearRow
    plan_hash: str
    number: int
    decided_on: date
    accounts: list[Account]
    """The person's own and those whose owners authorised the person, locked in the order of their ids."""


# Persons and visits -------------------------------------------------------------------------------------------


def lock_person(person_no: str) -> int:
    """Take a person's lock until the transaction ends; gives the person's id. Raises: PersonUnknown."""
    if LOCKS:
        found = sql.one(
            "SELECT person_id, pg_advisory_xact_lock(%s + person_id) FROM people_number WHERE person_no = %s",
            (_PERSON_LOCK, person_no),
        )
    else:
        found = sql.one("SELECT person_id FROM people_number WHERE person_no = %s", (person_no,))
    if found is None:
        raise PersonUnknown(f"没有人员编号 {person_no}", hint="先以 1101 取得人员编号", person_no=person_no)
    person_id = int(found[0])
    if person_id_of(person_no) != person_id:
        raise _numbers_joined(person_no)
    return person_id


def _numbers_joined(person_no: str) -> TryAgain:
    return TryAgain(f"人员编号 {person_no} 正在合并", hint="以同一报文ID重发", person_no=person_no)


def lock_person_id(person_id: int) -> None:
    """Take the lock of a person by id: of one whose number now names another."""
    sql.one("SELECT pg_advisory_xact_lock(%s)", (_PERSON_LOCK + person_id,))


def person_id_of(person_no: str) -> int:
    """A person's id by number, without the lock. Raises: PersonUnknown."""
    found = sql.one("SELECT person_id FROM people_number WHERE person_no = %s", (person_no,))
    if found is None:
        raise PersonUnknown(f"没有人员编号 {person_no}", hint="先以 1101 取得人员编号", person_no=person_no)
    return int(found[0])


def dossier_of(person_id: int) -> Dossier:
    """A person's whole record."""
    found = sql.one(f"SELECT {Dossier.COLUMNS} FROM people_dossier WHERE person_id = %s", (person_id,))
    assert found is not None, "a number without its person"
    return Dossier.from_row(found)


def institution_of(code: str) -> Institution:
    """An institution with its history. Raises: InstitutionUnknown."""
    return institutions.institution(code)


def visit_of(visit_no: str, person_id: int, institution_code: str) -> VisitRow:
    """A visit of this person at this institution. Raises: VisitUnknown."""
    found = sql.one(
        f"SELECT {_VISIT} FROM settlement_visit v"
        " WHERE v.visit_no = %s AND v.person_id = %s AND v.institution_code = %s",
        (visit_no, person_id, institution_code),
    )
    if found is None:
        raise VisitUnknown(
            f"没有就诊 {visit_no}",
            hint="核对 mdtrt_id、psn_no 与 fixmedins_code，三者须同属一次就诊",
            visit_no=visit_no,
        )
    return VisitRow(*found)


def visit_by_id(visit_id: int) -> VisitRow:
    """A visit by its row id."""
    found = sql.one(f"SELECT {_VISIT} FROM settlement_visit v WHERE v.id = %s", (visit_id,))
    assert found is not None
    return VisitRow(*found)


def insert_visit(values: Mapping[str, object]) -> str:
    """Store a new visit; gives its number (mdtrt_id): area of insurance, M, and a sequence."""
    names = list(values)
    found = sql.one(
        f"INSERT INTO settlement_visit (visit_no, {', '.join(names)})"
        f" SELECT %s || 'M' || lpad(n::text, 14, '0'), {', '.join(['%s'] * len(names))}"
        " FROM nextval('settlement_number') n RETURNING visit_no",
        (values["insured_area"], *values.values()),
    )
    assert found is not None
    return str(found[0])


def update_visit(visit_id: int, **values: object) -> None:
    """Change columns of a visit."""
    sets = ", ".join(f"{name} = %s" for name in values)
    sql.run(f"UPDATE settlement_visit SET {sets} WHERE id = %s", (*values.values(), visit_id))


def unsettled_lines(visit_id: int) -> int:
    """Lines of a visit that are neither settled nor withdrawn."""
    found = sql.one(
        "SELECT coalesce(sum(lines), 0) FROM settlement_batch WHERE visit_id = %s AND settlement_id IS NULL",
        (visit_id,),
    )
    assert found is not None
    return int(found[0])


def diagnoses_json(diagnoses: Sequence[Diagnosis]) -> str:
    return json.dumps([asdict(diagnosis) for diagnosis in diagnoses], ensure_ascii=False)


def circumstances_json(circumstances: Circumstances) -> str:
    return json.dumps(asdict(circumstances), ensure_ascii=False)


# What a settlement is decided on ------------------------------------------------------------------------------

_DOSSIER = ", ".join(f"d.{name.strip()}" for name in Dossier.COLUMNS.split(","))
_READ = sql.numbered(f"""
SELECT {_VISIT}, {_BATCH}, py.seq, py.counters::text, py.stays::text, r.hash, nextval('settlement_number'), x.day,
       i.code, i.version, {_DOSSIER}
FROM settlement_visit v
LEFT JOIN settlement_batch b
  ON b.visit_id = v.id AND b.batch_no = CASE WHEN v.inpatient THEN v.open_batch::text ELSE %s END
CROSS JOIN LATERAL (
  SELECT coalesce(CASE WHEN NOT v.inpatient THEN v.begun_on WHEN %s THEN coalesce(%s::date, b.last_fee_on)
                       ELSE v.ended_on END, v.begun_on) AS day) x
LEFT JOIN settlement_person_year py ON py.person_id = v.person_id AND py.year = date_part('year', x.day)::int
  AND py.area = v.insured_area AND py.scheme = v.scheme
JOIN people_dossier d ON d.person_id = v.person_id
JOIN institutions_dossier i ON i.code = v.institution_code
CROSS JOIN rulebook_in_force r
WHERE v.visit_no = %s AND v.institution_code = %s
  AND v.person_id = (SELECT person_id FROM people_number WHERE person_no = %s)
""")
_ACCOUNTS = sql.numbered("""
SELECT a.id, a.owner_id, a.balance_fen FROM ledger_personal_account a
WHERE a.closed_on IS NULL AND a.owner_id = ANY (ARRAY(
  SELECT n.person_id FROM people_number n WHERE n.person_no = %s
  UNION ALL
  SELECT (f->>'owner_id')::bigint FROM people_number n JOIN people_dossier d ON d.person_id = n.person_id
  CROSS JOIN LATERAL jsonb_array_elements(d.family) f WHERE n.person_no = %s))
ORDER BY a.id
""")
_LOCKED_ACCOUNTS = _ACCOUNTS + "FOR UPDATE OF a"
_LOCK = "SELECT person_id, pg_advisory_xact_lock($1 + person_id) FROM people_number WHERE person_no = $2"
_NO_LOCK = "SELECT person_id, $1::bigint FROM people_number WHERE person_no = $2"


def locked_facts(
    visit_no: str, person_no: str, institution_code: str, batch_no: str, *, mid_stay: bool, ended_on: date | None
) -> Facts:
    """Lock the person, then read everything their bill is decided on. Two statements, one round trip.

    Raises: PersonUnknown, VisitUnknown.
    """
    with (
        sql.pipelining(),
        sql.numbered_cursor() as lock,
        sql.numbered_cursor() as reader,
        sql.numbered_cursor() as holder,
    ):
        lock.execute(_LOCK if LOCKS else _NO_LOCK, (_PERSON_LOCK, person_no))
        reader.execute(_READ, (batch_no, mid_stay, ended_on, visit_no, institution_code, person_no))
        holder.execute(_LOCKED_ACCOUNTS if LOCKS else _ACCOUNTS, (person_no, person_no))
        person = lock.fetchone()
        row = reader.fetchone()
        accounts = [Account(*found) for found in holder.fetchall()]
    if person is None:
        raise PersonUnknown(f"没有人员编号 {person_no}", hint="先以 1101 取得人员编号", person_no=person_no)
    if row is None:
        raise VisitUnknown(
            f"没有就诊 {visit_no}",
            hint="核对 mdtrt_id、psn_no 与 fixmedins_code，三者须同属一次就诊",
            visit_no=visit_no,
        )
    facts = _facts(row, accounts)
    if facts.visit.person_id != person[0]:
        raise _numbers_joined(person_no)
    return facts


def _facts(row: Sequence[Any], accounts: list[Account]) -> Facts:
    at = _VISIT_WIDTH
    visit = VisitRow(*row[:at])
    batch = BatchRow(*row[at : at + _BATCH_WIDTH]) if row[at] is not None else None
    at += _BATCH_WIDTH
    seq, counters, stays, plan_hash, number, day = row[at : at + 6]
    at += 6
    institution = institutions.cached_institution(row[at], row[at + 1])
    dossier = Dossier.from_row(row[at + 2 :])
    return Facts(visit, batch, dossier, institution, _year(seq, counters, stays), plan_hash, number, day, accounts)


def _year(seq: int | None, counters: str | None, stays: str | None) -> YearRow:
    if seq is None:
        return YearRow(0, {}, {})
    read_stays = {name: (pair[0], pair[1]) for name, pair in msgspec.json.decode(stays or "{}").items()}
    return YearRow(seq, msgspec.json.decode(counters or "{}"), read_stays)


def person_year(person_id: int, year: int, area: str, scheme: str) -> YearRow:
    """The state of a person-year; nothing yet reads as the start of the year."""
    found = sql.one(
        "SELECT seq, counters::text, stays::text FROM settlement_person_year"
        " WHERE person_id = %s AND year = %s AND area = %s AND scheme = %s",
        (person_id, year, area, scheme),
    )
    return _year(*(found or (None, None, None)))


def locked_accounts(owner_id: int, account_ids: Sequence[int]) -> list[HeldAccount]:
    """A person's open accounts and those of these ids, closed ones too; locked in the order of their ids."""
    found = sql.rows(
        "SELECT id, owner_id, balance_fen, closed_on IS NOT NULL FROM ledger_personal_account"
        " WHERE (owner_id = %s AND closed_on IS NULL) OR id = ANY(%s) ORDER BY id" + (" FOR UPDATE" if LOCKS else ""),
        (owner_id, list(account_ids)),
    )
    return [HeldAccount(*row) for row in found]


# The write of a settlement ------------------------------------------------------------------------------------

_WRITE = sql.numbered(f"""
WITH journal AS (
  SELECT {POST_SQL} AS id
  WHERE cardinality(%s::text[]) > 0
), document AS (
  INSERT INTO settlement_document (settlement_no, visit_id, state, person_id, institution_code, area, scheme, year, seq,
    decided_on, settled_at, mid_stay, total_fen, fund_fen, hospital_fen, account_fen, family_fen, cash_fen, amounts,
    payers, decided, counters_before, accounts, plan_hash, trace, details, journal_id, msgid, infno)
  SELECT %s, %s, 'standing', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb,
    %s::jsonb, %s::jsonb, %s::jsonb, %s, %s, %s::jsonb, (SELECT id FROM journal), %s, %s
  RETURNING id
), batch AS (
  UPDATE settlement_batch SET settlement_id = (SELECT id FROM document) WHERE id = %s
), visit AS (
  UPDATE settlement_visit SET standing = standing + 1, state = %s, open_batch = open_batch + 1 WHERE id = %s
), person_year AS (
  INSERT INTO settlement_person_year (person_id, year, area, scheme, seq, counters, stays)
  VALUES (%s, %s, %s, %s, %s, %s::jsonb, %s::jsonb)
  ON CONFLICT (person_id, year, area, scheme)
  DO UPDATE SET seq = excluded.seq, counters = excluded.counters, stays = excluded.stays
)
SELECT id FROM document
""")


def write_settlement(journal: JournalDraft, document: Sequence[object], after: Sequence[object]) -> None:
    """Write a settlement with all that hangs on it in one statement. Raises: what the ledger refuses.

    journal: its draft; without legs none is posted. document: its columns in the order of the statement. after: batch
    id, visit state and id, person-year key, sequence number, counters, stays.
    """
    parameters = journal.parameters()
    try:
        with sql.numbered_cursor() as cursor:
            cursor.execute(_WRITE, (*parameters, parameters[9], *document, *after))
    except psycopg.Error as problem:  # the driver's own cursor: Django has not wrapped it
        refusal = ledger_refusal(problem)
        if refusal is None:
            raise
        raise refusal from problem


def merge_details(visit_id: int, details: Mapping[str, object]) -> None:
    """Add members to a visit's details."""
    text = json.dumps(dict(details), ensure_ascii=False, default=str)
    sql.run("UPDATE settlement_visit SET details = details || %s::jsonb WHERE id = %s", (text, visit_id))


def stay_of(visit_no: str, person_id: int) -> str:
    """The stay an earlier inpatient visit of this person belongs to; empty when there is none."""
    found = sql.one(
        "SELECT coalesce(nullif(stay_no, ''), visit_no) FROM settlement_visit"
        " WHERE visit_no = %s AND person_id = %s AND inpatient AND state <> 'cancelled'",
        (visit_no, person_id),
    )
    return str(found[0]) if found else ""


def earlier_stay(stay_no: str, person_id: int) -> tuple[int, int] | None:
    """(n-th, deductible borne) of a stay as another year has it; (0, 0) when no fund paid; None if never settled."""
    found = sql.one(
        "SELECT stays->%s->>0, stays->%s->>1 FROM settlement_person_year"
        " WHERE person_id = %s AND jsonb_exists(stays, %s) ORDER BY year DESC LIMIT 1",
        (stay_no, stay_no, person_id, stay_no),
    )
    if found is not None:
        return int(found[0]), int(found[1])
    settled = sql.one(
        "SELECT 1 FROM settlement_visit WHERE coalesce(nullif(stay_no, ''), visit_no) = %s AND person_id = %s"
        " AND inpatient AND standing > 0 LIMIT 1",
        (stay_no, person_id),
    )
    return (0, 0) if settled is not None else None


# Lines --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LiveLine:
    """A line of a visit that was not withdrawn: what a refund of it must fit."""

    sn: str
    item_code: str
    price_e6: int
    quantity_left_e4: int


def live_lines(visit_id: int, line_nos: Sequence[str]) -> dict[str, LiveLine]:
    """Lines of these numbers that were not withdrawn, with the quantity that refunds have left."""
    found = sql.rows(
        "SELECT l.sn, l.item_code, l.price_e6, l.quantity_e4 + coalesce("
        " (SELECT sum(r.quantity_e4) FROM settlement_line r"
        "  WHERE r.visit_id = l.visit_id AND r.refunds_sn = l.sn AND r.withdrawn_at IS NULL), 0)"
        " FROM settlement_line l WHERE l.visit_id = %s AND l.sn = ANY(%s) AND l.withdrawn_at IS NULL",
        (visit_id, list(line_nos)),
    )
    return {row[0]: LiveLine(row[0], row[1], row[2], int(row[3])) for row in found}


def refunds_of(visit_id: int, line_nos: Sequence[str]) -> list[tuple[str, str]]:
    """(refund, refunded) numbers of live refunds of these lines."""
    found = sql.rows(
        "SELECT sn, refunds_sn FROM settlement_line"
        " WHERE visit_id = %s AND refunds_sn = ANY(%s) AND withdrawn_at IS NULL",
        (visit_id, list(line_nos)),
    )
    return [(row[0], row[1]) for row in found]


def batches_of(visit_id: int, batch_nos: Sequence[str]) -> dict[str, BatchRow]:
    """Batches of a visit by number."""
    found = sql.rows(
        f"SELECT {_BATCH} FROM settlement_batch b WHERE b.visit_id = %s AND b.batch_no = ANY(%s)",
        (visit_id, list(batch_nos)),
    )
    return {row[1]: BatchRow(*row) for row in found}


_ADD_LINES = """
WITH batch AS (
  INSERT INTO settlement_batch AS b (visit_id, batch_no, disease_code, lines, total_fen, non_covered_fen,
    over_limit_fen, prior_self_pay_fen, in_scope_fen, special_fen, herb_fen, last_fee_on)
  VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
  ON CONFLICT (visit_id, batch_no) DO UPDATE SET
    lines = b.lines + excluded.lines, total_fen = b.total_fen + excluded.total_fen,
    non_covered_fen = b.non_covered_fen + excluded.non_covered_fen,
    over_limit_fen = b.over_limit_fen + excluded.over_limit_fen,
    prior_self_pay_fen = b.prior_self_pay_fen + excluded.prior_self_pay_fen,
    in_scope_fen = b.in_scope_fen + excluded.in_scope_fen, special_fen = b.special_fen + excluded.special_fen,
    herb_fen = b.herb_fen + excluded.herb_fen, last_fee_on = greatest(b.last_fee_on, excluded.last_fee_on)
  RETURNING id
)
INSERT INTO settlement_line (batch_id, visit_id, sn, item_code, local_code, name, item_class, charge_type, quantity_e4,
  price_e6, ceiling_e6, own_ratio_bp, amount_fen, non_covered_fen, over_limit_fen, prior_self_pay_fen, in_scope_fen,
  special_fen, herb, version_id, fee_at, approved, refunds_sn, dept_code, doctor_code, memo)
SELECT batch.id, %s, l.* FROM batch, unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
  %s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
  %s::bigint[], %s::bigint[], %s::bool[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::text[],
  %s::text[], %s::text[]) l
"""


def add_lines(visit_id: int, batch_no: str, lines: Sequence[tuple[FeeLine, PricedLine]]) -> None:
    """Store priced lines and add them to their batch, in one statement."""
    prices = [price for _, price in lines]
    batch = (
        visit_id,
        batch_no,
        next((line.disease_code for line, _ in lines if line.disease_code), ""),
        len(lines),
        sum(price.amount_fen for price in prices),
        sum(price.non_covered_fen for price in prices),
        sum(price.over_limit_fen for price in prices),
        sum(price.prior_self_pay_fen for price in prices),
        sum(price.in_scope_fen for price in prices),
        sum(price.special_fen for price in prices),
        sum(price.in_scope_fen for price in prices if price.herb),
        max(business_day(line.fee_at) for line, _ in lines),
    )
    columns = zip(*(_line_columns(line, price) for line, price in lines), strict=True)
    with sql.raw_cursor() as cursor:
        cursor.execute(_ADD_LINES, (*batch, visit_id, *(list(column) for column in columns)))


def _line_columns(line: FeeLine, price: PricedLine) -> tuple[object, ...]:
    return (
        line.sn,
        line.item_code,
        line.local_code,
        price.name,
        price.item_class,
        price.charge_type,
        line.quantity_e4,
        line.price_e6,
        price.ceiling_e6,
        price.own_ratio_bp,
        line.amount_fen,
        price.non_covered_fen,
        price.over_limit_fen,
        price.prior_self_pay_fen,
        price.in_scope_fen,
        price.special_fen,
        price.herb,
        price.version_id,
        line.fee_at,
        line.approved,
        line.refunds_sn,
        line.dept_code,
        line.doctor_code,
        price.memo,
    )


def withdraw(visit_id: int, batch_no: str, line_nos: Sequence[str], at: datetime) -> int:
    """Withdraw unsettled lines: of one batch or all, of these numbers or all. Sums are made anew from what is left."""
    found = sql.rows(
        "UPDATE settlement_line l SET withdrawn_at = %s FROM settlement_batch b"
        " WHERE l.batch_id = b.id AND b.visit_id = %s AND b.settlement_id IS NULL AND l.withdrawn_at IS NULL"
        " AND (%s = '' OR b.batch_no = %s) AND (cardinality(%s::text[]) = 0 OR l.sn = ANY(%s::text[])) RETURNING b.id",
        (at, visit_id, batch_no, batch_no, list(line_nos), list(line_nos)),
    )
    if found:
        _sum_batches(sorted({row[0] for row in found}))
    return len(found)


def _sum_batches(batch_ids: Sequence[int]) -> None:
    sums = ", ".join(
        f"{name} = coalesce((SELECT sum(l.{column}) FROM settlement_line l WHERE l.batch_id = b.id"
        " AND l.withdrawn_at IS NULL" + (" AND l.herb" if name == "herb_fen" else "") + "), 0)"
        for name, column in (
            ("total_fen", "amount_fen"),
            ("non_covered_fen", "non_covered_fen"),
            ("over_limit_fen", "over_limit_fen"),
            ("prior_self_pay_fen", "prior_self_pay_fen"),
            ("in_scope_fen", "in_scope_fen"),
            ("special_fen", "special_fen"),
            ("herb_fen", "in_scope_fen"),
        )
    )
    sql.run(
        f"UPDATE settlement_batch b SET {sums}, lines = (SELECT count(*) FROM settlement_line l"
        " WHERE l.batch_id = b.id AND l.withdrawn_at IS NULL) WHERE b.id = ANY(%s)",
        (list(batch_ids),),
    )


def join_batches(batch_id: int, into_id: int) -> None:
    """Move the lines of one open batch into another."""
    sql.run("UPDATE settlement_line SET batch_id = %s WHERE batch_id = %s", (into_id, batch_id))
    _sum_batches([batch_id, into_id])


def next_number() -> int:
    """The next number of visits and settlements."""
    found = sql.one("SELECT nextval('settlement_number')")
    assert found is not None
    return int(found[0])


def put_person_year(
    person_id: int,
    key: tuple[int, str, str],
    seq: int,
    counters: Mapping[str, int],
    stays: Mapping[str, tuple[int, int]],
) -> None:
    """Put a person-year into a state that a replay gave."""
    sql.run(
        "INSERT INTO settlement_person_year (person_id, year, area, scheme, seq, counters, stays)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (person_id, year, area, scheme)"
        " DO UPDATE SET seq = excluded.seq, counters = excluded.counters, stays = excluded.stays",
        (person_id, *key, seq, json.dumps(dict(counters)), json.dumps(dict(stays))),
    )


def hand_over(from_ids: Sequence[int], to_id: int) -> list[tuple[int, str, str]]:
    """Make the visits and documents of some persons another's; the person-years concerned."""
    keys = sql.rows(
        "SELECT DISTINCT year, area, scheme FROM settlement_document WHERE person_id = ANY(%s) ORDER BY 1, 2, 3",
        (list(from_ids),),
    )
    for table in ("settlement_visit", "settlement_document"):
        sql.run(f"UPDATE {table} SET person_id = %s WHERE person_id = ANY(%s)", (to_id, list(from_ids)))
    sql.run("DELETE FROM settlement_person_year WHERE person_id = ANY(%s)", (list(from_ids),))
    return [(row[0], row[1], row[2]) for row in keys]


def renumber(person_id: int, key: tuple[int, str, str]) -> int:
    """Number a person-year's documents in the order they were settled; how many there are."""
    return sql.changed(
        "UPDATE settlement_document d SET seq = n.seq FROM ("
        " SELECT id, row_number() OVER (ORDER BY settled_at, id) AS seq FROM settlement_document"
        " WHERE person_id = %s AND year = %s AND area = %s AND scheme = %s) n"
        " WHERE d.id = n.id",
        (person_id, *key),
    )


def decoded(text: str) -> Any:
    """JSON of a column read as text."""
    return msgspec.json.decode(text)
