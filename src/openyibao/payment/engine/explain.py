"""Why a case is grouped as it is (入组说明), in Chinese, as an expert would set it out.

Every step, list and exclusion table it names is in the tables. The walk is made anew from the tables and must come to
what the compiled grouper says; anything else is a defect of the program and stops it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from openyibao.payment.engine.atoms import complications
from openyibao.payment.engine.compiler import compile_scheme
from openyibao.payment.engine.contracts import EDITIONS, GROUPED, Case, Grouping
from openyibao.payment.engine.grouper import Grouper
from openyibao.payment.engine.replay import NearMiss, Replay, Tried, input_faults, mapping, near_misses, replay
from openyibao.payment.engine.scheme import Atom, Scheme, Step
from openyibao.payment.engine.terms import CODE_FIELDS, DROP, KINDS, adrg_kind
from openyibao.payment.engine.wording import SHORT, asked, plain_value, said

MOST_NEAR = 12
"""Near misses written out; of the others only the codes."""
CONVERTED = {DROP: "弃用", "": "对照表没有"}


@dataclass(frozen=True)
class Explanation:
    """A case explained (入组说明): its result and the text, line by line."""

    case_id: str
    result: Grouping
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def explain(
    scheme: Scheme, case_id: str, case: Case, *, mapped: bool = False, line: int = 0, grouper: Grouper | None = None
) -> Explanation:
    """Explain one case. `line`: where it stands in its file. `grouper`: the compiled scheme, made when not given."""
    place = f"（第 {line} 行）" if line else ""
    lines = [f"病例 {case_id}{place} · 方案 {scheme.name}：{scheme.title}", "", "§病例"]
    lines += _given(scheme, case)
    lines += ["", "§编码"]
    converted, result, walked = case, None, None
    if mapped:
        changed, result, changes = mapping(scheme, case)
        lines += _mapping_lines(scheme, changes, result)
        converted = changed or case
    else:
        edition = scheme.facts.get("code_edition", "")
        stated = EDITIONS.get(edition, edition) or scheme.facts.get("code_system_diagnosis", "") or "未声明"
        lines.append(f"  按原样使用，未转换；方案声明的编码版本：{stated}")
    if result is None:
        walked = replay(scheme, converted)
        result = walked.result
        lines += _walk_lines(scheme, converted, walked)
    compiled = (grouper or Grouper(compile_scheme(scheme))).group(case, mapped=mapped)
    assert compiled == result, f"{case_id}: compiled {compiled}, replayed {result}"
    lines += ["", f"结论：{_conclusion(scheme, result)}"]
    return Explanation(case_id, result, tuple(_numbered(lines)))


def _numbered(lines: list[str]) -> Iterator[str]:
    """Headings, marked §, with their numbers."""
    numbers = iter("一二三四五六七八")
    for line in lines:
        yield line.replace("§", f"{next(numbers)}、", 1) if line.startswith("§") else line


def _given(scheme: Scheme, case: Case) -> Iterator[str]:
    """The case itself."""
    plain = zip(Case._fields[:8], case[:8], strict=True)
    yield "  " + "；".join(plain_value(name, value) for name, value in plain if value not in (None, ""))
    for name, codes, title in (("dx", case.dx, "诊断"), ("px", case.px, "手术操作")):
        names = scheme.diagnosis_name if name == "dx" else scheme.procedure_name
        if not any(codes):
            yield f"  没有{title}"
        for at, code in enumerate(codes):
            yield f"  {'主要' if at == 0 else '其他'}{title} {_named(code or '（空）', names(code))}"


def _named(code: str, name: str) -> str:
    return f"{code} {name}" if name else f"{code}（方案中无名称）"


def _mapping_lines(scheme: Scheme, changes: list[tuple[str, str]], result: Grouping | None) -> Iterator[str]:
    for code, becomes in changes:
        if code != becomes:
            yield f"  {code} → {CONVERTED.get(becomes, becomes)}"
    if all(code == becomes for code, becomes in changes):
        yield "  按对照表转换，编码都不变"
    if result:
        yield f"  {result.status}；不再分组"


def _walk_lines(scheme: Scheme, case: Case, walked: Replay) -> Iterator[str]:
    faults = input_faults(case)
    yield from ("", "§信息校验", "  通过" if not faults else f"  不通过：{'；'.join(faults)}")
    if faults:
        return
    if walked.procedure:
        yield f"  第一次没有入组；方案规定再以其他手术操作逐一重试，以 {walked.procedure} 为唯一手术操作时入组"
        case = case._replace(px=(walked.procedure,))
    yield from ("", "§MDC 与 ADRG，按方案的顺序，先符合者得")
    for tried in walked.tried:
        yield from _tried_lines(scheme, case, tried)
    left = len(scheme.running()) - len(walked.tried)
    if left:
        yield f"  其后 {left} 个 MDC 不再试"
    if not walked.path and not any(case.dx[0] in codes for codes in _main_lists(scheme)):
        yield f"  主要诊断 {case.dx[0]} 不在任何 MDC 的主要诊断表"
    yield from _complication_lines(scheme, case)
    yield from _leaf_lines(scheme, case, walked)
    yield from _near_lines(scheme, case, walked)


def _main_lists(scheme: Scheme) -> Iterator[Collection[str]]:
    """The lists of main diagnoses that let cases into the MDCs."""
    for mdc in scheme.running():
        for clause in mdc.clauses:
            yield from (scheme.lists[atom.list].parts for atom in clause if atom.field == "dx_main" and atom.op == "in")


def _tried_lines(scheme: Scheme, case: Case, tried: Tried, indent: str = "  ") -> Iterator[str]:
    """A step that was asked, and those below it down to the ADRG."""
    yield f"{indent}{_title(scheme, tried.step)}：{_answer(scheme, case, tried)}"
    if tried.step.level == "MDC" and tried.holds:
        for below in tried.below:
            yield from _tried_lines(scheme, case, below, indent + "    ")
        if not any(_takes(below) for below in tried.below):
            yield f"{indent}    {tried.step.target} 没有组接收，看下一个 MDC"
    elif tried.step.level == "ADRG" and tried.holds and not _takes(tried):
        yield f"{indent}    {tried.step.target} 的细分组都不符合，继续往下"


def _takes(tried: Tried) -> bool:
    """Whether a case stays in an ADRG or QY that was asked."""
    if not tried.holds:
        return False
    return tried.step.level != "ADRG" or tried.otherwise or any(below.holds for below in tried.below)


def _title(scheme: Scheme, step: Step) -> str:
    kind = f"·{KINDS[adrg_kind(step.target)]}" if step.level == "ADRG" and adrg_kind(step.target) else ""
    name = scheme.group_name(step.target) or ("歧义组" if step.level == "QY" else "")
    return f"{step.target}{' ' + name if name else ''}（步骤 {step.id}{kind}）"


def _answer(scheme: Scheme, case: Case, tried: Tried) -> str:
    """Why a step holds, or why not: of several clauses each."""
    if not tried.step.clauses:
        return "不符合：这一步没有条件，从不成立"
    if tried.holds:
        clause = tried.step.clauses[next(at for at, unmet in enumerate(tried.unmet) if not unmet)]
        return "符合：" + "；".join(said(atom, case, scheme) for atom in clause)
    many = len(tried.unmet) > 1
    parts = []
    for at, unmet in enumerate(tried.unmet, 1):
        reasons = "；".join(said(atom, case, scheme) for atom in unmet)
        parts.append(f"（{at}）{reasons}" if many else reasons)
    return "不符合：" + " 或 ".join(parts)


def _complication_lines(scheme: Scheme, case: Case) -> Iterator[str]:
    yield from ("", "§并发症与合并症")
    found = complications(case, scheme)
    main = scheme.exclusions.get(case.dx[0], "")
    yield f"  主要诊断 {case.dx[0]} 的排除表：{main or '无'}"
    if not case.dx[1:]:
        yield "  没有其他诊断"
    for code in dict.fromkeys(code for code in case.dx[1:] if code):
        mine = [one for one in found if one.code == code]
        named = _named(code, scheme.diagnosis_name(code))
        if not mine:
            yield f"  {named}：不是 MCC，也不是 CC"
        for one in {one.kind: one for one in mine}.values():
            void = f"与主要诊断同为表 {one.table}，被排除，不计" if one.excluded else f"表 {one.table or '无'}，计入"
            yield f"  {named}：{SHORT[one.kind]}，{void}"


def _leaf_lines(scheme: Scheme, case: Case, walked: Replay) -> Iterator[str]:
    """The leaves of the ADRG taken, in order: which was chosen, and why the others were not."""
    if len(walked.path) < 2 or walked.path[1].level == "QY":
        return
    adrg, last = walked.path[1], walked.path[-1]
    yield from ("", f"§{adrg.target} 的细分组")
    tried = next(t for m in walked.tried if m.step is walked.path[0] for t in m.below if t.step is adrg)
    for one in tried.below:
        chosen = "，选中" if one.step is last else ""
        yield f"  {_title(scheme, one.step)}：{_answer(scheme, case, one)}{chosen}"
    for leaf in scheme.running(adrg)[len(tried.below) :]:
        yield f"  {_title(scheme, leaf)}：排在后面，未试"
    if tried.otherwise:
        yield f"  {'细分组都不符合' if tried.below else '没有细分组'}，按方案以 {adrg.otherwise} 为结果"


def _near_lines(scheme: Scheme, case: Case, walked: Replay) -> Iterator[str]:
    near, late = near_misses(scheme, case, walked.path)
    if not near and not late:
        return
    yield from ("", "§差一项的组")
    for path in late[:MOST_NEAR]:
        yield f"  {_title(scheme, path[-1])}：全部符合，但排在后面"
    close = [(miss, hint) for miss in near if (hint := _hint(scheme, case, miss))]
    for miss, hint in close[:MOST_NEAR]:
        yield f"  {_title(scheme, miss.path[-1])}：只差{_wanted(scheme, miss)}；{hint}"
    told = {id(miss) for miss, _ in close[:MOST_NEAR]}
    rest: dict[str, list[str]] = {}
    for miss in near:
        if id(miss) not in told:
            rest.setdefault(CODE_FIELDS.get(miss.atoms[0].field, "其他条件"), []).append(miss.path[-1].target)
    for what, targets in rest.items():
        shown = "、".join(dict.fromkeys(targets))
        yield f"  只差{what}一项，而病例中没有相应内容：{shown}"


def _wanted(scheme: Scheme, miss: NearMiss) -> str:
    """What would do, each thing once."""
    return " 或 ".join(dict.fromkeys(asked(atom, scheme) for atom in miss.atoms))


def _hint(scheme: Scheme, case: Case, miss: NearMiss) -> str:
    """What of the case speaks for a group it misses; empty when nothing does."""
    return "；".join(dict.fromkeys(text for atom in miss.atoms if (text := _hint_of(scheme, case, atom))))


def _hint_of(scheme: Scheme, case: Case, atom: Atom) -> str:
    if atom.field not in CODE_FIELDS or atom.op not in ("in", "="):
        return said(atom, case, scheme)
    members = scheme.lists[atom.list].parts if atom.list else {atom.value: ""}
    codes = case.dx if atom.field.startswith("dx") else case.px
    inside = [code for code in codes if code in members]
    return f"病例中有 {'、'.join(inside)}，位置不对" if inside else ""


def _conclusion(scheme: Scheme, result: Grouping) -> str:
    if result.status == GROUPED:
        names = [_named(code, scheme.group_name(code)) for code in (result.mdc, result.adrg, result.drg)]
        return f"{result.status}，{' → '.join(names)}"
    return f"{result.status}，mdc {result.mdc}，adrg {result.adrg}，drg {result.drg}"
