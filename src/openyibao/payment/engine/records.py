"""Cases in a CSV file (病例文件): read in pieces by several processes, every fault of the file with its line.

What a cell says that cannot be (an age of "abc" or -3) is a matter of that case: it gets 信息校验不通过 and the others
go on. What makes the file unreadable (columns, encoding, the same number twice) refuses the file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from openyibao.kernel.errors import Fault, Malformed
from openyibao.payment.engine.contracts import Case, Number
from openyibao.payment.engine.tables import wrong_byte
from openyibao.payment.engine.terms import number

BOM = b"\xef\xbb\xbf"
COLUMNS = ("case_id", "sex", "age", "age_days", "birth_weight", "dept", "los", "leaving", "dx", "px")
"""Columns a file must have, in any order; others may stand beside them."""
OPTIONAL = ("icu_hours",)
BY_AREA = ("area", "discharged")
"""Columns that choose the scheme where several stand side by side."""
WHOLE = ("sex", "age", "age_days")
"""Fields that are whole numbers; the others may have decimals."""
OTHER_MARKS = {"\t": "制表符", ";": "分号", "，": "中文逗号", "|": "竖线"}
"""What files are sometimes separated by instead of commas."""
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""Letters that no export writes on purpose: the file was damaged on its way."""
MOST_LISTED = 1_000
"""Faults listed of one file."""
MOST_TEXTS = 500_000
"""Texts of numbers a reader remembers."""


@dataclass(frozen=True)
class Layout:
    """Where the columns of a file stand (列位): places of the plain fields in the order of `Case`, of the codes, …"""

    case_id: int
    plain: tuple[int, ...]
    dx: int
    px: int
    wide: int
    by_area: tuple[int, int] | None
    start: int


