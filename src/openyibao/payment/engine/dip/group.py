"""Groups stays by a directory (DIP 入组) and tells one of them as an expert would."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

from openyibao.kernel.money import yuan_text
from openyibao.payment.engine.dip.auxiliary import factor_of
from openyibao.payment.engine.dip.directory import KINDS, Directory, Group
from openyibao.payment.engine.dip.select import Selector
from openyibao.payment.engine.pack.exact import fraction_text, scaled_text
from openyibao.payment.engine.pack.stays import Stay

GROUPED = "分组成功"
BLANK = "空白病组"
COLUMNS = ("case_id", "status", "group", "kind", "treatment", "score", "factor", "severity", "cci", "by_cost")


class Grouped(NamedTuple):
    """A stay with its group (入组结果): factor in 1/10,000; `by_cost` when the bill decided between equal groups."""

    stay: Stay
    group: Group | None
    factor: int
    severity: int
    comorbidity: int
    by_cost: bool

    def row(self) -> tuple[str, ...]:
        """As a row of `COLUMNS`."""
        group = self.group
        if group is None:
            return (self.stay.case_id, BLANK, "", "", "", "", "", "", "", "0")
        return (
            self.stay.case_id,
            GROUPED,
            group.code,
            group.kind,
            group.treatment,
            scaled_text(group.score, 2),
            scaled_text(self.factor, 4),
            str(self.severity),
            str(self.comorbidity),
            "1" if self.by_cost else "0",
        )


def group_stays(directory: Directory, stays: Iterable[Stay]) -> Iterator[Grouped]:
    """Group stays one after the other, in their order."""
    selector = Selector(directory)
    choose, rules = selector.choose, directory.parameters.auxiliary
    for stay in stays:
        chosen = choose(stay.dx, stay.px, stay.total_fen)
        if chosen.group is None:
            yield Grouped(stay, None, 0, 0, 0, False)
            continue
        found = factor_of(stay, rules)
        yield Grouped(stay, chosen.group, found.factor, found.severity, found.index, chosen.by_cost)


def explain_stay(directory: Directory, stay: Stay) -> list[str]:
    """How one stay came into its group and what its score is, line by line."""
    chosen = Selector(directory).explain(stay.dx, stay.px, stay.total_fen)
    codes = f"诊断 {'、'.join(stay.dx)}；手术操作 {'、'.join(stay.px) or '无'}"
    lines = [f"病例 {stay.case_id}：{codes}；费用 {yuan_text(stay.total_fen)} 元，住院 {stay.los} 日", *chosen.log]
    group = chosen.group
    if group is None:
        return [*lines, "空白病组没有分值，按支付方式包的未入组规则支付"]
    lines.append(
        f"分值 {scaled_text(group.score, 2)}：{KINDS[group.kind]}，{group.cases} 例，"
        f"均费 {yuan_text(group.mean_fen)} 元，"
        f"变异系数 {scaled_text(group.variation, 4)}"
        + ("；基层病组" if group.basic else "")
        + ("；不稳定" if group.unstable else "")
    )
    factor = factor_of(stay, directory.parameters.auxiliary, told=True)
    lines += [f"  {why}" for why in factor.why]
    middle = group.mean_by_level.get(stay.level) or group.mean_fen
    ratio = Fraction(stay.total_fen, middle)
    lines.append(
        f"费用与{'本组同级别' if stay.level in group.mean_by_level else '本组'}均费 {yuan_text(middle)} 元之比 "
        f"{fraction_text(ratio)}"
    )
    return lines
