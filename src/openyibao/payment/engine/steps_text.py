"""The walk through a scheme in Chinese (逐步说明): every step, complications, leaves, what is one condition away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from openyibao.payment.engine.atoms import complications
from openyibao.payment.engine.contracts import Case
from openyibao.payment.engine.reach import unconditional
from openyibao.payment.engine.replay import NearMiss, Replay, Tried, near_misses
from openyibao.payment.engine.scheme import Atom, Scheme, Step
from openyibao.payment.engine.terms import CODE_FIELDS, KINDS, SEVERITY_FIELDS, adrg_kind
from openyibao.payment.engine.wording import SHORT, asked, named, said

MOST_NEAR = 12
"""Near misses written out; of the others only the codes."""
MOST_CODES = 60
"""Diagnoses or procedures of one record written out."""
VALID_PROCEDURES = "VALID_PX"


def title(scheme: Scheme, step: Step) -> str:
    """A step with its name and number: "GD2 阑尾切除术（步骤 497·外科）"."""
    kind = f"·{KINDS[adrg_kind(step.target)]}" if step.level == "ADRG" and adrg_kind(step.target) else ""
    name = scheme.group_name(step.target) or ("歧义组" if step.level == "QY" else "")
    return f"{step.target}{' ' + name if name else ''}（步骤 {step.id}{kind}）"


def tried_lines(scheme: Scheme, case: Case, tried: Tried, indent: str = "  ") -> Iterator[str]:
    """A step that was asked, and those below it down to the ADRG."""
    yield f"{indent}{title(scheme, tried.step)}：{answer(scheme, case, tried)}"
    if tried.step.level == "MDC" and tried.holds:
        for below in tried.below:
            yield from tried_lines(scheme, case, below, indent + "    ")
        if not any(takes(below) for below in tried.below):
            yield f"{indent}    {tried.step.target} 没有组接收，看下一个 MDC"
    elif tried.step.level == "ADRG" and tried.holds and not takes(tried):
        yield f"{indent}    {tried.step.target} 的细分组都不符合，继续往下"


def takes(tried: Tried) -> bool:
    """Whether a case stays in an ADRG or QY that was asked."""
    if not tried.holds:
        return False
    return tried.step.level != "ADRG" or tried.otherwise or any(below.holds for below in tried.below)


def answer(scheme: Scheme, case: Case, tried: Tried) -> str:
    """Why a step holds, or why not: of several clauses each."""
    if not tried.step.clauses:
        return "不符合：这一步没有条件，从不成立"
    if tried.holds:
        clause = tried.step.clauses[next(at for at, unmet in enumerate(tried.unmet) if not unmet)]
        return "符合：" + "；".join(said(atom, case, scheme) for atom in clause)
    return "不符合：" + why_not(scheme, case, tried)


def why_not(scheme: Scheme, case: Case, tried: Tried) -> str:
    """What a step lacks: of several clauses each with its number."""
    many = len(tried.unmet) > 1
    parts = []
    for at, unmet in enumerate(tried.unmet, 1):
        reasons = "；".join(said(atom, case, scheme) for atom in unmet)
        parts.append(f"（{at}）{reasons}" if many else reasons)
    return " 或 ".join(parts)


def complication_lines(scheme: Scheme, case: Case) -> Iterator[str]:
    """Each further diagnosis: MCC, CC or neither, its exclusion table, whether it counts, and where that is written."""
    found = complications(case, scheme)
    main = scheme.exclusions.get(case.dx[0], "")
    where = scheme.places.row("cc_exclusions.csv", case.dx[0])
    stated = f"{main}{f'（{where}）' if where else ''}" if main else "无，不排除任何并发症"
    yield f"  主要诊断 {case.dx[0]} 的排除表：{stated}"
    further = list(dict.fromkeys(code for code in case.dx[1:] if code))
    if not further:
        yield "  没有其他诊断"
    counts = {one.code for one in found}
    for code in [code for code in further if code in counts][:MOST_CODES]:
        for one in {one.kind: one for one in found if one.code == code}.values():
            row = scheme.places.row(f"{one.kind}.csv", code)
            void = f"与主要诊断同在表 {one.table}，被排除，不计" if one.excluded else f"表 {one.table or '无'}，计入"
            yield f"  {named(scheme, code)}：{SHORT[one.kind]}，{void}{f'（{row}）' if row else ''}"
    neither = [code for code in further if code not in counts]
    if neither:
        shown = "、".join(named(scheme, code) for code in neither[:MOST_CODES])
        rest = f" 等 {len(neither)} 个" if len(neither) > MOST_CODES else ""
        yield f"  不是 MCC，也不是 CC：{shown}{rest}"


def leaf_lines(scheme: Scheme, case: Case, walked: Replay) -> Iterator[str]:
    """The leaves of the ADRG taken, in order: which was chosen, and why the others were not."""
    adrg, last = walked.path[1], walked.path[-1]
    tried = adrg_tried(walked)
    for one in tried.below:
        chosen = "，选中" if one.step is last else ""
        yield f"  {title(scheme, one.step)}：{answer(scheme, case, one)}{chosen}"
    never = last.level == "DRG" and unconditional(last)
    late = f"排在无条件的 {last.target} 之后，永远轮不到" if never else "排在后面，未试"
    for leaf in scheme.running(adrg)[len(tried.below) :]:
        yield f"  {title(scheme, leaf)}：{late}"
    if tried.otherwise:
        yield f"  {'细分组都不符合' if tried.below else '没有细分组'}，按方案以 {adrg.otherwise} 为结果"


def adrg_tried(walked: Replay) -> Tried:
    """The ADRG or QY that took the case, as it was asked."""
    return next(t for m in walked.tried if m.step is walked.path[0] for t in m.below if t.step is walked.path[1])


def near_lines(scheme: Scheme, case: Case, walked: Replay) -> Iterator[str]:
    """Groups one condition away: first those the record has something for; of the others only the codes."""
    near, late = near_misses(scheme, case, walked.path)
    close = close_misses(scheme, case, near)
    for path in [path for path in late if path[-1].level != "QY"][:MOST_NEAR]:
        yield f"  {title(scheme, path[-1])}：全部符合，但排在后面"
    yield from (f"  {text}" for _, text in close[:MOST_NEAR])
    told = {id(miss) for miss, _ in close[:MOST_NEAR]}
    rest: dict[str, list[str]] = {}
    for miss in near:
        if id(miss) not in told:
            rest.setdefault(CODE_FIELDS.get(miss.atoms[0].field, "其他条件"), []).append(miss.path[-1].target)
    for what, targets in rest.items():
        yield f"  只差{what}一项，而病例中没有相应内容：{'、'.join(dict.fromkeys(targets))}"


def close_misses(scheme: Scheme, case: Case, near: Sequence[NearMiss]) -> list[tuple[NearMiss, str]]:
    """Of groups one condition away those that the record has something for, in words."""
    hints = [(miss, _hint(scheme, case, miss)) for miss in near]
    return [
        (miss, f"{title(scheme, miss.path[-1])}：只差{_wanted(scheme, miss)}；{hint}") for miss, hint in hints if hint
    ]


def _wanted(scheme: Scheme, miss: NearMiss) -> str:
    """What would do, each thing once."""
    if all(atom.field in SEVERITY_FIELDS and atom.op == "present" for atom in miss.atoms):
        return f"一个未被排除的 {' 或 '.join(dict.fromkeys(SHORT[atom.field] for atom in miss.atoms))}"
    return " 或 ".join(dict.fromkeys(asked(atom, scheme) for atom in miss.atoms))


def _hint(scheme: Scheme, case: Case, miss: NearMiss) -> str:
    """What of the case speaks for a group it misses; empty when nothing does."""
    return "；".join(dict.fromkeys(text for atom in miss.atoms if (text := _hint_of(scheme, case, atom))))


def _hint_of(scheme: Scheme, case: Case, atom: Atom) -> str:
    if atom.field in SEVERITY_FIELDS and atom.op == "present":
        void = [one for one in complications(case, scheme) if one.kind == atom.field]
        return said(atom, case, scheme) if void else f"病例中没有 {SHORT[atom.field]}"
    if atom.field not in CODE_FIELDS or atom.op not in ("in", "="):
        return said(atom, case, scheme)
    members = scheme.lists[atom.list].parts if atom.list else {atom.value: ""}
    procedure = atom.field.startswith("px")
    inside = [code for code in dict.fromkeys(case.px if procedure else case.dx) if code in members]
    if not inside:
        return ""
    shown = "、".join(named(scheme, code, procedure=procedure) for code in inside[:MOST_NEAR])
    place = CODE_FIELDS[atom.field]
    return f"病例中有 {shown}，但不是{place}" if atom.field.endswith("_main") else f"病例中有 {shown}，但不作为{place}"
