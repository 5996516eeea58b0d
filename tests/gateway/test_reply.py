"""Replies: exact amounts, every listed field, list nodes always lists."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from openyibao.gateway import reply

AT = datetime(2026, 1, 5, 1, 40, 11, 20_999, tzinfo=UTC)


def encoded(infno: str, output: dict[str, Any], **members: Any) -> tuple[dict[str, Any], str]:
    raw = reply.encode_reply("371500", AT, AT, output=reply.out_plan(infno).write(output), **members).decode()
    return json.loads(raw, parse_float=Decimal), raw


def test_the_envelope_of_a_reply() -> None:
    made, _ = encoded("2601", {})
    assert re.fullmatch(r"371500" + r"20260105094011" + r"[0-9]{10}", made["inf_refmsgid"])
    assert made["refmsg_time"] == made["respond_time"] == "20260105094011020"
    assert (made["infcode"], made["err_msg"], made["warn_msg"], made["cainfo"], made["signtype"]) == (0, "", "", "", "")
    assert made["output"] == {}
    refused = json.loads(reply.encode_reply("", AT, AT, error="不行", code="NOT_OFFERED"))
    assert (refused["infcode"], refused["err_msg"], refused["warn_msg"]) == (-1, "不行", "NOT_OFFERED")
    assert refused["inf_refmsgid"].startswith("000000")


def test_reply_numbers_differ() -> None:
    assert len({reply.message_number("371500", AT) for _ in range(5000)}) == 5000


def test_amounts_are_json_numbers_with_two_decimals() -> None:
    made, raw = encoded("2207", {"setlinfo": {"medfee_sumamt": 29, "balc": -5, "pool_prop_selfpay": 6000, "age": 450}})
    assert '"medfee_sumamt":0.29,' in raw
    assert '"balc":-0.05,' in raw
    assert '"pool_prop_selfpay":0.6000,' in raw
    assert '"hifp_pay":0.00,' in raw
    assert '"age":45.0,' in raw
    assert made["output"]["setldetail"] == []
    assert made["output"]["setlinfo"]["setl_id"] == ""


def test_large_amounts_stay_exact() -> None:
    _, raw = encoded("2207", {"setlinfo": {"medfee_sumamt": 9_007_199_254_740_993}})
    assert '"medfee_sumamt":90071992547409.93,' in raw


def test_only_listed_fields_leave_and_all_of_them() -> None:
    made, _ = encoded("2204", {"result": [{"feedetl_sn": "1", "cnt": 25000, "secret": "x"}], "more": {}})
    assert list(made["output"]) == ["result"]
    row = made["output"]["result"][0]
    assert "secret" not in row
    assert row["cnt"] == Decimal("2.5000")
    assert all(value is not None for value in row.values())
    assert row["pric_uplmt_amt"] == Decimal("0.000000")


def test_dates_and_times() -> None:
    made, _ = encoded("2207", {"setlinfo": {"brdy": date(1960, 2, 29), "setl_time": AT}})
    assert made["output"]["setlinfo"]["brdy"] == "1960-02-29"
    assert made["output"]["setlinfo"]["setl_time"] == "2026-01-05 09:40:11"


def test_one_institution_is_an_object_several_are_a_list() -> None:
    one, _ = encoded("1201", {"medinsinfo": {"fixmedins_code": "H1"}})
    assert one["output"]["medinsinfo"]["fixmedins_code"] == "H1"
    two, _ = encoded("1201", {"medinsinfo": [{"fixmedins_code": "H1"}, {"fixmedins_code": "H2"}]})
    assert [row["fixmedins_code"] for row in two["output"]["medinsinfo"]] == ["H1", "H2"]


def test_prose_is_cut_and_codes_are_not() -> None:
    made, _ = encoded("2207", {"setldetail": [{"setl_proc_info": "算" * 5000, "fund_pay_type": "999997001"}]})
    row = made["output"]["setldetail"][0]
    assert (len(row["setl_proc_info"]), row["fund_pay_type"]) == (4000, "999997001")


def test_reasons_are_bounded() -> None:
    assert reply.shortened("错" * 5000, False) == "错" * 3999 + "…"
    assert len(reply.shortened("错" * 5000, True)) == 200
    assert reply.shortened("错", True) == "错"
