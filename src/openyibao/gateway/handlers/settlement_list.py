"""4101, 4101A 医疗保障基金结算清单信息上传, in both shapes."""

from __future__ import annotations

from openyibao.gateway.handlers.base import Call, Reply, handles
from openyibao.gateway.handlers.common import caller_of, text_of
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import SettlementList

SHAPES = {"full": "full", "clinical": "short"}


@handles("4101", "4101A")
def record(call: Call) -> Reply:
    """Keep the settlement list of a discharge; amounts in fen, dates as text."""
    header = call.data["setlinfo"]
    number = settlement.record_settlement_list(
        caller_of(call),
        SettlementList(
            settlement_no=header["setl_id"],
            visit_no=header["mdtrt_id"],
            person_no=header.get("psn_no", ""),
            shape=SHAPES[call.form],
            body=text_of(call.data),
        ),
    )
    return Reply({"data": {"setl_list_id": str(number)}}, document=str(number), visit_no=header["mdtrt_id"])
