"""5203 结算信息查询, 5206 人员累计信息查询."""

from __future__ import annotations

from openyibao.gateway.handlers.base import Call, Reply, handles
from openyibao.gateway.handlers.common import Row, caller_of, settlement_output
from openyibao.institutions import facade as institutions
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import Settlement
from openyibao.settlement.errors import SettlementUnknown


@handles("5203")
def settlement_info(call: Call) -> Reply:
    """A settlement as it stands: by its number, or the latest of the visit for a caller who never learnt the number."""
    data = call.data["data"]
    found = _wanted(call, data)
    output = settlement_output(found)
    place = institutions.institution(found.institution_code)
    profile = place.profile_on(found.decided_on)
    output["setlinfo"].update(
        {
            "insu_optins": found.insured_area,
            "emp_name": found.person.employer_name,
            "flxempe_flag": "0",
            "nwb_flag": "0",
            "pay_loc": "2"
            if found.insured_area[:4] == found.care_area[:4]
            else _elsewhere(found.insured_area, found.care_area),
            "fixmedins_code": found.institution_code,
            "fixmedins_name": found.institution_name or profile.name,
            "hosp_lv": profile.hosp_lv,
            "fixmedins_poolarea": found.care_area,
            "refd_setl_flag": "0" if found.state == "standing" else "1",
            "year": str(found.year),
            "dise_codg": found.disease_code,
            "dise_name": found.disease_name,
            "opter_name": found.operator,
            "opt_time": found.settled_at,
        }
    )
    return Reply(output)


def _wanted(call: Call, data: Row) -> Settlement:
    """The settlement asked for, or of its visit the last that stands, else the last that was cancelled.

    Raises: SettlementUnknown, VisitUnknown.
    """
    if "setl_id" in data:
        return settlement.settlement_of(caller_of(call), data["setl_id"], data["psn_no"], data["mdtrt_id"])
    documents = settlement.settlements_of_visit(caller_of(call), data["mdtrt_id"], data["psn_no"])
    ordered = sorted(documents, key=lambda one: (one.state == "standing", one.state != "negative"))
    if not ordered:
        raise SettlementUnknown(f"就诊 {data['mdtrt_id']} 没有结算", hint="结算未曾办成；可重新结算")
    return ordered[-1]


def _elsewhere(insured: str, care: str) -> str:
    """pay_loc of care outside the pool: 3 within the province, 4 across provinces."""
    return "3" if insured[:2] == care[:2] else "4"


@handles("5206")
def accumulators(call: Call) -> Reply:
    """Accumulators of the person-year (年度累计)."""
    data = call.data["data"]
    rows = settlement.counters_of(caller_of(call), data["psn_no"], data.get("cum_ym", ""))
    return Reply(
        {
            "cuminfo": [
                {
                    "insutype": row.insutype,
                    "year": str(row.year),
                    "cum_ym": row.month,
                    "cum_type_code": row.kind,
                    "cum": row.value_fen,
                }
                for row in rows
            ]
        }
    )
