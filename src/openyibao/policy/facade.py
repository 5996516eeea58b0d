"""The door of the policy room (政策): load a rulebook, settle a case, explain it, compare, check.

Everything here is pure: files in, values out. Nothing is cached between calls but what a `Policies` object holds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import openyibao
from openyibao.kernel.errors import Malformed
from openyibao.policy import rulebook as rulebooks
from openyibao.policy import source
from openyibao.policy.case import Case, read_case
from openyibao.policy.compiler import Compiler
from openyibao.policy.explain import explain
from openyibao.policy.fold import PersonYear, settle_case
from openyibao.policy.rows import year_as_rows
from openyibao.policy.source import Node, Source, schema_faults


def data_folder(name: str) -> Path:
    """Where `policies` or `cases` are: $OPENYIBAO_POLICIES / _CASES, beside the source, or in the package."""
    stated = os.environ.get(f"OPENYIBAO_{name.upper()}")
    if stated:
        return Path(stated)
    package = Path(openyibao.__file__).parent
    beside = package.parents[1] / name
    return beside if beside.is_dir() else package / "_data" / name


class Policies:
    """A loaded rulebook with its compiled tables. Raises: Malformed when any file has a fault."""

    def __init__(self, rulebook: rulebooks.Rulebook) -> None:
        self.rulebook = rulebook

    @classmethod
    def load(cls, folder: Path | None = None) -> Policies:
        return cls(rulebooks.load(folder or data_folder("policies")))

    @cached_property
    def compiler(self) -> Compiler:
        return Compiler(self.rulebook)

    def reformed(self, reform: Source) -> Policies:
        """These policies after a reform file's changes. Raises: Malformed."""
        faults = schema_faults(reform, "reform")
        if faults:
            raise Malformed(faults)
        return Policies(self.rulebook.reformed(reform.data["changes"], file=reform.name))

    def with_figures(self, figures: Mapping[str, Node], name: str = "with") -> Policies:
        """These policies with figures replaced for every date. Raises: Malformed."""
        return Policies(self.rulebook.with_figures(figures, file=name)) if figures else self

    def settle(self, case: Case) -> PersonYear:
        """Settle a person's year. Raises: Refused, Malformed."""
        policies = self.with_figures(case.figures, case.source.name)
        return settle_case(case, policies.compiler)


def load_case(path: Path) -> Case:
    """Read and check a case file. Raises: Malformed with every fault."""
    return read_case(source.read(path))


def case_from(data: Any, name: str = "case") -> Case:
    """A case from plain data (as a JSON or YAML file would hold it). Raises: Malformed."""
    return read_case(Source(name, data))


__all__ = ["Case", "PersonYear", "Policies", "case_from", "data_folder", "explain", "load_case", "year_as_rows"]
