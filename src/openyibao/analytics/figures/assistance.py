"""What the assistance rules of a policy file give on a whole burden (医疗救助按负担计算), and back from an amount."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any

from openyibao.kernel.money import WHOLE_BP, basis_points
from openyibao.policy.facade import Policies


@dataclass(frozen=True)
class Step:
    """One layer: what it pays of the burden left to it, above a deductible and up to a cap."""

    deductible: Fraction
    rate: Fraction
    cap: Fraction | None

    def pays(self, burden: Fraction) -> Fraction:
        paid = max(Fraction(0), burden - self.deductible) * self.rate
        return paid if self.cap is None else min(paid, self.cap)


@dataclass(frozen=True)
class AssistanceRule:
    """Layers one after the other; each sees what the one before left."""

    steps: tuple[Step, ...]
    why: str

    def pays(self, burden: Fraction) -> Fraction:
        left = burden
        for step in self.steps:
            left -= step.pays(left)
        return burden - left

    def burden_for(self, paid: Fraction) -> Fraction | None:
        """The least burden on which so much is paid; None when no burden gives it. Payment never falls with burden."""
        low, high = Fraction(0), Fraction(10**9)
        if paid <= 0 or self.pays(high) < paid:
            return None
        for _ in range(64):
            middle = (low + high) / 2
            low, high = (low, middle) if self.pays(middle) >= paid else (middle, high)
        return high


@cache
def assistance_rule() -> AssistanceRule:
    """The rule that `plausible.yaml` names, its figures from the policy files."""
    from openyibao.analytics.figures.shapes import experience

    known = experience()["assistance"]
    day, group = date.fromisoformat(known["day"]), known["group"]
    rulebook = Policies.load().rulebook
    steps = []
    for name in known["layers"]:
        version = next(one for one in rulebook.files[name].versions if one.period.start <= day < one.period.end)
        steps.append(_step(version.body, group))
    return AssistanceRule(tuple(steps), known["why"])


def _step(body: Any, group: str) -> Step:
    rates = body["tiers"][0]["rate"]
    rate = rates[group] if isinstance(rates, dict) else rates
    cap = (body.get("cap") or {}).get("amount")
    deductible = (body.get("deductible") or {}).get("amount", 0)
    return Step(
        Fraction(str(deductible)),
        Fraction(int(basis_points(rate)), WHOLE_BP),
        None if cap in (None, "none") else Fraction(str(cap)),
    )
