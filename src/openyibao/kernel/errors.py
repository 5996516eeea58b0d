"""What can go wrong, in three families, each with a stable code and text a person can act on.

Refused    the business says no; repeating the request does not help.
Malformed  the input does not fit; every fault is listed at once, with its place.
TryAgain   somebody else was there first; the same request may be repeated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong with an input: where it stands, what is wrong, what would be right."""

    file: str
    line: int
    path: str
    wrong: str
    right: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        where = f"{place} {self.path}".strip()
        return f"{where}: {self.wrong}" + (f"；应为：{self.right}" if self.right else "")


class OpenyibaoError(Exception):
    """Base of every error that is an answer, not a bug."""

    code = "OPENYIBAO"

    def __init__(self, message: str, *, hint: str = "", **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        return f"{self.message}。{self.hint}" if self.hint else self.message


class Refused(OpenyibaoError):
    """The business says no (业务拒绝). `where` names the place in the input, `also` every further refusal of it."""

    code = "REFUSED"
    where = ""
    also: tuple[Refused, ...] = ()

    def __str__(self) -> str:
        return f"{self.where}: {super().__str__()}" if self.where else super().__str__()


class PolicyMissing(Refused):
    """No policy covers the area, scheme, benefit and date asked for (无适用政策)."""

    code = "POLICY_MISSING"


class FigureMissing(Refused):
    """A benefit is in force but one of its figures is not known (政策参数缺失)."""

    code = "FIGURE_MISSING"


class BenefitExcluded(Refused):
    """Another benefit has precedence for this bill (待遇互斥)."""

    code = "BENEFIT_EXCLUDED"


class EarlierVisitMissing(Refused):
    """The state before this visit is not known, so nothing may be decided (缺少此前就诊记录)."""

    code = "EARLIER_VISIT_MISSING"


class TryAgain(OpenyibaoError):
    """A lock or version conflict; the same request may be repeated (请重试)."""

    code = "TRY_AGAIN"


class Malformed(OpenyibaoError):
    """The input does not fit; carries every fault found, never only the first (输入有误)."""

    code = "MALFORMED"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))
