"""One case walked through the tree of its scheme, with every answer kept (重放). Slow, and only for explaining.

It reads the tables as they stand, not the compiled form; the explanation checks that both come to the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from openyibao.payment.engine.atoms import met
from openyibao.payment.engine.contracts import (
    AMBIGUOUS,
    CHECK_FAILED,
    DIAGNOSIS_NOT_MAPPED,
    GROUPED,
    NOT_GROUPED,
    PROCEDURE_NOT_MAPPED,
    Case,
    Grouping,
)
from openyibao.payment.engine.records import WHOLE
from openyibao.payment.engine.scheme import Atom, Scheme, Step
from openyibao.payment.engine.terms import DROP, FINAL, MOST_YEARS, number

TITLES = {
    "sex": "性别",
    "age": "年龄",
    "age_days": "日龄",
    "birth_weight": "出生体重",
    "los": "住院天数",
    "icu_hours": "监护小时",
}
NOT_NEGATIVE = ("age_days", "birth_weight", "los", "icu_hours")


@dataclass
class Tried:
    """A step that was asked (试过的步骤): for each clause its atoms that are not met; the steps tried below it."""

    step: Step
    unmet: list[list[Atom]]
    below: list[Tried] = field(default_factory=list)
    otherwise: bool = False

    @property
    def holds(self) -> bool:
        return any(not atoms for atoms in self.unmet)


@dataclass
class Replay:
    """A whole walk: what was tried in order, the path taken, the result; and the procedure it was tried again with."""

    tried: list[Tried]
    path: list[Step]
    result: Grouping
    procedure: str = ""


def failed(status: str) -> Grouping:
    """Result of a case that never came to the tree."""
    return Grouping(status, "0000", "00", "0000")


def input_faults(case: Case, cells: Mapping[str, str] | None = None) -> list[str]:
    """Why a case does not pass the check of its input (信息校验), in Chinese; empty when it does.

    cells: the plain cells as they are written, so that one that cannot be read is named with what stands there.
    """
    unread = {name: text for name, text in (cells or {}).items() if name in TITLES and unreadable(name, text)}
    found = [_unread(name, text) for name, text in unread.items()]
    sex = number(cells.get("sex", "").strip()) if cells else case.sex
    if sex not in (1, 2) and "sex" not in unread:
        found.append("性别没有填" if sex is None else f"性别 {sex}，应为 1（男）或 2（女）")
    found += _age_faults(case, unread)
    if not any(case.dx):
        found.append("没有诊断")
    elif not case.dx[0]:
        found.append("没有主要诊断：诊断栏以 | 开头")
    for name in NOT_NEGATIVE:
        value = getattr(case, name)
        if value is not None and value < 0:
            found.append(f"{TITLES[name]} {value} 小于 0")
    return found


def _age_faults(case: Case, unread: Collection[str]) -> list[str]:
    """What is wrong with age, days and birth weight, beside those that cannot be read."""
    if case.age is None:
        return [] if "age" in unread else ["年龄没有填"]
    if not 0 <= case.age <= MOST_YEARS:
        return [f"年龄 {case.age} 岁不可能（0 至 {MOST_YEARS} 岁）"]
    if case.age == 0 and case.age_days is None:
        return [] if "age_days" in unread else ["年龄 0 岁而没有日龄"]
    if case.age == 0 and (case.age_days or 0) <= 28 and case.birth_weight is None and "birth_weight" not in unread:
        return [f"出生 {case.age_days} 天（28 天以内）而没有出生体重"]
    return []


def unreadable(name: str, text: str) -> bool:
    """Whether a plain cell holds what cannot be: no number, less than 0, or a part of one where whole ones count."""
    value = number(text.strip())
    return bool(text.strip()) and (value is None or value < 0 or (name in WHOLE and not isinstance(value, int)))


def _unread(name: str, text: str) -> str:
    value = number(text.strip())
    if value is None:
        wide = "，有全角数字" if any("０" <= letter <= "９" for letter in text) else ""
        return f"{TITLES[name]}写作“{text}”，不是数{wide}"
    return f"{TITLES[name]} {text} 小于 0" if value < 0 else f"{TITLES[name]} {text} 不是整数"


def mapping(scheme: Scheme, case: Case) -> tuple[Case | None, Grouping | None, list[tuple[str, str]]]:
    """A case with its codes converted, or the result when one cannot be; and each code with what it becomes.

    What a code becomes is empty where the map does not know it.
    """
    changes: list[tuple[str, str]] = []
    codes: dict[str, tuple[str, ...]] = {}
    for kind, table, status in (
        ("dx", scheme.dx_map or {}, DIAGNOSIS_NOT_MAPPED),
        ("px", scheme.px_map or {}, PROCEDURE_NOT_MAPPED),
    ):
        given = getattr(case, kind)
        mine = [(code, table.get(code, "")) for code in given if code]
        changes += mine
        main_gone = bool(given) and any(given) and (not given[0] or table.get(given[0]) == DROP)
        if main_gone or any(not becomes for _, becomes in mine):
            return None, failed(status), changes
        codes[kind] = tuple(becomes for _, becomes in mine if becomes != DROP)
    return case._replace(dx=codes["dx"], px=codes["px"]), None, changes


def replay(scheme: Scheme, case: Case) -> Replay:
    """Walk a case through the tree, again with each further procedure where the scheme says so."""
    if input_faults(case):
        return Replay([], [], failed(CHECK_FAILED))
    first = _walk(scheme, case)
    if first.path or not scheme.retries:
        return first
    for procedure in filter(None, case.px[1:]):
        again = _walk(scheme, case._replace(px=(procedure,)))
        if again.path:
            again.procedure = procedure
            return again
    return first


def _walk(scheme: Scheme, case: Case) -> Replay:
    tried: list[Tried] = []
    path = _descend(scheme, case, scheme.running(), tried)
    nothing = Replay(tried, [], Grouping(NOT_GROUPED, "0000", "00", scheme.fail_code))
    if not path:
        return nothing
    last = path[-1]
    drg = last.target if last.level in FINAL else last.otherwise
    if drg == scheme.fail_code:
        return nothing
    ambiguous = last.level == "QY"
    status, adrg = (AMBIGUOUS, "QY") if ambiguous else (GROUPED, path[1].target)
    return Replay(tried, path, Grouping(status, path[0].target, adrg, drg))


def _descend(scheme: Scheme, case: Case, steps: list[Step], tried: list[Tried]) -> list[Step]:
    """Steps from here to the result; empty when none of these comes to one."""
    for step in steps:
        one = ask(step, case, scheme)
        tried.append(one)
        if not one.holds:
            continue
        if step.level in FINAL:
            return [step]
        path = _descend(scheme, case, scheme.running(step), one.below)
        if path:
            return [step, *path]
        if step.level == "ADRG" and step.otherwise:
            one.otherwise = True
            return [step]
    return []


def ask(step: Step, case: Case, scheme: Scheme) -> Tried:
    """Ask one step, without what is below it."""
    return Tried(step, [[atom for atom in clause if not met(atom, case, scheme)] for clause in step.clauses])


@dataclass(frozen=True)
class NearMiss:
    """A group that a case misses by one condition (差一项): the steps to it, the atoms any one of which would do."""

    path: tuple[Step, ...]
    atoms: tuple[Atom, ...]


def near_misses(scheme: Scheme, case: Case, taken: list[Step]) -> tuple[list[NearMiss], list[tuple[Step, ...]]]:
    """Groups the case misses by one condition, in the order of the tree; and those it fits that come too late."""
    near: list[NearMiss] = []
    late: list[tuple[Step, ...]] = []
    for mdc in scheme.running():
        outer = _fewest(mdc, case, scheme)
        if outer is None:
            continue
        for step in scheme.running(mdc):
            inner = _fewest(step, case, scheme)
            if inner is None or taken[:2] == [mdc, step]:
                continue
            if outer and inner:
                continue
            if outer or inner:
                near.append(NearMiss((mdc, step), tuple(outer or inner)))
            elif taken:
                late.append((mdc, step))
    if len(taken) > 1 and taken[1].level == "ADRG":
        for leaf in scheme.running(taken[1]):
            left = _fewest(leaf, case, scheme)
            if leaf is not taken[-1] and left:
                near.append(NearMiss((taken[0], taken[1], leaf), tuple(left)))
    return near, late


def _fewest(step: Step, case: Case, scheme: Scheme) -> list[Atom] | None:
    """Atoms any one of which would make a step hold: none when it holds, None when more than one is needed."""
    unmet = ask(step, case, scheme).unmet
    if any(not atoms for atoms in unmet):
        return []
    return [atoms[0] for atoms in unmet if len(atoms) == 1] or None
