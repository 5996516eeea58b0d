"""How a budget is written on the command line: one amount, or one for each scheme (预算)."""

from __future__ import annotations

from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import fen_from_yuan
from openyibao.policy.terms import SCHEMES


def read_budget(text: str) -> int | dict[str, int]:
    """`12000000.00`, or `employee=…,resident=…`: fen, or fen by scheme. Raises: Malformed with every fault."""
    faults: list[Fault] = []

    def fen(part: str) -> int:
        try:
            found = int(fen_from_yuan(part.strip()))
            if found <= 0:
                raise ValueError(f"{part!r} 不大于零")
        except ValueError as problem:
            faults.append(Fault("", 0, "--budget", str(problem), "如 120000000.00，或 employee=…,resident=…"))
            return 0
        return found

    if "=" not in text:
        whole = fen(text)
        if faults:
            raise Malformed(faults)
        return whole
    budgets: dict[str, int] = {}
    for part in text.split(","):
        scheme, _, amount = part.partition("=")
        if scheme.strip() not in SCHEMES or scheme.strip() in budgets:
            faults.append(Fault("", 0, "--budget", f"{scheme.strip()!r} 不是险种，或写了两次", "、".join(SCHEMES)))
        budgets[scheme.strip()] = fen(amount)
    if faults:
        raise Malformed(faults)
    return budgets
