"""Three years of institutions as a file (三年数据), and budgets as one; read strictly, all faults at once.

Columns: `institution`; `fund_1`, `fund_2`, `fund_3` (fund spending, yuan, oldest first); and where they are known
`admissions_1` …, `bed_days_1` …, `total_1` … (total cost, yuan), `tcm` (1 for a TCM hospital).
"""

from __future__ import annotations

import csv
from pathlib import Path

from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import fen_from_yuan, yuan_text
from openyibao.payment.engine.pack.budget import Budgets, History, budgets
from openyibao.payment.engine.pack.errors import PackMissing
from openyibao.payment.engine.pack.pack import Pack

POINTS = {"growth": "增长", "admissions": "人次", "bed_days": "床日", "cost_per_case": "次均费用", "tcm": "中医机构"}
_YEARS = (1, 2, 3)
_FUND = tuple(f"fund_{year}" for year in _YEARS)
_MORE = tuple(f"{name}_{year}" for name in ("admissions", "bed_days", "total") for year in _YEARS)


def read_history(path: Path) -> list[History]:
    """Read the file. Raises: Malformed with every fault."""
    name = path.name
    try:
        rows = list(csv.reader(path.read_bytes().decode("utf-8-sig").splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise Malformed([Fault(name, 0, "", f"读不了：{problem}", "UTF-8 编码的 CSV")]) from None
    head = rows[0] if rows else []
    faults = [Fault(name, 1, column, "缺少这一列") for column in ("institution", *_FUND) if column not in head]
    known = {"institution", "tcm", *_FUND, *_MORE}
    faults += [Fault(name, 1, column, f"{column!r} 不是本表的列") for column in head if column not in known]
    if len(rows) < 2:
        faults.append(Fault(name, 2, "", "没有数据", "至少一家机构"))
    if faults:
        raise Malformed(faults)
    found: dict[str, History] = {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(head):
            faults.append(Fault(name, number, "", f"有 {len(row)} 列", f"{len(head)} 列，同第一行"))
            continue
        one = _history(name, number, dict(zip(head, row, strict=True)), faults)
        if one.institution in found:
            faults.append(Fault(name, number, "institution", f"{one.institution!r} 出现两次", "每家一行"))
        found[one.institution] = one
    if faults:
        raise Malformed(faults)
    return list(found.values())


def _history(name: str, number: int, row: dict[str, str], faults: list[Fault]) -> History:
    def three(family: str, *, money: bool) -> tuple[int, int, int]:
        values = []
        for year in _YEARS:
            cell = row.get(f"{family}_{year}", "")
            try:
                value = 0 if cell == "" else int(fen_from_yuan(cell)) if money else int(cell)
                if value < 0 or (cell == "" and family == "fund"):
                    raise ValueError(f"{cell!r} 为空或为负")
            except ValueError as problem:
                faults.append(Fault(name, number, f"{family}_{year}", str(problem), "不小于零的数"))
                value = 0
            values.append(value)
        return values[0], values[1], values[2]

    if not row["institution"].strip():
        faults.append(Fault(name, number, "institution", "未填", "机构编号"))
    if row.get("tcm", "") not in ("", "0", "1"):
        faults.append(Fault(name, number, "tcm", f"{row['tcm']!r}", "0 或 1"))
    return History(
        institution=row["institution"],
        fund_fen=three("fund", money=True),
        admissions=three("admissions", money=False),
        bed_days=three("bed_days", money=False),
        total_fen=three("total", money=True),
        tcm=row.get("tcm") == "1",
    )


def make_budgets(pack: Pack, histories: list[History], scheme: str, pool_fen: int) -> Budgets:
    """Budgets by the rules of the pack's latest version. Raises: PackMissing when it states none."""
    rules = pack.versions[-1].budget
    if rules is None:
        raise PackMissing(f"{pack.title} 没有预算规则", hint="在包中写明 budget")
    return budgets(histories, rules, scheme, pool_fen)


def write_budgets(made: Budgets, path: Path) -> None:
    """A row for each institution, yuan and percentage points."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["institution", "base", *POINTS, "index", "amount"])
        for line in made.lines:
            points = [f"{line.points.get(name, 0) / 100:.2f}" for name in POINTS]
            out.writerow(
                [
                    line.institution,
                    yuan_text(line.base_fen),
                    *points,
                    yuan_text(line.index_fen),
                    yuan_text(line.amount_fen),
                ]
            )
