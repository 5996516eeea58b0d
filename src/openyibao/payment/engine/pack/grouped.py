"""Units of a stay that has a group (病组计价): weight or score, coefficient, and the rules for unlike cost.

Order of the rules: no group; a stay too long; an unstable group; deviation bands, or the low and the high limit.
"""

from __future__ import annotations

from fractions import Fraction

from openyibao.payment.engine.pack.errors import PriceMissing, UnitMissing
from openyibao.payment.engine.pack.exact import TEN_THOUSAND, fraction_text, half_up, scaled_text
from openyibao.payment.engine.pack.pack import Band, Method, Outliers, Unit
from openyibao.payment.engine.pack.stays import GroupOf, Stay
from openyibao.payment.engine.pack.steps import Steps
from openyibao.payment.engine.pack.terms import BANDS, COEFFICIENT_IN_BAND, HIGH, LOW
from openyibao.payment.engine.pack.worth import AS_BILLED, Worth, coefficient_of, figure

FAILED = ("", "0000")
AMBIGUOUS = "QY"
"""Groups that are none (未入组、歧义)."""


def is_grouped(group: str) -> bool:
    return group not in FAILED and not group.endswith(AMBIGUOUS)


def grouped_worth(method: Method, stay: Stay, grouped: GroupOf, steps: Steps, *, high: bool) -> Worth:
    """What a stay is worth by its group. Raises: UnitMissing, CoefficientMissing, PriceMissing."""
    rules = method.outliers
    if not is_grouped(grouped.group):
        if rules.ungrouped_share is None:
            raise UnitMissing("病例未入组，支付方式包没有规定如何支付", hint="outliers.ungrouped")
        steps.say("outlier", "未入组病例按实际费用的一部分", {"比例": f"{rules.ungrouped_share / 100:g}%"}, "")
        return AS_BILLED("ungrouped", rules.ungrouped_share)
    unit = method.units.get(grouped.group)
    if unit is None:
        raise UnitMissing(
            f"病组 {grouped.group} 没有权重或分值", hint=f"在 {method.table} 中补上，或核对分组方案的版本"
        )
    units = _units(method, unit, grouped.factor, steps)
    if rules.long_days and stay.los > rules.long_days and rules.long_pays == "as_billed":
        steps.say("outlier", f"住院超过 {rules.long_days} 日，按实际费用", {"天数": str(stay.los)}, "")
        return AS_BILLED("long_stay", units=units)
    if unit.unstable and rules.unstable_pays == "as_billed":
        steps.say("outlier", "不稳定组，按实际费用", {}, "")
        return AS_BILLED("unstable", units=units)
    coefficient = coefficient_of(method, stay, unit)
    if steps.wanted:
        why = "基层病组，同病同价" if unit.basic else f"级别 {stay.level}，机构 {stay.institution}"
        steps.say("coefficient", "调整系数", {"依据": why}, scaled_text(coefficient, 4))
    normal = Worth("normal", units=units, effective=Fraction(units * coefficient))
    if rules.bands:
        return _banded(method, stay, unit, units, coefficient, steps)
    if not rules.high_limits and not rules.low_limit:
        return normal
    benchmark = _benchmark(method, stay, unit, normal)
    ratio = Fraction(stay.total_fen * benchmark.denominator, benchmark.numerator)
    if steps.wanted:
        inputs = {"费用": scaled_text(stay.total_fen, 2), "基准": fraction_text(benchmark / 100, 2)}
        steps.say("outlier", "倍率 = 费用 ÷ 基准", inputs, fraction_text(ratio))
    over, under = ratio.numerator * TEN_THOUSAND, ratio.denominator
    low = rules.low_limit_below_one if coefficient < TEN_THOUSAND and rules.low_limit_below_one else rules.low_limit
    if low and over < low * under:
        return _low(rules, normal, ratio, low, steps)
    limit = _high_limit(rules, units)
    if limit and over > limit * under:
        if high:
            return _high(method, stay, normal, ratio, limit, steps)
        steps.say("outlier", "高倍率名额已满，按正常病例", {}, "")
    return Worth("normal", units=units, effective=normal.effective, ratio=ratio)


def _units(method: Method, unit: Unit, factor: int, steps: Steps) -> int:
    units = unit.units
    if steps.wanted:
        what = "分值" if method.kind == "dip" else "权重"
        shown = f"{unit.group} {unit.title}".strip()
        steps.say("unit", f"病组 {shown} 的{what}", {"来自": method.table}, scaled_text(units, 4))
    if factor != TEN_THOUSAND:
        units = half_up(units * factor, TEN_THOUSAND)
        inputs = {"系数": scaled_text(factor, 4)}
        steps.say("unit", "乘以辅助目录的校正系数", inputs, scaled_text(units, 4))
    if method.kind == "day_surgery":
        units = half_up(units * method.share, TEN_THOUSAND)
        steps.say("unit", "日间手术按住院标准的一部分", {"比例": f"{method.share / 100:g}%"}, scaled_text(units, 4))
    return units


