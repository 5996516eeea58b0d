"""What the kernel must get right, one worked example each, through the door of the room."""

from __future__ import annotations

from typing import Any

import pytest

from openyibao.kernel.errors import BenefitExcluded, EarlierVisitMissing, FigureMissing, Malformed, PolicyMissing
from openyibao.kernel.money import yuan_text
from openyibao.policy.facade import Policies, case_from, explain, fund_total, interval, year_as_rows
from openyibao.policy.source import Source

EMPLOYEE = {"area": "371500", "scheme": "employee", "status": "active"}
RESIDENT = {"area": "371500", "scheme": "resident", "status": "adult"}


def settle(policies: Policies, person: dict[str, Any], *visits: dict[str, Any], **case: Any) -> dict[str, Any]:
    full = [{"date": "2022-03-05", "benefit": "inpatient", "level": "tertiary", **visit} for visit in visits]
    full = [
        {k: v for k, v in visit.items() if k in ("date", "reverses")} if "reverses" in visit else visit
        for visit in full
    ]
    return year_as_rows(policies.settle(case_from({"person": person, "visits": full, **case})))


def pays(answer: dict[str, Any], field: str = "hifp_pay") -> list[str]:
    return [row[field] for row in answer["visits"]]


def test_tiers_straddle_a_border_within_one_visit_and_across_visits(policies: Policies) -> None:
    answer = settle(policies, EMPLOYEE, {"in_scope": 40000}, {"in_scope": 40000})
    # 29200 x 83% + 10000 x 85%; then 400 deductible at 40000: 19600 x 85% + 20000 x 88%
    assert pays(answer) == ["32736.00", "34260.00"]
    assert pays(answer, "act_pay_dedc") == ["800.00", "400.00"]
    assert answer["year"]["counters"]["inpatient.in_scope"] == "80000.00"


def test_third_stay_owes_nothing_and_the_last_share_goes_on(policies: Policies) -> None:
    stays = [{"in_scope": 5000}] * 4
    assert pays(settle(policies, EMPLOYEE, *stays), "act_pay_dedc") == ["800.00", "400.00", "0.00", "0.00"]
    assert pays(settle(policies, RESIDENT, *stays), "act_pay_dedc") == ["800.00", "400.00", "400.00", "400.00"]


def test_pieces_of_a_stay_bear_one_deductible_and_count_once(policies: Policies) -> None:
    piece = {"stay_id": "A", "mid_stay": True}
    answer = settle(policies, EMPLOYEE, {"in_scope": 300, **piece}, {"in_scope": 5000, **piece}, {"in_scope": 5000})
    assert pays(answer, "act_pay_dedc") == ["300.00", "500.00", "400.00"]
    assert answer["year"]["counters"]["inpatient.stays"] == "2"


def test_transfer_up_pays_the_difference_transfer_down_nothing(policies: Policies) -> None:
    up = settle(
        policies,
        EMPLOYEE,
        {"level": "primary", "in_scope": 5000, "stay_id": "A"},
        {"level": "tertiary", "in_scope": 5000, "stay_id": "A", "origin": "transfer_up"},
    )
    assert pays(up, "act_pay_dedc") == ["200.00", "600.00"]
    down = settle(
        policies, EMPLOYEE, {"in_scope": 5000}, {"level": "primary", "in_scope": 5000, "origin": "transfer_down"}
    )
    assert pays(down, "act_pay_dedc") == ["800.00", "0.00"]
    assert down["year"]["counters"]["inpatient.stays"] == "1"


def test_transfer_without_a_stay_before_it_is_refused(policies: Policies) -> None:
    with pytest.raises(EarlierVisitMissing):
        settle(policies, EMPLOYEE, {"in_scope": 5000, "origin": "transfer_up"})


def test_cap_limits_what_was_paid_and_the_rest_goes_to_serious_illness(policies: Policies) -> None:
    row = settle(policies, RESIDENT, {"in_scope": 250000})["visits"][0]
    assert row["hifp_pay"] == "120000.00"
    # burden 130000: 89000 x 60% + 30000 x 65%
    assert row["hifmi_pay"] == "72900.00"
    assert row["psn_part_amt"] == "57100.00"


