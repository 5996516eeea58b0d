"""Changed copies of a rulebook: figures replaced for one case (`with:`) or from a date on (a reform).

A change names a figure's path. The path `FILE#from` moves a whole version: its value is the day from which the file
states that version, and from the change's day on it holds already (提前施行).

Everything wrong with a set of changes is told at once, at the place where it was written: an unknown file or key, a
value of the wrong kind, a rate above 100 %, tiers out of order.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.periods import Period, day_from_text
from openyibao.policy.checks import check_files
from openyibao.policy.rulebook import NOT_FIGURES, PolicyFile, Rulebook, Version, figures_of
from openyibao.policy.source import Node, Source, schema_faults
from openyibao.policy.terms import DIMENSION_OF

PARTS = {
    "benefit": "version",
    "layer": "version",
    "contribution": "contribution_version",
    "remote": "remote_version",
    "levels": "levels_version",
    "chain": "chain_version",
}
"""The part of the policy schema that a version of each kind of file keeps."""
EARLIER = "from"
"""The key that moves a version instead of replacing a figure."""


@dataclass(frozen=True)
class Change:
    """One figure replaced: its path, its new value, from when (None: on every date), and where that was written."""

    path: str
    value: Node
    start: date | None
    why: str
    source: Source
    where: tuple[str | int, ...]

    @property
    def file(self) -> str:
        return self.path.partition("#")[0].removeprefix("policies/")

    @property
    def key(self) -> str:
        return self.path.partition("#")[2]

    def fault(self, wrong: str, right: str = "") -> Fault:
        place = self.source.fault(self.where, wrong, right)
        return replace(place, path=f"{place.path} {self.path}" if self.path not in place.path else place.path)


def with_figures(rulebook: Rulebook, figures: Mapping[str, Node], source: Source) -> Rulebook:
    """A copy in which figures are replaced for every date (a case's `with:`). Raises: Malformed with every fault."""
    return _changed(
        rulebook, [Change(path, value, None, "case", source, ("with", path)) for path, value in figures.items()], []
    )


def reformed(rulebook: Rulebook, source: Source) -> Rulebook:
    """A copy after a reform file: each figure replaced from its date on. Raises: Malformed with every fault."""
    faults = schema_faults(source, "reform")
    rows = source.data.get("changes") if isinstance(source.data, dict) else None
    changes = []
    for at, row in enumerate(rows if isinstance(rows, list) else ()):
        if not isinstance(row, dict) or not isinstance(row.get("path"), str) or "value" not in row:
            continue
        try:
            start = day_from_text(row.get("from"))
        except ValueError as problem:
            if not any(fault.path == f"changes.{at}.from" for fault in faults):
                faults.append(source.fault(("changes", at, "from"), str(problem), "真实存在的日期"))
            continue
        changes.append(Change(row["path"], row["value"], start, "reform", source, ("changes", at)))
    return _changed(rulebook, changes, faults)


def _changed(rulebook: Rulebook, changes: list[Change], faults: list[Fault]) -> Rulebook:
    files = dict(rulebook.files)
    applied: list[Change] = []
    for change in changes:
        file = files.get(change.file)
        if file is None:
            faults.append(change.fault("没有这个政策文件", "见 openyibao policy figures"))
            continue
        if change.key == EARLIER and change.start is not None:
            moved = _earlier(file, change)
            if moved is None:
                stated = "、".join(str(version.stated_from or version.period.start) for version in file.versions)
                faults.append(
                    change.fault("该文件没有自该日起的版本，或它并不晚于 from", f"{stated or '无'} 中较晚的一个")
                )
                continue
            files[change.file] = moved
            applied.append(change)
            continue
        file = _apply(file, change)
        if file is None:
            faults.append(change.fault("该文件没有这个键，或此日起没有生效版本", "见 openyibao policy figures"))
            continue
        files[change.file] = file
        applied.append(change)
    made = Rulebook(files.values(), rulebook.root)
    faults += _broken(made, applied)
    if faults:
        raise Malformed(faults)
    return made


def _broken(made: Rulebook, changes: list[Change]) -> list[Fault]:
    """What the changed files no longer keep, told at the change that did it."""
    names = list(dict.fromkeys(change.file for change in changes))
    told = []
    sound = []
    for name in names:
        found = _structure(made.files[name])
        told += [_blame(fault, name, changes) for fault in found]
        if not found:
            sound.append(name)
    return told + [_blame(fault, fault.file, changes) for fault in check_files(made, sound)]


def _structure(file: PolicyFile) -> list[Fault]:
    """What the schema says about a file's versions as they stand after a change."""
    part = PARTS.get(file.kind)
    faults: list[Fault] = []
    for version in file.versions if part else ():
        faults += schema_faults(Source(file.name, version.body), "policy", part or "")
    return faults


def _blame(fault: Fault, name: str, changes: list[Change]) -> Fault:
    mine = [change for change in changes if change.file == name]
    path = fault.path.split(".")
    path = path[2:] if path[0] == "versions" else path
    for change in reversed(mine):
        key = [str(int(part) - 1) if part.isdigit() else part for part in change.key.split(".")]
        if path[: len(key)] == key or key[: len(path)] == path:
            return change.fault(fault.wrong, fault.right)
    return mine[0].fault(f"{fault.path}：{fault.wrong}", fault.right)


def _apply(file: PolicyFile, change: Change) -> PolicyFile | None:
    """A copy of a file with one figure changed; None when no version from that date on has the key."""
    made = replace(file, versions=[replace(version) for version in file.versions])
    hit = False
    for version in list(made.versions):
        hit |= _change(made, version, change)
    for version in made.versions:
        version.file = made
    made.versions.sort(key=lambda version: version.period.start)
    return made if hit else None


def _earlier(file: PolicyFile, change: Change) -> PolicyFile | None:
    """A copy in which a later version holds from the change's day on (提前施行); None when there is no such version.

    Versions in between give way to it. Its figures count as the reform's; one that was assumed stays assumed.
    """
    start = change.start
    chosen = next((each for each in file.versions if str(each.period.start) == str(change.value)), None)
    if start is None or chosen is None or chosen.period.start <= start:
        return None
    before = [
        replace(each, period=Period(each.period.start, min(each.period.end, start)))
        for each in file.versions
        if each.period.start < start
    ]
    moved = replace(chosen, period=Period(start, chosen.period.end))
    moved.stated_from = chosen.stated_from or chosen.period.start
    after = [replace(each) for each in file.versions if each.period.start > chosen.period.start]
    made = replace(file, versions=[*before, moved, *after])
    if made.none_before is not None and made.none_before > start:
        made.none_before = start
    for version in made.versions:
        version.file = made
    sure = {path: change.why for path, _ in figures_of(moved.body) if _certainty(moved, path) != "assumed"}
    moved.changed = {**moved.changed, **sure}
    return made


def _certainty(version: Version, path: str) -> str:
    """How sure a version is of a figure, by the longest prefix of its path under `sources`."""
    stated: Mapping[str, Node] = version.body.get("sources", {})
    parts = path.split(".")
    prefixes = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
    entry = next((stated[prefix] for prefix in prefixes if prefix in stated), stated.get("*", {}))
    return str(entry.get("certainty", "assumed"))


def _change(file: PolicyFile, version: Version, change: Change) -> bool:
    """Replace a figure in one version, splitting it at the change's date. Returns whether the key exists there."""
    start = change.start
    if start is not None and version.period.end <= start:
        return False
    body = copy.deepcopy(version.body)
    if not _set(body, change.key.split("."), change.value):
        return False
    changed = {**version.changed, change.key: change.why}
    if start is not None and version.period.start < start:
        rest = Period(start, version.period.end)
        stated = version.stated_from or version.period.start
        file.versions.append(replace(version, period=rest, body=body, changed=changed, stated_from=stated))
        version.period = Period(version.period.start, start)
    else:
        version.body, version.changed = body, changed
    return True


def _set(node: Node, keys: list[str], value: Node) -> bool:
    """Set the value at a dotted path (list items count from 1). The parent must exist."""
    for at, key in enumerate(keys):
        last = at == len(keys) - 1
        if isinstance(node, list):
            if not key.isdigit() or not 1 <= int(key) <= len(node):
                return False
            if last:
                node[int(key) - 1] = value
            else:
                node = node[int(key) - 1]
        elif isinstance(node, dict):
            if last:
                if key not in node and (at == 0 or not _same_dimension(key, node)):
                    return False
                if at == 0 and key in NOT_FIGURES:
                    return False
                node[key] = value
            elif key in node:
                node = node[key]
            else:
                return False
        else:
            return False
    return True


def _same_dimension(key: str, table: Mapping[str, Node]) -> bool:
    """Whether a new key of a figure's mapping depends on the same thing as those it already has."""
    kinds = {DIMENSION_OF.get(other) for other in table if other != "otherwise"}
    return key == "otherwise" or (key in DIMENSION_OF and kinds <= {DIMENSION_OF[key]})
