"""2601 冲正交易: make the platform hold nothing for a message whose outcome its sender does not know."""

from __future__ import annotations

from dataclasses import replace

from openyibao.gateway import journal
from openyibao.gateway.errors import Busy, NotCompensable
from openyibao.gateway.handlers.base import Call, Reply, handles
from openyibao.gateway.handlers.common import caller_of
from openyibao.settlement import facade as settlement
from openyibao.settlement.errors import AlreadyCancelled, MoveRefused

COMPENSABLE = ("2207", "2304", "2401")
NOTHING = "NOTHING_TO_COMPENSATE 平台没有收到过该报文，也不再接受它"
ALREADY = "ALREADY_COMPENSATED 该报文此前已冲正或已撤销，本次未作变动"


@handles("2601")
def compensate(call: Call) -> Reply:
    """Undo the 2207, 2304 or 2401 of a msgid. Success means that nothing of it stands, and that it cannot arrive late.

    Raises: NotCompensable for another transaction; what the cancellation itself refuses (LATER_SETTLEMENT, …).
    """
    data = call.data["data"]
    infno, msgid = data["oinfno"], data["omsgid"]
    if infno not in COMPENSABLE:
        raise NotCompensable(
            f"交易 {infno} 不能用 2601 冲正", hint=f"可冲正的是 {'、'.join(COMPENSABLE)}；其余用各自的撤销交易"
        )
    original = journal.take_original(call.institution_code, infno, msgid, call.at)
    if original is None:
        return Reply(warning=NOTHING)
    if original.compensated:
        return Reply(document=original.document, warning=ALREADY)
    warning = "" if _undo(call, infno, original.document, data["psn_no"]) else ALREADY
    journal.mark_compensated(original.row, call.at)
    return Reply(document=original.document, warning=warning)


def _undo(call: Call, infno: str, document: str, person_no: str) -> bool:
    """Cancel what the message made; False when it was cancelled before. A refusal spoils the open transaction, so the
    state is asked first; whoever is cancelled in between may simply ask again. Raises: Busy, what cancelling refuses.
    """
    try:
        if infno == "2401":
            if settlement.visit_state(document, call.institution_code)[0] == "cancelled":
                return False
            settlement.cancel_admission(caller_of(call), document, person_no)
            return True
        command, state = settlement.reference(document, call.institution_code)
        if state != "standing":
            return False
        settlement.reverse(caller_of(call), replace(command, person_no=person_no))
    except (AlreadyCancelled, MoveRefused) as refusal:
        if refusal.code not in ("ALREADY_CANCELLED", "VISIT_CANCELLED"):
            raise
        raise Busy("原业务正在撤销", hint="请以同一报文ID重发 2601") from None
    return True
