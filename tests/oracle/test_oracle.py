"""The oracle against worked examples that were computed by hand (figures copied from the golden cases)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .settle import OracleRefuses, settle

POLICIES = Path(__file__).resolve().parents[2] / "policies"
LIAOCHENG_EMPLOYEE = {"area": "371500", "scheme": "employee", "status": "active"}
LIAOCHENG_RESIDENT = {"area": "371500", "scheme": "resident", "status": "adult"}
QINGDAO_EMPLOYEE = {"area": "370200", "scheme": "employee", "status": "active"}


def rows(person: dict[str, Any], *visits: dict[str, Any], changes: tuple[Any, ...] = (), **case: Any) -> list[Any]:
    """Rows of the visits; a visit is inpatient in a tertiary hospital on 2022-03-05 where it does not say otherwise."""
    usual = {"date": "2022-03-05", "benefit": "inpatient", "level": "tertiary"}
    written = [visit if "reverses" in visit else usual | visit for visit in visits]
    return settle({"person": person, "visits": written, **case}, POLICIES, changes)["visits"]


def one(person: dict[str, Any], field: str = "hifp_pay", /, **visit: Any) -> str:
    """One field of one visit's row."""
    return rows(person, visit)[0][field]


def no_deductible(scheme: str) -> dict[str, str]:
    """Replaced figures: stays without a deductible."""
    path = f"liaocheng/{scheme}/inpatient.yaml#deductible.amount"
    return {f"{path}.{level}": "0" for level in ("primary", "secondary", "tertiary")}


@pytest.mark.parametrize(
    ("level", "in_scope", "fund"),
    [
        ("primary", "30000", "27000.00"),
        ("secondary", "60000", "53400.00"),
        ("tertiary", "100000", "85600.00"),
        ("tertiary", "100000.01", "85600.01"),
        ("primary", "300000", "272600.00"),
        ("tertiary", "300000", "265600.00"),
        ("tertiary", "400000", "335600.00"),
        ("secondary", "400000", "340600.00"),
        ("primary", "400000", "342600.00"),
    ],
)
def test_employee_tiers_without_deductible(level: str, in_scope: str, fund: str) -> None:
    (row,) = rows(LIAOCHENG_EMPLOYEE, {"level": level, "in_scope": in_scope}, **{"with": no_deductible("employee")})
    assert row["hifp_pay"] == fund


@pytest.mark.parametrize(
    ("level", "in_scope", "fund"),
    [("tertiary", "50000", "41236.00"), ("primary", "5000", "4320.00"), ("secondary", "20000", "17160.00")],
)
def test_deductible_eats_the_lowest_slice(level: str, in_scope: str, fund: str) -> None:
    assert one(LIAOCHENG_EMPLOYEE, level=level, in_scope=in_scope) == fund


def test_two_stays_share_the_years_tiers() -> None:
    stays = [{"in_scope": "40000"}, {"in_scope": "40000"}]
    paid = [row["hifp_pay"] for row in rows(LIAOCHENG_EMPLOYEE, *stays, **{"with": no_deductible("employee")})]
    assert paid == ["33400.00", "34600.00"]


def test_resident_cap_and_serious_illness() -> None:
    assert one(LIAOCHENG_RESIDENT, in_scope="250000") == "120000.00"
    figures = {"liaocheng/resident/inpatient.yaml#deductible.amount.tertiary": "8333.33"}
    (row,) = rows(LIAOCHENG_RESIDENT, {"in_scope": "100000"}, **{"with": figures})
    assert (row["hifp_pay"], row["hifmi_pay"], row["psn_part_amt"]) == ("55000.00", "20400.00", "24600.00")


def test_low_income_case_of_286_600_yuan() -> None:
    poor = LIAOCHENG_RESIDENT | {"groups": ["minimum_living"]}
    (row,) = rows(poor, {"in_scope": "228214", "non_covered": "58386"})
    assert row["payers"] == {
        "basic_pool": "120000.00",
        "serious_illness": "67499.80",
        "special_drug": "0.00",
        "assistance": "15000.00",
        "assistance_second": "14499.94",
    }
    assert (row["maf_pay"], row["psn_part_amt"]) == ("29499.94", "69600.26")


def test_several_groups_count_as_the_best_single_one() -> None:
    poor = {"area": "370200", "scheme": "resident", "status": "adult"}
    figures = {"shandong/resident/serious_illness.yaml#deductible.amount": "14000"}
    visit = {"date": "2024-05-01", "in_scope": "20000"}

    def assistance(*groups: str) -> str:
        return rows(poor | {"groups": list(groups)}, visit, **{"with": figures})[0]["maf_pay"]

    burden = 20000 - 0.70 * (20000 - 800)  # 6560, below the serious-illness deductible
    assert assistance("extremely_poor") == f"{0.8 * burden:.2f}"
    assert assistance("monitored", "extremely_poor") == assistance("extremely_poor")
    assert assistance("monitored") == f"{0.6 * (burden - 3000):.2f}"


