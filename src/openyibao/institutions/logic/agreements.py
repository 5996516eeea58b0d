"""Which move an agreement may make: active -> suspended -> active, either -> ended; each with who, why, a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from openyibao.institutions.contracts import Decision, PenaltyDraft
from openyibao.institutions.errors import AgreementMove, PenaltyUnfit
from openyibao.institutions.terms import PENALTIES, STATES

MOVES = {
    "suspend": (("active",), "suspended", "暂停"),
    "resume": (("suspended",), "active", "恢复"),
    "end": (("active", "suspended"), "ended", "解除"),
}
"""Move -> (states it starts from, state it leads to, Chinese)."""
ORDERS = {"suspend": "suspension", "end": "termination"}
"""Move -> kind of penalty that may order it."""


@dataclass(frozen=True)
class Held:
    """A stored spell; ordered_until: first day on which an ordered suspension may be lifted."""

    id: int
    number: str
    state: str
    start: date
    until: date | None
    ordered_until: date | None = None


def spell_to_leave(spells: Sequence[Held], move: str, decision: Decision, code: str) -> Held:
    """The spell a move starts from: the one covering the day. Raises: AgreementMove."""
    if not (decision.why.strip() and decision.document.strip()):
        raise AgreementMove("协议处理须写明理由与文书号", hint="填写 why 与 document", code=code)
    states, _, title = MOVES[move]
    day = decision.on
    now = next(
        (s for s in spells if s.state != "ended" and s.start <= day and (s.until is None or day < s.until)), None
    )
    if now is None:
        raise AgreementMove(f"{code} {day} 没有履行中或暂停的协议，不能{title}", hint="核对日期与协议种类", code=code)
    if now.state not in states:
        raise AgreementMove(
            f"{code} 的协议 {now.number} {day} 已是“{STATES[now.state]}”，不能{title}",
            hint="核对协议状态",
            code=code,
            state=now.state,
        )
    later = [s.start for s in spells if s.number == now.number and s.start > day]
    if later:
        raise AgreementMove(
            f"{code} 的协议 {now.number} 自 {min(later)} 起另有处理，不能从 {day} {title}",
            hint="处理日期不得早于已有的处理",
            code=code,
        )
    if move == "resume" and now.ordered_until and day < now.ordered_until:
        raise AgreementMove(
            f"{code} 的协议由行政决定责令暂停，{now.ordered_until} 前不能恢复", hint="期满后再恢复", code=code
        )
    return now


def check_penalty(draft: PenaltyDraft) -> None:
    """Refuse a penalty that lacks what its kind needs or carries what it does not have. Raises: PenaltyUnfit."""
    title = PENALTIES.get(draft.kind)
    if title is None:
        raise PenaltyUnfit(f"{draft.kind!r} 不是处罚种类", hint="可用：" + "、".join(PENALTIES), kind=draft.kind)
    wrong = ""
    if not (draft.why.strip() and draft.document.strip()):
        wrong = "须写明理由与文书号"
    elif (draft.kind == "fine") != (draft.amount_fen > 0) or draft.amount_fen < 0:
        wrong = "罚款须写金额，其他种类不写金额"
    elif draft.kind != "suspension" and (draft.suspend_from or draft.suspend_until):
        wrong = "只有责令暂停写起止日期"
    elif draft.kind == "suspension" and not (
        draft.suspend_from and draft.suspend_until and draft.suspend_from < draft.suspend_until
    ):
        wrong = "责令暂停须写起止日期，止日晚于起日"
    elif draft.suspend_from and draft.suspend_from < draft.decided_on:
        wrong = "暂停不能早于决定日"
    if wrong:
        raise PenaltyUnfit(f"{title}：{wrong}", hint="补正后重新提交", kind=draft.kind)


def check_order(move: str, draft: PenaltyDraft, decision: Decision) -> None:
    """Refuse a move that the bureau's order does not order. Raises: PenaltyUnfit."""
    title = MOVES[move][2]
    if draft.kind != ORDERS.get(move):
        raise PenaltyUnfit(f"“{PENALTIES[draft.kind]}”没有责令{title}协议", hint="核对处罚编号", kind=draft.kind)
    first = draft.suspend_from or draft.decided_on
    if decision.on < first:
        raise PenaltyUnfit(f"行政决定自 {first} 起，不能从 {decision.on} {title}", hint="改为决定所定的日期")