def test_highest_deductible_once_counts_what_was_borne(policies: Policies) -> None:
    visits = [
        {"date": "2023-02-01", "benefit": "outpatient", "level": "primary", "in_scope": 300},
        {"date": "2023-03-01", "benefit": "outpatient", "level": "tertiary", "in_scope": 1000},
        {"date": "2023-04-01", "benefit": "outpatient", "level": "primary", "in_scope": 100},
    ]
    answer = settle(policies, EMPLOYEE, *visits)
    assert pays(answer, "act_pay_dedc") == ["200.00", "600.00", "0.00"]
    assert pays(answer) == ["70.00", "200.00", "70.00"]


def test_highest_deductible_once_does_not_depend_on_the_order_of_visits(policies: Policies) -> None:
    tertiary = {"date": "2023-02-01", "benefit": "outpatient", "level": "tertiary", "in_scope": 300}
    primary = {"date": "2023-03-01", "benefit": "outpatient", "level": "primary", "in_scope": 1000}
    one, other = settle(policies, EMPLOYEE, tertiary, primary), settle(policies, EMPLOYEE, primary, tertiary)
    assert pays(one, "act_pay_dedc") == ["300.00", "500.00"]
    assert pays(one) == ["0.00", "350.00"]
    assert pays(other, "act_pay_dedc") == ["200.00", "300.00"]
    assert one["year"]["counters"]["outpatient.deductible_due"] == "800.00"


def test_special_drugs_are_paid_beside_a_benefit_not_yet_in_force(policies: Policies) -> None:
    visit = {"benefit": "outpatient", "in_scope": 100, "special_drug": 50000, "care_area": "110000"}
    row = settle(policies, EMPLOYEE, visit)["visits"][0]
    assert (row["hifp_pay"], row["hifob_pay"]) == ("0.00", "24000.00")
    assert "remote_first_self_pay" not in row["payers"]


def test_transfer_into_a_stay_never_settled_is_refused(policies: Policies) -> None:
    for origin in ("transfer_up", "transfer_down"):
        with pytest.raises(EarlierVisitMissing):
            settle(policies, EMPLOYEE, {"in_scope": 5000, "stay_id": "Z", "origin": origin})


def test_transfer_down_owes_its_own_deductible_when_the_stay_it_left_was_reversed(policies: Policies) -> None:
    answer = settle(
        policies,
        EMPLOYEE,
        {"in_scope": 5000, "stay_id": "A"},
        {"level": "primary", "in_scope": 5000, "stay_id": "A", "origin": "transfer_down"},
        {"reverses": 0},
    )
    assert pays(answer, "act_pay_dedc")[1] == "0.00"
    # 4800 x 90% as a stay of its own, instead of 5000 x 90%
    assert answer["visits"][2]["adjustments"] == [{"visit": 1, "payers": {"basic_pool": "-180.00"}}]


def test_care_days_do_not_overlap_hospital_days(policies: Policies) -> None:
    stay = {"in_scope": 5000, "admitted": "2022-06-01", "discharged": "2022-06-20", "date": "2022-06-20"}
    care = {"benefit": "long_term_care", "care_kind": "home", "days": 20, "date": "2022-06-30"}
    dated = {**care, "admitted": "2022-06-15", "discharged": "2022-07-05"}
    with pytest.raises(BenefitExcluded, match="重叠"):
        settle(policies, EMPLOYEE, stay, dated)
    after = {**care, "admitted": "2022-06-20", "discharged": "2022-07-10"}
    assert pays(settle(policies, EMPLOYEE, stay, after), "oth_pay") == ["0.00", "1100.00"]


def test_unknown_supplement_is_an_error(policies: Policies) -> None:
    with pytest.raises(Malformed, match="liaohuibao"):
        settle(policies, {**RESIDENT, "supplements": ["liaohui"]}, {"in_scope": 100})


