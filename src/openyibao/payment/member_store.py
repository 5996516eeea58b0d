"""Reads and writes of signed members (签约参保人) and what is paid for them.

A member of a month is signed and normally covered on its first day, and alive then. What members cost is read from the
settlement room's view of standing bills, by the member's institution of that month.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime

from openyibao.foundation import sql
from openyibao.payment.logic.signing import Signing

_MEMBERS = """
SELECT DISTINCT ON (i.main_id) i.main_id, s.institution_code, c.scheme, s.diseases, p.gender,
       extract(year FROM age(%s::date, p.born_on))::integer AS years
  FROM payment_signing s
  JOIN people_census_identity i ON i.person_id = s.person_id
  JOIN people_census p ON p.person_id = i.main_id
  JOIN people_census_coverage c ON c.person_id = i.main_id AND c.area = s.area AND c.state = 'normal'
       AND c.since <= %s AND (c.until IS NULL OR c.until > %s)
 WHERE s.area = %s AND s.voided_at IS NULL AND s.since <= %s AND (s.until IS NULL OR s.until > %s)
   AND (p.died_on IS NULL OR p.died_on >= %s)
 ORDER BY i.main_id, s.id DESC"""


def persons_of(numbers: Collection[str]) -> dict[str, int]:
    """Ids of persons by their number; whoever is unknown or was merged into another is left out."""
    found = sql.rows(
        "SELECT main_no, person_id FROM people_dossier WHERE main_no = ANY(%s::text[])", (sorted(numbers),)
    )
    return {row[0]: int(row[1]) for row in found}


def standing(area: str, persons: Collection[int]) -> dict[int, list[Signing]]:
    """Standing signings of persons, by person, oldest first."""
    found: dict[int, list[Signing]] = {}
    for row in sql.rows(
        "SELECT person_id, institution_code, since, until, diseases, id FROM payment_signing"
        " WHERE area = %s AND voided_at IS NULL AND person_id = ANY(%s::bigint[]) ORDER BY since",
        (area, sorted(persons)),
    ):
        found.setdefault(row[0], []).append(Signing(row[0], row[1], row[2], row[3], _words(row[4]), row[5]))
    return found


def history(area: str, person_no: str) -> list[sql.Row]:
    """(area, institution, since, until, diseases, by, at, voided by, voided at) of a person, as recorded."""
    return sql.rows(
        "SELECT s.area, s.institution_code, s.since, s.until, s.diseases, s.recorded_by, s.recorded_at, s.voided_by,"
        " s.voided_at FROM payment_signing s JOIN people_census_identity i ON i.person_id = s.person_id"
        " JOIN people_dossier d ON d.person_id = i.main_id WHERE s.area = %s AND d.main_no = %s ORDER BY s.id",
        (area, person_no),
    )


def change(area: str, voided: Sequence[int], added: Sequence[Signing], by: str, at: datetime) -> None:
    """Void signings and add others."""
    sql.run(
        "UPDATE payment_signing SET voided_at = %s, voided_by = %s WHERE id = ANY(%s::bigint[])", (at, by, list(voided))
    )
    with sql.pipelining():
        for one in added:
            sql.run(
                "INSERT INTO payment_signing (area, person_id, institution_code, since, until, diseases, recorded_by,"
                " recorded_at, voided_by) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '')",
                (
                    *(area, one.person_id, one.institution_code, one.since, one.until, "|".join(one.diseases)),
                    *(by, at),
                ),
            )


@dataclass(frozen=True)
class Group:
    """Members of a month who count alike (同类签约人); sex 0 is unknown, count how many they are."""

    institution: str
    scheme: str
    age: int
    sex: int
    diseases: tuple[str, ...]
    count: int


def members(area: str, first: date) -> list[Group]:
    """Who is a member on a month's first day, in groups."""
    found = sql.rows(
        f"SELECT institution_code, scheme, years, gender, diseases, count(*) FROM ({_MEMBERS}) m"
        " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
        (first, first, first, area, first, first, first),
    )
    return [
        Group(row[0], row[1], max(int(row[2]), 0), int(row[3]) if row[3] in ("1", "2") else 0, _words(row[4]), row[5])
        for row in found
    ]


