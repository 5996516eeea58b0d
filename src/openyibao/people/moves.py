"""What carries a whole record along (转移、合并、死亡): months, balance and coverage are conserved or named."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.db import transaction

from openyibao.foundation import sql
from openyibao.foundation.actors import Actor, require
from openyibao.kernel import areas
from openyibao.kernel.errors import Fault, Malformed
from openyibao.people import accounts, contributions, store
from openyibao.people.contracts import Death, Merged, TransferSlip
from openyibao.people.errors import CoverageNotActive, NotDoneHere, RecordMissing, TransferDiffers
from openyibao.people.logic.spells import without
from openyibao.people.store import New, Person, Row

_SLIP = "id, direction, from_area, to_area, scheme, months, balance_fen, covered_until, day"


# Transfer -------------------------------------------------------------------------------------------------------


def transfer_out(actor: Actor, person_no: str, *, to_area: str, on: date, at: datetime) -> TransferSlip:
    """Move the relation to another pooling area (关系转出): coverage ends on `on`, months and balance leave with it.

    Returns: the slip (转移接续凭证) the other side takes in.
    Raises: CoverageNotActive when the person was never covered here, NotDoneHere, PersonUnknown, NotPermitted.
    """
    pool_to = _pool(to_area, "to_area")
    with transaction.atomic():
        (person,) = store.locked(person_no)
        rows = store.coverage(person.id)
        row = next((row for row in reversed(rows) if row.spell.since <= on), None)
        require(actor, "people.transfer", row.spell.area if row else person.area)
        if row is None:
            raise CoverageNotActive(
                f"{person.no} 没有可转移的参保关系", hint="核对人员编号", person_no=person.no, reason="never"
            )
        spell = row.spell
        if spell.pooling_area == pool_to:
            raise NotDoneHere(f"转入地 {to_area} 与现参保地同属一个统筹区", hint="统筹区内变动改用参保变更")
        ended_on = on if spell.until is None else min(on, spell.until)
        _must_be_here(person, spell.pooling_area, spell.scheme, ended_on)
        _ended(rows, person, on, at)
        ids = store.ids_of(person.id)
        months = contributions.months_held(ids, spell.pooling_area, spell.scheme)
        account = accounts.open_account_of(person.id, spell.pooling_area) if spell.scheme == "employee" else None
        fen = account.balance_fen if account else 0
        slip = _slip(person, "out", spell.pooling_area, pool_to, spell.scheme, months, fen, ended_on, on, at, None)
        journals = accounts.moved_out(account, on, at, str(slip.id)) if account else []
        _journals(slip.id, journals)
        store.note(actor, person, "transferred_out", on, at, spell.area, slip=slip.id, months=months, balance_fen=fen)
        return slip


def transfer_in(
    actor: Actor,
    person_no: str,
    *,
    area: str,
    on: date,
    at: datetime,
    slip_id: int | None = None,
    from_area: str = "",
    scheme: str = "employee",
    months: int | None = None,
    balance_fen: int | None = None,
    covered_until: date | None = None,
) -> TransferSlip:
    """Take a relation in (关系转入): by the slip of another area of this platform, or as an agency outside states it.

    The months count here and as coverage for the gate; the balance is credited to the account here, to the fen.
    Enrolment is a step of its own. Stated figures must equal the slip's.
    Raises: TransferDiffers, RecordMissing, Malformed, PersonUnknown, PersonDeceased, NotPermitted.
    """
    require(actor, "people.transfer", area)
    pool = _pool(area, "area")
    with transaction.atomic():
        (person,) = store.locked(person_no)
        person.must_live(on)
        if slip_id is not None:
            out = _out_slip(person, slip_id, pool)
            stated = (months, balance_fen, covered_until)
            carried = (out.months, out.balance_fen, out.covered_until)
            if any(said is not None and said != real for said, real in zip(stated, carried, strict=True)):
                raise TransferDiffers("转入的月数、金额或终止日与转移凭证不一致", hint="以转移凭证为准", slip=slip_id)
        else:
            out = _stated_slip(person, from_area, pool, scheme, months, balance_fen, covered_until, on)
        made = _slip(
            person,
            "in",
            out.from_area,
            pool,
            out.scheme,
            out.months,
            out.balance_fen,
            out.covered_until,
            on,
            at,
            slip_id,
        )
        _journals(made.id, accounts.moved_in(person, pool, out.balance_fen, on, at, str(made.id)))
        store.note(
            actor,
            person,
            "transferred_in",
            on,
            at,
            area,
            slip=made.id,
            months=made.months,
            balance_fen=made.balance_fen,
        )
        return made


def _must_be_here(person: Person, pool: str, scheme: str, ended_on: date) -> None:
    """Raises: NotDoneHere when the relation left this area before and did not come back."""
    gone = sql.one(
        "SELECT id FROM people_transfer WHERE person_id = %s AND direction = 'out' AND from_area = %s AND scheme = %s"
        " AND covered_until >= %s",
        (person.id, pool, scheme, ended_on),
    )
    if gone is not None:
        raise NotDoneHere(f"{person.no} 的参保关系已经转出，转移凭证 {gone[0]}", hint="使用已有的转移凭证")


def _pool(area: str, path: str) -> str:
    try:
        return areas.pooling_area_of(area)
    except ValueError as problem:
        raise Malformed([Fault("transfer", 0, path, str(problem), "六位行政区划代码")]) from None


def _out_slip(person: Person, slip_id: int, pool: str) -> TransferSlip:
    """Raises: RecordMissing, TransferDiffers when it names another area or was taken in before."""
    row = sql.one(
        f"SELECT {_SLIP}, EXISTS (SELECT 1 FROM people_transfer taken WHERE taken.slip_id = t.id)"
        " FROM people_transfer t WHERE id = %s AND person_id = ANY(%s) AND direction = 'out'",
        (slip_id, store.ids_of(person.id)),
    )
    if row is None:
        raise RecordMissing(f"{person.no} 没有转移凭证 {slip_id}", hint="核对凭证编号")
    slip = _read(person, row[:-1])
    if row[-1]:
        raise TransferDiffers(f"转移凭证 {slip_id} 已经转入", hint="一张凭证只能转入一次", slip=slip_id)
    if slip.to_area != pool:
        raise TransferDiffers(f"转移凭证 {slip_id} 的转入地是 {slip.to_area}", hint="由转入地办理", slip=slip_id)
    return slip


def _stated_slip(
    person: Person,
    from_area: str,
    pool: str,
    scheme: str,
    months: int | None,
    balance_fen: int | None,
    covered_until: date | None,
    on: date,
) -> TransferSlip:
    """What an agency outside this platform states. Raises: Malformed with every fault."""
    faults = []
    if months is None or not 0 <= months <= 1200:
        faults.append(Fault("transfer", 0, "months", "缺少或不合理的缴费月数", "0 至 1200"))
    if balance_fen is None or balance_fen < 0:
        faults.append(Fault("transfer", 0, "balance_fen", "缺少或为负的账户余额", "0 或以上（分）"))
    if covered_until is None or covered_until > on:
        faults.append(Fault("transfer", 0, "covered_until", "缺少转出地参保终止日，或晚于转入日", "不晚于转入日"))
    if scheme not in ("employee", "resident") or (scheme == "resident" and balance_fen):
        faults.append(Fault("transfer", 0, "scheme", "险种有误；居民医保没有账户余额", "employee 或 resident"))
    if faults:
        raise Malformed(faults)
    assert months is not None
    assert balance_fen is not None
    assert covered_until is not None
    source = _pool(from_area, "from_area")
    return TransferSlip(0, person.no, "out", source, pool, scheme, months, balance_fen, covered_until, on)


def _slip(
    person: Person,
    direction: str,
    from_area: str,
    to_area: str,
    scheme: str,
    months: int,
    balance_fen: int,
    covered_until: date,
    on: date,
    at: datetime,
    slip: int | None,
) -> TransferSlip:
    row = sql.one(
        "INSERT INTO people_transfer (person_id, direction, from_area, to_area, scheme, months, balance_fen,"
        " covered_until, day, slip_id, journals, recorded_at)"
        f" VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::bigint, '[]', %s) RETURNING {_SLIP}",
        (person.id, direction, from_area, to_area, scheme, months, balance_fen, covered_until, on, slip, at),
    )
    assert row is not None
    return _read(person, row)


def _read(person: Person, row: tuple[object, ...]) -> TransferSlip:
    number, *rest = row
    return TransferSlip(number, person.no, *rest)  # type: ignore[arg-type]


def _journals(slip_id: int, journals: list[int]) -> None:
    if journals:
        sql.run("UPDATE people_transfer SET journals = %s::jsonb WHERE id = %s", (json.dumps(journals), slip_id))


# Merge ----------------------------------------------------------------------------------------------------------


def merge_persons(actor: Actor, keep_no: str, drop_no: str, *, on: date, at: datetime, why: str = "") -> Merged:
    """Make two registrations of one human one person (合并): both numbers answer with the one kept.

    Coverage of the number given up is taken over where the kept one has none, and voided where both have; accounts are
    joined; groups, filings, supplements and authorisations follow; a period paid under both is named for refund.
    Raises: NotDoneHere when they are one already or born on different days, PersonUnknown, NotPermitted.
    """
    with transaction.atomic():
        keep, drop = store.locked(keep_no, drop_no)
        for person in (keep, drop):
            require(actor, "people.merge", person.area)
        if keep.id == drop.id:
            raise NotDoneHere(f"{keep_no} 与 {drop_no} 已是同一人", hint="无须合并")
        if keep.born_on != drop.born_on:
            raise NotDoneHere("两个编号的出生日期不同，不能合并", hint="先核实证件，更正有误的一方")
        if keep.died_on != drop.died_on:
            raise NotDoneHere("两个编号的死亡登记不一致，不能合并", hint="先在两个编号下登记同一死亡日期")
        voided = _coverage_taken_over(keep, drop, at)
        paid_twice = _belongings_taken_over(keep, drop)
        fen, journals = accounts.joined(keep, accounts.open_accounts(drop.id), on, at, drop.no)
        store.note(
            actor,
            keep,
            "merged",
            on,
            at,
            dropped=drop.no,
            voided=list(voided),
            paid_twice=list(paid_twice),
            moved_fen=fen,
            journals=journals,
            why=why,
        )
        return Merged(keep.no, voided, paid_twice, fen)


def _coverage_taken_over(keep: Person, drop: Person, at: datetime) -> tuple[int, ...]:
    """Void the dropped number's coverage; write what does not overlap for the kept one. Ids that lost days."""
    mine, other = store.coverage(keep.id), store.coverage(drop.id)
    taken = [(row.spell.since, row.spell.until) for row in mine]
    lost: list[int] = []
    moved: list[New] = []
    for row in other:
        whole = (row.spell.since, row.spell.until)
        parts = without(whole, taken)
        if parts != [whole]:
            lost.append(row.id)
        moved += [row.cut(*part) for part in parts]
    store.replace_coverage(drop.id, [row.id for row in other], [], at)
    store.replace_coverage(keep.id, [], moved, at)
    return tuple(lost)


