"""Plain values the people room hands out and takes in. Half-open periods `[since, until)`; `until` None while open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from openyibao.foundation import crypto
from openyibao.kernel import areas


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
