"""A CSV file read strictly: every fault with its line and column, before any of it is believed.

One record stands on one line, so that a stray quotation mark spoils its own line and not the rest of the file. UTF-8;
the mark that spreadsheets put in front (BOM) is accepted there and nowhere else. Line 1 holds the column names.
"""

from __future__ import annotations

import csv
import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from openyibao.kernel.areas import all_areas
from openyibao.kernel.errors import Fault
from openyibao.kernel.periods import day_from_text

MOST_BYTES = 64 * 2**20
"""Largest file read: 64 MB, some 300,000 items."""
MOST_LINES = 400_000
BOM = "\ufeff"
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn")
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,9})(?:\.([0-9]+))?")

Read = Callable[[str], Any]


@dataclass(frozen=True)
class Column:
    """One column (列): name in line 1, Chinese title, how a value is written, its reader, whether it must be filled.

    `read` turns the text of a cell into a value or raises ValueError saying what is wrong. An empty cell of a column
    that need not be filled has the value `empty`.
    """

    name: str
    title: str
    shape: str
    read: Read
    required: bool = True
    empty: Any = None


@dataclass(frozen=True)
class Line:
    """One record (行): its line in the file and its values by column name; faulty cells are left out."""

    number: int
    values: Mapping[str, Any]


@dataclass
class Table:
    """What a file holds (表): its name, SHA-256, the records in order, and everything found wrong so far."""

    name: str
    sha256: str = ""
    lines: list[Line] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def wrong(self, line: int, column: str, wrong: str, right: str = "") -> None:
        """Note one fault."""
        self.faults.append(Fault(self.name, line, column, wrong, right))


def read_table(path: Path, columns: Sequence[Column]) -> Table:
    """Read a file by its columns. Never raises for what the file holds: look at `faults` before using `lines`."""
    table = Table(path.name)
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            table.wrong(0, "", f"文件有 {size} 字节", f"至多 {MOST_BYTES // 2**20} 兆；请拆成几个文件")
            return table
        raw = path.read_bytes()
    except OSError as problem:
        table.wrong(0, "", f"读不到文件（{problem.strerror}）", "一个可读的 CSV 文件")
        return table
    table.sha256 = hashlib.sha256(raw).hexdigest()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        table.wrong(1, "", "是 UTF-16 编码", "UTF-8：表格软件中另存为“CSV UTF-8”")
        return table
    pieces = raw.split(b"\n")
    if pieces[-1] == b"":
        pieces.pop()
    if len(pieces) > MOST_LINES:
        table.wrong(0, "", f"文件有 {len(pieces)} 行", f"至多 {MOST_LINES} 行；请拆成几个文件")
    elif not pieces:
        table.wrong(1, "", "文件是空的", "第一行写列名：" + ",".join(c.name for c in columns))
    else:
        _read_lines(table, pieces, columns)
    return table


def _read_lines(table: Table, pieces: list[bytes], columns: Sequence[Column]) -> None:
    head = _cells(table, 1, pieces[0].removeprefix(BOM.encode()), ())
    if head is None:
        return
    known = {column.name: column for column in columns}
    _check_head(table, head, known)
    for number, piece in enumerate(pieces[1:], 2):
        cells = _cells(table, number, piece, head)
        if cells is None:
            continue
        if not any(cell.strip() for cell in cells):
            table.wrong(number, "", "空行", "删去这一行")
        elif len(cells) != len(head):
            table.wrong(
                number, head[min(len(cells), len(head) - 1)], f"有 {len(cells)} 列", f"{len(head)} 列，同第一行"
            )
        else:
            table.lines.append(Line(number, _values(table, number, zip(head, cells, strict=True), known)))
    if not table.lines and not table.faults:
        table.wrong(2, "", "只有列名，没有数据", "至少一行")


def _check_head(table: Table, head: Sequence[str], known: Mapping[str, Column]) -> None:
    for name in dict.fromkeys(head):
        if name not in known:
            table.wrong(1, name, f"{name!r} 不是本表的列", "、".join(known))
        elif head.count(name) > 1:
            table.wrong(1, name, f"列 {name} 出现 {head.count(name)} 次", "一次")
    for name, column in known.items():
        if column.required and name not in head:
            table.wrong(1, name, f"缺少列 {name}（{column.title}）", column.shape)


