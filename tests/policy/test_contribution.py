"""Contributions through the door of their module: files in, rows and reasons out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from openyibao.kernel.errors import FigureMissing, Malformed, PolicyMissing
from openyibao.policy import rulebook, source
from openyibao.policy.contribution import (
    contribute,
    explain_contribution,
    read_contribution,
    result_as_json,
)
from openyibao.policy.rulebook import Rulebook
from openyibao.policy.runner import differences
from openyibao.policy.source import Source

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "cases" / "contribution").glob("*.yaml"))
LIAOCHENG = "liaocheng/employee/contribution.yaml"
SHANDONG = "shandong/employee/contribution.yaml"
NATIONAL = "national/employee/contribution.yaml"
PREMIUM_OF_NATION = "national/resident/contribution.yaml"


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return rulebook.load(ROOT / "policies")


def run(book: Rulebook, period: int | str, person: dict[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
    """The row for a Liaocheng worker of 1990, changed as stated."""
    return result_as_json(contribute(read_contribution(asked(period, person, **rest)), book))


def asked(period: int | str, person: dict[str, Any] | None = None, **rest: Any) -> Source:
    base = {"area": "371500", "scheme": "employee", "status": "active", "birth": "1990-01-01"}
    return Source("case", {"person": {**base, **(person or {})}, "period": period, **rest})


def resident(**rest: Any) -> dict[str, Any]:
    return {"scheme": "resident", "status": "adult", **rest}


def money(row: dict[str, Any], *keys: str) -> tuple[str, ...]:
    return tuple(row[key] for key in keys)


# Golden cases -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_golden_case(path: Path, book: Rulebook) -> None:
    contribution = read_contribution(source.read(path))
    result = contribute(contribution, book)
    assert contribution.expected
    found = list(differences("", contribution.expected, result_as_json(result)))
    assert found == [], explain_contribution(result)


def test_every_golden_contribution_has_a_case_or_a_note() -> None:
    found = {path.name[:7] for path in (ROOT / "cases" / "contribution").iterdir()}
    assert found == {f"CON-00{number}" for number in range(1, 10)}


def test_reform_takes_449_52_from_the_account(book: Rulebook) -> None:
    before, after = (
        result_as_json(contribute(read_contribution(source.read(ROOT / f"cases/contribution/{name}.yaml")), book))
        for name in ("CON-002", "CON-004")
    )
    assert Fraction(before["account"]) - Fraction(after["account"]) == Fraction("449.52")
    assert before["total"] == after["total"]


def test_con_008_is_a_quotient_of_printed_totals() -> None:
    text = (ROOT / "cases/contribution/CON-008.md").read_text(encoding="utf-8")
    assert abs(Fraction(11_700_000_000, 1_126_300) - Fraction("10388.00")) < Fraction("0.005")
    assert abs(Fraction(1_759_000_000, 14_400) - Fraction("122152.78")) < Fraction("0.005")
    assert "10 388.00" in text
    assert "122 152.78" in text


# Employee ---------------------------------------------------------------------------------------------------------


def test_year_is_the_sum_of_its_rounded_months(book: Rulebook) -> None:
    person = {"declared_wage": "4321.13", "birth": "1970-01-01"}
    month = run(book, "2022-05", person)
    # 4321.13 × 7% = 302.4791, × 2% = 86.4226, × 3.5% = 151.23955: each rounded alone, half up
    assert money(month, "employer", "individual", "total", "account", "pool") == (
        "302.48",
        "86.42",
        "388.90",
        "151.24",
        "237.66",
    )
    year = run(book, 2022, person)
    assert money(year, "base", "employer", "individual", "account", "pool") == (
        "51853.56",
        "3629.76",
        "1037.04",
        "1814.88",
        "2851.92",
    )
    assert len(year["months"]) == 12
    assert {row["total"] for row in year["months"]} == {"388.90"}
    assert year["transfers"] == {"serious_illness": "20.00", "long_term_care": "112.00"}
    assert month["transfers"] == {}


def test_rounding_is_half_up(book: Rulebook) -> None:
    figures = {f"{LIAOCHENG}#base_floor": "0.50", f"{LIAOCHENG}#individual_rate.active": "1%"}
    assert run(book, "2022-05", {"declared_wage": "0.50"}, **{"with": figures})["individual"] == "0.01"


@pytest.mark.parametrize(
    ("wage", "base", "uses_ceiling"),
    [
        ("3745.99", "3746.00", False),
        ("3746", "3746.00", False),
        ("3746.01", "3746.01", True),
        ("18730", "18730.00", True),
        ("18730.01", "18730.00", True),
    ],
)
def test_base_lies_between_floor_and_ceiling(wage: str, base: str, uses_ceiling: bool, book: Rulebook) -> None:
    row = run(book, "2022-05", {"declared_wage": wage})
    assert row["base"] == base
    assert row["provisional"] == ([f"{LIAOCHENG}#base_ceiling"] if uses_ceiling else [])


def test_no_declared_wage_takes_the_floor(book: Rulebook) -> None:
    assert run(book, "2022-05")["base"] == "3746.00"


def test_retiring_mid_year_pays_until_the_month_before(book: Rulebook) -> None:
    person = {"birth": "1962-06-20", "history": [{"from": "2022-07-01", "status": "retired"}]}
    row = run(book, 2022, person)
    assert [month["status"] for month in row["months"]] == ["active"] * 6 + ["retired"] * 6
    assert row["total"] == "2022.84"  # 337.14 × 6
    assert row["account"] == "786.66"  # 131.11 × 6 at 3.5 %, retired months without a pension 0
    assert any("pension" in note for note in row["notes"])


def test_status_of_a_month_is_that_of_its_first_day(book: Rulebook) -> None:
    person = {"history": [{"from": "2022-07-02", "status": "retired"}]}
    assert run(book, "2022-07", person)["total"] == "337.14"
    assert run(book, "2022-08", person)["total"] == "0.00"


def test_45th_birthday_moves_the_account_share_from_the_next_first_day(book: Rulebook) -> None:
    row = run(book, 2022, {"birth": "1977-06-15"})
    assert [month["account"] for month in row["months"]] == ["112.38"] * 6 + ["131.11"] * 6
    assert row["provisional"] == [f"{LIAOCHENG}#account.of_base.active.from_45"]
    on_the_first = run(book, 2022, {"birth": "1977-06-01"})
    assert [month["account"] for month in on_the_first["months"]].count("131.11") == 7


def test_without_birth_the_lower_band_with_a_note(book: Rulebook) -> None:
    contribution = Source(
        "case", {"person": {"area": "371500", "scheme": "employee", "status": "active"}, "period": "2022-05"}
    )
    row = result_as_json(contribute(read_contribution(contribution), book))
    assert row["account"] == "112.38"
    assert row["notes"] == ["未写明出生日期，个人账户按 45 周岁以下划入"]


def test_retiree_account_is_a_share_of_the_pension_paid_by_the_pool(book: Rulebook) -> None:
    row = run(book, "2022-05", {"status": "retired", "pension": "3200"})
    assert money(row, "total", "account", "pool") == ("0.00", "128.00", "-128.00")
    assert row["provisional"] == [f"{LIAOCHENG}#account.of_pension.retired"]


def test_retiree_after_the_reform_has_no_known_credit(book: Rulebook) -> None:
    key = f"{LIAOCHENG}#account.fixed_month.retired"
    row = run(book, "2023-05", {"status": "retired", "pension": "3200"})
    assert money(row, "total", "account", "pool") == ("0.00", "0.00", "0.00")
    assert row["missing"] == [key]
    assert any(key in note for note in row["notes"])
    given = run(book, "2023-05", {"status": "retired"}, **{"with": {key: 85}})
    assert (given["account"], given["missing"]) == ("85.00", [])


@pytest.mark.parametrize(
    ("period", "employer"), [("2020-01", "280.00"), ("2020-02", "140.00"), ("2020-06", "140.00"), ("2020-07", "280.00")]
)
def test_relief_halves_the_employer_part_of_enterprises(period: str, employer: str, book: Rulebook) -> None:
    person = {"area": "370000", "employer_kind": "enterprise", "declared_wage": 4000}
    row = run(book, period, person)
    assert money(row, "employer", "individual", "account") == (employer, "80.00", "120.00")
    assert (f"{SHANDONG}#relief.employer_share" in row["provisional"]) == (employer == "140.00")
    assert run(book, period, {**person, "employer_kind": "organ"})["employer"] == "280.00"


def test_relief_is_rounded_once(book: Rulebook) -> None:
    person = {"area": "370000", "employer_kind": "enterprise", "declared_wage": "4000.08"}
    # 4000.08 × 7 % × 50 % = 140.0028; half of the rounded 280.01 would be 140.01
    assert run(book, "2020-03", person)["employer"] == "140.00"


def test_relief_needs_a_stated_employer_kind(book: Rulebook) -> None:
    row = run(book, "2020-03", {"area": "370000", "declared_wage": 4000})
    assert row["employer"] == "280.00"
    assert any("employer_kind" in note for note in row["notes"])


def test_flexible_worker_pays_both_parts(book: Rulebook) -> None:
    row = run(book, "2022-05", {"employer_kind": "flexible"})
    assert money(row, "employer", "individual", "total", "account") == ("0.00", "337.14", "337.14", "112.38")
    assert row["provisional"] == [f"{NATIONAL}#flexible.employer_part"]


def test_deferral_reports_but_does_not_change_amounts(book: Rulebook) -> None:
    person = {"history": [{"from": "2022-04-01", "deferred": True}, {"from": "2022-07-01", "deferred": False}]}
    row = run(book, 2022, person)
    assert money(row, "total", "deferred") == ("4045.68", "1011.42")
    assert [month["deferred"] for month in row["months"]].count("337.14") == 3
    assert any("参保状态" in note for note in row["notes"])


def test_city_rate_with_what_it_takes_from_the_province_and_the_nation(book: Rulebook) -> None:
    figures = {"qingdao/employee/contribution.yaml#base_floor": 4000}
    in_2020 = run(book, "2020-03", {"area": "370200", "employer_kind": "enterprise"}, **{"with": figures})
    assert money(in_2020, "employer", "individual", "account") == ("170.00", "80.00", "120.00")
    in_2022 = run(book, "2022-03", {"area": "370200", "employer_kind": "enterprise"}, **{"with": figures})
    assert money(in_2022, "employer", "individual", "account") == ("340.00", "80.00", "80.00")
    assert in_2022["provisional"] == [
        f"{NATIONAL}#account.of_base.active",  # 2021 evidence
        f"{NATIONAL}#individual_rate.active",  # 1998 evidence
        "qingdao/employee/contribution.yaml#employer_rate.active",
    ]


# Resident ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("area", "year", "individual", "subsidy", "provisional"),
    [
        ("370000", 2018, "180.00", "490.00", ["shandong/resident", "national/resident"]),
        ("370000", 2019, "220.00", "520.00", ["shandong/resident"]),
        ("370000", 2020, "250.00", "550.00", []),
        ("370000", 2021, "280.00", "580.00", ["national/resident"]),
        ("371500", 2022, "320.00", "610.00", []),
        ("370100", 2023, "350.00", "640.00", ["national/resident", "national/resident"]),
        ("370100", 2024, "380.00", "670.00", ["national/resident"]),
        ("370100", 2025, "400.00", "700.00", []),
        ("370100", 2026, "400.00", "724.00", []),
    ],
)
def test_resident_figures_by_benefit_year(
    area: str, year: int, individual: str, subsidy: str, provisional: list[str], book: Rulebook
) -> None:
    row = run(book, year, resident(area=area))
    assert money(row, "individual", "subsidy") == (individual, subsidy)
    assert row["pool"] == row["total"]
    assert money(row, "base", "employer", "account") == ("0.00", "0.00", "0.00")
    assert sorted(path.rpartition("/")[0] for path in row["provisional"]) == sorted(provisional)


def test_notice_pairing_crosses_files(book: Rulebook) -> None:
    row = run(book, 2021, resident(), pairing="notice_year")
    assert money(row, "subsidy", "individual", "total") == ("580.00", "320.00", "900.00")


def test_extremely_poor_are_paid_in_full(book: Rulebook) -> None:
    row = run(book, 2022, resident(groups=["extremely_poor"]))
    assert money(row, "individual", "assistance", "subsidy", "total") == ("0.00", "320.00", "610.00", "930.00")
    assert row["provisional"] == [f"{PREMIUM_OF_NATION}#subsidised.extremely_poor"]  # 2021 evidence, extended


def test_nobody_is_subsidised_before_the_notice(book: Rulebook) -> None:
    assert money(run(book, 2021, resident(groups=["extremely_poor"])), "individual", "assistance") == ("280.00", "0.00")


@pytest.mark.parametrize("group", ["minimum_living", "returned_to_poverty"])
def test_fixed_subsidy_of_unknown_amount_refuses(group: str, book: Rulebook) -> None:
    key = f"{PREMIUM_OF_NATION}#subsidised.{group}"
    with pytest.raises(FigureMissing, match=key):
        run(book, 2022, resident(groups=[group]))
    row = run(book, 2022, resident(groups=[group]), **{"with": {key: "200"}})
    assert money(row, "individual", "assistance", "total") == ("120.00", "200.00", "930.00")
    more = run(book, 2022, resident(groups=[group]), **{"with": {key: "999"}})
    assert money(more, "individual", "assistance") == ("0.00", "320.00")


def test_best_single_group(book: Rulebook) -> None:
    row = run(book, 2022, resident(groups=["minimum_living", "extremely_poor"]))
    assert money(row, "individual", "assistance") == ("0.00", "320.00")
    assert "多重身份只取一种：资助参保按特困人员计" in row["notes"]
    figures = {f"{PREMIUM_OF_NATION}#subsidised.{name}": amount for name, amount in (("minimum_living", 100),)}
    with pytest.raises(FigureMissing, match=r"subsidised\.returned_to_poverty"):
        run(book, 2022, resident(groups=["minimum_living", "returned_to_poverty"]), **{"with": figures})
    figures[f"{PREMIUM_OF_NATION}#subsidised.returned_to_poverty"] = 160
    both = run(book, 2022, resident(groups=["minimum_living", "returned_to_poverty"]), **{"with": figures})
    assert both["assistance"] == "160.00"
    assert run(book, 2022, resident(groups=["low_income_edge"]))["assistance"] == "0.00"


def test_subsidy_above_two_to_one_is_noted(book: Rulebook) -> None:
    key = "liaocheng/resident/contribution.yaml"
    assert run(book, 2022, resident())["notes"] == []
    assert any("200%" in note for note in run(book, 2022, resident(), **{"with": {f"{key}#subsidy": 641}})["notes"])


def test_change_of_scheme_in_the_year_pays_the_premium_once(book: Rulebook) -> None:
    person = {"history": [{"from": "2022-04-01", "scheme": "resident", "status": "adult"}]}
    row = run(book, 2022, person)
    assert [item["period"] for item in row["months"]] == ["2022-01", "2022-02", "2022-03", "2022"]
    assert row["total"] == "1941.42"  # 337.14 × 3 + 930
    assert any("险种" in note for note in row["notes"])


# Refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "person", "key"),
    [
        ("2023-05", {"declared_wage": 5000}, f"{LIAOCHENG}#base_floor"),
        ("2023-05", {}, f"{LIAOCHENG}#base_floor"),
        ("2021-05", {}, f"{SHANDONG}#base_floor"),
        ("2020-05", {"area": "370100"}, "jinan/employee/contribution.yaml#base_floor"),
        (2022, resident(area="370100"), f"{PREMIUM_OF_NATION}#subsidy"),
        (2027, resident(), f"{PREMIUM_OF_NATION}#subsidy"),
    ],
)
def test_missing_figure_refuses_with_file_and_key(
    period: int | str, person: dict[str, Any], key: str, book: Rulebook
) -> None:
    with pytest.raises(FigureMissing, match=key) as refused:
        run(book, period, person)
    assert refused.value.details["figure"] == key


def test_missing_ceiling_refuses_only_above_the_floor(book: Rulebook) -> None:
    figures = {"with": {f"{LIAOCHENG}#base_floor": 3746}}
    assert run(book, "2023-05", {"declared_wage": 3746}, **figures)["base"] == "3746.00"
    with pytest.raises(FigureMissing, match=f"{LIAOCHENG}#base_ceiling"):
        run(book, "2023-05", {"declared_wage": 3747}, **figures)


def test_account_share_between_the_plans_is_missing(book: Rulebook) -> None:
    figures = {"with": {f"{SHANDONG}#base_floor": 3500}}
    with pytest.raises(FigureMissing, match=rf"{NATIONAL}#account\.of_base\.active"):
        run(book, "2021-04", {"area": "370000"}, **figures)
    assert run(book, "2021-05", {"area": "370000"}, **figures)["account"] == "70.00"


def test_scheme_without_contribution_policy(book: Rulebook) -> None:
    with pytest.raises(PolicyMissing, match="离休"):
        run(book, "2022-05", {"scheme": "retired_cadre", "status": "retired"})


def test_malformed_input_lists_every_fault() -> None:
    text = b"""
