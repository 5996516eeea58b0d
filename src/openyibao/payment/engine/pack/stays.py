"""A year's stays (住院病例) as payment sees them: what was coded, what it cost, who bore it, where and when.

The first ten columns are those a grouper reads; the others are money and place. A row with an impossible value is left
out and its faults are listed; the other rows go on. A file that cannot be read as a table is refused as a whole.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import MOST_FEN, fen_from_yuan
from openyibao.kernel.periods import day_from_text
from openyibao.payment.engine.pack.exact import scaled
from openyibao.policy.terms import LEVELS, SCHEMES

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+*/_-]{0,29}")
DIED = "5"
"""Way of leaving (离院方式) that means death."""
MARKS = {"day_surgery": "日间手术", "day_tcm": "中医日间", "robot": "机器人辅助", "emergency": "急诊"}
"""What a record can be marked with (病案标识)."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay (住院病例). Money in fen; `patient_fen` is what the person bore by item, `other_fen` what other payers
    than the basic pool bore, so the pool by item is total - patient - other. dx and px: the main code first.
    What is not known of the person is None, never guessed.
    """

    case_id: str
    dx: tuple[str, ...]
    px: tuple[str, ...] = ()
    total_fen: int = 0
    los: int = 1
    age: int | None = None
    sex: int | None = None
    leaving: str = "1"
    dept: str = ""
    year: int = 0
    discharged: str = ""
    institution: str = ""
    level: str = ""
    scheme: str = "employee"
    patient_fen: int = 0
    other_fen: int = 0
    remote: bool = False
    doctor: str = ""
    marks: frozenset[str] = frozenset()
    tcm_fen: int = 0
    age_days: int | None = None
    birth_weight: int | None = None
    icu_hours: Decimal | None = None

    @property
    def pool_by_item_fen(self) -> int:
        """What the basic pool would pay item by item (按项目应付)."""
        return self.total_fen - self.patient_fen - self.other_fen

    @property
    def died(self) -> bool:
        return self.leaving == DIED


@dataclass
class StayFile:
    """What a file of stays holds (病例文件): the rows in order, those left out with their faults, its columns."""

    name: str
    stays: list[Stay] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    """(case number or "", what is wrong) of each row left out."""
    columns: tuple[str, ...] = ()


def _integer(least: int, most: int) -> Callable[[str], int]:
    def read(cell: str) -> int:
        if not cell.isascii() or not cell.isdigit() or not least <= int(cell[:12]) <= most:
            raise ValueError(f"{cell!r} 不是 {least} 至 {most} 的整数")
        return int(cell)

    return read


def _fen(cell: str) -> int:
    fen = fen_from_yuan(cell)
    if not 0 <= fen <= MOST_FEN:
        raise ValueError(f"{cell!r} 为负数或过大")
    return fen


@lru_cache(maxsize=100_000)
def _codes(cell: str) -> tuple[str, ...]:
    if not cell:
        return ()
    codes = tuple(cell.split("|"))
    for code in codes:
        if not _CODE.fullmatch(code):
            raise ValueError(f"{code!r} 不是编码")
    return codes


def _word(words: Iterable[str]) -> Callable[[str], str]:
    known = frozenset(words)

    def read(cell: str) -> str:
        if cell not in known:
            raise ValueError(f"{cell!r} 不在可取值之内（{'、'.join(sorted(known))}）")
        return cell

    return read


@lru_cache(maxsize=100_000)
def _day(cell: str) -> str:
    return day_from_text(cell).isoformat()


def _hours(cell: str) -> Decimal:
    return Decimal(scaled(cell, 2)) / 100


def _flag(cell: str) -> bool:
    if cell not in ("0", "1"):
        raise ValueError(f"{cell!r} 不是 0 或 1")
    return cell == "1"


def _marks(cell: str) -> frozenset[str]:
    return frozenset(_word(MARKS)(one) for one in cell.split("|"))


def _text(cell: str) -> str:
    if len(cell) > 60 or not cell.isprintable():
        raise ValueError(f"{cell[:20]!r}… 过长或含不可见字符")
    return cell


READERS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "case_id": ("case_id", _text),
    "sex": ("sex", _integer(1, 2)),
    "age": ("age", _integer(0, 130)),
    "age_days": ("age_days", _integer(0, 366)),
    "birth_weight": ("birth_weight", _integer(0, 9_000)),
    "icu_hours": ("icu_hours", _hours),
    "dept": ("dept", _text),
    "los": ("los", _integer(0, 5_000)),
    "leaving": ("leaving", _text),
    "dx": ("dx", _codes),
    "px": ("px", _codes),
    "total": ("total_fen", _fen),
    "year": ("year", _integer(2000, 2100)),
    "discharged": ("discharged", _day),
    "institution": ("institution", _text),
    "level": ("level", _word(level for level in LEVELS if level != "pharmacy")),
    "scheme": ("scheme", _word(SCHEMES)),
    "patient": ("patient_fen", _fen),
    "other": ("other_fen", _fen),
    "remote": ("remote", _flag),
    "doctor": ("doctor", _text),
    "marks": ("marks", _marks),
    "tcm": ("tcm_fen", _fen),
}
"""Column of a file -> field of a stay and how its cell is read. An empty cell keeps the field's default."""
REQUIRED = ("case_id", "dx", "total")
IGNORED = frozenset({"status", "mdc", "adrg", "drg", "group", "note"})
"""Columns that a grouper's file may have and payment does not read from it."""


