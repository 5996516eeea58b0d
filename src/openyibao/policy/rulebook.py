"""The rulebook (政策库): every policy file, and which of them holds where and when.

Area merge: a city's file beats a province's, a province's the nation's, but only by saying so (`overrides`, `extends`).
The rulebook answers which version of a rule is in force; `compiler` turns versions into integer tables.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from openyibao.kernel import areas
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.periods import FAR_FUTURE, Period, day_from_text, period_from_text
from openyibao.policy import source
from openyibao.policy.source import Node, Source
from openyibao.policy.terms import GROUPS

NOT_FIGURES = frozenset(
    {"from", "until", "sources", "alternatives", "marks", "measures", "who", "diseases", "counter", "notes", "order"}
)


@dataclass(frozen=True)
class Provenance:
    """Where a figure comes from: document, certainty, the years it is evidence for, a stated range."""

    source: str
    title: str
    about: str
    certainty: str
    first_year: int
    last_year: int
    note: str = ""
    low: str = ""
    high: str = ""

    def standing_on(self, day: date) -> str:
        """ "assumed", "extended" when used outside the years of its evidence, else "" (sound)."""
        if self.certainty == "assumed":
            return "assumed"
        if self.certainty in ("case", "reform") or self.first_year <= day.year <= self.last_year:
            return ""
        return "extended"


@dataclass(frozen=True)
class UsedFigure:
    """A figure that decided something: full path, what it is, as written, where from, and how it stands."""

    path: str
    what: str
    value: str
    provenance: Provenance
    standing: str


@dataclass
class Version:
    """One dated state of a rule. `origin` names, for keys taken from a file it extends, that file's version."""

    file: PolicyFile
    index: int
    period: Period
    body: dict[str, Node]
    changed: dict[str, str] = field(default_factory=dict)
    origin: dict[str, Version] = field(default_factory=dict)
    stated_from: date | None = None
    """First day of the version as the file states it, when a reform has split it."""

    def owner(self, path: str) -> Version:
        """The version that states the figure at `path` (another file's, when extended)."""
        return self.origin.get(path.split(".", 1)[0], self)

    def key(self, path: str) -> str:
        """Full path of a figure: "<file>#<key path>"."""
        return f"{self.owner(path).file.name}#{path}"

    def provenance(self, path: str, rulebook: Rulebook) -> Provenance:
        """Provenance of the figure at `path`: the longest prefix under `sources`, else "*"."""
        owner = self.owner(path)
        if owner is not self:
            return owner.provenance(path, rulebook)
        for prefix in _prefixes(path):
            if prefix in self.changed:
                return Provenance(self.changed[prefix], "", "", self.changed[prefix], 0, 9999)
        stated: dict[str, Node] = self.body.get("sources", {})
        entry = stated.get("*", {})
        for prefix in _prefixes(path):
            if prefix in stated:
                entry = stated[prefix]
                break
        return rulebook.provenance_of(entry, self.stated_from or self.period.start)


def _prefixes(path: str) -> Iterator[str]:
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        yield ".".join(parts[:end])


@dataclass
class PolicyFile:
    """One file: what it rules (kind, area, schemes, benefit, layer), its versions by date, its lines."""

    name: str
    source: Source
    kind: str
    area: str
    schemes: tuple[str, ...]
    benefit: str
    layer: str
    versions: list[Version]
    none_before: date | None

    @property
    def data(self) -> dict[str, Node]:
        body: dict[str, Node] = self.source.data
        return body

    def on(self, day: date) -> Version | None:
        """The version in force on a day."""
        for version in self.versions:
            if version.period.start <= day < version.period.end:
                return None if "absent" in version.body else version
        return None

    def pays_as(self, scheme: str) -> str:
        stated = self.data.get("pays_as", "")
        return str(stated.get(scheme, "")) if isinstance(stated, dict) else str(stated)


