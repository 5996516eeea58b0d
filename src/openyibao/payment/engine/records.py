"""Cases in a CSV file (病例文件): read in pieces by several processes, every fault of the file with its line.

What a cell says that cannot be (an age of "abc" or -3) is a matter of that case: it gets 信息校验不通过 and the others
go on. What makes the file unreadable (columns, encoding, the same number twice) refuses the file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from openyibao.kernel.errors import Fault, Malformed
from openyibao.payment.engine.contracts import Case, Number
from openyibao.payment.engine.terms import number

BOM = b"\xef\xbb\xbf"
COLUMNS = ("case_id", "sex", "age", "age_days", "birth_weight", "dept", "los", "leaving", "dx", "px")
"""Columns a file must have, in any order; others may stand beside them."""
OPTIONAL = ("icu_hours",)
BY_AREA = ("area", "discharged")
"""Columns that choose the scheme where several stand side by side."""
WHOLE = ("sex", "age", "age_days")
"""Fields that are whole numbers; the others may have decimals."""
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
    try:
        head = next(csv.reader([first.removeprefix(BOM).decode().rstrip("\r\n")], strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise Malformed([Fault(path.name, 1, "", "第一行不是 UTF-8 的列名", ",".join(COLUMNS))]) from None
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
    except UnicodeDecodeError as problem:
        at, before = raw.count(b"\n", 0, problem.start), raw.rfind(b"\n", 0, problem.start)
        return [], [(at, f"第 {problem.start - before} 字节不是 UTF-8", "UTF-8 编码")]
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


def _quoted(lines: list[str], wide: int) -> tuple[list[Sequence[str]], list[tuple[int, str, str]]]:
    """The same, a line at a time."""
    rows: list[Sequence[str]] = []
    faults: list[tuple[int, str, str]] = []
    for at, line in enumerate(lines):
        row: list[str] = []
        unseen = next((letter for letter in line if not letter.isprintable()), None)
        try:
            row = next(csv.reader([line], strict=True), [])
        except csv.Error:
            faults.append((at, "引号不成对，或引号后还有内容", "一个病例写在一行"))
        else:
            if unseen is not None:
                faults.append((at, f"看不见的字符 U+{ord(unseen):04X}", "删去它"))
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


def read_cases(path: Path) -> Iterator[tuple[str, Case, int]]:
    """Every case of a small file: number, case, line. Raises: Malformed with every fault."""
    laid = layout(path)
    raw = path.read_bytes()[laid.start :].rstrip(b"\r\n")
    rows, faults = rows_of(raw, laid.wide)
    if faults:
        raise Malformed(Fault(path.name, at + 2, "", wrong, right) for at, wrong, right in faults)
    reader = Reader()
    for at, row in enumerate(rows):
        dx, px = row[laid.dx], row[laid.px]
        codes = (tuple(dx.split("|")) if dx else (), tuple(px.split("|")) if px else ())
        yield row[laid.case_id], Case._make((*reader.plain(row, laid.plain), *codes)), at + 2


def find_case(path: Path, case_id: str, *, by_area: bool = False) -> tuple[Case, int, tuple[str, str]] | None:
    """A case by its number: the case, its line, its area and day of discharge where the file has them."""
    laid = layout(path, by_area=by_area)
    for at, (number_, case, line) in enumerate(read_cases(path)):
        if number_ == case_id:
            return case, line, _area_and_day(path, laid, at)
    return None


def _area_and_day(path: Path, laid: Layout, at: int) -> tuple[str, str]:
    if laid.by_area is None:
        return "", ""
    rows, _ = rows_of(path.read_bytes()[laid.start :], laid.wide)
    return rows[at][laid.by_area[0]], rows[at][laid.by_area[1]]
