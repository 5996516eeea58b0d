"""Payment by members instead of stays: capitation (按人头) and the budget of a county consortium (医共体总额).

unit: a member-month; coefficient: age, sex, disease; price: fen per month; clearing: surplus and overspend by band.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from openyibao.kernel.money import share
from openyibao.payment.engine.pack.clearing import sharing_due
from openyibao.payment.engine.pack.errors import NothingToShareBy, PriceMissing
from openyibao.payment.engine.pack.exact import TEN_THOUSAND, apportion, half_up
from openyibao.payment.engine.pack.pack import Capitation, Consortium


@dataclass(frozen=True, slots=True)
class Member:
    """An enrolled person (签约参保人) of an institution or consortium: months of the year, age, sex (1 male, 2 female),
    diseases; what the pool paid by item for the person in the year, fen, None where it is not known.
    """

    institution: str
    scheme: str
    months: int
    age: int
    sex: int
    diseases: tuple[str, ...] = ()
    member_id: str = ""
    spent_fen: int | None = None


@dataclass(frozen=True)
class Heads:
    """What an institution gets for its members (按人头标准): member-months, weighted ones in 1/10,000, fen."""

    institution: str
    months: int
    weighted: int
    standard_fen: int
    due_fen: int


def factor_of(member: Member, rules: Capitation) -> int:
    """A member's factor in 1/10,000: of age and sex, times that of the dearest disease; 1 where nothing is stated."""
    factor = TEN_THOUSAND
    for sex, start, end, stated in rules.bands:
        if start <= member.age <= end and sex in (0, member.sex):
            factor = stated
            break
    diseases = [rules.diseases[name] for name in member.diseases if name in rules.diseases]
    return half_up(factor * max(diseases), TEN_THOUSAND) if diseases else factor


def capitation(members: Iterable[Member], rules: Capitation, spent: Mapping[str, int]) -> list[Heads]:
    """Standards by institution and what it is due after sharing; `spent` is what its members cost the fund, fen."""
    months: dict[str, int] = {}
    weighted: dict[str, int] = {}
    amounts: dict[str, int] = {}
    for member in members:
        rate = rules.per_month.get(member.scheme, rules.per_month.get("", 0))
        if not rate:
            raise PriceMissing(f"按人头付费没有 {member.scheme} 的标准", hint="capitation.per_month")
        factor = factor_of(member, rules)
        key = member.institution
        months[key] = months.get(key, 0) + member.months
        weighted[key] = weighted.get(key, 0) + member.months * factor
        amounts[key] = amounts.get(key, 0) + member.months * factor * rate
    made = []
    for key in sorted(months):
        standard = half_up(amounts[key], TEN_THOUSAND)
        due = sharing_due(standard, spent.get(key, standard), rules.sharing)
        made.append(Heads(key, months[key], weighted[key], standard, standard + due.extra_fen - due.returned_fen))
    return made


@dataclass(frozen=True)
class ConsortiumYear:
    """A consortium's year (医共体清算), fen: budget = reserve + outside + inside standard; parts of the members."""

    budget_fen: int
    reserve_fen: int
    outside_fen: int
    """Paid for its people elsewhere (县域外支出)."""
    standard_fen: int
    """Left for its own institutions; never below zero."""
    spent_fen: int
    extra_fen: int
    returned_fen: int
    parts: Mapping[str, int] = field(default_factory=dict)
    """Institution -> its part of what is due, split by assessment weights."""

    @property
    def due_fen(self) -> int:
        return self.standard_fen + self.extra_fen - self.returned_fen


def consortium_year(
    heads: Mapping[str, int],
    rules: Consortium,
    outside_fen: int,
    spent_fen: int,
    weights: Mapping[str, int],
) -> ConsortiumYear:
    """Budget of a consortium: heads x per-head fund x share - reserve - what was paid outside; then split by weights.

    Args: heads by scheme; weights by institution (assessment results, any scale). Overspend is shared at most up to
    the reserve.
    """
    gross = 0
    for scheme, count in heads.items():
        rate = rules.per_head.get(scheme, rules.per_head.get("", 0))
        if not rate:
            raise PriceMissing(f"医共体总额没有 {scheme} 的人均标准", hint="consortium.per_head")
        gross += count * rate
    budget = int(share(gross, rules.share))
    reserve = int(share(budget, rules.reserve))
    standard = max(budget - reserve - outside_fen, 0)
    due = sharing_due(standard, spent_fen, rules.sharing)
    extra = min(due.extra_fen, reserve)
    names: Sequence[str] = sorted(weights)
    if not any(weights.values()):
        raise NothingToShareBy("没有一家成员单位有考核权重，无从分配", hint="写明各单位的权重")
    parts = apportion(standard + extra - due.returned_fen, [weights[name] for name in names], names)
    return ConsortiumYear(
        budget,
        reserve,
        outside_fen,
        standard,
        spent_fen,
        extra,
        due.returned_fen,
        dict(zip(names, parts, strict=True)),
    )
