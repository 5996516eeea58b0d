"""Lists the figures of a rulebook: what is stated where, since when, by which document, how surely, and what else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from openyibao.kernel import areas
from openyibao.policy.rulebook import Rulebook, Version, figures_of, last_day_text

STATED = ("benefit", "layer", "remote", "levels", "contribution")


@dataclass(frozen=True)
class Figure:
    """One dated figure with its provenance."""

    path: str
    area: str
    schemes: tuple[str, ...]
    value: str
    start: str
    until: str
    source: str
    certainty: str
    note: str
    evidence: tuple[int, int]
    range: tuple[str, str]
    alternatives: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "area": self.area,
            "schemes": list(self.schemes),
            "value": self.value,
            "from": self.start,
            "until": self.until or None,
            "source": self.source,
            "certainty": self.certainty,
            "note": self.note,
            "evidence": list(self.evidence),
            "range": list(self.range) if self.range[0] else None,
            "alternatives": list(self.alternatives),
        }


def all_figures(rulebook: Rulebook, area: str = "", day: date | None = None) -> Iterator[Figure]:
    """Every figure, by file and version; only those of an area's own files or of versions on a day when asked."""
    for name in sorted(rulebook.files):
        file = rulebook.files[name]
        if file.kind not in STATED or (area and file.area != area):
            continue
        for version in file.versions:
            if "absent" in version.body or (day is not None and not version.period.covers(day)):
                continue
            yield from figures_in(rulebook, version)


def figures_in(rulebook: Rulebook, version: Version) -> Iterator[Figure]:
    """The figures of one version."""
    for path, value in figures_of(version.body):
        origin = version.provenance(path, rulebook)
        yield Figure(
            version.key(path),
            version.file.area,
            version.file.schemes,
            str(value),
            str(version.period.start),
            last_day_text(version.period),
            origin.title or origin.source,
            origin.certainty,
            origin.note,
            (origin.first_year, origin.last_year),
            (origin.low, origin.high),
            tuple(entry for entry in version.body.get("alternatives", ()) if _about(entry["path"], path)),
        )


def _about(stated: str, path: str) -> bool:
    return path == stated or path.startswith(stated + ".")


def in_force(rulebook: Rulebook, area: str, scheme: str, day: date) -> list[Version]:
    """Every version that holds for a scheme in a pooling area on a day, in the order of the payers."""
    found: list[Version] = []
    for kind in ("benefit", "layer", "remote", "contribution"):
        by_rule: dict[tuple[str, str], list[Any]] = {}
        for file in rulebook.of(area, scheme, kind):
            by_rule.setdefault((file.layer, file.benefit if kind == "benefit" else ""), []).append(file)
        for files in by_rule.values():
            version = rulebook.in_force(files, day)
            if version is not None:
                found.append(version)
    return found


def area_name(code: str) -> str:
    """Chinese name of an area."""
    return areas.all_areas()[code].name
