"""A hospital's system that speaks the national interface over HTTP: one method a transaction, on one connection.

    hospital = Hospital(("127.0.0.1", 8000), "H37150099901")
    visit = hospital.register(person, "310", instant)["data"]["mdtrt_id"]
    hospital.record(person, visit, instant)
    priced = hospital.upload(person, visit, [Line("1", item, "20.00")], instant)
    hospital.settle(person, visit, sums_of(priced), "310")["setlinfo"]["setl_id"]

A method gives the `output` of the reply as parsed JSON with decimal numbers, raises `RefusedByPlatform` for an envelope
with infcode -1, and `OutcomeUnknown` when no whole answer came: then the platform may have done it or not. Every method
takes `msgid` to send a message again. One `Hospital` is one connection: use one per thread.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from openyibao.kernel.clock import SHANGHAI

ENTRY = "/fsi/api/rsfComIfsService/callService"
Sums = Mapping[str, str]
UNKNOWN_CODES = ("TRY_AGAIN", "INTERNAL")
"""What the platform itself calls undecided: send the same message again."""


class OutcomeUnknown(Exception):
    """No whole answer: whether the platform did it is not known."""


class RefusedByPlatform(Exception):
    """The platform refused, with a stable code and a reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Reply:
    """A reply: its bytes, and the envelope read."""

    raw: bytes
    envelope: dict[str, Any]

    @property
    def code(self) -> str:
        return str(self.envelope["warn_msg"] or "").partition(" ")[0]

    @property
    def refused(self) -> bool:
        return bool(self.envelope["infcode"] != 0)

    @property
    def output(self) -> dict[str, Any]:
        """The output. Raises: OutcomeUnknown, RefusedByPlatform."""
        if self.refused and self.code in UNKNOWN_CODES:
            raise OutcomeUnknown(f"{self.code}: {self.envelope['err_msg']}")
        if self.refused:
            raise RefusedByPlatform(self.code, self.envelope["err_msg"])
        found: dict[str, Any] = self.envelope["output"]
        return found


@dataclass(frozen=True)
class Line:
    """A fee line to upload, amounts in yuan as text; the price follows from amount and count."""

    sn: str
    code: str
    amount: str
    count: str = "1"
    refunds: str = ""