def test_policy_that_begins_in_january_pays_nothing_before(policies: Policies) -> None:
    row = settle(policies, EMPLOYEE, {"benefit": "outpatient", "level": "primary", "in_scope": 1000})["visits"][0]
    assert row["fund_pay_sumamt"] == "0.00"
    assert "尚无此待遇" in row["notes"][0]


def test_retirement_in_mid_year_changes_the_rate_of_later_visits(policies: Policies) -> None:
    person = {**EMPLOYEE, "history": [{"from": "2022-07-01", "status": "retired"}]}
    chronic = {"benefit": "chronic", "in_scope": 1000}
    answer = settle(policies, person, {**chronic, "date": "2022-06-30"}, {**chronic, "date": "2022-07-01"})
    assert pays(answer) == ["850.00", "900.00"]


def test_counters_of_another_scheme_start_at_zero_and_wait(policies: Policies) -> None:
    person = {
        **RESIDENT,
        "history": [
            {"from": "2022-05-01", "scheme": "employee", "status": "active"},
            {"from": "2022-09-01", "scheme": "resident", "status": "adult"},
        ],
    }
    stays = [{"date": day, "in_scope": 10000} for day in ("2022-03-01", "2022-06-01", "2022-10-01")]
    answer = settle(policies, person, *stays)
    assert pays(answer, "act_pay_dedc") == ["800.00", "800.00", "400.00"]
    assert answer["year"]["counters"]["inpatient.in_scope"] == "20000.00"
    assert answer["year"]["counters"]["371500/employee/inpatient.in_scope"] == "10000.00"


def test_helped_persons_best_single_group_counts(policies: Policies) -> None:
    poor = {"date": "2023-05-01", "in_scope": 60000}
    one = settle(policies, {**RESIDENT, "groups": ["monitored"]}, poor)["visits"][0]
    both = settle(policies, {**RESIDENT, "groups": ["monitored", "extremely_poor"]}, poor)["visits"][0]
    best = settle(policies, {**RESIDENT, "groups": ["extremely_poor"]}, poor)["visits"][0]
    assert one["maf_pay"] < best["maf_pay"]
    assert both["payers"] == best["payers"]


def test_remote_care_by_filing_before_and_after(policies: Policies) -> None:
    def remote(day: str, filing: str, place: str = "110000") -> str:
        visit = {"date": day, "in_scope": 10000, "care_area": place, "filing": filing}
        payers: dict[str, str] = settle(policies, RESIDENT, visit)["visits"][0]["payers"]
        return payers.get("remote_first_self_pay", "0.00")

    assert remote("2022-06-30", "temporary") == "4000.00"
    assert remote("2022-07-01", "temporary") == "1000.00"
    assert remote("2022-07-01", "none") == "2000.00"
    assert remote("2022-07-01", "none", "370100") == "1000.00"
    assert remote("2022-07-01", "long_term") == remote("2022-07-01", "emergency") == "0.00"
    assert remote("2022-07-01", "none", "371522") == "0.00"


def test_long_term_filing_of_the_person_is_found(policies: Policies) -> None:
    person = {**RESIDENT, "filings": [{"kind": "remote", "type": "long_term", "area": "370100", "from": "2022-01-01"}]}
    answer = settle(
        policies, person, {"in_scope": 10000, "care_area": "370102"}, {"in_scope": 10000, "care_area": "370200"}
    )
    assert [row["payers"].get("remote_first_self_pay") for row in answer["visits"]] == [None, "4000.00"]


def test_herbs_get_two_points_pro_rata_above_the_deductible(policies: Policies) -> None:
    row = settle(policies, RESIDENT, {"in_scope": 10800, "herb_in_scope": 5400})["visits"][0]
    # (10800 - 800) x 60% + (10000 x 5400/10800) x 2%
    assert row["hifp_pay"] == "6100.00"


