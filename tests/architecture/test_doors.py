"""Only a room's door is imported from outside it; pure rooms know no framework and no clock.

import-linter keeps the direction between rooms; this keeps the doors, by reading every import statement.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import openyibao

PACKAGE = Path(openyibao.__file__).parent
OPEN = {"kernel", "foundation"}
DOORS = {"facade", "contracts", "errors"}
WORDS = {"terms"}
"""Code tables of the field: words, no behaviour."""
WITHIN = ("payment.engine",)
"""Parts of a room with doors of their own: pure, where the room's own door needs a database (ADR 14)."""
EXCEPTIONS = {
    # the benchmarks measure what lies behind the door, on purpose
    "cli.benchmarks.settle": {"policy.adjudicate", "policy.tables"},
    "cli.benchmarks.year": {"policy.year"},
    "cli.benchmarks.drg": {
        *("payment.engine.atoms", "payment.engine.batch", "payment.engine.cache", "payment.engine.reading"),
        *("payment.engine.records", "payment.engine.scheme"),
    },
}


def modules(*rooms: str) -> Iterator[tuple[str, ast.Module]]:
    """Every module of the rooms, of all without one."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if not rooms or parts[0] in rooms:
            yield ".".join(parts), parsed(path)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """Modules of this package that a file imports, without the package's own name."""
    for node in statements(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("openyibao."):
            base = node.module.removeprefix("openyibao.")
            for alias in node.names:
                yield f"{base}.{alias.name}" if is_module(f"{base}.{alias.name}") else base


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Every statement of a module, however deep; expressions are not looked into."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.stmt, ast.excepthandler, ast.match_case)):
            yield node
            yield from statements(node)


@cache
def is_module(name: str) -> bool:
    path = PACKAGE.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()


def test_only_doors_are_imported_from_outside_a_room() -> None:
    broken = []
    for name, tree in modules():
        room = name.split(".")[0]
        for target in imported(tree):
            parts = target.split(".")
            if parts[0] == room or parts[0] in OPEN:
                continue
            if target in EXCEPTIONS.get(name, ()):
                continue
            if target.startswith(WITHIN) and parts[-1] in DOORS | WORDS:
                continue
            if len(parts) > 1 and parts[1] not in DOORS | WORDS:
                broken.append(f"{name} imports {target}")
    assert broken == []


@pytest.mark.parametrize("room", ["kernel", "policy"])
def test_pure_rooms_ask_no_clock_and_print_nothing(room: str) -> None:
    found = []
    for name, tree in modules(room):
        if name == "kernel.clock":
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("today", "now")
            ):
                found.append(f"{name}:{node.lineno} asks for the time")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                found.append(f"{name}:{node.lineno} prints")
    assert found == []


@pytest.mark.parametrize("room", ["kernel", "policy"])
def test_money_never_meets_a_float(room: str) -> None:
    """No float literal and no `float(` in the pure rooms; `round(` would be the banker's rounding."""
    found = []
    for name, tree in modules(room):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                found.append(f"{name}:{node.lineno} has {node.value}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("float", "round"):
                found.append(f"{name}:{node.lineno} calls {node.func.id}")
            if name == "policy.kernel" and isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                found.append(f"{name}:{node.lineno} divides without rounding down")
    assert found == []


def test_every_module_says_what_it_is_for() -> None:
    assert [name for name, tree in modules() if not ast.get_docstring(tree)] == []


def test_the_kernel_imports_nothing() -> None:
    tree = dict(modules("policy"))["policy.kernel"]
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names == {"__future__", "collections.abc"}


def test_a_single_bill_does_not_load_numba() -> None:
    import subprocess
    import sys

    code = "import sys; import openyibao.cli.main; sys.exit('numba' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
