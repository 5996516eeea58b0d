"""Reads a file of figures with every scalar as text and the line of every place.

Nothing is guessed: `128.0` keeps its printed zero, `2020-12-31` stays text. A key written twice is a fault.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openyibao.kernel.errors import Fault, Malformed
from openyibao.policy.facade import read_source


@dataclass
class Located:
    """A file as data, with lines; faults are gathered and raised together by `close`."""

    name: str
    data: Any = None
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, *path: str | int) -> int:
        """Line of a place, or of the nearest one around it."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 1

    def fault(self, path: tuple[str | int, ...], wrong: str, right: str = "") -> None:
        self.faults.append(Fault(self.name, self.line(*path), ".".join(map(str, path)), wrong, right))

    def close(self) -> None:
        """Raises: Malformed when any fault was found."""
        if self.faults:
            raise Malformed(self.faults)


def read(path: Path) -> Located:
    """Read a file. Raises: Malformed."""
    source = read_source(path)
    if not isinstance(source.data, dict):
        raise Malformed([Fault(str(path), 1, "", "文件里没有内容", "figures 与 relations，或 cases")])
    return Located(str(path), _as_text(source.data), dict(source.lines))


def _as_text(node: Any) -> Any:
    """Whole numbers back to what was written; everything else is text already."""
    if isinstance(node, dict):
        return {key: _as_text(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_as_text(value) for value in node]
    return str(node) if isinstance(node, int) and not isinstance(node, bool) else node
