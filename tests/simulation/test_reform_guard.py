"""What the benefit list forbids is refused before anything runs; what a reform may do is let through."""

from __future__ import annotations

from pathlib import Path

import pytest

from openyibao.kernel.errors import Malformed
from openyibao.policy.contracts import Source, read_reform
from openyibao.policy.facade import Policies, case_from, data_folder
from openyibao.simulation.reform import guard
from openyibao.simulation.reform.errors import BenefitListForbids

OUT = "measures.inpatient"
FORBIDDEN = [
    ("resident_outpatient_rate", "liaocheng/resident/outpatient.yaml#tiers.1.rate", "2022-01-01", "40%"),
    ("employee_outpatient_rate", "liaocheng/employee/outpatient.yaml#tiers.1.rate.tertiary", "2023-01-01", "45%"),
    ("employee_inpatient_rate_most", "liaocheng/employee/inpatient.yaml#tiers.1.rate.primary", "2022-01-01", "98%"),
    ("resident_inpatient_rate_most", "liaocheng/resident/inpatient.yaml#tiers.1.rate.primary", "2022-01-01", "92%"),
    ("inpatient_rate_least", "liaocheng/resident/inpatient.yaml#tiers.1.rate.tertiary", "2022-01-01", "45%"),
    ("level_order", "liaocheng/resident/inpatient.yaml#tiers.1.rate.secondary", "2022-01-01", "55%"),
    ("inpatient_deductible_most", "liaocheng/resident/inpatient.yaml#deductible.amount", "2022-01-01", "9000"),
    ("chronic_deductible_most", "liaocheng/resident/chronic.yaml#deductible.amount", "2022-01-01", "1500"),
    ("serious_illness_rate", "liaocheng/resident/serious_illness.yaml#tiers.1.rate", "2022-01-01", "55%"),
    (
        "serious_illness_deductible_most",
        "liaocheng/resident/serious_illness.yaml#deductible.amount.otherwise",
        "2022-01-01",
        "15000",
    ),
    (
        "serious_illness_tilt_deductible",
        "liaocheng/resident/serious_illness.yaml#deductible.amount.otherwise",
        "2022-01-01",
        "8000",
    ),
    (
        "serious_illness_tilt_deductible",
        "liaocheng/resident/serious_illness.yaml#deductible.amount",
        "2022-01-01",
        "8000",
    ),
    ("serious_illness_cap_sum", "liaocheng/resident/serious_illness.yaml#cap.amount.otherwise", "2022-01-01", "40000"),
    ("assistance_rate", "liaocheng/assistance.yaml#tiers.1.rate.minimum_living", "2022-01-01", "60%"),
    ("assistance_threshold", "shandong/assistance.yaml#deductible.amount.extremely_poor", "2022-12-01", "500"),
    ("helped_not_worse", "liaocheng/assistance.yaml#cap.amount", "2022-01-01", "10000"),
    ("helped_not_worse", "liaocheng/resident/serious_illness.yaml#cap.amount.helped", "2022-01-01", "400000"),
    ("helped_not_worse", "liaocheng/resident/serious_illness.yaml#bonus.tilt.helped", "2022-01-01", "0%"),
    ("subsidy_ratio", "liaocheng/resident/contribution.yaml#subsidy", "2022-01-01", "700"),
    ("account_rate", "liaocheng/employee/contribution.yaml#account.of_base.active.under_45", "2022-01-01", "4%"),
    ("retired_pay_nothing", "liaocheng/employee/contribution.yaml#individual_rate.retired", "2022-01-01", "1%"),
    ("remote_most", "shandong/remote.yaml#first_self_pay.none", "2020-01-01", "60%"),
    ("remote_most_2022", "shandong/remote.yaml#first_self_pay.none", "2022-07-01", "30%"),
    ("two_disease_rate", "shandong/resident/two_disease.yaml#tiers.1.rate", "2022-01-01", "40%"),
    (
        "out_of_list",
        f"liaocheng/resident/serious_illness.yaml#{OUT}",
        "2022-01-01",
        "[deductible, co_pay, non_covered]",
    ),
]


