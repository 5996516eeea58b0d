"""Every transaction offered, end to end on the real rooms: what is asked, done, undone, queried and compensated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from openyibao.foundation import sql
from openyibao.foundation.actors import SYSTEM
from openyibao.people import facade as people
from tests.gateway.messages import LINE, list_4101, msgid
from tests.gateway.world import (
    CLINIC,
    DRUG,
    HOSPITAL,
    NOW,
    Insured,
    ask,
    insured,
    prepare,
    refused,
    reply_of,
    send,
    still_clock,
)
from tests.support.actors import actor

TODAY = "2025-03-05"
AT = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def world(db: str) -> Iterator[None]:
    prepare()
    with still_clock():
        yield


@pytest.fixture
def employee() -> Insured:
    return insured()


def visit_2201(who: Insured, **more: Any) -> dict[str, Any]:
    return {
        "data": {
            "psn_no": who.psn_no,
            "insutype": who.insutype,
            "begntime": f"{TODAY}T09:00:00",
            "ipt_otp_no": "O0001",
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": who.identity.cert_no,
            "atddr_no": "D1",
            "dr_name": "李示例",
            "dept_code": "A03",
            "dept_name": "内科",
            "caty": "A03",
            **more,
        }
    }


def record_2203(who: Insured, visit: str, med_type: str = "11", **more: Any) -> dict[str, Any]:
    diagnosis = {
        "diag_type": "1",
        "diag_srt_no": 1,
        "diag_code": "I10.x00",
        "diag_name": "高血压",
        "diag_dept": "内科",
        "dise_dor_no": "D1",
        "dise_dor_name": "李示例",
        "diag_time": TODAY,
        "vali_flag": "1",
    }
    info = {"mdtrt_id": visit, "psn_no": who.psn_no, "med_type": med_type, "begntime": f"{TODAY} 09:05:00", **more}
    return {"mdtrtinfo": info, "diseinfo": [diagnosis]}


def lines(who: Insured, visit: str, *amounts: str, batch: str = "B1", code: str = DRUG) -> dict[str, Any]:
    return {
        "feedetail": [
            {
                **LINE,
                "feedetl_sn": f"{batch}-{at}",
                "mdtrt_id": visit,
                "psn_no": who.psn_no,
                "chrg_bchno": batch,
                "fee_ocur_time": f"{TODAY} 09:10:00",
                "med_list_codg": code,
                "det_item_fee_sumamt": amount,
                "cnt": str(Decimal(amount) * 10),
                "pric": "0.1",
                "med_type": "21",
            }
            for at, amount in enumerate(amounts)
        ]
    }


def settle_2207(who: Insured, visit: str, priced: dict[str, Any], batch: str = "B1", **more: Any) -> dict[str, Any]:
    def total(*names: str) -> str:
        return str(sum(row[name] for row in priced["result"] for name in names))

    return {
        "data": {
            "psn_no": who.psn_no,
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": who.identity.cert_no,
            "med_type": "11",
            "psn_setlway": "01",
            "mdtrt_id": visit,
            "chrg_bchno": batch,
            "insutype": who.insutype,
            "acct_used_flag": "1",
            "invono": "F001",
            "medfee_sumamt": total("det_item_fee_sumamt"),
            "fulamt_ownpay_amt": total("fulamt_ownpay_amt"),
            "overlmt_selfpay": total("overlmt_amt"),
            "preselfpay_amt": total("preselfpay_amt"),
            "inscp_scp_amt": total("inscp_scp_amt"),
            **more,
        }
    }


def outpatient(who: Insured, *amounts: str, infno: str = "2203") -> tuple[str, dict[str, Any]]:
    """A visit with lines, ready to be settled: its number and the settlement's input."""
    visit = ask("2201", visit_2201(who))["data"]["mdtrt_id"]
    ask(infno, record_2203(who, visit))
    priced = ask("2204", lines(who, visit, *amounts))
    return visit, settle_2207(who, visit, priced)


def identities_hold(info: dict[str, Any]) -> None:
    funds = ("hifp", "cvlserv", "hifes", "hifmi", "hifob", "hifdm", "maf", "oth")
    assert info["fund_pay_sumamt"] == sum(info[f"{name}_pay"] for name in funds)
    assert info["medfee_sumamt"] == info["fund_pay_sumamt"] + info["psn_part_amt"] + info["hosp_part_amt"]
    assert info["psn_part_amt"] == info["acct_pay"] + info["psn_cash_pay"]


