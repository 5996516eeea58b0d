"""What is wrong with a scheme that loads (方案检查): groups nobody can reach, lists nobody reads, codes counted twice.

An error is a part of the scheme that cannot take effect or contradicts another; a warning wants an explanation. What
is looked for stands in `defects` and `doubts`, one function a kind.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from openyibao.payment.engine import defects, doubts
from openyibao.payment.engine.reach import Reach
from openyibao.payment.engine.scheme import Scheme
from openyibao.payment.engine.spots import Kind, Spot, adrgs, drg_targets, mains, reachable_drgs

MOST_EXAMPLES = 5
ERROR, WARNING = "error", "warning"
LEVELS = {ERROR: "错误", WARNING: "警告"}
_KINDS: tuple[tuple[str, Kind], ...] = (
    *((ERROR, kind) for kind in defects.KINDS),
    *((WARNING, kind) for kind in doubts.KINDS),
)


@dataclass(frozen=True)
class Finding:
    """One kind of defect in a scheme (检查发现): how often, and where."""

    kind: str
    level: str
    title: str
    spots: tuple[Spot, ...]
    beside: str = ""

    @property
    def count(self) -> int:
        return len(self.spots)

    @property
    def examples(self) -> tuple[str, ...]:
        """The first spots, each with file and line; of several sorts some of each."""
        sorts = dict.fromkeys(spot.sort for spot in self.spots)
        each = -(-MOST_EXAMPLES // len(sorts))
        some = [spot for sort in sorts for spot in [one for one in self.spots if one.sort == sort][:each]]
        return tuple(str(spot) for spot in some[:MOST_EXAMPLES])

    def as_json(self, *, every: bool = False) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "level": self.level,
            "title": self.title,
            "count": self.count,
            **({"note": self.beside} if self.beside else {}),
            "examples": [str(spot) for spot in self.spots] if every else list(self.examples),
        }


@dataclass(frozen=True)
class Report:
    """All findings on a scheme, and its size (检查报告)."""

    scheme: str
    sha256: str
    summary: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        return sum(finding.level == ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        return len(self.findings) - self.errors

    def as_json(self, *, every: bool = False) -> dict[str, Any]:
        """The report as data; `every`: all spots of a finding, not only the first ones."""
        return {
            "scheme": self.scheme,
            "sha256": self.sha256,
            "errors": self.errors,
            "warnings": self.warnings,
            "summary": self.summary,
            "findings": [finding.as_json(every=every) for finding in self.findings],
        }


def lint(scheme: Scheme) -> Report:
    """Check a scheme that loaded."""
    reach = Reach(scheme)
    findings = []
    for level, kind in _KINDS:
        found = tuple(kind.find(scheme, reach))
        if found:
            beside = _beside(kind.name, scheme, reach) or _by_sort(found)
            findings.append(Finding(kind.name, level, kind.title, found, beside))
    return Report(scheme.name, scheme.sha256, _summary(scheme, reach), tuple(findings))


def kinds() -> dict[str, tuple[str, str]]:
    """Every kind of defect the check knows: level and title."""
    return {kind.name: (level, kind.title) for level, kind in _KINDS}


def _summary(scheme: Scheme, reach: Reach) -> dict[str, int]:
    steps = [step for step in scheme.every() if step.level == "ADRG"]
    by_mdc = [
        {code for clause in mdc.clauses for atom in clause for code in mains(scheme, atom)} for mdc in scheme.running()
    ]
    every = set().union(*by_mdc) if by_mdc else set()
    return {
        "mdcs": len(scheme.running()),
        "adrgs": len({step.target for step in steps}),
        "drgs": len(drg_targets(scheme)),
        "drgs_reachable": len(reachable_drgs(scheme, reach)),
        "adrgs_reachable": len({adrg.target for _, adrg in adrgs(scheme) if adrg.id in reach.reached}),
        "lists": len(scheme.lists),
        "main_diagnoses": len(every),
        "main_diagnoses_in_several_mdcs": sum(sum(code in codes for codes in by_mdc) > 1 for code in every),
        "mcc": len(scheme.mcc),
        "cc": len(scheme.cc),
    }


def _by_sort(spots: tuple[Spot, ...]) -> str:
    """How many of each sort, where there are several."""
    sorts = Counter(spot.sort for spot in spots)
    return "、".join(f"{sort or '其他'} {many}" for sort, many in sorts.items()) if len(sorts) > 1 else ""


def _beside(kind: str, scheme: Scheme, reach: Reach) -> str:
    """A second number that belongs to a finding."""
    if kind == "dead_leaf":
        reachable = len(reachable_drgs(scheme, reach))
        return f"可到达的 DRG {reachable} / {len(drg_targets(scheme))}"
    if kind in ("diagnosis_outside_mdc", "procedure_outside_mdc"):
        field = "dx_main" if kind.startswith("dia") else "px_main"
        return f"涉及 {len({step.target for _, step, _, _ in reach.codes_outside(field)})} 个 ADRG"
    if kind == "drg_never_built":
        gone = [code for code in scheme.drgs if code not in drg_targets(scheme)]
        return f"涉及 {len({code[:3] for code in gone})} 个 ADRG"
    return ""
