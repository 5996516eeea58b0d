"""What the settlement room takes and gives (就医结算): commands in, documents out. Amounts in fen.

One message of a hospital becomes one command; the codec of the interface knows the national field names, this room
knows what they mean. Instants are aware, days are Asia/Shanghai dates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from openyibao.foundation.actors import Actor

ALL_LINES = "0000"
"""In a withdrawal: every line that is not settled yet."""


@dataclass(frozen=True)
class Caller:
    """Who sends a command and when (发送方): institution, its message, the operator, the platform's instant."""

    actor: Actor
    institution_code: str
    msgid: str
    infno: str
    at: datetime
    operator: str = ""


@dataclass(frozen=True, repr=False)
class Claimed:
    """Identity a caller claims for the person; empty means not stated. Checked against the register, never stored."""

    cert_no: str = ""
    name: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """One diagnosis of a visit (诊断): kind (diag_type), order, code, name, whether it is the main one."""

    kind: str
    order: int
    code: str
    name: str
    main: bool
    doctor_code: str = ""
    doctor_name: str = ""
    dept: str = ""
    at: str = ""


@dataclass(frozen=True)
class Circumstances:
    """What decides a benefit beside the bill itself; from fields or extension content (exp_content) of a message.

    origin: emergency | transfer_up | transfer_down | "". follows: visit number the stay goes on from (转院、续住).
    exclusion: work_injury | third_party | public_health | abroad | "". third_party_bp: its share in 1/10,000.
    """

    origin: str = ""
    follows: str = ""
    exclusion: str = ""
    third_party_bp: int = 0
    third_party_advance: bool = False
    child_order: int = 0
    emergency: bool = False
    prescriber_code: str = ""
    """Institution whose prescription a pharmacy fills (rxfixmedinsCode)."""


@dataclass(frozen=True)
class RegisterVisit:
    """Outpatient registration (门诊挂号, 2201)."""

    person_no: str
    insutype: str
    begun_at: datetime
    case_no: str
    dept_code: str = ""
    dept_name: str = ""
    doctor_code: str = ""
    doctor_name: str = ""
    insured_area: str = ""
    """insuplc_admdvs as the caller states it; must fit the person's coverage when given."""
    claimed: Claimed = Claimed()


@dataclass(frozen=True)
class RecordVisit:
    """Visit and diagnoses of an outpatient (门诊就诊信息, 2203, 2203A)."""

    visit_no: str
    person_no: str
    med_type: str
    begun_at: datetime
    disease_code: str = ""
    disease_name: str = ""
    diagnoses: tuple[Diagnosis, ...] = ()
    circumstances: Circumstances = Circumstances()


@dataclass(frozen=True)
class Admit:
    """Admission (入院办理, 2401)."""

    person_no: str
    insutype: str
    begun_at: datetime
    med_type: str
    case_no: str
    disease_code: str = ""
    disease_name: str = ""
    diagnoses: tuple[Diagnosis, ...] = ()
    circumstances: Circumstances = Circumstances()
    details: Mapping[str, Any] = field(default_factory=dict)
    """Clinical and ward fields kept as sent (department, bed, physician, admission diagnosis)."""
    insured_area: str = ""
    claimed: Claimed = Claimed()


