"""A directory from years of stays (病种目录测算): core and mixed groups, trimmed and weighted means, scores.

First pass: which groups there are. A way of treatment with enough stays a year becomes a core group by itself; what is
left joins the group of its main procedure alone, if that has enough; the rest is merged by section, chapter, and at
last over all diagnoses. Second pass: every stay is chosen its group by the same rules that will group new stays, and
means and scores are taken from that; so a score belongs to the stays that will really earn it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from openyibao.kernel.errors import Fault, Malformed
from openyibao.payment.engine.dip.directory import Directory, Group, code_of
from openyibao.payment.engine.dip.params import Parameters
from openyibao.payment.engine.dip.select import Selector, ranges_of, treatment_of
from openyibao.payment.engine.dip.tables import TREATMENTS
from openyibao.payment.engine.pack.exact import TEN_THOUSAND, rounded
from openyibao.payment.engine.pack.stats import mean, trimmed, variation, weighted_mean, year_weights
from openyibao.payment.engine.pack.stays import Stay

LOW_LEVELS = ("community", "primary")
Shape = tuple[str, str, str, tuple[str, ...], str]
"""kind, way of treatment, diagnosis or range, procedures, operation level: what a group is, without figures."""


def build_directory(stays: Sequence[Stay], parameters: Parameters) -> Directory:
    """The directory of the latest years for which the parameters have weights. Raises: Malformed without any year."""
    weights = year_weights([stay.year for stay in stays if stay.year], parameters.years)
    counted = [stay for stay in stays if stay.year in weights]
    if not counted:
        raise Malformed([Fault("", 0, "year", "没有一行写明年度", "列 year 或 discharged")])
    shapes = _shapes(counted, parameters, len(weights))
    rough = _rough(counted, shapes)
    drafts = {code_of(*_parts(shape)): _draft(shape, rough, parameters) for shape in set(shapes)}
    selector = Selector(Directory(drafts, parameters))
    members: dict[str, list[Stay]] = defaultdict(list)
    for stay in counted:
        chosen = selector.choose(stay.dx, stay.px, stay.total_fen).group
        if chosen is not None:
            members[chosen.code].append(stay)
    directory = _scored(drafts, members, weights, parameters)
    if not directory.groups:
        raise Malformed([Fault("", 0, "total", "没有一组病例有费用，分值无从测算", "费用大于零的病例")])
    return directory


def _parts(shape: Shape) -> tuple[str, str, str, tuple[str, ...], str]:
    kind, way, diagnosis, procedures, level = shape
    return kind, way, diagnosis, procedures, level


def _shapes(stays: Sequence[Stay], parameters: Parameters, years: int) -> list[Shape]:
    """Which group each stay belongs to by counting alone."""
    least = parameters.core_cases * years
    treatments = [treatment_of(stay.px, parameters) for stay in stays]
    diagnoses = [parameters.diagnosis(stay.dx[0]) for stay in stays]
    full = [
        (diagnosis, treatment.way, tuple(sorted(treatment.by_way.get(treatment.way, ())[: parameters.most_combined])))
        for diagnosis, treatment in zip(diagnoses, treatments, strict=True)
    ]
    counts = Counter(full)
    alone = [
        key if counts[key] >= least else (diagnosis, treatment.way, (treatment.main,) if treatment.main else ())
        for key, diagnosis, treatment in zip(full, diagnoses, treatments, strict=True)
    ]
    counts = Counter(alone)
    made: list[Shape | None] = [
        ("core", way, diagnosis, procedures, "") if counts[key] >= least else None
        for key in alone
        for diagnosis, way, procedures in (key,)
    ]
    for depth in range(3):
        open_at = [at for at, shape in enumerate(made) if shape is None]
        keys: dict[int, tuple[str, str, str]] = {}
        for at in open_at:
            places = list(ranges_of(stays[at].dx[0], parameters))
            place = places[min(depth, len(places) - 1)] if depth < 2 else "*"
            keys[at] = (place, treatments[at].way, treatments[at].level)
        tally = Counter(keys.values())
        for at in open_at:
            if tally[keys[at]] >= parameters.mixed_cases * years or keys[at][0] == "*":
                place, way, level = keys[at]
                made[at] = ("mixed", way, place, (), level)
    return [shape for shape in made if shape is not None]


def _rough(stays: Sequence[Stay], shapes: Sequence[Shape]) -> Mapping[Shape, Fraction]:
    costs: dict[Shape, list[int]] = defaultdict(list)
    for stay, shape in zip(stays, shapes, strict=True):
        costs[shape].append(stay.total_fen)
    return {shape: mean(values) for shape, values in costs.items()}


def _draft(shape: Shape, rough: Mapping[Shape, Fraction], parameters: Parameters) -> Group:
    """A group with no more than a rough mean, for choosing between groups of equal rank."""
    kind, way, diagnosis, procedures, level = shape
    code = code_of(kind, way, diagnosis, procedures, level)
    title = f"{diagnosis} {'+'.join(procedures) or TREATMENTS[way]}"
    if kind == "mixed":
        name = parameters.sections.title(diagnosis) or parameters.chapters.title(diagnosis)
        place = "全部诊断" if diagnosis == "*" else name or diagnosis
        title = f"{place}·{TREATMENTS[way]}" + (f"（{level} 级）" if level else "")
    return Group(code, kind, way, diagnosis, procedures, level, title, 0, rounded(rough[shape]))


def _scored(
    drafts: Mapping[str, Group],
    members: Mapping[str, Sequence[Stay]],
    weights: Mapping[int, int],
    parameters: Parameters,
) -> Directory:
    kept: dict[int, list[int]] = defaultdict(list)
    costs: dict[str, dict[int, list[int]]] = {}
    for code, stays in members.items():
        by_year: dict[int, list[int]] = defaultdict(list)
        for stay in stays:
            by_year[stay.year].append(stay.total_fen)
        costs[code] = {year: trimmed(values, parameters.trim) for year, values in by_year.items()}
        for year, values in costs[code].items():
            kept[year] += values
    middle = weighted_mean(kept, weights)
    groups = {}
    for code in sorted(members):
        group = _with_figures(drafts[code], members[code], costs[code], weights, middle, parameters)
        if group.score and group.mean_fen:
            groups[code] = group
    cases = sum(len(stays) for stays in members.values())
    return Directory(groups, parameters, tuple(sorted(weights)), cases, rounded(middle))


def _with_figures(
    group: Group,
    stays: Sequence[Stay],
    costs: Mapping[int, Sequence[int]],
    weights: Mapping[int, int],
    middle: Fraction,
    parameters: Parameters,
) -> Group:
    cost = weighted_mean(costs, weights)
    spread = round_variation(variation([value for values in costs.values() for value in values]))
    low = sum(stay.level in LOW_LEVELS for stay in stays)
    score = rounded(cost * parameters.scale * 100 / middle) if middle else 0
    enough = parameters.core_cases * len(weights)
    return replace(
        group,
        score=score,
        mean_fen=rounded(cost),
        mean_by_level=_means_by_level(stays, parameters),
        mean_days=rounded(mean([stay.los for stay in stays]) * 100),
        cases=len(stays),
        variation=spread,
        basic=group.kind == "core"
        and low * TEN_THOUSAND >= parameters.basic_share * len(stays)
        and spread <= parameters.basic_variation,
        unstable=spread > parameters.most_variation or len(stays) < min(parameters.mixed_cases, enough),
    )


def _means_by_level(stays: Sequence[Stay], parameters: Parameters) -> dict[str, int]:
    """Trimmed mean cost of the latest year by level, for levels with enough stays to be trimmed."""
    latest = max(stay.year for stay in stays)
    by_level: dict[str, list[int]] = defaultdict(list)
    for stay in stays:
        if stay.year == latest and stay.level:
            by_level[stay.level].append(stay.total_fen)
    return {
        level: rounded(mean(trimmed(values, parameters.trim)))
        for level, values in sorted(by_level.items())
        if len(values) >= parameters.trim.least_cases
    }


def round_variation(value: float) -> int:
    """A coefficient of variation as an integer count of ten-thousandths."""
    return int(value * TEN_THOUSAND + 0.5)