# Persons and reference data -----------------------------------------------------------------------------------------


def test_1101_who_and_how_insured(employee: Insured) -> None:
    number = employee.identity.cert_no
    people.join_group(SYSTEM, employee.psn_no, "minimum_living", on=date(2024, 2, 1), at=AT)
    data = {"mdtrt_cert_type": "02", "mdtrt_cert_no": number, "psn_cert_type": "01", "certno": number}
    found = ask("1101", {"data": {**data, "psn_name": employee.identity.name}})
    base = found["baseinfo"]
    assert (base["psn_no"], base["certno"], base["psn_name"]) == (employee.psn_no, number, employee.identity.name)
    assert (base["brdy"], base["age"], base["gend"], base["naty"]) == ("1980-05-20", Decimal("44.0"), "1", "1")
    (insurance,) = found["insuinfo"]
    assert (insurance["insutype"], insurance["psn_type"], insurance["psn_insu_stas"]) == ("310", "11", "1")
    assert (insurance["balc"], insurance["insuplc_admdvs"]) == (Decimal("800.00"), "371500")
    (group,) = found["idetinfo"]
    assert (group["psn_idet_type"], group["begntime"], group["endtime"]) == ("2303", "2024-02-01 00:00:00", "")


def test_1101_by_the_card_alone_and_not_at_all(employee: Insured) -> None:
    data = {"mdtrt_cert_type": "02", "mdtrt_cert_no": employee.identity.cert_no}
    assert ask("1101", {"data": data})["baseinfo"]["psn_no"] == employee.psn_no
    assert refused("1101", {"data": {**data, "psn_name": "别人"}})[0] == "IDENTITY_MISMATCH"
    assert refused("1101", {"data": {**data, "certno": "TEST-ID-0002"}})[0] == "IDENTITY_MISMATCH"
    code, reason = refused("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": "TEST-ID-NOBODY"}})
    assert code == "PERSON_UNKNOWN"
    assert "TEST-ID-NOBODY" not in reason


def test_1101_shows_suspended_and_earlier_coverage(employee: Insured) -> None:
    people.suspend(SYSTEM, employee.psn_no, on=date(2025, 2, 1), at=AT)
    data = {"mdtrt_cert_type": "02", "mdtrt_cert_no": employee.identity.cert_no}
    (now,) = ask("1101", {"data": data})["insuinfo"]
    assert (now["psn_insu_stas"], now["paus_insu_date"]) == ("2", "2025-02-01")
    history = ask("1101", {"data": {**data, "begntime": "2024-06-01 00:00:00"}})["insuinfo"]
    assert [row["psn_insu_stas"] for row in history] == ["4", "2"]


def entitlement(who: Insured, **more: Any) -> dict[str, tuple[str, str]]:
    data = {"psn_no": who.psn_no, "insutype": who.insutype, "fixmedins_code": "371500", "med_type": "11"}
    rows = ask("2001", {"data": {**data, "begntime": f"{TODAY} 09:00:00", **more}})["trtinfo"]
    return {row["fund_pay_type"]: (row["trt_enjymnt_flag"], row["trt_chk_rslt"]) for row in rows}


def test_2001_which_funds_pay_and_why_not(employee: Insured) -> None:
    found = entitlement(employee)
    assert found["310100"] == ("1", "")
    assert found["310200"][0] == "1"
    assert found["320100"] == ("0", "不享受公务员医疗补助")
    assert "备案" in entitlement(employee, med_type="14", dise_codg="X")["310100"][1]
    assert "居民" in entitlement(insured("resident", "adult"), insutype="310")["310100"][1]
    people.suspend(SYSTEM, employee.psn_no, on=date(2025, 2, 1), at=AT)
    flag, why = entitlement(employee)["310100"]
    assert (flag, "暂停" in why) == ("0", True)
    code, _ = refused("2001", {"data": {"psn_no": "NOBODY", "insutype": "310", "med_type": "11", "begntime": TODAY}})
    assert code == "PERSON_UNKNOWN"


