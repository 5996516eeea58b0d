"""Contributions (缴费): computed or declared, posted to both books once per period, taken back by a negative one."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import Any

from django.db import transaction

from openyibao.foundation import audit, sql
from openyibao.foundation.actors import Actor, require
from openyibao.kernel import areas
from openyibao.kernel.errors import Fault, Malformed
from openyibao.people import accounts, premium, registry, store
from openyibao.people.contracts import ContributionRecord, DeclaredAmounts, Spell
from openyibao.people.errors import ContributionDiffers, CoverageNotActive, PersonBusy, RecordMissing
from openyibao.people.logic.months import add_months
from openyibao.people.logic.spells import overlaps
from openyibao.people.store import Person, Row
from openyibao.people.terms import POLICY_EMPLOYER_KINDS
from openyibao.policy.facade import Policies

_PERIOD = re.compile(r"([0-9]{4})(?:-(0[1-9]|1[0-2]))?")
_COLUMNS = (
    "id, period, area, scheme, base_fen, employer_fen, individual_fen, subsidy_fen, assistance_fen,"
    " employer_fen + individual_fen + subsidy_fen + assistance_fen, account_fen, months, state, declared, provisional"
)


def record_contribution(
    actor: Actor,
    person_no: str,
    period: str,
    *,
    on: date,
    at: datetime,
    declared: DeclaredAmounts | None = None,
    wage_fen: int | None = None,
    pension_fen: int | None = None,
    deferred: bool = False,
    policies: Policies | None = None,
) -> ContributionRecord:
    """Record a contribution (记录缴费) of a month "2022-05", or of a resident's year "2022", and post it.

    Computed by the area's contribution rules from the coverage of the period, or as the tax office declared it. The
    account's part is credited at once. Repeating it changes nothing; paying what was deferred posts it then.
    Args: on, the day the money arrived; wage_fen, declared monthly wage; pension_fen, of a retiree; deferred, owed but
    not paid (缓缴): coverage goes on, nothing is posted.
    Raises: CoverageNotActive, ContributionDiffers, PolicyMissing, FigureMissing, Malformed, PersonUnknown.
    """
    first, until = _period(period)
    with transaction.atomic():
        (person,) = store.locked(person_no)
        row = _coverage(person, period, first, until)
        spell = row.spell
        require(actor, "people.record_contribution", spell.area)
        before = _stored(person.id, period, spell.scheme)
        if before is not None and (before.state == "posted" or deferred):
            return _same(before, declared)
        provisional: tuple[str, ...] = ()
        if declared is None:
            payer = _payer(person, spell, max(first, spell.since), wage_fen, pension_fen)
            due = premium.due(payer, period, policies or premium.shipped())
            declared, provisional = due.amounts, due.provisional
        elif min(vars(declared).values()) < 0:
            raise Malformed([Fault("contribution", 0, "declared", "申报金额为负", "0 或以上（分）")])
        else:
            provisional = ("declared",)
        return _recorded(actor, person, row, period, declared, provisional, on, at, deferred, before)


def reverse_contribution(
    actor: Actor, person_no: str, period: str, *, on: date, at: datetime, why: str = ""
) -> ContributionRecord:
    """Take a contribution back (冲销缴费): every journal negated, the period free to be recorded again.

    Raises: RecordMissing, AccountOverdrawn when the account's part is spent, PersonUnknown, NotPermitted.
    """
    _period(period)
    with transaction.atomic():
        (person,) = store.locked(person_no)
        found = sql.one(
            "SELECT id, area, journals FROM people_contribution WHERE person_id = %s AND period = %s"
            " AND state <> 'reversed'",
            (person.id, period),
        )
        if found is None:
            raise RecordMissing(f"{person.no} 没有 {period} 的缴费", hint="核对缴费期")
        number, area, journals = found
        require(actor, "people.reverse_contribution", area)
        made = accounts.reversed_journals(_json(journals), on, at, "contribution_reversal", str(number))
        row = sql.one(
            "UPDATE people_contribution SET state = 'reversed', reversed_at = %s, journals = journals || %s::jsonb"
            f" WHERE id = %s RETURNING {_COLUMNS}",
            (at, json.dumps(made), number),
        )
        store.note(actor, person, "contribution_reversed", on, at, area, contribution=number, why=why)
        return _record(row)


def contributions_of(actor: Actor, person_no: str) -> tuple[ContributionRecord, ...]:
    """Contributions (缴费记录) of a person, those under merged numbers too, earliest period first."""
    person = store.person(person_no)
    require(actor, "people.read_record", registry.reading_area(actor, person.area))
    audit.record(actor, "people.read_record", person.no, person.area)
    return tuple(
        _record(row)
        for row in sql.rows(
            f"SELECT {_COLUMNS} FROM people_contribution WHERE person_id = ANY(%s) ORDER BY period, id",
            (store.ids_of(person.id),),
        )
    )


def months_of(actor: Actor, person_no: str, area: str, scheme: str = "employee") -> int:
    """Months of contributions (缴费年限) that a pooling area holds: paid or deferred here, moved in, less moved out."""
    person = store.person(person_no)
    require(actor, "people.read_record", registry.reading_area(actor, person.area))
    return months_held(store.ids_of(person.id), areas.pooling_area_of(area), scheme)


def months_held(ids: list[int], pool: str, scheme: str) -> int:
    """The same by ids, inside a verb."""
    found = sql.one(
        "SELECT (SELECT coalesce(sum(months), 0) FROM people_contribution WHERE person_id = ANY(%s) AND area = %s"
        " AND scheme = %s AND state <> 'reversed')"
        " + (SELECT coalesce(sum(months * CASE direction WHEN 'in' THEN 1 ELSE -1 END), 0) FROM people_transfer"
        " WHERE person_id = ANY(%s) AND scheme = %s"
        " AND CASE direction WHEN 'in' THEN to_area ELSE from_area END = %s)",
        (ids, pool, scheme, ids, scheme, pool),
    )
    assert found is not None
    return int(found[0])


# Parts ----------------------------------------------------------------------------------------------------------


def _period(period: str) -> tuple[date, date]:
    """First day, and first day after. Raises: Malformed."""
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise Malformed([Fault("contribution", 0, "period", f"{period!r} 不是缴费期", "2022-05 或 2022")])
    first = date(int(found[1]), int(found[2] or 1), 1)
    return first, add_months(first, 1 if found[2] else 12)


def _coverage(person: Person, period: str, first: date, until: date) -> Row:
    """The coverage a period's contribution belongs to: a year a resident's, a month another scheme's."""
    yearly = len(period) == 4
    for row in store.coverage(person.id):
        spell = row.spell
        if (spell.scheme == "resident") == yearly and overlaps((spell.since, spell.until), (first, until)):
            return row
    scheme = "居民医保" if yearly else "职工医保"
    raise CoverageNotActive(
        f"{person.no} 在 {period} 没有{scheme}参保",
        hint="先办理参保登记；居民按年、职工按月缴费",
        person_no=person.no,
        reason="none",
        on=str(first),
    )


