"""What the people room hands out: plain values, and a person's whole record with the questions a bill asks of it.

Periods are half-open `[since, until)`; `until` is None while open. A `Dossier` reads its parts only when asked, for a
settlement needs one day of one person out of a record that may be long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import msgspec

from openyibao.foundation import crypto
from openyibao.people.errors import CoverageNotActive, CoverageWaiting
from openyibao.people.terms import SCHEMES
from openyibao.people.values import (
    ContributionRecord,
    Coverage,
    Death,
    DeclaredAmounts,
    Enrolled,
    Entitlements,
    FilingRecord,
    Identity,
    Membership,
    Merged,
    Reason,
    Spell,
    SpellDraft,
    SpellRecord,
    TransferSlip,
)

__all__ = [
    "ContributionRecord",
    "Coverage",
    "Death",
    "DeclaredAmounts",
    "Dossier",
    "Enrolled",
    "Entitlements",
    "FilingRecord",
    "Identity",
    "Membership",
    "Merged",
    "Reason",
    "Spell",
    "SpellDraft",
    "SpellRecord",
    "TransferSlip",
    "sealed",
    "unsealed",
]


@dataclass(frozen=True, eq=False, repr=False)
class Dossier:
    """A person's whole record (人员档案), as the view `people_dossier` publishes it; prints only its number."""

    person_id: int
    main_no: str
    gender: str
    born_on: date
    died_on: date | None
    ethnicity: str
    _sealed: bytes = field(default=b"")
    _spells: Any = field(default="[]")
    _groups: Any = field(default="[]")
    _filings: Any = field(default="[]")
    _supplements: Any = field(default="[]")
    _family: Any = field(default="[]")

    COLUMNS = (
        "person_id, main_no, sealed, gender, born_on, died_on, ethnicity, spells, groups, filings, supplements, family"
    )

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Dossier:
        """A dossier of the columns `COLUMNS`, in that order; JSON columns as text or decoded."""
        person_id, main_no, sealed, gender, born_on, died_on, ethnicity, *parts = row
        return cls(person_id, main_no, gender, born_on, died_on, ethnicity, sealed, *parts)

    def __repr__(self) -> str:
        return f"Dossier({self.main_no})"

    # Parts ----------------------------------------------------------------------------------------------------

    @cached_property
    def spells(self) -> tuple[Spell, ...]:
        """Coverage, earliest first."""
        return tuple(
            Spell(
                node["area"],
                node["scheme"],
                node["status"],
                node["class"],
                node["employment"],
                node["employer_no"],
                node["employer_name"],
                node["pool_only"],
                date.fromisoformat(node["from"]),
                _day(node["until"]),
                date.fromisoformat(node["benefit_from"]),
                node["state"],
            )
            for node in _nodes(self._spells)
        )

    @cached_property
    def groups(self) -> tuple[Membership, ...]:
        return _memberships(self._groups, "group")

    @cached_property
    def supplements(self) -> tuple[Membership, ...]:
        return _memberships(self._supplements, "name")

    @cached_property
    def filings(self) -> tuple[FilingRecord, ...]:
        return tuple(
            FilingRecord(
                node["no"],
                node["kind"],
                node["disease"],
                node["code"],
                node["type"],
                node["area"],
                date.fromisoformat(node["from"]),
                _day(node["until"]),
            )
            for node in _nodes(self._filings)
        )

    @cached_property
    def family(self) -> tuple[tuple[int, date, date | None], ...]:
        """Owners (person ids) whose account this person may spend, from a day to a day not included."""
        return tuple(
            (node["owner_id"], date.fromisoformat(node["from"]), _day(node["until"])) for node in _nodes(self._family)
        )

    def identity(self) -> Identity:
        """Who this is, unsealed. A sensitive read: whoever calls it records it."""
        return unsealed(self._sealed)

    # Questions ------------------------------------------------------------------------------------------------

    def spell_on(self, day: date) -> Spell | None:
        """The spell a day lies in, whether or not it pays."""
        return next((spell for spell in self.spells if spell.covers(day)), None)

    def coverage_on(self, day: date, scheme: str | None = None) -> Coverage:
        """The coverage (参保状态) that pays on a day, of a stated scheme or of any.

        Raises: CoverageNotActive (never insured, ended, suspended, deceased, another scheme), CoverageWaiting.
        """
        if self.died_on is not None and day > self.died_on:
            raise self._refused(day, "deceased", f"参保人已于 {self.died_on} 死亡", "核对人员；由亲属办理账户继承")
        spell = self.spell_on(day)
        if spell is None:
            raise self._none(day)
        if scheme is not None and spell.scheme != scheme:
            raise self._refused(
                day,
                "other_scheme",
                f"{day} 参加的是{SCHEMES[spell.scheme]}，不是{SCHEMES.get(scheme, scheme)}",
                f"险种改按 {spell.scheme} 办理",
                scheme=spell.scheme,
            )
        if spell.state == "suspended":
            raise self._refused(
                day,
                "suspended",
                f"参保自 {spell.since} 起暂停",
                "到参保地经办机构恢复参保或补缴后再结算",
                suspended_since=str(spell.since),
            )
        if day < spell.benefit_from:
            raise CoverageWaiting(
                f"{self.main_no} 在待遇等待期内，{spell.benefit_from} 起享受待遇",
                hint=f"{spell.benefit_from} 之前的费用由个人负担；可补缴的，到参保地经办机构办理",
                person_no=self.main_no,
                reason="waiting",
                on=str(day),
                benefit_from=str(spell.benefit_from),
            )
        return spell

    def case_person(self, day: date) -> dict[str, Any]:
        """The person of a day as a case file of the policy room states it (算例 person): last days included.

        Raises: CoverageNotActive, CoverageWaiting.
        """
        spell = self.coverage_on(day)
        return {
            "area": spell.pooling_area,
            "scheme": spell.scheme,
            "status": spell.status,
            "contribution_class": spell.contribution_class,
            "groups": list(self.groups_on(day)),
            "supplements": list(self.supplements_on(day)),
            "filings": [_case_filing(one) for one in self.filings_on(day) if one.kind in ("chronic", "remote")],
        }

    def _none(self, day: date) -> CoverageNotActive:
        before = [spell for spell in self.spells if spell.since <= day]
        after = [spell for spell in self.spells if spell.since > day]
        if before:
            ended = before[-1].until
            return self._refused(
                day, "ended", f"参保已于 {ended} 终止", "到参保地经办机构办理参保登记", ended_on=str(ended)
            )
        if after:
            return self._refused(
                day, "not_begun", f"参保自 {after[0].since} 才开始", "核对就诊日期", begins=str(after[0].since)
            )
        return self._refused(day, "never", "没有参保记录", "到参保地经办机构办理参保登记")

    def _refused(self, day: date, reason: str, text: str, hint: str, **details: object) -> CoverageNotActive:
        return CoverageNotActive(
            f"{self.main_no} {text}", hint=hint, person_no=self.main_no, reason=reason, on=str(day), **details
        )

    def groups_on(self, day: date) -> tuple[str, ...]:
        """Helped groups (困难身份) on a day, in the order of their names; several may hold at once."""
        return _names_on(self.groups, day)

    def supplements_on(self, day: date) -> tuple[str, ...]:
        """Supplementary cover (补充保障) on a day."""
        return _names_on(self.supplements, day)

    def filings_on(self, day: date, kind: str | None = None) -> tuple[FilingRecord, ...]:
        """Approved filings (备案) that hold on a day, of one kind or of all."""
        return tuple(
            filing for filing in self.filings if _holds(filing.since, filing.until, day) and kind in (None, filing.kind)
        )

    def owners_on(self, day: date) -> tuple[int, ...]:
        """Person ids of the family members whose account this person may spend (家庭共济), first authorised first."""
        return tuple(dict.fromkeys(owner for owner, since, until in self.family if _holds(since, until, day)))

    def entitlements_on(self, day: date) -> Entitlements:
        """All of it on one day. Raises: CoverageNotActive, CoverageWaiting."""
        return Entitlements(
            self.coverage_on(day),
            self.groups_on(day),
            self.supplements_on(day),
            self.filings_on(day),
            self.owners_on(day),
        )


