"""A payment pack (支付方式包) in memory: versions by discharge date, each with its methods and its rules of the year.

All figures are integers: fen, ten-thousandths (weights, coefficients, ratios), points. Where a figure depends on the
scheme or the level, a mapping by word is held, with the key "" for "whatever it is".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from openyibao.kernel.periods import Period
from openyibao.payment.engine.pack.stays import Stay

By = Mapping[str, int]
"""Figures by scheme or level; the key "" holds for every word."""


@dataclass(frozen=True)
class Unit:
    """One group's figures (病组): units in 1/10,000 (a DRG's weight, a DIP group's score), mean cost in fen."""

    group: str
    title: str = ""
    units: int = 0
    mean_fen: int = 0
    mean_by_level: Mapping[str, int] = field(default_factory=dict)
    mean_days: int = 0
    """Mean stay in 1/100 day; 0 when not known."""
    cases: int = 0
    basic: bool = False
    """A basic-level group (基层病组): the same standard at every hospital, coefficient 1."""
    unstable: bool = False
    risk: str = ""


@dataclass(frozen=True)
class Takes:
    """Which stays a method takes (适用范围); an empty condition is no condition. Codes are prefixes."""

    departments: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    institutions: tuple[str, ...] = ()
    min_days: int = 0
    max_days: int = 0

    def takes(self, stay: Stay) -> bool:
        return self.why_not(stay) == ""

    def why_not(self, stay: Stay) -> str:
        """What keeps a stay out, in Chinese; "" when nothing does."""
        if self.schemes and stay.scheme not in self.schemes:
            return "险种不在范围"
        if self.levels and stay.level not in self.levels:
            return "机构级别不在范围"
        if self.institutions and stay.institution not in self.institutions:
            return "医疗机构不在范围"
        if self.departments and stay.dept not in self.departments:
            return "科室不在范围"
        if self.marks and not stay.marks.intersection(self.marks):
            return "没有相应的病案标识"
        if self.diagnoses and not stay.dx[0].startswith(self.diagnoses):
            return "主要诊断不在范围"
        if self.procedures and not any(code.startswith(self.procedures) for code in stay.px):
            return "没有相应的手术操作"
        if stay.los < self.min_days or (self.max_days and stay.los > self.max_days):
            return "住院天数不在范围"
        return ""


@dataclass(frozen=True)
class Coefficient:
    """Coefficients (调整系数) in 1/10,000: by group and level, by hospital, by level. `stated` False: none is used."""

    stated: bool = False
    level: By = field(default_factory=dict)
    hospital: By = field(default_factory=dict)
    basic: int = 10_000
    """Coefficient of basic-level groups (基层病组), the same at every hospital."""
    group_level: Mapping[str, By] = field(default_factory=dict)


@dataclass(frozen=True)
class Price:
    """What a unit is worth (价格): `rate` fen per unit by scheme; `points` a floating value, units x scale points;
    `amount` when the unit is money already.
    """

    kind: str
    rate: By = field(default_factory=dict)
    scale: int = 1
    region_mean: By = field(default_factory=dict)
    """Mean cost of all stays of the region, fen: turns a bill into points where a rule pays "as billed"."""
    mean_units: int = 1
    """Units of a stay that costs the region's mean (次均费用对应的单位): a weight of 1; a DIP score of 1,000."""
    most: By = field(default_factory=dict)
    """Highest value of a point, in 1/100 fen; what it leaves is retained."""


@dataclass(frozen=True)
class Band:
    """One deviation band (偏差区间): up to this ratio (1/10,000, included; 0 = no limit), how it pays."""

    upto: int
    pays: str
    coefficient: str = "multiply"


@dataclass(frozen=True)
class Outliers:
    """Rules for stays that cost unlike their group (异常病例). Ratios in 1/10,000; `pays` words are in `terms`."""

    benchmark: str = "mean"
    high_limits: tuple[tuple[int, int], ...] = ()
    """(weight below this, 0 = any; limit), with the weight in 1/10,000."""
    high_pays: str = "normal"
    high_quota: int = 0
    """At most this share of an institution's discharges (1/10,000) counts as high, the dearest first; 0 = no limit."""
    low_limit: int = 0
    low_limit_below_one: int = 0
    """Lower limit for institutions whose coefficient is under 1; 0 = the same."""
    low_pays: str = "as_billed"
    long_days: int = 0
    long_pays: str = "as_billed"
    ungrouped_share: int | None = None
    """Share of the bill paid for a stay without group; None = not paid, the stay is refused."""
    unstable_pays: str = "normal"
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True)
class Stage:
    """Days up to and including `through` (0 = all further) at a rate in fen per day by level."""

    through: int
    rate: By


@dataclass(frozen=True)
class DayLimit:
    """Most days paid for main diagnoses with these prefixes (床日上限)."""

    diagnoses: tuple[str, ...]
    days: int


@dataclass(frozen=True)
class Disease:
    """One all-in price (病种包干): diagnoses and procedures as prefixes, price in fen by level or units in 1/10,000."""

    name: str
    diagnoses: tuple[str, ...]
    procedures: tuple[str, ...]
    price: By
    units: int = 0
    exit_above: int = 0
    """Cost above this ratio of the price leaves the package (1/10,000; 0 = never)."""
    least_tcm: int = 0
    """Least share of TCM services in the cost (1/10,000)."""


