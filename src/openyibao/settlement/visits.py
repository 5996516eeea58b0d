"""Opening, recording and closing visits (挂号、就诊信息、入院、出院及其撤销)."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from openyibao.catalogue import facade as catalogue
from openyibao.foundation.actors import require
from openyibao.foundation.transactions import joined
from openyibao.institutions.contracts import Institution
from openyibao.kernel import areas
from openyibao.kernel.clock import SHANGHAI, business_day
from openyibao.people.contracts import Dossier, Spell
from openyibao.settlement import store
from openyibao.settlement.contracts import (
    Admit,
    AmendAdmission,
    Caller,
    Circumstances,
    Claimed,
    Discharge,
    RecordVisit,
    RegisterVisit,
)
from openyibao.settlement.errors import AreaDiffers, DateRefused, IdentityDiffers, VisitUnknown
from openyibao.settlement.logic import moves
from openyibao.settlement.logic.benefits import benefit_of, scheme_of


def register_visit(caller: Caller, command: RegisterVisit) -> str:
    """Register an outpatient visit (门诊挂号, 2201); gives its number (mdtrt_id).

    Raises: PersonUnknown, CoverageNotActive, AgreementNotActive, AreaDiffers, IdentityDiffers, DateRefused.
    """
    with joined():
        opening = _Opening(caller, command.person_no, command.insutype, command.begun_at)
        opening.check(command.insured_area, command.claimed)
        return opening.insert(
            inpatient=False,
            state="registered",
            case_no=command.case_no,
            details=json.dumps(
                {
                    "dept_code": command.dept_code,
                    "dept_name": command.dept_name,
                    "doctor_code": command.doctor_code,
                    "doctor_name": command.doctor_name,
                },
                ensure_ascii=False,
            ),
        )


def admit(caller: Caller, command: Admit) -> str:
    """Admit an inpatient (入院办理, 2401); gives the visit's number. Raises: as `register_visit`, NotMapped."""
    benefit = benefit_of(command.insutype, command.med_type, inpatient=True)
    with joined():
        opening = _Opening(caller, command.person_no, command.insutype, command.begun_at)
        opening.check(command.insured_area, command.claimed)
        stay = _stay_of(command.circumstances, opening.person_id)
        return opening.insert(
            inpatient=True,
            state="admitted",
            case_no=command.case_no,
            med_type=command.med_type,
            benefit=benefit,
            disease_code=command.disease_code,
            disease_name=command.disease_name,
            diagnoses=store.diagnoses_json(command.diagnoses),
            circumstances=store.circumstances_json(command.circumstances),
            details=json.dumps(dict(command.details), ensure_ascii=False, default=str),
            stay_no=stay,
        )


class _Opening:
    """What opening a visit of either kind has in common: who, covered how, where, since when."""

    def __init__(self, caller: Caller, person_no: str, insutype: str, begun_at: datetime) -> None:
        self.caller = caller
        self.person_no = person_no
        self.insutype = insutype
        self.begun_at = begun_at
        self.begun_on = business_day(begun_at)
        self.scheme = scheme_of(insutype)
        not_in_future(self.begun_on, caller, "就诊时间")
        self.person_id = store.lock_person(person_no)
        self.dossier: Dossier = store.dossier_of(self.person_id)
        self.institution: Institution = store.institution_of(caller.institution_code)
        require(caller.actor, "settlement.send", self.institution.area)
        self.institution.agreement_on(self.begun_on)
        self.spell: Spell = self.dossier.coverage_on(self.begun_on, self.scheme)

    def check(self, stated_area: str, claimed: Claimed) -> None:
        check_stated_area(stated_area, self.spell.pooling_area)
        check_identity(claimed, self.dossier)

    def insert(self, **values: Any) -> str:
        return store.insert_visit(
            {
                "circumstances": store.circumstances_json(Circumstances()),
                "diagnoses": "[]",
                "med_type": "",
                "benefit": "",
                "stay_no": "",
                "disease_code": "",
                "disease_name": "",
                "disease": "",
                "open_batch": 1,
                "standing": 0,
                "person_id": self.person_id,
                "person_no": self.person_no,
                "institution_code": self.institution.code,
                "insured_area": self.spell.pooling_area,
                "care_area": areas.pooling_area_of(self.institution.area),
                "insutype": self.insutype,
                "scheme": self.scheme,
                "begun_at": self.begun_at,
                "begun_on": self.begun_on,
                "opened_at": self.caller.at,
                **values,
            }
        )