def _payer(person: Person, spell: Spell, day: date, wage: int | None, pension: int | None) -> premium.Payer:
    groups = sql.rows(
        "SELECT name FROM people_group WHERE person_id = %s AND valid @> %s::date ORDER BY name", (person.id, day)
    )
    kind = POLICY_EMPLOYER_KINDS.get(spell.employment, "") if spell.status == "active" else ""
    return premium.Payer(
        spell.pooling_area,
        spell.scheme,
        spell.status,
        spell.contribution_class,
        tuple(row[0] for row in groups),
        kind,
        person.born_on,
        wage if spell.scheme == "employee" else None,
        pension if spell.scheme == "employee" else None,
    )


def _stored(person_id: int, period: str, scheme: str) -> ContributionRecord | None:
    """The record that stands for a period, posted or deferred."""
    row = sql.one(
        f"SELECT {_COLUMNS} FROM people_contribution WHERE person_id = %s AND period = %s AND scheme = %s"
        " AND state <> 'reversed'",
        (person_id, period, scheme),
    )
    return None if row is None else _record(row)


def _same(record: ContributionRecord, declared: DeclaredAmounts | None) -> ContributionRecord:
    """A repeat. Raises: ContributionDiffers."""
    stands = DeclaredAmounts(
        record.base_fen,
        record.employer_fen,
        record.individual_fen,
        record.subsidy_fen,
        record.assistance_fen,
        record.account_fen,
    )
    if declared is not None and declared != stands:
        raise ContributionDiffers(
            f"{record.period} 已按其他金额入账", hint="先冲销原记录再重新记录", contribution=record.id
        )
    return record


def _recorded(
    actor: Actor,
    person: Person,
    row: Row,
    period: str,
    amounts: DeclaredAmounts,
    provisional: tuple[str, ...],
    on: date,
    at: datetime,
    deferred: bool,
    before: ContributionRecord | None,
) -> ContributionRecord:
    spell = row.spell
    kept = 0 if spell.pool_only or spell.scheme != "employee" else amounts.account_fen
    number = before.id if before else _reserve(person, row, period, at)
    journals: list[int] = []
    if not deferred:
        journals = accounts.post_contribution(person, spell, amounts, kept, on, at, f"{number}")
    declared = provisional == ("declared",)
    made = sql.one(
        "UPDATE people_contribution SET base_fen = %s, employer_fen = %s, individual_fen = %s, subsidy_fen = %s,"
        " assistance_fen = %s, account_fen = %s, declared = %s, provisional = %s::jsonb, state = %s, paid_on = %s,"
        f" journals = %s::jsonb WHERE id = %s RETURNING {_COLUMNS}",
        (
            *(amounts.base_fen, amounts.employer_fen, amounts.individual_fen, amounts.subsidy_fen),
            *(amounts.assistance_fen, kept, declared, json.dumps([] if declared else list(provisional))),
            *("deferred" if deferred else "posted", None if deferred else on, json.dumps(journals), number),
        ),
    )
    record = _record(made)
    kind = "contribution_deferred" if deferred else "contribution_posted"
    store.note(actor, person, kind, on, at, spell.area, contribution=number, period=period, total_fen=record.total_fen)
    return record


def _reserve(person: Person, row: Row, period: str, at: datetime) -> int:
    """The row of a new contribution, filled in the same transaction; its number is the journal's document."""
    statement = (
        "INSERT INTO people_contribution (person_id, area, scheme, period, employer_id, base_fen, employer_fen,"
        " individual_fen, subsidy_fen, assistance_fen, account_fen, months, declared, provisional, state, paid_on,"
        " journals, recorded_at) VALUES (%s, %s, %s, %s, %s::bigint, 0, 0, 0, 0, 0, 0, %s, false, '[]', 'deferred',"
        " NULL, '[]', %s) ON CONFLICT DO NOTHING RETURNING id"
    )
    months = 12 if len(period) == 4 else 1
    spell = row.spell
    made = sql.one(statement, (person.id, spell.pooling_area, spell.scheme, period, row.employer_id, months, at))
    if made is None:
        raise PersonBusy(f"{person.no} 的 {period} 缴费正在入账", hint="请稍后以同一请求重试")
    return int(made[0])


def _record(row: Any) -> ContributionRecord:
    return ContributionRecord(*(*row[:14], tuple(_json(row[14]))))


def _json(raw: Any) -> Any:
    return json.loads(raw) if isinstance(raw, str) else raw
