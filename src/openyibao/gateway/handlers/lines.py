"""Fee lines both ways (费用明细): 2204 and 2301 in, the split of each line out."""

from __future__ import annotations

from typing import Any

from openyibao.catalogue.terms import CLASS_CODES
from openyibao.gateway.handlers.base import Call, Reply
from openyibao.gateway.handlers.common import Row, caller_of
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import FeeLine, PricedLine, UploadLines


def fee_line(row: Row) -> FeeLine:
    """One line as sent: amount in fen, quantity in 1/10,000, price in 1/1,000,000 yuan."""
    return FeeLine(
        sn=row["feedetl_sn"],
        visit_no=row["mdtrt_id"],
        person_no=row["psn_no"],
        item_code=row["med_list_codg"],
        amount_fen=row["det_item_fee_sumamt"],
        quantity_e4=row["cnt"],
        price_e6=row["pric"],
        fee_at=row["fee_ocur_time"],
        batch_no=row.get("chrg_bchno", ""),
        disease_code=row.get("dise_codg", ""),
        local_code=row.get("medins_list_codg", ""),
        approved=row.get("hosp_appr_flag", ""),
        refunds_sn=row.get("init_feedetl_sn", ""),
        dept_code=row.get("bilg_dept_codg", ""),
        doctor_code=row.get("bilg_dr_codg", ""),
        med_type=row.get("med_type", ""),
    )


def priced_row(line: PricedLine) -> dict[str, Any]:
    """One line as priced."""
    return {
        "feedetl_sn": line.sn,
        "det_item_fee_sumamt": line.amount_fen,
        "cnt": line.quantity_e4,
        "pric": line.price_e6,
        "pric_uplmt_amt": line.ceiling_e6,
        "selfpay_prop": line.own_ratio_bp,
        "fulamt_ownpay_amt": line.non_covered_fen,
        "overlmt_amt": line.over_limit_fen,
        "preselfpay_amt": line.prior_self_pay_fen,
        "inscp_scp_amt": line.in_scope_fen,
        "chrgitm_lv": CLASS_CODES.get(line.item_class, line.item_class),
        "med_chrgitm_type": line.charge_type,
        "bas_medn_flag": _flag(line.basic_medicine),
        "hi_nego_drug_flag": _flag(line.negotiated),
        "chld_medc_flag": _flag(line.child_medicine),
        "list_sp_item_flag": _flag(line.special),
        "lmt_used_flag": _flag(line.restricted),
        "drt_reim_flag": "0",
        "memo": line.memo,
    }


def _flag(value: bool) -> str:
    return "1" if value else "0"


def upload(call: Call, *, inpatient: bool) -> Reply:
    """Price and keep the lines of one visit; a batch comes whole or not at all."""
    lines = tuple(fee_line(row) for row in call.data["feedetail"])
    priced = settlement.upload_lines(caller_of(call), UploadLines(lines, inpatient))
    return Reply(
        {"result": [priced_row(line) for line in priced]}, document=lines[0].visit_no, visit_no=lines[0].visit_no
    )
