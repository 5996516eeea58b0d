"""Errors of a scheme that loads (方案的错误): parts that can never take effect, or that contradict another."""

from __future__ import annotations

from collections.abc import Iterator

from openyibao.payment.engine.places import STEPS
from openyibao.payment.engine.reach import Reach, dead_leaves, impossible, unconditional
from openyibao.payment.engine.scheme import Scheme, Step
from openyibao.payment.engine.spots import (
    Kind,
    Spot,
    adrgs,
    at_condition,
    at_step,
    can_hold,
    drg_targets,
    named,
)


def _dead(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    for leaf, earlier in _dead_leaves(scheme):
        if unconditional(earlier):
            yield at_step(leaf, f" 排在 {named(earlier)} 之后")


def _shadowed(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    for leaf, earlier in _dead_leaves(scheme):
        if not unconditional(earlier):
            yield at_step(leaf, f" 排在 {named(earlier)} 之后")


def _dead_leaves(scheme: Scheme) -> Iterator[tuple[Step, Step]]:
    for _, adrg in adrgs(scheme):
        yield from dead_leaves(scheme, adrg)


def _leafless(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    for _, adrg in adrgs(scheme):
        if not scheme.running(adrg):
            yield at_step(adrg, f"，以 {adrg.otherwise or '下一步'} 作结果")


def _never_built(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    targets = drg_targets(scheme)
    for code, group in scheme.drgs.items():
        if code not in targets:
            yield Spot(f"drg.csv:{group.line}", f"{code} {group.name}".strip())


def _never_called(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    called = {adrg.target for _, adrg in adrgs(scheme)} | {mdc.target for mdc in scheme.running()}
    for file, groups in (("adrg.csv", scheme.adrgs), ("mdc.csv", scheme.mdcs)):
        for code, group in groups.items():
            if code not in called:
                yield Spot(f"{file}:{group.line}", f"{code} {group.name}".strip())


def _unreachable(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    for mdc in scheme.running():
        for step in scheme.running(mdc):
            if step.id not in reach.reached:
                yield at_step(step, f"，在 {mdc.target}")


def _impossible(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    """Steps without a condition, with one no case can meet, or against those above them."""
    for step in scheme.every():
        if not scheme.runs(step):
            continue
        never = [(atom, why) for clause in step.clauses for atom in clause if (why := impossible(atom, scheme))]
        yield from (at_condition(step, atom, f" 条件不可能成立：{why}") for atom, why in never)
        if never:
            continue
        above = _above(scheme, step)
        if not can_hold(scheme, step):
            yield at_step(step, " 条件矛盾" if step.clauses else " 没有条件")
        elif above and all(can_hold(scheme, one) for one in above) and not can_hold(scheme, *above, step):
            yield at_step(step, f" 条件与上级 {'、'.join(named(one) for one in above)} 矛盾")


def _above(scheme: Scheme, step: Step) -> list[Step]:
    """Steps above one, the topmost first."""
    found: list[Step] = []
    parent = scheme.by_id.get(step.parent)
    while parent is not None:
        found.insert(0, parent)
        parent = scheme.by_id.get(parent.parent)
    return found


def _diagnosis_outside(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    yield from _outside(scheme, reach, "dx_main")


def _procedure_outside(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    yield from _outside(scheme, reach, "px_main")


def _outside(scheme: Scheme, reach: Reach, field: str) -> Iterator[Spot]:
    for mdc, step, list_id, code in reach.codes_outside(field):
        text = f"{code} 在 {named(step)} 的 {list_id}，不在 {mdc.target} 的条件之内"
        yield Spot(scheme.places.listed(list_id, code), text)


def _both(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    for code in scheme.mcc:
        if code in scheme.cc:
            also = scheme.places.row("cc.csv", code)
            yield Spot(scheme.places.row("mcc.csv", code), f"{code} {scheme.diagnosis_name(code)}（又在 {also}）")


def _not_listed(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    tables = {"MDC": ("mdc.csv", scheme.mdcs), "ADRG": ("adrg.csv", scheme.adrgs), "DRG": ("drg.csv", scheme.drgs)}
    for step in scheme.every():
        file, known = tables.get(step.level, ("", {}))
        if file and file not in scheme.missing and step.target not in known:
            yield at_step(step, f" 不在 {file}")
        whole = {"adrg.csv", "drg.csv"}.isdisjoint(scheme.missing)
        wanted = step.otherwise if step.level == "ADRG" and whole else ""
        if wanted and wanted not in scheme.drgs and wanted not in scheme.adrgs:
            yield at_step(step, f" 的 otherwise {wanted} 不在 adrg.csv、drg.csv")


def _fail_code(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    for step in scheme.every():
        if step.level in ("DRG", "QY") and step.target == scheme.fail_code and scheme.runs(step):
            yield Spot(f"{STEPS}:{step.line}", f"{named(step)} 与 scheme.csv 的 fail_code 相同，入此组也算无法入组")


KINDS = (
    Kind("dead_leaf", "死叶：排在无条件的细分组之后，永远轮不到", _dead),
    Kind("shadowed_leaf", "死叶：前面的细分组条件更宽，总是先得", _shadowed),
    Kind("adrg_without_leaf", "ADRG 没有细分组", _leafless),
    Kind("drg_never_built", "drg.csv 的组没有步骤，永远不会给出", _never_built),
    Kind("adrg_never_called", "adrg.csv、mdc.csv 的组没有启用的步骤，从不调用", _never_called),
    Kind("step_unreachable", "没有病例能到的步骤", _unreachable),
    Kind("condition_impossible", "步骤没有条件，或条件不可能成立、自相矛盾、与上级矛盾", _impossible),
    Kind("diagnosis_outside_mdc", "ADRG 的主要诊断不在其 MDC 的目录，永远不会由它入组", _diagnosis_outside),
    Kind("procedure_outside_mdc", "ADRG 的主要手术操作不合其 MDC 的条件，永远不会由它入组", _procedure_outside),
    Kind("cc_and_mcc", "同一编码既是 CC 又是 MCC", _both),
    Kind("target_not_listed", "步骤给出的代码不在 mdc.csv、adrg.csv、drg.csv", _not_listed),
    Kind("fail_code_taken", "不能入组的代码与某个组相同", _fail_code),
)
