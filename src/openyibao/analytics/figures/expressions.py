"""Formulas over named figures, read by Python's parser and evaluated by our own hand: fractions, no `eval`.

Allowed: names, numbers, + - * / // % **, comparison, `and` `or` `not`, `if else`, lists, and a few functions.
A decimal in a formula is taken from its text, so `0.07` is seven hundredths exactly.
"""

from __future__ import annotations

import ast
import math
import operator
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import Any

from openyibao.analytics.figures.intervals import Interval

Value = Any
"""Fraction, Interval, bool, or a list of them."""

MOST_NODES = 400
MOST_POWER = 64
MOST_BITS = 4096


def _dot(one: list[Value], two: list[Value]) -> Value:
    if len(one) != len(two):
        raise ValueError("两列的个数不同")
    return sum((a * b for a, b in zip(one, two, strict=True)), Fraction(0))


def _round(value: Fraction, places: Fraction = Fraction(0)) -> Fraction:
    """Half up by magnitude, as printed figures are rounded."""
    scale = Fraction(10) ** int(places)
    return Fraction(math.floor(abs(value) * scale + Fraction(1, 2)), 1) / scale * (-1 if value < 0 else 1)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "abs": abs,
    "min": lambda *given: _least(_flat(given), min),
    "max": lambda *given: _least(_flat(given), max),
    "sum": lambda given: sum(given, Fraction(0)),
    "prod": lambda given: reduce(operator.mul, given, Fraction(1)),
    "len": lambda given: Fraction(len(given)),
    "round": _round,
    "floor": lambda value: Fraction(math.floor(value)),
    "ceil": lambda value: Fraction(math.ceil(value)),
    "int": lambda value: Fraction(int(value)),
    "float": lambda value: value,
    "dot": _dot,
}


def _least(given: list[Value], choose: Callable[[list[Value]], Value]) -> Value:
    """Least or greatest of numbers; of intervals, the interval that it lies in."""
    if not any(isinstance(one, Interval) for one in given):
        return choose(given)
    every = [as_interval(one) for one in given]
    return Interval(choose([one.low for one in every]), choose([one.high for one in every]))


def _flat(given: tuple[Any, ...]) -> list[Any]:
    return list(given[0]) if len(given) == 1 and isinstance(given[0], list) else list(given)


def _power(base: Value, exponent: Value) -> Value:
    if not isinstance(exponent, Fraction) or exponent.denominator != 1 or abs(exponent) > MOST_POWER:
        raise ValueError(f"指数须为 {MOST_POWER} 以内的整数")
    if isinstance(base, Fraction):
        if max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(exponent) > MOST_BITS:
            raise ValueError("乘方的结果过大")
        return base ** int(exponent)
    made = reduce(operator.mul, [base] * abs(int(exponent)), Fraction(1))
    return made if exponent >= 0 else Fraction(1) / made


BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
    ast.Mod: lambda a, b: Fraction(a % b),
    ast.Pow: _power,
}
COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


@dataclass(frozen=True)
class Expression:
    """A formula read and found to hold nothing but what is allowed."""

    text: str
    tree: ast.expr
    names: Counter[str]

    def value(self, given: Mapping[str, Value]) -> Value:
        """The formula's value. Raises: KeyError for a name not given, ZeroDivisionError, ValueError, TypeError."""
        return _value(self.tree, given, self.text)


def read_expression(text: str) -> Expression:
    """Read a formula. Raises: ValueError with what is not allowed."""
    if len(text) > 2_000:
        raise ValueError("公式过长")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"公式读不懂：{text[:80]!r}") from None
    nodes = list(ast.walk(tree))
    if len(nodes) > MOST_NODES:
        raise ValueError("公式过长")
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        _allow(node)
    names = Counter(node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in called)
    return Expression(text.strip(), tree, names)


ALLOWED = (
    *(ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Name, ast.Constant, ast.List, ast.Tuple),
    *(ast.Call, ast.Subscript, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context),
)


def _allow(node: ast.AST) -> None:
    if not isinstance(node, ALLOWED):
        raise ValueError(f"公式中不许有 {type(node).__name__}")
    if isinstance(node, ast.operator) and type(node) not in BINARY:
        raise ValueError(f"公式中不许有运算 {type(node).__name__}")
    if isinstance(node, ast.cmpop) and type(node) not in COMPARE:
        raise ValueError(f"公式中不许有比较 {type(node).__name__}")
    if isinstance(node, ast.Call) and (
        not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS or node.keywords
    ):
        raise ValueError(f"公式中只许用 {'、'.join(sorted(FUNCTIONS))}")
    if isinstance(node, ast.Constant) and not isinstance(node.value, int | float | bool):
        raise ValueError("公式中只许有数")
    if isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value.bit_length() > 256:
        raise ValueError("公式中的数过大")


def _value(node: ast.expr, given: Mapping[str, Value], text: str) -> Value:
    if isinstance(node, ast.Name):
        return given[node.id]
    if isinstance(node, ast.Constant):
        return _constant(node, text)
    if isinstance(node, ast.BinOp):
        return BINARY[type(node.op)](_value(node.left, given, text), _value(node.right, given, text))
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, given, text)
        return not inner if isinstance(node.op, ast.Not) else -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BoolOp):
        parts = (bool(_value(one, given, text)) for one in node.values)
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if isinstance(node, ast.Compare):
        return _compared(node, given, text)
    if isinstance(node, ast.IfExp):
        return _value(node.body if _value(node.test, given, text) else node.orelse, given, text)
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(one, given, text) for one in node.elts]
    if isinstance(node, ast.Subscript):
        return _value(node.value, given, text)[int(_value(node.slice, given, text))]
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    return FUNCTIONS[node.func.id](*(_value(one, given, text) for one in node.args))


def _constant(node: ast.Constant, text: str) -> Value:
    if isinstance(node.value, bool):
        return node.value
    if isinstance(node.value, int):
        return Fraction(node.value)
    written = ast.get_source_segment(text, node) or str(node.value)
    exact = Decimal(written.replace("_", ""))
    if abs(exact.adjusted()) > 60:
        raise ValueError("公式中的数过大或过小")
    return Fraction(exact)


def _compared(node: ast.Compare, given: Mapping[str, Value], text: str) -> bool:
    left = _value(node.left, given, text)
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        right = _value(right_node, given, text)
        if not COMPARE[type(op)](left, right):
            return False
        left = right
    return True


def as_interval(value: Value) -> Interval:
    if isinstance(value, Interval):
        return value
    return Interval.point(Fraction(value))
