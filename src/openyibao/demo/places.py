"""Institutions of the demo (定点机构装载) with agreements, departments, physicians and published credentials."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from openyibao.demo import material
from openyibao.demo.days import Calendar, moment
from openyibao.demo.registering import AGENCY, BUREAU
from openyibao.foundation.actors import Actor
from openyibao.gateway import facade as gateway
from openyibao.institutions import facade
from openyibao.institutions.contracts import (
    AgreementDraft,
    Decision,
    Department,
    Institution,
    PenaltyDraft,
    Physician,
    Registration,
)
from openyibao.kernel import areas

_SALT = b"openyibao sandbox credentials, published"
DEPARTMENTS = (("A03", "内科", "A03"), ("A04", "外科", "A04"), ("A50", "中医科", "A50"))
_SUSPENDED_DAYS, _ENDED_DAYS = 20, 40


@dataclass(frozen=True)
class Place:
    """A row of the institutions' file."""

    code: str
    name: str
    kind: str
    area: str
    level: str
    hosp_lv: str
    agreements: str
    security: str
    state: str
    note: str

    @property
    def pooling_area(self) -> str:
        return areas.pooling_area_of(self.area)

    @property
    def actor(self) -> Actor:
        return Actor(self.code, frozenset({"institution"}), self.area)

    @property
    def works(self) -> bool:
        return self.state == "active" and self.kind != "care_institution"

    @property
    def doctor(self) -> tuple[str, str]:
        """Code and name of the physician who sees everybody."""
        return f"D{self.code[1:]}01"[:30], "王示例"


def places(count: int) -> list[Place]:
    """The first so many of the file: a few already show every level and state."""
    return [Place(**row) for row in material.institutions()[:count]]


def key_of(place: Place) -> str:
    """The published access key."""
    return place.code if place.security == "none" else f"{place.security.upper()}{place.code}"


def secret_of(code: str, security: str) -> str:
    """The published secret: derived, so that every sandbox has the same; a real one never has these."""
    if security == "none":
        return ""
    return hmac.new(_SALT, f"{security}:{code}".encode(), hashlib.sha256).hexdigest()[:40]


def register(place: Place, calendar: Calendar) -> Institution:
    """Register one institution and let it send messages."""
    since = calendar.enrolled_on
    at = moment(since, 8)
    agency = AGENCY if place.pooling_area == AGENCY.area else Actor("demo-agency", AGENCY.roles, place.pooling_area)
    new = Registration(
        code=place.code,
        name=place.name,
        kind=place.kind,
        uscc=f"91{place.area}MA{place.code[0]}{place.code[-7:]}",
        area=place.area,
        level=place.level,
        hosp_lv=place.hosp_lv,
        valid_from=since,
    )
    found = facade.register(agency, new, at)
    for kind in place.agreements.split("|"):
        draft = AgreementDraft(kind, f"聊医协{since.year}{place.code[-5:]}{kind[:2]}", since)
        facade.sign_agreement(agency, place.code, draft, at)
    if place.kind in ("hospital", "primary_care"):
        for code, name, specialty in DEPARTMENTS:
            facade.add_department(agency, place.code, Department(code, name, specialty, since))
    if place.kind != "care_institution":
        doctor, name = place.doctor
        profession = "pharmacist" if place.kind == "pharmacy" else "physician"
        department = "A03" if place.kind in ("hospital", "primary_care") else ""
        facade.add_physician(agency, place.code, Physician(doctor, name, profession, department, "practising", since))
    _penalise(agency, place, calendar)
    gateway.register_credential(
        agency,
        institution_code=place.code,
        area=place.pooling_area,
        security=place.security,
        key=key_of(place),
        secret=secret_of(place.code, place.security),
    )
    return found


def _penalise(agency: Actor, place: Place, calendar: Calendar) -> None:
    """One institution was suspended by order of the bureau, one agreement was ended by the agency."""
    if place.state == "suspended":
        on = calendar.ago(_SUSPENDED_DAYS)
        document = f"聊医保罚〔{on.year}〕示例1号"
        penalty = facade.penalise(
            BUREAU,
            place.code,
            PenaltyDraft("suspension", on, document, "分解住院（演示）", suspend_from=on, suspend_until=_half_year(on)),
            moment(on),
        )
        facade.suspend_agreement(
            *(agency, place.code, "basic"), Decision(on, "执行行政决定（演示）", document, penalty.id), moment(on)
        )
    elif place.state == "ended":
        on = calendar.ago(_ENDED_DAYS)
        why = Decision(on, "串换药品（演示）", f"聊医协解〔{on.year}〕示例1号")
        facade.end_agreement(agency, place.code, "basic", why, moment(on))


def _half_year(day: date) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + 6, 12)
    return date(year, month + 1, min(day.day, 28))


def by_level(found: Sequence[Place]) -> dict[tuple[str, str], list[Place]]:
    """Working places of Liaocheng by (county, level); and of a whole pool under ("*", level) and ("370100", level)."""
    made: dict[tuple[str, str], list[Place]] = {}
    for place in found:
        if place.works:
            whole = "*" if place.pooling_area == AGENCY.area else place.pooling_area
            for area in (place.area, whole):
                made.setdefault((area, place.level), []).append(place)
    return made
