"""A file of cases grouped into a file of results (批量分组), in pieces, by several processes; the order is kept.

Each process reads, groups and writes out whole pieces of the file; the parent puts them one after another, sees that
no case number comes twice, and gives the result its name only when the whole file was in order.
"""

from __future__ import annotations

import gc
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO

from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.periods import day_from_text
from openyibao.payment.engine.contracts import CHECK_FAILED, NO_SCHEME, Grouping
from openyibao.payment.engine.errors import SchemeMissing
from openyibao.payment.engine.grouper import Grouper
from openyibao.payment.engine.records import MOST_LISTED, Layout, Reader, layout, pieces, rows_of
from openyibao.payment.engine.tables import FIRST

HEADER = "case_id,status,mdc,adrg,drg\n"
PIECE = 4 * 2**20
"""Bytes of a piece, at most: some 40,000 cases. Smaller files are cut finer, so that every process has its share."""

Choose = Callable[[str, date], Grouper]
"""The grouper of an area and a day. Raises: SchemeMissing."""
Progress = Callable[[int, int], None]


@dataclass
class Summary:
    """What came of a file (分组汇总): cases, how many of each status, of each DRG."""

    cases: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    drgs: Counter[str] = field(default_factory=Counter)

    def add(self, counted: Counter[Grouping]) -> None:
        """Count more results."""
        for grouping, many in counted.items():
            self.cases += many
            self.statuses[grouping.status] += many
            self.drgs[grouping.drg] += many


@dataclass
class _Piece:
    """What one process hands back: results as text, case numbers, lines, faults (line within the piece, …)."""

    text: str
    ids: list[str]
    lines: int
    counted: Counter[Grouping]
    faults: list[tuple[int, str, str]]


class _One:
    """A scheme at work: the end of an output line for each of its results."""

    def __init__(self, grouper: Grouper) -> None:
        self.grouper = grouper
        self.ends = [_end(result) for result in grouper.results]

    def places(self, rows: Iterable[Sequence[str]], laid: Layout, reader: Reader, *, mapped: bool) -> list[int]:
        """Places of the results of records, in order."""
        grouper, plain, fields, dx_at, px_at = self.grouper, reader.plain, laid.plain, laid.dx, laid.px
        decide: Callable[..., int] = grouper.decide
        known, other, operated, unheard, no_px = grouper.lookups
        found = []
        for row in rows:
            dx: Sequence[str] = row[dx_at].split("|") if row[dx_at] else ()
            px: Sequence[str] = row[px_at].split("|") if row[px_at] else ()
            if mapped:
                codes = grouper.mapped(dx, px)
                if isinstance(codes, int):
                    found.append(codes)
                    continue
                dx, px = codes
            diagnoses = [known(code, other) for code in dx]
            procedures = [operated(code, unheard) for code in px] if px else no_px
            found.append(decide(*plain(row, fields), diagnoses, procedures))
        return found


class Work:
    """How a piece is done: by one scheme, or by that of each case's area and day. Handed to every process."""

    def __init__(
        self, path: Path, laid: Layout, grouper: Grouper | None, choose: Choose | None, *, mapped: bool
    ) -> None:
        self.path, self.laid, self.mapped, self.choose = path, laid, mapped, choose
        self._one = _One(grouper) if grouper else None
        self._chosen: dict[tuple[str, str], _One | Grouping] = {}
        self._reader = Reader()

    def piece(self, start: int, stop: int) -> _Piece:
        """Group the cases between two places of the file."""
        with self.path.open("rb") as file:
            file.seek(start)
            raw = file.read(stop - start)
        rows, faults = rows_of(raw, self.laid.wide)
        lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
        at_id = self.laid.case_id
        ids = [] if faults else [row[at_id] for row in rows]
        if not all(ids):
            faults = [(at, "没有病例号", "每个病例一个号") for at, case_id in enumerate(ids) if not case_id]
        if faults:
            return _Piece("", ids, lines, Counter(), faults)
        shown = ids if b'"' not in raw else [_cell(case_id) for case_id in ids]
        if self._one is not None:
            places = self._one.places(rows, self.laid, self._reader, mapped=self.mapped)
            ends, results = self._one.ends, self._one.grouper.results
            text = "".join([case_id + ends[place] for case_id, place in zip(shown, places, strict=True)])
            counted = Counter({results[place]: many for place, many in Counter(places).items()})
            return _Piece(text, ids, lines, counted, [])
        groupings = self._by_area(rows)
        text = "".join([case_id + _end(found) for case_id, found in zip(shown, groupings, strict=True)])
        return _Piece(text, ids, lines, Counter(groupings), [])

    def case_ids(self, start: int, stop: int) -> list[str]:
        """The case number of every line between two places of the file; empty where the line has none."""
        with self.path.open("rb") as file:
            file.seek(start)
            raw = file.read(stop - start)
        rows, _ = rows_of(raw, self.laid.wide)
        rows = rows or [[]] * (raw.count(b"\n") + (not raw.endswith(b"\n")))
        return [row[self.laid.case_id] if len(row) == self.laid.wide else "" for row in rows]

    def _by_area(self, rows: Sequence[Sequence[str]]) -> list[Grouping]:
        """Results of records, each by the scheme of its own area and day of discharge."""
        assert self.laid.by_area is not None
        area, day = self.laid.by_area
        found: list[Grouping] = []
        for row in rows:
            key = (row[area], row[day])
            if key not in self._chosen:
                self._chosen[key] = self._choice(*key)
            chosen = self._chosen[key]
            if isinstance(chosen, _One):
                place = chosen.places([row], self.laid, self._reader, mapped=self.mapped)[0]
                found.append(chosen.grouper.results[place])
            else:
                found.append(chosen)
        return found

    def _choice(self, area: str, day: str) -> _One | Grouping:
        assert self.choose is not None
        try:
            grouper = self.choose(area, day_from_text(day))
        except ValueError:
            return Grouping(CHECK_FAILED, "0000", "00", "0000")
        except SchemeMissing:
            return Grouping(NO_SCHEME, "0000", "00", "0000")
        known = next((one for one in self._chosen.values() if isinstance(one, _One) and one.grouper is grouper), None)
        return known or _One(grouper)


