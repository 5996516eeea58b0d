"""Messages as institutions' systems send them, recorded, then rewritten: every person and institution is invented."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

INSTITUTION = "H37150099901"
ENTRY = "/fsi/api/rsfComIfsService/callService"
_serial = itertools.count(1)


def msgid(institution: str = INSTITUTION, at: str = "20260105091530") -> str:
    """A new message number: institution, time, four digits."""
    return f"{institution}{at}{next(_serial) % 10_000:04d}"


def envelope(infno: str, data: Mapping[str, Any] | str, **members: Any) -> dict[str, Any]:
    """A whole message, unused members as the literal text "null" as real callers send them."""
    made: dict[str, Any] = {
        "infno": infno,
        "msgid": msgid(),
        "mdtrtarea_admvs": "371500",
        "insuplc_admdvs": "371500",
        "recer_sys_code": "REF",
        "dev_no": "null",
        "dev_safe_info": "NULL",
        "cainfo": "null",
        "signtype": "SM3",
        "infver": "V1.0",
        "opter_type": "1",
        "opter": "T001",
        "opter_name": "测试员",
        "inf_time": "2026-01-05 09:15:30",
        "fixmedins_code": INSTITUTION,
        "fixmedins_name": "示例医院",
        "sign_no": "null",
        "input": data,
    }
    return {key: value for key, value in {**made, **members}.items() if value is not ...}


def body(infno: str, data: Mapping[str, Any] | str, **members: Any) -> bytes:
    """The same as bytes."""
    return json.dumps(envelope(infno, data, **members), ensure_ascii=False).encode()


SETTLE_2207 = {
    "data": {
        "psn_no": "SIMP00000001",
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": "TEST-ID-0001",
        "med_type": "11",
        "medfee_sumamt": 500.25,
        "psn_setlway": "01",
        "mdtrt_id": "SIM0000000001",
        "chrg_bchno": "B0001",
        "insutype": "310",
        "acct_used_flag": "1",
        "invono": "",
        "fulamt_ownpay_amt": 20.00,
        "overlmt_selfpay": 0,
        "preselfpay_amt": 30.00,
        "inscp_scp_amt": 450.25,
        "expContent": "",
    }
}
LINE = {
    "feedetl_sn": "XM5129673",
    "mdtrt_id": "SIM0000000001",
    "psn_no": "SIMP00000001",
    "chrg_bchno": "B0001",
    "dise_codg": "",
    "rxno": "RX01",
    "rx_circ_flag": "0",
    "fee_ocur_time": "2026-01-05 09:15:30",
    "med_list_codg": "XA01BC0001",
    "medins_list_codg": "L0001",
    "det_item_fee_sumamt": 12.50,
    "cnt": 2.5,
    "pric": 5.000000,
    "sin_dos_dscr": "",
    "prd_days": "",
    "bilg_dept_codg": "A03",
    "bilg_dept_name": "内科",
    "bilg_dr_codg": "D371500000001",
    "bilg_dr_name": "李示例",
    "hosp_appr_flag": "0",
}
PERSON_1101 = {
    "data": {
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": "TEST-ID-0001",
        "card_sn": "",
        "begntime": "",
        "psn_cert_type": "01",
        "certno": "TEST-ID-0001",
        "psn_name": "张示例",
    }
}
DICTIONARY_1901 = {"data": {"type": "INSUTYPE", "admdvs": "371500", "date": "2026-01-05", "Vali_Flag": "1"}}
SIGN_IN_9001 = {"signIn": {"opter_no": "T001", "mac": "00-00-00-00-00-01", "ip": "10.0.0.1"}}


def lines_2204(count: int = 1, **changes: Any) -> dict[str, Any]:
    """An upload of some lines."""
    return {"feedetail": [{**LINE, "feedetl_sn": f"XM{at:07d}", **changes} for at in range(count)]}


def list_4101(full: bool) -> dict[str, Any]:
    """A settlement list in the older (with amounts) or newer shape."""
    header = {
        "mdtrt_id": "SIM0000000002",
        "setl_id": "SIM0000000009",
        "ntly": "156",
        "prfs": "90",
        "dscg_caty": "A03",
        "bill_code": "BC1",
        "bill_no": "BN1",
        "biz_sn": "S1",
        "setl_begn_date": "2026-01-02",
        "setl_end_date": "2026-01-09",
        "medins_fill_dept": "病案室",
        "medins_fill_psn": "王示例",
        "spga_nurscare_days": "1.5",
    }
    older = {"psn_name": "张示例", "psn_selfpay": 100.5, "psn_ownpay": 0, "acct_pay": 0, "psn_cashpay": 100.5}
    made: dict[str, Any] = {
        "setlinfo": {**header, **(older if full else {"psn_no": "SIMP00000001", "resp_nurs_code": "N1"})},
        "diseinfo": [
            {
                "diag_type": "1",
                "diag_code": "I10.x00",
                "diag_name": "高血压",
                "adm_cond_type": "1",
                "maindiag_flag": "1",
            }
        ],
        "payinfo": [{"fund_pay_type": "310100", "fund_payamt": 100}],
    }
    if full:
        made["iteminfo"] = [{"med_chrgitm": "09", "amt": 200.5, "claa_sumfee": 200.5, "clab_amt": 0}]
    return made
