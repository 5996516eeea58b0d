"""A reform as it was handed in (方案受理): what contradicts itself is refused, what does nothing is said.

The policy room checks every change by itself. Here the changes are held against each other, and against the year and
the pools they are meant for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Any

from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.periods import day_from_text
from openyibao.policy.contracts import Source
from openyibao.policy.facade import Policies, figures_in, in_force

EARLIER = "from"
"""The key that moves a whole version: other changes of the file may follow it."""
UNSEEN = ("chain", "levels")
"""Kinds of files whose figures no list of figures in force holds."""


def reformed(policies: Policies, source: Source) -> Policies:
    """The policies after a reform. Raises: Malformed with everything wrong, contradictions included."""
    faults = list(_contradictions(source))
    try:
        after = policies.reformed(source)
    except Malformed as problem:
        raise Malformed([*problem.faults, *faults]) from None
    if faults:
        raise Malformed(faults)
    return after


def _contradictions(source: Source) -> Iterator[Fault]:
    """Changes that undo each other, or that take a figure away instead of giving one."""
    rows = source.data.get("changes") if isinstance(source.data, dict) else None
    sound = [(at, row) for at, row in enumerate(rows if isinstance(rows, list) else ()) if _sound(row)]
    for at, row in sound:
        if _says_missing(row["value"]):
            yield source.fault(("changes", at), f"{row['path']} 改为 missing（缺），不是数字", "一个数，或不封顶 none")
    for (first, one), (second, other) in combinations(sound, 2):
        wrong = _clash(one, other, first)
        if wrong:
            yield source.fault(("changes", second), *wrong)


def _sound(row: Any) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("path"), str) or "value" not in row:
        return False
    try:
        day_from_text(row.get("from"))
    except ValueError:
        return False
    return True


def _says_missing(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_says_missing(one) for one in value.values())
    return bool(value == "missing")


def _clash(one: dict[str, Any], other: dict[str, Any], at: int) -> tuple[str, str] | None:
    """What is wrong with two changes together, and what would be right; one stands before the other in the file."""
    (file, key), (file_too, key_too) = (_parts(row["path"]) for row in (one, other))
    if file != file_too or (EARLIER in (key, key_too) and key != key_too):
        return None
    if key != key_too and not (key.startswith(f"{key_too}.") or key_too.startswith(f"{key}.")):
        return None
    start, later = day_from_text(one["from"]), day_from_text(other["from"])
    if start == later:
        return f"{other['path']} 与 changes.{at} 自同一日起改同一处", "一个数字一日只改一次"
    if later < start:
        return f"{other['path']} 自 {later} 起，会盖掉写在前面的 changes.{at}（自 {start} 起）", "按日期先后写"
    return None


def _parts(path: str) -> tuple[str, str]:
    name, _, key = path.partition("#")
    return name.removeprefix("policies/"), key


# What does nothing ------------------------------------------------------------------------------------------------


def idle(before: Policies, after: Policies, source: Source, pools: list[tuple[str, str]], year: int) -> list[str]:
    """Changes that move no figure in force for any of the pools in the year, and why, each as a sentence."""
    moved, used = _moved(before, after, pools, year)
    found = []
    for row in source.data["changes"]:
        name, key = _parts(row["path"])
        start = day_from_text(row["from"])
        if start > date(year, 12, 31):
            found.append(f"{row['path']} 自 {start} 起，{year} 年内不起作用")
        elif after.rulebook.files[name].kind not in UNSEEN and not any(_under(path, name, key) for path in moved):
            same = name in used and _same(before, after, name, key, start)
            why = "与现行数字相同" if same else f"不是本数据集各统筹区 {year} 年所用的规定"
            found.append(f"{row['path']} {why}，不起作用")
    return found


def _under(path: str, name: str, key: str) -> bool:
    file, own = _parts(path)
    return file == name and (key == EARLIER or own == key or own.startswith(f"{key}.") or key.startswith(f"{own}."))


def _moved(before: Policies, after: Policies, pools: list[tuple[str, str]], year: int) -> tuple[set[str], set[str]]:
    """Paths of figures in force that differ, and the files in force at all: on 1 January and whenever a version
    begins."""
    days = sorted({date(year, 1, 1), *_turns(before, year), *_turns(after, year)})
    found: set[str] = set()
    used: set[str] = set()
    for area, scheme in pools:
        for day in days:
            was, now = (_figures(policies, area, scheme, day) for policies in (before, after))
            used |= {_parts(path)[0] for path in {*was, *now}}
            if was != now:
                found |= {path for path in {*was, *now} if was.get(path) != now.get(path)}
    return found, used


def _turns(policies: Policies, year: int) -> set[date]:
    """Days within a year on which a version begins."""
    starts = {version.period.start for file in policies.rulebook.files.values() for version in file.versions}
    return {day for day in starts if day.year == year}


def _figures(policies: Policies, area: str, scheme: str, day: date) -> dict[str, str]:
    versions = in_force(policies.rulebook, area, scheme, day)
    return {figure.path: figure.value for version in versions for figure in figures_in(policies.rulebook, version)}


def _same(before: Policies, after: Policies, name: str, key: str, start: date) -> bool:
    day = first_day(after, name, start)
    sides = []
    for policies in (before, after):
        version = policies.rulebook.files[name].on(day) if day else None
        rows = figures_in(policies.rulebook, version) if version else ()
        sides.append({figure.path: figure.value for figure in rows if _under(figure.path, name, key)})
    return sides[0] == sides[1]


def first_day(policies: Policies, name: str, start: date, year: int | None = None) -> date | None:
    """The first day from `start` on, if there is one in the year, on which a file holds; else one of another year."""
    file = policies.rulebook.files[name]
    held = [
        (max(version.period.start, start), version.period.end)
        for version in file.versions
        if version.period.end > start and "absent" not in version.body
    ]
    if year is not None:
        first, last = date(year, 1, 1), date(year, 12, 31)
        within = [max(day, first) for day, end in held if day <= last and end > first]
        if within:
            return min(within)
    return min((day for day, _ in held), default=None)