def _benchmark(method: Method, stay: Stay, unit: Unit, normal: Worth) -> Fraction:
    """What a stay's cost is compared with, in fen. Raises: PriceMissing, when the table has no mean."""
    if method.outliers.benchmark == "standard":
        rate = figure(method.price.rate, stay.scheme, "费率", method)
        return normal.effective * rate / TEN_THOUSAND**2
    mean = unit.mean_fen
    if method.outliers.benchmark == "level_mean":
        mean = unit.mean_by_level.get(stay.level) or mean
    if not mean:
        raise PriceMissing(f"病组 {unit.group} 没有均费", hint=f"在 {method.table} 的 mean 一列写明")
    return Fraction(mean)


def _high_limit(rules: Outliers, units: int) -> int:
    """Limit of the ratio for a weight; it falls as the weight rises."""
    for below, limit in rules.high_limits:
        if not below or units < below:
            return limit
    return 0


def _low(rules: Outliers, normal: Worth, ratio: Fraction, low: int, steps: Steps) -> Worth:
    steps.say("outlier", f"低倍率：低于 {low / 100:g}%，{LOW[rules.low_pays]}", {}, "")
    if rules.low_pays == "as_billed":
        return AS_BILLED("low", units=normal.units, ratio=ratio)
    effective = normal.effective * ratio if rules.low_pays == "ratio" else normal.effective
    return Worth("low", units=normal.units, effective=effective, ratio=ratio)


def _high(method: Method, stay: Stay, normal: Worth, ratio: Fraction, limit: int, steps: Steps) -> Worth:
    """A high outlier by its rule; never below the normal standard."""
    rules = method.outliers
    steps.say("outlier", f"高倍率：超过 {limit / TEN_THOUSAND:g} 倍，{HIGH[rules.high_pays]}", {}, "")
    units, effective = normal.units, normal.effective
    if rules.high_pays == "as_billed":
        return AS_BILLED("high", units=units, ratio=ratio)
    if rules.high_pays == "linear_add":
        effective += (ratio - Fraction(limit, TEN_THOUSAND)) * units * TEN_THOUSAND
    elif rules.high_pays == "cap":
        effective = effective * limit / TEN_THOUSAND
    elif rules.high_pays == "deduct":
        billed = stay.total_fen * TEN_THOUSAND**2 / _unit_fen(method, stay)
        effective = max(effective, billed - effective * (limit - TEN_THOUSAND) / TEN_THOUSAND)
    return Worth("high", units=units, effective=effective, ratio=ratio)


def _unit_fen(method: Method, stay: Stay) -> Fraction:
    """Fen that one unit stands for: the rate, or where the value floats the region's mean over its units."""
    if method.floating:
        mean = figure(method.price.region_mean, stay.scheme, "全市次均费用", method)
        return Fraction(mean, method.price.mean_units)
    return Fraction(figure(method.price.rate, stay.scheme, "费率", method))


def _banded(method: Method, stay: Stay, unit: Unit, units: int, coefficient: int, steps: Steps) -> Worth:
    """Deviation bands (偏差区间): the band that holds the ratio says how the score counts."""
    benchmark = _benchmark(method, stay, unit, Worth("normal"))
    ratio = Fraction(stay.total_fen * benchmark.denominator, benchmark.numerator)
    before = 0
    for band in method.outliers.bands:
        if not band.upto or ratio.numerator * TEN_THOUSAND <= band.upto * ratio.denominator:
            break
        before = band.upto
    effective = units * _band_factor(band, ratio, before, coefficient) * TEN_THOUSAND
    if steps.wanted:
        inputs = {
            "费用": scaled_text(stay.total_fen, 2),
            "均费": fraction_text(benchmark / 100, 2),
            "倍率": fraction_text(ratio),
        }
        upto = f"{band.upto / 100:g}%" if band.upto else "以上"
        how = f"偏差区间 {before / 100:g}%—{upto}：{BANDS[band.pays]}，{COEFFICIENT_IN_BAND[band.coefficient]}"
        steps.say("outlier", how, inputs, fraction_text(effective / TEN_THOUSAND**2, 4))
    status = {"ratio": "low", "normal": "normal", "excess": "high"}[band.pays]
    return Worth(status, units=units, effective=effective, ratio=ratio)


def _band_factor(band: Band, ratio: Fraction, before: int, coefficient: int) -> Fraction:
    times = Fraction(coefficient, TEN_THOUSAND)
    if band.pays == "excess" and band.coefficient == "inside":
        return ratio - Fraction(before, TEN_THOUSAND) + times
    factor = {
        "ratio": ratio,
        "normal": Fraction(1),
        "excess": ratio - Fraction(before, TEN_THOUSAND) + 1,
    }[band.pays]
    return factor if band.coefficient == "none" else factor * times
