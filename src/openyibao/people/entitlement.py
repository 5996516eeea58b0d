"""What is attached to a person beside coverage (身份、补充保障、备案、家庭共济), each with its days."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from openyibao.foundation import sql
from openyibao.foundation.actors import Actor, require
from openyibao.kernel import areas
from openyibao.kernel.errors import Fault, Malformed
from openyibao.people import store
from openyibao.people.contracts import Coverage, Entitlements
from openyibao.people.errors import FilingExists, FilingMissing, NotDoneHere, RecordExists, RecordMissing
from openyibao.people.registry import dossier
from openyibao.people.terms import FILING_KINDS, FILING_STATES, GROUPS, REMOTE_TYPES, SUPPLEMENTS

# Helped groups and supplements ----------------------------------------------------------------------------------


def join_group(
    actor: Actor, person_no: str, group: str, *, on: date, at: datetime, until: date | None = None, source: str = ""
) -> None:
    """Enter a helped group (认定困难身份) from a day; several groups may hold at once.

    Raises: RecordExists when the group holds on some of these days already, Malformed, PersonUnknown, NotPermitted.
    """
    _known(group, GROUPS, "group")
    _joined(actor, person_no, "people_group", "group_joined", group, on, until, at, source)


def leave_group(actor: Actor, person_no: str, group: str, *, on: date, at: datetime) -> None:
    """Leave a helped group (取消困难身份); `on` is the first day outside. Raises: RecordMissing, PersonUnknown."""
    _left(actor, person_no, "people_group", "group_left", group, on, at)


def add_supplement(
    actor: Actor, person_no: str, name: str, *, on: date, at: datetime, until: date | None = None
) -> None:
    """Take up supplementary cover (补充保障): civil-servant subsidy, enterprise supplement, the city's product.

    Raises: as `join_group`.
    """
    _known(name, SUPPLEMENTS, "supplement")
    _joined(actor, person_no, "people_supplement", "supplement_added", name, on, until, at, None)


def end_supplement(actor: Actor, person_no: str, name: str, *, on: date, at: datetime) -> None:
    """End supplementary cover; `on` is the first day without. Raises: RecordMissing, PersonUnknown, NotPermitted."""
    _left(actor, person_no, "people_supplement", "supplement_ended", name, on, at)


def _joined(
    actor: Actor,
    person_no: str,
    table: str,
    kind: str,
    name: str,
    on: date,
    until: date | None,
    at: datetime,
    source: str | None,
) -> None:
    _days(on, until)
    with transaction.atomic():
        (person,) = store.locked(person_no)
        require(actor, "people.group", person.area)
        person.must_live(on)
        held = sql.one(
            f"SELECT lower(valid), upper(valid) FROM {table}"
            " WHERE person_id = %s AND name = %s AND valid && daterange(%s, %s)",
            (person.id, name, on, until),
        )
        if held is not None:
            raise RecordExists(f"{person.no} 自 {held[0]} 起已有 {name}", hint="先取消原记录，或改用不重叠的日期")
        sql.run(
            f"INSERT INTO {table} (person_id, name, valid, recorded_at{', source' if source is not None else ''})"
            f" VALUES (%s, %s, daterange(%s, %s), %s{', %s' if source is not None else ''})",
            (person.id, name, on, until, at, *([source] if source is not None else [])),
        )
        store.note(actor, person, kind, on, at, name=name, until=until)


def _left(actor: Actor, person_no: str, table: str, kind: str, name: str, on: date, at: datetime) -> None:
    with transaction.atomic():
        (person,) = store.locked(person_no)
        require(actor, "people.group", person.area)
        held = sql.one(
            f"SELECT id, lower(valid) FROM {table} WHERE person_id = %s AND name = %s"
            " AND lower(valid) <= %s AND (upper(valid) IS NULL OR upper(valid) > %s)",
            (person.id, name, on, on),
        )
        if held is None:
            raise RecordMissing(f"{person.no} 在 {on} 没有 {name}", hint="核对名称与日期")
        if held[1] == on:
            sql.run(f"DELETE FROM {table} WHERE id = %s", (held[0],))
        else:
            sql.run(f"UPDATE {table} SET valid = daterange(lower(valid), %s) WHERE id = %s", (on, held[0]))
        store.note(actor, person, kind, on, at, name=name)


# Filings --------------------------------------------------------------------------------------------------------


def file_chronic(
    actor: Actor,
    person_no: str,
    *,
    disease: str,
    on: date,
    at: datetime,
    disease_code: str = "",
    until: date | None = None,
    kind: str = "chronic",
) -> int:
    """Apply for recognition of a chronic disease (门诊慢特病认定), or with kind "two_disease" for its drugs.

    Returns: the filing's number; it counts once another hand approves it.
    Raises: FilingExists, Malformed, PersonUnknown, NotPermitted.
    """
    if kind not in ("chronic", "two_disease") or not disease.strip():
        raise Malformed([Fault("filing", 0, "disease", "缺少病种，或备案类别有误", "chronic 或 two_disease，写明病种")])
    return _filed(actor, person_no, kind, disease.strip(), disease_code.strip(), "", "", on, until, at)


def file_remote(
    actor: Actor, person_no: str, *, filing_type: str, area: str, on: date, at: datetime, until: date | None = None
) -> int:
    """File care in another area (异地就医备案): long_term, referral, emergency or temporary, for the area of care.

    Returns, Raises: as `file_chronic`.
    """
    _known(filing_type, REMOTE_TYPES, "type")
    try:
        areas.pooling_area_of(area)
    except ValueError as problem:
        raise Malformed([Fault("filing", 0, "area", str(problem), "就医地六位行政区划代码")]) from None
    return _filed(actor, person_no, "remote", "", "", filing_type, area, on, until, at)


def _filed(
    actor: Actor,
    person_no: str,
    kind: str,
    disease: str,
    code: str,
    type_: str,
    area: str,
    on: date,
    until: date | None,
    at: datetime,
) -> int:
    _days(on, until)
    with transaction.atomic():
        (person,) = store.locked(person_no)
        require(actor, "people.file", actor.area if "institution" in actor.roles else person.area)
        person.must_live(on)
        held = sql.one(
            "SELECT id, state FROM people_filing WHERE person_id = %s AND kind = %s AND disease = %s AND area = %s"
            " AND state IN ('pending', 'approved') AND valid && daterange(%s, %s)",
            (person.id, kind, disease, area, on, until),
        )
        if held is not None:
            raise FilingExists(
                f"{person.no} 已有同一{FILING_KINDS[kind]}备案 {held[0]}（{FILING_STATES[held[1]]}）",
                hint="等待复核，或先终止原备案",
                filing=held[0],
            )
        made = sql.one(
            "INSERT INTO people_filing (person_id, kind, disease, disease_code, type, area, valid, state, filed_by,"
            " filed_at, decided_by, why) VALUES (%s, %s, %s, %s, %s, %s, daterange(%s, %s), 'pending', %s, %s, '', '')"
            " RETURNING id",
            (person.id, kind, disease, code, type_, area, on, until, actor.name, at),
        )
        assert made is not None
        store.note(actor, person, "filed", on, at, filing=made[0], filing_kind=kind, type=type_, until=until)
        return int(made[0])


def approve_filing(actor: Actor, filing_no: int, *, at: datetime, approved: bool = True, why: str = "") -> None:
    """Approve or refuse a pending filing (复核); never by the hand that filed it.

    Raises: FilingMissing when there is none pending, NotDoneHere for one's own, NotPermitted.
    """
    with transaction.atomic():
        person, state, filed_by, since = _filing(filing_no)
        require(actor, "people.approve_filing", person.area)
        if state != "pending":
            raise FilingMissing(f"备案 {filing_no} {FILING_STATES[state]}，不在待复核状态", hint="核对备案编号")
        if filed_by == actor.name and "system" not in actor.roles:
            raise NotDoneHere(f"备案 {filing_no} 由 {actor.name} 自己申请，不得自己复核", hint="换一名复核人员")
        sql.run(
            "UPDATE people_filing SET state = %s, decided_by = %s, decided_at = %s, why = %s WHERE id = %s",
            ("approved" if approved else "refused", actor.name, at, why, filing_no),
        )
        store.note(actor, person, "filing_decided", since, at, filing=filing_no, approved=approved)


def end_filing(actor: Actor, filing_no: int, *, on: date, at: datetime, why: str = "") -> None:
    """End an approved filing (终止备案); `on` is the first day it no longer holds; days before stay as they were.

    Raises: FilingMissing when it is not approved or ended before, NotPermitted.
    """
    with transaction.atomic():
        person, state, _, since = _filing(filing_no)
        require(actor, "people.file", actor.area if "institution" in actor.roles else person.area)
        ended = 0
        if state == "approved":
            ended = sql.changed(
                "UPDATE people_filing SET state = 'ended', why = %s,"
                " valid = CASE WHEN %s::date <= lower(valid) THEN 'empty'::daterange ELSE daterange(lower(valid), %s)"
                " END WHERE id = %s AND (upper(valid) IS NULL OR upper(valid) > %s)",
                (why, on, on, filing_no, on),
            )
        if not ended:
            raise FilingMissing(
                f"备案 {filing_no} {FILING_STATES[state]}，在 {on} 没有可终止的期间", hint="核对备案编号与日期"
            )
        store.note(actor, person, "filing_ended", max(on, since), at, filing=filing_no)


def _filing(filing_no: int) -> tuple[store.Person, str, str, date]:
    """The filing's person, state, who filed it, first day; the filing is locked. Raises: FilingMissing."""
    found = sql.one(
        "SELECT p.id, m.person_no, p.area, p.born_on, p.died_on, f.state, f.filed_by,"
        " coalesce(lower(f.valid), f.filed_at::date) FROM people_filing f JOIN people_person p ON p.id = f.person_id"
        " JOIN people_number m ON m.person_id = p.id AND m.main WHERE f.id = %s FOR UPDATE OF f",
        (filing_no,),
    )
    if found is None:
        raise FilingMissing(f"没有备案 {filing_no}", hint="核对备案编号", filing=filing_no)
    return store.Person(*found[:5]), found[5], found[6], found[7]


