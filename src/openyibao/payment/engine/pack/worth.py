"""What a stay is worth before its price (折算单位), and the look-ups that refuse instead of guessing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from openyibao.payment.engine.pack.errors import CoefficientMissing, PriceMissing
from openyibao.payment.engine.pack.exact import TEN_THOUSAND
from openyibao.payment.engine.pack.pack import By, Method, Unit
from openyibao.payment.engine.pack.stays import Stay


@dataclass(frozen=True, slots=True)
class Worth:
    """Units with coefficient and outlier rule applied (`effective`, in 1/10^8 unit), or money, or the bill itself.

    `billed_share` is the share of the bill that is paid (1/10,000), 0 when units or money hold. `raised_by` is what a
    special decision multiplies the outcome with.
    """

    status: str
    units: int = 0
    effective: Fraction = Fraction(0)
    money: Fraction | None = None
    billed_share: int = 0
    ratio: Fraction | None = None

    def raised(self, times: int) -> Worth:
        """Multiplied by a special decision (1/10,000)."""
        return replace(
            self,
            status="special",
            effective=self.effective * times / TEN_THOUSAND,
            money=None if self.money is None else self.money * times / TEN_THOUSAND,
        )


def AS_BILLED(status: str, part: int = TEN_THOUSAND, units: int = 0, ratio: Fraction | None = None) -> Worth:  # noqa: N802
    """The bill, or a part of it, whatever the units."""
    return Worth(status, units=units, billed_share=part, ratio=ratio)


def figure(by: By, word: str, what: str, method: Method) -> int:
    """A figure by scheme or level. Raises: PriceMissing."""
    found = by.get(word, by.get("", 0))
    if not found:
        raise PriceMissing(f"“{method.title}”没有 {word or '（空）'} 的{what}", hint="在支付方式包中写明")
    return found


def coefficient_of(method: Method, stay: Stay, unit: Unit | None) -> int:
    """Coefficient in 1/10,000: a basic-level group's own; else by group and level, hospital, level.

    Raises: CoefficientMissing for an unknown one.
    """
    stated = method.coefficient
    if not stated.stated:
        return TEN_THOUSAND
    if unit is not None and unit.basic:
        return stated.basic
    if unit is not None:
        by_level = stated.group_level.get(unit.group)
        if by_level is not None and stay.level in by_level:
            return by_level[stay.level]
    if stay.institution in stated.hospital:
        return stated.hospital[stay.institution]
    found = stated.level.get(stay.level)
    if found is None:
        raise CoefficientMissing(
            f"机构 {stay.institution or '（空）'}（级别 {stay.level or '未知'}）没有系数",
            hint="在支付方式包 coefficient 中写明；不得以 1 代替",
        )
    return found
