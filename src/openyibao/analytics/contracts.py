"""What the analytics room answers: a bill as imported, an import, a back-test, and what the bills imply for figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from openyibao.kernel.money import yuan_text


@dataclass(slots=True)
class Bill:
    """One recorded settlement (结算记录) in the words of the policy room. Amounts in fen; `recorded` by national field.

    `recorded` holds only the fields whose columns the files have. `problem` says why the bill cannot be settled again.
    """

    bill: str
    visit: str
    settled_at: str
    day: date
    reverses: str = ""
    area: str = ""
    scheme: str = ""
    status: str = ""
    groups: tuple[str, ...] = ()
    contribution_class: str = "standard"
    supplements: tuple[str, ...] = ()
    benefit: str = ""
    level: str = ""
    care_area: str = ""
    institution: str = ""
    stay: str = ""
    origin: str = ""
    filing: str = ""
    disease: str = ""
    days: int = 1
    care_kind: str = ""
    child_order: int = 0
    exclusion: str = ""
    third_bp: int = 0
    in_scope: int = 0
    non_covered: int = 0
    over_limit: int = 0
    prior_self_pay: int = 0
    special_drug: int = 0
    herb: int = 0
    account_used: bool = True
    balance_before: int | None = None
    lines: tuple[int, int, int, int] | None = None
    """The four sums of the fee lines, where they differ from the bill's: non-covered, over, prior, in scope."""
    problem: str = ""
    recorded: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FilingSpell:
    """A filing (备案) as imported; `until` is the last day included, None without end."""

    kind: str
    disease: str
    type: str
    area: str
    start: date | None
    until: date | None


@dataclass
class BillYear:
    """The bills of one pseudonymous person in one benefit year (人年), in the order settled."""

    person: int
    year: int
    bills: list[Bill]
    filings: tuple[FilingSpell, ...] = ()
    opening_known: bool = True
    """False where the files begin after the year does, so that earlier visits may be missing."""


@dataclass
class Imported:
    """What an import read: person-years sorted by person and year, counts by table, notices by text."""

    years: list[BillYear]
    counts: dict[str, int]
    notices: dict[str, int]
    hashes: dict[str, str]
    spells: list[tuple[int, str, str, str, str, date | None, date | None]] = field(default_factory=list)
    births: dict[int, int] = field(default_factory=dict)

    @property
    def bills(self) -> int:
        return sum(len(year.bills) for year in self.years)


@dataclass(frozen=True)
class FigureFinding:
    """A figure the bills contradict (参数差异): our value, the value they imply, and how surely.

    support: bills that agree with it and did not with ours, persons among them; counter: bills it would break.
    effect_fen: what the funds pay more under the implied value, over the recorded bills.
    """

    path: str
    ours: str
    implied: str
    start: str
    """First day it holds for; empty: as long as the figure's version."""
    support: int
    persons: int
    counter: int
    effect_fen: int
    certainty: str
    standing: str
    cause: str
    alternatives: tuple[str, ...] = ()
    """Other figures that would explain the same bills as well."""
    sure: bool = True
    """False: too few persons to be called found; a hint, not applied."""

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "ours": self.ours,
            "implied": self.implied,
            "from": self.start or None,
            "support": self.support,
            "persons": self.persons,
            "counter_examples": self.counter,
            "fund_effect_fen": self.effect_fen,
            "certainty": self.certainty,
            "standing": self.standing,
            "cause": self.cause,
            "alternatives": list(self.alternatives),
        }


@dataclass(frozen=True)
class Confirmation:
    """What the bills say about a figure that is only assumed or extended (假定参数的印证)."""

    path: str
    value: str
    standing: str
    verdict: str
    """confirmed (only this value fits), compatible (it fits, others would too), contradicted (see figures)."""
    bills: int
    implied: str = ""

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass
class Cause:
    """A cause of differing bills (差异原因): its kind, what exactly, how many bills, and a few of them."""

    kind: str
    detail: str
    bills: int = 0
    fen: int = 0
    """Sum of the absolute differences in what the funds pay."""
    examples: list[str] = field(default_factory=list)
    institutions: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        most = sorted(self.institutions.items(), key=lambda item: -item[1])[:5]
        return {
            "kind": self.kind,
            "detail": self.detail,
            "bills": self.bills,
            "difference_fen": self.fen,
            "examples": self.examples,
            "institutions": dict(most),
        }


@dataclass
class FieldDifference:
    """How one field differs over all compared bills. Fen; differences are ours minus recorded."""

    name: str
    compared: int = 0
    differing: int = 0
    ours_fen: int = 0
    recorded_fen: int = 0
    absolute_fen: int = 0

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass
class Worst:
    """One of the bills that differ most, with the reasoning of our settlement beside what is recorded."""

    bill: str
    day: str
    ours: dict[str, int]
    recorded: dict[str, int]
    cause: str
    explanation: str

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass
class Backtest:
    """The answer of a back-test (回测)."""

    policies: str
    bills: int
    persons: int
    person_years: int
    reversals: int
    compared: int
    matched: int
    matched_after: int
    """Bills that agree once the figures found are put in."""
    fund_fen: int
    fund_matched_fen: int
    unknown_opening: int
    fields: list[FieldDifference]
    histogram: dict[str, int]
    not_compared: dict[str, int]
    notices: dict[str, int]
    figures: list[FigureFinding]
    hints: list[FigureFinding]
    confirmations: list[Confirmation]
    causes: list[Cause]
    worst: list[Worst]
    seconds: float = 0.0
    sampled: int = 0
    """Person-years the causes were sought in, when not all."""

    @property
    def match_bp(self) -> int:
        return self.matched * 10_000 // self.compared if self.compared else 0

    def as_json(self) -> dict[str, Any]:
        return {
            "policies": self.policies,
            "bills": self.bills,
            "persons": self.persons,
            "person_years": self.person_years,
            "reversals": self.reversals,
            "compared": self.compared,
            "matched": self.matched,
            "match_rate": f"{self.match_bp // 100}.{self.match_bp % 100:02d}%",
            "matched_with_implied_figures": self.matched_after,
            "fund": {"recorded": yuan_text(self.fund_fen), "on_matching_bills": yuan_text(self.fund_matched_fen)},
            "unknown_opening": self.unknown_opening,
            "fields": [entry.as_json() for entry in self.fields],
            "histogram": self.histogram,
            "not_compared": self.not_compared,
            "notices": self.notices,
            "figures": [entry.as_json() for entry in self.figures],
            "hints": [entry.as_json() for entry in self.hints],
            "assumed_figures": [entry.as_json() for entry in self.confirmations],
            "causes": [entry.as_json() for entry in self.causes],
            "worst": [entry.as_json() for entry in self.worst],
            "searched_person_years": self.sampled,
            "seconds": round(self.seconds, 1),
        }
