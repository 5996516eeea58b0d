"""Why a case is grouped as it is (入组说明), in Chinese, as a hospital's coders would have it: the answer first.

First the group and what led to it, each code with its name and the row of the table; then what is worth a second
look; then every step. The walk is made anew from the tables and must come to what the compiled grouper says; anything
else is a defect of the program and stops it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from openyibao.payment.engine.compiler import compile_scheme
from openyibao.payment.engine.contracts import EDITIONS, Case, Grouping
from openyibao.payment.engine.explain_json import as_json
from openyibao.payment.engine.grouper import Grouper
from openyibao.payment.engine.replay import input_faults, mapping, replay, unreadable
from openyibao.payment.engine.scheme import Scheme
from openyibao.payment.engine.steps_text import (
    MOST_CODES,
    complication_lines,
    leaf_lines,
    near_lines,
    tried_lines,
)
from openyibao.payment.engine.terms import DROP, number
from openyibao.payment.engine.told import Told
from openyibao.payment.engine.verdict import second_look, verdict
from openyibao.payment.engine.whatif import others
from openyibao.payment.engine.wording import named, plain_value

CONVERTED = {DROP: "弃用", "": "对照表没有"}


@dataclass(frozen=True)
class Explanation:
    """A case explained (入组说明): its result, the text line by line, and the same as data."""

    case_id: str
    result: Grouping
    lines: tuple[str, ...]
    data: dict[str, Any] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        return "\n".join(self.lines)


def explain(
    scheme: Scheme,
    case_id: str,
    case: Case,
    *,
    mapped: bool = False,
    line: int = 0,
    grouper: Grouper | None = None,
    cells: Mapping[str, str] | None = None,
) -> Explanation:
    """Explain one case. `line`: where it stands in its file. `grouper`: the compiled scheme, made when not given.

    cells: the plain cells as they are written, to name those that cannot be read.
    """
    grouper = grouper or Grouper(compile_scheme(scheme))
    result: Grouping | None = None
    used, changes = case, list[tuple[str, str]]()
    if mapped:
        converted, result, changes = mapping(scheme, case)
        used = converted or case
    faults = [] if result else input_faults(used, cells)
    walked = replay(scheme, used) if result is None else None
    if walked:
        result = walked.result
    assert result is not None
    compiled = grouper.group(case, mapped=mapped)
    assert compiled == result, f"{case_id}: compiled {compiled}, replayed {result}"
    further = others(scheme, grouper, used, result) if walked and not faults else []
    told = Told(case_id, line, case, used, cells or {}, mapped, changes, faults, walked, result, further)
    return Explanation(case_id, result, tuple(_text(scheme, told)), as_json(scheme, told))


def _text(scheme: Scheme, told: Told) -> Iterator[str]:
    place = f"（第 {told.line} 行）" if told.line else ""
    yield f"病例 {told.case_id}{place} · 方案 {scheme.name}：{scheme.title}"
    yield ""
    yield from verdict(scheme, told)
    look = list(second_look(scheme, told))
    if look:
        yield from ("", "值得核对（只按分组规则推算；主要诊断、主要手术的选择以病历和编码规则为准）", *look)
    numbers = iter("一二三四五六七八")
    for heading, lines in _sections(scheme, told):
        yield from ("", f"{next(numbers)}、{heading}", *lines)


def _sections(scheme: Scheme, told: Told) -> Iterator[tuple[str, list[str]]]:
    """The steps one by one: heading and lines."""
    yield "病例", list(_given(scheme, told))
    yield "编码", list(_coding(scheme, told))
    if told.walked is None:
        return
    yield "信息校验", ["  通过"] if not told.faults else [f"  不通过：{'；'.join(told.faults)}"]
    if told.faults:
        return
    case, walked = told.used, told.walked
    again = []
    if walked.procedure:
        shown = named(scheme, walked.procedure, procedure=True)
        again = [f"  第一次没有入组；方案规定再以其他手术操作逐一重试，以 {shown} 为唯一手术操作时入组"]
        case = case._replace(px=(walked.procedure,))
    elif scheme.retries and len([code for code in case.px[1:] if code]) and not walked.path:
        again = ["  没有入组；按方案再以其他手术操作逐一重试，仍没有入组"]
    tried = [text for step in walked.tried for text in tried_lines(scheme, case, step)]
    left = len(scheme.running()) - len(walked.tried)
    if left:
        tried.append(f"  其后 {left} 个 MDC 不再试")
    yield "MDC 与 ADRG，按方案的顺序，先符合者得", [*again, *tried]
    yield "并发症与合并症", list(complication_lines(scheme, case))
    if len(walked.path) > 1 and walked.path[1].level == "ADRG":
        yield f"{walked.path[1].target} 的细分组", list(leaf_lines(scheme, case, walked))
    near = list(near_lines(scheme, case, walked))
    if near:
        yield "差一项的组", near


def _given(scheme: Scheme, told: Told) -> Iterator[str]:
    """The case itself: what cannot be read as it is written."""
    case = told.given
    shown = []
    for name, value in zip(Case._fields[:8], case[:8], strict=True):
        written = told.cells.get(name, "").strip()
        if value in (None, "") and not unreadable(name, written):
            value = number(written)
        if value not in (None, ""):
            shown.append(plain_value(name, value))
        elif written:
            shown.append(f"{plain_value(name, None).removesuffix('未填')}“{written}”")
    yield "  " + "；".join(shown)
    for codes, title in ((case.dx, "诊断"), (case.px, "手术操作")):
        if not any(codes):
            yield f"  没有{title}"
        for at, code in enumerate(codes[:MOST_CODES]):
            where = "主要" if at == 0 else "其他"
            yield f"  {where}{title} {named(scheme, code, procedure=codes is case.px)}"
        if len(codes) > MOST_CODES:
            yield f"  另有 {len(codes) - MOST_CODES} 个{title}"


def _coding(scheme: Scheme, told: Told) -> Iterator[str]:
    """Which edition the codes are taken to be of, and what conversion did."""
    if not told.mapped:
        yield f"  按原样使用，未转换；方案声明的编码版本：{_editions(scheme.facts)}"
        return
    for code, becomes in told.changes:
        if code != becomes:
            yield f"  {code} → {CONVERTED.get(becomes, becomes)}"
    if all(code == becomes for code, becomes in told.changes):
        yield "  按对照表转换，编码都不变"
    if told.walked is None:
        yield f"  {told.result.status}；不再分组"


def _editions(facts: Mapping[str, str]) -> str:
    stated = facts.get("code_edition", "")
    words = [facts.get(key, "") for key in ("code_system_diagnosis", "code_system_procedure")]
    return EDITIONS.get(stated, stated) or "，".join(text for text in words if text) or "未声明"