def test_special_drugs_have_their_own_payer_and_counter(policies: Policies) -> None:
    answer = settle(
        policies, RESIDENT, {"in_scope": 0, "special_drug": 30000}, {"benefit": "special_drug", "special_drug": 1000000}
    )
    assert pays(answer, "hifmi_pay") == ["8000.00", "800000.00"]
    assert pays(answer, "medfee_sumamt") == ["30000.00", "1000000.00"]


def test_long_term_care_is_paid_by_day_and_costs_its_standard_when_unsaid(policies: Policies) -> None:
    care = {"benefit": "long_term_care", "care_kind": "home", "days": 30}
    answer = settle(policies, EMPLOYEE, care, {**care, "in_scope": 1000}, {**care, "in_scope": 2000})
    assert pays(answer, "oth_pay") == ["1650.00", "1000.00", "1650.00"]
    assert pays(answer, "medfee_sumamt") == ["1650.00", "1000.00", "2000.00"]


@pytest.mark.parametrize("why", ["work_injury", "third_party", "public_health", "abroad"])
def test_exclusions_pay_nothing_and_move_nothing(policies: Policies, why: str) -> None:
    answer = settle(policies, EMPLOYEE, {"in_scope": 10000, "exclusion": why}, {"in_scope": 10000})
    assert pays(answer, "fund_pay_sumamt")[0] == "0.00"
    assert pays(answer, "act_pay_dedc") == ["0.00", "800.00"]


def test_third_party_takes_its_share_out_or_the_fund_advances(policies: Policies) -> None:
    bill = {"in_scope": 20000, "third_party": {"share": "50%", "advance": False}}
    row = settle(policies, RESIDENT, bill)["visits"][0]
    assert (row["hifp_pay"], row["psn_part_amt"]) == ("5520.00", "14480.00")
    bill["third_party"] = {"share": "50%", "advance": True}
    row = settle(policies, RESIDENT, bill)["visits"][0]
    assert (row["hifp_pay"], row["third_party_receivable"]) == ("11520.00", "5760.00")


def test_guarantee_tops_up_to_a_tenth(policies: Policies) -> None:
    person = {**RESIDENT, "groups": ["registered_poor"]}
    row = settle(policies, person, {"date": "2020-05-01", "in_scope": 200000})["visits"][0]
    assert row["psn_part_amt"] == "20000.00"
    assert row["payers"]["guarantee"] == row["oth_pay"] == "1439.00"


def test_account_then_cash_and_the_limit_on_the_account(policies: Policies) -> None:
    person = {**EMPLOYEE, "account_balance": "1000"}
    bill = {"benefit": "chronic", "in_scope": 1000}
    answer = settle(policies, person, {**bill, "account": "100"}, {**bill, "account": "none"}, bill)
    assert pays(answer, "acct_pay") == ["100.00", "0.00", "150.00"]
    assert pays(answer, "balc") == ["900.00", "900.00", "750.00"]


def test_reversal_lists_what_it_changes_and_alters_nothing(policies: Policies) -> None:
    person = {**EMPLOYEE, "account_balance": "500"}
    answer = settle(policies, person, {"in_scope": 40000}, {"in_scope": 40000}, {"reverses": 0})
    last = answer["visits"][2]
    assert last["hifp_pay"] == "-32736.00"
    assert last["balc"] == "500.00"
    # as a first stay: 29200 x 83% + 10000 x 85% instead of 34260
    assert last["adjustments"] == [{"visit": 1, "payers": {"basic_pool": "-1524.00"}}]
    assert answer["year"]["counters"]["inpatient.in_scope"] == "40000.00"


def test_reversing_an_adjusted_visit_takes_the_adjustment_back(policies: Policies) -> None:
    answer = settle(policies, EMPLOYEE, {"in_scope": 40000}, {"in_scope": 40000}, {"reverses": 0}, {"reverses": 1})
    assert answer["visits"][3]["adjustments"] == [{"visit": 1, "payers": {"basic_pool": "1524.00"}}]
    assert set(answer["year"]["counters"].values()) <= {"0", "0.00"}