def _cell(text: str) -> str:
    """A cell as CSV writes it."""
    return '"' + text.replace('"', '""') + '"' if any(letter in text for letter in ',"') else text


def _end(result: Grouping) -> str:
    return "," + ",".join(_cell(text) for text in result) + "\n"


_work: Work | None = None


def _begin(work: Work) -> None:
    global _work
    _work = work
    gc.disable()


@contextmanager
def _without_collecting() -> Iterator[None]:
    """No search for cycles meanwhile: a piece makes a hundred thousand short-lived lists and never a cycle."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _do(ends: tuple[int, int]) -> _Piece:
    assert _work is not None
    return _work.piece(*ends)


def group_file(
    path: Path,
    out: Path,
    *,
    grouper: Grouper | None = None,
    choose: Choose | None = None,
    mapped: bool = False,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Summary:
    """Group a file of cases into another. `grouper` for all, or `choose` by the columns area and discharged.

    Raises: Malformed with every fault of the file; then nothing is written.
    """
    laid = layout(path, by_area=choose is not None)
    if out.exists() and out.samefile(path):
        raise Malformed([Fault(out.name, 0, "--out", "就是病例文件本身", "另一个文件")])
    if out.is_dir():
        raise Malformed([Fault(str(out), 0, "--out", "是一个文件夹", "结果文件的名字")])
    share = path.stat().st_size // (4 * jobs) + 1
    cut = pieces(path, laid.start, PIECE if jobs == 1 else max(PIECE // 8, min(PIECE, share)))
    if not cut:
        raise Malformed([Fault(path.name, 2, "", "只有列名，没有病例", "至少一个病例")])
    work = Work(path, laid, grouper, choose, mapped=mapped)
    summary, faults = Summary(), _Faults(path.name)
    try:
        part = tempfile.NamedTemporaryFile(  # noqa: SIM115  (closed below, renamed when whole)
            "w", encoding="utf-8", newline="", dir=out.parent, prefix=f".{out.name}.", delete=False
        )
    except OSError as problem:
        raise Malformed([Fault(str(out), 0, "--out", f"写不了（{problem.strerror}）", "可写的文件夹")]) from None
    try:
        with part:
            part.write(HEADER)
            _write(part, _pieces(work, cut, jobs), summary, faults, len(cut), progress)
        faults.raise_any(work, cut)
        Path(part.name).chmod(0o644)
        Path(part.name).replace(out)
    finally:
        Path(part.name).unlink(missing_ok=True)
    return summary


def _pieces(work: Work, cut: list[tuple[int, int]], jobs: int) -> Iterator[_Piece]:
    if jobs <= 1 or len(cut) == 1:
        for ends in cut:
            with _without_collecting():
                piece = work.piece(*ends)
            yield piece
        return
    with ExitStack() as stack:
        pool = ProcessPoolExecutor(min(jobs, len(cut)), initializer=_begin, initargs=(work,))
        stack.callback(pool.shutdown, cancel_futures=True)
        yield from pool.map(_do, cut)


def _write(
    part: IO[str],
    done: Iterable[_Piece],
    summary: Summary,
    faults: _Faults,
    total: int,
    progress: Progress | None,
) -> None:
    for at, piece in enumerate(done, 1):
        faults.take(piece)
        if not faults.listed:
            part.write(piece.text)
        summary.add(piece.counted)
        if progress:
            progress(at, total)


class _Faults:
    """Faults of the whole file: those of the pieces at their lines, and case numbers that come twice."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.listed: list[Fault] = []
        self._lines = self._ids = 0
        self._seen: set[str] = set()

    def take(self, piece: _Piece) -> None:
        """Take over what a piece found."""
        for at, wrong, right in piece.faults:
            self.listed.append(Fault(self.name, FIRST + self._lines + at, "", wrong, right))
        self._lines += piece.lines
        self._ids += len(piece.ids)
        self._seen.update(piece.ids)

    def raise_any(self, work: Work, cut: Sequence[tuple[int, int]]) -> None:
        """Raises: Malformed when there was a fault; then the file is read once more for numbers that come twice."""
        if not self.listed and len(self._seen) == self._ids:
            return
        first: dict[str, int] = {}
        line = FIRST
        for ends in cut:
            for case_id in work.case_ids(*ends):
                earlier = first.setdefault(case_id, line)
                if case_id and earlier != line:
                    wrong = f"病例号 {case_id} 与第 {earlier} 行重复"
                    self.listed.append(Fault(self.name, line, "case_id", wrong, "各不相同"))
                line += 1
        listed = sorted(self.listed)
        if len(listed) > MOST_LISTED:
            rest = f"另有 {len(listed) - MOST_LISTED} 处未列出"
            listed = [*listed[:MOST_LISTED], Fault(self.name, listed[MOST_LISTED].line, "", rest)]
        raise Malformed(listed)
