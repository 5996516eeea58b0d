"""Which scheme groups a stay: by the area that pays and the day of discharge. Several versions stand side by side.

A folder of scheme folders, with a declared list in `registry.csv`, or with area and days stated in each `scheme.csv`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from openyibao.kernel.areas import all_areas, lineage, pooling_area_of
from openyibao.kernel.csv_file import Column, area, day, read_table, text_of
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.periods import FAR_FUTURE, FAR_PAST, Period, day_from_text
from openyibao.payment.engine.errors import SchemeMissing

REGISTRY = "registry.csv"
COLUMNS = (
    Column("area", "统筹区", "六位区划代码", area),
    Column("valid_from", "起日", "如 2026-01-01", day, required=False),
    Column("valid_until", "止日（含）", "如 2026-12-31，未定留空", day, required=False),
    Column("scheme", "方案文件夹", "本文件夹内的文件夹名", text_of(100)),
)


@dataclass(frozen=True)
class Entry:
    """A scheme in force for an area over a period of discharge days (适用范围)."""

    area: str
    period: Period
    folder: Path
    file: str
    line: int


class Registry:
    """The schemes that are declared (方案登记). Raises, when made: Malformed with every fault."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        faults: list[Fault] = []
        listed = folder / REGISTRY
        self.entries = _listed(listed, faults) if listed.is_file() else _stated(folder, faults)
        faults += _overlaps(self.entries)
        if faults:
            raise Malformed(faults)

    def on(self, area_code: str, discharged: date) -> Path:
        """Folder of the scheme for an area and a day: the city's own before the province's before the nation's.

        Raises: SchemeMissing.
        """
        for above in _lineage(area_code):
            for entry in self.entries:
                if entry.area == above and entry.period.covers(discharged):
                    return entry.folder
        raise SchemeMissing(f"{area_code} 在 {discharged} 没有登记的分组方案", hint=f"在 {REGISTRY} 里登记，或指明方案")


def is_registry(folder: Path) -> bool:
    """Whether a folder holds schemes rather than being one."""
    return not (folder / "scheme.csv").exists() and ((folder / REGISTRY).is_file() or any(folder.glob("*/scheme.csv")))


def _lineage(area_code: str) -> tuple[str, ...]:
    try:
        pool = pooling_area_of(area_code) if area_code not in all_areas() else area_code
        pool = all_areas()[pool].pooling_area or pool if pool in all_areas() else pool
        return lineage(pool)
    except (ValueError, KeyError):
        return (area_code, f"{area_code[:2]}0000", "000000")


def _listed(path: Path, faults: list[Fault]) -> list[Entry]:
    table = read_table(path, COLUMNS)
    faults += table.faults
    entries = []
    for line in table.lines:
        values = line.values
        if "scheme" not in values or "area" not in values:
            continue
        folder = path.parent / values["scheme"]
        if not (folder / "scheme.csv").is_file():
            faults.append(Fault(path.name, line.number, "scheme", f"没有方案文件夹 {values['scheme']}", "一个文件夹名"))
        start, last = values.get("valid_from"), values.get("valid_until")
        entries.append(Entry(values["area"], _period(start, last), folder, path.name, line.number))
    return entries


def _stated(folder: Path, faults: list[Fault]) -> list[Entry]:
    """What each scheme says of itself; one that names no area is registered nowhere."""
    entries = []
    for path in sorted(folder.glob("*/scheme.csv")):
        name = f"{path.parent.name}/{path.name}"
        with path.open(encoding="utf-8-sig", newline="") as file:
            facts = {row[0]: row[1] for row in csv.reader(file) if len(row) > 1}
        if not facts.get("area"):
            continue
        try:
            stated = (facts.get("valid_from"), facts.get("valid_until"))
            start, last = (day_from_text(text) if text else None for text in stated)
        except ValueError as problem:
            faults.append(Fault(name, 0, "valid_from", str(problem), "如 2026-01-01"))
            continue
        entries.append(Entry(facts["area"], _period(start, last), path.parent, name, 0))
    return entries


def _period(start: date | None, last: date | None) -> Period:
    return Period(start or FAR_PAST, last + timedelta(days=1) if last else FAR_FUTURE)


def _overlaps(entries: list[Entry]) -> list[Fault]:
    found = []
    for at, entry in enumerate(entries):
        if entry.period.end <= entry.period.start:
            found.append(Fault(entry.file, entry.line, "valid_until", "止日早于起日", "不早于起日"))
        for other in entries[:at]:
            if other.area == entry.area and other.period.overlaps(entry.period):
                wrong = f"{entry.area} 的 {entry.folder.name} 与 {other.folder.name} 日期重叠（{other.period}）"
                found.append(Fault(entry.file, entry.line, "valid_from", wrong, "同一统筹区每天只有一个方案"))
    return found