def unsealed(sealed: bytes) -> Identity:
    """The identity in a sealed blob. Raises: KeysMissing."""
    return Identity(**msgspec.json.decode(crypto.unseal(bytes(sealed))))


def sealed(identity: Identity) -> bytes:
    """An identity as it is stored (SM4)."""
    return crypto.seal(
        msgspec.json.encode(
            {
                "name": identity.name,
                "cert_type": identity.cert_type,
                "cert_no": identity.cert_no,
                "phone": identity.phone,
                "address": identity.address,
            }
        ).decode()
    )


def _case_filing(filing: FilingRecord) -> dict[str, str]:
    facts = {"kind": filing.kind, "from": filing.since.isoformat()}
    facts |= {"disease": filing.disease} if filing.kind == "chronic" else {"type": filing.type, "area": filing.area}
    if filing.until is not None:
        facts["until"] = (filing.until - timedelta(days=1)).isoformat()
    return facts


def _nodes(raw: Any) -> Any:
    return msgspec.json.decode(raw) if isinstance(raw, str | bytes) else raw or ()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _memberships(raw: Any, key: str) -> tuple[Membership, ...]:
    return tuple(Membership(node[key], date.fromisoformat(node["from"]), _day(node["until"])) for node in _nodes(raw))


def _names_on(members: Sequence[Membership], day: date) -> tuple[str, ...]:
    return tuple(sorted({member.name for member in members if _holds(member.since, member.until, day)}))


def _holds(since: date, until: date | None, day: date) -> bool:
    return since <= day and (until is None or day < until)
