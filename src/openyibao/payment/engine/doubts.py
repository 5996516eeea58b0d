"""Warnings about a scheme that loads (方案的疑问): what works and yet wants an explanation."""

from __future__ import annotations

from collections.abc import Iterator

from openyibao.payment.engine.reach import Reach
from openyibao.payment.engine.scheme import Scheme, Step
from openyibao.payment.engine.spots import Kind, Spot, adrgs, at_condition, at_step, named
from openyibao.payment.engine.terms import ALWAYS, adrg_kind
from openyibao.payment.engine.terms import KINDS as KINDS_OF_ADRG

_RANK = {kind: 2 * at for at, kind in enumerate(KINDS_OF_ADRG)}
CHECKED_BY = {
    "mdc.csv": "MDC 的名称与次序",
    "adrg.csv": "ADRG 的名称、所属与次序",
    "drg.csv": "没有建成的 DRG",
    "icd10_map.csv": "诊断编码的对照",
    "icd9cm3_map.csv": "手术操作编码的对照",
    "icd10_names.csv": "诊断名称",
    "icd9cm3_names.csv": "手术操作名称",
}
"""Tables a scheme can do without, and what cannot be checked then."""


def _overlap(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    for field in ("dx_main", "px_main"):
        for code, mdc, steps in reach.shared(field):
            list_id = _list_with(scheme, steps[-1], field, code)
            yield Spot(
                scheme.places.listed(list_id, code),
                f"{code} 在 {'、'.join(named(step) for step in steps)}，{mdc.target}",
            )


def _list_with(scheme: Scheme, step: Step, field: str, code: str) -> str:
    """A list of a step that has a code."""
    atoms = [atom for clause in step.clauses for atom in clause if atom.field == field and atom.list]
    return next((atom.list for atom in atoms if code in scheme.lists[atom.list].parts), "")


def _order(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    pre_over = False
    for mdc in scheme.running():
        kind = scheme.mdcs[mdc.target].kind if mdc.target in scheme.mdcs else ""
        if kind == "pre" and pre_over:
            yield at_step(mdc, " 是先期分组，却排在其他 MDC 之后")
        pre_over = pre_over or kind == "main"
        yield from _kind_order(scheme, mdc)
    yield from _listed_order(scheme)


def _kind_order(scheme: Scheme, mdc: Step) -> Iterator[Spot]:
    """ADRGs of one MDC that come after a later kind, by the second letter."""
    rank = -1
    before = ""
    for step in scheme.running(mdc):
        mine = _RANK["medical"] - 1 if step.level == "QY" else _RANK.get(adrg_kind(step.target), rank)
        if mine < rank:
            yield at_step(step, f" 排在 {before} 之后")
        else:
            rank, before = mine, named(step)


def _listed_order(scheme: Scheme) -> Iterator[Spot]:
    """Where mdc.csv or adrg.csv states another order than the steps have; and an ADRG of another kind than its name."""
    mdcs = [mdc.target for mdc in scheme.running() if mdc.target in scheme.mdcs]
    stated = sorted(mdcs, key=lambda code: scheme.mdcs[code].order)
    for mine, theirs in zip(mdcs, stated, strict=True):
        if mine != theirs:
            yield Spot(f"mdc.csv:{scheme.mdcs[theirs].line}", f"{theirs} 的 order 与步骤的顺序不同：此处步骤是 {mine}")
    called = list(dict.fromkeys(adrg.target for _, adrg in adrgs(scheme) if adrg.target in scheme.adrgs))
    listed = [code for code in scheme.adrgs if code in set(called)]
    for mine, theirs in zip(called, listed, strict=True):
        if mine != theirs:
            yield Spot(f"adrg.csv:{scheme.adrgs[theirs].line}", f"{theirs} 的位置在步骤中是 {mine}")
    for code, group in scheme.adrgs.items():
        if group.kind and adrg_kind(code) and group.kind != adrg_kind(code):
            yield Spot(f"adrg.csv:{group.line}", f"{code} 写作 {group.kind}，按第二位字母是 {adrg_kind(code)}")
    for code, group in scheme.mdcs.items():
        if group.kind not in ("pre", "main"):
            yield Spot(f"mdc.csv:{group.line}", f"{code} 的 kind 写作 {group.kind!r}，应为 pre 或 main")


def _elsewhere(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    for mdc, adrg in adrgs(scheme):
        stated = scheme.adrgs[adrg.target].parent if adrg.target in scheme.adrgs else ""
        if stated and stated != mdc.target:
            yield Spot(
                f"adrg.csv:{scheme.adrgs[adrg.target].line}", f"{named(adrg)} 在 {mdc.target}，此处写作 {stated}"
            )
        for leaf in scheme.running(adrg):
            if not leaf.target.startswith(adrg.target):
                yield at_step(leaf, f" 在 {named(adrg)} 之下")


def _unmapped(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    for kind, table in (("dx", scheme.dx_map), ("px", scheme.px_map)):
        becomes = set(table.values()) if table is not None else set()
        for code, place in _used(scheme, kind) if table is not None else ():
            if code not in becomes:
                yield _code_spot(scheme, kind, code, place)


def _not_in_map(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    for kind, table in (("dx", scheme.dx_map), ("px", scheme.px_map)):
        becomes = set(table.values()) if table is not None else set()
        for code, place in _used(scheme, kind) if table is not None else ():
            if code in becomes and table is not None and code not in table:
                yield _code_spot(scheme, kind, code, place)


def _used(scheme: Scheme, kind: str) -> Iterator[tuple[str, str]]:
    """Codes that grouping uses, each once, with the list or table that has it."""
    found: dict[str, str] = {}
    for name, one in scheme.lists.items():
        if one.kind == kind:
            for code in one.parts:
                found.setdefault(code, name)
    for file, codes in (("mcc.csv", scheme.mcc), ("cc.csv", scheme.cc)) if kind == "dx" else ():
        for code in codes:
            found.setdefault(code, file)
    yield from found.items()


def _code_spot(scheme: Scheme, kind: str, code: str, place: str) -> Spot:
    """A code where a list or a table of complications has it."""
    at = scheme.places.row(place, code) if place.endswith(".csv") else scheme.places.listed(place, code)
    sort = "诊断" if kind == "dx" else "手术操作"
    return Spot(at, f"{code}（{sort}）", sort)


def _unused(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    used = {atom.list for step in scheme.every() for clause in step.clauses for atom in clause}
    for name, one in scheme.lists.items():
        if name not in used:
            yield Spot(scheme.places.of_list(name), f"{name}（{len(one.parts)} 项）")


def _nameless(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    for file, groups in (("mdc.csv", scheme.mdcs), ("adrg.csv", scheme.adrgs), ("drg.csv", scheme.drgs)):
        for code, group in groups.items():
            if not group.name.strip():
                yield Spot(f"{file}:{group.line}", code)
    for kind, file, names in (
        ("dx", "icd10_names.csv", scheme.dx_names),
        ("px", "icd9cm3_names.csv", scheme.px_names),
    ):
        for code, place in _used(scheme, kind) if file not in scheme.missing else ():
            if not names.get(code, "").strip():
                yield _code_spot(scheme, kind, code, place)


def _exclusions(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    known = set(scheme.exclusions.values())
    first: dict[str, str] = {}
    for file, codes in (("mcc.csv", scheme.mcc), ("cc.csv", scheme.cc)):
        for code, table in codes.items():
            if table and table not in known and table not in first:
                first[table] = scheme.places.row(file, code)
    yield from (Spot(place, f"表 {table}") for table, place in first.items())


def _repeated(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    yield from (Spot(f"{note.file}:{note.line}", note.text) for note in scheme.notes)


def _missing(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    for file in scheme.missing:
        if file in CHECKED_BY:
            yield Spot(file, f"没有这张表，未检查{CHECKED_BY[file]}")


def _without_effect(scheme: Scheme, reach: Reach) -> Iterator[Spot]:
    for step in scheme.every():
        above = scheme.by_id.get(step.parent)
        if step.otherwise and step.level != "ADRG":
            yield at_step(step, f" 的 otherwise {step.otherwise} 只对 ADRG 有效")
        if step.enabled and above is not None and not above.enabled:
            yield at_step(step, f" 启用，而上级 {named(above)} 停用")
        if step.level == "QY" and step.enabled and not scheme.runs(step):
            yield at_step(step, " 启用，而 scheme.csv 的 qy_enabled 是 0")
        for clause in step.clauses:
            if len(clause) > 1:
                always = [atom for atom in clause if atom.field == ALWAYS]
                yield from (at_condition(step, atom, " 的 always 与其他条件写在一组") for atom in always)
    ambiguous = any(step.level == "QY" and scheme.runs(step) for step in scheme.every())
    if scheme.facts.get("qy_enabled") == "1" and not ambiguous:
        yield Spot(scheme.places.row("scheme.csv", "qy_enabled"), "qy_enabled 是 1，而没有启用的歧义步骤")


KINDS = (
    Kind("overlap", "同一 MDC 内两个 ADRG 都只凭同一主要诊断或主要手术操作，后一个得不到它", _overlap),
    Kind("order", "次序：外科、操作、歧义、内科；先期分组在前；与 mdc.csv、adrg.csv 一致", _order),
    Kind("leaf_elsewhere", "代码不随上级：DRG 不以其 ADRG 开头，或 ADRG 不属于所在的 MDC", _elsewhere),
    Kind("unmapped", "分组用到的编码不是任何对照表的结果：转换后的病例用不到它", _unmapped),
    Kind("not_in_map", "分组用到的编码不能作输入：对照表里没有它这一行，转换时会被拒绝", _not_in_map),
    Kind("list_unused", "没有条件用到的码表", _unused),
    Kind("name_missing", "没有名称", _nameless),
    Kind("exclusion_unused", "并发症的排除表没有任何主要诊断，从不排除", _exclusions),
    Kind("repeated", "重复的行", _repeated),
    Kind("table_missing", "缺少的表：可以分组，但有些检查做不了", _missing),
    Kind(
        "without_effect",
        "写了而不起作用：停用的步骤下的启用步骤、用不到的 otherwise、与总开关相反的歧义步骤",
        _without_effect,
    ),
)