def test_2001_finds_the_chronic_filing(employee: Insured) -> None:
    number = people.file_chronic(actor("agency"), employee.psn_no, disease="高血压", on=date(2024, 5, 1), at=AT)
    people.approve_filing(actor("agency_review"), number, at=AT)
    assert entitlement(employee, med_type="14", dise_codg="X", dise_name="高血压")["310100"][0] == "1"


def test_1201_institutions() -> None:
    one = ask("1201", {"medinsinfo": {"fixmedins_type": "1", "fixmedins_code": HOSPITAL}})["medinsinfo"]
    assert (one["fixmedins_name"], one["hosp_lv"], one["fixmedins_type"]) == ("示例医院", "2", "1")
    several = ask("1201", {"medinsinfo": {"fixmedins_type": "1", "fixmedins_name": "示例"}})["medinsinfo"]
    assert {row["fixmedins_code"] for row in several} == {HOSPITAL, CLINIC}
    assert (
        refused("1201", {"medinsinfo": {"fixmedins_type": "2", "fixmedins_name": "没有"}})[0] == "INSTITUTION_UNKNOWN"
    )


def test_1312_pages_of_the_catalogue() -> None:
    query = {"updt_time": "2000-01-01", "page_num": 1, "page_size": "5", "query_date": TODAY}
    page = ask("1312", {"data": query})
    assert (len(page["data"]), page["page_num"], page["page_size"]) == (5, 1, 5)
    assert page["total"] > 100
    (one,) = ask("1312", {"data": {**query, "hilist_code": DRUG}})["data"]
    assert (one["hilist_name"], one["chrgitm_lv"], one["list_type"], one["vali_flag"]) == ("二甲双胍", "01", "101", "1")
    assert one["begndate"] == "2020-01-01"
    assert all(row["chrgitm_lv"] == "02" for row in ask("1312", {"data": {**query, "chrgitm_lv": "2"}})["data"])
    assert refused("1312", {"data": {**query, "page_size": 100000}})[0] == "FIELD_INVALID"
    assert refused("1312", {"data": {**query, "page_size": 9999}})[0] == "QUERY_TOO_WIDE"
    assert "data.updt_time" in refused("1312", {"data": {"page_num": 1}})[1]


# Outpatient ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("infno", ["2203", "2203A"])
def test_an_outpatient_visit_from_registration_to_cancellation(employee: Insured, infno: str) -> None:
    visit = ask("2201", visit_2201(employee))["data"]["mdtrt_id"]
    ask(infno, record_2203(employee, visit))
    priced = ask("2204", lines(employee, visit, "300.00", "2000.00"))
    for row in priced["result"]:
        parts = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
        assert row["det_item_fee_sumamt"] == sum(row[name] for name in parts)
        assert None not in row.values()
    data = settle_2207(employee, visit, priced)
    trial = ask("2206", data)
    number = msgid()
    settled = ask("2207", data, msgid=number)
    info = settled["setlinfo"]
    assert info["medfee_sumamt"] == Decimal("2300.00")
    assert (info["medins_setl_id"], info["psn_no"], info["mdtrt_id"]) == (number, employee.psn_no, visit)
    assert (info["psn_name"], info["age"], info["setl_time"]) == (employee.identity.name, 44, "2025-03-05 09:40:11")
    assert isinstance(settled["setldetail"], list)
    identities_hold(info)
    same = ("hifp_pay", "fund_pay_sumamt", "acct_pay", "psn_cash_pay", "act_pay_dedc", "balc")
    assert {name: trial["setlinfo"][name] for name in same} == {name: info[name] for name in same}

    shown = ask("5203", {"data": {"psn_no": employee.psn_no, "mdtrt_id": visit, "setl_id": info["setl_id"]}})
    assert shown["setlinfo"]["cash_payamt"] == info["psn_cash_pay"]
    assert (shown["setlinfo"]["refd_setl_flag"], shown["setlinfo"]["fixmedins_name"]) == ("0", "示例医院")
    assert (shown["setlinfo"]["hosp_lv"], shown["setlinfo"]["pay_loc"]) == ("2", "2")
    sums = {row["cum_type_code"]: row["cum"] for row in ask("5206", {"data": {"psn_no": employee.psn_no}})["cuminfo"]}
    assert (sums["C0000"], sums["F0000"]) == (Decimal("1.00"), Decimal("2300.00"))

    for month, rows in (("202503", len(sums)), ("2025-03", len(sums)), ("202502", 0)):
        found = ask("5206", {"data": {"psn_no": employee.psn_no, "cum_ym": month}})["cuminfo"]
        assert len(found) == rows
        assert all((row["year"], row["cum_ym"]) == ("2025", "202503") for row in found)
    assert refused("5206", {"data": {"psn_no": employee.psn_no, "cum_ym": "2025"}})[0] == "FIELD_INVALID"

    undo = {"data": {"setl_id": info["setl_id"], "mdtrt_id": visit, "psn_no": employee.psn_no}}
    negative = ask("2208", undo)["setlinfo"]
    assert negative["setl_id"] != info["setl_id"]
    assert negative["medfee_sumamt"] == -info["medfee_sumamt"]
    assert negative["pdn_cash_pay"] == negative["psn_cash_pay"] == -info["psn_cash_pay"]
    assert refused("2208", undo)[0] == "ALREADY_CANCELLED"
    after = ask("5203", {"data": {"psn_no": employee.psn_no, "mdtrt_id": visit}})["setlinfo"]
    assert (after["setl_id"], after["refd_setl_flag"]) == (info["setl_id"], "1")
    assert ask("5206", {"data": {"psn_no": employee.psn_no}})["cuminfo"] == []

    ask("2205", {"data": {"mdtrt_id": visit, "chrg_bchno": "0000", "psn_no": employee.psn_no}})
    ask("2202", {"data": {"psn_no": employee.psn_no, "mdtrt_id": visit, "ipt_otp_no": "O0001"}})
    assert refused("2204", lines(employee, visit, "1.00"))[0] == "VISIT_CANCELLED"