def _belongings_taken_over(keep: Person, drop: Person) -> tuple[str, ...]:
    """Everything else under the kept id; periods posted under both stay where they are and are answered."""
    twice = tuple(
        row[0]
        for row in sql.rows(
            "SELECT d.period FROM people_contribution d JOIN people_contribution k ON k.period = d.period"
            " AND k.scheme = d.scheme AND k.state <> 'reversed' WHERE d.person_id = %s AND k.person_id = %s"
            " AND d.state <> 'reversed' ORDER BY d.period",
            (drop.id, keep.id),
        )
    )
    sql.run(
        "UPDATE people_contribution SET person_id = %s WHERE person_id = %s AND NOT"
        " (state <> 'reversed' AND period = ANY(%s::text[]))",
        (keep.id, drop.id, list(twice)),
    )
    for table in ("people_filing", "people_transfer"):
        sql.run(f"UPDATE {table} SET person_id = %s WHERE person_id = %s", (keep.id, drop.id))
    for table in ("people_group", "people_supplement"):
        sql.run(
            f"UPDATE {table} d SET person_id = %s WHERE person_id = %s AND NOT EXISTS (SELECT 1 FROM {table} k"
            " WHERE k.person_id = %s AND k.name = d.name AND k.valid && d.valid)",
            (keep.id, drop.id, keep.id),
        )
    sql.run(
        "DELETE FROM people_family WHERE (owner_id = %s AND member_id = %s) OR (owner_id = %s AND member_id = %s)",
        (keep.id, drop.id, drop.id, keep.id),
    )
    sql.run(
        "UPDATE people_family SET owner_id = CASE owner_id WHEN %s THEN %s ELSE owner_id END,"
        " member_id = CASE member_id WHEN %s THEN %s ELSE member_id END WHERE owner_id = %s OR member_id = %s",
        (drop.id, keep.id, drop.id, keep.id, drop.id, drop.id),
    )
    sql.run("UPDATE people_number SET person_id = %s, main = false WHERE person_id = %s", (keep.id, drop.id))
    sql.run(
        "UPDATE people_person SET merged_into_id = %s WHERE id = %s OR merged_into_id = %s",
        (keep.id, drop.id, drop.id),
    )
    return twice


