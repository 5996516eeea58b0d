"""A special-case review as the room shows it (特例单议): application, experts, rules, terms, and its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from openyibao.payment.engine.pack.pack import SpecialRules
from openyibao.payment.engine.pack.special import DECISIONS, REASONS, STATES, Application, Move
from openyibao.payment.logic.review import WAITING, Terms, due_on

MOVES = {
    "file": "申报",
    "return": "退回补正",
    "screen": "形式审核、分派专家",
    "opinion": "专家意见",
    "conclude": "评审完成",
    "decide": "决定",
    "appeal": "申诉",
    "close": "终结",
    "withdraw": "撤回",
}


@dataclass(frozen=True)
class Review:
    """An application with what it is judged by."""

    application: Application
    experts: tuple[str, ...]
    rules: SpecialRules
    terms: Terms
    stands: bool
    """Whether its stay is still priced; not when the bill was cancelled since."""

    @property
    def due_on(self) -> date | None:
        """Until when whoever has to act must act."""
        return due_on(self.application, self.terms) if self.stands else None

    def overdue(self, day: date) -> bool:
        """Whether the agency is late with it."""
        due = self.due_on
        return self.application.state in WAITING and due is not None and day > due

    def as_json(self, day: date) -> dict[str, Any]:
        one = self.application
        return {
            "settlement_no": one.case_id,
            "institution": one.institution,
            "period": one.period,
            "reason": one.reason,
            "state": one.state,
            "stands": self.stands,
            "experts": list(self.experts),
            "opinions": [{"by": who, "advice": kind} for who, kind in one.opinions],
            "decision": {"kind": one.decision.kind, "times": one.decision.times} if one.decision else None,
            "in_force": one.in_force is not None,
            "due_on": str(self.due_on) if self.due_on else None,
            "overdue": self.overdue(day),
            "provisional": list(self.terms.provisional),
            "history": [
                {"move": step.name, "by": step.by, "on": str(step.on), "note": step.note} for step in one.history
            ],
        }

    def line(self, day: date) -> str:
        """The application in one line."""
        one = self.application
        told = f"{one.case_id}  {one.institution}  {REASONS.get(one.reason, one.reason)}  {STATES[one.state]}"
        if one.decision is not None:
            told += f"：{_decided(one.decision.kind, one.decision.times)}"
        if not self.stands:
            return told + "（结算已撤销）"
        due = self.due_on
        return told + (f"，{'已逾期' if self.overdue(day) else '期限'} {due}" if due else "")

    def steps(self) -> list[str]:
        """Its history, a line for each step."""
        return [_step(step) for step in self.application.history]


def _decided(kind: str, times: int) -> str:
    return DECISIONS[kind] + (f" {times / 100:g}%" if kind == "raised" else "")


def _step(step: Move) -> str:
    told = f"{step.on}  {MOVES.get(step.name, step.name)}  {step.by}"
    if step.decision is not None:
        told += f"：{_decided(step.decision.kind, step.decision.times)}"
    return told + (f"（{step.note}）" if step.note else "")