@pytest.mark.parametrize(
    ("level", "status", "in_scope", "fund"),
    [
        ("primary", "active", "1200", "700.00"),
        ("secondary", "active", "1400", "600.00"),
        ("tertiary", "active", "2800", "1000.00"),
        ("tertiary", "retired", "2800", "1100.00"),
        ("primary", "active", "5000", "2000.00"),
    ],
)
def test_outpatient_pooling(level: str, status: str, in_scope: str, fund: str) -> None:
    person = LIAOCHENG_EMPLOYEE | {"status": status}
    assert one(person, date="2023-03-01", benefit="outpatient", level=level, in_scope=in_scope) == fund
    assert one(person, date="2022-03-01", benefit="outpatient", level=level, in_scope=in_scope) == "0.00"


def test_qingdao_outpatient() -> None:
    visit = {"date": "2024-03-01", "benefit": "outpatient"}
    assert one(QINGDAO_EMPLOYEE, **visit, level="primary", in_scope="500") == "400.00"
    assert one(QINGDAO_EMPLOYEE, **visit, level="tertiary", in_scope="1800") == "600.00"
    assert one(QINGDAO_EMPLOYEE, **visit, level="primary", in_scope="8000") == "6000.00"


def test_chronic_long_term_care_and_delivery() -> None:
    assert one(LIAOCHENG_EMPLOYEE, benefit="chronic", in_scope="1000", disease="高血压") == "850.00"
    assert one(LIAOCHENG_EMPLOYEE | {"status": "retired"}, benefit="chronic", in_scope="1000") == "900.00"
    assert one(LIAOCHENG_RESIDENT, benefit="chronic", in_scope="1000") == "650.00"
    for kind, paid in {"medical": "3600.00", "institution": "1800.00", "home": "1650.00"}.items():
        assert one(LIAOCHENG_EMPLOYEE, "oth_pay", benefit="long_term_care", care_kind=kind, days=30) == paid
    for child, paid in {2: "1500.00", 3: "3000.00", 4: "3000.00"}.items():
        visit = {"date": "2023-06-01", "benefit": "delivery", "in_scope": "5000", "child_order": child}
        assert one(LIAOCHENG_RESIDENT, **visit) == paid


def test_special_drugs_have_their_own_payer() -> None:
    for cost, paid in {"1000000": "784000.00", "1500000": "900000.00"}.items():
        assert one(LIAOCHENG_EMPLOYEE, "hifob_pay", benefit="special_drug", special_drug=cost) == paid
        assert one(LIAOCHENG_RESIDENT, "hifmi_pay", benefit="special_drug", special_drug=cost) == paid


def test_assistance_in_two_steps() -> None:
    poor = LIAOCHENG_RESIDENT | {"groups": ["minimum_living"]}
    nothing_before = {
        "liaocheng/resident/chronic.yaml#tiers.1.rate": "0%",
        "liaocheng/resident/serious_illness.yaml#deductible.amount.helped": "1000000",
    }
    for burden, steps in {
        "4000": ("2800.00", "0.00"),
        "20000": ("14000.00", "700.00"),
        "30000": ("15000.00", "7000.00"),
        "60000": ("15000.00", "15000.00"),
    }.items():
        (row,) = rows(poor, {"benefit": "chronic", "in_scope": burden}, **{"with": nothing_before})
        assert (row["payers"]["assistance"], row["payers"]["assistance_second"]) == steps


@pytest.mark.parametrize("exclusion", ["work_injury", "third_party", "public_health", "abroad"])
def test_exclusions_pay_nothing_and_count_nothing(exclusion: str) -> None:
    excluded, ordinary = rows(LIAOCHENG_EMPLOYEE, {"in_scope": "10000", "exclusion": exclusion}, {"in_scope": "50000"})
    assert (excluded["fund_pay_sumamt"], excluded["psn_part_amt"]) == ("0.00", "10000.00")
    assert ordinary["hifp_pay"] == "41236.00"


def test_remote_first_self_pay_before_and_after_the_reform() -> None:
    away = {"in_scope": "10000", "care_area": "370100", "filing": "referral"}
    figures = no_deductible("resident")
    old, new = {"date": "2022-06-30"}, {"date": "2022-07-01"}
    for dated, remote, fund in ((old, "4000.00", "3600.00"), (new, "1000.00", "5400.00")):
        (row,) = rows(LIAOCHENG_RESIDENT, away | dated, **{"with": figures})
        assert (row["payers"]["remote_first_self_pay"], row["hifp_pay"]) == (remote, fund)
        assert (row["inscp_scp_amt"], row["preselfpay_amt"]) == ("10000.00", "0.00")


