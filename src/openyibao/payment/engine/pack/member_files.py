"""Files of members (签约人员、参保人员), of what they cost and of a consortium's institutions; and the year as a file.

A wrong row would move everybody's money, so a file with a fault is refused as a whole, with every fault and its line.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import MOST_FEN, fen_from_yuan, yuan_text
from openyibao.payment.engine.pack.exact import scaled_text
from openyibao.payment.engine.pack.member_year import MONTHS, MemberYear
from openyibao.payment.engine.pack.members import Member
from openyibao.policy.terms import SCHEMES

MEMBER_COLUMNS = ("member_id", "institution", "scheme", "months", "age", "sex")
SPENT_COLUMNS = ("institution", "at", "scheme", "spent")
WEIGHT_COLUMNS = ("consortium", "institution", "weight")
YEAR_COLUMNS = (
    *("institution", "scheme", "role", "heads", "months", "weighted_months", "stated", "granted", "inside", "outside"),
    *("dear", "help", "returned", "forfeited", "paid", "clearing", "final"),
)
_MOST_FAULTS = 100


def read_members(path: Path) -> list[Member]:
    """Members of a year: `member_id, institution, scheme, months, age, sex`, and where known `diseases` (joined by a
    vertical bar) and `spent` (yuan the pool paid by item for the person). A person who changed scheme or institution
    has a row for each. Raises: Malformed with every fault.
    """
    read = _Reader(path, MEMBER_COLUMNS, ("diseases", "spent"))
    months: Counter[str] = Counter()
    seen: set[tuple[str, str, str]] = set()
    found = []
    for row in read.rows():
        member = Member(
            institution=read.text(row, "institution"),
            scheme=read.word(row, "scheme", SCHEMES),
            months=read.whole(row, "months", 0, MONTHS),
            age=read.whole(row, "age", 0, 130),
            sex=read.whole(row, "sex", 1, 2),
            diseases=tuple(filter(None, row.get("diseases", "").split("|"))),
            member_id=read.text(row, "member_id"),
            spent_fen=read.fen(row, "spent") if row.get("spent") else None,
        )
        key = (member.member_id, member.institution, member.scheme)
        if key in seen:
            read.wrong("member_id", f"{member.member_id!r} 在同一机构、险种出现两次", "每人每机构每险种一行")
        seen.add(key)
        months[member.member_id] += member.months
        if months[member.member_id] > MONTHS:
            read.wrong("months", f"{member.member_id!r} 全年合计 {months[member.member_id]} 个月", "至多 12 个月")
        found.append(member)
    read.done()
    return found


def read_spent(path: Path, holders: Iterable[tuple[str, str]]) -> dict[tuple[str, str, str], int]:
    """What the pool paid by item for the holders' people: `institution` (who holds the money), `at` (who treated),
    `scheme`, `spent` (yuan). holders: (institution, scheme) that have members. Raises: Malformed with every fault.
    """
    read = _Reader(path, SPENT_COLUMNS, ())
    known = set(holders)
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in read.rows():
        holder, scheme = read.text(row, "institution"), read.word(row, "scheme", SCHEMES)
        if holder and scheme in SCHEMES and (holder, scheme) not in known:
            read.wrong("institution", f"{holder!r} 没有 {scheme} 的人员", "人员文件中的 institution 与 scheme")
        found[holder, read.text(row, "at"), scheme] += read.fen(row, "spent")
    read.done()
    return dict(found)


def read_weights(path: Path, holders: Iterable[str]) -> dict[str, dict[str, int]]:
    """A consortium's institutions with their assessment weights: `consortium, institution, weight` (any scale).

    Raises: Malformed with every fault, also for a consortium without institutions or without any weight.
    """
    read = _Reader(path, WEIGHT_COLUMNS, ())
    known, owner = set(holders), dict[str, str]()
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in read.rows():
        holder, institution = read.text(row, "consortium"), read.text(row, "institution")
        if holder and holder not in known:
            read.wrong("consortium", f"{holder!r} 没有参保人员", "人员文件中的 institution")
        if institution in owner:
            read.wrong("institution", f"{institution!r} 已在 {owner[institution]!r}", "每家机构只属一个医共体")
        owner[institution] = holder
        found[holder][institution] = read.whole(row, "weight", 0, 10**9)
    for holder in sorted(known):
        if not any(found.get(holder, {}).values()):
            read.wrong("consortium", f"{holder!r} 没有成员单位，或权重全为零", "每个医共体至少一家")
    read.done()
    return dict(found)


def write_member_year(made: MemberYear, path: Path) -> None:
    """A row for each holder and scheme (`role` own), then for each institution paid by item for others' people."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(YEAR_COLUMNS)
        out.writerows(member_year_rows(made))


