"""The tables DIP reads codes by: what a procedure is, which section a diagnosis is in, what counts as severe.

Each is a small CSV. A procedure is found by the longest prefix; a diagnosis by the range of three-character categories.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from openyibao.kernel.errors import Fault

TREATMENTS = {
    "operation": "手术",
    "therapeutic": "治疗性操作",
    "diagnostic": "诊断性操作",
    "conservative": "保守治疗",
}
"""Ways of treatment (治疗方式), the strongest first."""
LETTERS = {"operation": "O", "therapeutic": "T", "diagnostic": "D", "conservative": "N"}
RANK = {name: len(TREATMENTS) - at for at, name in enumerate(TREATMENTS)}


@dataclass(frozen=True, slots=True)
class Procedure:
    """What a procedure is: way of treatment, and level 1-4 of an operation (0 for the others)."""

    treatment: str
    level: int


@dataclass
class ProcedureTable:
    """Procedures by longest prefix (手术操作分类表); an unknown code is nothing."""

    rows: Mapping[str, Procedure]
    longest: int = 0
    _known: dict[str, Procedure | None] = field(default_factory=dict)

    def of(self, code: str) -> Procedure | None:
        """What a code is, or None when the table does not know it, or says that it does not count."""
        try:
            return self._known[code]
        except KeyError:
            found = None
            for length in range(min(len(code), self.longest), 0, -1):
                found = self.rows.get(code[:length])
                if found is not None:
                    break
            if found is not None and found.treatment not in TREATMENTS:
                found = None
            self._known[code] = found
            return found


@dataclass
class RangeTable:
    """Sections or chapters of diagnoses (诊断类目、章): ranges of three-character categories, with titles."""

    starts: Sequence[str]
    rows: Sequence[tuple[str, str, str]]

    def of(self, code: str) -> str:
        """Name of the range a diagnosis is in, as "I20-I25"; "" when in none."""
        category = code[:3].upper()
        at = bisect_right(self.starts, category) - 1
        if at < 0 or category > self.rows[at][1]:
            return ""
        return f"{self.rows[at][0]}-{self.rows[at][1]}"

    def title(self, name: str) -> str:
        return next((title for first, last, title in self.rows if f"{first}-{last}" == name), "")


@dataclass
class PrefixTable:
    """Codes by prefix with a word and a number each (并发症、合并症、CCI 等): longest prefix wins."""

    rows: Mapping[str, tuple[str, int]]
    longest: int = 0
    _known: dict[str, tuple[str, int] | None] = field(default_factory=dict)

    def of(self, code: str) -> tuple[str, int] | None:
        try:
            return self._known[code]
        except KeyError:
            found = None
            for length in range(min(len(code), self.longest), 0, -1):
                found = self.rows.get(code[:length])
                if found is not None:
                    break
            self._known[code] = found
            return found


def read_rows(path: Path, columns: Sequence[str], faults: list[Fault]) -> list[tuple[int, dict[str, str]]]:
    """Rows of a small table with their lines; notes what keeps it from being one."""
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        faults.append(Fault(path.name, 0, "", f"读不了（{reason}）", f"CSV，列 {'、'.join(columns)}"))
        return []
    head = rows[0] if rows else []
    gone = [name for name in columns if name not in head]
    if gone:
        faults.append(Fault(path.name, 1, "", f"缺少列 {'、'.join(gone)}", "、".join(columns)))
        return []
    found = []
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(head):
            faults.append(Fault(path.name, number, "", f"有 {len(row)} 列", f"{len(head)} 列，同第一行"))
        else:
            found.append((number, dict(zip(head, row, strict=True))))
    if not found:
        faults.append(Fault(path.name, 2, "", "没有数据", "至少一行"))
    return found


def read_procedures(path: Path, faults: list[Fault]) -> ProcedureTable:
    """Columns: prefix, treatment (or `none`: does not count), level."""
    rows: dict[str, Procedure] = {}
    for number, row in read_rows(path, ("prefix", "treatment", "level"), faults):
        prefix, treatment, level = row["prefix"], row["treatment"], row["level"] or "0"
        if treatment not in ("none", *TREATMENTS) or treatment == "conservative":
            faults.append(
                Fault(path.name, number, "treatment", f"{treatment!r} 不对", "operation、therapeutic、diagnostic、none")
            )
        elif level not in ("0", "1", "2", "3", "4") or (treatment == "operation") != (level != "0"):
            faults.append(Fault(path.name, number, "level", f"{level!r} 不对", "手术 1—4，其余不填"))
        elif not prefix or prefix in rows:
            faults.append(Fault(path.name, number, "prefix", f"{prefix!r} 未填或重复", "每个前缀一行"))
        else:
            rows[prefix] = Procedure(treatment, int(level))
    return ProcedureTable(rows, max(map(len, rows), default=0))


def read_ranges(path: Path, kind: str, faults: list[Fault]) -> RangeTable:
    """Rows of one kind (section or chapter) of a table with columns kind, first, last, title."""
    rows = []
    for number, row in read_rows(path, ("kind", "first", "last", "title"), faults):
        if row["kind"] not in ("section", "chapter"):
            faults.append(Fault(path.name, number, "kind", f"{row['kind']!r} 不对", "section、chapter"))
        elif row["kind"] == kind:
            first, last = row["first"], row["last"]
            if len(first) != 3 or len(last) != 3 or last < first:
                faults.append(Fault(path.name, number, "first", f"{first}-{last} 不是类目的范围", "如 I20、I25"))
            else:
                rows.append((first, last, row["title"]))
    rows.sort()
    for before, after in pairwise(rows):
        if after[0] <= before[1]:
            faults.append(Fault(path.name, 0, kind, f"{after[0]}-{after[1]} 与 {before[0]}-{before[1]} 重叠"))
    return RangeTable([row[0] for row in rows], rows)


def read_prefixes(path: Path, word: str, number: str, faults: list[Fault]) -> PrefixTable:
    """A table with columns prefix, `word`, and a whole number in `number` ("" when the table has none)."""
    rows: dict[str, tuple[str, int]] = {}
    for line, row in read_rows(path, tuple(name for name in ("prefix", word, number) if name), faults):
        value = row[number] if number else "0"
        if not value.isdigit():
            faults.append(Fault(path.name, line, number, f"{value!r} 不是整数"))
        elif not row["prefix"] or row["prefix"] in rows:
            faults.append(Fault(path.name, line, "prefix", f"{row['prefix']!r} 未填或重复", "每个前缀一行"))
        else:
            rows[row["prefix"]] = (row[word], int(value))
    return PrefixTable(rows, max(map(len, rows), default=0))
