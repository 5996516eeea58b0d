"""The answer of an explanation (结论): the group and what led to it, and what a coder should look at again."""

from __future__ import annotations

from collections.abc import Iterator

from openyibao.payment.engine.atoms import complications
from openyibao.payment.engine.contracts import AMBIGUOUS, GROUPED, Case, Grouping
from openyibao.payment.engine.reach import unconditional
from openyibao.payment.engine.replay import NearMiss, Replay, Tried, ask, near_misses
from openyibao.payment.engine.scheme import Scheme, Step
from openyibao.payment.engine.steps_text import MOST_NEAR, adrg_tried, close_misses, why_not
from openyibao.payment.engine.terms import ALWAYS, DROP, KINDS, adrg_kind
from openyibao.payment.engine.told import Told
from openyibao.payment.engine.whatif import MOST_LIKE, Other, Unknown, unknown_codes
from openyibao.payment.engine.wording import SHORT, evidence, named, said

MOST_NEAREST = 3
KIND_NAMES = {"dx": "诊断", "px": "手术操作"}


def verdict(scheme: Scheme, told: Told) -> Iterator[str]:
    """The conclusion, and below it each step that led to it with the row of the table."""
    yield f"结论：{_conclusion(scheme, told.result)}"
    if told.faults:
        yield from (f"  {fault}" for fault in told.faults)
    elif told.walked is None:
        yield from _not_converted(scheme, told)
    elif told.walked.path:
        yield from _path(scheme, told.tried, told.walked)
    else:
        yield from _nowhere(scheme, told.tried, told.walked)


def _conclusion(scheme: Scheme, result: Grouping) -> str:
    if result.status == GROUPED:
        codes = dict.fromkeys((result.mdc, result.adrg, result.drg))
        return f"{result.status}，{' → '.join(_group(scheme, code) for code in codes)}"
    if result.status == AMBIGUOUS:
        return f"{result.status}，{_group(scheme, result.mdc)} → {result.drg}"
    return f"{result.status}，mdc {result.mdc}，adrg {result.adrg}，drg {result.drg}"


def _group(scheme: Scheme, code: str) -> str:
    return f"{code} {scheme.group_name(code)}".strip()


def _not_converted(scheme: Scheme, told: Told) -> Iterator[str]:
    """Which codes could not be converted."""
    for code, becomes in told.changes:
        if not becomes:
            yield f"  {code} 不在对照表（{'、'.join(_map_files(scheme))}）"
    for kind, codes in (("dx", told.given.dx), ("px", told.given.px)):
        table = (scheme.dx_map if kind == "dx" else scheme.px_map) or {}
        if codes and table.get(codes[0]) == DROP:
            yield f"  主要{KIND_NAMES[kind]} {codes[0]} 按对照表弃用，其他编码不能自行顶替"
        elif any(codes) and not codes[0]:
            yield f"  没有主要{KIND_NAMES[kind]}：栏内以 | 开头"


def _map_files(scheme: Scheme) -> list[str]:
    return [name for name in ("icd10_map.csv", "icd9cm3_map.csv") if name not in scheme.missing]


def _path(scheme: Scheme, case: Case, walked: Replay) -> Iterator[str]:
    """MDC, ADRG or QY, DRG: by what the case came there."""
    if walked.procedure:
        shown = named(scheme, walked.procedure, procedure=True)
        yield f"  以其他手术操作 {shown} 为唯一手术操作重试时入组（方案规定重试）"
    outer = next(one for one in walked.tried if one.step is walked.path[0])
    inner = adrg_tried(walked)
    yield f"  {outer.step.target}：{_by(scheme, case, outer)}"
    if inner.step.level == "QY":
        yield f"  {inner.step.target}：{_by(scheme, case, inner)}"
        yield f"  {outer.step.target} 的外科组和操作组都不接收这一手术：手术与主要诊断不相符"
        yield "  请核对主要诊断与主要手术的选择"
        return
    kind = KINDS.get(adrg_kind(inner.step.target), "")
    yield f"  {inner.step.target}{f'（{kind}组）' if kind else ''}：{_by(scheme, case, inner)}"
    yield f"  {walked.result.drg}：{_leaf(scheme, case, inner)}"


def _by(scheme: Scheme, case: Case, tried: Tried) -> str:
    """What of the case meets a step."""
    clause = tried.step.clauses[next(at for at, unmet in enumerate(tried.unmet) if not unmet)]
    asked = [evidence(atom, case, scheme) for atom in clause if atom.field != ALWAYS]
    return "；".join(asked) or "不问其他条件"


def _leaf(scheme: Scheme, case: Case, adrg: Tried) -> str:
    """Why this DRG: by its own condition, and because the ones before it do not hold."""
    before = [one for one in adrg.below if not one.holds]
    lacks = dict.fromkeys(said(atom, case, scheme) for one in before for unmet in one.unmet for atom in unmet)
    reasons = (
        [f"{'；'.join(lacks) or '没有条件'}，不合 {'、'.join(one.step.target for one in before)}"] if before else []
    )
    if adrg.otherwise:
        return "；".join(
            [*reasons, f"{'细分组都不符合' if before else '没有细分组'}，按方案以 {adrg.step.otherwise} 为结果"]
        )
    by = _by(scheme, case, adrg.below[-1])
    if by == "不问其他条件" and len(scheme.running(adrg.step)) == 1:
        return f"{adrg.step.target} 只有这一个细分组，不区分并发症与合并症"
    return "；".join([by, *reasons] if by != "不问其他条件" else [*reasons, "其余归此"])


