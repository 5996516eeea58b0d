"""What crosses the institutions' door: the institution as it was and is, drafts of decisions, penalties, staff."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from openyibao.institutions.errors import AgreementNotActive, ProfileUnknown
from openyibao.institutions.terms import AGREEMENTS, INSTITUTION_TYPES

DOSSIER_COLUMNS = ("code", "version", "name", "kind", "area", "profiles", "agreements", "uscc")
"""Columns of the view `institutions_dossier`, in the order `Institution.from_row` takes them."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Level, national level code (hosp_lv, "" for a pharmacy) and name on the days `[start, until)`."""

    level: str
    hosp_lv: str
    name: str
    start: date
    until: date | None


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of one agreement in one state on the days `[start, until)`, and why."""

    kind: str
    number: str
    state: str
    why: str
    start: date
    until: date | None


@dataclass(frozen=True, slots=True)
class Institution:
    """A designated institution (定点医药机构) with its history. May be cached by (code, version).

    code (`fixmedins_code`), name (registered today; see `profile_on` for a day), kind of `terms.KINDS`, area: its own
    county or city, uscc (统一社会信用代码).
    """

    code: str
    version: int
    name: str
    kind: str
    area: str
    profiles: tuple[Profile, ...]
    agreements: tuple[Spell, ...]
    uscc: str = ""

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Institution:
        """Read a row of the view `institutions_dossier` (columns as in DOSSIER_COLUMNS; uscc may be left out)."""
        code, version, name, kind, area, profiles, agreements, *rest = row
        return cls(
            code,
            int(version),
            name,
            kind,
            area,
            tuple(Profile(p["level"], p["hosp_lv"], p["name"], *_days(p)) for p in _loaded(profiles)),
            tuple(Spell(a["kind"], a["number"], a["state"], a["why"], *_days(a)) for a in _loaded(agreements)),
            rest[0] if rest else "",
        )

    @property
    def institution_type(self) -> str:
        """National `fixmedins_type`."""
        return INSTITUTION_TYPES[self.kind]

    def profile_on(self, day: date) -> Profile:
        """Level and name that day. Raises: ProfileUnknown."""
        for profile in self.profiles:
            if _covers(profile, day):
                return profile
        raise ProfileUnknown(
            f"{self.name}（{self.code}）{day} 没有登记级别", hint="由经办机构登记该日的级别", code=self.code, on=day
        )

    def level_on(self, day: date) -> str:
        """Level of the policies (terms.LEVELS) that day. Raises: ProfileUnknown."""
        return self.profile_on(day).level

    def hosp_lv_on(self, day: date) -> str:
        """National level code that day, "" for a pharmacy. Raises: ProfileUnknown."""
        return self.profile_on(day).hosp_lv

    def agreement_on(self, day: date, kind: str = "basic") -> Spell:
        """The agreement active that day (协议). Raises: AgreementNotActive, saying why it is not."""
        spells = [spell for spell in self.agreements if spell.kind == kind]
        covering = [spell for spell in spells if _covers(spell, day)]
        for spell in covering:
            if spell.state == "active":
                return spell
        raise self._not_active(day, kind, covering, spells)

    def _not_active(self, day: date, kind: str, covering: list[Spell], spells: list[Spell]) -> AgreementNotActive:
        title = AGREEMENTS.get(kind, kind)
        by_state = {spell.state: spell for spell in covering}
        if spell := by_state.get("suspended"):
            state, said = "suspended", f"自 {spell.start} 起暂停（{spell.why}）"
            hint = "恢复协议后方可结算"
        elif spell := by_state.get("ended"):
            state, said = "ended", f"自 {spell.start} 起已解除（{spell.why}）"
            hint = "重新签订协议后方可结算"
        elif any(spell.start > day for spell in spells):
            first = min(spell.start for spell in spells if spell.start > day)
            state, said, hint = "not_yet", f"{first} 才生效", "核对费用日期"
        elif spells:
            last = max(spell.until for spell in spells if spell.until)
            state, said, hint = "expired", f"已于 {last} 到期", "续签协议后方可结算"
        else:
            state, said, hint = "none", "未签订", "签订协议后方可结算"
        return AgreementNotActive(
            f"{self.name}（{self.code}）{day} 的{title}{said}",
            hint=hint,
            code=self.code,
            on=day,
            kind=kind,
            state=state,
        )


@dataclass(frozen=True)
class Registration:
    """A new institution (定点登记) and its level from a day on. uscc: 18 letters and digits."""

    code: str
    name: str
    kind: str
    uscc: str
    area: str
    level: str
    hosp_lv: str
    valid_from: date
    document: str = "定点登记"


@dataclass(frozen=True)
class AgreementDraft:
    """An agreement to sign (协议): kind of terms.AGREEMENTS, its number, days `[valid_from, valid_until)`."""

    kind: str
    number: str
    valid_from: date
    valid_until: date | None = None
    why: str = "签订协议"


@dataclass(frozen=True)
class Decision:
    """A move of an agreement (协议处理): from which day, why, by which document; the order it carries out, if any."""

    on: date
    why: str
    document: str
    penalty_id: int | None = None


@dataclass(frozen=True)
class PenaltyDraft:
    """A decision of the bureau (处罚决定): kind of terms.PENALTIES. amount_fen with a fine; the days
    `[suspend_from, suspend_until)` with an ordered suspension."""

    kind: str
    decided_on: date
    document: str
    why: str
    amount_fen: int = 0
    suspend_from: date | None = None
    suspend_until: date | None = None


@dataclass(frozen=True)
class Penalty:
    """A recorded decision of the bureau; carried_out = an agreement was suspended or ended by it."""

    id: int
    institution_code: str
    draft: PenaltyDraft
    decided_by: str
    carried_out: bool


@dataclass(frozen=True)
class Department:
    """A department (科室, dept_code) and its days; specialty = national code of the kind of department (caty)."""

    code: str
    name: str
    specialty: str
    valid_from: date
    valid_until: date | None = None


@dataclass(frozen=True)
class Physician:
    """A physician, pharmacist or nurse (医保医师, dr_codg) with the practice status that holds on the day asked."""

    code: str
    name: str
    profession: str
    department: str
    status: str
    since: date


@dataclass(frozen=True)
class LoadReport:
    """What a load of institutions did: rows read, institutions added, levels changed, agreements signed, unchanged."""

    file: str
    sha256: str
    rows: int
    registered: int
    levels_changed: int
    agreements_signed: int
    unchanged: int


def _covers(stretch: Profile | Spell, day: date) -> bool:
    return stretch.start <= day and (stretch.until is None or day < stretch.until)


def _days(entry: Mapping[str, Any]) -> tuple[date, date | None]:
    until = entry["until"]
    return date.fromisoformat(entry["from"]), date.fromisoformat(until) if until else None


def _loaded(value: Any) -> Iterable[Mapping[str, Any]]:
    """A jsonb column, which a plain cursor gives as text and some give as a list."""
    found: Iterable[Mapping[str, Any]] = json.loads(value) if isinstance(value, str | bytes) else value
    return found