# Family ---------------------------------------------------------------------------------------------------------


def authorise_family(
    actor: Actor,
    owner_no: str,
    member_no: str,
    *,
    on: date,
    at: datetime,
    until: date | None = None,
    relation: str = "",
) -> None:
    """Let a relative spend the owner's personal account (家庭共济授权); several relatives may at once.

    Raises: RecordExists, NotDoneHere for oneself, PersonUnknown, NotPermitted.
    """
    _days(on, until)
    with transaction.atomic():
        owner, member = store.locked(owner_no, member_no)
        require(actor, "people.authorise_family", owner.area)
        if owner.id == member.id:
            raise NotDoneHere("本人使用本人账户无须授权", hint="核对两个人员编号")
        owner.must_live(on)
        member.must_live(on)
        done = sql.changed(
            "INSERT INTO people_family (owner_id, member_id, relation, valid, recorded_at)"
            " SELECT %s, %s, %s, daterange(%s, %s), %s WHERE NOT EXISTS (SELECT 1 FROM people_family"
            " WHERE owner_id = %s AND member_id = %s AND valid && daterange(%s, %s))",
            (owner.id, member.id, relation, on, until, at, owner.id, member.id, on, until),
        )
        if not done:
            raise RecordExists(f"{owner.no} 已授权 {member.no}", hint="无须再次授权；更改期限的先取消原授权")
        store.note(actor, owner, "family_authorised", on, at, member=member.no, until=until)