@dataclass(frozen=True)
class AmendAdmission:
    """Changes to an admission (住院信息变更, 2403); None leaves a member as it is."""

    visit_no: str
    person_no: str
    begun_at: datetime | None = None
    med_type: str | None = None
    case_no: str | None = None
    disease_code: str | None = None
    disease_name: str | None = None
    diagnoses: tuple[Diagnosis, ...] | None = None
    circumstances: Circumstances | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Discharge:
    """Discharge (出院办理, 2402)."""

    visit_no: str
    person_no: str
    insutype: str
    ended_at: datetime
    way: str = ""
    disease_code: str = ""
    disease_name: str = ""
    diagnoses: tuple[Diagnosis, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FeeLine:
    """One fee line as sent (费用明细). quantity in 1/10,000 (cnt 16,4), price in 1/1,000,000 yuan (pric 16,6)."""

    sn: str
    visit_no: str
    person_no: str
    item_code: str
    amount_fen: int
    quantity_e4: int
    price_e6: int
    fee_at: datetime
    batch_no: str = ""
    disease_code: str = ""
    local_code: str = ""
    approved: str = ""
    """hosp_appr_flag: "1" covered, "0" or "2" self-pay where the catalogue restricts; "2" self-pay anywhere."""
    refunds_sn: str = ""
    dept_code: str = ""
    doctor_code: str = ""
    med_type: str = ""


@dataclass(frozen=True)
class PricedLine:
    """One fee line as priced (明细分割): the four amounts add up to the amount."""

    sn: str
    item_code: str
    name: str
    amount_fen: int
    quantity_e4: int
    price_e6: int
    ceiling_e6: int
    """Price ceiling in 1/1,000,000 yuan; 0 without one."""
    own_ratio_bp: int
    non_covered_fen: int
    over_limit_fen: int
    prior_self_pay_fen: int
    in_scope_fen: int
    special_fen: int
    """Part of non_covered that special-drug cover (特药) measures."""
    herb: bool
    item_class: str
    charge_type: str
    restricted: bool
    negotiated: bool
    basic_medicine: bool
    child_medicine: bool
    special: bool
    version_id: int
    memo: str = ""


@dataclass(frozen=True)
class UploadLines:
    """Fee lines of one visit (费用明细上传, 2204, 2301); a batch comes whole or not at all."""

    lines: tuple[FeeLine, ...]
    inpatient: bool


@dataclass(frozen=True)
class WithdrawLines:
    """Withdrawal of lines that are not settled (明细撤销): a batch (2205), or line numbers (2302); "0000" means all."""

    visit_no: str
    person_no: str
    batch_no: str = ""
    line_nos: tuple[str, ...] = ()


@dataclass(frozen=True)
class Totals:
    """The four sums of a bill as the caller has them, for comparison."""

    non_covered_fen: int
    over_limit_fen: int
    prior_self_pay_fen: int
    in_scope_fen: int


@dataclass(frozen=True)
class Settle:
    """Trial or settlement (预结算 2206, 2303; 结算 2207, 2304) of a batch, or of all open lines of a stay."""

    visit_no: str
    person_no: str
    insutype: str
    total_fen: int
    inpatient: bool
    batch_no: str = ""
    med_type: str = ""
    totals: Totals | None = None
    account_used: bool = True
    mid_stay: bool = False
    ended_on: date | None = None
    invoice_no: str = ""
    claimed: Claimed = Claimed()


@dataclass(frozen=True)
class Cancel:
    """Cancellation of a settlement (结算撤销, 2208, 2305)."""

    settlement_no: str
    visit_no: str
    person_no: str
    inpatient: bool


@dataclass(frozen=True, repr=False)
class PersonShown:
    """The person as a reply shows them (结算信息中的人员): never logged."""

    person_no: str
    name: str
    cert_type: str
    cert_no: str
    gender: str
    born_on: date | None
    ethnicity: str
    psn_type: str
    civil_servant: bool
    employer_name: str = ""
    employer_no: str = ""


@dataclass(frozen=True)
class FundPart:
    """What one fund pays of a bill (setldetail): fund_pay_type, its in-scope base, what is left of its limit, steps."""

    fund_pay_type: str
    name: str
    base_fen: int
    limit_left_fen: int
    """-1 without a limit."""
    paid_fen: int
    steps: str


@dataclass(frozen=True)
class Settlement:
    """A settlement document (结算单), or a trial, which has no number. A cancellation has every amount negated.

    state: standing (有效), cancelled (已被冲销), negative (冲销单), trial (预结算).
    """

    settlement_no: str
    visit_no: str
    state: str
    institution_code: str
    institution_name: str
    insured_area: str
    care_area: str
    insutype: str
    med_type: str
    benefit: str
    level: str
    decided_on: date
    begun_on: date
    ended_on: date
    settled_at: datetime
    year: int
    seq: int
    amounts: Mapping[str, int]
    """Every money field of the contract's row in fen, by national name, with acct_mulaid_pay and balc."""
    payers: Mapping[str, int]
    funds: tuple[FundPart, ...]
    person: PersonShown
    msgid: str
    refers_to: str = ""
    cancelled_by: str = ""
    plan_hash: str = ""
    provisional: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    adjustments: tuple[Mapping[str, Any], ...] = ()
    invoice_no: str = ""
    disease_code: str = ""
    disease_name: str = ""
    operator: str = ""
    mid_stay: bool = False
    clearing_way: str = "1"
    """clr_way: 1 by item until the payment room says otherwise."""
    clearing_type: str = ""


@dataclass(frozen=True)
class Accumulated:
    """One accumulator of a person-year (累计信息, 5206)."""

    insutype: str
    year: int
    month: str
    kind: str
    """cum_type_code."""
    name: str
    value_fen: int
    """Fen; counts times 100, so that a count of 2 reads 2.00."""


@dataclass(frozen=True)
class SettlementList:
    """Settlement list of a discharge (医疗保障基金结算清单, 4101) as sent; shape: full (older) or short (newer)."""

    settlement_no: str
    visit_no: str
    person_no: str
    shape: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class ListedStay:
    """A stay settled for good, with its accepted list (已收清单的住院). Fen over all of its pieces that stand.

    pool is what the basic pool paid, patient the person's part; the rest of the total other payers bore.
    """

    settlement_no: str
    visit_no: str
    institution_code: str
    scheme: str
    care_area: str
    person_id: int
    discharged_on: date
    admitted_on: date
    list_no: str
    body: Mapping[str, Any] = field(repr=False)
    gender: str
    born_on: date
    total_fen: int
    pool_fen: int
    patient_fen: int
