"""A reform as it is handed in: contradictions are refused, changes that do nothing are said."""

from __future__ import annotations

from pathlib import Path

import pytest

from openyibao.kernel.errors import Malformed
from openyibao.policy.contracts import Source, read_reform
from openyibao.policy.facade import Policies
from openyibao.simulation.reform import given

CAP, RATE = "liaocheng/resident/outpatient.yaml#cap.amount", "liaocheng/resident/inpatient.yaml#tiers.1.rate.tertiary"
AMOUNT = "liaocheng/resident/inpatient.yaml#deductible.amount"
LIAOCHENG = [("371500", "employee"), ("371500", "resident")]


def source(tmp_path: Path, *changes: tuple[str, str, str]) -> Source:
    path = tmp_path / "r.yaml"
    rows = "".join(f'- {{path: "{at}", from: {start}, value: {value}}}\n' for at, start, value in changes)
    path.write_text(f"title: 试\nchanges:\n{rows}", encoding="utf-8")
    return read_reform(path)


@pytest.mark.parametrize(
    ("changes", "line", "said"),
    [
        ([(RATE, "2022-01-01", "65%"), (RATE, "2022-01-01", "55%")], 4, "自同一日起改同一处"),
        ([(f"{AMOUNT}.tertiary", "2022-01-01", "900"), (AMOUNT, "2022-01-01", "500")], 4, "自同一日起改同一处"),
        ([(CAP, "2022-09-01", "500"), (CAP, "2022-04-01", "300")], 4, "按日期先后写"),
        ([(f"policies/{CAP}", "2022-04-01", "500"), (CAP, "2022-04-01", "300")], 4, "自同一日起改同一处"),
        ([(CAP, "2022-01-01", "missing")], 3, "不是数字"),
        ([(AMOUNT, "2022-01-01", "{primary: 100, secondary: 300, tertiary: missing}")], 3, "不是数字"),
    ],
)
def test_contradictions_are_refused_where_they_stand(
    policies: Policies, tmp_path: Path, changes: list[tuple[str, str, str]], line: int, said: str
) -> None:
    with pytest.raises(Malformed, match=said) as caught:
        given.reformed(policies, source(tmp_path, *changes))
    assert [fault.line for fault in caught.value.faults] == [line]


def test_what_belongs_together_is_taken(policies: Policies, tmp_path: Path) -> None:
    """One figure on two days in order, two figures of a file, a version brought forward and then changed."""
    early = "liaocheng/employee/outpatient.yaml"
    after = given.reformed(
        policies,
        source(
            tmp_path,
            (CAP, "2022-04-01", "300"),
            (CAP, "2022-09-01", "500"),
            (RATE, "2022-01-01", "65%"),
            (f"{early}#from", "2022-01-01", "2023-01-01"),
            (f"{early}#cap.amount", "2022-01-01", "2500"),
        ),
    )
    assert after.rulebook.digest != policies.rulebook.digest


def test_every_fault_is_told_with_those_of_the_policies(policies: Policies, tmp_path: Path) -> None:
    changes = [(CAP, "2022-01-01", "300"), (CAP, "2022-01-01", "400"), (f"{CAP}t", "2022-01-01", "1")]
    with pytest.raises(Malformed) as caught:
        given.reformed(policies, source(tmp_path, *changes))
    assert sorted(fault.line for fault in caught.value.faults) == [4, 5]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((RATE, "2022-01-01", "60%"), "与现行数字相同"),
        ((RATE, "2030-01-01", "65%"), "2022 年内不起作用"),
        (("qingdao/resident/inpatient.yaml#tiers.1.rate.tertiary", "2022-01-01", "65%"), "不是本数据集"),
        (("shandong/resident/inpatient.yaml#tiers.1.rate.tertiary", "2020-01-01", "65%"), "不是本数据集"),
    ],
)
def test_a_change_that_does_nothing_is_said_with_the_reason(
    policies: Policies, tmp_path: Path, change: tuple[str, str, str], why: str
) -> None:
    reform = source(tmp_path, change, (CAP, "2022-07-01", "300"))
    found = given.idle(policies, given.reformed(policies, reform), reform, LIAOCHENG, 2022)
    assert len(found) == 1
    assert change[0] in found[0]
    assert why in found[0]


@pytest.mark.parametrize(
    "change",
    [
        (RATE, "2019-01-01", "65%"),
        (RATE, "2022-12-31", "65%"),
        ("liaocheng/employee/outpatient.yaml#from", "2022-07-01", "2023-01-01"),
        ("liaocheng/resident/contribution.yaml#subsidy", "2022-01-01", "640"),
        ("shandong/remote.yaml#first_self_pay.temporary", "2022-03-15", "20%"),
    ],
)
def test_what_works_is_not_called_idle(policies: Policies, tmp_path: Path, change: tuple[str, str, str]) -> None:
    reform = source(tmp_path, change)
    assert given.idle(policies, given.reformed(policies, reform), reform, LIAOCHENG, 2022) == []
