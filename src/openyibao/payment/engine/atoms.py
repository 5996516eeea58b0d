"""One comparison of a condition: whether it is written rightly, and whether a case meets it.

`met` is the plain meaning of every field and operator, used where a case is explained. The compiled grouper states
the same as bits; the tests hold both against a third, independent reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from openyibao.payment.engine.contracts import Case, Number
from openyibao.payment.engine.scheme import Atom, Scheme
from openyibao.payment.engine.terms import (
    ALWAYS,
    CODE_FIELDS,
    COMPARISONS,
    FIELDS,
    MEMBERSHIPS,
    NUMBER_FIELDS,
    OPERATORS,
    PARTS,
    SEVERITY_FIELDS,
    compared,
    number,
)


def atom_fault(atom: Atom, scheme: Scheme) -> tuple[str, str, str] | None:
    """What is wrong with an atom (column, what is wrong, what would be right), or None."""
    if atom.field not in FIELDS:
        return "field", f"{atom.field!r} 不是条件的字段", "、".join(FIELDS)
    if atom.field == ALWAYS:
        return ("op", "always 不带运算、码表和值", "留空") if atom.op or atom.list or atom.value else None
    if atom.op not in OPERATORS:
        return "op", f"{atom.op!r} 不是运算", "、".join(OPERATORS)
    return _list_fault(atom, scheme) or _value_fault(atom) or _fit_fault(atom)


def _list_fault(atom: Atom, scheme: Scheme) -> tuple[str, str, str] | None:
    wants = atom.op in MEMBERSHIPS or atom.field == PARTS
    if not wants:
        return ("list", f"{atom.op} 不用码表", "留空") if atom.list else None
    found = scheme.lists.get(atom.list)
    if not scheme.lists:
        return None  # the table of lists is missing or unreadable, and has its own fault
    if found is None:
        return "list", f"没有码表 {atom.list!r}", "adrg_rules.codes.csv 中的码表编号"
    kind = "dx" if atom.field[:3] == "dx_" else "px" if atom.field[:3] == "px_" else ""
    if kind and found.kind != kind:
        return "list", f"{atom.field} 用了种类为 {found.kind!r} 的码表 {atom.list}", f"种类为 {kind} 的码表"
    if not kind and found.kind in ("dx", "px"):
        return "list", f"{atom.field} 用了编码的码表 {atom.list}", "取值的码表（V 开头）"
    if atom.field in NUMBER_FIELDS:
        bad = [value for value in found.parts if number(value) is None]
        if bad:
            return "list", f"{atom.list} 中 {bad[0]!r} 不是数", f"{atom.field} 的码表只有数"
    return None


def _value_fault(atom: Atom) -> tuple[str, str, str] | None:
    if atom.op not in COMPARISONS:
        return ("value", f"{atom.op} 不用值", "留空") if atom.value else None
    if not atom.value:
        return "value", f"{atom.op} 没有写值", "与之比较的值"
    plain = atom.op == "=" and atom.field not in NUMBER_FIELDS and atom.field != PARTS
    if not plain and number(atom.value) is None:
        return "value", f"{atom.value!r} 不是数", "整数或小数"
    return None


def _fit_fault(atom: Atom) -> tuple[str, str, str] | None:
    """An operator that means nothing for the field."""
    if atom.field in SEVERITY_FIELDS and atom.op not in ("present", "absent"):
        return "op", f"{atom.field} 只有有无，不能用 {atom.op}", "present 或 absent"
    if atom.field == PARTS and atom.op in MEMBERSHIPS:
        return "op", f"{PARTS} 是个数，不能用 {atom.op}", "< <= = >= > present absent"
    if atom.field in CODE_FIELDS and atom.op in ("<", "<=", ">=", ">"):
        return "op", f"{atom.field} 是编码，不能用 {atom.op}", "in、not_in、=、present 或 absent"
    return None


@dataclass(frozen=True)
class Complication:
    """One secondary diagnosis that is a complication (并发症): MCC or CC, its exclusion table, and whether it is void.

    kind: "mcc" or "cc". excluded: its table is that of the main diagnosis, so it does not count.
    """

    code: str
    kind: str
    table: str
    excluded: bool


def complications(case: Case, scheme: Scheme) -> list[Complication]:
    """Every secondary diagnosis that the scheme calls an MCC or a CC, in the order of the case."""
    main = scheme.exclusions.get(case.dx[0], "") if case.dx else ""
    return [
        Complication(code, kind, table[code], bool(main) and table[code] == main)
        for code in case.dx[1:]
        for kind, table in (("mcc", scheme.mcc), ("cc", scheme.cc))
        if code in table
    ]


def codes_of(case: Case, field: str) -> Sequence[str]:
    """The codes a field looks at."""
    codes = case.dx if field.startswith("dx") else case.px
    place = field.partition("_")[2]
    chosen = codes[:1] if place == "main" else codes[1:] if place == "other" else codes
    return [code for code in chosen if code]


def parts_of(case: Case, scheme: Scheme, list_id: str) -> dict[str, list[str]]:
    """Parts of the body that the diagnoses touch in a list, each with its codes."""
    found: dict[str, list[str]] = {}
    for code in case.dx:
        if code in scheme.lists[list_id].parts:
            found.setdefault(scheme.lists[list_id].parts[code], []).append(code)
    return found


def met(atom: Atom, case: Case, scheme: Scheme) -> bool:
    """Whether a case meets an atom."""
    if atom.field == ALWAYS:
        return True
    if atom.field in SEVERITY_FIELDS:
        counted = any(one.kind == atom.field and not one.excluded for one in complications(case, scheme))
        return counted == (atom.op == "present")
    if atom.field in CODE_FIELDS:
        return _codes_met(atom, codes_of(case, atom.field), scheme)
    if atom.field == PARTS:
        return _number_met(atom, len(parts_of(case, scheme, atom.list)), set())
    value = getattr(case, atom.field)
    if atom.field in NUMBER_FIELDS:
        return _number_met(atom, value, scheme.values(atom.list) if atom.list else set())
    return _text_met(atom, value, scheme)


def _codes_met(atom: Atom, codes: Sequence[str], scheme: Scheme) -> bool:
    if atom.op == "=":
        return atom.value in codes
    if atom.op in MEMBERSHIPS:
        return any(code in scheme.lists[atom.list].parts for code in codes) == (atom.op == "in")
    return bool(codes) == (atom.op == "present")


def _number_met(atom: Atom, value: Number | None, members: set[object]) -> bool:
    if atom.op in MEMBERSHIPS:
        return (value in members) == (atom.op == "in")
    if atom.op in COMPARISONS:
        return value is not None and compared(value, atom.op, _stated(atom.value))
    known = value is not None and not (value == 0 and atom.field in ("birth_weight", PARTS))
    return known == (atom.op == "present")


def _text_met(atom: Atom, value: str, scheme: Scheme) -> bool:
    if atom.op == "=":
        return value == atom.value
    if atom.op in MEMBERSHIPS:
        return (value in scheme.lists[atom.list].parts) == (atom.op == "in")
    if atom.op in COMPARISONS:
        left = number(value)
        return left is not None and compared(left, atom.op, _stated(atom.value))
    return bool(value) == (atom.op == "present")


def _stated(text: str) -> Number:
    """A number the tables state; they were checked to be one."""
    found = number(text)
    assert found is not None, text
    return found