def layout(path: Path, *, by_area: bool = False) -> Layout:
    """Read the first line of a file. Raises: Malformed when it cannot be read or lacks columns."""
    try:
        with path.open("rb") as file:
            first = file.readline()
    except OSError as problem:
        raise Malformed([Fault(path.name, 0, "", f"读不到文件（{problem.strerror}）", "一个可读的 CSV 文件")]) from None
    if not first.strip():
        raise Malformed([Fault(path.name, 1, "", "文件是空的", f"第一行写列名：{','.join(COLUMNS)}")])
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Malformed([Fault(path.name, 1, "", "是 UTF-16 编码", "UTF-8")])
    if b"\r" in first.rstrip(b"\r\n"):
        raise Malformed([Fault(path.name, 1, "", "行尾是单独的回车（旧式 Mac 换行）", "换行用 LF 或 CRLF")])
    try:
        head = next(csv.reader([first.removeprefix(BOM).decode().rstrip("\r\n")], strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise Malformed([Fault(path.name, 1, "", "第一行不是 UTF-8 的列名", ",".join(COLUMNS))]) from None
    for mark, name in OTHER_MARKS.items():
        if len(head) == 1 and mark in head[0]:
            raise Malformed([Fault(path.name, 1, "", f"各列用{name}隔开", "用英文逗号隔开")])
    faults = []
    for name in (*COLUMNS, *OPTIONAL, *(BY_AREA if by_area else ())):
        if name not in head and name not in OPTIONAL:
            faults.append(Fault(path.name, 1, name, f"缺少列 {name}", ",".join(COLUMNS)))
        elif head.count(name) > 1:
            faults.append(Fault(path.name, 1, name, f"列 {name} 出现 {head.count(name)} 次", "一次"))
    if faults:
        raise Malformed(faults)
    place = {name: head.index(name) if name in head else -1 for name in (*COLUMNS, *OPTIONAL, *BY_AREA)}
    plain = tuple(place[name] for name in Case._fields[:8])
    two = (place["area"], place["discharged"]) if by_area else None
    return Layout(place["case_id"], plain, place["dx"], place["px"], len(head), two, len(first))


def pieces(path: Path, start: int, size: int) -> list[tuple[int, int]]:
    """Cut the records of a file into pieces of about `size` bytes, each of whole lines: (first byte, last byte)."""
    found = []
    with path.open("rb") as file:
        end = _end(file)
        while start < end:
            file.seek(min(start + size, end))
            file.readline()
            stop = min(file.tell(), end)
            found.append((start, stop))
            start = stop
    return found


def _end(file: BinaryIO) -> int:
    """Where the last record of a file ends; empty lines after it do not count."""
    size = file.seek(0, 2)
    start = max(0, size - 4096)
    file.seek(start)
    return start + len(file.read().rstrip(b"\r\n"))


def rows_of(raw: bytes, wide: int) -> tuple[list[Sequence[str]], list[tuple[int, str, str]]]:
    """Records of a piece, and its faults: (line within the piece from 0, what is wrong, what would be right)."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return [], _undecodable(raw, wide)
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    if "\r" in text:
        lines = [line.removesuffix("\r") for line in lines]
    rows: list[Sequence[str]]
    if '"' in text:
        return _quoted(lines, wide)
    rows = [line.split(",") for line in lines]
    if not "".join(lines).isprintable() or any(len(row) != wide for row in rows):
        return _quoted(lines, wide)
    return rows, []


def _undecodable(raw: bytes, wide: int) -> list[tuple[int, str, str]]:
    """Faults of a piece that is not UTF-8: of each line its first wrong byte, of the others what else is wrong."""
    like = "，像是 GBK 编码" if _is_gbk(raw) else ""
    found = {
        at: (at, f"第 {byte} 字节不是 UTF-8{like}", "UTF-8 编码（Excel 另存为“CSV UTF-8”）")
        for at, line in enumerate(raw.split(b"\n"))
        if (byte := wrong_byte(line))
    }
    lines = [line.removesuffix("\r") for line in raw.decode(errors="replace").removesuffix("\n").split("\n")]
    _, others = _quoted(lines, wide)
    return sorted([*found.values(), *(fault for fault in others if fault[0] not in found)])


def _is_gbk(raw: bytes) -> bool:
    """Whether bytes that are no UTF-8 can be read as GBK; only the message says so, nothing is read that way."""
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def _quoted(lines: list[str], wide: int) -> tuple[list[Sequence[str]], list[tuple[int, str, str]]]:
    """The same, a line at a time."""
    rows: list[Sequence[str]] = []
    faults: list[tuple[int, str, str]] = []
    for at, line in enumerate(lines):
        row: list[str] = []
        unseen = CONTROLS.search(line)
        try:
            row = next(csv.reader([line], strict=True), [])
        except csv.Error:
            faults.append((at, "引号不成对，或引号后还有内容", "一个病例写在一行"))
        else:
            if unseen is not None:
                faults.append((at, f"控制字符 U+{ord(unseen[0]):04X}", "删去它"))
            elif len(row) != wide:
                faults.append((at, f"有 {len(row)} 列" if row else "空行", f"{wide} 列，同第一行"))
        rows.append(row)
    return rows, faults


class _Impossible(Exception):
    """A cell holds what cannot be."""


class _Numbers(dict[str, Any]):
    """Numbers by the text of a cell, each text read once; None for an empty one. Raises, looked up: _Impossible."""

    def __init__(self, *, whole: bool) -> None:
        super().__init__({"": None})
        self._whole = whole

    def __missing__(self, text: str) -> Number | None:
        if text.isascii() and text.isdigit() and len(text) < 10:
            value: Number | None = int(text)
        else:
            value = self._other(text.strip())
        if len(self) < MOST_TEXTS:
            self[text] = value
        return value

    def _other(self, text: str) -> Number | None:
        if not text:
            return None
        value = number(text)
        if value is None or value < 0 or (self._whole and not isinstance(value, int)):
            raise _Impossible
        return value


class Reader:
    """Turns cells into the numbers of a case, remembering texts already seen."""

    def __init__(self) -> None:
        self._whole, self._any = _Numbers(whole=True), _Numbers(whole=False)

    def plain(self, row: Sequence[str], places: Sequence[int]) -> tuple[Any, ...]:
        """The plain fields of a record in the order of `Case`; sex is None, so invalid, where a cell cannot be."""
        sex, age, days, weight, dept, los, leaving, hours = places
        whole, some = self._whole, self._any
        try:
            return (
                whole[row[sex]],
                whole[row[age]],
                whole[row[days]],
                some[row[weight]],
                row[dept],
                some[row[los]],
                row[leaving],
                some[row[hours]] if hours >= 0 else None,
            )
        except _Impossible:
            return self._rest(row, places)

    def _rest(self, row: Sequence[str], places: Sequence[int]) -> tuple[Any, ...]:
        """What can be read of a record that has an impossible cell."""
        found: list[Any] = [None]
        for name, place in zip(Case._fields[1:8], places[1:], strict=True):
            text = row[place] if place >= 0 else ""
            if name in ("dept", "leaving"):
                found.append(text)
                continue
            try:
                found.append((self._whole if name in WHOLE else self._any)[text])
            except _Impossible:
                found.append(None)
        return tuple(found)


@dataclass(frozen=True)
class Found:
    """A case looked up in a file: its line, its plain cells as they are written, its area and day where asked for."""

    case: Case
    line: int
    cells: Mapping[str, str]
    area: str = ""
    discharged: str = ""


def read_cases(path: Path) -> Iterator[tuple[str, Case, int]]:
    """Every case of a small file: number, case, line. Raises: Malformed with every fault."""
    laid = layout(path)
    reader = Reader()
    for at, row in enumerate(_records(path, laid)):
        yield row[laid.case_id], _case(row, laid, reader), at + 2


def find_case(path: Path, case_id: str, *, by_area: bool = False) -> Found | None:
    """A case by its number. Raises: Malformed with every fault of the file, or when the number is there twice."""
    laid = layout(path, by_area=by_area)
    rows = _records(path, laid)
    lines = [at + 2 for at, row in enumerate(rows) if row[laid.case_id] == case_id]
    if not lines:
        return None
    again = [
        Fault(path.name, line, "case_id", f"病例号 {case_id} 与第 {lines[0]} 行重复", "各不相同") for line in lines[1:]
    ]
    if again:
        raise Malformed(again)
    row = rows[lines[0] - 2]
    cells = {name: row[at] for name, at in zip(Case._fields[:8], laid.plain, strict=True) if at >= 0}
    area, day = (row[at] for at in laid.by_area) if laid.by_area else ("", "")
    return Found(_case(row, laid, Reader()), lines[0], cells, area, day)


def _records(path: Path, laid: Layout) -> list[Sequence[str]]:
    """Every record of a small file. Raises: Malformed with every fault."""
    rows, faults = rows_of(path.read_bytes()[laid.start :].rstrip(b"\r\n"), laid.wide)
    if faults:
        raise Malformed(Fault(path.name, at + 2, "", wrong, right) for at, wrong, right in faults[:MOST_LISTED])
    return rows


def _case(row: Sequence[str], laid: Layout, reader: Reader) -> Case:
    dx, px = row[laid.dx], row[laid.px]
    codes = (tuple(dx.split("|")) if dx else (), tuple(px.split("|")) if px else ())
    return Case._make((*reader.plain(row, laid.plain), *codes))
