"""What several families of transactions share: the caller, circumstances from extension content, settlement replies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from openyibao.gateway.errors import FieldFault, FieldsInvalid
from openyibao.gateway.handlers.base import Call
from openyibao.gateway.standards import extensions
from openyibao.gateway.values import Num, Wrong, number_reader
from openyibao.kernel.clock import SHANGHAI
from openyibao.settlement.contracts import Caller, Circumstances, Claimed, Diagnosis, Settlement

NUMBERED = ("02", "01")
ORIGINS = ("", "emergency", "transfer_up", "transfer_down")
EXCLUSIONS = ("", "work_injury", "third_party", "public_health", "abroad")
_ratio = number_reader(5, 4, False)
_count = number_reader(2, 0, False)
Row = Mapping[str, Any]


def caller_of(call: Call) -> Caller:
    """The sender of a message, as the settlement room wants it."""
    return Caller(
        actor=call.actor,
        institution_code=call.institution_code,
        msgid=call.msgid,
        infno=call.infno,
        at=call.at,
        operator=call.operator_name or call.operator_no,
    )


def claimed(row: Row) -> Claimed:
    """Identity the message states for the person; a certificate number by 02 (居民身份证) counts as one."""
    number = row.get("certno", "")
    if not number and row.get("mdtrt_cert_type") == "02":
        number = row.get("mdtrt_cert_no", "")
    return Claimed(cert_no=number, name=row.get("psn_name", ""))


def circumstances(call: Call, *rows: Row) -> Circumstances:
    """What the fields and extension content of a message say beside the bill (standards/extensions.csv).

    Raises: FieldsInvalid for a known key with a value that means nothing.
    """
    found: dict[str, Any] = {}
    faults: list[FieldFault] = []
    for source in _sources(call, rows):
        for key, value in source.items():
            for rule in extensions().get(key, ()):
                try:
                    meant = _meaning(rule.value, rule.means, value)
                except Wrong as wrong:
                    faults.append(FieldFault(key, "扩展字段", wrong.wrong, wrong.right))
                    continue
                if meant is not None:
                    found[rule.member] = meant
    for member, allowed in (("origin", ORIGINS), ("exclusion", EXCLUSIONS)):
        if found.get(member, "") not in allowed:
            faults.append(FieldFault(member, "扩展字段", "不在可取值之内", "、".join(allowed[1:])))
    if faults:
        raise FieldsInvalid(faults)
    return Circumstances(**found)


def _sources(call: Call, rows: Iterable[Row]) -> Iterable[Row]:
    for row in (call.data, *rows):
        content = row.get("exp_content")
        if isinstance(content, Mapping):
            yield content
    yield from rows


def _meaning(wanted: str, means: str, value: Any) -> Any:
    if value is None or value == "" or isinstance(value, dict | list):
        return None
    if wanted == "*":
        text = str(value).strip()
        if len(text) > 40 or not text.isprintable():
            raise Wrong("过长或含控制字符", "至多 40 个字符")
        return text
    if wanted in ("ratio", "integer"):
        read = (_ratio if wanted == "ratio" else _count)(Num(value))
        if read is None or not 0 <= read <= 10_000:
            raise Wrong("不在范围之内", "0 到 1" if wanted == "ratio" else "0 到 99")
        return read
    if str(value) != wanted:
        return None
    return means == "true"


def diagnoses(rows: Iterable[Row]) -> tuple[Diagnosis, ...]:
    """Diagnoses of a visit without those marked invalid (vali_flag 0); the first is the main one if none says so."""
    kept = [row for row in rows if row.get("vali_flag", "1") != "0"]
    main = any(row.get("maindiag_flag") == "1" for row in kept)
    return tuple(
        Diagnosis(
            kind=row.get("diag_type", ""),
            order=row.get("diag_srt_no", at + 1),
            code=row.get("diag_code", ""),
            name=row.get("diag_name", ""),
            main=row.get("maindiag_flag") == "1" if main else at == 0,
            doctor_code=row.get("dise_dor_no", ""),
            doctor_name=row.get("dise_dor_name", ""),
            dept=row.get("diag_dept", ""),
            at=text_of(row["diag_time"]) if "diag_time" in row else "",
        )
        for at, row in enumerate(kept)
    )


def text_of(value: Any) -> Any:
    """A typed value as plain JSON: dates and times as text, the rest as it is."""
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: text_of(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [text_of(one) for one in value]
    return value


def kept(row: Row, *names: str) -> dict[str, Any]:
    """Fields that are kept as sent, as plain JSON."""
    return {name: text_of(row[name]) for name in names if name in row}


def ratio_e4(part: int, whole: int) -> int:
    """`part` of `whole` in ten-thousandths, half up; 0 of nothing."""
    if not whole:
        return 0
    part, whole = (abs(part), abs(whole))
    return (2 * part * 10_000 + whole) // (2 * whole)


def age_tenths(born_on: date | None, day: date) -> int:
    """Full years of age on a day, in tenths as the field has one decimal."""
    if born_on is None:
        return 0
    return 10 * max(0, day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day)))


def settlement_output(found: Settlement, cert_type: str = "") -> dict[str, Any]:
    """`setlinfo` and `setldetail` of a settlement, trial or cancellation; every spelling of a field that is in use."""
    person, money = found.person, found.amounts
    info: dict[str, Any] = {
        **money,
        "mdtrt_id": found.visit_no,
        "setl_id": found.settlement_no,
        "psn_no": person.person_no,
        "psn_name": person.name,
        "psn_cert_type": person.cert_type,
        "certno": person.cert_no,
        "gend": person.gender,
        "naty": person.ethnicity,
        "brdy": person.born_on,
        "age": age_tenths(person.born_on, found.decided_on),
        "insutype": found.insutype,
        "psn_type": person.psn_type,
        "cvlserv_flag": "1" if person.civil_servant else "0",
        "setl_time": found.settled_at,
        "mdtrt_cert_type": cert_type,
        "med_type": found.med_type,
        "pool_prop_selfpay": ratio_e4(money["hifp_pay"], money["inscp_scp_amt"] - money["act_pay_dedc"]),
        "pdn_cash_pay": money["psn_cash_pay"],
        "cash_payamt": money["psn_cash_pay"],
        "psn_pay": money["psn_part_amt"],
        "medins_setl_id": found.msgid,
        "clr_optins": found.insured_area,
        "clr_way": found.clearing_way,
        "clr_type": found.clearing_type,
        "invono": found.invoice_no,
        "crt_dedc": money["act_pay_dedc"],
        "insu_admdvs": found.insured_area,
        "begndate": found.begun_on,
        "enddate": found.ended_on,
    }
    return {"setlinfo": info, "setldetail": [_fund(part) for part in found.funds]}


def _fund(part: Any) -> dict[str, Any]:
    return {
        "fund_pay_type": part.fund_pay_type,
        "inscp_scp_amt": part.base_fen,
        "crt_payb_lmt_amt": max(part.limit_left_fen, 0),
        "fund_payamt": part.paid_fen,
        "fund_pay_type_name": part.name,
        "setl_proc_info": part.steps,
    }