def read_stays(path: Path, needs: Sequence[str] = ()) -> StayFile:
    """Read a file of stays.

    Args: needs names columns that must be there and filled, beyond case_id, dx and total.
    Raises: Malformed, when the file cannot be read as a table of stays at all.
    """
    file = StayFile(path.name)
    required = (*REQUIRED, *needs)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as problem:
        raise Malformed([Fault(path.name, 0, "", f"读不到文件（{problem.strerror}）", "一个可读的 CSV 文件")]) from None
    except UnicodeDecodeError as problem:
        raise Malformed([Fault(path.name, 0, "", f"第 {problem.start + 1} 字节不是 UTF-8", "UTF-8 编码")]) from None
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    head = _cells(lines[0]) if lines else []
    _check_head(file, head or [], required)
    seen: set[str] = set()
    plan = [(at, name, *READERS[name]) for at, name in enumerate(head or []) if name in READERS]
    width = len(head or [])
    for number, line in enumerate(lines[1:], 2):
        row = _cells(line)
        if row is None:
            _leave_out(file, "", [Fault(path.name, number, "", "引号不成对，或引号后还有内容", "引号成对")])
        else:
            _read_row(file, row, number, plan, width, required, seen)
    if not file.stays and not file.faults:
        raise Malformed([Fault(path.name, 2, "", "只有列名，没有数据", "至少一行")])
    return file


def _cells(line: str) -> list[str] | None:
    """Cells of one line, None when its quotation marks do not match: a stray one spoils its own line only."""
    line = line.removesuffix("\r")
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        return None


def _check_head(file: StayFile, head: Sequence[str], required: Iterable[str]) -> None:
    faults = [Fault(file.name, 1, name, f"缺少列 {name}") for name in required if name not in head]
    faults += [Fault(file.name, 1, name, f"列 {name} 重复") for name in {*head} if head.count(name) > 1]
    faults += [
        Fault(file.name, 1, name, f"{name!r} 不是本表的列", "、".join(READERS))
        for name in head
        if name not in READERS and name not in IGNORED
    ]
    if faults:
        raise Malformed(faults)
    file.columns = tuple(head)


Plan = Sequence[tuple[int, str, str, Callable[[str], Any]]]


def _read_row(
    file: StayFile, row: Sequence[str], number: int, plan: Plan, width: int, required: Sequence[str], seen: set[str]
) -> None:
    if len(row) != width:
        _leave_out(file, "", [Fault(file.name, number, "", f"有 {len(row)} 列", f"{width} 列，同第一行")])
        return
    values: dict[str, Any] = {}
    wrong: list[Fault] = []
    for at, name, key, read in plan:
        cell = row[at]
        if cell:
            try:
                values[key] = read(cell)
            except ValueError as problem:
                wrong.append(Fault(file.name, number, name, str(problem)))
        elif name in required:
            wrong.append(Fault(file.name, number, name, "未填"))
    case_id = values.get("case_id", "")
    if case_id in seen:
        wrong.append(Fault(file.name, number, "case_id", f"{case_id!r} 出现两次", "每个病例一行"))
    if wrong:
        _leave_out(file, case_id, wrong)
        return
    wrong = _between(file.name, number, values)
    if wrong:
        _leave_out(file, case_id, wrong)
        return
    seen.add(case_id)
    file.stays.append(Stay(**values))


def _between(name: str, number: int, values: dict[str, Any]) -> list[Fault]:
    """Faults that only show between two columns; also fills the year from the day of discharge."""
    wrong = []
    if "discharged" in values:
        year = int(values["discharged"][:4])
        if values.setdefault("year", year) != year:
            wrong.append(Fault(name, number, "year", f"{values['year']} 与出院日期 {values['discharged']} 不符"))
    borne = values.get("patient_fen", 0) + values.get("other_fen", 0)
    if borne > values["total_fen"]:
        wrong.append(Fault(name, number, "patient", "个人与其他支付之和大于总费用", "至多等于 total"))
    if values.get("tcm_fen", 0) > values["total_fen"]:
        wrong.append(Fault(name, number, "tcm", "中医费用大于总费用", "至多等于 total"))
    return wrong


def _leave_out(file: StayFile, case_id: str, wrong: list[Fault]) -> None:
    file.faults += wrong
    file.refused.append((case_id, "；".join(f"{fault.path} {fault.wrong}".strip() for fault in wrong)))


class GroupOf(NamedTuple):
    """What a grouper said of a stay: its group ("" when none), its auxiliary factor in 1/10,000."""

    group: str
    factor: int = 10_000


NO_GROUP = GroupOf("")


def read_groups(path: Path) -> dict[str, GroupOf]:
    """A grouper's output by case number: column `group` or `drg`, and `factor` where it has one. Raises: Malformed."""
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise Malformed([Fault(path.name, 0, "", f"读不了：{problem}", "分组结果 CSV")]) from None
    head = rows[0] if rows else []
    column = next((name for name in ("group", "drg") if name in head), "")
    if "case_id" not in head or not column:
        raise Malformed([Fault(path.name, 1, "", "缺少列 case_id、group（或 drg）", "drg group 或 dip group 的输出")])
    key, value = head.index("case_id"), head.index(column)
    factor = head.index("factor") if "factor" in head else None
    faults: list[Fault] = []
    found: dict[str, GroupOf] = {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(head):
            faults.append(Fault(path.name, number, "", f"有 {len(row)} 列", f"{len(head)} 列"))
        elif row[key] in found:
            faults.append(Fault(path.name, number, "case_id", f"{row[key]!r} 出现两次", "每个病例一行"))
        else:
            try:
                times = scaled(row[factor], 4) if factor is not None and row[factor] else 10_000
            except ValueError as problem:
                faults.append(Fault(path.name, number, "factor", str(problem)))
                continue
            found[row[key]] = GroupOf(row[value], times)
    if faults:
        raise Malformed(faults)
    return found