# Death ----------------------------------------------------------------------------------------------------------


def record_death(actor: Actor, person_no: str, *, died_on: date, on: date, at: datetime, heir_no: str = "") -> Death:
    """Record a death (死亡登记): coverage ends with the day of death, the account goes to the heir (账户继承).

    Args: on, the day the account is paid out; heir_no, whose open account of the same area receives it. Without one the
    balance is owed in cash to the heir, or to the estate when no heir is named.
    Raises: NotDoneHere when recorded before or the heir is the deceased, PersonUnknown, PersonDeceased, NotPermitted.
    """
    with transaction.atomic():
        found = store.locked(person_no, *([heir_no] if heir_no else []))
        person, heir = found[0], (found[1] if heir_no else None)
        require(actor, "people.record_death", person.area)
        if person.died_on is not None:
            raise NotDoneHere(f"{person.no} 已登记死亡（{person.died_on}）", hint="更正死亡日期另行办理")
        if not person.born_on <= died_on <= on or (heir is not None and heir.id == person.id):
            raise NotDoneHere("死亡日期早于出生、晚于办理日，或继承人为本人", hint="核对日期与继承人")
        if heir is not None:
            heir.must_live(on)
        voided = _ended(store.coverage(person.id), person, died_on + timedelta(days=1), at)
        sql.run("UPDATE people_person SET died_on = %s WHERE id = %s", (died_on, person.id))
        sql.run(
            "UPDATE people_family SET valid = CASE WHEN %s::date <= lower(valid) THEN 'empty'::daterange ELSE"
            " daterange(lower(valid), %s) END WHERE (owner_id = %s OR member_id = %s)"
            " AND NOT isempty(valid) AND (upper(valid) IS NULL OR upper(valid) > %s)",
            (died_on + timedelta(days=1),) * 2 + (person.id, person.id, died_on + timedelta(days=1)),
        )
        held = accounts.open_accounts(person.id)
        to_account, to_cash, journals = accounts.inherited(held, heir, on, at, person.no)
        dead = replace(person, died_on=died_on)
        store.note(
            actor,
            dead,
            "died",
            died_on,
            at,
            voided=voided,
            to_account_fen=to_account,
            to_cash_fen=to_cash,
            journals=journals,
        )
        return Death(person.no, died_on, to_account, to_cash)


def _ended(rows: list[Row], person: Person, until: date, at: datetime) -> list[int]:
    """Cut all coverage off at a day; ids of the rows voided."""
    touched = [row for row in rows if row.spell.until is None or row.spell.until > until]
    kept = [row.cut(row.spell.since, until) for row in touched if row.spell.since < until]
    store.replace_coverage(person.id, [row.id for row in touched], kept, at)
    return [row.id for row in touched]
