"""What fits the tables but makes little sense reaches the rooms below: each answers it, none breaks."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from openyibao.foundation import sql
from openyibao.gateway import dispatch, standards
from openyibao.gateway.dispatch import Request, answer
from openyibao.gateway.options import Options
from tests.gateway import test_scenarios as scenarios
from tests.gateway.messages import ENTRY, SIGN_IN_9001, body, list_4101
from tests.gateway.world import HOSPITAL, ask, insured, prepare, still_clock

ODD: dict[str, list[Any]] = {
    "text": ["x", "漢" * 5, "𠀀", "a'b\"c\\", "%s", "{}", "0000", "\u3000x", "-1", "'; DROP", "‘’", "NULL "],
    "number": ["0", "-0.01", "99999999999999.99", "-99999999999999.99", "1", "30000000.01", "0.000001", "99", "7.5"],
    "date": ["1900-01-01", "2199-12-31", "2025-03-05", "2024-02-29", "2025-03-06"],
    "moment": ["1900-01-01", "2199-12-31T23:59:59", "2025-03-05T23:59:59.999", "2024-02-29", "2025-03-05 09:40:12"],
    "month": ["202502", "190001", "2199-12"],
    "area": ["371500", "371599", "110000", "000000", "370000"],
    "free": [
        {"origin": "transfer_up", "follows": "X"},
        {"ttp_pay_prop": 1},
        {"ttp_pay_prop": "0.3333", "ttp_advance": 1},
        "text",
        {"a": {"b": [1.5, {}]}},
        {"exclusion": "abroad"},
        {"follows": "漢"},
    ],
}


@pytest.fixture(scope="module", autouse=True)
def world(db: str) -> Iterator[None]:
    prepare()
    with still_clock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatch, "options", lambda: Options(per_second=0))
        dispatch._limiter.cache_clear()
        yield
    dispatch._limiter.cache_clear()


def seeds() -> list[tuple[str, dict[str, Any]]]:
    """Messages that would succeed, of two persons with open visits."""
    e, r = insured(), insured("resident", "adult")
    visit, bill = scenarios.outpatient(e, "30.00")
    stay = scenarios.admitted(r, "500.00")
    ask("2204", scenarios.lines(e, visit, "20.00", batch="B2"))
    person, lodger = {"psn_no": e.psn_no, "mdtrt_id": visit}, {"psn_no": r.psn_no, "mdtrt_id": stay}
    amended = {**scenarios.admit_2401(r)["mdtrtinfo"], **lodger, "ipt_otp_no": "1"}
    check = {"psn_no": e.psn_no, "insutype": "310", "med_type": "11", "begntime": "2025-03-05"}
    return [
        ("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": e.identity.cert_no, "begntime": "2024-01-01"}}),
        ("1201", {"medinsinfo": {"fixmedins_type": "1"}}),
        ("1312", {"data": {"updt_time": "2000-01-01", "page_num": 1, "page_size": 5}}),
        ("2001", {"data": check}),
        ("2201", scenarios.visit_2201(e)),
        ("2203", scenarios.record_2203(e, visit)),
        ("2203A", scenarios.record_2203(e, visit)),
        ("2204", scenarios.lines(e, visit, "1.00", "2.00", batch="Z")),
        ("2205", {"data": {**person, "chrg_bchno": "B2"}}),
        ("2206", bill),
        ("2207", bill),
        ("2208", {"data": {**person, "setl_id": "S"}}),
        ("2301", scenarios.lines(r, stay, "1.00", "2.00", batch="Z")),
        ("2302", {"data": [{**lodger, "feedetl_sn": "L-0"}]}),
        ("2303", scenarios.settle_2304(r, stay, "500.00", mid_setl_flag="1")),
        ("2304", scenarios.settle_2304(r, stay, "500.00")),
        ("2401", scenarios.admit_2401(r)),
        ("2402", scenarios.discharge_2402(r, stay)),
        ("2403", {"adminfo": amended}),
        ("2405", {"data": lodger}),
        ("2601", {"data": {"psn_no": e.psn_no, "omsgid": "x", "oinfno": "2207"}}),
        ("4101", list_4101(True)),
        ("5203", {"data": person}),
        ("5206", {"data": {"psn_no": e.psn_no, "cum_ym": "202503"}}),
        ("9001", SIGN_IN_9001),
    ]


def odd(draw: random.Random, infno: str, data: dict[str, Any]) -> dict[str, Any]:
    """The message with up to three fields changed to odd values of their own kind, or left out."""
    made: dict[str, Any] = json.loads(json.dumps(data))
    fields = standards.fields_of(standards.transactions()[infno].fields_of, "in")
    for _ in range(draw.choice((1, 1, 2, 3))):
        node = draw.choice(list(made))
        known = [one for one in fields if one.node == node and one.field]
        one = draw.choice(known)
        row = draw.choice(made[node] if isinstance(made[node], list) else [made[node]])
        if draw.random() < 0.1:
            row.pop(one.field, None)
        elif one.codes:
            row[one.field] = draw.choice(standards.code_tables()[one.codes].codes).code
        else:
            row[one.field] = draw.choice(ODD[one.kind])
    return made


@pytest.mark.parametrize("count", [300, pytest.param(6000, marks=pytest.mark.slow)])
def test_no_odd_value_breaks_a_room(count: int) -> None:
    draw = random.Random(count)
    messages = seeds()
    codes: Counter[str] = Counter()
    for _ in range(count):
        infno, data = draw.choice(messages)
        data = odd(draw, infno, data)
        reply = json.loads(answer(Request(ENTRY, {}, body(infno, data, fixmedins_code=HOSPITAL))))
        codes[reply["warn_msg"].partition(" ")[0]] += 1
        assert reply["warn_msg"] not in ("INTERNAL", "TRY_AGAIN"), f"{infno} {data}"
    assert len(codes) > 10
    assert sql.one("SELECT count(*) FROM gateway_message WHERE state = 'done' AND reply = ''::bytea AND code = ''") == (
        0,
    )