RESIDENT, EMPLOYEE = "liaocheng/resident", "liaocheng/employee"
BOUNDS = [
    ("resident_outpatient_rate", f"{RESIDENT}/outpatient.yaml#tiers.1.rate", "2022-01-01", "50%", "49.99%"),
    ("employee_outpatient_rate", f"{EMPLOYEE}/outpatient.yaml#tiers.1.rate.tertiary", "2023-01-01", "50%", "49.99%"),
    ("employee_inpatient_rate_most", f"{EMPLOYEE}/inpatient.yaml#tiers.1.rate.primary", "2022-01-01", "95%", "95.01%"),
    ("resident_inpatient_rate_most", f"{RESIDENT}/inpatient.yaml#tiers.1.rate.primary", "2022-01-01", "90%", "90.01%"),
    ("inpatient_rate_least", f"{RESIDENT}/inpatient.yaml#tiers.1.rate.tertiary", "2022-01-01", "50%", "49.99%"),
    ("level_order", f"{RESIDENT}/inpatient.yaml#tiers.1.rate.secondary", "2022-01-01", "60%", "59.99%"),
    ("inpatient_deductible_most", f"{RESIDENT}/inpatient.yaml#deductible.amount", "2022-01-01", "7492", "7492.01"),
    ("chronic_deductible_most", f"{RESIDENT}/chronic.yaml#deductible.amount", "2022-01-01", "1000", "1000.01"),
    ("serious_illness_rate", f"{RESIDENT}/serious_illness.yaml#tiers.2.rate", "2022-01-01", "60%", "59.99%"),
    (
        "serious_illness_deductible_most",
        f"{RESIDENT}/serious_illness.yaml#deductible.amount.otherwise",
        "2022-01-01",
        "14000",
        "14000.01",
    ),
    (
        "serious_illness_tilt_deductible",
        f"{RESIDENT}/serious_illness.yaml#deductible.amount.otherwise",
        "2022-01-01",
        "10000",
        "9999",
    ),
    (
        "serious_illness_cap_sum",
        f"{RESIDENT}/serious_illness.yaml#cap.amount.otherwise",
        "2022-01-01",
        "48000",
        "47999.99",
    ),
    ("employee_cap_sum", f"{EMPLOYEE}/inpatient.yaml#cap", "2022-01-01", "{amount: 249520}", "{amount: 249519.99}"),
    ("retired_not_below", f"{EMPLOYEE}/chronic.yaml#tiers.1.rate.active", "2022-01-01", "90%", "90.01%"),
    ("assistance_rate", "shandong/assistance.yaml#tiers.1.rate.extremely_poor", "2022-12-01", "70%", "69.99%"),
    ("assistance_threshold", "shandong/assistance.yaml#deductible.amount.extremely_poor", "2022-12-01", "0", "0.01"),
    (
        "assistance_threshold_edge",
        "shandong/assistance.yaml#deductible.amount.monitored",
        "2022-12-01",
        "3289",
        "3289.01",
    ),
    (
        "assistance_threshold_impoverished",
        "shandong/assistance.yaml#deductible.amount.impoverished_by_illness",
        "2022-12-01",
        "10000",
        "10000.01",
    ),
    ("assistance_group_order", "liaocheng/assistance.yaml#tiers.1.rate.helped", "2022-01-01", "70%", "70.01%"),
    ("helped_not_worse", "liaocheng/assistance_second.yaml#deductible.amount", "2022-01-01", "4999", "5000.01"),
    ("subsidy_ratio", f"{RESIDENT}/contribution.yaml#subsidy", "2022-01-01", "640", "640.01"),
    ("account_rate", f"{EMPLOYEE}/contribution.yaml#account.of_base.active", "2022-01-01", "2%", "3.01%"),
    ("base_range", f"{EMPLOYEE}/contribution.yaml#base_ceiling", "2022-01-01", "18730", "18730.01"),
    ("active_pay_two", f"{EMPLOYEE}/contribution.yaml#individual_rate.active", "2022-01-01", "2%", "2.01%"),
    ("retired_pay_nothing", f"{EMPLOYEE}/contribution.yaml#individual_rate.retired", "2022-01-01", "0%", "0.01%"),
    ("remote_most", "shandong/remote.yaml#first_self_pay.long_term", "2020-01-01", "40%", "40.01%"),
    ("remote_most_2022", "shandong/remote.yaml#first_self_pay.none", "2022-07-01", "20%", "20.01%"),
    ("two_disease_rate", "shandong/resident/two_disease.yaml#tiers.1.rate", "2022-01-01", "50%", "49.99%"),
    (
        "out_of_list",
        "liaocheng/assistance.yaml#measures.inpatient",
        "2022-01-01",
        "[deductible, co_pay, above_cap, prior_self_pay]",
        "[deductible, co_pay, above_cap, over_limit]",
    ),
]
"""Each rule with a bound: the last value it lets through, and the first one it does not."""


def checked(policies: Policies, tmp_path: Path, *changes: tuple[str, str, str]) -> int:
    path = tmp_path / "r.yaml"
    rows = "".join(f'- {{path: "{name}", from: {start}, value: {value}}}\n' for name, start, value in changes)
    path.write_text(f"title: 试\nchanges:\n{rows}", encoding="utf-8")
    reform = read_reform(path)
    return guard.check(policies, policies.reformed(reform), reform)


