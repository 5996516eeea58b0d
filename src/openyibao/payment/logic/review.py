"""What a special-case review (特例单议) checks before a move, all at once: quota, terms, experts, three persons.

The moves themselves are the engine's state machine; this says beforehand everything that speaks against one, so that
nobody corrects an application fault by fault. Days are business days, multiples 1/10,000.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from openyibao.kernel.money import WHOLE_BP
from openyibao.payment.engine.pack.pack import SpecialRules
from openyibao.payment.engine.pack.special import DECISIONS, REASONS, STATES, Application, Decision, quota_of

WAITING = frozenset({"filed", "screened", "reviewed", "appealed"})
"""States in which the agency has to act."""


@dataclass(frozen=True)
class Terms:
    """Dated terms of a review (期限): days to file, to decide, to appeal, and over what a quota runs."""

    file_days: int
    review_days: int
    appeal_days: int
    period: str
    """`month` or `quarter`."""
    provisional: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quota:
    """An institution's places in a period (申报名额)."""

    institution: str
    discharges: int
    places: int
    used: int

    @property
    def left(self) -> int:
        return self.places - self.used


def period_of(day: date, unit: str) -> str:
    """The period a discharge belongs to: 2025-03, or 2025-Q1."""
    return f"{day.year}-Q{(day.month + 2) // 3}" if unit == "quarter" else f"{day:%Y-%m}"


def period_days(period: str) -> tuple[date, date]:
    """First day of a period and the day after its last. Raises: ValueError for what is no period."""
    year, _, rest = period.partition("-")
    quarter = rest.startswith("Q")
    digits = rest[1:] if quarter else rest
    first = int(digits) * (3 if quarter else 1) - (2 if quarter else 0)
    if len(year) != 4 or len(digits) != (1 if quarter else 2) or not 1 <= first <= 12:
        raise ValueError(f"{period!r} is no period")
    after = first + (3 if quarter else 1)
    return date(int(year), first, 1), date(int(year) + (after > 12), (after - 1) % 12 + 1, 1)


def quota(institution: str, discharges: int, used: int, rules: SpecialRules) -> Quota:
    """Places of an institution for its discharges, cut down to whole cases."""
    return Quota(institution, discharges, quota_of(discharges, rules), used)


def last_day_to_file(application: Application | None, period: str, terms: Terms) -> date:
    """Until when an application may be handed in: after its period, or after it was sent back."""
    if application is not None and application.state == "returned":
        return application.history[-1].on + timedelta(days=terms.file_days)
    return period_days(period)[1] + timedelta(days=terms.file_days - 1)


def due_on(application: Application, terms: Terms) -> date | None:
    """Until when somebody must act: the agency on a case it has, the hospital on one sent back or decided."""
    if application.state in WAITING:
        asked = next(one for one in reversed(application.history) if one.name in ("file", "appeal"))
        return asked.on + timedelta(days=terms.review_days)
    if application.state == "returned":
        return application.history[-1].on + timedelta(days=terms.file_days)
    if application.state == "decided" and not application.appeals:
        return application.history[-1].on + timedelta(days=terms.appeal_days)
    return None


def filing_faults(
    application: Application | None,
    reason: str,
    day: date,
    period: str,
    places: Quota,
    rules: SpecialRules,
    terms: Terms,
) -> list[str]:
    """Everything that speaks against filing a stay; `application` is what was filed for it before, if anything."""
    faults = []
    if application is not None and application.state not in ("draft", "returned"):
        faults.append(f"该病例的申请{STATES[application.state]}，不能再申报")
    if reason not in rules.reasons:
        known = "、".join(f"{one}（{REASONS[one]}）" for one in rules.reasons)
        faults.append(f"申报理由 {reason!r} 不在范围：{known}")
    if application is None and places.left < 1:
        faults.append(
            f"申报名额已用完：{period} 出院 {places.discharges} 例，名额 {places.places}"
            f"（{rules.quota / 100:g}%，取整），已申报 {places.used}"
        )
    last = last_day_to_file(application, period, terms)
    if day > last:
        faults.append(f"已过申报期限 {last}")
    return faults


def expert_faults(application: Application, experts: Collection[str], by: str, rules: SpecialRules) -> list[str]:
    """Everything that speaks against having these experts review an application."""
    faults = []
    if application.state != "filed":
        faults.append(f"申请{STATES[application.state]}，不能分派")
    names = list(experts)
    if len(set(names)) < len(names):
        faults.append("同一位专家写了两次")
    if len(set(names)) < rules.experts:
        faults.append(f"专家 {len(set(names))} 位，至少 {rules.experts} 位")
    if application.institution in names:
        faults.append("申报机构不得评审自己的病例")
    if by in names:
        faults.append(f"分派人 {by} 不得兼任专家")
    if "" in names:
        faults.append("专家姓名为空")
    return faults


def opinion_faults(
    application: Application, advice: Decision | None, by: str, experts: Collection[str], rules: SpecialRules
) -> list[str]:
    """Everything that speaks against an expert's opinion."""
    faults = []
    if application.state != "screened":
        faults.append(f"申请{STATES[application.state]}，不收专家意见")
    if by not in experts:
        faults.append(f"{by} 不是该病例分派的专家：{'、'.join(experts) or '尚未分派'}")
    if any(who == by for who, _ in application.opinions):
        faults.append(f"{by} 已提交意见")
    return faults + _kind_faults(advice, rules, "意见")


def decision_faults(application: Application, decision: Decision | None, by: str, rules: SpecialRules) -> list[str]:
    """Everything that speaks against a decision by this person: state, kind, opinions, persons."""
    faults = []
    if application.state not in ("screened", "reviewed", "appealed"):
        faults.append(f"申请{STATES[application.state]}，不能决定")
    elif len(application.opinions) < rules.experts:
        faults.append(f"只有 {len(application.opinions)} 份专家意见，至少 {rules.experts} 份")
    faults += _kind_faults(decision, rules, "决定")
    if any(who == by for who, _ in application.opinions):
        faults.append(f"{by} 是评审专家，不得作决定")
    if any(one.name == "screen" and one.by == by for one in application.history):
        faults.append(f"{by} 办理了分派，不得作决定")
    last = next((one for one in reversed(application.history) if one.name == "decide"), None)
    if application.state == "appealed" and last is not None and last.by == by:
        faults.append(f"{by} 作过原决定，申诉须由另一人复核")
    return faults


def appeal_faults(application: Application, day: date, terms: Terms) -> list[str]:
    """Everything that speaks against an appeal on a day."""
    if application.state != "decided":
        return [f"申请{STATES[application.state]}，不能申诉"]
    if application.appeals:
        return ["已申诉过一次，以一次为限"]
    last = due_on(application, terms)
    return [f"已过申诉期限 {last}"] if last is not None and day > last else []


def _kind_faults(decision: Decision | None, rules: SpecialRules, what: str) -> list[str]:
    open_kinds = "、".join(f"{one}（{DECISIONS[one]}）" for one in rules.decisions)
    if decision is None or decision.kind not in rules.decisions:
        return [f"{what} {decision.kind if decision else ''!r} 不在范围：{open_kinds}"]
    unsaid = what == "意见" and decision.times == WHOLE_BP
    if decision.kind == "raised" and not unsaid and not WHOLE_BP < decision.times <= rules.most_units:
        return [f"标准提高到 {decision.times / 100:g}%，须高于 100%，至多 {rules.most_units / 100:g}%"]
    if decision.kind != "raised" and decision.times != WHOLE_BP:
        return ["只有调整支付标准才写明倍数"]
    return []
