"""What a file does to the stored versions of one code: add, close, give another end, correct, or leave alone.

A row from a later day follows the version in force and closes it; the earlier days keep what they had. A row that is
stored already changes nothing, so loading a file again, even an older one, changes nothing. Everything that would
rewrite days already decided, or leave days without a version unsaid, is a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta


@dataclass(frozen=True)
class Row:
    """One row of a file: its line, its days `[start, until)` (None = open), the digest of its content."""

    line: int
    start: date
    until: date | None
    digest: str


@dataclass(frozen=True)
class Stored:
    """One stored version in force on its days; declared is the end its own file gave. id 0 = added by this file."""

    id: int
    start: date
    until: date | None
    declared: date | None
    digest: str


@dataclass
class Plan:
    """What to write: rows to add with their real end; new ends of stored versions with the declared end; voided ids."""

    added: list[tuple[Row, date | None]] = field(default_factory=list)
    ends: list[tuple[int, date | None, date | None]] = field(default_factory=list)
    closed: int = 0
    ended: int = 0
    voided: list[int] = field(default_factory=list)
    unchanged: int = 0
    faults: list[tuple[int, str, str, str]] = field(default_factory=list)
    """(line, column, wrong, right)"""


def plan(rows: Iterable[Row], stored: Iterable[Stored], *, correct: bool) -> Plan:
    """Decide for one code (and area). `correct`: a row from the same day with other content replaces the stored one."""
    made = Plan()
    ordered = sorted(rows, key=lambda row: (row.start, row.line))
    held = sorted(stored, key=lambda version: version.start)
    fine = _without_overlap(ordered, made)
    for row in fine:
        same = next((version for version in held if version.start == row.start), None)
        later = next(
            (version for version in held if version.start > row.start and _before(version.start, row.until)), None
        )
        if same and same.digest == row.digest and same.declared == row.until:
            made.unchanged += 1
        elif same and same.digest != row.digest:
            _correct(made, held, row, same, correct)
        elif later:
            right = f"写明最后一日 {later.start - timedelta(days=1)}，或改用更晚的生效日"
            made.faults.append((row.line, "from", f"与已存的版本（{later.start} 起）日期重叠", right))
        elif same:
            made.ends.append((same.id, row.until, row.until))
            made.ended += 1
            held[held.index(same)] = replace(same, until=row.until, declared=row.until)
        else:
            _follow(made, held, row, _reach(fine, row))
    return made


def _without_overlap(rows: Sequence[Row], made: Plan) -> list[Row]:
    fine: list[Row] = []
    for row in rows:
        before = fine[-1] if fine else None
        if before and before.start == row.start and before.digest == row.digest and before.until == row.until:
            made.faults.append((row.line, "code", f"与第 {before.line} 行完全重复", "删去一行"))
        elif before and _before(row.start, before.until):
            right = f"第 {before.line} 行写明最后一日 {row.start - timedelta(days=1)}"
            made.faults.append((row.line, "from", f"与第 {before.line} 行日期重叠", right))
        else:
            fine.append(row)
    return fine


def _correct(made: Plan, held: list[Stored], row: Row, same: Stored, correct: bool) -> None:
    if not correct:
        wrong = f"{row.start} 起已有内容不同的版本"
        made.faults.append((row.line, "from", wrong, "调整请写新的生效日；原来登记有误请用 --correct 更正"))
    elif row.until != same.declared:
        was = same.declared - timedelta(days=1) if same.declared else "空"
        made.faults.append((row.line, "until", "更正不能同时改变最后一日", str(was)))
    else:
        made.voided.append(same.id)
        made.added.append((row, same.until))
        held[held.index(same)] = replace(same, id=0, digest=row.digest)


def _reach(rows: Sequence[Row], row: Row) -> date | None:
    """Up to which day the file says what holds without a gap, from this row on."""
    reach = row.until
    for later in rows:
        if later.start == reach:
            reach = later.until
    return reach


def _follow(made: Plan, held: list[Stored], row: Row, reach: date | None) -> None:
    """Add a row, closing the version in force on its first day."""
    current = next((v for v in held if v.start < row.start and _before(row.start, v.until)), None)
    if current:
        if reach and _before(reach, current.until):
            wrong = f"已存的版本（{current.start} 起）到期更晚，{reach} 起会没有版本"
            right = f"最后一日为空，或另列 {reach} 起的一行"
            made.faults.append((row.line, "until", wrong, right))
            return
        made.ends.append((current.id, row.start, current.declared))
        made.closed += 1
        held[held.index(current)] = replace(current, until=row.start)
    made.added.append((row, row.until))
    held.append(Stored(0, row.start, row.until, row.until, row.digest))
    held.sort(key=lambda version: version.start)


def _before(day: date, end: date | None) -> bool:
    return end is None or day < end