def test_pieces_of_one_stay_bear_one_deductible() -> None:
    pieces = rows(
        LIAOCHENG_EMPLOYEE,
        {"level": "secondary", "in_scope": "300", "stay_id": "a", "mid_stay": True},  # all of it: 300 of 500
        {"level": "secondary", "in_scope": "1000", "stay_id": "a"},  # the 200 that are left
        {"in_scope": "1000", "origin": "transfer_up"},  # 800 - 500
        {"level": "primary", "in_scope": "1000", "origin": "transfer_down"},
        {"in_scope": "1000"},  # second stay: half
        {"in_scope": "1000"},  # third: none
    )
    assert [row["act_pay_dedc"] for row in pieces] == ["300.00", "200.00", "300.00", "0.00", "400.00", "0.00"]


def test_herb_bonus_counts_above_the_deductible_pro_rata() -> None:
    paid = one(LIAOCHENG_EMPLOYEE, in_scope="10800", herb_in_scope="2700")
    assert paid == "8350.00"  # 83 % of 10,000, and 2 % of the quarter of it that is herbs


def test_reversal_replays_the_year() -> None:
    person = LIAOCHENG_EMPLOYEE | {"account_balance": "800.00"}
    first, second, back = rows(
        person, {"in_scope": "50000"}, {"in_scope": "50000"}, {"date": "2022-05-05", "reverses": 0}
    )
    assert (first["acct_pay"], second["acct_pay"], back["acct_pay"], back["balc"]) == (
        "800.00",
        "0.00",
        "-800.00",
        "800.00",
    )
    assert second["hifp_pay"] == "43360.00"  # 85 % to 60,000, 88 % to 100,000, 400 of deductible at the bottom
    assert back["hifp_pay"] == "-41236.00"
    assert back["adjustments"] == [{"visit": 1, "payers": {"basic_pool": "-2124.00"}}]


def test_reversing_an_adjusted_visit_lists_its_adjustment_back() -> None:
    *_, last = rows(
        LIAOCHENG_EMPLOYEE,
        {"in_scope": "50000"},
        {"in_scope": "50000"},
        {"date": "2022-05-05", "reverses": 0},
        {"date": "2022-05-06", "reverses": 1},
    )
    assert last["hifp_pay"] == "-43360.00"
    assert last["adjustments"] == [{"visit": 1, "payers": {"basic_pool": "2124.00"}}]


def test_shared_cap_stops_both_benefits() -> None:
    visits = [
        {"date": "2020-03-01", "in_scope": "260000"},
        {"date": "2020-04-01", "benefit": "chronic", "in_scope": "1000"},
    ]
    person = {"area": "371500", "scheme": "resident", "status": "adult"}
    assert [row["hifp_pay"] for row in rows(person, *visits)] == ["150000.00", "0.00"]


def test_reform_holds_from_its_date() -> None:
    change = {"path": "liaocheng/resident/inpatient.yaml#tiers.1.rate.tertiary", "from": "2022-07-01", "value": "66%"}
    stays = [{"date": "2022-06-30", "in_scope": "800"}, {"date": "2022-07-01", "in_scope": "10400"}]
    assert [row["hifp_pay"] for row in rows(LIAOCHENG_RESIDENT, *stays, changes=(change,))] == ["0.00", "6600.00"]


@pytest.mark.parametrize(
    ("person", "visit", "why"),
    [
        (LIAOCHENG_RESIDENT, {"benefit": "two_disease", "in_scope": "100"}, "needs its disease"),
        (LIAOCHENG_RESIDENT, {"benefit": "chronic", "in_scope": "100", "disease": "感冒"}, "not on the list"),
        (LIAOCHENG_RESIDENT, {"in_scope": "100", "origin": "transfer_up"}, "no stay to continue"),
        (LIAOCHENG_RESIDENT, {"in_scope": "100", "level": "pharmacy"}, "figure is missing"),
        (LIAOCHENG_RESIDENT, {"in_scope": "100.001"}, "not an amount"),
        (LIAOCHENG_RESIDENT | {"supplements": ["liaohuibao"]}, {"in_scope": "100"}, "figure is missing"),
        ({"area": "370300", "scheme": "resident", "status": "adult"}, {"in_scope": "100"}, "no file covers"),
    ],
)
def test_what_it_refuses(person: dict[str, Any], visit: dict[str, Any], why: str) -> None:
    with pytest.raises(OracleRefuses, match=why):
        rows(person, visit)