def record_visit(caller: Caller, command: RecordVisit) -> None:
    """Record visit and diagnoses of an outpatient (2203). Raises: VisitUnknown, MoveRefused, NotMapped."""
    check_sender(caller)
    with joined():
        person_id = store.lock_person(command.person_no)
        visit = store.visit_of(command.visit_no, person_id, caller.institution_code)
        state = moves.next_state(visit.state, "record")
        benefit = benefit_of(visit.insutype, command.med_type, inpatient=False)
        begun_on = business_day(command.begun_at)
        not_in_future(begun_on, caller, "就诊时间")
        store.update_visit(
            visit.id,
            state=state,
            med_type=command.med_type,
            benefit=benefit,
            begun_at=command.begun_at,
            begun_on=begun_on,
            disease_code=command.disease_code,
            disease_name=command.disease_name,
            disease=disease_as_named(command.disease_code, command.disease_name, begun_on),
            diagnoses=store.diagnoses_json(command.diagnoses),
            circumstances=store.circumstances_json(command.circumstances),
        )


def cancel_registration(caller: Caller, visit_no: str, person_no: str) -> None:
    """Cancel an outpatient registration (挂号撤销, 2202). Raises: VisitUnknown, MoveRefused."""
    _cancel_visit(caller, visit_no, person_no, inpatient=False)


def cancel_admission(caller: Caller, visit_no: str, person_no: str) -> None:
    """Cancel an admission (入院撤销, 2404). Raises: VisitUnknown, MoveRefused."""
    _cancel_visit(caller, visit_no, person_no, inpatient=True)


def _cancel_visit(caller: Caller, visit_no: str, person_no: str, *, inpatient: bool) -> None:
    check_sender(caller)
    with joined():
        visit = _kind(store.visit_of(visit_no, store.lock_person(person_no), caller.institution_code), inpatient)
        state = moves.next_state(visit.state, "cancel")
        moves.may_cancel(visit.standing, store.unsettled_lines(visit.id), inpatient)
        store.update_visit(visit.id, state=state)


def amend_admission(caller: Caller, command: AmendAdmission) -> None:
    """Amend an admission (住院信息变更, 2403). Raises: VisitUnknown, MoveRefused, NotMapped, DateRefused."""
    check_sender(caller)
    with joined():
        person_id = store.lock_person(command.person_no)
        visit = _kind(store.visit_of(command.visit_no, person_id, caller.institution_code), True)
        changes: dict[str, object] = {"state": moves.next_state(visit.state, "amend")}
        if command.begun_at is not None:
            begun_on = business_day(command.begun_at)
            not_in_future(begun_on, caller, "入院时间")
            changes |= {"begun_at": command.begun_at, "begun_on": begun_on}
        if command.med_type:
            changes |= {
                "med_type": command.med_type,
                "benefit": benefit_of(visit.insutype, command.med_type, inpatient=True),
            }
        for name in ("case_no", "disease_code", "disease_name"):
            value = getattr(command, name)
            if value is not None:
                changes[name] = value
        if command.diagnoses is not None:
            changes["diagnoses"] = store.diagnoses_json(command.diagnoses)
        if command.circumstances is not None:
            changes["circumstances"] = store.circumstances_json(command.circumstances)
            changes["stay_no"] = _stay_of(command.circumstances, person_id)
        if command.details:
            changes["details"] = json.dumps(dict(command.details), ensure_ascii=False, default=str)
        store.update_visit(visit.id, **changes)


