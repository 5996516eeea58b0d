"""How the figures of a pack fit together (支付方式包校验): order of bands, gaps, missing levels, provenance.

Each check looks at one version; the place of a fault is found through the cursor that read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from openyibao.kernel.errors import Fault
from openyibao.payment.engine.pack.pack import By, Method, Sharing, Version
from openyibao.payment.engine.pack.reading import Cursor

PAID_LEVELS = ("primary", "secondary", "tertiary")
"""Levels that every table by level must fill."""
SECTIONS = ("year", "special", "budget", "capitation", "consortium")


def check_version(version: Version, cursor: Cursor) -> list[Fault]:
    """Everything that does not fit within one version."""
    mine: list[Fault] = []
    here = Cursor(cursor.source, mine, cursor.path, cursor.node)
    places = here.items("methods")
    for method in version.methods:
        _method(method, places[method.index])
    _names(version, here)
    _provenance(version, here)
    if version.methods and not any(_takes_everything(method) for method in version.methods):
        here.wrong("没有一种支付方式接收其余的病例", "最后一种不写 takes", "methods")
    for before, after in pairwise(version.methods):
        if _takes_everything(before):
            places[after.index].wrong(f"{before.name} 已接收全部病例，本方式永不用到", "移到它之前")
    _year(version, here)
    return mine


def _takes_everything(method: Method) -> bool:
    return method.takes == type(method.takes)() and method.kind not in ("disease", "tcm_advantage")


def _names(version: Version, here: Cursor) -> None:
    seen: set[str] = set()
    for method in version.methods:
        if method.name in seen:
            here.wrong(f"{method.name!r} 出现两次", "每种支付方式一个名字", "methods", method.index, "name")
        if method.name in SECTIONS or method.name == "*":
            here.wrong(f"{method.name!r} 是保留的名字", "另取一名", "methods", method.index, "name")
        seen.add(method.name)


def _provenance(version: Version, here: Cursor) -> None:
    known = {"*", *(method.name for method in version.methods), *SECTIONS}
    for section in version.certainty:
        if section not in known:
            here.wrong(f"来源写给了不存在的 {section!r}", "、".join(sorted(known)), "sources", section)
    if "*" in version.certainty:
        return
    stated = [section for section in SECTIONS if here.has(section)]
    for section in [*(method.name for method in version.methods), *stated]:
        if section not in version.certainty:
            here.wrong(f"{section} 没有来源", '写明来源，或写 "*"', "sources")


def _method(method: Method, place: Cursor) -> None:
    if method.kind in ("drg", "dip", "day_surgery"):
        if method.price.kind == "points" and method.price.scale < 1:
            place.wrong("点数基数须为正", "1、100 或 1000", "price", "scale")
        _outliers(method, place)
    if method.kind == "dip" and method.price.kind == "rate":
        place.wrong("DIP 的分值须用浮动点值", "kind: points", "price", "kind")
    _coefficients(method, place)
    if method.stages:
        _stages(method, place)
    if method.kind in ("disease", "tcm_advantage"):
        _diseases(method, place)
    if method.basis == "package" and method.kind not in ("disease", "tcm_advantage"):
        place.wrong("只有病种包干才能按包干比例计个人负担", "patient_basis: items", "patient_basis")
    if (method.basis == "package") != (method.patient_share > 0):
        place.wrong("patient_basis: package 与 patient_share 须同时写明", "两者都写，或都不写", "patient_basis")


def _levels(by: By, place: Cursor, *path: str | int) -> None:
    """A table by level names every level that may be paid, or one figure for all."""
    if not by or "" in by:
        return
    gone = [level for level in PAID_LEVELS if level not in by]
    if gone:
        place.wrong(f"缺少级别 {'、'.join(gone)}", "每个级别一个数", *path)


def _coefficients(method: Method, place: Cursor) -> None:
    stated = method.coefficient
    _levels(stated.level, place, "coefficient", "level")
    tables: list[tuple[tuple[str, ...], By]] = [(("level",), stated.level), (("hospital",), stated.hospital)]
    tables += [(("groups", group), by) for group, by in stated.group_level.items()]
    for path, by in (*tables, ((), {"basic": stated.basic})):
        for name, value in by.items():
            if not 2_000 <= value <= 30_000:
                place.wrong(f"系数 {value / 10_000:g} 超出合理范围", "0.2 至 3", "coefficient", *path, name)
    for group in stated.group_level:
        if method.units and group not in method.units:
            place.wrong(f"病组 {group} 不在表中", "表中的病组", "coefficient", "groups", group)


def _outliers(method: Method, place: Cursor) -> None:
    rules = method.outliers
    if rules.bands and (rules.high_limits or rules.low_limit):
        place.wrong("bands 与 high、low 只能写一种", "其一", "outliers")
    _bands([band.upto for band in rules.bands], place, "outliers", "bands")
    below = [weight for weight, _ in rules.high_limits]
    _bands(below, place, "outliers", "high", "limits")
    times = [limit for _, limit in rules.high_limits]
    for at, (first, second) in enumerate(pairwise(times), 1):
        if second > first:
            place.wrong("上限随权重上升", "权重越高，倍率上限越低", "outliers", "high", "limits", at)
    for at, limit in enumerate(times):
        if limit <= 10_000:
            place.wrong("上限不大于 1 倍", "大于 1", "outliers", "high", "limits", at, "times")
    if rules.low_limit >= 10_000:
        place.wrong("低倍率界限须小于 100%", "如 40%", "outliers", "low", "limit")
    billed = "as_billed" in (rules.high_pays, rules.low_pays, rules.long_pays, rules.unstable_pays)
    needs = billed or rules.high_pays == "deduct" or rules.ungrouped_share is not None
    if method.floating and needs and not method.price.region_mean:
        place.wrong("按实际费用折算点数，须写明全市次均费用", "region_mean", "price")
    if method.units and (rules.high_limits or rules.low_limit or rules.bands):
        gone = sorted(unit.group for unit in method.units.values() if not unit.mean_fen)
        if gone and rules.benchmark != "standard":
            place.wrong(f"{len(gone)} 个病组没有均费（如 {gone[0]}）", "mean 一列", "units", "table")
    if rules.benchmark == "standard" and method.floating:
        place.wrong("浮动点值没有事先的支付标准可比", "benchmark: mean", "outliers", "benchmark")


def _bands(bounds: list[int], place: Cursor, *path: str | int) -> None:
    """Upper bounds rise, and only the last is open."""
    if not bounds:
        return
    for at, (first, second) in enumerate(pairwise(bounds), 1):
        if first == 0 or (second and second <= first):
            place.wrong("界限没有递增，或中间一段没有上界", "由低到高，只有最后一段不写上界", *path, at)
    if bounds[-1] != 0:
        place.wrong("最后一段写了上界", "最后一段不写上界", *path, len(bounds) - 1)


def _stages(method: Method, place: Cursor) -> None:
    _bands([stage.through for stage in method.stages], place, "stages")
    for at, stage in enumerate(method.stages):
        _levels(stage.rate, place, "stages", at, "per_day")
    for at, (first, second) in enumerate(pairwise(method.stages), 1):
        for level, rate in second.rate.items():
            if rate > first.rate.get(level, first.rate.get("", rate)):
                place.wrong("后一阶段的日标准高于前一阶段", "随住院天数下降", "stages", at, "per_day", level)


def _diseases(method: Method, place: Cursor) -> None:
    for at, disease in enumerate(method.diseases):
        _levels(disease.price, place, "diseases", at, "price")
        if disease.exit_above and disease.exit_above <= 10_000:
            place.wrong("退出界限须高于 100%", "如 200%", "diseases", at, "exit_above")
        if disease.units and method.price.kind == "amount":
            place.wrong("写了 units 而没有价格", "price: {kind: rate, per_unit: …}", "diseases", at, "units")
    for at, first in enumerate(method.diseases):
        for later, second in enumerate(method.diseases[at + 1 :], at + 1):
            if _covers(first.diagnoses, second.diagnoses) and _covers(first.procedures, second.procedures):
                place.wrong(f"已被 {first.name} 全部包含，永不用到", "移到它之前，或删去", "diseases", later)


def _covers(wide: Iterable[str], narrow: Iterable[str]) -> bool:
    wide = tuple(wide)
    return not wide or (bool(tuple(narrow)) and all(code.startswith(wide) for code in narrow))


def _year(version: Version, here: Cursor) -> None:
    rules = version.year
    _sharing(rules.sharing, here, "year", "sharing")
    if version.capitation is not None:
        _sharing(version.capitation.sharing, here, "capitation", "sharing")
        for at, wrong in _age_faults(version.capitation.bands):
            here.wrong(wrong, "年龄段不重叠", "capitation", "bands", at)
        _above_zero(version.capitation.per_month, here, "capitation", "per_month")
    if version.consortium is not None:
        _above_zero(version.consortium.per_head, here, "consortium", "per_head")
        _sharing(version.consortium.sharing, here, "consortium", "sharing")
    scores = [score for score, _ in rules.quality_bands]
    if scores and (scores != sorted(scores, reverse=True) or len(set(scores)) != len(scores) or scores[-1] != 0):
        here.wrong("得分档没有从高到低，或没有从 0 分起的一档", "由高到低，最后 from: 0", "year", "quality", "bands")
    released = [share for _, share in rules.quality_bands]
    if released != sorted(released, reverse=True):
        here.wrong("得分低的档返还更多", "得分越低返还越少", "year", "quality", "bands")


def _sharing(sharing: Sharing, here: Cursor, *path: str | int) -> None:
    froms = [ratio for ratio, _ in sharing.under]
    if froms != sorted(set(froms), reverse=True) or any(ratio >= 10_000 for ratio in froms):
        here.wrong("under 的 from 须低于 100% 并递减", "如 85%、0%", *path, "under")
    if sharing.under and froms[-1:] != [0]:
        here.wrong("under 没有到 0% 的一档", "最后 from: 0%", *path, "under")
    uptos = [ratio for ratio, _ in sharing.over]
    if uptos != sorted(set(uptos)) or any(ratio <= 10_000 for ratio in uptos):
        here.wrong("over 的 upto 须高于 100% 并递增", "如 110%、120%", *path, "over")


def _age_faults(bands: Iterable[tuple[int, int, int, int]]) -> Iterator[tuple[int, str]]:
    rows = list(bands)
    for at, (sex, start, end, _) in enumerate(rows):
        clash = any(
            other[1] <= end and start <= other[2] and (not sex or not other[0] or sex == other[0])
            for other in rows[:at]
        )
        if clash or end < start:
            yield at, f"{start}—{end} 岁与前面的年龄段重叠，或止龄小于起龄"


def _above_zero(by: By, here: Cursor, *path: str | int) -> None:
    for name, fen in by.items():
        if fen <= 0:
            here.wrong("标准须大于零", "没有标准的险种不要列入", *path, *([name] if name else []))