def test_bills_of_nothing_and_of_ten_million(policies: Policies) -> None:
    answer = settle(policies, EMPLOYEE, {"in_scope": 0}, {"in_scope": 10000000})
    assert pays(answer) == ["0.00", "7055268.00"]  # a stay without cost is a stay: the second bears 400
    assert pays(answer, "hifob_pay") == ["0.00", "200000.00"]


def test_city_product_stands_beside_the_funds(policies: Policies) -> None:
    name = "liaocheng/liaohuibao_in_scope.yaml"
    figures = {f"{name}#deductible.amount": 10000, f"{name}#tiers.1.rate": "50%"}
    others = ("liaocheng/liaohuibao_out_of_list.yaml", "liaocheng/liaohuibao_special_drug.yaml")
    figures |= {f"{other}#deductible.amount": 0 for other in others}
    figures |= {f"{other}#tiers.1.rate": "0%" for other in others}
    person = {**RESIDENT, "supplements": ["liaohuibao"]}
    row = settle(policies, person, {"in_scope": 100000}, **{"with": figures})["visits"][0]
    plain = settle(policies, RESIDENT, {"in_scope": 100000})["visits"][0]
    assert row["supplement_pay"] > "0.00"
    assert row["psn_part_amt"] == plain["psn_part_amt"]
    assert row["fund_pay_sumamt"] == plain["fund_pay_sumamt"]


def test_missing_figure_is_refused_by_file_and_key(policies: Policies) -> None:
    with pytest.raises(FigureMissing, match=r"liaohuibao_in_scope\.yaml#deductible\.amount"):
        settle(policies, {**RESIDENT, "supplements": ["liaohuibao"]}, {"in_scope": 100000})


def test_date_without_policy_is_refused(policies: Policies) -> None:
    with pytest.raises(PolicyMissing, match="2021-06-01"):
        settle(policies, RESIDENT, {"date": "2021-06-01", "in_scope": 100})


def test_two_disease_gives_way_to_a_chronic_filing(policies: Policies) -> None:
    visit = {"benefit": "two_disease", "disease": "高血压", "in_scope": 100}
    assert pays(settle(policies, RESIDENT, visit)) == ["70.00"]
    person = {**RESIDENT, "filings": [{"kind": "chronic", "disease": "高血压病", "from": "2022-01-01"}]}
    with pytest.raises(BenefitExcluded):
        settle(policies, person, visit)


def test_two_diseases_have_a_cap_each(policies: Policies) -> None:
    high, sugar = ({"benefit": "two_disease", "disease": name, "in_scope": 500} for name in ("高血压", "糖尿病"))
    assert pays(settle(policies, RESIDENT, high, sugar, high)) == ["300.00", "350.00", "0.00"]


def test_gap_of_an_area_is_named(policies: Policies) -> None:
    person = {"area": "370200", "scheme": "employee", "status": "active"}
    row = settle(policies, person, {"date": "2024-03-01", "in_scope": 10000})["visits"][0]
    assert row["gaps"] == ["qingdao: no row for serious illness"]


def test_figures_used_outside_their_evidence_are_named(policies: Policies) -> None:
    before = settle(policies, RESIDENT, {"date": "2022-05-01", "in_scope": 10000})["visits"][0]
    after = settle(policies, RESIDENT, {"date": "2023-05-01", "in_scope": 10000})["visits"][0]
    path = "liaocheng/resident/inpatient.yaml#tiers.1.rate.tertiary"
    assert path not in before["provisional"]
    assert path in after["provisional"]


def test_interval_over_the_ranges_of_figures_that_are_not_sure(policies: Policies) -> None:
    def spread(day: str) -> list[str] | None:
        visit = {"date": day, "benefit": "inpatient", "level": "tertiary", "in_scope": 10800}
        found = interval(policies.settle(case_from({"person": RESIDENT, "visits": [visit]})))
        return found and [yuan_text(found.low), yuan_text(found.high)]

    assert spread("2022-05-01") is None
    assert spread("2023-05-01") == ["6000.00", "6600.00"]