class Hospital:
    """One institution on one connection. key and secret: sign each message (aksk); without, none (sandbox only)."""

    def __init__(
        self,
        address: tuple[str, int],
        code: str,
        *,
        area: str = "371500",
        key: str = "",
        secret: str = "",
        timeout: float = 30,
    ) -> None:
        self.code = code
        self.area = area
        self.key = key
        self.secret = secret
        self.connection = http.client.HTTPConnection(*address, timeout=timeout)

    # Sending --------------------------------------------------------------------------------------------------

    def msgid(self) -> str:
        """A new message number: institution, and a part that no message altered on purpose hits by chance."""
        return f"{self.code}{uuid.uuid4().hex}"[:30]

    def body(self, infno: str, data: Mapping[str, Any], msgid: str = "", **members: Any) -> bytes:
        """A whole message; `members` replace members of the envelope."""
        made = {
            "infno": infno,
            "msgid": msgid or self.msgid(),
            "mdtrtarea_admvs": self.area,
            "insuplc_admdvs": "",
            "recer_sys_code": "TEST",
            "dev_no": "",
            "dev_safe_info": "",
            "cainfo": "",
            "signtype": "",
            "infver": "V1.0",
            "opter_type": "1",
            "opter": "T001",
            "opter_name": "测试员",
            "inf_time": time.strftime("%Y-%m-%d %H:%M:%S"),
            "fixmedins_code": self.code,
            "fixmedins_name": "示例机构",
            "sign_no": "",
            "input": data,
            **members,
        }
        return json.dumps(made, ensure_ascii=False).encode()

    def post(self, body: bytes, path: str = ENTRY) -> Reply:
        """Post bytes; the reply. Raises: OutcomeUnknown when none came, or one that is no envelope."""
        try:
            self.connection.request("POST", path, body, {"Content-Type": "application/json", **self._signature()})
            answer = self.connection.getresponse()
            raw = answer.read()
            if answer.status != 200:
                raise OutcomeUnknown(f"HTTP {answer.status}: {raw[:200]!r}")
            return Reply(raw, json.loads(raw, parse_float=Decimal))
        except (OSError, http.client.HTTPException, ValueError) as problem:
            self.connection.close()
            raise OutcomeUnknown(f"{type(problem).__name__}: {problem}") from problem

    def send(self, infno: str, data: Mapping[str, Any], msgid: str = "", **members: Any) -> dict[str, Any]:
        """Send a message; its output. Raises: OutcomeUnknown, RefusedByPlatform."""
        return self.post(self.body(infno, data, msgid, **members)).output

    def close(self) -> None:
        self.connection.close()

    def _signature(self) -> dict[str, str]:
        if not self.key:
            return {}
        parts = {
            "_api_access_key": self.key,
            "_api_name": "callService",
            "_api_timestamp": str(int(time.time() * 1000)),
            "_api_version": "1.0",
        }
        text = "&".join(f"{name}={parts[name]}" for name in sorted(parts))
        made = hmac.new(self.secret.encode(), text.encode(), hashlib.sha1).digest()
        return {**parts, "_api_signature": base64.b64encode(made).decode()}

    # Persons --------------------------------------------------------------------------------------------------

    def sign_in(self, operator: str = "T001", **more: Any) -> dict[str, Any]:
        """9001"""
        return self.send(
            "9001", {"signIn": {"opter_no": operator, "mac": "00-00-00-00-00-01", "ip": "10.0.0.1"}}, **more
        )

    def person(self, cert_no: str, name: str = "", **more: Any) -> dict[str, Any]:
        """1101, by identity card"""
        data = {"mdtrt_cert_type": "02", "mdtrt_cert_no": cert_no, "psn_cert_type": "01", "psn_name": name}
        return self.send("1101", {"data": data}, **more)

    # Outpatients ----------------------------------------------------------------------------------------------

    def register(self, person: str, insutype: str, at: datetime, case_no: str = "O1", **more: Any) -> dict[str, Any]:
        """2201; the visit is output["data"]["mdtrt_id"]"""
        data = {"psn_no": person, "insutype": insutype, "begntime": stamp(at), "ipt_otp_no": case_no, **_CARD, **_WARD}
        return self.send("2201", {"data": data}, **more)

    def cancel_registration(self, person: str, visit: str, case_no: str = "O1", **more: Any) -> dict[str, Any]:
        """2202"""
        return self.send("2202", {"data": {"psn_no": person, "mdtrt_id": visit, "ipt_otp_no": case_no}}, **more)

    def record(self, person: str, visit: str, at: datetime, med_type: str = "11", **more: Any) -> dict[str, Any]:
        """2203"""
        info = {"mdtrt_id": visit, "psn_no": person, "med_type": med_type, "begntime": stamp(at)}
        return self.send("2203", {"mdtrtinfo": info, "diseinfo": [{**_DIAGNOSIS, "diag_time": stamp(at)}]}, **more)

    def upload(
        self,
        person: str,
        visit: str,
        lines: Sequence[Line],
        at: datetime,
        batch: str = "B1",
        *,
        inpatient: bool = False,
        **more: Any,
    ) -> dict[str, Any]:
        """2204, or 2301 of a stay"""
        rows = [_line(line, person, visit, at, "" if inpatient else batch) for line in lines]
        return self.send("2301" if inpatient else "2204", {"feedetail": rows}, **more)

    def withdraw(self, person: str, visit: str, batch: str = "0000", **more: Any) -> dict[str, Any]:
        """2205"""
        return self.send("2205", {"data": {"mdtrt_id": visit, "chrg_bchno": batch, "psn_no": person}}, **more)

    def trial(self, person: str, visit: str, sums: Sums, insutype: str, **more: Any) -> dict[str, Any]:
        """2206"""
        return self._bill("2206", person, visit, sums, insutype, **more)

    def settle(self, person: str, visit: str, sums: Sums, insutype: str, **more: Any) -> dict[str, Any]:
        """2207; the settlement is output["setlinfo"]"""
        return self._bill("2207", person, visit, sums, insutype, **more)

    def cancel(self, person: str, visit: str, settlement: str, **more: Any) -> dict[str, Any]:
        """2208"""
        return self.send("2208", {"data": {"setl_id": settlement, "mdtrt_id": visit, "psn_no": person}}, **more)

    # Inpatients -----------------------------------------------------------------------------------------------

    def admit(self, person: str, insutype: str, at: datetime, case_no: str = "I1", **more: Any) -> dict[str, Any]:
        """2401; the visit is output["result"]["mdtrt_id"]"""
        info = {"psn_no": person, "insutype": insutype, "begntime": stamp(at), "med_type": "21", "ipt_no": case_no}
        info |= {**_CARD, **_WARD, **_ADMISSION}
        diagnosis = {**_DIAGNOSIS, "psn_no": person, "diag_time": stamp(at)}
        return self.send("2401", {"mdtrtinfo": info, "diseinfo": [diagnosis]}, **more)

    def amend(self, person: str, visit: str, at: datetime, **more: Any) -> dict[str, Any]:
        """2403, with another time of admission"""
        info = {"mdtrt_id": visit, "psn_no": person, "begntime": stamp(at), "med_type": "21", "ipt_otp_no": "I1"}
        return self.send("2403", {"adminfo": {**info, **_CARD, **_WARD, **_ADMISSION}}, **more)

    def discharge(self, person: str, visit: str, insutype: str, at: datetime, **more: Any) -> dict[str, Any]:
        """2402"""
        info = {"mdtrt_id": visit, "psn_no": person, "insutype": insutype, "endtime": stamp(at), "dscg_way": "1"}
        info |= {"dscg_dept_codg": "A03", "dscg_dept_name": "内科"}
        diagnosis = {**_DIAGNOSIS, "psn_no": person, "mdtrt_id": visit, "diag_time": stamp(at)}
        return self.send("2402", {"dscginfo": info, "diseinfo": [diagnosis]}, **more)

    def cancel_discharge(self, person: str, visit: str, **more: Any) -> dict[str, Any]:
        """2405"""
        return self.send("2405", {"data": {"mdtrt_id": visit, "psn_no": person}}, **more)

    def cancel_admission(self, person: str, visit: str, **more: Any) -> dict[str, Any]:
        """2404"""
        return self.send("2404", {"data": {"mdtrt_id": visit, "psn_no": person}}, **more)

    def withdraw_lines(self, person: str, visit: str, *numbers: str, **more: Any) -> dict[str, Any]:
        """2302, by line number; all without one"""
        rows = [{"feedetl_sn": sn, "mdtrt_id": visit, "psn_no": person} for sn in numbers or ("0000",)]
        return self.send("2302", {"data": rows}, **more)

    def trial_of_stay(self, person: str, visit: str, sums: Sums, insutype: str, **more: Any) -> dict[str, Any]:
        """2303"""
        return self._bill("2303", person, visit, sums, insutype, **more)

    def settle_stay(self, person: str, visit: str, sums: Sums, insutype: str, **more: Any) -> dict[str, Any]:
        """2304; the settlement is output["setlinfo"]"""
        return self._bill("2304", person, visit, sums, insutype, **more)

    def cancel_stay(self, person: str, visit: str, settlement: str, **more: Any) -> dict[str, Any]:
        """2305"""
        return self.send("2305", {"data": {"setl_id": settlement, "mdtrt_id": visit, "psn_no": person}}, **more)

    # Afterwards -----------------------------------------------------------------------------------------------

    def settlement(self, person: str, visit: str, settlement: str = "", **more: Any) -> dict[str, Any]:
        """5203, by number or, without one, the latest of the visit"""
        data = {"psn_no": person, "mdtrt_id": visit} | ({"setl_id": settlement} if settlement else {})
        return self.send("5203", {"data": data}, **more)

    def accumulators(self, person: str, month: str = "", **more: Any) -> dict[str, Any]:
        """5206"""
        data = {"psn_no": person} | ({"cum_ym": month} if month else {})
        return self.send("5206", {"data": data}, **more)

    def compensate(self, person: str, infno: str, msgid: str, **more: Any) -> dict[str, Any]:
        """2601: nothing of that message shall stand"""
        return self.send("2601", {"data": {"psn_no": person, "omsgid": msgid, "oinfno": infno}}, **more)

    def _bill(self, infno: str, person: str, visit: str, sums: Sums, insutype: str, **more: Any) -> dict[str, Any]:
        return self.send(infno, {"data": bill(infno, person, visit, sums, insutype)}, **more)


