"""What is due for a period (应缴金额), computed by the policy room's contribution rules from a person's facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from openyibao.kernel.money import yuan_text
from openyibao.people.contracts import DeclaredAmounts
from openyibao.policy import facade as policy


@dataclass(frozen=True)
class Payer:
    """Facts that decide a contribution (缴费人状态) in its period; amounts in fen a month, None not stated."""

    area: str
    scheme: str
    status: str
    contribution_class: str
    groups: tuple[str, ...]
    employer_kind: str
    born_on: date
    wage_fen: int | None
    pension_fen: int | None


@dataclass(frozen=True)
class Due:
    """Amounts due, and figures used that are only provisional or missing (暂定、缺失的参数)."""

    amounts: DeclaredAmounts
    provisional: tuple[str, ...]


@lru_cache(maxsize=1)
def shipped() -> policy.Policies:
    """The policies of this installation, loaded once a process."""
    return policy.Policies.load()


@lru_cache(maxsize=20_000)
def due(payer: Payer, period: str, policies: policy.Policies) -> Due:
    """What is due for a month ("2022-05") or a resident's year ("2022").

    Raises: PolicyMissing, FigureMissing naming the figure; Malformed when the facts do not fit the rules.
    """
    person: dict[str, object] = {
        "area": payer.area,
        "scheme": payer.scheme,
        "status": payer.status,
        "contribution_class": payer.contribution_class,
        "groups": list(payer.groups),
        "birth": payer.born_on.isoformat(),
    }
    if payer.employer_kind:
        person["employer_kind"] = payer.employer_kind
    if payer.wage_fen is not None:
        person["declared_wage"] = yuan_text(payer.wage_fen)
    if payer.pension_fen is not None:
        person["pension"] = yuan_text(payer.pension_fen)
    result = policy.contribution_from({"person": person, "period": period}, policies)
    amounts = result.amounts
    return Due(
        DeclaredAmounts(
            amounts.base,
            amounts.employer,
            amounts.individual,
            amounts.subsidy,
            amounts.assistance,
            amounts.account,
        ),
        tuple(sorted({path for path, used in result.figures.items() if used.standing} | set(result.missing))),
    )
