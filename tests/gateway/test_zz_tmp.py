import random, json, collections
from tests.gateway.messages import body
from tests.gateway.test_scenarios import *
from tests.gateway.test_scenarios import (
    outpatient,
    admitted,
    visit_2201,
    record_2203,
    lines,
    admit_2401,
    discharge_2402,
    settle_2304,
    settle_2207,
)
from openyibao.gateway.dispatch import Request, answer
from openyibao.gateway import standards

W = {
    "text": ["x", "漢" * 5, "𠀀", "a'b\"c\\", "%s", "{}", "0000", "\u3000x", "-1", "'; DROP"],
    "number": [
        "0",
        "-0.01",
        "99999999999999.99",
        "-99999999999999.99",
        "1",
        "999999999999.9999",
        "9999999999.999999",
        "0.000001",
        "30000000.00",
        "30000000.01",
        "99",
    ],
    "date": ["1900-01-01", "2199-12-31", "2025-03-05", "2024-02-29", "2025-03-06"],
    "moment": [
        "1900-01-01",
        "2199-12-31T23:59:59",
        "2025-03-05T23:59:59.999",
        "2024-02-29 00:00:00",
        "2025-03-05 09:40:12",
    ],
    "area": ["371500", "371599", "110000", "000000", "370000"],
    "free": [
        {"origin": "transfer_up", "follows": "X"},
        {"ttp_pay_prop": 1},
        {"ttp_pay_prop": "0.3333"},
        "text",
        {"a": {"b": [1.5, {}]}},
        {"exclusion": "abroad"},
        {"follows": "漢"},
        {"ttp_advance": 1, "ttp_pay_prop": 0.5},
    ],
}


def test_fuzz():
    r = random.Random(int(__import__("os").environ.get("SEED","7")))
    e = insured()
    res = insured("resident", "adult")
    v, d = outpatient(e, "30.00")
    st = admitted(res, "500.00")
    pr = ask("2204", lines(e, v, "20.00", batch="B2"))
    sheet = list_4101(True)
    seeds = [
        ("2201", visit_2201(e)),
        ("2203", record_2203(e, v)),
        ("2203A", record_2203(e, v)),
        ("2204", lines(e, v, "1.00", "2.00", batch="Z")),
        ("2206", d),
        ("2207", d),
        ("2401", admit_2401(res)),
        ("2402", discharge_2402(res, st)),
        ("2301", lines(res, st, "1.00", "2.00", batch="Z")),
        ("2302", {"data": [{"feedetl_sn": "L-0", "mdtrt_id": st, "psn_no": res.psn_no}]}),
        ("2303", settle_2304(res, st, "500.00", mid_setl_flag="1")),
        ("2304", settle_2304(res, st, "500.00")),
        ("2403", {"adminfo": {**admit_2401(res)["mdtrtinfo"], "mdtrt_id": st, "ipt_otp_no": "1"}}),
        ("2205", {"data": {"mdtrt_id": v, "chrg_bchno": "B2", "psn_no": e.psn_no}}),
        ("2405", {"data": {"mdtrt_id": st, "psn_no": res.psn_no}}),
        ("2208", {"data": {"setl_id": "S", "mdtrt_id": v, "psn_no": e.psn_no}}),
        ("5203", {"data": {"mdtrt_id": v, "psn_no": e.psn_no}}),
        ("5206", {"data": {"psn_no": e.psn_no, "cum_ym": "202503"}}),
        ("4101", sheet),
        ("2601", {"data": {"psn_no": e.psn_no, "omsgid": "x", "oinfno": "2207"}}),
        ("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": e.identity.cert_no, "begntime": "2024-01-01"}}),
        ("2001", {"data": {"psn_no": e.psn_no, "insutype": "310", "med_type": "11", "begntime": "2025-03-05"}}),
        ("1312", {"data": {"updt_time": "2000-01-01", "page_num": 1, "page_size": 5}}),
        ("1201", {"medinsinfo": {"fixmedins_type": "1"}}),
        ("9001", {"signIn": {"opter_no": "1", "mac": "m", "ip": "i"}}),
    ]
    kinds = {}
    for inf, _ in seeds:
        t = standards.transactions()[inf]
        for f in standards.fields_of(t.fields_of, "in"):
            if f.field:
                kinds.setdefault((inf, f.node), []).append(f)
    c = collections.Counter()
    bugs = []
    import logging

    for i in range(5000):
        inf, data = r.choice(seeds)
        data = json.loads(json.dumps(data))
        for _ in range(r.choice((1, 1, 2, 3))):
            node = r.choice(list(data))
            rows = data[node] if isinstance(data[node], list) else [data[node]]
            fs = kinds.get((inf, node)) or []
            if not fs or not rows:
                continue
            f = r.choice(fs)
            row = r.choice(rows)
            if f.codes:
                row[f.field] = r.choice(standards.code_tables()[f.codes].codes).code
            elif r.random() < 0.1:
                row.pop(f.field, None)
            else:
                row[f.field] = r.choice(W[f.kind])
        raw = body(inf, data, fixmedins_code=HOSPITAL)
        out = json.loads(answer(Request("/fsi/api/rsfComIfsService/callService", {}, raw)))
        c[inf, out["warn_msg"].split(" ")[0]] += 1
        if out["warn_msg"] == "INTERNAL":
            bugs.append((inf, json.dumps(data, ensure_ascii=False)[:600], out["err_msg"]))
    print(c)
    for b in bugs[:20]:
        print(b)
    assert not bugs
