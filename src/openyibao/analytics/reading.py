"""Reads files named by table (CSV in UTF-8 or GB18030, comma or tab; Parquet): checked values, and every fault.

A cell that says nothing ("", null, \\N) is None. Amounts go from text to fen exactly; what does not fit is a fault with
file, line and column. Nothing is decided here.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import importlib
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from openyibao.analytics.words import Column, columns
from openyibao.kernel.areas import pooling_area_of
from openyibao.kernel.errors import Fault
from openyibao.kernel.money import MOST_FEN, fen_from_yuan

NOTHING = frozenset(("", "null", "NULL", "None", "\\N"))
MOST_LISTED = 200
_ZEROS = re.compile(r"(\.[0-9]{2})0+$")
_TIME = re.compile(r"([0-9]{4})[-/]?([0-9]{2})[-/]?([0-9]{2})(?:[ T]?([0-9]{2}):?([0-9]{2}):?([0-9]{2})(\.[0-9]+)?)?")
_NUMBER = re.compile(r"[0-9]{1,9}(\.0+)?")
Row = dict[str, Any]
csv.field_size_limit(1 << 20)


class Faults:
    """Collects faults: all are counted, the first are kept."""

    def __init__(self) -> None:
        self.listed: list[Fault] = []
        self.total = 0

    def add(self, file: str, line: int, column: str, wrong: str, right: str = "") -> None:
        self.total += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append(Fault(file, line, column, wrong, right))

    def bounded(self) -> list[Fault]:
        """The faults kept, with one that says how many there are in all when some were not."""
        if self.total == len(self.listed):
            return self.listed
        return [*self.listed, Fault("~", 0, "", f"全部文件共 {self.total} 处有误，此处列出前 {len(self.listed)} 处")]


# Values -------------------------------------------------------------------------------------------------------------


def _amount(text: str) -> int:
    fen = int(fen_from_yuan(_ZEROS.sub(r"\1", text)))
    if abs(fen) > MOST_FEN:
        raise ValueError(f"{text} 过大")
    return fen


def time_text(text: str) -> str:
    """An instant as sortable text YYYY-MM-DD HH:MM:SS[.fff]. Raises: ValueError."""
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} 不是时间")
    year, month, day, hour, minute, second, part = found.groups()
    date(int(year), int(month), int(day))
    if hour and (int(hour) > 23 or int(minute) > 59 or int(second) > 60):
        raise ValueError(f"{text!r} 不是时间")
    return f"{year}-{month}-{day} {hour or '00'}:{minute or '00'}:{second or '00'}{part or ''}"


def _day(text: str) -> date:
    return date.fromisoformat(time_text(text)[:10])


def _flag(text: str) -> bool:
    if text not in ("0", "1", "2", "9"):
        raise ValueError(f"{text!r} 不是标志")
    return text == "1"


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} 不是非负整数")
    return int(text.partition(".")[0])


def _ratio(text: str) -> int:
    """A share in 1/10,000, written 0.6, 60% or 60."""
    percent = text.endswith("%")
    whole, _, part = text.rstrip("%").partition(".")
    if not (whole + part).isdigit() or len(whole) > 3:
        raise ValueError(f"{text!r} 不是比例")
    points = int(whole or "0") * 10_000 + int((part + "0000")[:4])
    points = points // 100 if percent or points > 10_000 else points
    if points > 10_000:
        raise ValueError(f"{text!r} 超过 100%")
    return points


def area_text(text: str) -> str:
    """Pooling area of a region code; a city-level xx99 is its city. Raises: ValueError."""
    return pooling_area_of(text[:4] + "00" if text.endswith("99") else text)


KINDS: dict[str, tuple[Callable[[str], Any], str]] = {
    "text": (str, "文本"),
    "code": (str, "代码"),
    "area": (area_text, "六位行政区划代码"),
    "amount": (_amount, "以元为单位、至多两位小数的金额，每项至多三千万元"),
    "time": (time_text, "YYYY-MM-DD HH:MM:SS"),
    "day": (_day, "YYYY-MM-DD"),
    "flag": (_flag, "0 或 1"),
    "whole": (_number, "非负整数"),
    "number": (_number, "非负整数"),
    "ratio": (_ratio, "0 至 1，或百分数"),
}

# Files --------------------------------------------------------------------------------------------------------------


def file_of(folder: Path, table: str) -> Path | None:
    """The file of a table in a folder: .parquet, .csv, .tsv or .txt, whatever the case of its name."""
    names = {path.name.lower(): path for path in folder.iterdir() if path.is_file()}
    for ending in (".parquet", ".csv", ".tsv", ".txt"):
        if table + ending in names:
            return names[table + ending]
    return None


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    whole = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            whole.update(block)
    return whole.hexdigest()


def read_table(path: Path, table: str, faults: Faults) -> Iterator[Row]:
    """Checked rows of a file: every column of the table's that is there, plus `_line`. Faulty rows are left out."""
    rows = _parquet(path) if path.suffix == ".parquet" else _csv(path, faults)
    before = faults.total
    header = next(rows, None)
    if header is None:
        if faults.total == before:
            faults.add(path.name, 1, "", "文件是空的", "第一行为列名")
        return
    names = [str(name).strip().lower() for name in header[1]]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        faults.add(path.name, 1, "、".join(doubled), "列名重复", "每列一次")
    plan = _plan(path, table, names, faults)
    if plan is None:
        return
    for line, cells in rows:
        if len(cells) != len(names):
            faults.add(path.name, line, "", f"有 {len(cells)} 格", f"与列名相同的 {len(names)} 格")
            continue
        row = _row(path.name, line, cells, plan, faults)
        if row is not None:
            yield row


