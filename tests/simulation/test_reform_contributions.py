"""Contributions over columns are those of one payer asked at a time, to the fen."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from openyibao.datasets.facade import EMPLOYER_KINDS, STATUS_CODES
from openyibao.kernel.money import share, yuan_text
from openyibao.policy.contracts import Source, read_reform
from openyibao.policy.facade import Policies, contribution_from, data_folder
from openyibao.simulation.reform.contributions import PARTS, Rules, shares

POOLS = [("371500", "employee"), ("371500", "resident")]
EPOCH = date(1970, 1, 1)


class _Data:
    pools = POOLS


def rules(policies: Policies, after: Policies, reform: Source, year: int = 2022) -> Rules:
    return Rules.of(policies, after, _Data(), year, reform)  # type: ignore[arg-type]


def payers(n: int, seed: int) -> tuple[dict[str, Any], Any]:
    random = np.random.default_rng(seed)
    born = random.integers((date(1940, 1, 1) - EPOCH).days, (date(2003, 1, 1) - EPOCH).days, n)
    born[:4] = [(date(1977, month, day) - EPOCH).days for month, day in ((5, 1), (5, 2), (1, 1), (12, 31))]
    status = random.integers(1, 3, n)
    status[:4] = 1
    return {
        "person": np.arange(n),
        "pool": np.zeros(n, dtype=np.int16),
        "status": status,
        "employer_kind": random.integers(1, 4, n),
        "groups": np.zeros(n, dtype=np.int16),
        "months": random.choice([12, 12, 7, 1], n),
        "insured_at_year_end": random.integers(0, 2, n),
        "account": np.ones(n, dtype=np.int8),
        "base_fen": random.integers(374_600, 1_873_001, n),
    }, born


def one_by_one(policies: Policies, rows: dict[str, Any], born: Any, at: int, year: int) -> dict[str, int]:
    """The same year asked of the policy room, month by month. Flexible workers' own part stays with the employer's."""
    months = int(rows["months"][at])
    asked = range(13 - months, 13) if rows["insured_at_year_end"][at] else range(1, months + 1)
    person = {
        "area": "371500",
        "scheme": "employee",
        "status": STATUS_CODES[rows["status"][at]],
        "employer_kind": EMPLOYER_KINDS[rows["employer_kind"][at]],
        "birth": str(EPOCH + timedelta(days=int(born[at]))),
    }
    money = yuan_text(int(rows["base_fen"][at]))
    person["pension" if person["status"] == "retired" else "declared_wage"] = money
    sums = dict.fromkeys(PARTS, 0)
    for month in asked:
        found = contribution_from({"person": person, "period": f"{year}-{month:02d}"}, policies).amounts
        whole = found.employer + found.individual
        own = int(share(found.base, 200)) if person["status"] == "active" else 0
        sums["individual"] += own
        sums["employer"] += whole - own
        sums["account"] += found.account
    return sums


def test_every_payer_as_if_asked_alone(policies: Policies) -> None:
    reform = read_reform(data_folder("reforms") / "outpatient_pooling_2023.yaml")
    after = policies.reformed(reform)
    rows, born = payers(160, 3)
    change = rules(policies, after, reform).change(rows, born)
    for at in range(40):
        sides = [one_by_one(one, rows, born, at, 2022) for one in (policies, after)]
        for name in PARTS:
            assert change.parts[name][at] == sides[1][name] - sides[0][name], (at, name)
        assert change.rule_account is not None
        assert change.rule_account[at] == sides[0]["account"]
    assert (change.parts["account"] < 0).any()
    assert (change.parts["employer"] == 0).all()


def test_rates_and_limits_of_the_base(policies: Policies) -> None:
    source = Source(
        "r",
        {
            "changes": [
                {
                    "path": "liaocheng/employee/contribution.yaml#employer_rate.active",
                    "from": "2022-04-01",
                    "value": "8%",
                },
                {"path": "liaocheng/employee/contribution.yaml#base_floor", "from": "2022-01-01", "value": "5000"},
            ]
        },
    )
    after = policies.reformed(source)
    rows, born = payers(80, 5)
    change = rules(policies, after, source).change(rows, born)
    for at in range(20):
        sides = [one_by_one(one, rows, born, at, 2022) for one in (policies, after)]
        assert change.parts["employer"][at] == sides[1]["employer"] - sides[0]["employer"], at
        assert change.parts["individual"][at] == sides[1]["individual"] - sides[0]["individual"], at


def test_nobody_without_an_account_gains_or_loses_credits(policies: Policies) -> None:
    reform = read_reform(data_folder("reforms") / "outpatient_pooling_2023.yaml")
    rows, born = payers(30, 7)
    rows["account"] = np.zeros(30, dtype=np.int8)
    change = rules(policies, policies.reformed(reform), reform).change(rows, born)
    assert not change.parts["account"].any()


def test_a_reform_of_benefits_touches_no_contribution(policies: Policies) -> None:
    reform = read_reform(data_folder("reforms") / "tertiary_minus_5.yaml")
    found = rules(policies, policies.reformed(reform), reform)
    assert not found.touched
    rows, born = payers(10, 1)
    assert not any(part.any() for part in found.change(rows, born).parts.values())


@pytest.mark.parametrize("groups", [0, 1, 2])
def test_residents_with_and_without_help(policies: Policies, groups: int) -> None:
    reform = read_reform(data_folder("reforms") / "resident_premium_up.yaml")
    rows, born = payers(4, 1)
    rows |= {
        "pool": np.ones(4, dtype=np.int16),
        "status": np.full(4, STATUS_CODES.index("adult")),
        "groups": np.full(4, groups),
        "individual_fen": np.array([32_000, 0, 32_000, 0]),
        "assistance_fen": np.array([0, 32_000, 0, 0]),
        "subsidy_fen": np.array([61_000, 61_000, 0, 0]),
    }
    found = rules(policies, policies.reformed(reform), reform)
    change = found.change(rows, born)
    both = change.parts["individual"] + change.parts["assistance"]
    assert both.tolist() == [3_000, 3_000, 3_000, 0]
    assert change.parts["subsidy"].tolist() == [3_000, 3_000, 0, 0]
    if groups == 1:  # 特困人员全额资助
        assert change.parts["individual"].tolist() == [0, 0, 0, 0]
    if groups == 2:  # 低保对象定额资助，金额无据
        assert any("定额资助" in note for note in found.notes)


def test_columns_round_as_money_does() -> None:
    random = np.random.default_rng(2)
    amounts = random.integers(0, 10**9, 500)
    for points in (1, 50, 200, 333, 9_999, 10_000):
        assert shares(amounts, points).tolist() == [int(share(int(fen), points)) for fen in amounts]