def spent(area: str, first: date, until: date, benefits: Sequence[str]) -> dict[tuple[str, str], tuple[int, int]]:
    """What members' bills of a month cost the basic pool, by (institution, scheme): at their own institution, and
    elsewhere; fen, of bills that stand."""
    found = sql.rows(
        f"WITH m AS ({_MEMBERS}) SELECT m.institution_code, m.scheme,"
        " coalesce(sum((b.payers->>'basic_pool')::bigint) FILTER (WHERE b.institution_code = m.institution_code), 0)"
        "::bigint,"
        " coalesce(sum((b.payers->>'basic_pool')::bigint) FILTER (WHERE b.institution_code <> m.institution_code), 0)"
        "::bigint"
        " FROM m JOIN people_census_identity i ON i.main_id = m.main_id"
        " JOIN settlement_bill b ON b.person_id = i.person_id AND b.scheme = m.scheme"
        " WHERE b.area = %s AND b.day >= %s AND b.day < %s AND b.benefit = ANY(%s::text[]) GROUP BY 1, 2",
        (first, first, first, area, first, first, first, area, first, until, list(benefits)),
    )
    return {(row[0], row[1]): (int(row[2]), int(row[3])) for row in found}


def spent_by_person(area: str, first: date, until: date, benefits: Sequence[str]) -> list[sql.Row]:
    """(institution, scheme, person, fen) of each member whose bills of a month cost the basic pool something."""
    return sql.rows(
        f"WITH m AS ({_MEMBERS}) SELECT m.institution_code, m.scheme, m.main_id,"
        " coalesce(sum((b.payers->>'basic_pool')::bigint), 0)::bigint"
        " FROM m JOIN people_census_identity i ON i.main_id = m.main_id"
        " JOIN settlement_bill b ON b.person_id = i.person_id AND b.scheme = m.scheme"
        " WHERE b.area = %s AND b.day >= %s AND b.day < %s AND b.benefit = ANY(%s::text[]) GROUP BY 1, 2, 3",
        (first, first, first, area, first, first, first, area, first, until, list(benefits)),
    )


@dataclass(frozen=True)
class Row:
    """One institution and scheme of a month (按人头月), fen; posted is what this run added."""

    month: date
    institution_code: str
    scheme: str
    months: int
    weighted: int
    standard_fen: int
    own_fen: int
    outside_fen: int
    posted_fen: int


def posted(area: str, year: int) -> dict[tuple[date, str, str], int]:
    """What was posted for a year's months so far, by (month, institution, scheme)."""
    found = sql.rows(
        "SELECT month, institution_code, scheme, sum(posted_fen)::bigint FROM payment_heads"
        " WHERE area = %s AND extract(year FROM month) = %s GROUP BY 1, 2, 3",
        (area, year),
    )
    return {(row[0], row[1], row[2]): int(row[3]) for row in found}


def latest(area: str, year: int) -> dict[tuple[date, str, str], Row]:
    """The latest row of each month, institution and scheme of a year."""
    found = sql.rows(
        "SELECT DISTINCT ON (month, institution_code, scheme) month, institution_code, scheme, months, weighted,"
        " standard_fen, own_fen, outside_fen, posted_fen FROM payment_heads WHERE area = %s"
        " AND extract(year FROM month) = %s ORDER BY month, institution_code, scheme, id DESC",
        (area, year),
    )
    return {(row[0], row[1], row[2]): Row(*row) for row in found}


def next_run(area: str) -> int:
    """Number of the next run of an area, under its lock."""
    found = sql.one("SELECT coalesce(max(run), 0) + 1 FROM payment_heads WHERE area = %s", (area,))
    assert found is not None
    return int(found[0])


def insert_rows(area: str, run: int, pack_sha256: str, rows: Sequence[Row], by: str, at: datetime) -> None:
    """Keep what a run found; never changed again."""
    marks = ", ".join(["%s"] * 14)
    with sql.pipelining():
        for row in rows:
            sql.run(
                "INSERT INTO payment_heads (area, run, pack_sha256, made_by, made_at, month, institution_code, scheme,"
                f" months, weighted, standard_fen, own_fen, outside_fen, posted_fen) VALUES ({marks})",
                (area, run, pack_sha256, by, at, *astuple(row)),
            )


CLEARED = ("months", "standard_fen", "spent_fen", "extra_fen", "returned_fen", "paid_fen", "clearing_fen")


def cleared(area: str, year: int) -> bool:
    """Whether a year's capitation was cleared."""
    return sql.one("SELECT 1 FROM payment_heads_clearing WHERE area = %s AND year = %s", (area, year)) is not None


def insert_clearing(
    area: str, year: int, pack_sha256: str, rows: Mapping[tuple[str, str], Mapping[str, int]], by: str, at: datetime
) -> None:
    """Keep a year's clearing: figures by (institution, scheme), named as in CLEARED."""
    marks = ", ".join(["%s"] * (len(CLEARED) + 7))
    with sql.pipelining():
        for (institution, scheme), row in rows.items():
            sql.run(
                "INSERT INTO payment_heads_clearing (area, year, pack_sha256, decided_by, decided_at, institution_code,"
                f" scheme, {', '.join(CLEARED)}) VALUES ({marks})",
                (area, year, pack_sha256, by, at, institution, scheme, *(row[name] for name in CLEARED)),
            )


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|")) if text else ()
