"""The table of groups a pack names (病组表): weights or scores with mean costs, read strictly from CSV.

Columns: `group`, then `weight` (four decimals) or `score` (two decimals); `mean` yuan; and where they are known
`title`, `mean_<level>`, `mean_days`, `cases`, `basic`, `unstable`, `risk`. Further columns are for readers only.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from openyibao.kernel.errors import Fault
from openyibao.kernel.money import fen_from_yuan, yuan_text
from openyibao.payment.engine.pack.exact import scaled, scaled_text
from openyibao.payment.engine.pack.pack import Unit

LEVELS = ("community", "primary", "secondary", "tertiary", "ungraded")
RISKS = {"low": "低风险", "mid_low": "中低风险", "mid_high": "中高风险", "high": "高风险"}
COLUMNS = ("group", "title", "weight", "mean", "mean_days", "cases", "cv", "basic", "unstable", "risk", "note")


def read_units(path: Path, kind: str, faults: list[Fault]) -> dict[str, Unit]:
    """Units by group; `kind` says whether `weight` or `score` is wanted. Notes every fault."""
    name = path.name
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        faults.append(Fault(name, 0, "", f"读不了：{problem}", "UTF-8 编码的 CSV"))
        return {}
    head = rows[0] if rows else []
    wanted = "score" if kind == "dip" else "weight"
    gone = [column for column in ("group", wanted, "mean") if column not in head]
    if gone or len(set(head)) != len(head):
        faults.append(Fault(name, 1, "", f"缺少列 {'、'.join(gone)}" if gone else "列名重复", f"group、{wanted}、mean"))
        return {}
    if len(rows) == 1:
        faults.append(Fault(name, 2, "", "只有列名，没有数据", "至少一行"))
    found: dict[str, Unit] = {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(head):
            faults.append(Fault(name, number, "", f"有 {len(row)} 列", f"{len(head)} 列，同第一行"))
            continue
        unit = _unit(name, number, dict(zip(head, row, strict=True)), wanted, faults)
        if unit.group in found:
            faults.append(Fault(name, number, "group", f"{unit.group!r} 出现两次", "每组一行"))
        found[unit.group] = unit
    return found


def _unit(name: str, number: int, row: Mapping[str, str], wanted: str, faults: list[Fault]) -> Unit:
    def read(column: str, reader: Callable[[str], Any], empty: Any) -> Any:
        cell = row.get(column, "")
        if cell == "" and (column not in ("group", wanted)):
            return empty
        try:
            value = reader(cell)
            if isinstance(value, int) and value < 0:
                raise ValueError(f"{cell!r} 是负数")
        except ValueError as problem:
            faults.append(Fault(name, number, column, str(problem)))
            return empty
        return value

    places = 2 if wanted == "score" else 4
    units = read(wanted, lambda cell: scaled(cell, places), 0)
    unit = Unit(
        group=read("group", _filled, ""),
        title=row.get("title", ""),
        units=units * 100 if wanted == "score" else units,
        mean_fen=read("mean", fen_from_yuan, 0),
        mean_by_level={
            level: read(f"mean_{level}", fen_from_yuan, 0) for level in LEVELS if row.get(f"mean_{level}", "") != ""
        },
        mean_days=read("mean_days", lambda cell: scaled(cell, 2), 0),
        cases=read("cases", lambda cell: scaled(cell, 0), 0),
        basic=read("basic", _flag, False),
        unstable=read("unstable", _flag, False),
        risk=read("risk", _risk, ""),
    )
    if unit.units == 0 and row.get(wanted, "") != "":
        faults.append(Fault(name, number, wanted, "为零", "大于零；没有标准的病组不要列入"))
    return unit


def _filled(cell: str) -> str:
    if not cell or cell != cell.strip():
        raise ValueError(f"{cell!r} 未填或有多余的空格")
    return cell


def _flag(cell: str) -> bool:
    if cell not in ("0", "1"):
        raise ValueError(f"{cell!r} 不是 0 或 1")
    return cell == "1"


def _risk(cell: str) -> str:
    if cell not in RISKS:
        raise ValueError(f"{cell!r} 不在可取值之内（{'、'.join(RISKS)}）")
    return cell


def unit_row(unit: Unit, variation: str = "", note: str = "") -> list[str]:
    """A unit as a row of `COLUMNS`."""
    return [
        unit.group,
        unit.title,
        scaled_text(unit.units, 4),
        yuan_text(unit.mean_fen),
        scaled_text(unit.mean_days, 2),
        str(unit.cases),
        variation,
        "1" if unit.basic else "0",
        "1" if unit.unstable else "0",
        unit.risk,
        note,
    ]