@pytest.mark.parametrize(("rule", "figure", "start", "value"), FORBIDDEN, ids=lambda one: str(one)[:40])
def test_each_rule_refuses_and_names_itself(
    policies: Policies, tmp_path: Path, rule: str, figure: str, start: str, value: str
) -> None:
    with pytest.raises(BenefitListForbids) as caught:
        checked(policies, tmp_path, (figure, start, value))
    told = [caught.value, *caught.value.also]
    mine = next((one for one in told if one.details["rule"] == rule), None)
    assert mine is not None, [one.details["rule"] for one in told]
    assert f"规则 {rule}" in str(mine)
    assert str(mine.details["figure"]).startswith(figure.partition("#")[0])
    assert "r.yaml:3 changes.0" in str(mine)


def refused(policies: Policies, tmp_path: Path, *changes: tuple[str, str, str]) -> list[BenefitListForbids]:
    try:
        checked(policies, tmp_path, *changes)
    except BenefitListForbids as found:
        return [found, *found.also]
    return []


@pytest.mark.parametrize(("rule", "figure", "start", "last", "first"), BOUNDS, ids=lambda one: str(one)[:40])
def test_both_sides_of_every_bound(
    policies: Policies, tmp_path: Path, rule: str, figure: str, start: str, last: str, first: str
) -> None:
    within = [one.details["rule"] for one in refused(policies, tmp_path, (figure, start, last))]
    assert rule not in within
    beyond = [one.details["rule"] for one in refused(policies, tmp_path, (figure, start, first))]
    assert rule in beyond


@pytest.mark.parametrize(
    ("figure", "value", "said"),
    [
        ("liaocheng/assistance.yaml#tiers.1.rate", "{minimum_living: 70%, extremely_poor: 70%}", "被去掉"),
        ("liaocheng/assistance.yaml#tiers.1.rate", "60%", "低于 70%"),
        ("liaocheng/assistance.yaml#measures.inpatient", "[deductible, co_pay]", "不再计入"),
        ("liaocheng/resident/serious_illness.yaml#tiers.1.upto", "150000", "较高的支付比例起得更晚"),
        ("liaocheng/resident/serious_illness.yaml#deductible.amount", "11000", "不再对帮扶对象倾斜"),
    ],
)
def test_ways_round_the_list(policies: Policies, tmp_path: Path, figure: str, value: str, said: str) -> None:
    """The same harm in another shape: a mapping without a group, less measured, a better rate that begins later."""
    found = refused(policies, tmp_path, (figure, "2022-01-01", value))
    assert any(said in one.message for one in found), [one.message for one in found]


def test_the_change_that_does_it_is_named(policies: Policies, tmp_path: Path) -> None:
    """Of several changes of one file, and of one figure on two days, only the guilty one."""
    rate, cap = "liaocheng/resident/outpatient.yaml#tiers.1.rate", "liaocheng/resident/outpatient.yaml#cap.amount"
    found = refused(
        policies, tmp_path, (cap, "2022-01-01", "300"), (rate, "2022-04-01", "60%"), (rate, "2022-09-01", "40%")
    )
    assert [(one.details["rule"], str(one.where).rsplit(" ", 1)[1]) for one in found] == [
        ("resident_outpatient_rate", "changes.2")
    ]


def test_a_rule_that_begins_within_a_version_counts_for_it(policies: Policies, tmp_path: Path) -> None:
    """The limit of 20 % begins on 2022-07-01; a change from an earlier day that lasts beyond it is held to it."""
    found = refused(policies, tmp_path, ("shandong/remote.yaml#first_self_pay.none", "2022-03-01", "25%"))
    assert [one.details["rule"] for one in found] == ["remote_most_2022"]
    assert not refused(policies, tmp_path, ("shandong/remote.yaml#first_self_pay.none", "2022-03-01", "20%"))


def test_what_cannot_be_judged_is_said(policies: Policies, tmp_path: Path) -> None:
    """The nation's minimum of 2022 is missing: less than before is let through, with a doubt."""
    path = tmp_path / "r.yaml"
    path.write_text(
        'changes:\n- {path: "liaocheng/resident/contribution.yaml#individual", from: 2022-01-01, value: 310}\n',
        encoding="utf-8",
    )
    reform = read_reform(path)
    doubts: list[str] = []
    guard.check(policies, policies.reformed(reform), reform, doubts)
    assert len(doubts) == 1
    assert "premium_floor" in doubts[0]
    assert "未核对" in doubts[0]


def test_a_city_may_not_collect_less_than_those_above_it_ask(policies: Policies, tmp_path: Path) -> None:
    stated = [{"path": "national/resident/contribution.yaml#individual", "from": "2022-01-01", "value": "315"}]
    nation = policies.reformed(Source("nation", {"changes": stated}))
    path = "liaocheng/resident/contribution.yaml#individual"
    assert checked(nation, tmp_path, (path, "2022-01-01", "315"))
    with pytest.raises(BenefitListForbids, match="低于全国的 315 元"):
        checked(nation, tmp_path, (path, "2022-01-01", "310"))