def bill(infno: str, person: str, visit: str, sums: Sums, insutype: str, batch: str = "B1") -> dict[str, Any]:
    """The `data` of a trial or settlement; `sums` as `sums_of` gives them, of all uploads of the batch or stay."""
    data = {"psn_no": person, "mdtrt_id": visit, "insutype": insutype, "psn_setlway": "01", "acct_used_flag": "1"}
    data |= {"invono": "", **_CARD, **sums}
    if infno in ("2206", "2207"):
        return {**data, "med_type": "11", "chrg_bchno": batch}
    return {**data, "mid_setl_flag": "0"}


def sums_of(*uploads: Mapping[str, Any]) -> dict[str, str]:
    """The total and its four parts, from the replies to uploads, as 2206 and 2207 want them."""
    rows = [row for upload in uploads for row in upload["result"]]
    return {wanted: str(sum((row[name] for row in rows), Decimal(0))) for wanted, name in _SUMS.items()}


def stamp(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _line(line: Line, person: str, visit: str, at: datetime, batch: str) -> dict[str, Any]:
    return {
        "feedetl_sn": line.sn,
        "init_feedetl_sn": line.refunds,
        "mdtrt_id": visit,
        "psn_no": person,
        "chrg_bchno": batch,
        "fee_ocur_time": stamp(at),
        "med_list_codg": line.code,
        "medins_list_codg": f"L-{line.code}"[:30],
        "det_item_fee_sumamt": line.amount,
        "cnt": line.count,
        "pric": f"{Decimal(line.amount) / Decimal(line.count):.6f}",
        "rx_circ_flag": "0",
        "med_type": "11" if batch else "21",
        "bilg_dept_codg": "A03",
        "bilg_dept_name": "内科",
        "bilg_dr_codg": "D1",
        "bilg_dr_name": "李示例",
        "hosp_appr_flag": "0",
    }


_SUMS = {
    "medfee_sumamt": "det_item_fee_sumamt",
    "fulamt_ownpay_amt": "fulamt_ownpay_amt",
    "overlmt_selfpay": "overlmt_amt",
    "preselfpay_amt": "preselfpay_amt",
    "inscp_scp_amt": "inscp_scp_amt",
}
_CARD = {"mdtrt_cert_type": "01", "mdtrt_cert_no": "TEST-CARD"}
_WARD = {"atddr_no": "D1", "dr_name": "李示例", "dept_code": "A03", "dept_name": "内科", "caty": "A03"}
_ADMISSION = {
    "chfpdr_name": "李示例",
    "adm_diag_dscr": "高血压",
    "adm_dept_codg": "A03",
    "adm_dept_name": "内科",
    "adm_bed": "1",
    "dscg_maindiag_code": "I10.x00",
    "dscg_maindiag_name": "高血压",
}
_DIAGNOSIS = {
    "diag_type": "1",
    "diag_srt_no": 1,
    "diag_code": "I10.x00",
    "diag_name": "高血压",
    "maindiag_flag": "1",
    "diag_dept": "内科",
    "dise_dor_no": "D1",
    "dise_dor_name": "李示例",
    "vali_flag": "1",
}
