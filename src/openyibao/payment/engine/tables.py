"""The files of a scheme folder read fast, and every fault in them with file and line.

A table in order is taken whole by the C reader; only a table with something wrong in it is walked line by line.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from openyibao.kernel.errors import Fault

BOM = "\ufeff"
FIRST = 2
"""Line of the first record: line 1 holds the column names."""

MOST_LINES = 100
"""Lines of a table in another encoding that are listed one by one."""

Row = Sequence[str]


@dataclass(frozen=True)
class Shape:
    """One file of a scheme (表): its name, the columns it must have, and whether a scheme must have it."""

    name: str
    columns: tuple[str, ...]
    required: bool = False


_STEP_COLUMNS = ("step", "parent", "seq", "level", "target", "variant", "enabled", "otherwise")

SHAPES = {
    shape.name: shape
    for shape in (
        Shape("scheme.csv", ("key", "value"), required=True),
        Shape("mdc.csv", ("letter", "code", "name", "order", "kind")),
        Shape("adrg.csv", ("code", "name", "mdc", "kind")),
        Shape("drg.csv", ("code", "name")),
        Shape("adrg_rules.steps.csv", _STEP_COLUMNS, required=True),
        Shape("adrg_rules.conditions.csv", ("step", "clause", "atom", "field", "op", "list", "value"), required=True),
        Shape("adrg_rules.codes.csv", ("list", "kind", "code", "part"), required=True),
        Shape("cc.csv", ("code", "exclusion_table")),
        Shape("mcc.csv", ("code", "exclusion_table")),
        Shape("cc_exclusions.csv", ("main_code", "exclusion_table")),
        Shape("icd10_map.csv", ("code", "grouper_code")),
        Shape("icd9cm3_map.csv", ("code", "grouper_code")),
        Shape("icd10_names.csv", ("code", "name")),
        Shape("icd9cm3_names.csv", ("code", "name")),
    )
}
"""Every file that belongs to a scheme. A file of another name in the folder (cases, notes) is not read."""


@dataclass
class Tables:
    """The files of one scheme as text (方案各表): rows by file name, without their header, and what is wrong."""

    folder: Path
    rows: dict[str, list[Row]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def wrong(self, file: str, at: int, column: str, wrong: str, right: str = "") -> None:
        """Note one fault; `at` counts records from 0, -1 is the file as a whole."""
        self.faults.append(Fault(file, at + FIRST if at >= 0 else 0, column, wrong, right))


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of every file of a scheme that the folder has."""
    return {name: (folder / name).read_bytes() for name in SHAPES if (folder / name).is_file()}


def fingerprint(files: Mapping[str, bytes]) -> str:
    """SHA-256 over names and bytes of a scheme's files, in the order of SHAPES."""
    whole = hashlib.sha256()
    for name in SHAPES:
        if name in files:
            whole.update(f"{name}\0{len(files[name])}\0".encode())
            whole.update(files[name])
    return whole.hexdigest()


def read_tables(folder: Path, files: Mapping[str, bytes]) -> Tables:
    """Every table of a scheme. Never raises for what the files hold: look at `faults` before using `rows`."""
    tables = Tables(folder)
    for name, shape in SHAPES.items():
        if name in files:
            tables.rows[name] = _read(tables, shape, files[name])
        elif shape.required:
            tables.wrong(name, -1, "", "缺少这个文件", f"一张表，列为 {','.join(shape.columns)}")
    return tables


def _read(tables: Tables, shape: Shape, raw: bytes) -> list[Row]:
    try:
        text = raw.decode("utf-8").removeprefix(BOM)
    except UnicodeDecodeError:
        bad = [(at, byte) for at, line in enumerate(raw.split(b"\n"), 1) if (byte := wrong_byte(line))]
        for at, byte in bad[:MOST_LINES]:
            tables.faults.append(Fault(shape.name, at, "", f"第 {byte} 字节不是 UTF-8", "UTF-8 编码"))
        if len(bad) > MOST_LINES:
            rest = f"另有 {len(bad) - MOST_LINES} 行不是 UTF-8"
            tables.faults.append(Fault(shape.name, bad[MOST_LINES][0], "", rest, "UTF-8 编码"))
        return []
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if "\r" in text:
        lines = [line.removesuffix("\r") for line in lines]
    if not lines:
        tables.faults.append(Fault(shape.name, 1, "", "文件是空的", f"第一行写列名：{','.join(shape.columns)}"))
        return []
    try:
        rows: list[Row] = list(csv.reader(lines, strict=True))
    except csv.Error:
        rows = []
    whole = "".join(lines)
    if len(rows) != len(lines) or not whole.isprintable() or "\ufffd" in whole:
        return _slowly(tables, shape, lines)
    head = rows[0]
    if not _head(tables, shape, head):
        return []
    del rows[0]
    wide = len(head)
    if any(len(row) != wide for row in rows):
        for at, row in enumerate(rows):
            if len(row) != wide:
                tables.wrong(shape.name, at, "", f"有 {len(row)} 列", f"{wide} 列，同第一行")
        rows = [row for row in rows if len(row) == wide]
    return _ordered(shape, head, rows)


def wrong_byte(line: bytes) -> int:
    """Place of the first byte of a line that is not UTF-8, from 1; 0 when all of it is."""
    try:
        line.decode()
    except UnicodeDecodeError as problem:
        return problem.start + 1
    return 0


def _head(tables: Tables, shape: Shape, head: Row) -> bool:
    """Whether the header has every column once; the table is not read further when it has not."""
    before = len(tables.faults)
    for column in shape.columns:
        if head.count(column) != 1:
            wrong = f"列 {column} 出现 {head.count(column)} 次" if column in head else f"缺少列 {column}"
            tables.faults.append(Fault(shape.name, 1, column, wrong, ",".join(shape.columns)))
    return len(tables.faults) == before


def _ordered(shape: Shape, head: Row, rows: list[Row]) -> list[Row]:
    """Rows with the cells in the order of the shape's columns; further columns are left out."""
    if tuple(head) == shape.columns:
        return rows
    places = [list(head).index(column) for column in shape.columns]
    return [[row[place] for place in places] for row in rows]


def _slowly(tables: Tables, shape: Shape, lines: list[str]) -> list[Row]:
    """The same, line by line, for a table that has a stray quotation mark or an invisible character in it."""
    rows: list[Row] = []
    head: Row = ()
    for at, line in enumerate(lines, -1):
        unseen = next((letter for letter in line if not letter.isprintable() or letter == "\ufffd"), None)
        if unseen is not None:
            tables.faults.append(Fault(shape.name, at + FIRST, "", f"看不见的字符 U+{ord(unseen):04X}", "删去它"))
            continue
        try:
            row = next(csv.reader([line], strict=True), [])
        except csv.Error:
            tables.faults.append(Fault(shape.name, at + FIRST, "", "引号不成对，或引号后还有内容", "一条记录写在一行"))
            continue
        if at == -1:
            head = row
            if not _head(tables, shape, head):
                return []
        elif not head:
            return []
        elif len(row) != len(head):
            tables.wrong(shape.name, at, "", f"有 {len(row)} 列", f"{len(head)} 列，同第一行")
        else:
            rows.append(row)
    return _ordered(shape, head, rows)