def test_benefits_outside_the_list_are_not_begun(
    policies: Policies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No shipped file rules a benefit outside the list, so the list is made shorter."""
    pairs = next(rule for rule in guard.rules() if rule["id"] == "pairs")
    without = {scheme: [one for one in found if one != "outpatient"] for scheme, found in pairs["pairs"].items()}
    monkeypatch.setattr(guard, "rules", lambda: ({**pairs, "pairs": without},))
    with pytest.raises(BenefitListForbids, match="不在清单之内"):
        checked(policies, tmp_path, ("liaocheng/resident/outpatient.yaml#cap.amount", "2022-01-01", "250"))


def test_every_breach_is_told_at_once(policies: Policies, tmp_path: Path) -> None:
    with pytest.raises(BenefitListForbids) as caught:
        checked(
            policies,
            tmp_path,
            ("liaocheng/resident/outpatient.yaml#tiers.1.rate", "2022-01-01", "40%"),
            ("liaocheng/assistance.yaml#cap.amount", "2022-01-01", "10000"),
        )
    assert {caught.value.details["rule"], *(one.details["rule"] for one in caught.value.also)} == {
        "resident_outpatient_rate",
        "helped_not_worse",
    }


@pytest.mark.parametrize(
    ("figure", "start", "value"),
    [
        ("liaocheng/resident/outpatient.yaml#tiers.1.rate", "2022-01-01", "50%"),
        ("liaocheng/resident/outpatient.yaml#tiers.1.rate", "2022-01-01", "60%"),
        ("liaocheng/employee/contribution.yaml#account.of_base.active.from_45", "2022-01-01", "3%"),
        ("shandong/remote.yaml#first_self_pay.temporary", "2022-07-01", "20%"),
        ("liaocheng/resident/contribution.yaml#subsidy", "2022-01-01", "640"),
        ("liaocheng/assistance.yaml#cap.amount", "2022-01-01", "15001"),
        ("liaocheng/resident/serious_illness.yaml#cap.amount.otherwise", "2022-01-01", "48000"),
    ],
)
def test_the_edge_itself_is_allowed(policies: Policies, tmp_path: Path, figure: str, start: str, value: str) -> None:
    """At a bound, towards it from beyond (an account credit lowered to 3 %), better for the helped: none speaks."""
    assert checked(policies, tmp_path, (figure, start, value)) == len(guard.rules())


def test_every_rule_has_a_source_and_is_tried_here() -> None:
    tried = {rule for rule, *_ in [*FORBIDDEN, *BOUNDS]}
    for rule in guard.rules():
        assert rule["source"]
        assert rule["certainty"] in ("seed", "public", "assumed")
        assert rule["id"] in tried | {"pairs", "premium_floor"}, "a rule nobody has seen refuse"


def test_ready_reforms_pass_the_list(policies: Policies) -> None:
    paths = sorted(data_folder("reforms").glob("*.yaml"))
    assert len(paths) >= 9
    for path in paths:
        reform = read_reform(path)
        assert guard.check(policies, policies.reformed(reform), reform) == len(guard.rules()), path


# A version that holds earlier --------------------------------------------------------------------------------------

CASE = {
    "person": {"area": "371500", "scheme": "employee", "status": "active"},
    "visits": [{"date": "2022-03-05", "benefit": "outpatient", "level": "primary", "in_scope": "300.00"}],
}


def earlier(policies: Policies, tmp_path: Path, start: str, stated: str) -> Policies:
    path = tmp_path / "r.yaml"
    path.write_text(
        f'changes:\n- {{path: "liaocheng/employee/outpatient.yaml#from", from: {start}, value: {stated}}}\n',
        encoding="utf-8",
    )
    return policies.reformed(read_reform(path))


def test_a_version_can_hold_earlier(policies: Policies, tmp_path: Path) -> None:
    case = case_from(CASE)
    assert policies.settle(case).rows[0].funds == 0  # type: ignore[union-attr]
    moved = earlier(policies, tmp_path, "2022-01-01", "2023-01-01").settle(case)
    assert moved.rows[0].funds == 7_000  # type: ignore[union-attr]
    later = earlier(policies, tmp_path, "2022-03-06", "2023-01-01").settle(case)
    assert later.rows[0].funds == 0  # type: ignore[union-attr]


@pytest.mark.parametrize(("start", "stated"), [("2022-01-01", "2022-06-01"), ("2023-01-01", "2023-01-01")])
def test_a_version_that_is_not_there_cannot(policies: Policies, tmp_path: Path, start: str, stated: str) -> None:
    with pytest.raises(Malformed, match="没有自该日起的版本"):
        earlier(policies, tmp_path, start, stated)
