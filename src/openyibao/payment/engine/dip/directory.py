"""A DIP directory (病种目录) in memory and as a folder: groups with their scores, and the parameters that made them.

The folder holds `groups.csv`, which is also the table a payment pack names, `directory.json`, and a copy of the
parameters and every table they name: what grouped a stay can be read years later.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import fen_from_yuan, yuan_text
from openyibao.payment.engine.dip.params import Parameters, load_parameters
from openyibao.payment.engine.dip.tables import LETTERS, TREATMENTS
from openyibao.payment.engine.pack.exact import scaled, scaled_text
from openyibao.payment.engine.pack.units import LEVELS

KINDS = {"core": "核心病种", "mixed": "综合病种"}
FORMAT = "openyibao dip directory 1"
COLUMNS = (
    *("group", "title", "kind", "treatment", "diagnosis", "procedures", "operation_level", "score", "mean"),
    *(f"mean_{level}" for level in LEVELS),
    *("mean_days", "cases", "cv", "basic", "unstable"),
)


@dataclass(frozen=True)
class Group:
    """One group (病种). diagnosis: four characters, or a range (I20-I25), or "*"; procedures at four digits, sorted.

    score in 1/100, money in fen, mean_days in 1/100 day, variation in 1/10,000.
    """

    code: str
    kind: str
    treatment: str
    diagnosis: str
    procedures: tuple[str, ...] = ()
    operation_level: str = ""
    title: str = ""
    score: int = 0
    mean_fen: int = 0
    mean_by_level: Mapping[str, int] = field(default_factory=dict)
    mean_days: int = 0
    cases: int = 0
    variation: int = 0
    basic: bool = False
    unstable: bool = False

    @property
    def rank(self) -> str:
        return f"{self.kind}_{self.treatment}"


def code_of(kind: str, treatment: str, diagnosis: str, procedures: Sequence[str], level: str) -> str:
    """A group's code: I20.0:36.07+39.61, J18.9:N, I20-I25:O3-4, *:D."""
    if kind == "core":
        return f"{diagnosis}:{'+'.join(procedures) or LETTERS[treatment]}"
    return f"{diagnosis}:{LETTERS[treatment]}{level}"


@dataclass(frozen=True)
class Directory:
    """A directory: groups by code, parameters, the years it was made from, mean cost of all in fen."""

    groups: Mapping[str, Group]
    parameters: Parameters
    years: tuple[int, ...] = ()
    cases: int = 0
    mean_fen: int = 0

    def by_diagnosis(self) -> dict[str, list[Group]]:
        """Core groups by their diagnosis, in the order of their codes."""
        found: dict[str, list[Group]] = defaultdict(list)
        for code in sorted(self.groups):
            if self.groups[code].kind == "core":
                found[self.groups[code].diagnosis].append(self.groups[code])
        return found


