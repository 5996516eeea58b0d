"""Conditions put into words (条件的说法): what an atom asks of a case, and how the case answers."""

from __future__ import annotations

from openyibao.payment.engine.atoms import codes_of, complications, met, parts_of
from openyibao.payment.engine.contracts import Case, Number
from openyibao.payment.engine.scheme import Atom, Scheme
from openyibao.payment.engine.terms import (
    CODE_FIELDS,
    COMPARISONS,
    MEMBERSHIPS,
    NUMBER_FIELDS,
    PARTS,
    SEVERITY_FIELDS,
    TEXT_FIELDS,
)

UNITS = {"age": "岁", "age_days": "天", "birth_weight": "克", "los": "天", "icu_hours": "小时"}
PLAIN_NAMES = {
    "sex": "性别",
    "age": "年龄",
    "age_days": "日龄",
    "birth_weight": "出生体重",
    "los": "住院",
    "icu_hours": "重症监护",
    "dept": "科室",
    "leaving": "离院方式",
}
SEXES = {1: "男", 2: "女"}
SHORT = {"mcc": "MCC", "cc": "CC"}


def named(scheme: Scheme, code: str, *, procedure: bool = False) -> str:
    """A code with its name: "I10.x00 原发性高血压"."""
    if not code:
        return "（空）"
    name = scheme.procedure_name(code) if procedure else scheme.diagnosis_name(code)
    return f"{code} {name}" if name else f"{code}（方案中无名称）"


def evidence(atom: Atom, case: Case, scheme: Scheme) -> str:
    """How a case meets an atom, its codes named and shown in the table: "主要诊断 I21.401 … 在 D0148（…csv:4455）"."""
    if atom.field not in CODE_FIELDS or atom.op != "in":
        return said(atom, case, scheme)
    members = scheme.lists[atom.list].parts
    inside = dict.fromkeys(code for code in codes_of(case, atom.field) if code in members)
    procedure = atom.field.startswith("px")
    codes = "、".join(named(scheme, code, procedure=procedure) for code in inside)
    rows = "、".join(scheme.places.listed(atom.list, code) for code in inside)
    return f"{CODE_FIELDS[atom.field].removeprefix('任一')} {codes} 在 {atom.list}{f'（{rows}）' if rows else ''}"


def said(atom: Atom, case: Case, scheme: Scheme) -> str:
    """How a case answers an atom: "主要手术操作 38.0503 不在 P0001"."""
    if atom.field in SEVERITY_FIELDS:
        return _severity_said(atom, case, scheme)
    if atom.field in CODE_FIELDS:
        return _codes_said(atom, case, scheme)
    if atom.field == PARTS:
        return _parts_said(atom, case, scheme)
    if atom.field in NUMBER_FIELDS or atom.field in TEXT_FIELDS:
        return _plain_said(atom, case, scheme)
    return "无条件"


def asked(atom: Atom, scheme: Scheme) -> str:
    """What an atom asks, whatever the case: "主要手术操作在 P0001（12 个编码）"."""
    if atom.field in SEVERITY_FIELDS:
        return f"{'一个未被排除的' if atom.op == 'present' else '没有'} {SHORT[atom.field]}"
    name = CODE_FIELDS.get(atom.field) or PLAIN_NAMES.get(atom.field, "")
    if atom.field == PARTS:
        return f"诊断涉及 {atom.list} 的部位数{_compared(atom)}"
    if atom.op in MEMBERSHIPS:
        return f"{name}{MEMBERSHIPS[atom.op]} {atom.list}（{len(scheme.lists[atom.list].parts)} 项）"
    if atom.op in COMPARISONS:
        return f"{name}{_compared(atom)}"
    return f"{'有' if atom.op == 'present' else '没有'}{name}"


def _compared(atom: Atom) -> str:
    if atom.op not in COMPARISONS:
        return " 1 个以上" if atom.op == "present" else "为 0"
    value = SEXES.get(int(atom.value), atom.value) if atom.field == "sex" and atom.value in "12" else atom.value
    unit = UNITS.get(atom.field, "")
    return f"{COMPARISONS[atom.op]} {value}{' ' + unit if unit else ''}"


def _codes_said(atom: Atom, case: Case, scheme: Scheme) -> str:
    name, codes = CODE_FIELDS[atom.field], codes_of(case, atom.field)
    holds = met(atom, case, scheme)
    single = atom.field.endswith("_main")
    if atom.op in ("present", "absent"):
        return f"{'有' if codes else '没有'}{name}" + ("" if holds else f"，要求{asked(atom, scheme)}")
    members = scheme.lists[atom.list].parts if atom.list else {atom.value: ""}
    inside = [code for code in codes if code in members]
    where = atom.list or atom.value
    verb = "是" if not atom.list else "在"
    if not codes:
        missing = f"没有{name.removeprefix('任一')}"
        return f"{missing}，也就不{verb} {where}" if holds else f"{missing}，要求{verb} {where}"
    if inside:
        text = f"{name.removeprefix('任一')} {'、'.join(inside)} {verb} {where}"
        return text if holds else f"{text}，要求都不{verb}"
    shown = f"{name} {codes[0]}" if single else f"{name.removeprefix('任一')}都"
    return f"{shown} 不{verb} {where}" if single else f"{shown}不{verb} {where}"


def _plain_said(atom: Atom, case: Case, scheme: Scheme) -> str:
    value = getattr(case, atom.field)
    shown = plain_value(atom.field, value)
    if met(atom, case, scheme):
        return f"{shown}，{asked(atom, scheme)}" if atom.op in MEMBERSHIPS else shown
    return f"{shown}，要求{asked(atom, scheme).removeprefix(PLAIN_NAMES[atom.field])}"


def plain_value(name: str, value: Number | str | None) -> str:
    """A plain field and its value: "年龄 62 岁"."""
    title = PLAIN_NAMES[name]
    if value is None or value == "":
        return f"{title}未填"
    if name == "sex":
        return f"{title} {SEXES.get(int(value), str(value))}"
    unit = UNITS.get(name, "")
    return f"{title} {value}{' ' + unit if unit else ''}"


def _parts_said(atom: Atom, case: Case, scheme: Scheme) -> str:
    parts = parts_of(case, scheme, atom.list)
    shown = "、".join(f"{part}（{'、'.join(codes)}）" for part, codes in parts.items())
    text = f"诊断在 {atom.list} " + (f"涉及 {len(parts)} 个部位：{shown}" if parts else "不涉及任何部位")
    return text if met(atom, case, scheme) else f"{text}，要求部位数{_compared(atom)}"


def _severity_said(atom: Atom, case: Case, scheme: Scheme) -> str:
    mine = [one for one in complications(case, scheme) if one.kind == atom.field]
    counted = [one.code for one in mine if not one.excluded]
    void = [one for one in mine if one.excluded]
    if counted:
        text = f"{SHORT[atom.field]}：{'、'.join(named(scheme, code) for code in dict.fromkeys(counted))}"
        return text if atom.op == "present" else f"有 {text}，要求没有"
    text = f"没有 {SHORT[atom.field]}"
    if void:
        told = dict.fromkeys(f"{one.code} 被主要诊断排除，同在表 {one.table}" for one in void)
        text += "（" + "、".join(told) + "）"
    return text
