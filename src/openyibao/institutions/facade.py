"""The door of the institutions' room: who may provide what, under which agreement, at which level, on which day.

The agency registers and manages agreements; the bureau penalises. An order of the bureau changes no agreement by
itself: the agency carries it out, and until then it stands among the orders pending.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from threading import Lock

from django.db import transaction

from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, allowed, require
from openyibao.institutions import loading, store
from openyibao.institutions.columns import registration_faults
from openyibao.institutions.contracts import (
    AgreementDraft,
    Decision,
    Department,
    Institution,
    LoadReport,
    Penalty,
    PenaltyDraft,
    Physician,
    Profile,
    Registration,
)
from openyibao.institutions.errors import (
    AgreementOverlap,
    InstitutionExists,
    InstitutionUnknown,
    PenaltyUnfit,
    ProfileConflict,
    StaffConflict,
    StaffUnknown,
)
from openyibao.institutions.logic.agreements import MOVES, check_order, check_penalty, spell_to_leave
from openyibao.institutions.terms import AGREEMENTS, PRACTICE
from openyibao.kernel.errors import Fault, Malformed

MOST_KEPT = 5_000
MOST_FOUND = 200
_kept: OrderedDict[tuple[str, int], Institution] = OrderedDict()
_kept_lock = Lock()


def institution(code: str) -> Institution:
    """An institution with its history (定点机构). Raises: InstitutionUnknown."""
    found = store.institutions([code]).get(code)
    if found is None:
        raise InstitutionUnknown(f"没有定点机构 {code}", hint="核对机构编号，或先登记", code=code)
    return found


def institutions(codes: Iterable[str]) -> dict[str, Institution]:
    """Institutions by code, in one query; unknown ones are absent."""
    return store.institutions(list(codes))


def cached_institution(code: str, version: int) -> Institution:
    """The same from the process's memory, when it is of this version; `version` as the caller's own read gave it.

    Raises: InstitutionUnknown.
    """
    with _kept_lock:
        if (code, version) in _kept:
            _kept.move_to_end((code, version))
            return _kept[code, version]
    found = institution(code)
    with _kept_lock:
        _kept[code, found.version] = found
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return found


def profile_on(code: str, day: date) -> Profile:
    """Level and name of an institution on a day. Raises: InstitutionUnknown, ProfileUnknown."""
    return institution(code).profile_on(day)


def search(
    name: str = "", kind: str = "", *, institution_type: str = "", code: str = "", limit: int = MOST_FOUND
) -> list[Institution]:
    """Institutions by part of the name, kind, national type or code (1201), in order of code, at most `limit`."""
    return store.search(name, kind, institution_type, code, min(limit, MOST_FOUND))


def register(actor: Actor, new: Registration, at: datetime) -> Institution:
    """Register an institution and its level (定点登记). Raises: Malformed, InstitutionExists, NotPermitted."""
    require(actor, "institutions.register", new.area)
    _check(new)
    with transaction.atomic():
        institution_id = store.add(new, at)
        if institution_id is None:
            raise InstitutionExists(f"机构编号 {new.code} 已登记", hint="改变级别请用 change_profile", code=new.code)
        store.add_profile(institution_id, new, at)
        _audit(actor, "institutions.register", new.code, new.area, level=new.level, valid_from=new.valid_from)
    return institution(new.code)


def change_profile(actor: Actor, new: Registration, at: datetime) -> Institution:
    """Give an institution another level or name from a day on (级别变更); earlier days keep theirs.

    kind, uscc and area must be those registered. Raises: Malformed, InstitutionUnknown, ProfileConflict for a day not
    after the latest change, NotPermitted.
    """
    _check(new)
    with transaction.atomic():
        institution_id, area = store.lock(new.code)
        require(actor, "institutions.register", area)
        known = institution(new.code)
        if (known.kind, known.uscc, known.area) != (new.kind, new.uscc, new.area):
            raise InstitutionExists(
                f"{new.code} 登记的类别、统一社会信用代码或区划与此不同", hint="核对登记", code=new.code
            )
        later = store.profiles_from(institution_id, new.valid_from)
        if later:
            raise ProfileConflict(
                f"{new.code} 自 {later[0]} 起已有级别登记", hint="变更日须晚于已有的登记", code=new.code
            )
        store.add_profile(institution_id, new, at)
        _audit(actor, "institutions.change_profile", new.code, area, level=new.level, valid_from=new.valid_from)
    return institution(new.code)


def sign_agreement(actor: Actor, code: str, draft: AgreementDraft, at: datetime) -> Institution:
    """Sign an agreement (签订协议). Raises: AgreementOverlap, Malformed, InstitutionUnknown, NotPermitted."""
    faults = []
    if draft.kind not in AGREEMENTS:
        faults.append(Fault(code, 0, "kind", f"{draft.kind!r} 不是协议种类", "、".join(AGREEMENTS)))
    if not draft.number.strip() or len(draft.number) > 40:
        faults.append(Fault(code, 0, "number", f"协议编号 {draft.number!r} 不可用", "1 到 40 个字"))
    if draft.valid_until is not None and draft.valid_until <= draft.valid_from:
        faults.append(Fault(code, 0, "valid_until", f"{draft.valid_until} 不晚于起日", f"晚于 {draft.valid_from}"))
    if faults:
        raise Malformed(faults)
    with transaction.atomic():
        institution_id, area = store.lock(code)
        require(actor, "institutions.agree", area)
        for held in store.spells(institution_id, draft.kind):
            over = (held.until is None or draft.valid_from < held.until) and (
                draft.valid_until is None or held.start < draft.valid_until
            )
            if held.state != "ended" and over:
                raise AgreementOverlap(
                    f"{code} 的{AGREEMENTS[draft.kind]} {held.number} 与此期间重叠", hint="先解除或改日期", code=code
                )
        store.add_agreement(institution_id, draft, actor.name, at)
        _audit(actor, "institutions.sign_agreement", code, area, kind=draft.kind, number=draft.number)
    return institution(code)


def suspend_agreement(actor: Actor, code: str, kind: str, decision: Decision, at: datetime) -> Institution:
    """Suspend an active agreement from a day on (暂停协议), by the agency itself or carrying out the bureau's order.

    Raises: AgreementMove, PenaltyUnfit, InstitutionUnknown, NotPermitted.
    """
    return _move(actor, code, kind, "suspend", decision, at)


def resume_agreement(actor: Actor, code: str, kind: str, decision: Decision, at: datetime) -> Institution:
    """Let a suspended agreement hold again (恢复协议), not before an ordered suspension is over. Raises: as above."""
    return _move(actor, code, kind, "resume", decision, at)


def end_agreement(actor: Actor, code: str, kind: str, decision: Decision, at: datetime) -> Institution:
    """End an active or suspended agreement before its time (解除协议). Raises: as above."""
    return _move(actor, code, kind, "end", decision, at)


def _move(actor: Actor, code: str, kind: str, move: str, decision: Decision, at: datetime) -> Institution:
    with transaction.atomic():
        institution_id, area = store.lock(code)
        require(actor, "institutions.agree", area)
        spell = spell_to_leave(store.spells(institution_id, kind), move, decision, code)
        if decision.penalty_id is not None:
            penalty = next((one for one in store.penalties(code) if one.id == decision.penalty_id), None)
            if penalty is None:
                raise PenaltyUnfit(f"{code} 没有编号 {decision.penalty_id} 的行政决定", hint="核对处罚编号", code=code)
            check_order(move, penalty.draft, decision)
        by, state = actor.name, MOVES[move][1]
        store.leave(spell, state, decision.on, decision.why, decision.document, by, decision.penalty_id, at)
        _audit(
            *(actor, f"institutions.{move}_agreement", code, area),
            kind=kind,
            number=spell.number,
            on=decision.on,
            document=decision.document,
        )
    return institution(code)


def penalise(actor: Actor, code: str, draft: PenaltyDraft, at: datetime) -> Penalty:
    """Record a decision of the bureau (行政处罚). It orders; the agency carries out. Not open to the agency.

    Raises: PenaltyUnfit, InstitutionUnknown, NotPermitted.
    Source: 医疗保障基金使用监督管理条例（国务院令第 735 号）第三十八条至第四十条.
    """
    area = store.area_of(code)
    require(actor, "institutions.penalise", area)
    check_penalty(draft)
    with transaction.atomic():
        institution_id, _ = store.lock(code)
        penalty_id = store.add_penalty(institution_id, draft, actor.name, at)
        if penalty_id is None:
            raise PenaltyUnfit(f"文书 {draft.document} 的同一决定已登记", hint="核对文书号", code=code)
        _audit(actor, "institutions.penalise", code, area, kind=draft.kind, document=draft.document, id=penalty_id)
    return Penalty(penalty_id, code, draft, actor.name, False)


def penalties_of(code: str) -> list[Penalty]:
    """Decisions of the bureau about an institution, by date."""
    return store.penalties(code)


def orders_pending(actor: Actor) -> list[Penalty]:
    """Orders to suspend or end an agreement in the agency's area that it has not carried out, oldest first."""
    return [penalty for penalty, area in store.orders_pending() if allowed(actor, "institutions.agree", area)]


