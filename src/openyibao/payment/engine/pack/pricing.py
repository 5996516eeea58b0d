"""From a stay to what it is worth (计价): unit -> coefficient -> price -> outlier -> patient side, each once, in order.

A rate gives a standard in fen at once. A floating price gives points, whose value is known when the period is
distributed (`period`). Whatever divides is held as a fraction and rounded once; the same code prices and explains.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from openyibao.kernel.errors import Refused
from openyibao.kernel.money import share, yuan_text
from openyibao.payment.engine.pack import terms
from openyibao.payment.engine.pack.errors import NegativeShare, NoMethodTakes
from openyibao.payment.engine.pack.exact import TEN_THOUSAND, half_up, rounded, scaled_text
from openyibao.payment.engine.pack.grouped import grouped_worth
from openyibao.payment.engine.pack.pack import Disease, Method, Version
from openyibao.payment.engine.pack.patient import fund_share
from openyibao.payment.engine.pack.special import Decision
from openyibao.payment.engine.pack.stays import NO_GROUP, GroupOf, Stay
from openyibao.payment.engine.pack.steps import Steps
from openyibao.payment.engine.pack.worth import AS_BILLED, Worth, coefficient_of, figure


@dataclass(frozen=True, slots=True)
class Priced:
    """One stay priced (计价结果). Fen; units and points in 1/10,000. `standard_fen` and `fund_fen` are None while the
    value of a point is not known, and when the stay cannot be priced (`status` refused, with its reason and code).
    """

    stay: Stay
    group: str
    method: str
    status: str
    floating: bool = False
    units: int = 0
    points: int = 0
    standard_fen: int | None = None
    patient_fen: int = 0
    other_fen: int = 0
    fund_fen: int | None = None
    ratio: Fraction | None = None
    reason: str = ""
    code: str = ""

    @property
    def counts(self) -> bool:
        """Whether the stay is part of the local budget."""
        return self.status not in ("outside", "refused")

    def settled(self, standard_fen: int, fund_fen: int, status: str = "", reason: str = "") -> Priced:
        """The same stay with what the period gives it."""
        return replace(
            self,
            standard_fen=standard_fen,
            fund_fen=fund_fen,
            status=status or self.status,
            reason=reason or self.reason,
        )


def price_stay(
    version: Version,
    stay: Stay,
    grouped: GroupOf = NO_GROUP,
    decision: Decision | None = None,
    steps: Steps | None = None,
    *,
    high: bool = True,
) -> Priced:
    """Price one stay. A refusal is part of the answer, never raised: other stays go on.

    Args: decision of a special-case review, which replaces the group's rule. steps: a list that takes the ledger of
    the calculation. high False: the stay is beyond the quota of high outliers and is priced as a normal one.
    """
    steps = Steps() if steps is None else steps
    if stay.remote and version.remote == "outside":
        steps.say("route", "异地参保病例不占本地预算，按项目结算", {}, "按项目")
        return Priced(
            stay,
            grouped.group,
            "",
            "outside",
            standard_fen=stay.total_fen,
            patient_fen=stay.patient_fen,
            other_fen=stay.other_fen,
            fund_fen=stay.pool_by_item_fen,
            reason=terms.STATUSES["outside"],
        )
    try:
        method, disease = route(version, stay, steps)
        worth = _worth(version, method, disease, stay, grouped, decision, steps, high)
        return _priced(version, method, stay, grouped, worth, steps)
    except Refused as problem:
        steps.say("refused", problem.message, {}, problem.code)
        return Priced(
            stay,
            grouped.group,
            "",
            "refused",
            patient_fen=stay.patient_fen,
            other_fen=stay.other_fen,
            reason=str(problem),
            code=problem.code,
        )


def route(version: Version, stay: Stay, steps: Steps) -> tuple[Method, Disease | None]:
    """The first method that takes a stay. Raises: NoMethodTakes."""
    for method in version.methods:
        why = method.takes.why_not(stay)
        disease = None
        if not why and method.kind in ("disease", "tcm_advantage"):
            disease, why = find_disease(method, stay)
        if not why:
            steps.say("route", f"适用“{method.title}”（{terms.METHODS[method.kind]}）", {}, method.name)
            return method, disease
        if steps.wanted:
            steps.say("route", f"不适用“{method.title}”：{why}", {}, "")
    raise NoMethodTakes(f"没有一种支付方式接收病例 {stay.case_id}", hint="在支付方式包中补一种，或核对病例")


def find_disease(method: Method, stay: Stay) -> tuple[Disease | None, str]:
    """The all-in price of a stay, or why it has none."""
    why = "不在病种目录"
    for row in method.diseases:
        if not stay.dx[0].startswith(row.diagnoses):
            continue
        if row.procedures and not any(code.startswith(row.procedures) for code in stay.px):
            why = f"没有“{row.name}”要求的手术操作"
            continue
        if row.least_tcm and stay.tcm_fen * TEN_THOUSAND < row.least_tcm * stay.total_fen:
            why = f"中医服务占比低于 {row.least_tcm / 100:g}%"
            continue
        price = _disease_amount(method, row, stay)
        if row.exit_above and stay.total_fen * TEN_THOUSAND > row.exit_above * price:
            why = f"费用超过“{row.name}”标准的 {row.exit_above / 100:g}%，退出包干"
            continue
        return row, ""
    return None, why


def _disease_amount(method: Method, row: Disease, stay: Stay) -> Fraction:
    """Standard of an all-in price in fen, before its rounding."""
    coefficient = coefficient_of(method, stay, None)
    if row.units:
        rate = figure(method.price.rate, stay.scheme, "费率", method)
        return Fraction(row.units * coefficient * rate, TEN_THOUSAND**2)
    return Fraction(figure(row.price, stay.level, f"“{row.name}”的价格", method) * coefficient, TEN_THOUSAND)


def _worth(
    version: Version,
    method: Method,
    disease: Disease | None,
    stay: Stay,
    grouped: GroupOf,
    decision: Decision | None,
    steps: Steps,
    high: bool,
) -> Worth:
    if decision is not None and decision.kind == "by_item":
        steps.say("outlier", "特例单议：按项目（实际费用）支付", {"依据": decision.note}, "按实际费用")
        return AS_BILLED("special")
    if disease is not None:
        standard = _disease_amount(method, disease, stay)
        steps.say("unit", f"病种“{disease.name}”的包干标准", {"级别": stay.level}, f"{yuan_text(rounded(standard))} 元")
        worth = Worth("normal", units=disease.units or TEN_THOUSAND, money=standard)
    elif method.kind == "bed_day":
        worth = _bed_days(method, stay, steps)
    elif method.kind == "by_item":
        steps.say("unit", "按项目：标准即实际费用", {}, "按实际费用")
        worth = AS_BILLED("normal")
    else:
        worth = grouped_worth(method, stay, grouped, steps, high=high and decision is None)
    if decision is not None and decision.kind == "raised":
        times = min(decision.times, version.special.most_units if version.special else decision.times)
        steps.say("outlier", "特例单议：提高标准", {"倍数": f"{times / TEN_THOUSAND:g}"}, "")
        worth = worth.raised(times)
    return worth


def _bed_days(method: Method, stay: Stay, steps: Steps) -> Worth:
    """Days by stage times the day rate of the level (床日)."""
    days = max(stay.los, 1)
    for limit in method.day_limits:
        if stay.dx[0].startswith(limit.diagnoses) and days > limit.days:
            steps.say(
                "unit", f"该病种至多支付 {limit.days} 日，其余由医疗机构承担", {"住院天数": str(days)}, str(limit.days)
            )
            days = limit.days
            break
    total, before = 0, 0
    for stage in method.stages:
        upto = min(days, stage.through) if stage.through else days
        if upto <= before:
            break
        rate = figure(stage.rate, stay.level, "日标准", method)
        total += (upto - before) * rate
        steps.say("unit", f"第 {before + 1}—{upto} 日", {"日标准": yuan_text(rate)}, f"{upto - before} 日")
        before = upto
    coefficient = coefficient_of(method, stay, None)
    money = Fraction(total * coefficient, TEN_THOUSAND)
    if method.at_most_billed and money > stay.total_fen:
        steps.say("outlier", "标准高于实际费用，按实际费用", {}, f"{yuan_text(stay.total_fen)} 元")
        money = Fraction(stay.total_fen)
    return Worth("normal", units=days * TEN_THOUSAND, money=money)


def _priced(version: Version, method: Method, stay: Stay, grouped: GroupOf, worth: Worth, steps: Steps) -> Priced:
    """From what a stay is worth to its standard and the fund's share, or to its points."""
    made = Priced(
        stay,
        grouped.group,
        method.name,
        worth.status,
        method.floating,
        worth.units,
        patient_fen=stay.patient_fen,
        other_fen=stay.other_fen,
        ratio=worth.ratio,
    )
    if method.floating:
        return replace(made, points=_points(method, stay, worth, steps))
    standard = _standard(method, stay, worth, steps)
    patient = stay.patient_fen
    if method.basis == "package":
        patient = int(share(standard, method.patient_share))
        part = {"比例": f"{method.patient_share / 100:g}%"}
        steps.say("patient", "个人负担 = 包干标准 × 个人比例", part, f"{yuan_text(patient)} 元")
    fund, status, reason = fund_share(standard, patient, stay.other_fen, version.negative, worth.status)
    refused = status == "refused"
    if steps.wanted:
        inputs = {"标准": standard, "个人负担": patient, "其他支付": stay.other_fen}
        shown = {name: yuan_text(fen) for name, fen in inputs.items()}
        outcome = f"{yuan_text(fund)} 元" + (f"（{reason}）" if reason else "")
        steps.say("patient", "统筹支付 = 标准 − 个人负担 − 其他支付", shown, outcome)
    return replace(
        made,
        status=status,
        standard_fen=standard,
        patient_fen=patient,
        fund_fen=None if refused else fund,
        reason=reason,
        code=NegativeShare.code if refused else "",
    )


