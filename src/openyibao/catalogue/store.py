"""Queries and writes of the catalogue. The one lock, on the row of the catalogue's number, is taken by loads alone."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from openyibao.catalogue.columns import COLUMNS
from openyibao.catalogue.contracts import Code, Item, ItemFilter, ItemVersion, LoadReport
from openyibao.catalogue.logic.versions import Plan, Stored
from openyibao.foundation import sql
from openyibao.kernel.areas import NATION

BATCH = 2_000
_ITEM = (
    "code, name, kind, charge_type, item_class, own_ratio_bp, exception_ratio_bp, {ceiling}, price_micro, restriction, "
    "herb, negotiated, procured, special, special_item, basic_medicine, child_medicine, spec, form, unit, area, id"
)
_CEILINGS = ("ceiling", "ceiling_tertiary", "ceiling_secondary", "ceiling_primary")


def _ceiling(column: str) -> str:
    assert column in _CEILINGS
    return "ceiling_micro" if column == "ceiling" else f"coalesce({column}_micro, ceiling_micro)"


def number() -> int:
    """The number of the catalogue."""
    found = sql.one("SELECT number FROM catalogue_version")
    assert found is not None
    return int(found[0])


def lock_number() -> int:
    """The same, locked until the transaction ends: one load at a time."""
    found = sql.one("SELECT number FROM catalogue_version FOR UPDATE")
    assert found is not None
    return int(found[0])


def set_number(number: int) -> None:
    sql.run("UPDATE catalogue_version SET number = %s", (number,))


def items_on(codes: Sequence[str], day: date, areas: Sequence[str], ceiling: str) -> tuple[int, list[Item]]:
    """Number of the catalogue and the items of one day, read by one statement; the first area that has one counts."""
    found = sql.rows(
        f"""
        SELECT v.number, i.* FROM catalogue_version v LEFT JOIN LATERAL (
            SELECT DISTINCT ON (code) {_ITEM.format(ceiling=_ceiling(ceiling))} FROM catalogue_item
            WHERE code = ANY(%s::text[]) AND area = ANY(%s::text[]) AND valid_from <= %s::date
              AND (valid_until IS NULL OR valid_until > %s::date) AND voided_at IS NULL
            ORDER BY code, array_position(%s::text[], area::text)
        ) i ON true""",
        (list(codes), list(areas), day, day, list(areas)),
    )
    return int(found[0][0]), [Item(*row[1:]) for row in found if row[1] is not None]


_VERSION = (
    _ITEM.format(ceiling="ceiling_micro")
    + ", ceiling_micro, ceiling_tertiary_micro, ceiling_secondary_micro, ceiling_primary_micro"
    ", valid_from, valid_until, (SELECT at FROM catalogue_load l WHERE l.id = load_id), voided_at, source, certainty"
)


def _version(row: sql.Row) -> ItemVersion:
    ceilings = {name: value for name, value in zip(_CEILINGS, row[22:26], strict=True) if value is not None}
    return ItemVersion(Item(*row[:22]), ceilings, *row[26:])


def history(code: str) -> list[ItemVersion]:
    """Every stored version of an item, by area and date, voided ones too."""
    query = f"SELECT {_VERSION} FROM catalogue_item WHERE code = %s ORDER BY area, valid_from, id"
    return [_version(row) for row in sql.rows(query, (code,))]


def search(wanted: ItemFilter, page: int, size: int) -> tuple[int, list[ItemVersion]]:
    """How many versions fit, and one page of them by code, area and date."""
    tests: list[str] = ["voided_at IS NULL"]
    params: list[object] = []
    for column, value in (
        ("code", wanted.code),
        ("kind", wanted.kind),
        ("charge_type", wanted.charge_type),
        ("item_class", wanted.item_class),
    ):
        if value:
            tests.append(f"{column} = %s")
            params.append(value)
    if wanted.name:
        tests.append("strpos(name, %s) > 0")
        params.append(wanted.name)
    if wanted.restricted is not None:
        tests.append("(restriction <> '') = %s")
        params.append(wanted.restricted)
    if wanted.areas:
        tests.append("area = ANY(%s::text[])")
        params.append(list(wanted.areas))
    if wanted.on:
        tests.append("valid_from <= %s::date AND (valid_until IS NULL OR valid_until > %s::date)")
        params += [wanted.on, wanted.on]
    if wanted.changed_since:
        since = "(SELECT id FROM catalogue_load WHERE at >= %s)"
        tests.append(f"(load_id IN {since} OR changed_by_id IN {since})")
        params += [wanted.changed_since, wanted.changed_since]
    where = " AND ".join(tests)
    total = sql.one(f"SELECT count(*) FROM catalogue_item WHERE {where}", params)
    assert total is not None
    query = f"SELECT {_VERSION} FROM catalogue_item WHERE {where} ORDER BY code, area, valid_from LIMIT %s OFFSET %s"
    return int(total[0]), [_version(row) for row in sql.rows(query, (*params, size, (page - 1) * size))]


def codes_on(kind: str, codes: Sequence[str], day: date) -> dict[str, Code]:
    """Diagnoses, operations or diseases of one day by code, in one query."""
    return {code.code: code for code in _codes("code = ANY(%s::text[])", kind, day, list(codes))}


def codes_named(kind: str, name: str, day: date) -> list[Code]:
    """Codes of one day whose name or one of whose other names is exactly this."""
    return _codes("(name = %s OR %s = ANY(string_to_array(aliases, '|')))", kind, day, name, name)


def all_codes(kind: str, day: date) -> list[Code]:
    """Every code of a kind on one day."""
    return _codes("true", kind, day)


def _codes(test: str, kind: str, day: date, *params: object) -> list[Code]:
    found = sql.rows(
        f"""SELECT code, name, aliases, valid_from, valid_until, id FROM catalogue_code
        WHERE kind = %s AND {test} AND valid_from <= %s::date AND (valid_until IS NULL OR valid_until > %s::date)
          AND voided_at IS NULL ORDER BY code""",
        (kind, *params, day, day),
    )
    return [
        Code(kind, code, (name, *(aliases.split("|") if aliases else ())), start, until, version)
        for code, name, aliases, start, until, version in found
    ]


def versions_of(kind: str, codes: Sequence[str]) -> dict[tuple[str, str], list[Stored]]:
    """Versions of these codes that are not voided, by code and area."""
    area = "area" if kind == "item" else f"'{NATION}'"
    test = "" if kind == "item" else f" AND kind = '{kind}'"
    found: dict[tuple[str, str], list[Stored]] = defaultdict(list)
    for code, where, *rest in sql.rows(
        f"""SELECT code, {area}, id, valid_from, valid_until, declared_until, digest FROM {_table(kind)}
        WHERE code = ANY(%s::text[]) AND voided_at IS NULL{test}""",
        (list(codes),),
    ):
        found[code, where].append(Stored(*rest))
    return found


def kinds_of(codes: Sequence[str]) -> dict[str, str]:
    """Kind of each item already stored."""
    query = "SELECT DISTINCT code, kind FROM catalogue_item WHERE code = ANY(%s::text[]) AND voided_at IS NULL"
    return {row[0]: row[1] for row in sql.rows(query, (list(codes),))}


def add_load(report: LoadReport, actor: str, at: datetime) -> int:
    """Note a load; its id."""
    found = sql.one(
        """INSERT INTO catalogue_load (kind, file, sha256, actor, at, rows, number)
        VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id""",
        (report.kind, report.file, report.sha256, actor, at, report.rows, report.number),
    )
    assert found is not None
    return int(found[0])


def apply(kind: str, load_id: int, at: datetime, plans: Iterable[Plan]) -> None:
    """Move ends and void versions, before anything is added."""
    made = list(plans)
    ends = [end for one in made for end in one.ends]
    voided = [one_id for one in made for one_id in one.voided]
    if voided:
        sql.run(
            f"UPDATE {_table(kind)} SET voided_at = %s, changed_by_id = %s WHERE id = ANY(%s::bigint[])",
            (at, load_id, voided),
        )
    if ends:
        ids, untils, declared = (list(column) for column in zip(*ends, strict=True))
        sql.run(
            f"""UPDATE {_table(kind)} t SET valid_until = n.until, declared_until = n.declared, changed_by_id = %s
            FROM unnest(%s::bigint[], %s::date[], %s::date[]) AS n(id, until, declared) WHERE t.id = n.id""",
            (load_id, ids, untils, declared),
        )


def add_versions(kind: str, records: Sequence[dict[str, Any]]) -> None:
    """Insert versions, a batch to a statement. Records have every column but the id and what only an end brings."""
    table = _table(kind)
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        columns = ", ".join(batch[0])
        sql.run(
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)",
            (json.dumps(batch, ensure_ascii=False, default=str),),
        )


def _table(kind: str) -> str:
    assert kind in COLUMNS
    return "catalogue_item" if kind == "item" else "catalogue_code"


def set_match(institution: str, local: str, name: str, code: str, start: date) -> bool:
    """Let a local code stand for an item from a day on, closing what it stood for. Whether anything changed.

    Raises: ValueError with the later day, if the local code already has a match from that day or a later one.
    """
    sql.run("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", (f"{institution}:{local}",))
    held = sql.rows(
        """SELECT id, code, local_name, valid_from FROM catalogue_match
        WHERE institution_code = %s AND local_code = %s AND (valid_until IS NULL OR valid_until > %s::date)
        ORDER BY valid_from""",
        (institution, local, start),
    )
    if held and held[-1][1:3] == (code, name) and held[-1][3] <= start:
        return False
    if held and held[-1][3] >= start:
        raise ValueError(str(held[-1][3]))
    if held:
        sql.run("UPDATE catalogue_match SET valid_until = %s WHERE id = %s", (start, held[-1][0]))
    sql.run(
        """INSERT INTO catalogue_match (institution_code, local_code, local_name, code, valid_from)
        VALUES (%s, %s, %s, %s, %s)""",
        (institution, local, name, code, start),
    )
    return True


def matched(institution: str, locals_: Sequence[str], day: date) -> dict[str, str]:
    """Catalogue code of each local code that has one on a day."""
    found = sql.rows(
        """SELECT local_code, code FROM catalogue_match WHERE institution_code = %s AND local_code = ANY(%s::text[])
        AND valid_from <= %s::date AND (valid_until IS NULL OR valid_until > %s::date)""",
        (institution, list(locals_), day, day),
    )
    return {row[0]: row[1] for row in found}