Plan = list[tuple[Column, int]]


def _plan(path: Path, table: str, names: list[str], faults: Faults) -> Plan | None:
    """Which cell belongs to which column; None when a needed column is missing."""
    plan: Plan = []
    missing = False
    for column in columns()[table]:
        at = next((names.index(name) for name in (column.column, column.also) if name and name in names), -1)
        if at >= 0:
            plan.append((column, at))
        elif column.needed:
            missing = True
            faults.add(path.name, 1, column.column, f"缺少列 {column.column}（{column.label}）", "加上这一列")
    return None if missing else plan


def _row(name: str, line: int, cells: list[Any], plan: Plan, faults: Faults) -> Row | None:
    row: Row = {"_line": line}
    sound = True
    for column, at in plan:
        text = _text(cells[at])
        if text in NOTHING:
            row[column.column] = None
            if column.needed:
                sound = False
                faults.add(name, line, column.column, f"{column.label}为空", KINDS[column.kind][1])
            continue
        try:
            row[column.column] = KINDS[column.kind][0](text)
        except ValueError as problem:
            sound = False
            faults.add(name, line, column.column, str(problem), KINDS[column.kind][1])
    return row if sound else None


def _text(cell: Any) -> str:
    """A cell as text; numbers of a Parquet file as they would be written."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "1" if cell else "0"
    text = repr(cell) if isinstance(cell, float) else str(cell)
    return text.removesuffix(".0") if isinstance(cell, float) else text


def _csv(path: Path, faults: Faults) -> Iterator[tuple[int, list[Any]]]:
    encoding = _encoding(path)
    if encoding is None:
        faults.add(path.name, 0, "", "既不是 UTF-8 也不是 GB18030 文本", "UTF-8 或 GB18030")
        return
    with path.open(encoding=encoding, newline="") as file:
        head = file.readline()
        file.seek(0)
        reader = csv.reader(file, delimiter="\t" if head.count("\t") > head.count(",") else ",", strict=True)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as problem:
                faults.add(path.name, reader.line_num, "", f"无法读取：{problem}", "合法的 CSV")
                return
            if cells:
                yield reader.line_num, cells


def _encoding(path: Path) -> str | None:
    for name in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(name)()
        try:
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return name
    return None


def _parquet(path: Path) -> Iterator[tuple[int, list[Any]]]:
    parquet = importlib.import_module("pyarrow.parquet")
    file = parquet.ParquetFile(path)
    names = file.schema_arrow.names
    yield 0, names
    line = 0
    for batch in file.iter_batches(batch_size=20_000):
        for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            line += 1
            yield line, list(cells)
