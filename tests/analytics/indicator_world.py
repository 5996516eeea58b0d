"""A small invented dataset for indicators: rows as plain dicts, written with the datasets' own writer.

Amounts are drawn at random, not settled by any policy: what is tested is counting. Rows stay at hand, so that a test
can count them again in plain Python.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from openyibao.datasets.facade import (
    BENEFIT_CODES,
    FILING_CODES,
    LEVEL_CODES,
    STATUS_CODES,
    TABLES,
    Dataset,
    Manifest,
    PartWriter,
    open_dataset,
    write_codes,
    write_manifest,
    write_whole,
)
from openyibao.datasets.schema import FUND_ITEMS, FUNDS, GRANT_KINDS

POOLS = [("371500", "聊城市", "employee"), ("371500", "聊城市", "resident"), ("370200", "青岛市", "employee")]
PARTS = 2
PAYERS = (
    *("basic_fen", "serious_illness_fen", "special_drug_fen", "supplement_fund_fen", "assistance_fen"),
    *("city_product_fen", "hospital_fen"),
)
Row = dict[str, Any]


@dataclass
class Rows:
    """Every row of the dataset, by table; cut tables with their year."""

    contributions: list[Row] = field(default_factory=list)
    bills: list[Row] = field(default_factory=list)
    grants: list[Row] = field(default_factory=list)
    funds: list[Row] = field(default_factory=list)
    persons: list[Row] = field(default_factory=list)


def build(
    folder: Path, years: tuple[int, ...] = (2021, 2022), people: int = 240, settled: bool = True, **manifest: Any
) -> tuple[Dataset, Rows]:
    """Write a dataset and return it opened, with its rows."""
    draw = random.Random(11)
    rows = Rows()
    for person in range(people):
        pool = draw.choice((0, 0, 1, 1, 1, 2))
        status = draw.choice(("active", "retired") if POOLS[pool][2] == "employee" else ("adult", "student", "child"))
        rows.persons.append({"person": person, "part": person * PARTS // people, "pool": pool, "status": status})
        for year in years:
            _year(draw, rows, person, pool, status, year)
    for year in years:
        for area in (371500, 370200):
            for fund in ("employee_pool", "resident", "employee_account"):
                for item in ("opening", "interest", "other_expenditure"):
                    if item != "opening" or (year == years[-1] and fund != "employee_account"):
                        made = {"year": year, "area": area, "fund": fund, "item": item}
                        rows.funds.append(
                            {**made, "fen": draw.randrange(10**6), "source": "试验", "certainty": "assumed"}
                        )
    _write(folder, rows, years, settled, manifest)
    return open_dataset(folder), rows


def _year(draw: random.Random, rows: Rows, person: int, pool: int, status: str, year: int) -> None:
    employee = POOLS[pool][2] == "employee"
    account = int(employee and draw.random() < 0.9)
    opening, credit = (draw.randrange(50_000), draw.randrange(30_000)) if account else (0, 0)
    rows.contributions.append(
        {
            "person": person, "year": year, "pool": pool, "status": STATUS_CODES.index(status),
            "employer_kind": draw.randrange(1, 4) if employee else 0, "groups": draw.choice((0, 0, 0, 1, 2)),
            "months": draw.randrange(1, 13), "insured_at_year_end": int(draw.random() < 0.95), "account": account,
            "maternity": int(employee and draw.random() < 0.7), "long_term_care": int(draw.random() < 0.5),
            "base_fen": 400_000 if employee else 0, "employer_fen": draw.randrange(300_000) if employee else 0,
            "individual_fen": draw.randrange(60_000), "subsidy_fen": 0 if employee else 55_000,
            "assistance_fen": 0 if employee else draw.choice((0, 28_000)), "account_fen": credit,
            "account_opening_fen": opening, "purchases_fen": draw.randrange(40_000) if account else 0,
            "household_income_fen": 0,
        }
    )  # fmt: skip
    left = opening + credit
    stay = 0
    for seq in range(draw.randrange(6)):
        benefit = draw.choice(("inpatient", "inpatient", "outpatient", "chronic", "two_disease", "delivery"))
        pieces = draw.choice((1, 1, 3)) if benefit == "inpatient" and draw.random() < 0.3 else 1
        far = benefit == "inpatient" and draw.random() < 0.2
        shared = {
            "benefit": BENEFIT_CODES.index(benefit), "level": draw.randrange(1, len(LEVEL_CODES)), "far": far,
            "filing": draw.randrange(len(FILING_CODES)) if far else -1, "in_province": int(far and draw.random() < 0.5),
            "variant": int(benefit == "inpatient" and employee and draw.random() < 0.1),
        }  # fmt: skip
        for piece in range(pieces):
            bill = _bill(draw, person, pool, status, year, 10 * seq + piece, shared)
            bill["stay"] = stay if pieces > 1 else -1
            bill["account_fen"] = min(left, bill["burden_fen"]) if account else 0
            left -= bill["account_fen"]
            rows.bills.append(bill)
        stay += pieces > 1
    for kind, chance in (
        ("maternity_allowance", 0.1 if employee else 0),
        ("long_term_care", 0.05),
        ("subsidised_enrolment", 0.1),
    ):
        if draw.random() < chance:
            grant = {"person": person, "year": year, "pool": pool, "kind": list(GRANT_KINDS).index(kind), "fund": 0}
            rows.grants.append(
                {**grant, "times": draw.randrange(1, 3), "days": 90, "fen": draw.randrange(1, 2_000_000)}
            )


def _bill(
    draw: random.Random, person: int, pool: int, status: str, year: int, seq: int, shared: Mapping[str, Any]
) -> Row:
    parts = {
        name: draw.randrange(200_000) for name in ("prior_self_pay_fen", "over_limit_fen", "non_covered_fen", "special")
    }
    scope = draw.randrange(1_000, 3_000_000)
    total = scope + sum(parts.values())
    left, paid = total, {}
    for name in PAYERS:
        paid[name] = draw.choice((0, draw.randrange(left // 3 + 1)))
        left -= paid[name]
    return {
        "person": person, "year": year, "day": date(year, 1 + seq // 10, 1 + seq % 10), "seq": seq, "pool": pool,
        "status": STATUS_CODES.index(status), "groups": draw.choice((0, 0, 1)), "institution": 0, **shared,
        "stay_days": 5, "days": 1, "waive": 0, "excluded": 0, "account": 1, "herb_fen": 0,
        "special_drug_of_bill": parts.pop("special"), **parts, "in_scope_fen": scope, "total_fen": total, **paid,
        "deductible_fen": 100, "remote_first_self_pay_fen": 0, "burden_fen": left,
    }  # fmt: skip


def _write(folder: Path, rows: Rows, years: tuple[int, ...], settled: bool, more: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_codes(folder)
    names = list(zip(*POOLS, strict=True))
    write_whole(
        folder,
        "pools",
        {"pool": list(range(len(POOLS))), **dict(zip(("area", "area_name", "scheme"), map(list, names), strict=True))},
    )
    empty = {name: ["", ""] for name in ("care_kind", "disease", "supplements")}
    write_whole(
        folder,
        "variants",
        {"variant": [0, 1], "contribution_class": ["standard"] * 2, "child": ["", "child_1"], **empty},
    )
    places = {"code": list("abcd"), "name": list("甲乙丙丁"), "kind": [0, 0, 1, 3], "level": [4, 2, 1, 4]}
    write_whole(folder, "institutions", {"institution": [0, 1, 2, 3], **places, "area": [371500, 370200, 371500, 0]})
    codes = {"fund": list(FUNDS), "item": list(FUND_ITEMS)}
    funds = [{**row, **{name: codes[name].index(row[name]) for name in codes}} for row in rows.funds]
    funds.sort(key=lambda row: (row["year"], row["area"], row["fund"], row["item"]))
    write_whole(folder, "funds", {name: [row[name] for row in funds] for name in TABLES["funds"].names})
    part_of = {row["person"]: row["part"] for row in rows.persons}
    for part in range(PARTS):
        mine = [row for row in rows.persons if row["part"] == part]
        person = {"birth": date(1970, 1, 1), "sex": 1, "household": 0, "county": 371502, "died": None}
        _part(folder, "persons", part, None, [{**person, "person": row["person"]} for row in mine])
        cover = {
            "from": date(2020, 1, 1),
            "until": None,
            "employer_kind": 0,
            "account": 0,
            "maternity": 0,
            "long_term_care": 0,
        }
        _part(
            folder,
            "coverage",
            part,
            None,
            [{**cover, **row, "status": STATUS_CODES.index(row["status"])} for row in mine],
        )
        for year in years:
            for table, source in (("contributions", rows.contributions), ("grants", rows.grants)):
                _part(
                    folder,
                    table,
                    part,
                    year,
                    [row for row in source if part_of[row["person"]] == part and row["year"] == year],
                )
            bills = [row for row in rows.bills if part_of[row["person"]] == part and row["year"] == year]
            _part(
                folder,
                "visits",
                part,
                year,
                [{**row, "special_drug_fen": row["special_drug_of_bill"]} for row in bills],
            )
            if settled:
                _part(folder, "settled", part, year, bills, "current")
    runs = {"current": {"years": list(years), "policies": "试验"}} if settled else {}
    given: dict[str, Any] = {"kind": "synthetic", "title": "试验数据", "area": "370000", "made_by": "test", **more}
    write_manifest(folder, Manifest(years=list(years), parts=PARTS, runs=runs, **given))


def _part(folder: Path, table: str, part: int, year: int | None, rows: list[Row], run: str = "") -> None:
    with PartWriter(folder, table, part, year, run) as writer:
        writer.write({name: [row[name] for row in rows] for name in TABLES[table].names})