def discharge(caller: Caller, command: Discharge) -> None:
    """Discharge an inpatient (出院办理, 2402). Raises: VisitUnknown, MoveRefused, DateRefused."""
    check_sender(caller)
    with joined():
        person_id = store.lock_person(command.person_no)
        visit = _kind(store.visit_of(command.visit_no, person_id, caller.institution_code), True)
        state = moves.next_state(visit.state, "discharge")
        ended_on = business_day(command.ended_at)
        not_in_future(ended_on, caller, "出院时间")
        if command.ended_at < visit.begun_at:
            begun = visit.begun_at.astimezone(SHANGHAI)
            raise DateRefused(f"出院时间早于入院时间 {begun:%Y-%m-%d %H:%M}", hint="核对 endtime，或以 2403 改入院时间")
        changes: dict[str, object] = {"state": state, "ended_at": command.ended_at, "ended_on": ended_on}
        if command.disease_code or command.disease_name:
            changes |= {"disease_code": command.disease_code, "disease_name": command.disease_name}
        if command.diagnoses:
            changes["diagnoses"] = store.diagnoses_json(command.diagnoses)
        store.update_visit(visit.id, **changes)
        store.merge_details(visit.id, {**command.details, "dscg_way": command.way})


def cancel_discharge(caller: Caller, visit_no: str, person_no: str) -> None:
    """Cancel a discharge (出院撤销, 2405). Raises: VisitUnknown, MoveRefused."""
    check_sender(caller)
    with joined():
        visit = _kind(store.visit_of(visit_no, store.lock_person(person_no), caller.institution_code), True)
        state = moves.next_state(visit.state, "cancel_discharge")
        store.update_visit(visit.id, state=state, ended_at=None, ended_on=None)


def _kind(visit: store.VisitRow, inpatient: bool) -> store.VisitRow:
    """A visit number of the other kind counts as unknown here. Raises: VisitUnknown."""
    if visit.inpatient != inpatient:
        kind, family = ("住院", "23xx、24xx") if visit.inpatient else ("门诊", "22xx")
        raise VisitUnknown(
            f"{visit.visit_no} 是{kind}就诊", hint=f"{kind}就诊用 {family} 交易", visit_no=visit.visit_no
        )
    return visit


def _stay_of(circumstances: Circumstances, person_id: int) -> str:
    """The stay a transfer or continued stay belongs to; empty when it is a stay of its own. Raises: VisitUnknown."""
    if not circumstances.follows:
        return ""
    found = store.stay_of(circumstances.follows, person_id)
    if not found:
        raise VisitUnknown(
            f"转入所接的住院 {circumstances.follows} 不存在",
            hint="填写本人此前住院的 mdtrt_id",
            visit_no=circumstances.follows,
        )
    return found


def check_sender(caller: Caller) -> None:
    """Only an institution sends; that a visit is its own is seen when it is looked up. Raises: NotPermitted."""
    require(caller.actor, "settlement.send", caller.actor.area)


def not_in_future(day: date, caller: Caller, what: str) -> None:
    """Refuse a day after the platform's own. Raises: DateRefused."""
    today = business_day(caller.at)
    if day > today:
        raise DateRefused(f"{what} {day} 晚于今日 {today}", hint="核对日期与本机时钟", day=str(day))


def check_stated_area(stated: str, pooling_area: str) -> None:
    """The area a caller states must lie in the person's pool. Raises: AreaDiffers."""
    if not stated:
        return
    try:
        pool = areas.pooling_area_of(stated)
    except ValueError:
        pool = ""
    if pool != pooling_area:
        raise AreaDiffers(
            f"参保地 {stated} 与参保登记不符",
            hint=f"以 1101 返回的 insuplc_admdvs 为准（{pooling_area}）",
            stated=stated,
        )


def check_identity(claimed: Claimed, dossier: Dossier) -> None:
    """What a caller states of the person's identity must be theirs. Raises: IdentityDiffers."""
    if not claimed.cert_no and not claimed.name:
        return
    identity = dossier.identity()
    wrong = []
    if claimed.cert_no and claimed.cert_no.upper() != identity.cert_no.upper():
        wrong.append("证件号码")
    if claimed.name and claimed.name != identity.name:
        wrong.append("姓名")
    if wrong:
        raise IdentityDiffers(
            f"{'、'.join(wrong)}与人员编号 {dossier.main_no} 不符", hint="重新读卡或扫码，以 1101 返回的人员为准"
        )


def disease_as_named(code: str, name: str, day: date) -> str:
    """The disease as policies name it, from its national code where the catalogue has it."""
    if code:
        for kind in ("chronic", "two_disease"):
            known = catalogue.codes_on(kind, [code], day).get(code)
            if known is not None:
                return known.name
    return name[:60]
