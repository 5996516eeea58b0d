"""Reads the kernel's trace back into what an officer would say, with the file, key and source of every figure.

The trace is the kernel's own record; nothing is calculated a second time here except to put numbers side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from openyibao.kernel.money import percent_text, yuan_text
from openyibao.policy.compiler import LayerRow
from openyibao.policy.fold import PersonYear, Reversed, Settled
from openyibao.policy.kernel import TRACE_HEAD
from openyibao.policy.rulebook import Provenance, Version
from openyibao.policy.terms import (
    BENEFITS,
    CERTAINTIES,
    FIELDS,
    FILINGS,
    LABELS,
    ORIGINS,
    SCHEMES,
    layer_name,
)

STANDINGS = {"assumed": "假定", "extended": "沿用（超出证据年份）", "": ""}


@dataclass(frozen=True)
class LayerTrace:
    """What the kernel recorded of one layer. Money in fen; raw in 1/10,000 fen."""

    row: LayerRow
    measured: int
    before: int
    deductible: int
    raw: int
    paid: int
    nth: int
    slices: tuple[tuple[int, int], ...]

    @property
    def whole(self) -> int:
        """Payment before caps, rounded half up."""
        return (self.raw + 5_000) // 10_000


@dataclass(frozen=True)
class UsedFigure:
    """A figure that decided something in this visit."""

    path: str
    what: str
    value: str
    provenance: Provenance
    standing: str


def layers(settled: Settled) -> Iterator[LayerTrace]:
    """The trace of a visit, layer by layer."""
    trace = settled.split.trace
    at = 0
    while at < len(trace):
        k, length, measured, before, deductible, raw, paid, nth = trace[at : at + TRACE_HEAD]
        body = trace[at + TRACE_HEAD : at + length]
        pairs = tuple((body[i], body[i + 1]) for i in range(0, len(body), 2))
        yield LayerTrace(settled.split.cell.rows[k], measured, before, deductible, raw, paid, nth, pairs)
        at += length


def figures(settled: Settled) -> list[UsedFigure]:
    """Every figure that decided something in this visit, in the order it was used, each once."""
    found: dict[str, UsedFigure] = {}
    day = settled.visit.day

    def use(version: Version, path: str, what: str) -> None:
        key = version.key(path)
        if key not in found:
            origin = version.provenance(path, settled.book.rulebook)
            found[key] = UsedFigure(key, what, _written(version, path), origin, origin.standing_on(day))

    segment = settled.book.segment(day) if not settled.visit.exclusion else None
    if settled.remote_path and settled.bill.in_scope and segment and segment.remote:
        use(segment.remote, settled.remote_path, "异地首先自付")
    for trace in layers(settled):
        if trace.measured:
            for path, what in _used_paths(trace, settled):
                use(trace.row.version, path, what)
    if segment and settled.visit.level in segment.read_as:
        level = segment.read_as[settled.visit.level]
        if any(level in figure.path.split(".") for figure in found.values()):
            holder = settled.book.rulebook.files[segment.read_as_path.partition("#")[0]].on(segment.start)
            if holder is not None:
                use(holder, f"read_as.{settled.visit.level}", "机构级别")
    return list(found.values())


def _used_paths(trace: LayerTrace, settled: Settled) -> Iterator[tuple[str, str]]:
    name = layer_name(trace.row.layer)
    paths = trace.row.paths
    waived = settled.bill.waive and "nth" in paths
    if not waived:
        for path in paths.get("deductible", ()):
            yield path, f"{name}起付线"
    if paths.get("nth") and not waived and trace.nth:
        yield paths["nth"][min(trace.nth, len(paths["nth"])) - 1], f"第 {trace.nth} 次住院起付线比例"
    for tier, _ in trace.slices:
        for path in paths[f"tier.{tier}"]:
            yield path, f"{name}支付比例" if ".rate" in path else f"{name}分段界限"
    if trace.slices:
        for path in paths.get("bonus", ()):
            yield path, f"{name}比例加成"
        if settled.bill.herb:
            for path in paths.get("herb", ()):
                yield path, "中草药加成"
        for part in ("visit_cap", "cap"):
            for path in paths.get(part, ()):
                yield path, f"{name}限额"
    for path in paths.get("top_up", ()):
        yield path, "兜底比例"


def _written(version: Version, path: str) -> str:
    node: object = version.body
    for key in path.split("."):
        if isinstance(node, list):
            node = node[int(key) - 1] if key.isdigit() and int(key) <= len(node) else ""
        elif isinstance(node, dict):
            node = node.get(key, "")
    return str(node)


def provisional(settled: Settled) -> list[str]:
    """Paths of assumed or extended figures that decided something, sorted."""
    return sorted(figure.path for figure in figures(settled) if figure.standing)


# Text -----------------------------------------------------------------------------------------------------------


def explain(year: PersonYear) -> str:
    """The reasoning of a whole case, visit by visit and layer by layer, in Chinese."""
    parts = []
    for row in year.rows:
        parts.append(_explain_reversal(row) if isinstance(row, Reversed) else explain_visit(row))
    return "\n\n".join(parts)


def _explain_reversal(row: Reversed) -> str:
    lines = [
        f"【第 {row.visit.index} 笔】{row.visit.day} 冲销第 {row.target.visit.index} 笔："
        f"原单各项取负，费用 -{yuan_text(row.target.visit.total)} 元；计数器按其余就诊重放。"
    ]
    if row.target.account:
        lines.append(f"  个人账户退回 {yuan_text(row.target.account)} 元，余额 {yuan_text(row.balance)} 元。")
    for index, changes in row.adjustments:
        said = "、".join(f"{layer_name(layer)} {_signed(amount)} 元" for layer, amount in changes.items())
        lines.append(f"  对第 {index} 笔的影响（只列差额，不改原单）：{said}。")
    return "\n".join(lines)


def explain_visit(settled: Settled) -> str:
    """The reasoning of one visit."""
    visit = settled.visit
    lines = [_headline(settled), _components(settled)]
    if visit.exclusion or settled.notes:
        lines += [f"  注：{note}。" for note in settled.notes]
    if settled.third_party:
        lines.append(
            f"  第三人责任 {percent_text(visit.third_party_bp)}：{yuan_text(settled.third_party)} 元先从各项扣除，"
            "由个人向第三人追索。"
        )
    if settled.split.remote or settled.filing:
        lines.append(
            f"  异地就医（{FILINGS[settled.filing]}）：首先自付 {percent_text(settled.bill.remote_bp)} × "
            f"{yuan_text(settled.bill.in_scope)} = {yuan_text(settled.split.remote)} 元，由个人负担，不进入后续各层。"
        )
    if not settled.split.cell.in_force:
        lines.append(f"  该日尚无此待遇（{settled.split.cell.none_before}），各项基金支付 0 元。")
    for trace in layers(settled):
        if trace.measured:
            lines += _explain_layer(trace, settled)
    if settled.facts.group and len(settled.person.groups) > 1:
        lines.append(f"  多重身份只取一种：本次按 {LABELS[settled.facts.group]} 计，为各身份中最优。")
    lines += [f"  缺口：{gap}（该地区没有这一层的政策，不在支付链中）。" for gap in settled.split.cell.gaps]
    lines.append(_person_side(settled))
    if settled.supplement:
        lines.append(f"  城市定制险另付 {yuan_text(settled.supplement)} 元，不入基金，不改变上面的个人负担。")
    if settled.receivable:
        lines.append(f"  基金先行支付，对第三人形成应收 {yuan_text(settled.receivable)} 元。")
    lines += _sources(settled)
    return "\n".join(lines)


def _headline(settled: Settled) -> str:
    visit, person = settled.visit, settled.person
    who = "、".join(
        filter(
            None,
            (
                SCHEMES[person.scheme],
                LABELS.get(person.status, ""),
                *(LABELS[group] for group in person.groups),
            ),
        )
    )
    where = LABELS.get(visit.level, "") + (f"，{ORIGINS[visit.origin]}" if visit.origin else "")
    what = BENEFITS[visit.benefit] + (f"（{visit.disease}）" if visit.disease else "")
    return f"【第 {visit.index} 笔】{visit.day} {what}" + (f"，{where}" if where else "") + f"；{who}"


def _components(settled: Settled) -> str:
    visit = settled.visit
    parts = [
        ("政策范围内", visit.in_scope),
        ("全自费", visit.non_covered),
        ("超限价", visit.over_limit),
        ("先行自付", visit.prior_self_pay),
        ("特药", visit.special_drug),
    ]
    said = " + ".join(f"{name} {yuan_text(amount)}" for name, amount in parts if amount) or "0.00"
    return f"  费用 {yuan_text(visit.total)} 元 = {said}"


def _explain_layer(trace: LayerTrace, settled: Settled) -> list[str]:
    row = trace.row
    field = FIELDS.get(row.pays_as, row.pays_as)
    lines = [f"  ▸ {layer_name(row.layer)}（{field} {row.pays_as}）"]
    if "top_up" in row.paths:
        share = percent_text(row.rates[0][1])
        lines.append(
            f"      剩余范围内负担 {yuan_text(trace.measured)} 元，超过范围内费用 {share} 的部分补足："
            f"{yuan_text(trace.paid)} 元"
        )
        return lines
    lines.append(
        f"      计入 {yuan_text(trace.measured)} 元，本年累计 {yuan_text(trace.before)} → "
        f"{yuan_text(trace.before + trace.measured)} 元"
    )
    if "deductible" in row.paths:
        lines.append("      " + _deductible_text(trace, settled))
    for tier, amount in trace.slices:
        lines.append("      " + _slice_text(row, tier, amount))
    if settled.bill.herb and "herb" in row.paths and trace.slices:
        lines.append(f"      其中中草药 {yuan_text(settled.bill.herb)} 元按比例另加 {_herb_rate(row)}")
    if trace.paid != trace.whole:
        lines.append(f"      应付 {yuan_text(trace.whole)} 元，受限额约束，实付 {yuan_text(trace.paid)} 元")
    else:
        lines.append(f"      支付 {yuan_text(trace.paid)} 元")
    return lines


def _herb_rate(row: LayerRow) -> str:
    return _written(row.version, row.paths["herb"][0])


def _deductible_text(trace: LayerTrace, settled: Settled) -> str:
    row = trace.row
    if "nth" in row.paths:
        if settled.bill.waive:
            return "下转不再收起付线"
        joined = "，同一次住院已负担部分抵减" if settled.bill.stay and settled.bill.stay[1] else ""
        return f"起付线 {yuan_text(trace.deductible)} 元（本年第 {trace.nth} 次住院{joined}）"
    yearly = _written(row.version, row.paths["deductible"][0])
    return f"起付线 {yuan_text(trace.deductible)} 元（年度 {yearly} 元，累计前 {yuan_text(trace.before)} 元）"


def _slice_text(row: LayerRow, tier: int, amount: int) -> str:
    upto, rate, written = row.rates[tier]
    low = row.rates[tier - 1][0] if tier else 0
    span = "" if len(row.rates) == 1 else f"（{yuan_text(low)}—{yuan_text(upto) if upto >= 0 else '以上'}）"
    plus = f"（{percent_text(written)} + {percent_text(rate - written)}）" if rate != written else ""
    return f"{yuan_text(amount)} × {percent_text(rate)}{plus} = {_exact(amount * rate)}{span}"


def _exact(ten_thousandths: int) -> str:
    """Product in 1/10,000 fen as yuan, with as many decimals as it has."""
    whole, part = divmod(ten_thousandths, 1_000_000)
    return f"{whole}.{part:06d}".rstrip("0").ljust(len(str(whole)) + 3, "0")


def _person_side(settled: Settled) -> str:
    cash = settled.burden - settled.account
    return (
        f"  合计：基金 {yuan_text(settled.funds)} 元，个人负担 {yuan_text(settled.burden)} 元"
        f"（个人账户 {yuan_text(settled.account)}，现金 {yuan_text(cash)}；账户余额 {yuan_text(settled.balance)}）"
    )


def _sources(settled: Settled) -> list[str]:
    lines = ["  依据："]
    for figure in figures(settled):
        origin = figure.provenance
        standing = f" ⚠ {STANDINGS[figure.standing]}" if figure.standing else ""
        spread = f"，可能在 {origin.low}—{origin.high}" if origin.low else ""
        note = f"（{origin.note}）" if origin.note else ""
        lines.append(
            f"    {figure.what} {figure.value} ← {figure.path}"
            f"：{f'{origin.title}，' if origin.title else ''}{CERTAINTIES[origin.certainty]}{note}{spread}{standing}"
        )
    return lines if len(lines) > 1 else []


def _signed(fen: int) -> str:
    return ("+" if fen > 0 else "") + yuan_text(fen)
