"""What the people room hands out: plain values, and a person's whole record with the questions a bill asks of it.

Periods are half-open `[since, until)`; `until` is None while open. A `Dossier` reads its parts only when asked, for a
settlement needs one day of one person out of a record that may be long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec

from openyibao.foundation import crypto
from openyibao.kernel import areas
from openyibao.people.errors import CoverageNotActive, CoverageWaiting
from openyibao.people.terms import SCHEMES


@dataclass(frozen=True, repr=False)
class Identity:
    """Who a person is (身份信息). Never prints itself: repr and str are masked."""

    name: str
    cert_type: str
    cert_no: str
    phone: str = ""
    address: str = ""

    def __repr__(self) -> str:
        return f"Identity({self.masked_name}, {self.cert_type}, {self.masked_cert_no})"

    __str__ = __repr__

    @property
    def masked_name(self) -> str:
        return crypto.mask_name(self.name)

    @property
    def masked_cert_no(self) -> str:
        return crypto.mask_cert(self.cert_no)

    @property
    def masked_phone(self) -> str:
        return crypto.mask_phone(self.phone)


@dataclass(frozen=True)
class Spell:
    """One stretch of coverage (参保时段): insured area, scheme, status, from a day to a day not included."""

    area: str
    scheme: str
    status: str
    contribution_class: str
    employment: str
    employer_no: str
    employer_name: str
    pool_only: bool
    since: date
    until: date | None
    benefit_from: date
    state: str

    def covers(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)

    @property
    def pooling_area(self) -> str:
        """The pool (统筹区) that pays; `area` may be one of its counties."""
        return areas.pooling_area_of(self.area)


Coverage = Spell
"""What `coverage_on` answers: the spell that pays on the day."""


@dataclass(frozen=True)
class Membership:
    """A helped group or a supplement (身份类别、补充保障) with its days."""

    name: str
    since: date
    until: date | None


@dataclass(frozen=True)
class FilingRecord:
    """An approved filing (备案): a chronic disease, two-disease drugs, or care elsewhere."""

    no: int
    kind: str
    disease: str
    disease_code: str
    type: str
    area: str
    since: date
    until: date | None


@dataclass(frozen=True)
class Entitlements:
    """All that holds of a person on a day (当日待遇资格)."""

    coverage: Coverage
    groups: tuple[str, ...]
    supplements: tuple[str, ...]
    filings: tuple[FilingRecord, ...]
    family_owners: tuple[int, ...]


@dataclass(frozen=True)
class SpellDraft:
    """What a correction says was true (更正内容). `benefit_from` None: from the first day."""

    area: str
    scheme: str
    status: str
    contribution_class: str = "standard"
    employment: str = ""
    employer_no: str = ""
    pool_only: bool = False
    state: str = "normal"
    benefit_from: date | None = None


@dataclass(frozen=True)
class SpellRecord:
    """A row of coverage as recorded (参保记录): the spell, when it was learnt, and when it was found wrong."""

    id: int
    spell: Spell
    recorded_at: datetime
    voided_at: datetime | None


@dataclass(frozen=True)
class Reason:
    """Why a coverage begins, or pays, when it does: a stable code and Chinese text."""

    code: str
    text: str


@dataclass(frozen=True)
class Enrolled:
    """The answer to an enrolment (参保登记结果)."""

    person_no: str
    spell_id: int
    since: date
    until: date | None
    benefit_from: date
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class ContributionRecord:
    """A contribution as posted (缴费记录). Amounts in fen; `total` = employer + individual + subsidy + assistance."""

    id: int
    period: str
    area: str
    scheme: str
    base_fen: int
    employer_fen: int
    individual_fen: int
    subsidy_fen: int
    assistance_fen: int
    total_fen: int
    account_fen: int
    months: int
    state: str
    declared: bool
    provisional: tuple[str, ...]


@dataclass(frozen=True)
class DeclaredAmounts:
    """Amounts that the tax office declared (税务征收数), in fen, instead of those the policy would compute."""

    base_fen: int = 0
    employer_fen: int = 0
    individual_fen: int = 0
    subsidy_fen: int = 0
    assistance_fen: int = 0
    account_fen: int = 0


@dataclass(frozen=True)
class TransferSlip:
    """A relation moved (转移接续凭证): what it carries, in months paid and fen of the account."""

    id: int
    person_no: str
    direction: str
    from_area: str
    to_area: str
    scheme: str
    months: int
    balance_fen: int
    covered_until: date
    day: date


@dataclass(frozen=True)
class Merged:
    """The answer to a merge (合并结果): the number kept, coverage voided, periods paid twice, balance moved."""

    kept_no: str
    voided_spells: tuple[int, ...]
    paid_twice: tuple[str, ...]
    moved_fen: int


@dataclass(frozen=True)
class Death:
    """The answer to a death recorded (死亡登记结果): fen that went to the heir's account, and fen owed in cash."""

    person_no: str
    died_on: date
    to_account_fen: int
    to_cash_fen: int


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
