"""Special-case review (特例单议): an application of a hospital from draft to decision, as a pure state machine.

Nothing is stored here: an application goes in with a move, and the application that follows comes out, its history one
row longer. Who made a move and when is part of the move. A review that may not happen is refused with what may.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from openyibao.payment.engine.pack.errors import ReviewRefused
from openyibao.payment.engine.pack.exact import TEN_THOUSAND

if TYPE_CHECKING:
    from openyibao.payment.engine.pack.pack import SpecialRules

REASONS = {
    "long_stay": "住院时间长",
    "high_cost": "医疗费用高",
    "new_technology": "新药耗新技术使用",
    "complex_critical": "复杂危重症",
    "multi_discipline": "多学科联合诊疗",
}
DECISIONS = {"by_item": "按项目付费", "raised": "调整支付标准", "rejected": "不予通过"}
STATES = {
    "draft": "草稿",
    "filed": "已申报",
    "returned": "退回补正",
    "screened": "形式审核通过",
    "reviewed": "专家评审完成",
    "decided": "已决定",
    "appealed": "已申诉",
    "final": "终结",
    "withdrawn": "已撤回",
}
MOVES: Mapping[str, Mapping[str, str]] = {
    "draft": {"file": "filed", "withdraw": "withdrawn"},
    "filed": {"return": "returned", "screen": "screened", "withdraw": "withdrawn"},
    "returned": {"file": "filed", "withdraw": "withdrawn"},
    "screened": {"opinion": "screened", "conclude": "reviewed"},
    "reviewed": {"decide": "decided"},
    "decided": {"appeal": "appealed", "close": "final"},
    "appealed": {"decide": "decided"},
    "final": {},
    "withdrawn": {},
}
"""State -> move -> next state."""
BY_HOSPITAL = frozenset({"file", "withdraw", "appeal"})
"""Moves of the institution; all others are the agency's."""


@dataclass(frozen=True)
class Decision:
    """What a review gives a stay (评审决定): `by_item`, `raised` to `times` (1/10,000 of the standard), `rejected`."""

    kind: str
    times: int = TEN_THOUSAND
    note: str = ""


@dataclass(frozen=True)
class Move:
    """One step of a review: what, who, when, and what belongs to it."""

    name: str
    by: str
    on: date
    note: str = ""
    decision: Decision | None = None


@dataclass(frozen=True)
class Application:
    """One special case: stay, institution, period (2025-03), reason, state, opinions, decision, history."""

    case_id: str
    institution: str
    period: str
    reason: str
    state: str = "draft"
    opinions: tuple[tuple[str, str], ...] = ()
    """(expert, kind of decision advised)."""
    decision: Decision | None = None
    appeals: int = 0
    history: tuple[Move, ...] = ()

    @property
    def in_force(self) -> Decision | None:
        """The decision that prices the stay; none while it is open, rejected or appealed."""
        if self.state in ("decided", "final") and self.decision and self.decision.kind != "rejected":
            return self.decision
        return None


def quota_of(discharges: int, rules: SpecialRules) -> int:
    """How many special cases an institution may file for its discharges (申报名额): cut down to whole cases."""
    return discharges * rules.quota // TEN_THOUSAND


def within_quota(
    applications: Iterable[Application], discharges: Mapping[str, int], rules: SpecialRules
) -> dict[str, int]:
    """Places left by institution; below zero where more was filed than allowed."""
    left = {institution: quota_of(count, rules) for institution, count in discharges.items()}
    for application in applications:
        if application.state not in ("draft", "withdrawn"):
            left[application.institution] = left.get(application.institution, 0) - 1
    return left


def move(application: Application, made: Move, rules: SpecialRules, places_left: int = 1) -> Application:
    """The application after a move.

    Args: places_left is what `within_quota` says before this move; only filing needs it.
    Raises: ReviewRefused, with what would be allowed.
    """
    open_moves = MOVES[application.state]
    if made.name not in open_moves:
        raise ReviewRefused(
            f"{STATES[application.state]}的申请不能 {made.name}", hint=f"可以：{'、'.join(open_moves) or '无'}"
        )
    if application.history and made.on < application.history[-1].on:
        raise ReviewRefused("早于上一步的日期", hint=f"不早于 {application.history[-1].on}")
    changed = _CHANGES.get(made.name, _same)(application, made, rules, places_left)
    return replace(changed, state=open_moves[made.name], history=(*application.history, made))


def _same(application: Application, made: Move, rules: SpecialRules, places_left: int) -> Application:
    return application


def _file(application: Application, made: Move, rules: SpecialRules, places_left: int) -> Application:
    if application.reason not in rules.reasons:
        raise ReviewRefused(f"申报理由 {application.reason!r} 不在范围", hint="、".join(rules.reasons))
    if application.state == "draft" and places_left < 1:
        raise ReviewRefused("申报名额已用完", hint=f"名额为出院人次的 {rules.quota / 100:g}%")
    return application


def _opinion(application: Application, made: Move, rules: SpecialRules, places_left: int) -> Application:
    if made.decision is None or made.decision.kind not in rules.decisions:
        raise ReviewRefused("专家意见没有写明结论", hint="、".join(rules.decisions))
    if any(expert == made.by for expert, _ in application.opinions):
        raise ReviewRefused(f"专家 {made.by} 已提交意见", hint="每位专家一份意见")
    return replace(application, opinions=(*application.opinions, (made.by, made.decision.kind)))


def _conclude(application: Application, made: Move, rules: SpecialRules, places_left: int) -> Application:
    if len(application.opinions) < rules.experts:
        raise ReviewRefused(f"只有 {len(application.opinions)} 份专家意见", hint=f"至少 {rules.experts} 份")
    return application


def _decide(application: Application, made: Move, rules: SpecialRules, places_left: int) -> Application:
    decision = made.decision
    if decision is None or decision.kind not in rules.decisions:
        raise ReviewRefused("没有写明决定，或该决定不在范围", hint="、".join(rules.decisions))
    if decision.kind == "raised" and not TEN_THOUSAND < decision.times <= rules.most_units:
        raise ReviewRefused(
            f"标准提高到 {decision.times / 100:g}%", hint=f"高于 100%，至多 {rules.most_units / 100:g}%"
        )
    if any(expert == made.by for expert, _ in application.opinions):
        raise ReviewRefused("评审专家不得作决定", hint="由经办人员决定")
    last = next((one for one in reversed(application.history) if one.name == "decide"), None)
    if application.state == "appealed" and last is not None and last.by == made.by:
        raise ReviewRefused("申诉须由另一人复核", hint=f"不是 {made.by}")
    return replace(application, decision=decision)


def _appeal(application: Application, made: Move, rules: SpecialRules, places_left: int) -> Application:
    if application.appeals:
        raise ReviewRefused("已申诉过一次", hint="申诉以一次为限")
    return replace(application, appeals=1)


_CHANGES = {"file": _file, "opinion": _opinion, "conclude": _conclude, "decide": _decide, "appeal": _appeal}
