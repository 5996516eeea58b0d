"""From points and standards to what the fund pays within a budget (分配): exact to the fen, whatever the order.

A floating value: money to distribute / points. A rate: standards as they are, and the pack's rule when their sum
exceeds what may be distributed. What is left over has a name: nothing disappears and nothing is paid twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from openyibao.kernel.money import share, yuan_text
from openyibao.payment.engine.pack.errors import BudgetTooSmall, NegativeShare
from openyibao.payment.engine.pack.exact import TEN_THOUSAND, apportion, fraction_text, half_up
from openyibao.payment.engine.pack.pack import Version
from openyibao.payment.engine.pack.pricing import Priced
from openyibao.payment.engine.pack.terms import NEGATIVE


@dataclass(frozen=True)
class Pool:
    """One scheme's distribution (分配结果). All fen: budget = reserve + paid + undistributed - beyond."""

    scheme: str
    budget_fen: int
    reserve_fen: int
    paid_fen: int
    undistributed_fen: int
    """Not needed: standards below the budget, or a ceiling of the value."""
    beyond_fen: int
    """Borne by the fund beyond the budget, where the pack says so."""
    points: int
    """Sum of points in 1/10,000."""
    value: Fraction | None
    """Value of a point in fen, exact; None where nothing floats."""
    scaled: Fraction | None = None
    """What standards were multiplied with to fit the budget; None when they fitted."""
    standard_value: Fraction | None = None
    """Value of a point, in fen, at which a stay of the region's mean cost is paid its mean (标准点值)."""

    @property
    def control_factor(self) -> Fraction | None:
        """Value / standard value (调节系数). With the coefficient it is the ratio to the mean that still breaks even
        (零点倍率): a stay that costs more loses."""
        return self.value / self.standard_value if self.value is not None and self.standard_value else None

    @property
    def value_text(self) -> str:
        """Value of a point in yuan, four decimals, for reading."""
        return "" if self.value is None else fraction_text(self.value / 100)


def distribute(
    version: Version, priced: Sequence[Priced], budgets: Mapping[str, int]
) -> tuple[list[Priced], dict[str, Pool]]:
    """Settle every stay that counts, scheme by scheme, within the budgets (fen by scheme).

    Returns: the stays in the given order with standard and fund share filled, and each scheme's pool. Stays outside
    the budget or refused come back as they are.
    Raises: BudgetTooSmall, when fixed standards alone exceed the money and the pack scales nothing.
    """
    settled = list(priced)
    pools = {}
    schemes = sorted({one.stay.scheme for one in priced if one.counts} | set(budgets))
    for scheme in schemes:
        places = [at for at, one in enumerate(priced) if one.counts and one.stay.scheme == scheme]
        places.sort(key=lambda at: priced[at].stay.case_id)
        budget = budgets.get(scheme, 0)
        if places and budget <= 0:
            raise BudgetTooSmall(f"险种 {scheme} 没有预算", hint="写明该险种的预算")
        pools[scheme] = _one_pool(version, scheme, settled, places, budget)
    return settled, pools


def _one_pool(version: Version, scheme: str, settled: list[Priced], places: Sequence[int], budget: int) -> Pool:
    reserve = int(share(budget, version.year.reserve))
    money = budget - reserve
    fixed = [at for at in places if not settled[at].floating]
    floating = [at for at in places if settled[at].floating]
    fixed_sum = sum(settled[at].fund_fen or 0 for at in fixed)
    beyond, times = 0, None
    if fixed_sum > money:
        if version.year.over_budget == "scale":
            times = _scale(settled, fixed, money)
            fixed_sum = money
        elif floating:
            raise BudgetTooSmall(
                f"固定标准合计 {yuan_text(fixed_sum)} 元，已超过可分配的 {yuan_text(money)} 元",
                hint="增加预算，或 over_budget: scale",
            )
        else:
            beyond = fixed_sum - money
    left = money + beyond - fixed_sum
    points = sum(settled[at].points for at in floating)
    value, paid = None, 0
    if floating:
        value, paid = _float(version, scheme, settled, floating, left)
    standard = standard_value(version, scheme) if floating else None
    return Pool(scheme, budget, reserve, fixed_sum + paid, left - paid, beyond, points, value, times, standard)


