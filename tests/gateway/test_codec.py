"""From bytes to typed nodes: the quirks of real callers, strict mode, and every fault at once."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest

from openyibao.gateway.envelope import Envelope, decode_json, open_envelope
from openyibao.gateway.errors import FieldsInvalid, NotJson, NotUtf8, TooDeep, TooManyLines
from openyibao.gateway.plan import form_of, plan_for
from openyibao.gateway.values import Num
from openyibao.kernel.clock import SHANGHAI
from tests.gateway.messages import (
    DICTIONARY_1901,
    INSTITUTION,
    LINE,
    PERSON_1101,
    SETTLE_2207,
    body,
    lines_2204,
    list_4101,
)


def opened(raw: bytes, strict: bool = False) -> Envelope:
    return open_envelope(decode_json(raw, 12), strict, 12)


def read(infno: str, data: Any, *, strict: bool = False, lines: int = 2000) -> dict[str, Any]:
    envelope = opened(body(infno, data), strict)
    return plan_for(infno, form_of(infno, envelope.input), strict).read(envelope.input, lines)


def faults(infno: str, data: Any, *, strict: bool = False) -> dict[str, str]:
    with pytest.raises(FieldsInvalid) as caught:
        read(infno, data, strict=strict)
    return {fault.path: f"{fault.wrong}|{fault.right}" for fault in caught.value.fields}


def changed(data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"data": {**data["data"], **changes}}


# Numbers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "fen"),
    [
        ("500.25", 50025),
        ('"500.25"', 50025),
        ('" 500.25 "', 50025),
        ("500", 50000),
        ('"500"', 50000),
        ("500.1", 50010),
        ("500.100", 50010),
        ("-0.01", -1),
        ("0", 0),
        ("99999999999999.99", 9999999999999999),
        ("0.29", 29),
        ("1.005e0", None),
        ("1e5", None),
        ("1E-2", None),
        ("1e400", None),
        ("500.255", None),
        ("100000000000000.00", None),
        ("123456789012345678901234567890", None),
        ('"1,000"', None),
        ('"５００"', None),
        ('"0x10"', None),
        ('"NaN"', None),
        ('"-"', None),
        ("true", None),
        ("[1]", None),
        ('{"a":1}', None),
    ],
)
def test_amounts_come_exactly_or_not_at_all(written: str, fen: int | None) -> None:
    raw = body("2207", changed(SETTLE_2207, medfee_sumamt="@")).replace(b'"@"', written.encode())
    envelope = opened(raw)
    if fen is None:
        with pytest.raises(FieldsInvalid) as caught:
            plan_for("2207", "", False).read(envelope.input, 10)
        assert [fault.path for fault in caught.value.fields] == ["data.medfee_sumamt"]
    else:
        assert plan_for("2207", "", False).read(envelope.input, 10)["data"]["medfee_sumamt"] == fen


@pytest.mark.parametrize("written", ["NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "9" * 5000])
def test_what_json_has_no_number_for_is_no_json(written: str) -> None:
    raw = body("2207", changed(SETTLE_2207, medfee_sumamt="@")).replace(b'"@"', written.encode())
    with pytest.raises(NotJson):
        opened(raw)


def test_fractions_are_never_floats() -> None:
    assert type(decode_json(b'{"a": 0.1}', 3)["a"]) is Num


def test_quantities_and_prices_keep_their_decimals() -> None:
    line = read("2204", lines_2204(1, cnt="0.0001", pric=1234.000001))["feedetail"][0]
    assert (line["cnt"], line["pric"], line["det_item_fee_sumamt"]) == (1, 1_234_000_001, 1250)
    assert "prd_days" not in line


# Quirks of callers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("empty", ["null", "NULL", "", None, ...])
def test_unused_envelope_members_come_in_every_form(empty: object) -> None:
    envelope = opened(body("1101", PERSON_1101, sign_no=empty, cainfo=empty, insuplc_admdvs=empty, inf_time=empty))
    assert (envelope.sign_no, envelope.insured_area, envelope.sent_at) == ("", "", None)


def test_a_bare_envelope_is_enough() -> None:
    raw = {"infno": 1101, "msgid": "M1", "fixmedins_code": INSTITUTION, "input": PERSON_1101, "unknown": {"x": [1]}}
    assert opened(json.dumps(raw).encode()).infno == "1101"


def test_input_may_be_text() -> None:
    envelope = opened(body("1101", json.dumps(PERSON_1101, ensure_ascii=False)))
    assert envelope.input == PERSON_1101
    with pytest.raises(FieldsInvalid, match="不是合法的 JSON"):
        opened(body("1101", '{"data": '))


def test_a_byte_order_mark_is_left_out() -> None:
    assert opened(b"\xef\xbb\xbf" + body("1101", PERSON_1101)).infno == "1101"


def test_gbk_is_told_from_other_bytes() -> None:
    with pytest.raises(NotUtf8, match="GBK"):
        decode_json(body("1101", PERSON_1101).decode().encode("gbk"), 12)
    with pytest.raises(NotUtf8, match="不是 UTF-8"):
        decode_json(b'{"a": "\xff\xff"}', 12)


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"[]", b'"x"', b"{", b'{"a": 1,}', b'{"a": "\\ud800"}', b'{"a": "\x01"}']
)
def test_what_is_no_json_object(raw: bytes) -> None:
    with pytest.raises(NotJson):
        decode_json(raw, 12)


def test_depth_is_limited() -> None:
    assert decode_json(b"[" * 0 + b'{"a": ' * 11 + b"1" + b"}" * 11, 12)
    for depth in (13, 500, 100_000):
        with pytest.raises(TooDeep):
            decode_json(b'{"a": ' * depth + b"1" + b"}" * depth, 12)
        with pytest.raises(TooDeep):
            opened(body("1101", '{"a": ' * depth + "1" + "}" * depth))


def test_a_list_node_may_be_one_object() -> None:
    assert len(read("2204", {"feedetail": LINE})["feedetail"]) == 1
    assert read("1101", {"data": [PERSON_1101["data"]]})["data"]["certno"] == "TEST-ID-0001"


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2026-01-05 09:15:30", 9),
        ("2026-01-05T09:15:30", 9),
        ("2026-01-05T09:15:30.123", 9),
        ("2026-01-05T09:15:30+08:00", 9),
        ("2026-01-05T01:15:30Z", 9),
        ("2026-01-05 09:15", 9),
        ("2026-01-05", 0),
    ],
)
def test_times_come_with_t_or_as_dates(written: str, hour: int) -> None:
    found = read("2204", lines_2204(1, fee_ocur_time=written))["feedetail"][0]["fee_ocur_time"]
    assert (found.date(), found.hour, found.tzinfo) == (date(2026, 1, 5), hour, SHANGHAI)


def test_dates_may_have_a_time_part() -> None:
    found = read("2303", changed(SETTLE_2207, dscgTime="2026-01-09 10:00:00"))
    assert found["data"]["dscgTime"] == date(2026, 1, 9)
    full = list_4101(True)
    full["setlinfo"]["brdy"] = "1960-02-29 00:00:00"
    assert read("4101", full)["setlinfo"]["brdy"] == date(1960, 2, 29)


@pytest.mark.parametrize(
    "written",
    [
        "2026-02-30",
        "2026-13-01",
        "20260105",
        "2026-1-5",
        "今天",
        20260105,
        "2026-W01-1",
        "0001-01-01",
        "9999-12-31",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "2026-01-05T24:00:00Z",
        "2026-01-05T00:00:00+99:99",
    ],
)
def test_what_is_no_date(written: object) -> None:
    assert "data.dscgTime" in faults("2303", changed(SETTLE_2207, dscgTime=written))


def test_empty_numbers_and_texts_are_absent() -> None:
    found = read("2207", changed(SETTLE_2207, fulamt_ownpay_amt=0, invono="null", overlmt_selfpay=0))["data"]
    assert "invono" not in found
    assert found["overlmt_selfpay"] == 0
    assert faults("2207", changed(SETTLE_2207, medfee_sumamt="")) == {"data.medfee_sumamt": "必填而没有填|"}


def test_line_numbers_may_be_text_or_numbers() -> None:
    assert read("2204", lines_2204(1, feedetl_sn="XM5129673"))["feedetail"][0]["feedetl_sn"] == "XM5129673"
    assert read("2204", lines_2204(1, feedetl_sn=5129673))["feedetail"][0]["feedetl_sn"] == "5129673"


@pytest.mark.parametrize(("infno", "field", "written", "meant"), [
    ("2201", "psn_type", "1404", "1404"),
    ("2201", "psn_type", "156031", "156031"),
    ("2201", "psn_type", 11, "11"),
    ("2201", "mdtrt_cert_type", "2", "02"),
    ("2201", "insutype", 310, "310"),
    ("2201", "caty", "A03.05", "A03.05"),
])  # fmt: skip
def test_codes_with_local_digits_or_without_zeros(infno: str, field: str, written: object, meant: str) -> None:
    data = {
        "psn_no": "P1",
        "insutype": "310",
        "begntime": "2026-01-05T09:00:00",
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": "X",
        "ipt_otp_no": "O1",
        "dept_code": "A03",
        "dept_name": "内科",
        "caty": "A03",
        field: written,
    }
    assert read(infno, {"data": data})["data"][field] == meant


def test_leading_zeros_of_flags() -> None:
    visit = {
        "mdtrtinfo": {"mdtrt_id": "V1", "psn_no": "P1", "med_type": "11", "begntime": "2026-01-05 09:00:00"},
        "diseinfo": {
            "diag_type": "1",
            "diag_srt_no": "01",
            "diag_code": "I10.x00",
            "diag_name": "高血压",
            "diag_dept": "内科",
            "dise_dor_no": "D1",
            "dise_dor_name": "李示例",
            "diag_time": "2026-01-05",
            "vali_flag": "01",
        },
    }
    for infno in ("2203", "2203A"):
        found = read(infno, visit)["diseinfo"][0]
        assert (found["vali_flag"], found["diag_srt_no"]) == ("1", 1)
    full = list_4101(True)
    full["setlinfo"]["naty"] = "01"
    assert read("4101", full)["setlinfo"]["naty"] == "1"


@pytest.mark.parametrize("absent", ["", "null", None, ...])
def test_1101_without_certificate_and_name(absent: object) -> None:
    data = {**PERSON_1101["data"], "certno": absent, "psn_name": absent}
    found = read("1101", {"data": {key: value for key, value in data.items() if value is not ...}})["data"]
    assert "certno" not in found
    assert found["mdtrt_cert_no"] == "TEST-ID-0001"


def test_2001_with_an_area_for_an_institution() -> None:
    data = {"psn_no": "P1", "insutype": "310", "fixmedins_code": "371500", "med_type": "11", "begntime": "2026-01-05"}
    assert read("2001", {"data": data})["data"]["fixmedins_code"] == "371500"
    del data["fixmedins_code"]
    assert read("2001", {"data": data})


def test_4101_in_both_shapes() -> None:
    older, newer = list_4101(True), list_4101(False)
    assert (form_of("4101", older), form_of("4101", newer)) == ("full", "clinical")
    assert "psn_no" not in read("4101", older)["setlinfo"]
    assert read("4101", older)["iteminfo"][0]["amt"] == 20050
    assert read("4101", newer)["setlinfo"]["spga_nurscare_days"] == 15
    newer["setlinfo"]["coner_name"] = "赵示例"
    assert set(faults("4101", newer)) == {f"setlinfo.{name}" for name in ("patn_rlts", "coner_addr", "coner_tel")}


@pytest.mark.parametrize("key", ["exp_content", "expContent"])
@pytest.mark.parametrize("value", [{"er_flag": "1"}, '{"er_flag": "1"}'])
def test_extension_content_is_json_or_text(key: str, value: object) -> None:
    found = read("2404", {"data": {"mdtrt_id": "V1", "psn_no": "P1", key: value}})
    assert found["data"]["exp_content"] == {"er_flag": "1"}
    found = read("2404", {"data": {"mdtrt_id": "V1", "psn_no": "P1"}, key: value})
    assert found["exp_content"] == {"er_flag": "1"}
    assert read("2404", {"data": {"mdtrt_id": "V1", "psn_no": "P1", key: "A|B"}})["data"]["exp_content"] == "A|B"


def test_keys_in_other_spellings() -> None:
    assert read("2303", changed(SETTLE_2207, dscg_time="2026-01-09"))["data"]["dscgTime"] == date(2026, 1, 9)
    base = {"type": "gend", "admdvs": "371500", "date": "2026-01-05"}
    for data in (
        {"data": {**base, "valiFlag": "1"}},
        {"data": {**base, "Vali_Flag": "1"}},
        {"data": base, "valiFlag": "1"},
    ):
        assert read("1901", data)["data"]["Vali_Flag"] == "1"


def test_city_and_province_level_areas() -> None:
    for written, meant in (("371599", "371500"), ("379900", "370000"), ("371502", "371502"), ("110000", "110000")):
        assert read("1901", changed(DICTIONARY_1901, admdvs=written))["data"]["admdvs"] == meant
    for written in ("3715", "37150A", "379999", "371577", "990000", "３７１５００"):
        assert set(faults("1901", changed(DICTIONARY_1901, admdvs=written))) == {"data.admdvs"}


def test_message_numbers_may_be_uuids() -> None:
    number = "6f1c2d7e-3b5a-4f0e-9d2c-8a7b6c5d4e3f"
    assert opened(body("1101", PERSON_1101, msgid=number)).msgid == number


def test_control_characters_never_come_through() -> None:
    for bad in ("a\x00b", "a\x1bb", "a\u202eb"):
        assert set(faults("1101", changed(PERSON_1101, psn_name=bad))) == {"data.psn_name"}
    assert set(faults("2404", {"data": {"mdtrt_id": "V", "psn_no": "P", "exp_content": {"a": "\x00"}}})) == {
        "data.exp_content"
    }
    with pytest.raises(FieldsInvalid):
        opened(body("1101", PERSON_1101, msgid="a\x00b"))


# Faults -------------------------------------------------------------------------------------------------------------


def test_every_fault_is_told_at_once_with_its_place() -> None:
    data = lines_2204(4)
    data["feedetail"][3].update(cnt="abc", det_item_fee_sumamt="1.234", fee_ocur_time="昨天", hosp_appr_flag="7")
    del data["feedetail"][1]["med_list_codg"]
    data["feedetail"][2] = "不是对象"
    data["feedetail"][0]["bilg_dept_name"] = "科" * 101
    found = faults("2204", data)
    assert set(found) == {
        "feedetail[0].bilg_dept_name",
        "feedetail[1].med_list_codg",
        "feedetail[2]",
        "feedetail[3].cnt",
        "feedetail[3].det_item_fee_sumamt",
        "feedetail[3].fee_ocur_time",
        "feedetail[3].hosp_appr_flag",
    }
    assert found["feedetail[0].bilg_dept_name"] == "长 101 个字符|至多 100 个字符"
    assert "0 无须审批" in found["feedetail[3].hosp_appr_flag"]


def test_faults_of_the_envelope_are_told_at_once() -> None:
    with pytest.raises(FieldsInvalid) as caught:
        opened(body("", PERSON_1101, msgid=..., fixmedins_code="", opter_type="9", mdtrtarea_admvs="3715"))
    assert {fault.path for fault in caught.value.fields} == {
        *("infno", "msgid", "fixmedins_code", "opter_type", "mdtrtarea_admvs"),
    }


def test_missing_nodes() -> None:
    assert set(faults("2204", {})) == {"feedetail"}
    assert set(faults("2204", {"feedetail": []})) == {"feedetail"}
    assert set(faults("2207", {"data": "x"})) == {"data"}
    assert set(faults("2401", {})) == {"mdtrtinfo", "diseinfo"}


def test_many_faults_are_counted_but_not_all_written() -> None:
    data = lines_2204(300, cnt="x")
    with pytest.raises(FieldsInvalid) as caught:
        read("2204", data)
    assert (caught.value.count, len(caught.value.fields)) == (300, 100)


def test_the_number_of_lines_is_limited() -> None:
    with pytest.raises(TooManyLines, match="2001 行"):
        read("2204", lines_2204(2001))


# Strict mode --------------------------------------------------------------------------------------------------------


def test_strict_mode_wants_the_printed_form() -> None:
    line = {**LINE, "feedetl_sn": "1"}
    assert read("1101", {"data": {**PERSON_1101["data"], "begntime": "2026-01-05 00:00:00"}}, strict=False)
    strict_envelope = {"cainfo": "", "dev_no": "", "dev_safe_info": "", "sign_no": ""}
    envelope = open_envelope(decode_json(body("2204", {"feedetail": [line]}, **strict_envelope), 12), True, 12)
    assert plan_for("2204", "", True).read(envelope.input, 10)

    def refused(data: Any) -> set[str]:
        with pytest.raises(FieldsInvalid) as caught:
            plan_for("2204", "", True).read(decode_json(json.dumps(data).encode(), 12), 10)
        return {fault.path for fault in caught.value.fields}

    assert refused({"feedetail": line}) == {"feedetail"}
    assert refused({"feedetail": [{**line, "cnt": "2.5"}]}) == {"feedetail[0].cnt"}
    assert refused({"feedetail": [{**line, "surplus": 1}]}) == {"feedetail[0].surplus"}
    assert refused({"feedetail": [line], "surplus": {}}) == {"surplus"}
    assert refused({"feedetail": [{**line, "hosp_appr_flag": "01"}]}) == {"feedetail[0].hosp_appr_flag"}


def test_strict_mode_wants_the_whole_envelope() -> None:
    raw = {"infno": "1101", "msgid": "M1", "fixmedins_code": INSTITUTION, "input": PERSON_1101}
    with pytest.raises(FieldsInvalid) as caught:
        open_envelope(raw, True, 12)
    assert {"opter", "inf_time", "infver", "mdtrtarea_admvs"} <= {fault.path for fault in caught.value.fields}
    with pytest.raises(FieldsInvalid, match="交易输入"):
        opened(body("1101", json.dumps(PERSON_1101)), strict=True)


# Repeats ------------------------------------------------------------------------------------------------------------


def test_a_repeat_is_known_by_its_input() -> None:
    first = opened(body("2207", SETTLE_2207, msgid="M1"))
    again = {"data": dict(reversed(SETTLE_2207["data"].items()))}
    assert opened(body("2207", again, msgid="M1", inf_time="2026-01-05 09:16:00")).canonical() == first.canonical()
    assert opened(body("2207", json.dumps(SETTLE_2207), msgid="M1")).canonical() == first.canonical()
    other = changed(SETTLE_2207, medfee_sumamt=500.26)
    assert opened(body("2207", other, msgid="M1")).canonical() != first.canonical()
    assert opened(body("2207", SETTLE_2207, msgid="M2")).canonical() != first.canonical()


def test_times_are_aware() -> None:
    found = opened(body("1101", PERSON_1101)).sent_at
    assert found == datetime(2026, 1, 5, 9, 15, 30, tzinfo=SHANGHAI)
