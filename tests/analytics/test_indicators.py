"""Indicators against the same counting in plain Python, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from openyibao.analytics.facade import definitions, footnotes, run_indicators, year_on_year
from openyibao.analytics.indicators import api
from openyibao.analytics.indicators.contracts import Value
from openyibao.analytics.indicators.engines import DuckDB
from openyibao.analytics.indicators.growth import compared
from openyibao.analytics.indicators.listing import lines
from openyibao.analytics.indicators.queries import taken_apart
from openyibao.datasets.facade import BENEFIT_CODES, LEVEL_CODES, Dataset, open_dataset
from openyibao.datasets.schema import GRANT_KINDS
from openyibao.kernel.errors import Malformed
from openyibao.policy.facade import Policies
from tests.analytics.indicator_world import POOLS, Row, Rows, build

POPULATION = {"370000": {"2022": {"persons": 4000, "source": "试验人口"}}, "371500": {"2022": {"persons": 2000}}}
FUND = ("basic_fen", "serious_illness_fen", "special_drug_fen", "supplement_fund_fen")
PREMIUM_FEN = {0: 2_000, 1: 9_000}
"""Serious-illness premium per head in Liaocheng 2022, 20 and 90 yuan; Qingdao states none."""


@pytest.fixture(scope="module")
def policies() -> Policies:
    return Policies.load()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Rows]:
    return build(tmp_path_factory.mktemp("indicators") / "data", scale=0.1, population=POPULATION)


@pytest.fixture(scope="module")
def values(world: tuple[Dataset, Rows], policies: Policies) -> dict[str, Value]:
    return {value.id: value for value in run_indicators(world[0], 2022, policies=policies)}


def scheme(row: Row) -> str:
    return POOLS[row["pool"]][2]


def of(rows: list[Row], **asked: Any) -> Iterator[Row]:
    """Rows of 2022 with these values; `scheme` by the pool, `benefit` by its word."""
    for row in rows:
        named = {**row, "scheme": scheme(row)}
        if "benefit" in row:
            named["benefit"] = BENEFIT_CODES[row["benefit"]]
        if row["year"] == 2022 and all(named[name] == value for name, value in asked.items()):
            yield row


def stays(rows: Rows, **asked: Any) -> int:
    """Stays, each once however many pieces it was settled in."""
    return len(
        {
            (row["person"], row["stay"] if row["stay"] >= 0 else 1_000 + row["seq"])
            for row in of(rows.bills, benefit="inpatient", **asked)
        }
    )


def purchases(rows: Rows) -> int:
    """What accounts pay in pharmacies of what visits left."""
    taken = 0
    for row in of(rows.contributions, account=1):
        spent = sum(bill["account_fen"] for bill in of(rows.bills, person=row["person"]))
        left = row["account_opening_fen"] + row["account_fen"] - spent
        taken += min(max(left, 0), row["purchases_fen"])
    return taken


def fund(rows: Rows, name: str, item: str) -> int:
    return sum(row["fen"] for row in rows.funds if (row["year"], row["fund"], row["item"]) == (2022, name, item))


def grants(rows: Rows, kind: str, column: str) -> int:
    return sum(row[column] for row in of(rows.grants, kind=list(GRANT_KINDS).index(kind)))


def total(rows: Iterator[Row], *columns: str) -> int:
    return sum(row[name] for row in rows for name in columns)


def pool_spending(rows: Rows) -> int:
    heads = sum(1 for _ in of(rows.contributions, pool=0, insured_at_year_end=1))
    return (
        total(of(rows.bills, scheme="employee"), "basic_fen")
        + grants(rows, "maternity_allowance", "fen")
        + heads * PREMIUM_FEN[0]
        + fund(rows, "employee_pool", "other_expenditure")
    )


NUMERATORS: dict[str, Callable[[Rows], int]] = {
    "insured": lambda r: sum(1 for _ in of(r.contributions, insured_at_year_end=1)),
    "insured_retired": lambda r: sum(
        1 for _ in of(r.contributions, insured_at_year_end=1, scheme="employee", status=2)
    ),
    "insured_pool_only": lambda r: sum(
        1 for _ in of(r.contributions, insured_at_year_end=1, scheme="employee", account=0)
    ),
    "insured_maternity": lambda r: sum(1 for _ in of(r.contributions, insured_at_year_end=1, maternity=1)),
    "stays_employee": lambda r: stays(r, scheme="employee"),
    "stays_resident": lambda r: stays(r, scheme="resident"),
    "stay_rate_retired": lambda r: stays(r, scheme="employee", status=2),
    "stay_cost_employee_tertiary": lambda r: total(
        of(r.bills, scheme="employee", benefit="inpatient", level=LEVEL_CODES.index("tertiary")), "total_fen"
    ),
    "visits_outpatient_resident": lambda r: sum(
        1 for name in ("outpatient", "two_disease") for _ in of(r.bills, scheme="resident", benefit=name)
    ),
    "inpatients_employee": lambda r: len(
        {(b["person"], b["pool"]) for b in of(r.bills, scheme="employee", benefit="inpatient")}
    ),
    "births": lambda r: len(
        {b["person"] for b in of(r.bills, scheme="employee", benefit="delivery")}
        | {b["person"] for b in of(r.bills, scheme="employee", benefit="inpatient", variant=1)}
    ),
    "maternity_medical_times": lambda r: (
        sum(1 for _ in of(r.bills, scheme="employee", benefit="delivery"))
        + sum(1 for _ in of(r.bills, scheme="employee", variant=1))
    ),
    "fund_income_employee_pool": lambda r: (
        total(of(r.contributions, scheme="employee"), "employer_fen", "individual_fen", "subsidy_fen")
        - total(of(r.contributions, scheme="employee"), "account_fen")
        + fund(r, "employee_pool", "interest")
    ),
    "fund_income_account": lambda r: (
        total(of(r.contributions, scheme="employee"), "account_fen") + fund(r, "employee_account", "interest")
    ),
    "fund_income_resident": lambda r: (
        total(of(r.contributions, scheme="resident"), "individual_fen", "subsidy_fen", "assistance_fen")
        + fund(r, "resident", "interest")
    ),
    "fund_spending_employee_pool": pool_spending,
    "fund_spending_account": lambda r: (
        total(of(r.bills), "account_fen") + purchases(r) + fund(r, "employee_account", "other_expenditure")
    ),
    "transfers_serious_illness": lambda r: sum(
        fen * sum(1 for _ in of(r.contributions, pool=pool, insured_at_year_end=1)) for pool, fen in PREMIUM_FEN.items()
    ),
    "assistance_paid": lambda r: total(of(r.bills), "assistance_fen") + grants(r, "subsidised_enrolment", "fen"),
    "assistance_times_inpatient": lambda r: sum(1 for b in of(r.bills, benefit="inpatient") if b["assistance_fen"]),
    "maternity_allowance_times": lambda r: grants(r, "maternity_allowance", "times"),
    "ltc_paid": lambda r: grants(r, "long_term_care", "fen"),
    "remote_out_cost": lambda r: total(of(r.bills, benefit="inpatient", far=True, in_province=0), "total_fen"),
    "remote_in_fund": lambda r: total(of(r.bills, benefit="inpatient", far=True, in_province=1), *FUND),
    "institutions": lambda r: 3,
}


@pytest.mark.parametrize("name", NUMERATORS)
def test_an_indicator_counts_what_plain_python_counts(
    world: tuple[Dataset, Rows], values: dict[str, Value], name: str
) -> None:
    wanted = NUMERATORS[name](world[1])
    assert values[name].numerator == wanted
    assert wanted > 0, "the world has some"


def test_the_payment_ratio_is_of_funds_over_scope_without_account_and_assistance(
    world: tuple[Dataset, Rows], values: dict[str, Value]
) -> None:
    bills = list(of(world[1].bills, scheme="employee", benefit="inpatient"))
    assert sum(bill["account_fen"] for bill in bills) > 0
    assert sum(bill["assistance_fen"] for bill in bills) > 0
    wanted = Fraction(sum(bill[name] for bill in bills for name in FUND), sum(bill["in_scope_fen"] for bill in bills))
    assert values["in_scope_ratio_employee"].value == wanted
    assert values["actual_ratio_employee"].value == Fraction(
        values["in_scope_ratio_employee"].numerator, sum(bill["total_fen"] for bill in bills)
    )


def test_counts_and_amounts_are_of_the_whole_population_and_ratios_are_not(values: dict[str, Value]) -> None:
    assert values["insured"].value == values["insured"].numerator * 10
    assert values["ltc_paid"].value == values["ltc_paid"].numerator * 10
    rate = values["stay_rate_resident"]
    assert rate.value == Fraction(rate.numerator, rate.denominator or 0)
    assert values["participation_rate"].value == Fraction(values["insured"].numerator * 10, 4000)
    assert values["stay_cost_resident"].value == Fraction(
        values["stay_cost_resident"].numerator, values["stays_resident"].numerator * 100
    )
    assert values["institutions"].value == 3


def test_balances_follow_from_opening_income_and_spending(
    world: tuple[Dataset, Rows], values: dict[str, Value]
) -> None:
    opening = fund(world[1], "employee_pool", "opening")
    closing = opening + values["fund_income_employee_pool"].numerator - values["fund_spending_employee_pool"].numerator
    assert values["fund_balance_employee_pool"].numerator == closing
    assert values["payable_months_employee_pool"].value == Fraction(
        12 * closing, values["fund_spending_employee_pool"].numerator
    )
    parts = [values[f"fund_balance_{name}"].numerator for name in ("employee_pool", "account", "resident")]
    assert values["fund_balance"].numerator == sum(parts)


def test_an_opening_balance_nobody_states_leaves_the_balance_out(
    world: tuple[Dataset, Rows], policies: Policies
) -> None:
    before = {value.id: value for value in run_indicators(world[0], 2021, policies=policies)}
    assert before["fund_balance_employee_pool"].value is None
    assert before["payable_months_resident"].value is None
    assert before["fund_current_resident"].value is not None
    assert before["participation_rate"].value is None


def test_standard_errors_are_those_of_the_formulas(world: tuple[Dataset, Rows], values: dict[str, Value]) -> None:
    costs = [bill["total_fen"] for bill in of(world[1].bills, scheme="resident", benefit="inpatient")]
    n = values["stays_resident"].numerator
    mean = sum(costs) / 100 / n
    wanted = (max(0.0, sum((cost // 100) ** 2 for cost in costs) / n - mean * mean) / n) ** 0.5
    assert values["stay_cost_resident"].error == pytest.approx(wanted, rel=1e-9)
    assert values["stays_resident"].error == pytest.approx(10 * n**0.5)
    pairs = [
        (sum(b[name] for name in FUND) / 100, b["in_scope_fen"] / 100)
        for b in of(world[1].bills, scheme="resident", benefit="inpatient")
    ]
    share = sum(paid for paid, _ in pairs) / sum(scope for _, scope in pairs)
    wanted = sum((paid - share * scope) ** 2 for paid, scope in pairs) ** 0.5 / sum(scope for _, scope in pairs)
    assert values["in_scope_ratio_resident"].error == pytest.approx(wanted, rel=1e-3)
    assert values["insured"].error is None


def test_a_pooling_area_is_counted_by_itself(world: tuple[Dataset, Rows], policies: Policies) -> None:
    counted = api.count_indicators(world[0], 2022, "current", DuckDB(), policies)
    parts = [api.answers(counted.of_area(area)) for area in ("371500", "370200")]
    whole = api.answers(counted)
    for name in (
        "insured",
        "stays_employee",
        "fund_income_employee_pool",
        "fund_spending_employee_pool",
        "assistance_paid",
    ):
        assert sum(part[name].numerator for part in parts) == whole[name].numerator, name
    assert parts[0]["participation_rate"].value == Fraction(parts[0]["insured"].numerator * 10, 2000)
    assert counted.without_premium == ["370200-employee"]


def test_what_payers_paid_is_absent_before_bills_are_settled(tmp_path: Path, policies: Policies) -> None:
    dataset, rows = build(tmp_path / "data", (2022,), people=60, settled=False)
    found = api.answers(api.count_indicators(dataset, 2022, "", DuckDB(), policies))
    assert found["stays_resident"].numerator == stays(rows, scheme="resident")
    costs = total(
        of(rows.bills, scheme="resident", benefit="inpatient"), "in_scope_fen", "prior_self_pay_fen", "over_limit_fen"
    )
    costs += total(of(rows.bills, scheme="resident", benefit="inpatient"), "non_covered_fen", "special_drug_of_bill")
    assert found["stay_cost_resident"].numerator == costs
    for name in (
        "in_scope_ratio_resident",
        "fund_spending_employee_pool",
        "fund_balance",
        "assistance_times",
        "fund_spending_account",
    ):
        assert found[name].value is None, name
    assert found["fund_income_resident"].value is not None
    with pytest.raises(Malformed, match="没有结算版本"):
        run_indicators(dataset, 2022, policies=policies)


# The year before -------------------------------------------------------------------------------------------------


def value(unit: str, amount: Fraction | int | None, year: int) -> Value:
    return Value("x", "某指标", unit, year, 0, None, None if amount is None else Fraction(amount))


def test_amounts_grow_by_a_rate_and_ratios_move_by_points() -> None:
    grown = compared(value("person", 96_978_000, 2020), value("person", 95_695_000, 2019))
    assert (grown.change, grown.rate, grown.points) == (1_283_000, Fraction(1_283_000, 95_695_000), None)
    moved = compared(value("ratio", Fraction(632, 1000), 2020), value("ratio", Fraction(620, 1000), 2019))
    assert (moved.rate, moved.points) == (None, Fraction(12, 1000))


def test_nothing_is_said_of_a_year_before_that_is_not_there() -> None:
    for before in (None, value("fen", None, 2019)):
        growth = compared(value("fen", 100, 2020), before)
        assert (growth.before, growth.change, growth.rate, growth.points) == (None, None, None, None)


def test_a_deficit_has_no_growth() -> None:
    growth = compared(value("fen", 100, 2020), value("fen", -50, 2019))
    assert (growth.change, growth.rate) == (150, None)


def test_years_that_do_not_follow_each_other_are_not_compared() -> None:
    with pytest.raises(AssertionError, match="year before"):
        compared(value("fen", 1, 2020), value("fen", 1, 2018))


def test_year_on_year_of_a_dataset(world: tuple[Dataset, Rows], values: dict[str, Value], policies: Policies) -> None:
    before = {one.id: one for one in run_indicators(world[0], 2021, policies=policies)}
    growth = year_on_year(values, before)
    assert growth["insured"].change == values["insured"].value - before["insured"].value  # type: ignore[operator]
    assert all((one.rate is None) or (one.points is None) for one in growth.values())
    assert all(one.before is None for one in year_on_year(values, None).values())


# Definitions -----------------------------------------------------------------------------------------------------


def test_every_definition_says_what_it_counts() -> None:
    found = definitions()
    assert len(found) > 110
    for one in found.values():
        for term in (*one.numerator, *one.denominator):
            assert taken_apart(term.sql).expression
        assert bool(one.numerator) != bool(one.of), one.id
        assert {name for _, name in (*one.of, *one.over)} <= set(found)
        assert not one.divides or one.population, f"{one.id} says over what"
    assert set(footnotes()) >= {one.footnote for one in found.values() if one.footnote}


@pytest.mark.parametrize(
    "sql", ["SELECT COUNT(*) FROM bills", "SELECT SUM(x) FROM settled", "SELECT SUM(x) FROM bills LIMIT 1"]
)
def test_a_select_of_another_form_is_refused(sql: str) -> None:
    with pytest.raises(ValueError, match=r"SELECT SUM|约定"):
        taken_apart(sql)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"year": 2030}, "没有 2030 年"),
        ({"year": 2022, "run": "reform"}, "没有结算版本"),
        ({"year": 2022, "engine": "x"}, "不认识 'x'"),
    ],
)
def test_what_is_not_there_is_said(world: tuple[Dataset, Rows], asked: dict[str, Any], said: str) -> None:
    with pytest.raises(Malformed, match=said):
        run_indicators(world[0], **asked)


def test_a_folder_that_is_no_dataset_is_said(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="不是数据集"):
        run_indicators(tmp_path, 2022)


@pytest.mark.slow
def test_spark_counts_and_answers_the_same(world: tuple[Dataset, Rows], policies: Policies) -> None:
    from pyspark.sql import SparkSession

    dataset = open_dataset(world[0].folder)
    for year in (2021, 2022):
        by_duckdb = run_indicators(dataset, year, policies=policies)
        assert run_indicators(dataset, year, engine="spark", policies=policies) == by_duckdb
    assert SparkSession.getActiveSession() is None, "a session left behind would be taken by the next work"


def test_the_reference_page_is_that_of_the_data() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "indicators.md"
    assert page.read_text(encoding="utf-8").splitlines() == list(lines())
