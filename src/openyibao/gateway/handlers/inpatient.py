"""23xx, 24xx 住院: admission, lines, discharge, trial, settlement, and how each is undone."""

from __future__ import annotations

from openyibao.gateway.errors import FieldFault, FieldsInvalid
from openyibao.gateway.handlers import lines
from openyibao.gateway.handlers.base import Call, Reply, handles
from openyibao.gateway.handlers.common import Row, caller_of, circumstances, claimed, diagnoses, kept, settlement_output
from openyibao.gateway.handlers.outpatient import bill, cancellation
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import Admit, AmendAdmission, Discharge, WithdrawLines

WARD = (
    *("medrcdno", "atddr_no", "chfpdr_name", "adm_diag_dscr", "adm_dept_codg", "adm_dept_name", "adm_bed"),
    *("dscg_maindiag_code", "dscg_maindiag_name", "main_cond_dscr", "oprn_oprt_code", "oprn_oprt_name"),
    *("matn_type", "birctrl_type", "latechb_flag", "geso_val", "fetts", "fetus_cnt", "pret_flag"),
    *("birctrl_matn_date", "dise_type_code", "fpsc_no"),
)
"""Ward and clinical fields of an admission that are kept as sent; contact persons are not."""
LEAVING = (
    *("dscg_dept_codg", "dscg_dept_name", "dscg_bed", "die_date", "cop_flag", "oprn_oprt_code", "oprn_oprt_name"),
    *("matn_type", "birctrl_type", "latechb_flag", "geso_val", "fetts", "fetus_cnt", "pret_flag", "birctrl_matn_date"),
)


@handles("2401")
def admit(call: Call) -> Reply:
    """Admission (入院办理)."""
    data = call.data["mdtrtinfo"]
    visit_no = settlement.admit(
        caller_of(call),
        Admit(
            person_no=data["psn_no"],
            insutype=data["insutype"],
            begun_at=data["begntime"],
            med_type=data["med_type"],
            case_no=data["ipt_no"],
            disease_code=data.get("dise_codg", ""),
            disease_name=data.get("dise_name", ""),
            diagnoses=diagnoses(call.data["diseinfo"]),
            circumstances=circumstances(call, data),
            details=kept(data, *WARD),
            insured_area=data.get("insuplc_admdvs") or call.insured_area,
            claimed=claimed(data),
        ),
    )
    return Reply({"result": {"mdtrt_id": visit_no}}, document=visit_no, visit_no=visit_no)


@handles("2403")
def amend(call: Call) -> Reply:
    """Admission amended (住院信息变更)."""
    data = call.data["adminfo"]
    given = call.data["diseinfo"]
    said = circumstances(call, data)
    settlement.amend_admission(
        caller_of(call),
        AmendAdmission(
            visit_no=data["mdtrt_id"],
            person_no=data["psn_no"],
            begun_at=data.get("begntime"),
            med_type=data.get("med_type"),
            case_no=data.get("ipt_otp_no"),
            disease_code=data.get("dise_codg"),
            disease_name=data.get("dise_name"),
            diagnoses=diagnoses(given) if given else None,
            circumstances=said if said != type(said)() else None,
            details=kept(data, *WARD),
        ),
    )
    return Reply(document=data["mdtrt_id"], visit_no=data["mdtrt_id"])


@handles("2402")
def discharge(call: Call) -> Reply:
    """Discharge (出院办理)."""
    data = call.data["dscginfo"]
    settlement.discharge(
        caller_of(call),
        Discharge(
            visit_no=data["mdtrt_id"],
            person_no=data["psn_no"],
            insutype=data["insutype"],
            ended_at=data["endtime"],
            way=data.get("dscg_way", ""),
            disease_code=data.get("dise_codg", ""),
            disease_name=data.get("dise_name", ""),
            diagnoses=diagnoses(call.data["diseinfo"]),
            details=kept(data, *LEAVING),
        ),
    )
    return Reply(document=data["mdtrt_id"], visit_no=data["mdtrt_id"])


@handles("2404")
def cancel_admission(call: Call) -> Reply:
    """Admission undone (入院撤销)."""
    data = call.data["data"]
    settlement.cancel_admission(caller_of(call), data["mdtrt_id"], data["psn_no"])
    return Reply(document=data["mdtrt_id"], visit_no=data["mdtrt_id"])


@handles("2405")
def cancel_discharge(call: Call) -> Reply:
    """Discharge undone (出院撤销)."""
    data = call.data["data"]
    settlement.cancel_discharge(caller_of(call), data["mdtrt_id"], data["psn_no"])
    return Reply(document=data["mdtrt_id"], visit_no=data["mdtrt_id"])


@handles("2301")
def upload(call: Call) -> Reply:
    """Fee lines (住院费用明细上传)."""
    return lines.upload(call, inpatient=True)


@handles("2302")
def withdraw(call: Call) -> Reply:
    """Lines undone by number (住院费用明细撤销); "0000" means all that are not settled. All rows name one visit."""
    rows = call.data["data"]
    settlement.withdraw_lines(
        caller_of(call),
        WithdrawLines(
            visit_no=_only(rows, "mdtrt_id"),
            person_no=_only(rows, "psn_no"),
            line_nos=tuple(row["feedetl_sn"] for row in rows),
        ),
        inpatient=True,
    )
    return Reply(document=rows[0]["mdtrt_id"], visit_no=rows[0]["mdtrt_id"])


def _only(rows: list[Row], name: str) -> str:
    """The one value all rows have. Raises: FieldsInvalid naming the rows that differ."""
    first = str(rows[0][name])
    faults = [
        FieldFault(f"data[{at}].{name}", "", "与第一行不同", "同一就诊、同一人员")
        for at, row in enumerate(rows)
        if row[name] != first
    ]
    if faults:
        raise FieldsInvalid(faults)
    return first


@handles("2303")
def trial(call: Call) -> Reply:
    """Trial (住院预结算)."""
    data = call.data["data"]
    found = settlement.pre_settle(caller_of(call), bill(data, inpatient=True))
    return Reply(settlement_output(found, data.get("mdtrt_cert_type", "")))


@handles("2304")
def settle(call: Call) -> Reply:
    """Settlement, of a stay or of a part of it (住院结算)."""
    data = call.data["data"]
    found = settlement.settle(caller_of(call), bill(data, inpatient=True))
    return Reply(
        settlement_output(found, data.get("mdtrt_cert_type", "")), document=found.settlement_no, visit_no=found.visit_no
    )


@handles("2305")
def cancel(call: Call) -> Reply:
    """Settlement undone by a negative document (住院结算撤销)."""
    found = settlement.reverse(caller_of(call), cancellation(call.data["data"], inpatient=True))
    return Reply(settlement_output(found), document=found.settlement_no, visit_no=found.visit_no)