def write_directory(directory: Directory, folder: Path) -> str:
    """Write the folder, over an earlier one of the same kind. Returns: SHA-256 of groups.csv."""
    parameters = directory.parameters
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "groups.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        out.writerows(_row(directory.groups[code]) for code in sorted(directory.groups))
    copies = [(parameters.path, folder / "parameters.yaml")]
    copies += [(parameters.path.parent / name, folder / name) for name in sorted(set(parameters.files))]
    for source, target in copies:
        if source.resolve() != target.resolve():
            shutil.copyfile(source, target)
    sha256 = hashlib.sha256(table.read_bytes()).hexdigest()
    manifest = {
        "format": FORMAT,
        "parameters": parameters.name,
        "years": list(directory.years),
        "cases": directory.cases,
        "mean": yuan_text(directory.mean_fen),
        "groups": len(directory.groups),
        "core": sum(group.kind == "core" for group in directory.groups.values()),
        "basic": sum(group.basic for group in directory.groups.values()),
        "unstable": sum(group.unstable for group in directory.groups.values()),
        "assumed": sorted(name for name, certainty in parameters.certainty.items() if certainty == "assumed"),
        "groups_sha256": sha256,
    }
    (folder / "directory.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return sha256


def _row(group: Group) -> list[str]:
    return [
        group.code,
        group.title,
        group.kind,
        group.treatment,
        group.diagnosis,
        "|".join(group.procedures),
        group.operation_level,
        scaled_text(group.score, 2),
        yuan_text(group.mean_fen),
        *(yuan_text(group.mean_by_level[level]) if level in group.mean_by_level else "" for level in LEVELS),
        scaled_text(group.mean_days, 2),
        str(group.cases),
        scaled_text(group.variation, 4),
        "1" if group.basic else "0",
        "1" if group.unstable else "0",
    ]


def load_directory(folder: Path) -> Directory:
    """Read a directory. Raises: Malformed with every fault of its files."""
    faults: list[Fault] = []
    manifest = _manifest(folder, faults)
    groups: dict[str, Group] = {}
    try:
        rows = list(csv.reader((folder / "groups.csv").read_text(encoding="utf-8-sig").splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise Malformed([*faults, Fault("groups.csv", 0, "", f"读不了（{reason}）", "dip build 写出的目录")]) from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise Malformed([*faults, Fault("groups.csv", 1, "", "列不对", "、".join(COLUMNS))])
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(COLUMNS):
            faults.append(Fault("groups.csv", number, "", f"有 {len(row)} 列", f"{len(COLUMNS)} 列"))
            continue
        group = _group(dict(zip(COLUMNS, row, strict=True)), number, faults)
        if group is not None and group.code in groups:
            faults.append(Fault("groups.csv", number, "group", f"{group.code!r} 出现两次", "每组一行"))
        elif group is not None:
            groups[group.code] = group
    parameters = None
    try:
        parameters = load_parameters(folder / "parameters.yaml")
    except Malformed as problem:
        faults += problem.faults
    if faults or parameters is None:
        raise Malformed(faults)
    return Directory(
        groups,
        parameters,
        tuple(manifest.get("years", ())),
        int(manifest.get("cases", 0)),
        int(fen_from_yuan(manifest.get("mean", "0"))),
    )


def _manifest(folder: Path, faults: list[Fault]) -> dict[str, Any]:
    try:
        found = json.loads((folder / "directory.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        faults.append(Fault("directory.json", 0, "", "没有，或不是 JSON", "dip build 写出的目录"))
        return {}
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        faults.append(Fault("directory.json", 0, "format", "不是病种目录", FORMAT))
        return {}
    return found


def _group(row: Mapping[str, str], number: int, faults: list[Fault]) -> Group | None:
    def wrong(column: str, what: str, right: str = "") -> None:
        faults.append(Fault("groups.csv", number, column, what, right))

    before = len(faults)
    numbers = {}
    for name, places in (("score", 2), ("mean_days", 2), ("cases", 0), ("cv", 4)):
        try:
            numbers[name] = scaled(row[name], places)
            if numbers[name] < 0:
                wrong(name, f"{row[name]!r} 是负数")
        except ValueError as problem:
            wrong(name, str(problem))
    money = {}
    for name in ("mean", *(f"mean_{level}" for level in LEVELS)):
        try:
            if row[name]:
                money[name] = int(fen_from_yuan(row[name]))
        except ValueError as problem:
            wrong(name, str(problem))
    if row["kind"] not in KINDS:
        wrong("kind", f"{row['kind']!r} 不对", "、".join(KINDS))
    if row["treatment"] not in TREATMENTS:
        wrong("treatment", f"{row['treatment']!r} 不对", "、".join(TREATMENTS))
    for name in ("basic", "unstable"):
        if row[name] not in ("0", "1"):
            wrong(name, f"{row[name]!r} 不是 0 或 1")
    if len(faults) == before and (not money.get("mean") or not numbers["score"]):
        wrong("score", "分值或均费为零", "大于零")
    if len(faults) == before:
        wanted = code_of(
            row["kind"],
            row["treatment"],
            row["diagnosis"],
            tuple(filter(None, row["procedures"].split("|"))),
            row["operation_level"],
        )
        if wanted != row["group"]:
            wrong("group", f"{row['group']!r} 与诊断、治疗方式不符", wanted)
    if len(faults) > before:
        return None
    return Group(
        code=row["group"],
        kind=row["kind"],
        treatment=row["treatment"],
        diagnosis=row["diagnosis"],
        procedures=tuple(filter(None, row["procedures"].split("|"))),
        operation_level=row["operation_level"],
        title=row["title"],
        score=numbers["score"],
        mean_fen=money["mean"],
        mean_by_level={level: money[f"mean_{level}"] for level in LEVELS if f"mean_{level}" in money},
        mean_days=numbers["mean_days"],
        cases=numbers["cases"],
        variation=numbers["cv"],
        basic=row["basic"] == "1",
        unstable=row["unstable"] == "1",
    )
