"""What is wrong with a scheme that loads (方案检查): groups nobody can reach, lists nobody reads, codes counted twice.

An error is a part of the scheme that cannot take effect or contradicts another; a warning wants an explanation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from openyibao.payment.engine.reach import Reach, contradicts, dead_leaves, unconditional
from openyibao.payment.engine.scheme import Atom, Scheme, Step
from openyibao.payment.engine.terms import ALWAYS, KINDS, adrg_kind

MOST_EXAMPLES = 5
ERROR, WARNING = "error", "warning"
LEVELS = {ERROR: "错误", WARNING: "警告"}
_RANK = {kind: 2 * at for at, kind in enumerate(KINDS)}


@dataclass(frozen=True)
class Finding:
    """One kind of defect in a scheme (检查发现): how often, and some examples."""

    kind: str
    level: str
    title: str
    count: int
    examples: tuple[str, ...]
    beside: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "level": self.level,
            "title": self.title,
            "count": self.count,
            **({"note": self.beside} if self.beside else {}),
            "examples": list(self.examples),
        }


@dataclass(frozen=True)
class Report:
    """All findings on a scheme, and its size (检查报告)."""

    scheme: str
    sha256: str
    summary: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        return sum(finding.level == ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        return len(self.findings) - self.errors

    def as_json(self) -> dict[str, Any]:
        return {
            "scheme": self.scheme,
            "sha256": self.sha256,
            "errors": self.errors,
            "warnings": self.warnings,
            "summary": self.summary,
            "findings": [finding.as_json() for finding in self.findings],
        }


Check = Callable[[Scheme, Reach], Iterable[str]]
_CHECKS: list[tuple[str, str, str, Check]] = []


def _check(kind: str, level: str, title: str) -> Callable[[Check], Check]:
    def keep(check: Check) -> Check:
        _CHECKS.append((kind, level, title, check))
        return check

    return keep


def lint(scheme: Scheme) -> Report:
    """Check a scheme that loaded."""
    reach = Reach(scheme)
    findings = []
    for kind, level, title, check in _CHECKS:
        found = list(check(scheme, reach))
        if found:
            beside = _beside(kind, scheme, reach)
            findings.append(Finding(kind, level, title, len(found), tuple(found[:MOST_EXAMPLES]), beside))
    findings.sort(key=lambda finding: finding.level != ERROR)
    return Report(scheme.name, scheme.sha256, _summary(scheme, reach), tuple(findings))


def kinds() -> dict[str, tuple[str, str]]:
    """Every kind of defect the check knows: level and title."""
    return {kind: (level, title) for kind, level, title, _ in _CHECKS}


def _adrgs(scheme: Scheme) -> Iterator[tuple[Step, Step]]:
    """Every ADRG step that is tried, with its MDC."""
    for mdc in scheme.running():
        yield from ((mdc, step) for step in scheme.running(mdc) if step.level == "ADRG")


def _drg_targets(scheme: Scheme) -> set[str]:
    return {leaf.target for _, adrg in _adrgs(scheme) for leaf in scheme.running(adrg)}


def reachable_drgs(scheme: Scheme, reach: Reach) -> set[str]:
    """DRG codes of leaves that some case can come to."""
    found = set()
    for _, adrg in _adrgs(scheme):
        if adrg.id in reach.reached:
            dead = {leaf.id for leaf, _ in dead_leaves(scheme, adrg)}
            found |= {leaf.target for leaf in scheme.running(adrg) if leaf.id not in dead and _can_hold(leaf)}
    return found


def _can_hold(step: Step) -> bool:
    return any(not contradicts(clause) for clause in step.clauses)


def _summary(scheme: Scheme, reach: Reach) -> dict[str, int]:
    steps = [step for step in scheme.every() if step.level == "ADRG"]
    by_mdc = [
        {code for clause in mdc.clauses for atom in clause for code in _mains(scheme, atom)} for mdc in scheme.running()
    ]
    mains = set().union(*by_mdc) if by_mdc else set()
    return {
        "mdcs": len(scheme.running()),
        "adrgs": len({step.target for step in steps}),
        "drgs": len(_drg_targets(scheme)),
        "drgs_reachable": len(reachable_drgs(scheme, reach)),
        "adrgs_reachable": len({adrg.target for _, adrg in _adrgs(scheme) if adrg.id in reach.reached}),
        "lists": len(scheme.lists),
        "main_diagnoses": len(mains),
        "main_diagnoses_in_several_mdcs": sum(sum(code in codes for codes in by_mdc) > 1 for code in mains),
        "mcc": len(scheme.mcc),
        "cc": len(scheme.cc),
    }


def _mains(scheme: Scheme, atom: Atom) -> Iterable[str]:
    """Main diagnoses that an atom lists."""
    return scheme.lists[atom.list].parts if atom.field == "dx_main" and atom.op == "in" else ()


def _beside(kind: str, scheme: Scheme, reach: Reach) -> str:
    """A second number that belongs to a finding."""
    if kind == "dead_leaf":
        reachable = len(reachable_drgs(scheme, reach))
        return f"可到达的 DRG {reachable} / {len(_drg_targets(scheme))}"
    if kind in ("diagnosis_outside_mdc", "procedure_outside_mdc"):
        field = "dx_main" if kind.startswith("dia") else "px_main"
        return f"涉及 {len({step.target for _, step, _, _ in reach.codes_outside(field)})} 个 ADRG"
    if kind == "drg_never_built":
        gone = [code for code in scheme.drgs if code not in _drg_targets(scheme)]
        return f"涉及 {len({code[:3] for code in gone})} 个 ADRG"
    return ""


def _step(step: Step) -> str:
    return f"{step.target}（步骤 {step.id}）"


# Errors ---------------------------------------------------------------------------------------------------------------


@_check("dead_leaf", ERROR, "死叶：排在无条件的细分组之后，永远轮不到")
def _dead(scheme: Scheme, reach: Reach) -> Iterator[str]:
    for leaf, earlier in _dead_leaves(scheme):
        if unconditional(earlier):
            yield f"{_step(leaf)} 排在 {_step(earlier)} 之后"


@_check("shadowed_leaf", ERROR, "死叶：前面的细分组条件更宽，总是先得")
def _shadowed(scheme: Scheme, reach: Reach) -> Iterator[str]:
    for leaf, earlier in _dead_leaves(scheme):
        if not unconditional(earlier):
            yield f"{_step(leaf)} 排在 {_step(earlier)} 之后"


def _dead_leaves(scheme: Scheme) -> Iterator[tuple[Step, Step]]:
    for _, adrg in _adrgs(scheme):
        yield from dead_leaves(scheme, adrg)


@_check("adrg_without_leaf", ERROR, "ADRG 没有细分组")
def _leafless(scheme: Scheme, reach: Reach) -> Iterator[str]:
    for _, adrg in _adrgs(scheme):
        if not scheme.running(adrg):
            yield f"{_step(adrg)}，以 {adrg.otherwise or '下一步'} 作结果"


@_check("drg_never_built", ERROR, "drg.csv 的组没有步骤，永远不会给出")
def _never_built(scheme: Scheme, reach: Reach) -> Iterator[str]:
    targets = _drg_targets(scheme)
    for code, group in scheme.drgs.items():
        if code not in targets:
            yield f"{code} {group.name}（drg.csv:{group.line}）"


@_check("adrg_never_called", ERROR, "adrg.csv、mdc.csv 的组没有启用的步骤，从不调用")
def _never_called(scheme: Scheme, reach: Reach) -> Iterator[str]:
    called = {adrg.target for _, adrg in _adrgs(scheme)}
    yield from (f"{code}（adrg.csv:{group.line}）" for code, group in scheme.adrgs.items() if code not in called)
    tried = {mdc.target for mdc in scheme.running()}
    yield from (f"{code}（mdc.csv:{group.line}）" for code, group in scheme.mdcs.items() if code not in tried)


@_check("step_unreachable", ERROR, "没有病例能到的步骤")
def _unreachable(scheme: Scheme, reach: Reach) -> Iterator[str]:
    for mdc in scheme.running():
        for step in scheme.running(mdc):
            if step.id not in reach.reached:
                yield f"{_step(step)}，在 {mdc.target}"


@_check("condition_impossible", ERROR, "步骤没有条件，或各组条件自相矛盾")
def _impossible(scheme: Scheme, reach: Reach) -> Iterator[str]:
    for step in scheme.every():
        if scheme.runs(step) and not _can_hold(step):
            yield f"{_step(step)} {'没有条件' if not step.clauses else '条件矛盾'}"


@_check("diagnosis_outside_mdc", ERROR, "ADRG 的主要诊断不在其 MDC 的目录，永远不会由它入组")
def _diagnosis_outside(scheme: Scheme, reach: Reach) -> Iterator[str]:
    for mdc, step, list_id, code in reach.codes_outside("dx_main"):
        yield f"{code} 在 {_step(step)} 的 {list_id}，不在 {mdc.target} 的条件之内"


@_check("procedure_outside_mdc", ERROR, "ADRG 的主要手术操作不合其 MDC 的条件，永远不会由它入组")
def _procedure_outside(scheme: Scheme, reach: Reach) -> Iterator[str]:
    for mdc, step, list_id, code in reach.codes_outside("px_main"):
        yield f"{code} 在 {_step(step)} 的 {list_id}，不在 {mdc.target} 的条件之内"


@_check("cc_and_mcc", ERROR, "同一编码既是 CC 又是 MCC")
def _both(scheme: Scheme, reach: Reach) -> Iterator[str]:
    yield from (f"{code} {scheme.diagnosis_name(code)}".strip() for code in scheme.mcc if code in scheme.cc)


@_check("target_not_listed", ERROR, "步骤给出的代码不在 mdc.csv、adrg.csv、drg.csv")
def _not_listed(scheme: Scheme, reach: Reach) -> Iterator[str]:
    tables = {"MDC": ("mdc.csv", scheme.mdcs), "ADRG": ("adrg.csv", scheme.adrgs), "DRG": ("drg.csv", scheme.drgs)}
    for step in scheme.every():
        file, known = tables.get(step.level, ("", {}))
        if file and file not in scheme.missing and step.target not in known:
            yield f"{_step(step)} 不在 {file}"


# Warnings -------------------------------------------------------------------------------------------------------------


@_check("overlap", WARNING, "同一 MDC 内两个 ADRG 都只凭同一主要诊断，后一个得不到它")
def _overlap(scheme: Scheme, reach: Reach) -> Iterator[str]:
    for code, mdc, steps in reach.shared_diagnoses():
        yield f"{code} 在 {'、'.join(_step(step) for step in steps)}，{mdc.target}"


@_check("order", WARNING, "次序：外科、操作、歧义、内科；先期分组在前；与 mdc.csv、adrg.csv 一致")
def _order(scheme: Scheme, reach: Reach) -> Iterator[str]:
    pre_over = False
    for mdc in scheme.running():
        kind = scheme.mdcs[mdc.target].kind if mdc.target in scheme.mdcs else ""
        if kind == "pre" and pre_over:
            yield f"{_step(mdc)} 是先期分组，却排在其他 MDC 之后"
        pre_over = pre_over or kind == "main"
        yield from _kind_order(scheme, mdc)
    yield from _listed_order(scheme)


def _kind_order(scheme: Scheme, mdc: Step) -> Iterator[str]:
    """ADRGs of one MDC that come after a later kind, by the second letter."""
    rank = -1
    before = ""
    for step in scheme.running(mdc):
        mine = _RANK["medical"] - 1 if step.level == "QY" else _RANK.get(adrg_kind(step.target), rank)
        if mine < rank:
            yield f"{_step(step)} 排在 {before} 之后"
        else:
            rank, before = mine, _step(step)


def _listed_order(scheme: Scheme) -> Iterator[str]:
    """Where mdc.csv or adrg.csv states another order than the steps have; and an ADRG of another kind than its name."""
    mdcs = [mdc.target for mdc in scheme.running() if mdc.target in scheme.mdcs]
    if mdcs != sorted(mdcs, key=lambda code: scheme.mdcs[code].order):
        yield "mdc.csv 的 order 与步骤的顺序不同"
    adrgs = list(dict.fromkeys(adrg.target for _, adrg in _adrgs(scheme) if adrg.target in scheme.adrgs))
    listed = [code for code in scheme.adrgs if code in set(adrgs)]
    yield from (f"adrg.csv 中 {b} 的位置在步骤中是 {a}" for a, b in zip(adrgs, listed, strict=True) if a != b)
    for code, group in scheme.adrgs.items():
        if group.kind and adrg_kind(code) and group.kind != adrg_kind(code):
            yield f"adrg.csv:{group.line} {code} 写作 {group.kind}，按第二位字母是 {adrg_kind(code)}"


@_check("leaf_elsewhere", WARNING, "代码不随上级：DRG 不以其 ADRG 开头，或 ADRG 不属于所在的 MDC")
def _elsewhere(scheme: Scheme, reach: Reach) -> Iterator[str]:
    for mdc, adrg in _adrgs(scheme):
        stated = scheme.adrgs[adrg.target].parent if adrg.target in scheme.adrgs else ""
        if stated and stated != mdc.target:
            yield f"{_step(adrg)} 在 {mdc.target}，adrg.csv 写作 {stated}"
        for leaf in scheme.running(adrg):
            if not leaf.target.startswith(adrg.target):
                yield f"{_step(leaf)} 在 {_step(adrg)} 之下"


@_check("unmapped", WARNING, "分组用到的编码不是任何对照表的结果：转换后的病例用不到它")
def _unmapped(scheme: Scheme, reach: Reach) -> Iterator[str]:
    for kind, table, severe in (("dx", scheme.dx_map, (scheme.mcc, scheme.cc)), ("px", scheme.px_map, ())):
        if table is None:
            continue
        becomes = set(table.values())
        used = dict.fromkeys([*_in_order(scheme, kind), *(code for codes in severe for code in codes)])
        yield from (f"{code}（{'诊断' if kind == 'dx' else '手术操作'}）" for code in used if code not in becomes)


def _in_order(scheme: Scheme, kind: str) -> Iterator[str]:
    """Codes of every list of a kind."""
    for one in scheme.lists.values():
        if one.kind == kind:
            yield from one.parts


@_check("list_unused", WARNING, "没有条件用到的码表")
def _unused(scheme: Scheme, reach: Reach) -> Iterator[str]:
    used = {atom.list for step in scheme.every() for clause in step.clauses for atom in clause}
    yield from (f"{name}（{len(one.parts)} 项）" for name, one in scheme.lists.items() if name not in used)


@_check("name_missing", WARNING, "没有名称")
def _nameless(scheme: Scheme, reach: Reach) -> Iterator[str]:
    for file, groups in (("mdc.csv", scheme.mdcs), ("adrg.csv", scheme.adrgs), ("drg.csv", scheme.drgs)):
        yield from (f"{code}（{file}:{group.line}）" for code, group in groups.items() if not group.name.strip())
    for kind, names in (("dx", scheme.dx_names), ("px", scheme.px_names)):
        severe = [*scheme.mcc, *scheme.cc] if kind == "dx" else []
        for code in dict.fromkeys([*_in_order(scheme, kind), *severe]):
            if not names.get(code, "").strip():
                yield f"{code}（{'诊断' if kind == 'dx' else '手术操作'}）"


@_check("exclusion_unused", WARNING, "并发症的排除表没有任何主要诊断，从不排除")
def _exclusions(scheme: Scheme, reach: Reach) -> Iterator[str]:
    known = set(scheme.exclusions.values())
    tables = dict.fromkeys(table for kind in (scheme.mcc, scheme.cc) for table in kind.values())
    yield from (f"表 {table}" for table in tables if table and table not in known)


@_check("repeated", WARNING, "重复的行")
def _repeated(scheme: Scheme, reach: Reach) -> Iterator[str]:
    yield from (f"{note.file}:{note.line} {note.text}" for note in scheme.notes)


@_check("without_effect", WARNING, "写了而不起作用：停用的步骤下的启用步骤、用不到的 otherwise、与总开关相反的歧义步骤")
def _without_effect(scheme: Scheme, reach: Reach) -> Iterator[str]:
    for step in scheme.every():
        above = scheme.by_id.get(step.parent)
        if step.otherwise and step.level != "ADRG":
            yield f"{_step(step)} 的 otherwise {step.otherwise} 只对 ADRG 有效"
        if step.enabled and above is not None and not above.enabled:
            yield f"{_step(step)} 启用，而上级 {_step(above)} 停用"
        if step.level == "QY" and step.enabled and not scheme.runs(step):
            yield f"{_step(step)} 启用，而 scheme.csv 的 qy_enabled 是 0"
    if scheme.facts.get("qy_enabled") == "1" and not any(
        step.level == "QY" and scheme.runs(step) for step in scheme.every()
    ):
        yield "scheme.csv 的 qy_enabled 是 1，而没有启用的歧义步骤"
    for step in scheme.every():
        if any(len(clause) > 1 and any(atom.field == ALWAYS for atom in clause) for clause in step.clauses):
            yield f"{_step(step)} 的 always 与其他条件写在一组"
