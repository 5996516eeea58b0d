"""The door of the policy room (政策): load a rulebook, settle a case, explain it, compare, check.

Everything here is pure: files in, values out. Nothing is cached between calls but what a `Policies` object holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import openyibao
from openyibao.policy import present, source
from openyibao.policy import rulebook as rulebooks
from openyibao.policy.adjudicate import Bill
from openyibao.policy.case import Case, Filing, Person, Visit, read_case
from openyibao.policy.changes import reformed, with_figures
from openyibao.policy.checks import check_folder
from openyibao.policy.compare import (
    BillDifference,
    Comparison,
    FigureDifference,
    Side,
    bill_differences,
    figure_differences,
)
from openyibao.policy.compiler import Compiler
from openyibao.policy.contribution import Result as ContributionResult
from openyibao.policy.contribution import contribute as _contribute
from openyibao.policy.contribution import explain_contribution, read_contribution
from openyibao.policy.contribution import result_as_json as contribution_as_json
from openyibao.policy.explain import adjusted, changes_of, explain, explain_visit
from openyibao.policy.figures import Figure, all_figures, area_name, figures_in, in_force
from openyibao.policy.fold import Fold, PersonYear, Settled, context_of, payment_fields, settle_case
from openyibao.policy.present import Interval, MoneyRow, fund_total, money_rows
from openyibao.policy.rows import amounts, year_as_rows
from openyibao.policy.runner import CaseResult
from openyibao.policy.runner import run_cases as _run_cases
from openyibao.policy.scaffold import new_city
from openyibao.policy.source import Node, Source
from openyibao.policy.source import read as read_source
from openyibao.policy.state import State
from openyibao.policy.steps import LayerStep, layer_steps
from openyibao.policy.trace import provisional


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
        """These policies after a reform file's changes. Raises: Malformed with every fault."""
        return Policies(reformed(self.rulebook, reform))

    def with_figures(self, figures: Mapping[str, Node], source: Source) -> Policies:
        """These policies with figures replaced for every date. Raises: Malformed with every fault."""
        return Policies(with_figures(self.rulebook, figures, source)) if figures else self

    def fields_of_layers(self, person: Person, visit: Visit) -> dict[str, str]:
        """National payment field of each payer that a visit of this person meets: {"basic_pool": "hifp_pay", …}."""
        return payment_fields(self.compiler, person, visit)

    def settle(self, case: Case) -> PersonYear:
        """Settle a person's year. Raises: Refused, Malformed."""
        policies = self.with_figures(case.figures, case.source)
        return settle_case(case, policies.compiler)


def load_case(path: Path) -> Case:
    """Read and check a case file. Raises: Malformed with every fault."""
    return read_case(source.read(path))


def case_from(data: Any, name: str = "case", *, checked: bool = False) -> Case:
    """A case from plain data (as a JSON or YAML file would hold it); `checked` skips the schema. Raises: Malformed."""
    return read_case(Source(name, data), checked=checked)


def interval(year: PersonYear) -> Interval | None:
    """How far the fund total may move within the stated ranges of the figures used; None without ranges."""
    return present.interval(year)


def compare_reform(case: Case, policies: Policies, reform: Path) -> Comparison:
    """A case before and after a reform. Raises: Malformed, Refused."""
    read = source.read(reform)
    after = policies.reformed(read)
    title = str(read.data.get("title", reform.name))
    return Comparison(case, title, policies.settle(case), after.settle(case))


def contribute(path: Path, policies: Policies) -> ContributionResult:
    """Decide a contribution file. Raises: Malformed, Refused."""
    return _contribute(read_contribution(source.read(path)), policies.rulebook)


def contribution_from(data: Any, policies: Policies, name: str = "contribution") -> ContributionResult:
    """Decide a contribution stated as plain data, as a file would hold it. Raises: Malformed, Refused."""
    return _contribute(read_contribution(Source(name, data)), policies.rulebook)


def run_cases(paths: Iterable[Path], policies: Policies) -> Iterator[CaseResult]:
    """Run every case below the given paths and compare what it states."""
    return _run_cases(paths, policies.rulebook)


def demo_cases() -> list[Path]:
    """The worked examples that the demonstration shows."""
    return sorted((data_folder("cases") / "demo").glob("*.yaml"))


__all__ = [
    "Bill",
    "BillDifference",
    "Case",
    "CaseResult",
    "Comparison",
    "ContributionResult",
    "Figure",
    "FigureDifference",
    "Filing",
    "Fold",
    "Interval",
    "LayerStep",
    "MoneyRow",
    "Node",
    "Person",
    "PersonYear",
    "Policies",
    "Settled",
    "Side",
    "Source",
    "State",
    "Visit",
    "adjusted",
    "all_figures",
    "amounts",
    "area_name",
    "bill_differences",
    "case_from",
    "changes_of",
    "check_folder",
    "compare_reform",
    "context_of",
    "contribute",
    "contribution_as_json",
    "contribution_from",
    "data_folder",
    "demo_cases",
    "explain",
    "explain_contribution",
    "explain_visit",
    "figure_differences",
    "figures_in",
    "fund_total",
    "in_force",
    "interval",
    "layer_steps",
    "load_case",
    "money_rows",
    "new_city",
    "provisional",
    "read_source",
    "run_cases",
    "year_as_rows",
]