def add_department(actor: Actor, code: str, new: Department) -> None:
    """Register a department (科室, 5101). Raises: StaffConflict, Malformed, InstitutionUnknown, NotPermitted."""
    _check_text(code, {"code": (new.code, 20), "name": (new.name, 100)})
    with transaction.atomic():
        institution_id, area = store.lock(code)
        require(actor, "institutions.register", area)
        if not store.add_department(institution_id, new):
            raise StaffConflict(f"{code} 的科室 {new.code} 已登记", hint="核对科室编码", code=code)
        _audit(actor, "institutions.add_department", code, area, department=new.code)


def departments_on(code: str, day: date) -> list[Department]:
    """Departments of an institution that work on a day, by code."""
    return store.departments(code, day)


def add_physician(actor: Actor, code: str, new: Physician) -> None:
    """Register a physician, pharmacist or nurse (医保医师). Raises: as `add_department`."""
    _check_text(code, {"code": (new.code, 30), "name": (new.name, 50)})
    with transaction.atomic():
        institution_id, area = store.lock(code)
        require(actor, "institutions.register", area)
        if not store.add_physician(institution_id, new, actor.name):
            raise StaffConflict(f"{code} 的人员 {new.code} 已登记", hint="核对医师代码", code=code)
        _audit(actor, "institutions.add_physician", code, area, physician=new.code)