def standard_value(version: Version, scheme: str) -> Fraction | None:
    """Standard value of a point (标准点值) in fen: region's mean / (its units x scale).

    None where methods differ, and where points share the fund's money alone: a mean of whole costs is no measure of it.
    """
    if version.year.point_basis != "total":
        return None
    found = set()
    for method in version.methods:
        mean = method.price.region_mean.get(scheme, method.price.region_mean.get("", 0))
        if method.floating and mean:
            found.add(Fraction(mean, method.price.mean_units * method.price.scale))
    return found.pop() if len(found) == 1 else None


def _scale(settled: list[Priced], fixed: Sequence[int], money: int) -> Fraction:
    """Cut positive fund shares down to the money in proportion; negative ones stay and add to it."""
    positive = [at for at in fixed if (settled[at].fund_fen or 0) > 0]
    negative = sum(settled[at].fund_fen or 0 for at in fixed) - sum(settled[at].fund_fen or 0 for at in positive)
    shares = [settled[at].fund_fen or 0 for at in positive]
    available = money - negative
    parts = apportion(available, shares, [settled[at].stay.case_id for at in positive])
    for at, part in zip(positive, parts, strict=True):
        one = settled[at]
        standard = part + one.patient_fen + one.other_fen
        settled[at] = one.settled(standard, part, reason="超出预算，同比例压减")
    return Fraction(available, sum(shares))


def _float(
    version: Version, scheme: str, settled: list[Priced], places: Sequence[int], money: int
) -> tuple[Fraction, int]:
    """Give every stay its points' worth of the money. Returns the value of a point in fen and what was paid."""
    total_basis = version.year.point_basis == "total"
    most = _ceiling(version, scheme)
    included = [at for at in places if settled[at].points > 0]
    nothing = [at for at in places if settled[at].points == 0]
    value = Fraction(0)
    parts: list[int] = []
    while included:
        borne = [settled[at].patient_fen + settled[at].other_fen if total_basis else 0 for at in included]
        pot = max(money, 0) + sum(borne)
        shares = [settled[at].points for at in included]
        value = Fraction(pot * TEN_THOUSAND, sum(shares))
        if most is not None and value > most:
            value = most
            parts = [half_up(points * value.numerator, TEN_THOUSAND * value.denominator) for points in shares]
        else:
            parts = apportion(pot, shares, [settled[at].stay.case_id for at in included])
        if not total_basis or version.negative == "offset":
            break
        below = {at for at, part, bore in zip(included, parts, borne, strict=True) if part < bore}
        if not below:
            break
        nothing += [at for at in included if at in below]
        included = [at for at in included if at not in below]
        parts = []
    paid = 0
    for at, part in zip(included, parts, strict=True):
        one = settled[at]
        borne_fen = one.patient_fen + one.other_fen
        standard, fund = (part, part - borne_fen) if total_basis else (part + borne_fen, part)
        settled[at] = one.settled(standard, fund)
        paid += fund
    for at in nothing:
        one = settled[at]
        borne_fen = one.patient_fen + one.other_fen
        if one.points and version.negative == "refuse":
            settled[at] = replace(one, status="refused", reason=NEGATIVE["refuse"], code=NegativeShare.code)
        else:
            settled[at] = one.settled(borne_fen, 0, reason=NEGATIVE["zero"] if one.points else "点数为零")
    return value, paid


def _ceiling(version: Version, scheme: str) -> Fraction | None:
    """Highest value of a point in fen; None without one. The lowest of the methods' ceilings holds."""
    stated = [
        method.price.most.get(scheme, method.price.most.get("", 0)) for method in version.methods if method.floating
    ]
    found = [most for most in stated if most]
    return Fraction(min(found), 100) if found else None


def month_differences(priced: Iterable[Priced], monthly_share: int) -> dict[str, dict[str, int]]:
    """What the method adds to or takes from the month's declared bills: institution -> scheme -> fen.

    The month pays `monthly_share` (1/10,000) of the standards' fund part; the bills by item are declared already, so
    only the difference is posted. Each institution and scheme is rounded once.
    """
    sums: dict[str, dict[str, tuple[int, int]]] = {}
    for one in priced:
        if one.counts and one.fund_fen is not None:
            row = sums.setdefault(one.stay.institution, {})
            standard, billed = row.get(one.stay.scheme, (0, 0))
            row[one.stay.scheme] = (standard + one.fund_fen, billed + one.stay.pool_by_item_fen)
    return {
        institution: {
            scheme: int(share(standard, monthly_share)) - billed for scheme, (standard, billed) in row.items()
        }
        for institution, row in sums.items()
    }