def _points(method: Method, stay: Stay, worth: Worth, steps: Steps) -> int:
    if worth.billed_share:
        mean = figure(method.price.region_mean, stay.scheme, "全市次均费用", method)
        times = method.price.scale * method.price.mean_units
        points = half_up(stay.total_fen * times * worth.billed_share, mean)
        part = "" if worth.billed_share == TEN_THOUSAND else f" × {worth.billed_share / 100:g}%"
        how = f"点数 = 费用 ÷ 全市次均费用 × {times}{part}"
        inputs = {"费用": yuan_text(stay.total_fen), "全市次均费用": yuan_text(mean)}
    else:
        points = max(_times(worth.effective, method.price.scale, TEN_THOUSAND), 0)
        how, inputs = "点数 = 折算单位 × 基数", {"基数": str(method.price.scale)}
    if steps.wanted:
        steps.say("price", how, inputs, f"{scaled_text(points, 4)} 点，点值待期末确定")
    return points


def _standard(method: Method, stay: Stay, worth: Worth, steps: Steps) -> int:
    inputs: dict[str, str] = {}
    if worth.billed_share:
        standard = int(share(stay.total_fen, worth.billed_share))
        how = "标准 = 实际费用" + ("" if worth.billed_share == TEN_THOUSAND else f" × {worth.billed_share / 100:g}%")
    elif worth.money is not None:
        standard, how = rounded(worth.money), "标准（四舍五入到分）"
    else:
        rate = figure(method.price.rate, stay.scheme, "费率", method)
        standard = _times(worth.effective, rate, TEN_THOUSAND**2)
        how, inputs = "标准 = 折算单位 × 费率", {"费率": yuan_text(rate)}
    if steps.wanted:
        steps.say("price", how, inputs, f"{yuan_text(standard)} 元")
    return standard


