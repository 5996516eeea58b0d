"""What bulletins print (印载值), and what the synthetic population was calibrated to, under our indicators' names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from openyibao.analytics.bulletin.contracts import Printed


@cache
def _read() -> dict[str, Any]:
    text = (files(__package__) / "data" / "printed.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return data


def printed_values(area: str, year: int) -> dict[str, Printed]:
    """Values printed for an area and year, by indicator; empty where no bulletin is known."""
    data = _read()
    found = {}
    for book in data["figures"]:
        if book["area"] == area and book["year"] == year:
            for row in book["rows"]:
                why = data["why"].get(row.get("why", ""), {"label": "", "said": ""})
                source = data["sources"][book["source"]]
                found[row["id"]] = Printed(
                    row["id"], row["value"], row["unit"], row["kind"], source, "seed", (why["label"], why["said"])
                )
    return found


@dataclass(frozen=True)
class Move:
    """A printed change over the year before. unit: % (a rate), 百分点, or the indicator's own.

    kind: calibrated when the year before is drawn to it, otherwise engine, and why says what it hangs on.
    """

    id: str
    text: str
    unit: str
    kind: str
    why: str = ""

    @property
    def places(self) -> int:
        return len(self.text.partition(".")[2])


def printed_moves(area: str, year: int) -> list[Move]:
    """Changes printed for an area and year; empty where no bulletin is known."""
    return [
        Move(row["id"], row["value"], row["unit"], row["kind"], row.get("why", ""))
        for book in _read()["moves"]
        if book["area"] == area and book["year"] == year
        for row in book["rows"]
    ]


def with_targets(printed: Mapping[str, Printed], targets: Iterable[Mapping[str, Any]]) -> dict[str, Printed]:
    """Printed values and, beside them, what the synth room states and no bulletin of ours prints.

    Args: targets are mappings with key, value, unit, kind, source, certainty, as the synth room states them.
    """
    names: Mapping[str, str] = _read()["targets"]
    found = dict(printed)
    for target in targets:
        name = names.get(str(target["key"]))
        if name is not None and name not in found:
            text = f"{Decimal(repr(float(target['value']))).normalize():f}"
            kind, source, sure = (str(target[key]) for key in ("kind", "source", "certainty"))
            found[name] = Printed(name, text, str(target["unit"]), kind, source, sure)
    return found


def target_names() -> dict[str, str]:
    """Name of a calibration target -> indicator."""
    return dict(_read()["targets"])


def titled(source: str) -> str:
    """A source as a reader knows it: names of files replaced by the titles of what they are."""
    for name, title in _read()["titles"].items():
        source = (
            source.replace(f" {name} ", f"《{title}》")
            .replace(f"{name} ", f"《{title}》")
            .replace(name, f"《{title}》")
        )
    return source


def not_covered() -> list[tuple[str, str]]:
    """Chapters of a bulletin that a dataset holds nothing for, with the reason."""
    return [(row["title"], row["said"]) for row in _read()["not_covered"]]