class Rulebook:
    """All policy files of a folder, checked for structure. Raises: Malformed with every fault, by file and line."""

    def __init__(self, files: Iterable[PolicyFile], root: Path) -> None:
        self.root = root
        self.files = {file.name: file for file in files}
        self._acyclic()
        self.sources: dict[str, Node] = {}
        self.sets: dict[str, tuple[str, ...]] = {}
        for file in self.files.values():
            if file.kind == "sources":
                self.sources.update(file.data["sources"])
            elif file.kind == "groups":
                self.sets.update({name: tuple(members) for name, members in file.data["sets"].items()})

    def _acyclic(self) -> None:
        """Refuse files that extend each other in a circle. Raises: Malformed."""
        for file in self.files.values():
            seen = {file.name}
            other = file.data.get("extends")
            while other in self.files:
                if other in seen:
                    raise Malformed([file.source.fault(("extends",), f"{other} 循环继承", "上级地区的文件")])
                seen.add(other)
                other = self.files[other].data.get("extends")

    @cached_property
    def digest(self) -> str:
        """Content hash of the rulebook, kept with every result so that it can be replayed."""
        whole = {
            name: [(str(version.period), version.body) for version in file.versions] or file.data
            for name, file in sorted(self.files.items())
        }
        return hashlib.sha256(json.dumps(whole, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]

    def of(self, area: str, scheme: str, kind: str) -> list[PolicyFile]:
        """Files of one kind that concern a scheme in a pooling area, most specific area first."""
        rank = {code: at for at, code in enumerate(areas.lineage(area))}
        found = [
            file
            for file in self.files.values()
            if file.kind == kind and file.area in rank and (not file.schemes or scheme in file.schemes)
        ]
        return sorted(found, key=lambda file: (rank[file.area], file.name))

    def in_force(self, files: Iterable[PolicyFile], day: date) -> Version | None:
        """The version that holds on a day among files for one rule, most specific first; extensions merged."""
        for file in files:
            version = file.on(day)
            if version is not None:
                return self._extended(version, day)
        return None

    def _extended(self, version: Version, day: date) -> Version:
        other = version.file.data.get("extends")
        if not other:
            return version
        base = self.files[other].on(day) if other in self.files else None
        if base is None:
            return version
        base = self._extended(base, day)
        own = set(version.body)
        origin = {key: base.owner(key) for key in base.body if key not in own}
        return replace(version, body={**base.body, **version.body}, origin=origin)

    def members(self, name: str) -> tuple[str, ...]:
        """Groups behind a name: a set's members, or the group itself."""
        return self.sets.get(name, (name,))

    def sets_with(self, group: str) -> tuple[str, ...]:
        return tuple(name for name, members in self.sets.items() if group in members)

    def provenance_of(self, entry: Mapping[str, Any], start: date) -> Provenance:
        known = self.sources.get(entry.get("source", ""), {})
        first = start.year
        observed = int(str(known.get("observed", f"{first}"))[:4])
        years = entry.get("evidence") or [first, max(observed, first)]
        low, high = entry.get("range", ("", ""))
        return Provenance(
            str(entry.get("source", "")),
            str(known.get("title", "")),
            str(known.get("note", "")),
            str(entry.get("certainty", "assumed")),
            int(years[0]),
            int(years[1]),
            str(entry.get("note", "")),
            str(low),
            str(high),
        )


def figures_of(body: Mapping[str, Node]) -> Iterator[tuple[str, Node]]:
    """Every figure of a version's body as (key path, value as written)."""

    def walk(node: Node, path: str) -> Iterator[tuple[str, Node]]:
        if isinstance(node, dict):
            for key, child in node.items():
                if not path and key in NOT_FIGURES:
                    continue
                if key in ("counts", "counter", "employer_kinds"):
                    continue
                yield from walk(child, f"{path}.{key}" if path else key)
        elif isinstance(node, list):
            for at, child in enumerate(node, 1):
                yield from walk(child, f"{path}.{at}")
        else:
            yield path, node

    yield from walk(body, "")


def load(root: Path) -> Rulebook:
    """Read and structurally check every policy file below `root`. Raises: Malformed listing all faults."""
    faults: list[Fault] = []
    files: list[PolicyFile] = []
    paths = sorted(root.rglob("*.yaml"))
    if not paths:
        raise Malformed([Fault(str(root), 0, "", "没有政策文件", "一个装有 *.yaml 政策文件的文件夹")])
    for path in paths:
        name = path.relative_to(root).as_posix()
        try:
            read = source.read(path, name)
        except Malformed as problem:
            faults += problem.faults
            continue
        found = source.schema_faults(read, "policy")
        if found:
            faults += found
            continue
        files.append(_file(read, faults))
    if faults:
        raise Malformed(faults)
    return Rulebook(files, root)


def _file(read: Source, faults: list[Fault]) -> PolicyFile:
    data = read.data
    before: date | None = None
    file = PolicyFile(
        name=read.name,
        source=read,
        kind=data["kind"],
        area=data.get("area", ""),
        schemes=tuple(data.get("schemes", ())),
        benefit=data.get("benefit", ""),
        layer=data.get("layer", ""),
        versions=[],
        none_before=None,
    )
    if file.area and file.area not in areas.area_keys().values():
        faults.append(read.fault(("area",), f"{file.area!r} 不是可制定政策的地区", "全国、山东省或其十六市的代码"))
    if "none_before" in data:
        try:
            before = day_from_text(data["none_before"])
        except ValueError as problem:
            faults.append(read.fault(("none_before",), str(problem)))
    file.none_before = before
    for index, body in enumerate(data.get("versions", ())):
        try:
            period = period_from_text(body["from"], body.get("until"))
        except ValueError as problem:
            faults.append(read.fault(("versions", index), str(problem), "真实存在的日期"))
            continue
        if period.start >= period.end:
            faults.append(read.fault(("versions", index, "until"), "止日早于起日", "不早于 from 的日期"))
            continue
        file.versions.append(Version(file, index, period, body))
    file.versions.sort(key=lambda version: version.period.start)
    return file


def last_day_text(period: Period) -> str:
    return "" if period.end == FAR_FUTURE else str(period.last_day)


def group_names(rulebook: Rulebook) -> set[str]:
    """Every word that may stand where a helped group is meant."""
    return {*GROUPS, *rulebook.sets}
