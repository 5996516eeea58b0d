"""One case decided three ways: single driver, year driver, oracle; what differs, to the fen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from openyibao.kernel.errors import Malformed, Refused
from openyibao.kernel.money import yuan_text
from openyibao.policy.facade import PersonYear, Policies, case_from, year_as_rows
from openyibao.policy.fold import Settled
from openyibao.policy.year import Builder, YearPlan
from tests.oracle.settle import OracleRefuses, settle
from tests.support.people import AREAS, person_year

SPAN = (date(2020, 1, 1), date(2026, 12, 31))
COMPARED = (
    *("medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "act_pay_dedc"),
    *("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay"),
    *("fund_pay_sumamt", "hosp_part_amt", "psn_part_amt", "acct_pay", "psn_cash_pay", "balc", "supplement_pay"),
)


def single(case: dict[str, Any], policies: Policies) -> PersonYear | None:
    """The single driver's answer, or None when it refuses."""
    try:
        return policies.settle(case_from(case, checked=True))
    except (Refused, Malformed):
        return None


def against_oracle(case: dict[str, Any], year: PersonYear | None, folder: Path) -> Iterator[str]:
    """Differences between the single driver and the oracle."""
    try:
        truth = settle(case, folder)
    except OracleRefuses as reason:
        if year is not None:
            yield f"oracle refuses: {reason}"
        return
    if year is None:
        yield "single driver refuses, oracle does not"
        return
    mine = year_as_rows(year)
    for at, (row, wanted) in enumerate(zip(mine["visits"], truth["visits"], strict=True)):
        for name in COMPARED:
            if row[name] != wanted[name]:
                yield f"visit {at} {name}: {row[name]} != {wanted[name]}"
        yield from _compare_maps(f"visit {at} payers", row["payers"], wanted["payers"])
        for index in {entry["visit"] for entry in (*row["adjustments"], *wanted.get("adjustments", ()))}:
            yield from _compare_maps(f"visit {at} adjusts {index}", _adjusted(row, index), _adjusted(wanted, index))
    if mine["year"]["seq"] != truth["year"]["seq"]:
        yield f"seq {mine['year']['seq']} != {truth['year']['seq']}"


def _adjusted(row: dict[str, Any], index: int) -> dict[str, str]:
    return next((entry["payers"] for entry in row.get("adjustments", ()) if entry["visit"] == index), {})


def _compare_maps(where: str, mine: dict[str, str], wanted: dict[str, str]) -> Iterator[str]:
    for key in {*mine, *wanted}:
        if mine.get(key, "0.00") != wanted.get(key, "0.00"):
            yield f"{where} {key}: {mine.get(key)} != {wanted.get(key)}"


def standing(year: PersonYear) -> list[Settled]:
    """Visits that stand at the end of the year."""
    gone = {id(row.target) for row in year.rows if not isinstance(row, Settled)}
    return [row for row in year.rows if isinstance(row, Settled) and id(row) not in gone]


def against_year_driver(years: Iterable[PersonYear], policies: Policies) -> tuple[int, list[str]]:
    """Settle the standing visits of many person-years by the year driver; (visits compared, differences)."""
    plan = YearPlan(policies.compiler, [(area, scheme) for area in AREAS for scheme in ("employee", "resident")], *SPAN)
    builder = Builder(plan)
    kept = []
    for person, year in enumerate(years):
        rows = standing(year)
        builder.add(person, rows)
        kept += rows
    result = plan.settle(builder.columns(), splits=True)
    assert result.payments is not None
    assert result.deductible is not None
    differences = []
    for at, settled in enumerate(kept):
        for k, layer in enumerate(result.layers):
            if int(result.payments[at, k]) != settled.current.get(layer, 0):
                differences.append(
                    f"row {at} {layer}: year {yuan_text(int(result.payments[at, k]))} "
                    f"!= single {yuan_text(settled.current.get(layer, 0))}"
                )
    return len(kept), differences


@dataclass
class Counted:
    """What a comparison covered, and every difference it found."""

    settled: int = 0
    refused: int = 0
    visits: int = 0
    reversals: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, other: Counted) -> None:
        self.settled += other.settled
        self.refused += other.refused
        self.visits += other.visits
        self.reversals += other.reversals
        self.differences += other.differences


def compare(seeds: Iterable[int], policies: Policies, folder: Path) -> Counted:
    """Decide the person-years of seeds three ways."""
    years = []
    counted = Counted()
    for seed in seeds:
        case = person_year(seed)
        year = single(case, policies)
        counted.differences += [f"seed {seed}: {text}" for text in against_oracle(case, year, folder)]
        if year is None:
            counted.refused += 1
            continue
        years.append(year)
        counted.settled += 1
        counted.visits += len(year.rows)
        counted.reversals += sum(not isinstance(row, Settled) for row in year.rows)
    if years:
        counted.differences += against_year_driver(years, policies)[1]
    return counted