def test_totals_are_compared(employee: Insured) -> None:
    _, data = outpatient(employee, "300.00")
    data["data"]["medfee_sumamt"] = "300.01"
    code, reason = refused("2207", data)
    assert code == "TOTALS_DIFFER"
    assert "300.01" in reason


def test_an_unknown_item_is_full_self_pay(employee: Insured) -> None:
    visit = ask("2201", visit_2201(employee))["data"]["mdtrt_id"]
    ask("2203", record_2203(employee, visit))
    (row,) = ask("2204", lines(employee, visit, "88.80", code="NO-SUCH-ITEM"))["result"]
    assert (row["fulamt_ownpay_amt"], row["inscp_scp_amt"], row["selfpay_prop"]) == (Decimal("88.80"), 0, 1)


def test_the_personal_account_may_be_kept_out(employee: Insured) -> None:
    _, data = outpatient(employee, "300.00")
    data["data"]["acct_used_flag"] = "0"
    info = ask("2207", data)["setlinfo"]
    assert (info["acct_pay"], info["psn_cash_pay"]) == (0, info["psn_part_amt"])


def test_somebody_else_s_identity_is_refused(employee: Insured) -> None:
    assert refused("2201", visit_2201(employee, psn_name="别人"))[0] == "IDENTITY_MISMATCH"
    assert refused("2201", visit_2201(employee), insuplc_admdvs="370100")[0] == "INSURED_AREA_DIFFERS"


def test_no_coverage_no_visit() -> None:
    who = insured()
    people.suspend(SYSTEM, who.psn_no, on=date(2025, 2, 1), at=AT)
    code, reason = refused("2201", visit_2201(who))
    assert code == "COVERAGE_NOT_ACTIVE"
    assert "。" in reason


def test_another_institution_sees_nothing_of_it(employee: Insured) -> None:
    visit, data = outpatient(employee, "300.00")
    assert refused("2207", data, fixmedins_code=CLINIC)[0] == "VISIT_UNKNOWN"
    setl_id = ask("2207", data)["setlinfo"]["setl_id"]
    query = {"data": {"psn_no": employee.psn_no, "mdtrt_id": visit, "setl_id": setl_id}}
    assert refused("5203", query, fixmedins_code=CLINIC)[0] == "SETTLEMENT_UNKNOWN"


# Inpatient ----------------------------------------------------------------------------------------------------------