def _nowhere(scheme: Scheme, case: Case, walked: Replay) -> Iterator[str]:
    """Why a case has no group: its main diagnosis is in no MDC, or no group of its MDCs takes it."""
    main = case.dx[0]
    if not any(_lets_in(scheme, mdc, main) for mdc in scheme.running()):
        known = main in scheme.dx_names or main in scheme.mcc or main in scheme.cc
        only = "，只能作其他诊断" if known else ""
        like = _alike(scheme, main)
        yield f"  主要诊断 {named(scheme, main)} 不在任何 MDC 的主要诊断表{only}"
        if like:
            yield f"  同类目可作主要诊断的有 {'、'.join(named(scheme, code) for code in like)}"
    for mdc in walked.tried:
        if not mdc.holds and _lets_in(scheme, mdc.step, main):
            yield f"  主要诊断 {named(scheme, main)} 属于 {mdc.step.target}，但{why_not(scheme, case, mdc)}"
        elif mdc.holds and mdc.below:
            yield f"  进入 {mdc.step.target}（{_by(scheme, case, mdc)}），其中 {len(mdc.below)} 个组都不符合"
    near, _ = near_misses(scheme, case, [])
    close = [text for miss, text in close_misses(scheme, case, near) if not _by_main(miss)]
    yield from (f"  最接近：{text}" for text in close[:MOST_NEAREST])


def _by_main(miss: NearMiss) -> bool:
    """Whether another main code would do: that is told below as what it really comes to."""
    return any(atom.field in ("dx_main", "px_main") for atom in miss.atoms)


def _alike(scheme: Scheme, main: str) -> list[str]:
    """Codes of the same category that some MDC takes as main diagnoses, those with the same fourth digit first."""
    taken = {
        code
        for mdc in scheme.running()
        for clause in mdc.clauses
        for atom in clause
        if atom.field == "dx_main" and atom.op == "in"
        for code in scheme.lists[atom.list].parts
        if code[:3] == main[:3]
    }
    return sorted(taken, key=lambda code: (code[:5] != main[:5], code))[:MOST_LIKE]


def _lets_in(scheme: Scheme, mdc: Step, code: str) -> bool:
    lists = [atom.list for clause in mdc.clauses for atom in clause if atom.field[:3] == "dx_" and atom.op == "in"]
    return any(code in scheme.lists[name].parts for name in lists)


# A second look -------------------------------------------------------------------------------------------------------


def second_look(scheme: Scheme, told: Told) -> Iterator[str]:
    """What a coder or an auditor should look at again: codes unknown to the scheme, and what would change the group."""
    unknown = unknown_codes(scheme, told.given)
    yield from (f"  {_unknown(one, scheme, mapped=told.mapped)}" for one in unknown[:MOST_NEAR])
    if len(unknown) > MOST_NEAR:
        yield f"  另有 {len(unknown) - MOST_NEAR} 个编码对分组不起作用"
    yield from _too_late(scheme, told)
    by_change: dict[str, list[str]] = {}
    for other in told.others:
        by_change.setdefault(other.change, []).append(_other(scheme, told, other))
    for texts in by_change.values():
        yield from (f"  {text}" for text in texts[:MOST_NEAR])
        if len(texts) > MOST_NEAR:
            yield f"  另有 {len(texts) - MOST_NEAR} 个同样会改变结果"


def _too_late(scheme: Scheme, told: Told) -> Iterator[str]:
    """Leaves the case would meet that stand behind one that takes everything: a defect of the scheme."""
    path = told.walked.path if told.walked else []
    if len(path) < 3 or not unconditional(path[2]):
        return
    leaves = scheme.running(path[1])
    for leaf in leaves[leaves.index(path[2]) + 1 :]:
        if ask(leaf, told.tried, scheme).holds:
            name = _group(scheme, leaf.target)
            yield f"  也符合 {name} 的条件，但方案把它排在无条件的 {path[2].target} 之后，永远轮不到（方案的次序缺陷）"


def _unknown(one: Unknown, scheme: Scheme, *, mapped: bool) -> str:
    procedure = one.kind == "px"
    shown = one.code if one.code == one.code.strip() else f"“{one.code}”"
    text = f"{KIND_NAMES[one.kind]} {shown} {'分组用不到' if one.named else '不在方案的编码之内，对分组不起作用'}"
    if one.same:
        return f"{text}；与 {named(scheme, one.same, procedure=procedure)} 只差空格、全半角或大小写"
    if one.becomes:
        done = "已按对照表转换为" if mapped else "方案的对照表把它转换为"
        how = "" if mapped else "，可加 --map"
        return f"{text}；{done} {named(scheme, one.becomes, procedure=procedure)}{how}"
    if one.alike:
        return f"{text}；同一亚目有 {'、'.join(named(scheme, code, procedure=procedure) for code in one.alike)}"
    return f"{text}；请核对编码与编码版本"


def _other(scheme: Scheme, told: Told, other: Other) -> str:
    """One change and what comes of it."""
    goes = f"则为{other.result.status if other.result.status != GROUPED else ''} {_group(scheme, other.result.drg)}"
    if other.change.startswith("main_"):
        kind = other.change[5:]
        return f"若主要{KIND_NAMES[kind]}是 {named(scheme, other.codes[0], procedure=kind == 'px')}，{goes}"
    codes = "、".join(named(scheme, code) for code in other.codes)
    if other.change == "without":
        return f"细分组取决于 {_kinds(scheme, told.used, other.codes[0])} {codes}；没有它{goes}"
    return f"{codes} 因与主要诊断同在一个排除表而不计；若计入，{goes}"


def _kinds(scheme: Scheme, case: Case, code: str) -> str:
    found = dict.fromkeys(SHORT[one.kind] for one in complications(case, scheme) if one.code == code)
    return "、".join(found)
