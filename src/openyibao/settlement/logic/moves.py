"""The visit as a state machine (就诊状态): which step may follow which, and what an illegal one is told.

Outpatient: registered -> recorded. Inpatient: admitted -> discharged -> settled. Either may end cancelled. Every pair
of state and step is in the table; a refused one has a code of its own and says what to do first.
"""

from __future__ import annotations

from openyibao.settlement.errors import MoveRefused

STATES = {
    "registered": "已挂号",
    "recorded": "已上传就诊信息",
    "admitted": "在院",
    "discharged": "已出院",
    "settled": "已出院结算",
    "cancelled": "已撤销",
}
_CANCELLED = ("VISIT_CANCELLED", "该就诊已撤销", "重新挂号（2201）或办理入院（2401）")
_SETTLED = ("VISIT_SETTLED", "该次住院已出院结算", "先撤销结算（2305）")
_DISCHARGED = ("VISIT_DISCHARGED", "该次住院已办理出院", "先撤销出院（2405）")
_NOT_RECORDED = ("VISIT_NOT_RECORDED", "尚未上传就诊信息", "先上传就诊信息（2203）")
_NOT_DISCHARGED = ("NOT_DISCHARGED", "尚未办理出院", "先办理出院（2402），或以中途结算标志结算")

MOVES: dict[tuple[str, str], str | tuple[str, str, str]] = {
    ("registered", "record"): "recorded",
    ("registered", "upload"): _NOT_RECORDED,
    ("registered", "withdraw"): "registered",
    ("registered", "settle"): _NOT_RECORDED,
    ("registered", "cancel"): "cancelled",
    ("recorded", "record"): "recorded",
    ("recorded", "upload"): "recorded",
    ("recorded", "withdraw"): "recorded",
    ("recorded", "settle"): "recorded",
    ("recorded", "reverse"): "recorded",
    ("recorded", "cancel"): "cancelled",
    ("admitted", "amend"): "admitted",
    ("admitted", "upload"): "admitted",
    ("admitted", "withdraw"): "admitted",
    ("admitted", "settle_mid"): "admitted",
    ("admitted", "settle"): _NOT_DISCHARGED,
    ("admitted", "discharge"): "discharged",
    ("admitted", "cancel_discharge"): ("NOT_DISCHARGED", "该次住院没有办理出院", "无须撤销出院"),
    ("admitted", "reverse"): "admitted",
    ("admitted", "cancel"): "cancelled",
    ("discharged", "amend"): _DISCHARGED,
    ("discharged", "upload"): "discharged",
    ("discharged", "withdraw"): "discharged",
    ("discharged", "settle_mid"): ("VISIT_DISCHARGED", "已办理出院，不再中途结算", "按出院结算（mid_setl_flag 0）"),
    ("discharged", "settle"): "settled",
    ("discharged", "discharge"): _DISCHARGED,
    ("discharged", "cancel_discharge"): "admitted",
    ("discharged", "reverse"): "discharged",
    ("discharged", "cancel"): _DISCHARGED,
    ("settled", "amend"): _SETTLED,
    ("settled", "upload"): _SETTLED,
    ("settled", "withdraw"): _SETTLED,
    ("settled", "settle_mid"): _SETTLED,
    ("settled", "settle"): _SETTLED,
    ("settled", "discharge"): _SETTLED,
    ("settled", "cancel_discharge"): _SETTLED,
    ("settled", "reverse"): "discharged",
    ("settled", "cancel"): _SETTLED,
}


def next_state(state: str, step: str) -> str:
    """The state after a step. Raises: MoveRefused with the code and text of why not."""
    found = MOVES.get((state, step), _CANCELLED if state == "cancelled" else None)
    if found is None:
        kind = "门诊" if state in ("registered", "recorded") else "住院"
        raise MoveRefused("WRONG_KIND", f"{kind}就诊没有这一步", hint="门诊用 22xx，住院用 23xx、24xx", state=state)
    if isinstance(found, tuple):
        code, message, hint = found
        raise MoveRefused(code, message, hint=hint, state=state)
    return found


def may_cancel(standing: int, unsettled: int, inpatient: bool) -> None:
    """A visit is cancelled only when nothing hangs on it. Raises: MoveRefused."""
    if standing:
        code = "2305" if inpatient else "2208"
        raise MoveRefused("VISIT_HAS_SETTLEMENT", f"还有 {standing} 笔有效结算", hint=f"先撤销结算（{code}）")
    if unsettled:
        code = "2302" if inpatient else "2205"
        raise MoveRefused("LINES_REMAIN", f"还有 {unsettled} 条未结算的明细", hint=f"先撤销明细（{code}，传 0000）")