def admit_2401(who: Insured, **more: Any) -> dict[str, Any]:
    diagnosis = {
        "psn_no": who.psn_no,
        "diag_type": "1",
        "maindiag_flag": "1",
        "diag_srt_no": 1,
        "diag_code": "I10.x00",
        "diag_name": "高血压",
        "diag_dept": "内科",
        "dise_dor_no": "D1",
        "dise_dor_name": "李示例",
        "diag_time": "2025-03-01 10:00:00",
    }
    info = {
        "psn_no": who.psn_no,
        "insutype": who.insutype,
        "begntime": "2025-03-01 10:00:00",
        "mdtrt_cert_type": "02",
        "med_type": "21",
        "ipt_no": "I0001",
        "atddr_no": "D1",
        "chfpdr_name": "李示例",
        "adm_diag_dscr": "高血压",
        "adm_dept_codg": "A03",
        "adm_dept_name": "内科",
        "adm_bed": "1",
        "dscg_maindiag_code": "I10.x00",
        "dscg_maindiag_name": "高血压",
        **more,
    }
    return {"mdtrtinfo": info, "diseinfo": diagnosis}


def discharge_2402(who: Insured, visit: str) -> dict[str, Any]:
    diagnosis = {**admit_2401(who)["diseinfo"], "mdtrt_id": visit}
    info = {
        "mdtrt_id": visit,
        "psn_no": who.psn_no,
        "insutype": who.insutype,
        "endtime": f"{TODAY} 08:00:00",
        "dscg_dept_codg": "A03",
        "dscg_dept_name": "内科",
        "dscg_way": "1",
    }
    return {"dscginfo": info, "diseinfo": [diagnosis]}


def settle_2304(who: Insured, visit: str, total: str, **more: Any) -> dict[str, Any]:
    return {
        "data": {
            "psn_no": who.psn_no,
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": who.identity.cert_no,
            "medfee_sumamt": total,
            "psn_setlway": "01",
            "mdtrt_id": visit,
            "insutype": who.insutype,
            "acct_used_flag": "1",
            "mid_setl_flag": "0",
            "dscgTime": TODAY,
            **more,
        }
    }


def admitted(who: Insured, *amounts: str) -> str:
    visit: str = ask("2401", admit_2401(who))["result"]["mdtrt_id"]
    ask("2301", lines(who, visit, *amounts, batch="L"))
    return visit


def test_a_stay_from_admission_to_settlement_list_and_back(employee: Insured) -> None:
    who = {"psn_no": employee.psn_no}
    visit = admitted(employee, "6000.00", "4000.00", "50.00")
    amended = {**admit_2401(employee)["mdtrtinfo"], "mdtrt_id": visit, "ipt_otp_no": "I0001", "adm_bed": "2"}
    ask("2403", {"adminfo": amended})
    ask("2302", {"data": {"feedetl_sn": "L-2", "mdtrt_id": visit, **who}})
    assert refused("2304", settle_2304(employee, visit, "10000.00"))[0] == "NOT_DISCHARGED"
    ask("2402", discharge_2402(employee, visit))
    trial = ask("2303", settle_2304(employee, visit, "10000.00"))["setlinfo"]
    settled = ask("2304", settle_2304(employee, visit, "10000.00", dscgTime=f"{TODAY} 08:00:00"))
    info = settled["setlinfo"]
    identities_hold(info)
    assert (info["hifp_pay"], info["medfee_sumamt"]) == (trial["hifp_pay"], Decimal("10000.00"))
    assert info["hifp_pay"] > 0
    assert any(row["fund_pay_type"] == "310100" for row in settled["setldetail"])

    for full in (True, False):
        sheet = list_4101(full)
        sheet["setlinfo"].update(mdtrt_id=visit, setl_id=info["setl_id"])
        if full:
            sheet["setlinfo"].update(acct_pay=str(info["acct_pay"]), psn_cashpay=str(info["psn_cash_pay"]))
            sheet["iteminfo"][0].update(amt="10000.00")
        else:
            sheet["setlinfo"]["psn_no"] = employee.psn_no
        for infno in ("4101",) if full else ("4101", "4101A"):
            number = ask(infno, sheet)["data"]["setl_list_id"]
            assert len(number) == 9

    ask("2305", {"data": {"mdtrt_id": visit, "setl_id": info["setl_id"], **who}})
    ask("2405", {"data": {"mdtrt_id": visit, **who}})
    ask("2302", {"data": [{"feedetl_sn": "0000", "mdtrt_id": visit, **who}]})
    ask("2404", {"data": {"mdtrt_id": visit, **who}, "exp_content": {"er_flag": "0"}})
    assert refused("2301", lines(employee, visit, "1.00"))[0] == "VISIT_CANCELLED"


