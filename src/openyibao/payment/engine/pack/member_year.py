"""A year paid by members (按人头、医共体总额), through the pipeline of every method and to the same identity.

unit: a member-month; coefficient: age, sex, disease; price: fen a month (or a head a year, times the consortium's
share); outlier: what one dear person costs beyond a limit; period: within the budget; clearing: sharing in bands.

Who holds the money (an institution, a consortium) answers for its people wherever they are treated. The fund pays who
treats them elsewhere by item and takes that from the holder, so that

    budget + borne beyond it = paid in the year + clearing + retained
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import share
from openyibao.payment.engine.pack.clearing import Clearing, Due, Line, released, sharing_due
from openyibao.payment.engine.pack.errors import PackMissing, PriceMissing
from openyibao.payment.engine.pack.exact import TEN_THOUSAND, apportion, half_up
from openyibao.payment.engine.pack.members import Member, factor_of
from openyibao.payment.engine.pack.pack import Capitation, Consortium, Pack, Version
from openyibao.payment.engine.pack.period import Pool

MONTHS = 12
Spent = Mapping[tuple[str, str, str], int]
"""(holder, institution that treated, scheme) -> fen the pool paid there by item for the holder's people."""
Places = Mapping[tuple[str, str], Sequence[tuple[str, int]]]
"""The same by holder and scheme."""
Weights = Mapping[str, Mapping[str, int]]
"""Holder -> its institutions, with the weight each has when the holder's money is split (考核权重)."""


@dataclass(frozen=True)
class Held:
    """What one holder is given for its people in one scheme, and what they cost, fen."""

    holder: str
    scheme: str
    heads: int
    months: int
    weighted: int
    """Member-months with coefficient, in 1/10,000."""
    stated_fen: int
    """By the pack's figures, before the budget."""
    granted_fen: int
    """Within the budget, reserve of a consortium taken off."""
    inside_fen: int
    """Paid by item for its people at its own institutions."""
    outside_fen: int
    """Paid by item for its people elsewhere."""
    dear_fen: int
    """Borne by the fund for dear members (大额人员分担)."""
    due: Due

    @property
    def spent_fen(self) -> int:
        return self.inside_fen + self.outside_fen


@dataclass(frozen=True)
class MemberYear:
    """A year paid by members: who held what, each scheme's clearing, and what every institution gets in the end."""

    method: str
    held: tuple[Held, ...]
    clearing: Mapping[str, Clearing]
    finals: Mapping[str, int]
    """Institution -> fen: its part of the holder's money, and what it is paid by item for others' people."""


@dataclass
class _Count:
    """Running sums of one holder and scheme."""

    heads: int = 0
    months: int = 0
    weighted: int = 0
    dear_fen: int = 0


def member_version(pack: Pack, year: int = 0) -> Version:
    """The version of a year, the latest without one. Raises: PackMissing; Malformed where versions change within it."""
    if not year:
        return pack.versions[-1]
    found = {
        version.index: version for day in (date(year, 1, 1), date(year, 12, 31)) if (version := pack.version_on(day))
    }
    if not found:
        raise PackMissing(
            f"{pack.title} 没有 {year} 年的版本", hint="；".join(str(one.period) for one in pack.versions)
        )
    if len(found) > 1:
        raise Malformed([Fault(pack.file, 0, "versions", f"{year} 年内换了版本", "按人头以年度付费，版本自一月一日起")])
    return next(iter(found.values()))


def member_method(pack: Pack, version: Version, wanted: str = "") -> str:
    """Which way to pay by members: the one asked for, or the only one. Raises: PackMissing, Malformed."""
    have = version.member_methods
    if not have:
        raise PackMissing(f"{pack.title} 没有按人头或医共体的规则", hint="在包中写明 capitation 或 consortium")
    if wanted and wanted not in have:
        raise Malformed([Fault(pack.file, 0, "--by", f"包里没有 {wanted!r}", "、".join(have))])
    if not wanted and len(have) > 1:
        raise Malformed([Fault(pack.file, 0, "--by", "包里有两种", "、".join(have))])
    return wanted or have[0]