def test_a_cap_stated_by_another_benefit_is_named(policies: Policies) -> None:
    person = {"area": "370000", "scheme": "employee", "status": "active"}
    row = settle(policies, person, {"date": "2020-05-05", "benefit": "chronic", "in_scope": 900000})["visits"][0]
    assert row["hifp_pay"] == "300000.00"
    assert "shandong/employee/inpatient.yaml#cap.amount" in row["provisional"]


def test_a_reform_of_one_figure_leaves_the_evidence_of_others(policies: Policies) -> None:
    case = {
        "person": RESIDENT,
        "visits": [{"date": "2024-05-05", "benefit": "inpatient", "level": "tertiary", "in_scope": 20000}],
    }
    path = "liaocheng/resident/inpatient.yaml#deductible.amount.primary"
    reform = Source("reform", {"changes": [{"path": path, "from": "2024-01-01", "value": 300}]})
    before = year_as_rows(policies.settle(case_from(case)))["visits"][0]["provisional"]
    assert year_as_rows(policies.reformed(reform).settle(case_from(case)))["visits"][0]["provisional"] == before


def test_own_stays_are_never_mistaken_for_named_ones(policies: Policies) -> None:
    answer = settle(policies, EMPLOYEE, {"in_scope": 20000, "stay_id": "#1"}, {"in_scope": 20000})
    assert pays(answer, "act_pay_dedc") == ["800.00", "400.00"]
    slashed = settle(policies, EMPLOYEE, {"in_scope": 20000, "stay_id": "2022/03/05"})
    settle(policies, EMPLOYEE, {"in_scope": 20000}, opening=slashed["year"])


def test_remote_ratio_given_by_a_case_is_checked(policies: Policies) -> None:
    for value in ("200%", "abc", 5):
        with pytest.raises(Malformed):
            settle(policies, RESIDENT, {"in_scope": 100}, **{"with": {"shandong/remote.yaml#first_self_pay": value}})
    with pytest.raises(Malformed):
        settle(policies, RESIDENT, {"in_scope": 100}, **{"with": {"shandong/levels.yaml#read_as.community": [1]}})


def test_a_refund_comes_on_top_of_a_dated_balance(policies: Policies) -> None:
    person = {**EMPLOYEE, "account_balance": "800", "history": [{"from": "2022-06-01", "account_balance": "500"}]}
    visits = [{"date": "2022-05-05", "in_scope": 20000}, {"date": "2022-07-05", "reverses": 0}]
    answer = settle(policies, person, *visits, {"date": "2022-08-05", "in_scope": 20000})
    assert pays(answer, "balc") == ["0.00", "1300.00", "0.00"]
    assert pays(answer, "acct_pay") == ["800.00", "-800.00", "1300.00"]


def test_an_empty_state_after_an_excluded_visit_goes_on(policies: Policies) -> None:
    year = settle(policies, EMPLOYEE, {"in_scope": 100, "exclusion": "abroad"})["year"]
    assert year == {"seq": 1, "counters": {}}
    assert pays(settle(policies, EMPLOYEE, {"in_scope": 20000}, opening=year), "act_pay_dedc") == ["800.00"]


def test_a_stay_over_care_days_says_so(policies: Policies) -> None:
    care = {"benefit": "long_term_care", "care_kind": "home", "days": 31, "admitted": "2022-05-01"}
    stay = {"in_scope": 5000, "admitted": "2022-05-01", "discharged": "2022-05-05"}
    answer = settle(policies, EMPLOYEE, {**care, "discharged": "2022-06-01"}, stay)
    assert "#0" in answer["visits"][1]["notes"][0]