def test_a_list_that_does_not_fit_is_refused_with_everything(employee: Insured) -> None:
    visit = admitted(employee, "6000.00")
    ask("2402", discharge_2402(employee, visit))
    info = ask("2304", settle_2304(employee, visit, "6000.00"))["setlinfo"]
    sheet = list_4101(True)
    sheet["setlinfo"].update(mdtrt_id=visit, setl_id=info["setl_id"], acct_pay="1.00")
    code, reason = refused("4101", sheet)
    assert code == "SETTLEMENT_LIST_REFUSED"
    assert "acct_pay" in reason
    assert "iteminfo" in reason


def test_settling_a_part_of_a_stay(employee: Insured) -> None:
    visit = admitted(employee, "6000.00")
    data = settle_2304(employee, visit, "6000.00", mid_setl_flag="1", dscgTime="")
    assert ask("2304", data)["setlinfo"]["medfee_sumamt"] == Decimal("6000.00")


def test_withdrawn_lines_belong_to_one_visit(employee: Insured) -> None:
    rows = [{"feedetl_sn": str(at), "mdtrt_id": f"V{at}", "psn_no": employee.psn_no} for at in range(2)]
    code, reason = refused("2302", {"data": rows})
    assert (code, "data[1].mdtrt_id" in reason) == ("FIELD_INVALID", True)


def test_extension_content_says_what_decides(employee: Insured) -> None:
    said = {"origin": "emergency", "ttp_pay_prop": 0.3, "er_flag": "1", "visit_group": "x"}
    visit = ask("2401", admit_2401(employee, exp_content=said))["result"]["mdtrt_id"]
    kept = sql.one("SELECT circumstances FROM settlement_visit WHERE visit_no = %s", (visit,))
    assert '"third_party_bp": 3000' in str(kept).replace("'", '"')
    code, reason = refused("2401", admit_2401(employee, exp_content={"origin": "nowhere", "ttp_pay_prop": 2}))
    assert code == "FIELD_INVALID"
    assert "origin" in reason
    assert "ttp_pay_prop" in reason


# Compensation -------------------------------------------------------------------------------------------------------


def compensate(who: Insured, number: str, infno: str = "2207", **more: Any) -> tuple[int, str]:
    data = {"data": {"psn_no": who.psn_no, "omsgid": number, "oinfno": infno}}
    made = reply_of(send("2601", data, **more))
    return int(made["infcode"]), made["warn_msg"].partition(" ")[0]


def test_2601_undoes_a_settlement_whose_outcome_is_not_known(employee: Insured) -> None:
    visit, data = outpatient(employee, "300.00")
    number = msgid()
    ask("2207", data, msgid=number)
    assert compensate(employee, number) == (0, "")
    shown = ask("5203", {"data": {"psn_no": employee.psn_no, "mdtrt_id": visit}})["setlinfo"]
    assert shown["refd_setl_flag"] == "1"
    assert compensate(employee, number) == (0, "ALREADY_COMPENSATED")
    assert refused("2207", data, msgid=number)[0] == "MESSAGE_COMPENSATED"
    assert ask("2207", data)["setlinfo"]["setl_id"]


def test_2601_of_a_message_that_never_came_keeps_it_from_coming_late(employee: Insured) -> None:
    visit, data = outpatient(employee, "300.00")
    number = msgid()
    assert compensate(employee, number) == (0, "NOTHING_TO_COMPENSATE")
    assert compensate(employee, number) == (0, "ALREADY_COMPENSATED")
    assert refused("2207", data, msgid=number)[0] == "MESSAGE_COMPENSATED"
    assert refused("5203", {"data": {"psn_no": employee.psn_no, "mdtrt_id": visit}})[0] == "SETTLEMENT_UNKNOWN"
    assert ask("2207", data)["setlinfo"]["setl_id"]