person:
  area: "379900"
  scheme: employee
  status: adult
  birth: 1880-01-01
  declared_wage: "12.345"
  employer_knd: enterprise
  history:
  - {from: 2022-02-30, status: retired}
  - {from: 2022-05-01, status: retired}
  - {from: 2022-05-01, deferred: true}
period: 2022-13
pairing: notice_year
heads: 0
expected: {totl: 1.00}
"""
    with pytest.raises(Malformed) as refused:
        read_contribution(source.parse(text, "bad.yaml"))
    paths = {fault.path for fault in refused.value.faults}
    assert paths == {
        "person.area",
        "person.status",
        "person.declared_wage",
        "person.employer_knd",
        "person.history.0.from",
        "person.history.1.from",
        "person.history.2.from",
        "period",
        "heads",
        "expected.totl",
    }
    assert all(fault.line for fault in refused.value.faults)


@pytest.mark.parametrize(
    ("period", "person", "rest", "path", "says"),
    [
        ("2022-05", resident(), {}, "period", "按年缴费"),
        (2022, {}, {"pairing": "notice_year"}, "pairing", "居民"),
        (2022, {"birth": "2023-01-01"}, {}, "person.birth", "晚于缴费期"),
        (1980, {}, {}, "period", "1990"),
        (2022, resident(status="active"), {}, "person.status", "resident"),
        (2022, {"area": "110100"}, {}, "person.area", "山东省"),
    ],
)
def test_what_only_the_whole_file_shows(
    period: int | str, person: dict[str, Any], rest: dict[str, Any], path: str, says: str
) -> None:
    with pytest.raises(Malformed) as refused:
        read_contribution(asked(period, person, **rest))
    assert [fault.path for fault in refused.value.faults] == [path]
    assert says in str(refused.value)


def test_unknown_figure_under_with_is_malformed(book: Rulebook) -> None:
    with pytest.raises(Malformed, match="base_flor"):
        run(book, "2022-05", **{"with": {f"{LIAOCHENG}#base_flor": 1}})


@pytest.mark.parametrize("path", ["base_floor", "account.of_base.active.under_45"])
def test_figure_too_long_for_money_is_malformed(path: str, book: Rulebook) -> None:
    value = "1" + "0" * 20 + ("" if path == "base_floor" else "%")
    with pytest.raises(Malformed, match=path):
        run(book, "2022-05", **{"with": {f"{LIAOCHENG}#{path}": value}})


# Explanation ------------------------------------------------------------------------------------------------------


def test_explanation_names_arithmetic_and_sources(book: Rulebook) -> None:
    person = {"birth": "1977-06-15", "declared_wage": 20000, "employer_kind": "enterprise"}
    text = explain_contribution(contribute(read_contribution(asked(2022, person, heads=3)), book))
    assert "2022-01 至 2022-06（6 个月，每月）" in text
    assert "2022-07 至 2022-12（6 个月，每月）" in text
    assert "申报工资 20000.00，高于上限 18730.00，取上限" in text
    assert "18730.00 × 7% = 1311.10" in text
    assert f"缴费基数上限 18730 ← {LIAOCHENG}#base_ceiling" in text
    assert "假定" in text
    assert "3 人合计" in text


def test_every_provisional_figure_is_marked_in_the_explanation(book: Rulebook) -> None:
    result = contribute(read_contribution(asked(2022, resident(groups=["extremely_poor"]))), book)
    text = explain_contribution(result)
    for path in result_as_json(result)["provisional"]:
        assert any(path in line and "⚠" in line for line in text.splitlines())