def test_year_totals_count_adjustments_of_funds_only(policies: Policies) -> None:
    figures: dict[str, Any] = {}
    for part in ("in_scope", "out_of_list", "special_drug"):
        figures[f"liaocheng/liaohuibao_{part}.yaml#deductible.amount"] = 5000
        figures[f"liaocheng/liaohuibao_{part}.yaml#tiers.1.rate"] = "50%"
    person = {**RESIDENT, "supplements": ["liaohuibao"]}
    bills = [
        {"date": day, "benefit": "inpatient", "level": "tertiary", "in_scope": 60000, "non_covered": 30000}
        for day in ("2022-02-05", "2022-05-05")
    ]
    reverse = {"date": "2022-06-05", "reverses": 0}
    both = policies.settle(case_from({"person": person, "visits": [*bills, reverse], "with": figures}))
    alone = policies.settle(case_from({"person": person, "visits": bills[1:], "with": figures}))
    assert fund_total(both) == fund_total(alone)


def test_opening_state_continues_a_year(policies: Policies) -> None:
    whole = settle(policies, EMPLOYEE, {"in_scope": 40000}, {"in_scope": 40000})
    first = settle(policies, EMPLOYEE, {"in_scope": 40000})
    second = settle(policies, EMPLOYEE, {"in_scope": 40000}, opening=first["year"])
    assert second["visits"][0] == whole["visits"][1]
    assert second["year"] == whole["year"]


def test_stay_over_new_year_bears_one_deductible_and_counts_in_the_year_of_discharge(policies: Policies) -> None:
    piece = {"date": "2022-12-31", "stay_id": "A", "mid_stay": True, "in_scope": 5000}
    december = settle(policies, EMPLOYEE, piece)
    borne = december["year"]["counters"]["stay.A.deductible"]
    opening = {"seq": 0, "counters": {"stay.A.deductible": borne}}
    end = {**piece, "date": "2023-01-09", "mid_stay": False}
    january = settle(policies, EMPLOYEE, end, {"date": "2023-03-01", "in_scope": 5000}, opening=opening)
    assert pays(december, "act_pay_dedc") == ["800.00"]
    assert pays(january, "act_pay_dedc") == ["0.00", "400.00"]
    assert january["year"]["counters"]["inpatient.stays"] == "2"


@pytest.mark.parametrize(
    ("opening", "visit", "says"),
    [
        ({"seq": 39}, {}, "counters"),
        ({"seq": 0}, {"seq": 40}, "不相接"),
        ({"seq": 1, "counters": {"inpatient.in_scop": "1.00"}}, {}, "不认识的计数器"),
    ],
)
def test_earlier_visit_missing_is_an_error(policies: Policies, opening: Any, visit: Any, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        settle(policies, EMPLOYEE, {"in_scope": 100, **visit}, opening=opening)


def test_lines_are_priced_one_by_one(policies: Policies) -> None:
    lines = [
        {"amount": "100.00", "class": "A"},
        {"amount": "100.00", "class": "B", "own_ratio": "10%"},
        {"amount": "50.00", "class": "C"},
        {"amount": "120.00", "quantity": 2, "limit_price": "50.00", "class": "B", "own_ratio": "0.05", "herb": True},
    ]
    row = settle(policies, RESIDENT, {"lines": lines})["visits"][0]
    assert row["medfee_sumamt"] == "370.00"
    assert row["fulamt_ownpay_amt"] == "50.00"
    assert row["overlmt_selfpay"] == "20.00"
    assert row["preselfpay_amt"] == "15.00"
    assert row["inscp_scp_amt"] == "285.00"


def test_explanation_names_layer_figure_and_source(policies: Policies) -> None:
    case = {
        "person": RESIDENT,
        "visits": [{"date": "2022-03-05", "benefit": "inpatient", "level": "tertiary", "in_scope": 50000}],
    }
    text = explain(policies.settle(case_from(case)))
    assert "49,200.00 × 60% = 29,520.00" in text
    assert "liaocheng/resident/inpatient.yaml#tiers.1.rate.tertiary" in text
    assert "002_94ff833f94a5e36f.txt" in text
    assert "大病保险" in text