def _times(value: Fraction, times: int, under: int) -> int:
    """value x times / under, rounded half up."""
    return half_up(value.numerator * times, value.denominator * under)


def price_all(
    version: Version,
    stays: Iterable[Stay],
    groups: Mapping[str, GroupOf],
    decisions: Mapping[str, Decision] | None = None,
) -> list[Priced]:
    """Price stays in the given order; where high outliers are limited, the dearest of each institution count."""
    decisions = decisions or {}
    priced = [
        price_stay(version, stay, groups.get(stay.case_id, NO_GROUP), decisions.get(stay.case_id)) for stay in stays
    ]
    limited = {method.name: method.outliers.high_quota for method in version.methods if method.outliers.high_quota}
    return _within_quota(version, priced, groups, limited) if limited else priced


def _within_quota(
    version: Version, priced: list[Priced], groups: Mapping[str, GroupOf], limited: Mapping[str, int]
) -> list[Priced]:
    """High outliers beyond the share of an institution's discharges are priced again as normal ones."""
    discharges: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, one in enumerate(priced):
        if one.method in limited:
            key = (one.method, one.stay.institution)
            discharges[key] += 1
            if one.status == "high":
                found[key].append(at)
    for key, places in found.items():
        allowed = discharges[key] * limited[key[0]] // TEN_THOUSAND
        places.sort(key=lambda at: (-(priced[at].ratio or 0), priced[at].stay.case_id))
        for at in places[allowed:]:
            stay = priced[at].stay
            again = price_stay(version, stay, groups.get(stay.case_id, NO_GROUP), high=False)
            priced[at] = replace(again, reason=again.reason or "高倍率名额已满，按正常病例")
    return priced


def explain_stay(
    version: Version, stay: Stay, grouped: GroupOf, decision: Decision | None = None
) -> tuple[Priced, Sequence[str]]:
    """Price one stay and tell how, line by line."""
    steps = Steps(wanted=True)
    return price_stay(version, stay, grouped, decision, steps), steps.lines()
