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
from tests.support.people import person_year

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
    yield from _compare_maps("counters", _counters(mine), _counters(truth))
    if mine["year"]["seq"] != truth["year"]["seq"]:
        yield f"seq {mine['year']['seq']} != {truth['year']['seq']}"


def _counters(answer: dict[str, Any]) -> dict[str, str]:
    """Counters that are not zero, of the person's last area and scheme; stays are compared through what they pay."""
    return {
        name: text
        for name, text in answer["year"]["counters"].items()
        if "/" not in name and not name.startswith("stay.") and text not in ("0", "0.00")
    }


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


def against_year_driver(years: Iterable[PersonYear]) -> Iterator[str]:
    """Settle the standing visits of many person-years by the year driver; what differs from the single driver.

    Cases with figures of their own were settled by a rulebook of their own, and so are here.
    """
    together: dict[int, list[PersonYear]] = {}
    for year in years:
        together.setdefault(id(year.compiler), []).append(year)
    for alike in together.values():
        yield from _differences_of(alike)


def _differences_of(years: list[PersonYear]) -> Iterator[str]:
    contexts = sorted({context for year in years for context in year.states})
    plan = YearPlan(years[0].compiler, contexts or [("371500", "employee")], *SPAN)
    builder = Builder(plan)
    kept: list[tuple[Settled, bool]] = []
    for person, year in enumerate(years):
        rows = [row for row in standing(year) if row.context in contexts]
        builder.add(person, rows)
        kept += [(row, len(rows) == len(year.rows)) for row in rows]
    result = plan.settle(builder.columns(), splits=True)
    assert result.payments is not None
    assert result.deductible is not None
    assert result.remote is not None
    for at, (settled, never_replayed) in enumerate(kept):
        deductible, remote = int(result.deductible[at]), int(result.remote[at])
        if never_replayed and deductible != settled.split.deductible:
            yield f"row {at} deductible: year {deductible} != single {settled.split.deductible}"
        if remote != settled.split.remote:
            yield f"row {at} remote: year {remote} != single {settled.split.remote}"
        for k, layer in enumerate(result.layers):
            mine, theirs = settled.current.get(layer, 0), int(result.payments[at, k])
            if mine != theirs:
                yield f"row {at} {layer}: year {yuan_text(theirs)} != single {yuan_text(mine)}"


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
        counted.differences += against_year_driver(years)
    return counted