def revoke_family(actor: Actor, owner_no: str, member_no: str, *, on: date, at: datetime) -> None:
    """End such an authorisation (取消授权); `on` is the first day without. Raises: RecordMissing, PersonUnknown."""
    with transaction.atomic():
        owner, member = store.locked(owner_no, member_no)
        require(actor, "people.authorise_family", owner.area)
        done = sql.changed(
            "UPDATE people_family SET valid = CASE WHEN %s::date <= lower(valid) THEN 'empty'::daterange"
            " ELSE daterange(lower(valid), %s) END"
            " WHERE owner_id = %s AND member_id = %s AND NOT isempty(valid)"
            " AND (upper(valid) IS NULL OR upper(valid) > %s)",
            (on, on, owner.id, member.id, on),
        )
        if not done:
            raise RecordMissing(f"{owner.no} 没有对 {member.no} 的授权", hint="核对两个人员编号与日期")
        store.note(actor, owner, "family_revoked", on, at, member=member.no)


# Reading --------------------------------------------------------------------------------------------------------


def coverage_on(actor: Actor, person_no: str, on: date, scheme: str | None = None) -> Coverage:
    """The coverage that pays on a day (参保状态). Raises: CoverageNotActive, CoverageWaiting, PersonUnknown."""
    return dossier(actor, person_no).coverage_on(on, scheme)


def entitlements_on(actor: Actor, person_no: str, on: date) -> Entitlements:
    """All that holds on a day (待遇资格). Raises: CoverageNotActive, CoverageWaiting, PersonUnknown."""
    return dossier(actor, person_no).entitlements_on(on)


# Parts ----------------------------------------------------------------------------------------------------------


def _known(key: str, words: dict[str, str], path: str) -> None:
    if key not in words:
        raise Malformed([Fault("entitlement", 0, path, f"不认识 {key!r}", "、".join(words))])


def _days(on: date, until: date | None) -> None:
    if until is not None and until <= on:
        raise Malformed([Fault("entitlement", 0, "until", f"{until} 不晚于 {on}", "起始日之后")])
