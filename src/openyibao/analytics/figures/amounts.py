"""Bare numbers of a test case (没有单位的数): how precisely a number without a unit was printed.

Decimals speak for themselves. A whole number such as 158510000000 was printed in 万 or 亿: its trailing zeros are no
digits, but at least three of its digits are taken as printed. A plain count is exact.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from openyibao.analytics.figures.printed import Printed, printed

NUMBER = re.compile(r"[+-]?(\d+)(\.\d+)?([eE][+-]?\d{1,2})?")
KEPT = 3


def is_number(value: Any) -> bool:
    return isinstance(value, str) and NUMBER.fullmatch(value.strip()) is not None


def is_whole(value: Any) -> bool:
    return is_number(value) and re.fullmatch(r"[+-]?\d+", value.strip()) is not None


def numbers(value: Any) -> bool:
    """Whether this is a list of at least one number, and of nothing else."""
    return isinstance(value, list) and bool(value) and all(map(is_number, value))


def step_of(text: str) -> Fraction:
    """The unit of the last digit that was printed."""
    body = text.strip().lstrip("+-")
    if not is_whole(body):
        return Fraction(0)
    zeros = len(body) - len(body.rstrip("0"))
    return Fraction(10) ** max(0, min(zeros, len(body) - KEPT))


def amount(name: str, text: str, *, exact: bool = False, step: Fraction | None = None) -> Printed:
    """A figure of a case. `step` overrides what its zeros say (a list has one step: the finest of its numbers)."""
    if exact:
        return printed(name, text, exact=True)
    if is_whole(text):
        return printed(name, text, step=str(int(step if step is not None else step_of(text))))
    return printed(name, text)


def amounts(name: str, texts: list[str], *, step: Fraction | None = None) -> list[Printed]:
    """Figures of a list, printed alike: whole numbers among them share the finest step."""
    whole = [step_of(text) for text in texts if is_whole(text) and text.strip("+-0")]
    common = step if step is not None else min(whole, default=Fraction(1))
    return [amount(f"{name}[{at}]", text, step=common) for at, text in enumerate(texts)]


def plain_number(text: str) -> Fraction:
    """A number without any thought of rounding."""
    return printed("", text, exact=True).value
