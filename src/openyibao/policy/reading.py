"""What the readers of case and contribution files share: values and faults are collected together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openyibao.kernel.errors import Fault
from openyibao.policy.source import Node, Source


class Reader:
    """Collects values and faults together, so that a schema fault does not hide a semantic one."""

    def __init__(self, source: Source, faults: list[Fault]) -> None:
        self.source = source
        self.faults = faults
        self.shaky = {fault.path for fault in faults}

    def fault(self, path: tuple[str | int, ...], wrong: str, right: str = "") -> None:
        if ".".join(map(str, path)) not in self.shaky:
            self.faults.append(self.source.fault(path, wrong, right))

    def value(self, path: tuple[str | int, ...], node: Node, make: Callable[[Node], Any], default: Any) -> Any:
        """`make(node)`, or the default with a fault. Absent is the default without one."""
        if node is None:
            return default
        try:
            return make(node)
        except (ValueError, TypeError) as problem:
            self.fault(path, str(problem))
            return default
