"""22xx 门诊: registration, visit, lines, trial, settlement, and how each is undone."""

from __future__ import annotations

from openyibao.gateway.handlers import lines
from openyibao.gateway.handlers.base import Call, Reply, handles
from openyibao.gateway.handlers.common import Row, caller_of, circumstances, claimed, diagnoses, settlement_output
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import Cancel, RecordVisit, RegisterVisit, Settle, Totals, WithdrawLines


@handles("2201")
def register(call: Call) -> Reply:
    """Outpatient registration (门诊挂号)."""
    data = call.data["data"]
    visit_no = settlement.register_visit(
        caller_of(call),
        RegisterVisit(
            person_no=data["psn_no"],
            insutype=data["insutype"],
            begun_at=data["begntime"],
            case_no=data["ipt_otp_no"],
            dept_code=data.get("dept_code", ""),
            dept_name=data.get("dept_name", ""),
            doctor_code=data.get("atddr_no", ""),
            doctor_name=data.get("dr_name", ""),
            insured_area=call.insured_area,
            claimed=claimed(data),
        ),
    )
    output = {"mdtrt_id": visit_no, "psn_no": data["psn_no"], "ipt_otp_no": data["ipt_otp_no"]}
    return Reply({"data": output}, document=visit_no, visit_no=visit_no)


@handles("2202")
def cancel_registration(call: Call) -> Reply:
    """Registration undone (门诊挂号撤销)."""
    data = call.data["data"]
    settlement.cancel_registration(caller_of(call), data["mdtrt_id"], data["psn_no"])
    return Reply(document=data["mdtrt_id"], visit_no=data["mdtrt_id"])


@handles("2203", "2203A")
def record(call: Call) -> Reply:
    """Visit and diagnoses (门诊就诊信息上传)."""
    data = call.data["mdtrtinfo"]
    settlement.record_visit(
        caller_of(call),
        RecordVisit(
            visit_no=data["mdtrt_id"],
            person_no=data["psn_no"],
            med_type=data["med_type"],
            begun_at=data["begntime"],
            disease_code=data.get("dise_codg", ""),
            disease_name=data.get("dise_name", ""),
            diagnoses=diagnoses(call.data["diseinfo"]),
            circumstances=circumstances(call, data),
        ),
    )
    return Reply(document=data["mdtrt_id"], visit_no=data["mdtrt_id"])


@handles("2204")
def upload(call: Call) -> Reply:
    """Fee lines (门诊费用明细上传)."""
    return lines.upload(call, inpatient=False)


@handles("2205")
def withdraw(call: Call) -> Reply:
    """Lines of a batch undone (门诊费用明细撤销); "0000" means all that are not settled."""
    data = call.data["data"]
    settlement.withdraw_lines(
        caller_of(call),
        WithdrawLines(visit_no=data["mdtrt_id"], person_no=data["psn_no"], batch_no=data["chrg_bchno"]),
        inpatient=False,
    )
    return Reply(document=data["mdtrt_id"], visit_no=data["mdtrt_id"])


def bill(data: Row, *, inpatient: bool) -> Settle:
    """A trial or settlement as the settlement room wants it. acct_used_flag 0 keeps the personal account out of it."""
    sums = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    stated = all(name in data for name in sums)
    return Settle(
        visit_no=data["mdtrt_id"],
        person_no=data["psn_no"],
        insutype=data["insutype"],
        total_fen=data["medfee_sumamt"],
        inpatient=inpatient,
        batch_no=data.get("chrg_bchno", ""),
        med_type=data.get("med_type", ""),
        totals=Totals(*(data[name] for name in sums)) if stated else None,
        account_used=data.get("acct_used_flag", "1") != "0",
        mid_stay=data.get("mid_setl_flag", "0") == "1",
        ended_on=data.get("dscgTime"),
        invoice_no=data.get("invono", ""),
        claimed=claimed(data),
    )


@handles("2206")
def trial(call: Call) -> Reply:
    """Trial (门诊预结算)."""
    data = call.data["data"]
    found = settlement.pre_settle(caller_of(call), bill(data, inpatient=False))
    return Reply(settlement_output(found, data.get("mdtrt_cert_type", "")))


@handles("2207")
def settle(call: Call) -> Reply:
    """Settlement (门诊结算)."""
    data = call.data["data"]
    found = settlement.settle(caller_of(call), bill(data, inpatient=False))
    return Reply(
        settlement_output(found, data.get("mdtrt_cert_type", "")), document=found.settlement_no, visit_no=found.visit_no
    )


@handles("2208")
def cancel(call: Call) -> Reply:
    """Settlement undone by a negative document (门诊结算撤销)."""
    found = settlement.reverse(caller_of(call), cancellation(call.data["data"], inpatient=False))
    return Reply(settlement_output(found), document=found.settlement_no, visit_no=found.visit_no)


def cancellation(data: Row, *, inpatient: bool) -> Cancel:
    """What is to be cancelled."""
    return Cancel(
        settlement_no=data["setl_id"], visit_no=data["mdtrt_id"], person_no=data["psn_no"], inpatient=inpatient
    )