def _cells(table: Table, number: int, piece: bytes, head: Sequence[str]) -> list[str] | None:
    """The cells of one line, or None after noting why it cannot be read."""
    piece = piece.removesuffix(b"\r")
    try:
        text = piece.decode("utf-8")
    except UnicodeDecodeError as problem:
        where = _column_at(piece[: problem.start].decode("utf-8"), head)
        table.wrong(number, where, f"第 {problem.start + 1} 字节不是 UTF-8", "UTF-8：表格软件中另存为“CSV UTF-8”")
        return None
    if not text.isprintable():
        for at, letter in enumerate(text):
            if unicodedata.category(letter) in _INVISIBLE:
                what = "文件中间的 BOM" if letter == BOM else f"看不见的字符 U+{ord(letter):04X}"
                table.wrong(number, _column_at(text[:at], head), what, "删去它")
                return None
    try:
        return next(csv.reader([text], strict=True), [""])
    except csv.Error:
        opened = text.rfind('"')
        table.wrong(number, _column_at(text[:opened], head), "引号不成对，或引号后还有内容", '"…"，内含引号写两个 ""')
        return None


def _column_at(before: str, head: Sequence[str]) -> str:
    """Name of the column in which the text `before` ends."""
    place = before.count(",")
    return head[place] if place < len(head) else (head[-1] if head else "")


def _values(table: Table, number: int, cells: Iterable[tuple[str, str]], known: Mapping[str, Column]) -> dict[str, Any]:
    """Values of the cells that are in order; a column that need not be filled has its `empty` where it is empty."""
    values = {name: column.empty for name, column in known.items() if not column.required}
    for name, cell in cells:
        column = known.get(name)
        if column is None:
            continue
        try:
            if cell != cell.strip():
                raise ValueError(f"{cell!r} 首尾有空格")
            if "\ufffd" in cell:
                raise ValueError(f"{cell!r} 含有转码时丢失的字（U+FFFD）")
            if cell:
                values[name] = column.read(cell)
            elif column.required:
                raise ValueError(f"{column.title}未填")
        except ValueError as problem:
            values.pop(name, None)
            table.wrong(number, name, str(problem), column.shape)
    return values


def text_of(most: int) -> Read:
    """Text of at most so many characters."""

    def read(cell: str) -> str:
        if len(cell) > most:
            raise ValueError(f"有 {len(cell)} 个字，超过 {most}")
        return cell

    return read


def shaped(pattern: str) -> Read:
    """Text that fits a pattern as a whole."""
    compiled = re.compile(pattern)

    def read(cell: str) -> str:
        if not compiled.fullmatch(cell):
            raise ValueError(f"{cell!r} 写法不对")
        return cell

    return read


def one_of(words: Mapping[str, object]) -> Read:
    """One word of a code table."""

    def read(cell: str) -> str:
        if cell not in words:
            raise ValueError(f"{cell!r} 不在可用的值之内")
        return cell

    return read


def words_of(words: Mapping[str, object]) -> Read:
    """Words of a code table, with | between them."""
    read_one = one_of(words)

    def read(cell: str) -> tuple[str, ...]:
        found = tuple(read_one(word) for word in cell.split("|"))
        if len(set(found)) != len(found):
            raise ValueError(f"{cell!r} 有重复")
        return found

    return read


def flag(cell: str) -> bool:
    """1 or 0."""
    if cell not in ("0", "1"):
        raise ValueError(f"{cell!r} 不是 0 或 1")
    return cell == "1"


def day(cell: str) -> date:
    """A day YYYY-MM-DD between 1949 and 2999."""
    found = day_from_text(cell)
    if not 1949 <= found.year <= 2999:
        raise ValueError(f"{cell!r} 年份不合理")
    return found


def area(cell: str) -> str:
    """A six-digit area of kernel/areas.csv."""
    if cell not in all_areas():
        raise ValueError(f"{cell!r} 不是已知的行政区划代码")
    return cell


def _scaled(cell: str, places: int) -> int:
    found = _DECIMAL.fullmatch(cell)
    if not found:
        raise ValueError(f"{cell!r} 是负数" if cell.startswith("-") else f"{cell!r} 不是数")
    part = found[2] or ""
    if len(part) > places:
        raise ValueError(f"{cell!r} 多于 {places} 位小数")
    return int(found[1] + part.ljust(places, "0"))


def ratio(cell: str) -> int:
    """A ratio 0..1 with at most four decimals, as basis points."""
    points = _scaled(cell, 4)
    if points > 10_000:
        raise ValueError(f"{cell!r} 大于 1")
    return points


def micro_yuan(cell: str) -> int:
    """A price in yuan with at most six decimals, as micro-yuan (百万分之一元)."""
    return _scaled(cell, 6)