def set_practice(actor: Actor, code: str, physician: str, status: str, on: date, why: str) -> None:
    """Change the practice status of a physician from a day on (执业状态).

    Args: status of terms.PRACTICE. Raises: StaffUnknown, StaffConflict for a day not after the latest change,
    Malformed, InstitutionUnknown, NotPermitted.
    """
    if status not in PRACTICE:
        raise Malformed([Fault(code, 0, "status", f"{status!r} 不是执业状态", "、".join(PRACTICE))])
    with transaction.atomic():
        institution_id, area = store.lock(code)
        require(actor, "institutions.register", area)
        last = store.last_practice(institution_id, physician)
        if last is None:
            raise StaffUnknown(f"{code} 没有人员 {physician}", hint="核对医师代码，或先登记", code=code)
        if on <= last[1]:
            raise StaffConflict(f"{physician} 自 {last[1]} 起已有状态登记", hint="变更日须晚于已有的登记", code=code)
        store.add_practice(last[0], status, on, why, actor.name)
        _audit(actor, "institutions.set_practice", code, area, physician=physician, status=status, on=on)


def physician_on(code: str, physician: str, day: date) -> Physician:
    """A physician with the practice status of a day. Raises: StaffUnknown."""
    found = store.physicians(code, day, physician)
    if not found:
        raise StaffUnknown(f"{code} {day} 没有人员 {physician}", hint="核对医师代码与日期", code=code)
    return found[0]


def physicians_on(code: str, day: date) -> list[Physician]:
    """Physicians of an institution known on a day, by code, each with the status of that day."""
    return store.physicians(code, day)


def load_csv(actor: Actor, path: Path, at: datetime) -> LoadReport:
    """Load institutions, their levels and agreements (装载定点机构), all or nothing; again changes nothing.

    Raises: Malformed with every fault by line and column; NotPermitted for a row that is not in the actor's area.
    Source: docs/reference/institution-files.md.
    """
    return loading.load(actor, path, at)


def _check(new: Registration) -> None:
    faults = [Fault(new.code, 0, column, wrong, right) for column, wrong, right in registration_faults(vars(new))]
    if faults:
        raise Malformed(faults)


def _check_text(code: str, values: dict[str, tuple[str, int]]) -> None:
    faults = [
        Fault(code, 0, name, f"{text!r} 不可用", f"1 到 {most} 个字")
        for name, (text, most) in values.items()
        if not text.strip() or len(text) > most
    ]
    if faults:
        raise Malformed(faults)


def _audit(actor: Actor, action: str, code: str, area: str, **details: object) -> None:
    audit.record(actor, action, f"institution:{code}", area, **details)
