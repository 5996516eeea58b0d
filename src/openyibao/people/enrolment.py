"""Coverage over time (参保登记与变更): begun, suspended, resumed, changed, ended, corrected.

Every verb locks the person, reads the live coverage once, asks the gate where benefits are concerned, voids the rows
that no longer tell the truth and writes those that do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction

from openyibao.foundation import audit, sql
from openyibao.foundation.actors import Actor, require
from openyibao.kernel import areas
from openyibao.kernel.errors import Fault, Malformed
from openyibao.people import registry, store
from openyibao.people.contracts import Enrolled, Identity, Reason, Spell, SpellDraft, SpellRecord
from openyibao.people.errors import CoverageNotActive, NotDoneHere
from openyibao.people.logic import gate
from openyibao.people.logic.months import add_months
from openyibao.people.logic.rules import rules_on
from openyibao.people.logic.spells import overlaps, without
from openyibao.people.store import New, Person, Row
from openyibao.people.terms import EMPLOYMENTS, SCHEMES, SPELL_STATES, STATUSES_OF
from openyibao.policy.terms import CLASSES


def enrol(
    actor: Actor,
    person_no: str,
    *,
    area: str,
    scheme: str,
    status: str,
    on: date,
    at: datetime,
    until: date | None = None,
    asked_on: date | None = None,
    employment: str = "",
    employer_no: str = "",
    contribution_class: str = "standard",
    pool_only: bool = False,
    back_paid: bool = False,
    bought_back_years: int = 0,
    end_previous: bool = False,
) -> Enrolled:
    """Enrol a person (参保登记) from a day; the gate says from when benefits are paid.

    Args: on, first day of coverage; until, first day no longer covered; asked_on, the day of paying when not `on`;
    back_paid, the gap since an earlier coverage is paid for; bought_back_years, missing years of a resident paid for;
    end_previous, coverage that still runs ends where this begins (change of scheme or area).
    Raises: CoverageOverlap, PersonUnknown, PersonDeceased, EmployerUnknown, Malformed, NotPermitted, PersonBusy.
    """
    require(actor, "people.enrol", area)
    draft = SpellDraft(area, scheme, status, contribution_class, employment, employer_no, pool_only)
    _check(draft, on, until)
    with transaction.atomic():
        (person,) = store.locked(person_no)
        person.must_live(on)
        request = gate.Request(
            scheme=scheme,
            start=on,
            asked_on=asked_on or on,
            status=status,
            employment=employment,
            born_on=person.born_on,
            groups=_groups_on(person.id, on),
            back_paid=back_paid,
            bought_back_years=bought_back_years,
        )
        return _enrol(actor, person, draft, request, until, at, end_previous)


def enrol_newborn(
    actor: Actor,
    identity: Identity,
    *,
    gender: str,
    born_on: date,
    area: str,
    on: date,
    at: datetime,
    until: date | None = None,
) -> Enrolled:
    """Register and enrol a newborn (落地即参保) as a resident: covered from birth when enrolled in time.

    Later than the rule's days the coverage begins on `on` and the general waiting rule holds.
    Raises: as `register_person` and `enrol`.
    """
    require(actor, "people.register", area)
    require(actor, "people.enrol", area)
    draft = SpellDraft(area, "resident", "child")
    _check(draft, on, until)
    with transaction.atomic():
        person = registry.register(actor, identity, gender, born_on, area, at, "", "newborn")
        request = gate.Request("resident", on, on, status="child", born_on=born_on)
        return _enrol(actor, person, draft, request, until, at, False)


def suspend(actor: Actor, person_no: str, *, on: date, at: datetime, why: str = "") -> Enrolled:
    """Suspend coverage (暂停参保) from a day on. Raises: CoverageNotActive, PersonUnknown, NotPermitted."""
    with transaction.atomic():
        person, row = _change(actor, person_no, on)
        if row.spell.state == "suspended":
            raise NotDoneHere(f"{person.no} 的参保自 {row.spell.since} 起已暂停", hint="无须再次暂停")
        new = [row.cut(on, row.spell.until, state="suspended")]
        return _written(actor, person, "suspended", row, on, new, at, (), why=why)


def resume(actor: Actor, person_no: str, *, on: date, at: datetime, back_paid: bool = False, why: str = "") -> Enrolled:
    """End a suspension (恢复参保). Suspended months are a gap: healed when short and paid for, else a wait.

    A resident's or retiree's coverage resumes without a wait.
    Raises: CoverageNotActive, NotDoneHere when it is not suspended, PersonUnknown, NotPermitted.
    """
    with transaction.atomic():
        person, row = _change(actor, person_no, on)
        spell = row.spell
        if spell.state != "suspended":
            raise NotDoneHere(f"{person.no} 的参保在 {on} 没有暂停", hint="核对日期")
        decision = gate.Decision(on, max(on, spell.benefit_from), (Reason("resumed", "恢复参保，不设等待期"),))
        if spell.scheme == "employee":
            request = gate.Request(
                "employee", on, on, status=spell.status, employment=spell.employment, back_paid=back_paid
            )
            history = [_past(other.spell) for other in store.coverage(person.id) if other.spell.state == "normal"]
            decision = gate.decide(history, rules_on(spell.area, on), request)
        since = max(decision.since, spell.since)
        new = [row.cut(since, spell.until, state="normal", benefit_from=max(since, decision.benefit_from))]
        return _written(actor, person, "resumed", row, since, new, at, decision.reasons, why=why)


def end_coverage(actor: Actor, person_no: str, *, on: date, at: datetime, why: str = "") -> Enrolled:
    """End coverage (终止参保); `on` is the first day no longer covered.

    Raises: CoverageNotActive when nothing runs on that day, PersonUnknown, NotPermitted.
    """
    with transaction.atomic():
        person, row = _change(actor, person_no, on)
        return _written(actor, person, "ended", row, on, [], at, (), why=why)


def change_status(
    actor: Actor,
    person_no: str,
    *,
    on: date,
    at: datetime,
    status: str | None = None,
    contribution_class: str | None = None,
    employment: str | None = None,
    employer_no: str | None = None,
    pool_only: bool | None = None,
) -> Enrolled:
    """Change what is stated, from a day on (状态变更): retirement, class, employer, pool only; coverage goes on.

    Raises: CoverageNotActive, Malformed, EmployerUnknown, PersonUnknown, NotPermitted.
    """
    with transaction.atomic():
        person, row = _change(actor, person_no, on)
        spell = row.spell
        if employer_no and employment is None:
            employment = ""  # the new employer's kind
        wanted = SpellDraft(
            spell.area,
            spell.scheme,
            spell.status if status is None else status,
            spell.contribution_class if contribution_class is None else contribution_class,
            spell.employment if employment is None else employment,
            spell.employer_no if employer_no is None else employer_no,
            spell.pool_only if pool_only is None else pool_only,
        )
        _check(wanted, on, spell.until)
        changed = _new(wanted, on, spell.until, spell.benefit_from)
        changed = replace(changed, spell=replace(changed.spell, state=spell.state))
        return _written(actor, person, "changed", row, on, [changed], at, (), status=wanted.status)


def correct_coverage(
    actor: Actor,
    person_no: str,
    *,
    since: date,
    until: date | None,
    becomes: SpellDraft | None,
    at: datetime,
    why: str,
) -> tuple[int, ...]:
    """Say what was true on some days (更正参保记录), None for not covered; what was recorded before stays readable.

    Returns: ids of the rows voided. Raises: Malformed, EmployerUnknown, PersonUnknown, NotPermitted.
    """
    if becomes is not None:
        _check(becomes, since, until)
    with transaction.atomic():
        (person,) = store.locked(person_no)
        area = becomes.area if becomes is not None else person.area
        require(actor, "people.correct", area)
        touched = [
            row for row in store.coverage(person.id) if overlaps((row.spell.since, row.spell.until), (since, until))
        ]
        for row in touched:
            require(actor, "people.correct", row.spell.area)
        new = [
            row.cut(*part) for row in touched for part in without((row.spell.since, row.spell.until), [(since, until)])
        ]
        if becomes is not None:
            made = _new(becomes, since, until, becomes.benefit_from or since)
            new.append(replace(made, spell=replace(made.spell, state=becomes.state)))
        voided = tuple(row.id for row in touched)
        written = store.replace_coverage(person.id, voided, new, at)
        store.note(
            actor, person, "corrected", since, at, area, until=until, why=why, voided=list(voided), written=written
        )
        return voided


def history_as_known_at(actor: Actor, person_no: str, instant: datetime) -> tuple[SpellRecord, ...]:
    """Coverage as the records told it at an instant (当时所知的参保记录), earliest first.

    Raises: PersonUnknown, NotPermitted.
    """
    known = [
        record
        for record in coverage_records(actor, person_no)
        if record.recorded_at <= instant and (record.voided_at is None or instant < record.voided_at)
    ]
    return tuple(sorted(known, key=lambda record: record.spell.since))


def coverage_records(actor: Actor, person_no: str) -> tuple[SpellRecord, ...]:
    """Every row of coverage ever recorded (参保记录全史), voided ones too, in the order recorded."""
    person = store.person(person_no)
    require(actor, "people.read_record", registry.reading_area(actor, person.area))
    audit.record(actor, "people.read_record", person.no, person.area)
    return tuple(store.history(person.id))


# Parts ----------------------------------------------------------------------------------------------------------


def _enrol(
    actor: Actor,
    person: Person,
    draft: SpellDraft,
    request: gate.Request,
    until: date | None,
    at: datetime,
    end_previous: bool,
) -> Enrolled:
    rows = store.coverage(person.id)
    running = [row for row in rows if end_previous and row.spell.covers(request.start)]
    history = [_past(row.spell, request.start if row in running else None) for row in rows]
    history = [past for past, row in zip(history, rows, strict=True) if row.spell.state == "normal"]
    history += _elsewhere(person.id)
    decision = gate.decide(history, rules_on(draft.area, request.start), request)
    _refuse_overlap(rows, running, decision.since, until)
    new = [row.cut(row.spell.since, decision.since) for row in running if row.spell.since < decision.since]
    new.append(_new(draft, decision.since, until, decision.benefit_from))
    written = store.replace_coverage(person.id, [row.id for row in running], new, at)
    store.move_home(person.id, draft.area)
    codes = [reason.code for reason in decision.reasons]
    store.note(
        actor,
        person,
        "enrolled",
        decision.since,
        at,
        draft.area,
        scheme=draft.scheme,
        benefit_from=decision.benefit_from,
        reasons=codes,
        written=written,
    )
    return Enrolled(person.no, written[-1], decision.since, until, decision.benefit_from, decision.reasons)


def _change(actor: Actor, person_no: str, on: date) -> tuple[Person, Row]:
    """The person, locked, and the coverage that runs on a day. Raises: CoverageNotActive."""
    (person,) = store.locked(person_no)
    rows = store.coverage(person.id)
    row = next((row for row in rows if row.spell.covers(on)), None)
    require(actor, "people.enrol", row.spell.area if row else person.area)
    if row is None:
        last = max((row.spell.until for row in rows if row.spell.until is not None), default=None)
        raise CoverageNotActive(
            f"{person.no} 在 {on} 没有参保" + (f"，最近一次止于 {last}" if last else ""),
            hint="核对日期，或先办理参保登记",
            person_no=person.no,
            reason="none",
            on=str(on),
        )
    return person, row


def _written(
    actor: Actor,
    person: Person,
    kind: str,
    row: Row,
    on: date,
    new: Sequence[New],
    at: datetime,
    reasons: tuple[Reason, ...],
    **details: object,
) -> Enrolled:
    """Cut the row at a day, write what follows, tell what happened."""
    before = [row.cut(row.spell.since, on)] if row.spell.since < on else []
    written = store.replace_coverage(person.id, [row.id], [*before, *new], at)
    codes = [reason.code for reason in reasons]
    store.note(actor, person, kind, on, at, row.spell.area, voided=[row.id], written=written, reasons=codes, **details)
    last = new[-1].spell if new else replace(row.spell, until=on)
    return Enrolled(person.no, written[-1] if written else row.id, last.since, last.until, last.benefit_from, reasons)


def _refuse_overlap(rows: Sequence[Row], running: Sequence[Row], since: date, until: date | None) -> None:
    for row in rows:
        if row not in running and overlaps((row.spell.since, row.spell.until), (since, until)):
            spell = row.spell
            end = f"至 {spell.until}（不含）" if spell.until else "起至今"
            raise store.overlap(f"{SCHEMES[spell.scheme]} {spell.since} {end}，{SPELL_STATES[spell.state]}")


def _new(draft: SpellDraft, since: date, until: date | None, benefit_from: date) -> New:
    employer = store.employer(draft.employer_no)
    return New(
        employer[0] if employer else None,
        Spell(
            draft.area,
            draft.scheme,
            draft.status,
            draft.contribution_class,
            draft.employment or (employer[2] if employer else ""),
            draft.employer_no,
            employer[1] if employer else "",
            draft.pool_only,
            since,
            until,
            benefit_from,
            "normal",
        ),
    )


def _past(spell: Spell, until: date | None = None) -> gate.Past:
    return gate.Past(spell.scheme, spell.since, until or spell.until, spell.benefit_from)


def _elsewhere(person_id: int) -> list[gate.Past]:
    """Coverage proven by relations transferred in (转入的参保时段)."""
    return [
        gate.Past(scheme, add_months(until, -months), until, add_months(until, -months))
        for scheme, months, until in sql.rows(
            "SELECT scheme, months, covered_until FROM people_transfer"
            " WHERE person_id = %s AND direction = 'in' AND months > 0 ORDER BY id",
            (person_id,),
        )
    ]


def _groups_on(person_id: int, day: date) -> tuple[str, ...]:
    return tuple(
        row[0]
        for row in sql.rows(
            "SELECT name FROM people_group WHERE person_id = %s AND valid @> %s::date ORDER BY name", (person_id, day)
        )
    )


def _check(draft: SpellDraft, since: date, until: date | None) -> None:
    """Raises: Malformed with every fault."""
    faults: list[Fault] = []

    def fault(path: str, wrong: str, right: str) -> None:
        faults.append(Fault("coverage", 0, path, wrong, right))

    try:
        areas.pooling_area_of(draft.area)
        if draft.area not in areas.all_areas() or draft.area == areas.NATION:
            fault("area", f"{draft.area} 不是本省的参保地", "参保地六位行政区划代码")
    except ValueError as problem:
        fault("area", str(problem), "参保地六位行政区划代码")
    allowed = STATUSES_OF.get(draft.scheme)
    if allowed is None:
        fault("scheme", f"不认识险种 {draft.scheme!r}", "、".join(SCHEMES))
    elif draft.status not in allowed:
        fault("status", f"{SCHEMES[draft.scheme]}没有状态 {draft.status!r}", "、".join(allowed))
    if draft.contribution_class not in CLASSES:
        fault("contribution_class", f"不认识缴费档次 {draft.contribution_class!r}", "、".join(CLASSES))
    if draft.employment and draft.employment not in EMPLOYMENTS:
        fault("employment", f"不认识参保单位类型 {draft.employment!r}", "、".join(EMPLOYMENTS))
    if draft.scheme == "resident" and (draft.employment or draft.employer_no or draft.pool_only):
        fault("employment", "居民医保没有单位，也不分统账结合与单建统筹", "删去 employment、employer_no 与 pool_only")
    if draft.employment == "flexible" and draft.employer_no:
        fault("employer_no", "灵活就业人员没有单位", "删去 employer_no")
    if draft.scheme == "employee" and draft.status == "active" and not draft.employment and not draft.employer_no:
        fault("employment", "在职职工缺少参保单位或类型", "写明 employer_no，或 employment: flexible")
    if draft.state not in SPELL_STATES:
        fault("state", f"不认识参保状态 {draft.state!r}", "、".join(SPELL_STATES))
    if until is not None and until <= since:
        fault("until", f"终止日 {until} 不晚于起始日 {since}", "起始日之后")
    if faults:
        raise Malformed(faults)