def member_year_rows(made: MemberYear) -> list[list[str]]:
    """Rows of `YEAR_COLUMNS`, amounts in yuan."""
    held = {(one.holder, one.scheme): one for one in made.held}
    rows = []
    for scheme, cleared in sorted(made.clearing.items()):
        left = set(held)
        for line in cleared.lines:
            one = held.get((line.institution, scheme))
            own = one is not None and (line.institution, scheme) in left
            left.discard((line.institution, scheme))
            if own and one is not None:
                units = [str(one.heads), str(one.months), scaled_text(one.weighted, 4)]
                money = [one.stated_fen, one.granted_fen, one.inside_fen, one.outside_fen, one.dear_fen]
            else:
                units, money = ["", "", ""], [0, 0, line.total_fen, 0, 0]
            money += [line.extra_fen, line.returned_fen, line.forfeited_fen, line.paid_fen, line.clearing_fen]
            rows.append(
                [
                    line.institution,
                    scheme,
                    "own" if own else "elsewhere",
                    *units,
                    *(yuan_text(fen) for fen in (*money, line.final_fen)),
                ]
            )
    return rows


class _Reader:
    """A small table read strictly; faults are kept until `done`."""

    def __init__(self, path: Path, needed: Sequence[str], more: Sequence[str]) -> None:
        self.name, self.line = path.name, 1
        self.faults: list[Fault] = []
        try:
            text = path.read_bytes().decode("utf-8-sig")
            self.table = list(csv.reader(text.splitlines(), strict=True))
        except (OSError, UnicodeDecodeError, csv.Error) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else problem
            raise Malformed([Fault(self.name, 0, "", f"读不了：{reason}", "UTF-8 编码的 CSV")]) from None
        self.head = self.table[0] if self.table else []
        for column in needed:
            if column not in self.head:
                self.wrong(column, "缺少这一列", "、".join((*needed, *more)))
        for column in self.head:
            if column not in (*needed, *more) or self.head.count(column) > 1:
                self.wrong(column, f"{column!r} 不是本表的列，或重复", "、".join((*needed, *more)))
        if len(self.table) < 2:
            self.wrong("", "没有数据", "至少一行")
        self.done()

    def rows(self) -> Iterable[Mapping[str, str]]:
        for number, row in enumerate(self.table[1:], 2):
            self.line = number
            if len(row) != len(self.head):
                self.wrong("", f"有 {len(row)} 列", f"{len(self.head)} 列，同第一行")
            else:
                yield dict(zip(self.head, row, strict=True))

    def wrong(self, column: str, what: str, right: str = "") -> None:
        self.faults.append(Fault(self.name, self.line, column, what, right))

    def done(self) -> None:
        if self.faults:
            rest = len(self.faults) - _MOST_FAULTS
            more = [Fault(self.name, 0, "", f"另有 {rest} 处")] if rest > 0 else []
            raise Malformed([*self.faults[:_MOST_FAULTS], *more])

    def text(self, row: Mapping[str, str], column: str) -> str:
        cell = row[column]
        if not cell or cell != cell.strip() or len(cell) > 60 or not cell.isprintable():
            self.wrong(column, f"{cell[:20]!r} 未填、过长或有多余的空格", "编号")
        return cell

    def word(self, row: Mapping[str, str], column: str, words: Iterable[str]) -> str:
        if row[column] not in words:
            self.wrong(column, f"{row[column]!r} 不在可取值之内", "、".join(words))
        return row[column]

    def whole(self, row: Mapping[str, str], column: str, least: int, most: int) -> int:
        cell = row[column]
        if not (cell.isascii() and cell.isdigit() and len(cell) <= 12 and least <= int(cell) <= most):
            self.wrong(column, f"{cell!r} 不是 {least} 至 {most} 的整数")
            return least
        return int(cell)

    def fen(self, row: Mapping[str, str], column: str) -> int:
        try:
            found = int(fen_from_yuan(row[column]))
            if not 0 <= found <= MOST_FEN:
                raise ValueError(f"{row[column]!r} 为负数或过大")
        except ValueError as problem:
            self.wrong(column, str(problem), "元，至多两位小数")
            return 0
        return found