def test_2601_of_a_refused_message_finds_nothing(employee: Insured) -> None:
    _, data = outpatient(employee, "300.00")
    number = msgid()
    wrong = {"data": {**data["data"], "medfee_sumamt": "1.00"}}
    assert refused("2207", wrong, msgid=number)[0] == "TOTALS_DIFFER"
    assert compensate(employee, number) == (0, "NOTHING_TO_COMPENSATE")


def test_2601_after_the_ordinary_cancellation(employee: Insured) -> None:
    visit, data = outpatient(employee, "300.00")
    number = msgid()
    setl_id = ask("2207", data, msgid=number)["setlinfo"]["setl_id"]
    ask("2208", {"data": {"setl_id": setl_id, "mdtrt_id": visit, "psn_no": employee.psn_no}})
    assert compensate(employee, number) == (0, "ALREADY_COMPENSATED")


def test_2601_with_later_settlements_is_refused_by_what_refuses_a_cancellation(employee: Insured) -> None:
    _, data = outpatient(employee, "300.00")
    number = msgid()
    ask("2207", data, msgid=number)
    _, later = outpatient(employee, "200.00")
    later_number = msgid()
    ask("2207", later, msgid=later_number)
    assert compensate(employee, number) == (-1, "LATER_SETTLEMENT")
    assert compensate(employee, later_number) == (0, "")
    assert compensate(employee, number) == (0, "")


def test_2601_of_an_admission_and_an_inpatient_settlement(employee: Insured) -> None:
    number = msgid()
    ask("2401", admit_2401(employee), msgid=number)
    assert compensate(employee, number, "2401") == (0, "")
    assert compensate(employee, number, "2401") == (0, "ALREADY_COMPENSATED")
    visit = admitted(employee, "6000.00")
    ask("2402", discharge_2402(employee, visit))
    number = msgid()
    ask("2304", settle_2304(employee, visit, "6000.00"), msgid=number)
    assert compensate(employee, number, "2304") == (0, "")


def test_2601_only_for_one_s_own_and_the_right_person(employee: Insured) -> None:
    _, data = outpatient(employee, "300.00")
    number = msgid()
    setl_id = ask("2207", data, msgid=number)["setlinfo"]["setl_id"]
    assert compensate(employee, number, fixmedins_code=CLINIC) == (0, "NOTHING_TO_COMPENSATE")
    assert compensate(insured(), number)[0] == -1
    for infno in ("2102", "2204", "2207A", "9001"):
        assert compensate(employee, number, infno) == (-1, "NOT_COMPENSABLE")
    visit = data["data"]["mdtrt_id"]
    shown = ask("5203", {"data": {"psn_no": employee.psn_no, "mdtrt_id": visit, "setl_id": setl_id}})
    assert shown["setlinfo"]["refd_setl_flag"] == "0"


def test_a_repeated_2601_repeats_its_answer(employee: Insured) -> None:
    _, data = outpatient(employee, "300.00")
    number, own = msgid(), msgid()
    ask("2207", data, msgid=number)
    message = {"data": {"psn_no": employee.psn_no, "omsgid": number, "oinfno": "2207"}}
    assert send("2601", message, msgid=own).content == send("2601", message, msgid=own).content


# What must not happen -----------------------------------------------------------------------------------------------


def test_refused_messages_change_nothing(employee: Insured) -> None:
    visit, data = outpatient(employee, "300.00")
    tables = ("settlement_document", "settlement_line", "ledger_journal", "ledger_leg")
    counts = [sql.one(f"SELECT count(*) FROM {table}") for table in tables]
    refused("2204", lines(employee, visit, "1.00", "-1.00"))
    refused("2207", {"data": {**data["data"], "inscp_scp_amt": "0"}})
    refused("2208", {"data": {"setl_id": "S", "mdtrt_id": visit, "psn_no": employee.psn_no}})
    assert [sql.one(f"SELECT count(*) FROM {table}") for table in tables] == counts


def test_tomorrow_is_refused(employee: Insured) -> None:
    tomorrow = (NOW + timedelta(days=1)).strftime("%Y-%m-%d 09:00:00")
    assert refused("2201", visit_2201(employee, begntime=tomorrow))[0] == "DATE_REFUSED"