@dataclass(frozen=True)
class Method:
    """One way to pay, in the order of the file: the first that takes a stay pays it."""

    name: str
    kind: str
    title: str
    index: int
    takes: Takes
    basis: str = "items"
    patient_share: int = 0
    coefficient: Coefficient = field(default_factory=Coefficient)
    price: Price = field(default_factory=lambda: Price("amount"))
    outliers: Outliers = field(default_factory=Outliers)
    units: Mapping[str, Unit] = field(default_factory=dict)
    table: str = ""
    stages: tuple[Stage, ...] = ()
    day_limits: tuple[DayLimit, ...] = ()
    at_most_billed: bool = False
    diseases: tuple[Disease, ...] = ()
    share: int = 10_000
    """Day surgery: this share of the group's units."""

    @property
    def floating(self) -> bool:
        return self.price.kind == "points"


@dataclass(frozen=True)
class Sharing:
    """Bands of the clearing (清算分担): shares of a gap between billed and standard, by ratio to the standard.

    under: (from ratio, share kept), from high to low, the first begins below 100 %; what is not kept goes back.
    over: (upto ratio, share borne by the fund), from low to high; beyond the last the institution bears all.
    """

    under: tuple[tuple[int, int], ...] = ()
    over: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class YearRules:
    """Rules of the year (年度规则): reserve, sharing, quality, what happens above the budget."""

    reserve: int = 0
    point_basis: str = "fund"
    over_budget: str = "scale"
    sharing: Sharing = field(default_factory=Sharing)
    monthly_share: int = 10_000
    """Share of a month's standard paid in the month; the rest waits for the clearing."""
    quality_part: int = 0
    """Share of what is due that depends on the score."""
    quality_bands: tuple[tuple[int, int], ...] = ((0, 10_000),)
    """(from score, share of that part released), from high to low."""


@dataclass(frozen=True)
class SpecialRules:
    """Special-case review (特例单议): quota, term, experts, reasons and kinds of decision that are open."""

    quota: int = 0
    reasons: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    experts: int = 2
    most_units: int = 30_000
    """Most that a decision may raise the standard to, in 1/10,000 of it."""


@dataclass(frozen=True)
class BudgetRules:
    """How the yearly index of an institution is set (机构预算), all in 1/10,000: see `budget`."""

    year_weights: tuple[int, ...] = (1, 1, 1)
    growth: By = field(default_factory=dict)
    signals: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Signal (admissions, cost_per_case, bed_days) -> (weight, limit) of its growth."""
    tcm_points: int = 0
    reserve: int = 0


@dataclass(frozen=True)
class DearMember:
    """Outlier rule of packs that count members (大额人员分担): of what one person costs the pool in a year beyond
    `over_fen`, the fund bears `borne` (1/10,000) apart from the standard. 0: no such rule.
    """

    over_fen: int = 0
    borne: int = 0


@dataclass(frozen=True)
class Capitation:
    """Capitation (按人头): fen per member-month by scheme; factors by age and sex, and by disease, in 1/10,000."""

    per_month: By
    bands: tuple[tuple[int, int, int, int], ...] = ()
    """(sex or 0, from age, until age included, factor)."""
    diseases: By = field(default_factory=dict)
    sharing: Sharing = field(default_factory=Sharing)
    dear: DearMember = field(default_factory=DearMember)


@dataclass(frozen=True)
class Consortium:
    """Consortium budget (医共体总额): share of the per-head fund, reserve, sharing of what is over or under."""

    per_head: By
    share: int
    reserve: int
    sharing: Sharing = field(default_factory=Sharing)
    dear: DearMember = field(default_factory=DearMember)


@dataclass(frozen=True)
class Version:
    """A pack's figures for discharges within a period (版本)."""

    index: int
    period: Period
    methods: tuple[Method, ...]
    remote: str = "outside"
    negative: str = "zero"
    year: YearRules = field(default_factory=YearRules)
    special: SpecialRules | None = None
    budget: BudgetRules | None = None
    capitation: Capitation | None = None
    consortium: Consortium | None = None
    certainty: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Section or method name -> (source id, certainty); "*" for the others."""

    @property
    def member_methods(self) -> tuple[str, ...]:
        """Which ways to pay by members the version states: capitation, consortium."""
        stated = (("capitation", self.capitation), ("consortium", self.consortium))
        return tuple(name for name, rules in stated if rules is not None)

    def certainty_of(self, section: str) -> str:
        return self.certainty.get(section, self.certainty.get("*", ("", "assumed")))[1]


@dataclass(frozen=True)
class Pack:
    """A file of payment rules (支付方式包) with everything it refers to; `sha256` covers the tables as well."""

    name: str
    title: str
    area: str
    file: str
    versions: tuple[Version, ...]
    sources: Mapping[str, str]
    grouping: Mapping[str, str]
    sha256: str
    folder: Path

    def version_on(self, day: date) -> Version | None:
        return next((version for version in self.versions if version.period.covers(day)), None)