def split_by_standard(version: Version, method: str, members: Iterable[Member], budget_fen: int) -> dict[str, int]:
    """One budget over the schemes, in proportion to what the pack's figures give their members."""
    rules = rules_of(version, method)
    weighted: dict[str, int] = defaultdict(int)
    for member in members:
        weighted[member.scheme] += member.months * coefficient_for(rules, member)
    names = sorted(weighted)
    shares = [stated_fen(rules, name, weighted[name]) for name in names]
    if not any(shares):
        return dict.fromkeys(names, budget_fen // max(len(names), 1))
    return dict(zip(names, apportion(budget_fen, shares, names), strict=True))


def unknown_diseases(version: Version, members: Iterable[Member]) -> dict[str, int]:
    """Diseases of members for which the pack has no factor, with how many persons have them."""
    known = version.capitation.diseases if version.capitation else {}
    return dict(sorted(Counter(name for one in members for name in one.diseases if name not in known).items()))


def rules_of(version: Version, method: str) -> Capitation | Consortium:
    """The rules of a way to pay by members. Raises: PackMissing."""
    rules = version.capitation if method == "capitation" else version.consortium
    if rules is None:
        raise PackMissing(f"本版本没有 {method}", hint=f"有：{'、'.join(version.member_methods) or '无'}")
    return rules


def unit_price(rules: Capitation | Consortium, scheme: str) -> int:
    """Fen per member-month, or per head and year. Raises: PriceMissing."""
    by = rules.per_month if isinstance(rules, Capitation) else rules.per_head
    found = by.get(scheme, by.get("", 0))
    if not found:
        what = "按人头付费" if isinstance(rules, Capitation) else "医共体总额"
        raise PriceMissing(f"{what}没有 {scheme} 的标准", hint="在支付方式包中写明")
    return found


def stated_fen(rules: Capitation | Consortium, scheme: str, weighted: int) -> int:
    """What so many weighted member-months (1/10,000) are worth before the budget, half up once."""
    price = unit_price(rules, scheme)
    if isinstance(rules, Capitation):
        return half_up(weighted * price, TEN_THOUSAND)
    return half_up(weighted * price * rules.share, MONTHS * TEN_THOUSAND**2)


def coefficient_for(rules: Capitation | Consortium, member: Member) -> int:
    """A member's coefficient in 1/10,000; a consortium counts heads alike."""
    return factor_of(member, rules) if isinstance(rules, Capitation) else TEN_THOUSAND


def dear_share(rules: Capitation | Consortium, member: Member) -> int:
    """What the fund bears of a dear member's cost, fen."""
    over = rules.dear.over_fen
    if not over or member.spent_fen is None or member.spent_fen <= over:
        return 0
    return int(share(member.spent_fen - over, rules.dear.borne))


def member_year(
    version: Version,
    method: str,
    members: Iterable[Member],
    spent: Spent,
    budgets: Mapping[str, int] | None = None,
    weights: Weights | None = None,
    scores: Mapping[str, int] | None = None,
) -> MemberYear:
    """Pay a year by capitation or as consortium budgets.

    Args: spent says what the pool paid by item for the holders' people and where; a holder's own institutions are
    itself and those in `weights`. budgets in fen by scheme; without them just what the standards need. scores: quality
    score (of 100) by holder.
    Raises: PackMissing, PriceMissing; PriceMissing as well for a budget that a scheme with members does not have.
    """
    rules = rules_of(version, method)
    counts: dict[str, dict[str, _Count]] = defaultdict(lambda: defaultdict(_Count))
    for member in members:
        row = counts[member.scheme][member.institution]
        row.heads += 1
        row.months += member.months
        row.weighted += member.months * coefficient_for(rules, member)
        row.dear_fen += dear_share(rules, member)
    weights = weights or {}
    places: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for (holder, at, scheme), fen in sorted(spent.items()):
        places[holder, scheme].append((at, fen))
    held: list[Held] = []
    cleared: dict[str, Clearing] = {}
    for scheme in sorted({*counts, *(budgets or {})}):
        stated = {name: stated_fen(rules, scheme, row.weighted) for name, row in counts[scheme].items()}
        budget = _needed(version, sum(stated.values())) if budgets is None else budgets.get(scheme, 0)
        if stated and budget <= 0:
            raise PriceMissing(f"险种 {scheme} 没有预算", hint="写明该险种的预算")
        mine, pool = _period(version, rules, scheme, budget, stated, counts[scheme], places, weights)
        held += mine
        cleared[scheme] = _cleared(version, rules, pool, mine, places, weights, scores or {})
    return MemberYear(method, tuple(held), cleared, _finals(cleared, weights))


def _needed(version: Version, stated: int) -> int:
    """The least budget whose part after the reserve covers the standards."""
    left = TEN_THOUSAND - version.year.reserve
    return -(-stated * TEN_THOUSAND // left) if left else stated


def _period(
    version: Version,
    rules: Capitation | Consortium,
    scheme: str,
    budget: int,
    stated: Mapping[str, int],
    counts: Mapping[str, _Count],
    places: Places,
    weights: Weights,
) -> tuple[list[Held], Pool]:
    """Grants within the budget: cut down in proportion when they exceed it, unless the fund bears the rest."""
    reserve = int(share(budget, version.year.reserve))
    money, names = budget - reserve, sorted(stated)
    whole = sum(stated.values())
    grants, times, beyond = [stated[name] for name in names], None, 0
    if whole > money and version.year.over_budget == "scale":
        grants, times = apportion(money, grants, names), Fraction(money, whole)
    elif whole > money:
        beyond = whole - money
    kept_back = rules.reserve if isinstance(rules, Consortium) else 0
    held = []
    for name, grant in zip(names, grants, strict=True):
        own = {name, *weights.get(name, {})}
        mine = places.get((name, scheme), [])
        inside = sum(fen for at, fen in mine if at in own)
        outside = sum(fen for at, fen in mine if at not in own)
        held_back = int(share(grant, kept_back))
        row = counts[name]
        granted = grant - held_back
        due = _due(rules, granted, inside, outside, row.dear_fen, held_back)
        reserve += held_back
        held.append(
            Held(
                name,
                scheme,
                row.heads,
                row.months,
                row.weighted,
                stated[name],
                granted,
                inside,
                outside,
                row.dear_fen,
                due,
            )
        )
    paid = sum(one.granted_fen for one in held)
    left = budget + beyond - reserve - paid
    return held, Pool(scheme, budget, reserve, paid, left, beyond, sum(one.weighted for one in held), None, times)


def _due(rules: Capitation | Consortium, granted: int, inside: int, outside: int, dear: int, reserve: int) -> Due:
    """Sharing: a capitated holder's whole cost against its grant; a consortium's own cost against what is left of the
    grant once its people's care elsewhere is paid, and help only out of its own reserve.
    """
    if isinstance(rules, Capitation):
        return sharing_due(granted, max(inside + outside - dear, 0), rules.sharing)
    found = sharing_due(max(granted - outside, 0), max(inside - dear, 0), rules.sharing)
    return Due(min(found.extra_fen, reserve), found.returned_fen)


def _cleared(
    version: Version,
    rules: Capitation | Consortium,
    pool: Pool,
    held: list[Held],
    places: Places,
    weights: Weights,
    scores: Mapping[str, int],
) -> Clearing:
    """Holders' lines, then a line for every institution that treated somebody else's people, paid by item.

    Where care elsewhere costs more than the grant, a capitated holder owes the rest under `negative: offset`; else, and
    for a consortium always, it owes nothing and the fund bears it: out of what it retains, then beyond the budget.
    """
    year = version.year
    returned = sum(one.due.returned_fen for one in held)
    owed = version.negative == "offset" and isinstance(rules, Capitation)
    short = [0 if owed else max(one.outside_fen - one.granted_fen, 0) for one in held]
    beyond = max(sum(short) - pool.reserve_fen - pool.undistributed_fen - returned, 0)
    purse = pool.reserve_fen + pool.undistributed_fen + returned + beyond - sum(short)
    helps = [one.due.extra_fen + one.dear_fen for one in held]
    if sum(helps) > purse:
        helps = apportion(purse, helps, [one.holder for one in held])
    lines = []
    for one, help_fen, missing in zip(held, helps, short, strict=True):
        standard = one.granted_fen - one.outside_fen + missing
        before = max(standard + help_fen - one.due.returned_fen, 0)
        part = int(share(before, year.quality_part))
        forfeited = part - released(part, scores.get(one.holder, 100), year.quality_bands)
        paid = int(share(max(standard, 0), year.monthly_share))
        returned_fen = one.due.returned_fen
        amounts = (one.inside_fen, standard, help_fen, returned_fen, forfeited, paid)
        lines.append(Line(one.holder, pool.scheme, one.heads, one.spent_fen, 0, 0, *amounts))
    elsewhere: dict[str, int] = defaultdict(int)
    for one in held:
        for at, fen in places.get((one.holder, pool.scheme), []):
            if at not in {one.holder, *weights.get(one.holder, {})}:
                elsewhere[at] += fen
    lines += [
        Line(at, pool.scheme, 0, fen, 0, 0, fen, fen, 0, 0, 0, fen) for at, fen in sorted(elsewhere.items()) if fen
    ]
    retained = {
        "reserve": pool.reserve_fen,
        "undistributed": pool.undistributed_fen,
        "returned": returned,
        "forfeited": sum(line.forfeited_fen for line in lines),
    }
    drawn = sum(helps) + sum(short) - beyond
    for name in ("returned", "undistributed", "reserve"):
        taken = min(drawn, retained[name])
        retained[name] -= taken
        drawn -= taken
    whole = Pool(
        pool.scheme,
        pool.budget_fen,
        pool.reserve_fen,
        sum(line.standard_fen for line in lines),
        pool.undistributed_fen,
        pool.beyond_fen + beyond,
        pool.points,
        None,
        pool.scaled,
    )
    cleared = Clearing(whole, tuple(lines), retained)
    assert cleared.holds, "a year by members does not add up"
    return cleared


def _finals(cleared: Mapping[str, Clearing], weights: Weights) -> dict[str, int]:
    """What every institution gets in the end; a holder's money is split among its institutions by their weights."""
    found: dict[str, int] = defaultdict(int)
    for one in cleared.values():
        for line in one.lines:
            own = weights.get(line.institution, {})
            names = sorted(own)
            if line.cases and any(own.values()):
                parts = apportion(line.final_fen, [own[name] for name in names], names)
                for name, part in zip(names, parts, strict=True):
                    found[name] += part
            else:
                found[line.institution] += line.final_fen
    return dict(found)
