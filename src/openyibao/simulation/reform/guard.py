"""The benefit list (待遇清单): what a reform may not propose. Checked before anything is settled.

Rules are data (data/benefit_list.yaml). A rule looks only at figures that the reform changes, and speaks only when the
change breaks it or breaks it further: what the policies in force already do is not the reform's fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from openyibao.kernel.areas import lineage
from openyibao.kernel.periods import day_from_text
from openyibao.policy.contracts import Source
from openyibao.policy.facade import Policies, area_name, figures_in, in_force
from openyibao.policy.terms import BENEFITS, CERTAINTIES, GROUPS, LEVELS, SCHEMES, layer_name
from openyibao.simulation.reform.errors import BenefitListForbids
from openyibao.simulation.reform.figures import NO_LIMIT, kind_of, load_data, number

HIGHER_IS_WORSE = {
    "deductible": True,
    "patient_share": True,
    "first_self_pay": True,
    "rate": False,
    "bonus": False,
    "cap": False,
}


@dataclass(frozen=True)
class Leaf:
    """One figure of a version: its key path, what kind of figure it is, as written, as a number (fen or 1/10000)."""

    key: str
    kind: str
    written: str
    number: int | None

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.key.split("."))


@dataclass(frozen=True)
class Step:
    """A version that a change made: what it rules, its figures now, and those of the version that held before."""

    at: int
    name: str
    file: Any
    day: date
    now: Mapping[str, Leaf]
    then: Mapping[str, Leaf]
    body: Mapping[str, Any]
    body_then: Mapping[str, Any]
    changed: frozenset[str]


@cache
def rules() -> tuple[dict[str, Any], ...]:
    """The rules of the benefit list, in order."""
    return tuple(load_data("benefit_list.yaml")["rules"])


def check(before: Policies, after: Policies, reform: Source) -> int:
    """Refuse a reform that the benefit list forbids; returns how many rules were looked at.

    Raises: BenefitListForbids naming rule and figure; its `also` holds the rest.
    """
    found: list[BenefitListForbids] = []
    told: set[tuple[str, str]] = set()
    for step in _steps(before, after, reform):
        for rule in rules():
            if rule.get("from") and step.day < day_from_text(rule["from"]):
                continue
            for key, wrong in _breaches(rule, step, before, after):
                if (rule["id"], f"{step.name}#{key}") in told:
                    continue
                told.add((rule["id"], f"{step.name}#{key}"))
                found.append(_refusal(rule, step, key, wrong, reform))
    if found:
        first = found[0]
        first.also = tuple(found[1:])
        raise first
    return len(rules())


def _refusal(rule: Mapping[str, Any], step: Step, key: str, wrong: str, reform: Source) -> BenefitListForbids:
    source = f"{rule['source']}，{CERTAINTIES[rule['certainty']]}"
    problem = BenefitListForbids(
        f"待遇清单不允许：{step.name}#{key} {wrong}",
        hint=f"规则 {rule['id']}：{rule['text']}（{source}）",
        rule=rule["id"],
        figure=f"{step.name}#{key}",
        certainty=rule["certainty"],
    )
    problem.where = f"{reform.name}:{reform.line('changes', step.at)} changes.{step.at}"
    return problem


# What a reform changes --------------------------------------------------------------------------------------------


def _steps(before: Policies, after: Policies, reform: Source) -> Iterator[Step]:
    for at, row in enumerate(reform.data["changes"]):
        name = row["path"].partition("#")[0].removeprefix("policies/")
        start = day_from_text(row["from"])
        file = after.rulebook.files[name]
        for version in file.versions:
            if version.period.end <= start or "absent" in version.body:
                continue
            day = max(version.period.start, start)
            held = before.rulebook.files[name].on(day)
            now = _leaves(after, version)
            then = _leaves(before, held) if held is not None else {}
            changed = frozenset(
                key for key, leaf in now.items() if key not in then or then[key].written != leaf.written
            )
            yield Step(at, name, file, day, now, then, version.body, held.body if held else {}, changed)


def _leaves(policies: Policies, version: Any) -> dict[str, Leaf]:
    found = {}
    for figure in figures_in(policies.rulebook, version):
        key = figure.path.partition("#")[2]
        found[key] = Leaf(key, kind_of(key), figure.value, number(figure.value))
    return found


# Rules ------------------------------------------------------------------------------------------------------------


def _breaches(rule: Mapping[str, Any], step: Step, before: Policies, after: Policies) -> Iterator[tuple[str, str]]:
    if not _concerns(rule, step.file):
        return
    kind = rule["kind"]
    if kind in ("least", "most"):
        yield from _bound(rule, step, before)
    elif kind == "not_worse":
        yield from _not_worse(step, before)
    elif kind == "level_order":
        yield from _level_order(rule, step)
    elif kind == "tilt":
        yield from _tilt(rule, step, before)
    elif kind == "cap_sum_least":
        yield from _cap_sum(rule, step, after)
    elif kind == "subsidy_ratio":
        yield from _subsidy_ratio(rule, step)
    elif kind == "not_below_above":
        yield from _not_below_above(rule, step, before)
    elif kind == "only_pairs":
        yield from _only_pairs(rule, step)
    elif kind == "never_measures":
        yield from _never_measures(rule, step)


def _concerns(rule: Mapping[str, Any], file: Any) -> bool:
    """Whether a rule is about what a file rules. A rule of both lists (cap sums) is about either."""
    if "schemes" in rule and not set(rule["schemes"]) & set(file.schemes):
        return False
    named = [("layers", file.layer), ("benefits", file.benefit)]
    stated = [mine in rule[name] for name, mine in named if name in rule]
    if "layers" in rule and "benefits" not in rule:
        return bool(file.layer in rule["layers"])
    if rule.get("of") in ("rate", "deductible", "cap") and file.kind not in ("benefit", "layer"):
        return False
    return any(stated) if stated else True


def _of(rule: Mapping[str, Any]) -> tuple[str, ...]:
    stated = rule.get("of", ())
    return (stated,) if isinstance(stated, str) else tuple(stated)


def _bound(rule: Mapping[str, Any], step: Step, before: Policies) -> Iterator[tuple[str, str]]:
    limit = number(str(rule["value"]))
    assert limit is not None, rule["id"]
    least = rule["kind"] == "least"
    for key in sorted(step.changed):
        leaf = step.now[key]
        if leaf.kind not in _of(rule) or leaf.number is None or not _about_persons(rule, leaf, before):
            continue
        old = _before(step, key)
        beyond = leaf.number < limit if least else leaf.number > limit
        if not beyond:
            continue
        if old is not None and (leaf.number >= old if least else leaf.number <= old):
            continue
        yield key, f"改为 {said(leaf)}，{'低于' if least else '高于'} {_written(rule['value'])}"


def _about_persons(rule: Mapping[str, Any], leaf: Leaf, policies: Policies) -> bool:
    """Whether a figure concerns the groups or statuses of a rule."""
    if "statuses" in rule and not set(leaf.words) & set(rule["statuses"]):
        return False
    if "groups" not in rule:
        return True
    mine = _groups_of(leaf.words, policies)
    return not mine or bool(mine & set(rule["groups"]))


def _groups_of(words: Sequence[str], policies: Policies) -> set[str]:
    sets = policies.rulebook.sets
    return {member for word in words for member in sets.get(word, (word,)) if member in GROUPS}


def _before(step: Step, key: str) -> int | None:
    """The number that held before at a key: its own, that of a mapping it belonged to, or that of a finer one."""
    words = key.split(".")
    for end in range(len(words), 0, -1):
        parent = ".".join(words[:end])
        for other in (parent, f"{parent}.otherwise"):
            if other in step.then:
                return step.then[other].number
        finer = [leaf for name, leaf in step.then.items() if name.startswith(f"{parent}.") and end == len(words)]
        numbers = [leaf.number for leaf in finer if leaf.number is not None]
        if numbers:
            return max(numbers) if kind_of(key) in ("deductible", "cap") else min(numbers)
    return None


def _not_worse(step: Step, before: Policies) -> Iterator[tuple[str, str]]:
    """Figures that hold for helped groups must not become worse for them."""
    who = step.body.get("who")
    for key in sorted(step.changed):
        leaf = step.now[key]
        if leaf.kind not in HIGHER_IS_WORSE or leaf.number is None:
            continue
        mine = _groups_of(leaf.words, before)
        if not mine and ("otherwise" in leaf.words or (who is None and step.file.layer == "serious_illness")):
            continue
        old = _before(step, key)
        if old is None:
            continue
        worse = leaf.number > old if HIGHER_IS_WORSE[leaf.kind] else leaf.number < old
        if worse:
            some = 0 < len(mine) < len(GROUPS)
            named = "、".join(GROUPS[group] for group in GROUPS if group in mine) if some else "帮扶对象"
            yield key, f"由 {_shown(old, leaf)} 改为 {said(leaf)}，降低了{named}的待遇"


def _level_order(rule: Mapping[str, Any], step: Step) -> Iterator[tuple[str, str]]:
    """Of two figures that differ only by level, the higher level's must not become the greater one."""
    order = ("community", "primary", "secondary", "tertiary")
    for key, leaf in sorted(step.now.items()):
        words = list(leaf.words)
        at = next((i for i, word in enumerate(words) if word in order), -1)
        if leaf.kind not in _of(rule) or at < 0 or leaf.number is None:
            continue
        for lower in order[: order.index(words[at])]:
            other = ".".join([*words[:at], lower, *words[at + 1 :]])
            beside = step.now.get(other)
            if beside is None or beside.number is None or leaf.number <= beside.number:
                continue
            then, then_beside = _before(step, key), _before(step, other)
            if then is not None and then_beside is not None and then - then_beside >= leaf.number - beside.number:
                continue
            if {key, other} & step.changed:
                yield key, f"为 {said(leaf)}，高于{LEVELS[lower]}的 {said(beside)}"
                break


def _tilt(rule: Mapping[str, Any], step: Step, before: Policies) -> Iterator[tuple[str, str]]:
    """A helped group's figure at most a share of everybody else's."""
    most = number(str(rule["value"])) or 0
    plain = next((leaf for leaf in step.now.values() if leaf.kind in _of(rule) and "otherwise" in leaf.words), None)
    if plain is None or plain.number is None:
        if any(key in step.changed and step.now[key].kind in _of(rule) for key in step.now):
            helped_then = [leaf for leaf in step.then.values() if _groups_of(leaf.words, before)]
            if any(leaf.kind in _of(rule) for leaf in helped_then):
                key = next(key for key in sorted(step.changed) if step.now[key].kind in _of(rule))
                yield key, f"改为 {said(step.now[key])}，不再对帮扶对象倾斜"
        return
    for key, leaf in sorted(step.now.items()):
        if leaf.kind not in _of(rule) or leaf.number is None or not _groups_of(leaf.words, before):
            continue
        if not ({key, plain.key} & step.changed) or leaf.number * 10_000 <= plain.number * most:
            continue
        old, old_plain = step.then.get(key), step.then.get(plain.key)
        was = old.number if old else None
        was_plain = old_plain.number if old_plain else None
        if was is not None and was_plain and leaf.number * was_plain <= was * plain.number:
            continue
        yield key, f"为 {said(leaf)}，高于其他人 {said(plain)} 的 {_written(rule['value'])}"


def _cap_sum(rule: Mapping[str, Any], step: Step, after: Policies) -> Iterator[tuple[str, str]]:
    if not any(step.now[key].kind == "cap" for key in step.changed):
        return
    limit = number(str(rule["value"])) or 0
    for scheme in set(step.file.schemes) & set(rule["schemes"]):
        total = 0
        for version in in_force(after.rulebook, step.file.area, scheme, step.day):
            file = version.file
            if file.layer not in rule["layers"] and file.benefit not in rule["benefits"]:
                continue
            caps = [leaf for leaf in _leaves(after, version).values() if leaf.kind == "cap"]
            plain = [
                leaf.number for leaf in caps if not set(leaf.words) & {*GROUPS, "helped"} and leaf.number is not None
            ]
            total += min(plain) if plain else NO_LIMIT
        if total < limit:
            key = next(key for key in sorted(step.changed) if step.now[key].kind == "cap")
            yield key, f"后各层年度限额合计 {total // 100} 元，低于 {_written(rule['value'])}"


def _subsidy_ratio(rule: Mapping[str, Any], step: Step) -> Iterator[tuple[str, str]]:
    if step.file.kind != "contribution":
        return
    most = number(str(rule["value"])) or 0
    for key in sorted(step.changed):
        if step.now[key].kind not in ("subsidy", "individual"):
            continue
        paid = step.now.get("individual") or step.then.get("individual")
        subsidy = step.now.get("subsidy") or step.then.get("subsidy")
        if paid is None or subsidy is None or not paid.number or subsidy.number is None:
            continue
        if subsidy.number * 10_000 > paid.number * most:
            ratio = f"{subsidy.number / paid.number:.2f}"
            yield (
                key,
                f"后财政补助 {said(subsidy)}、个人缴费 {said(paid)}，为 {ratio} 倍，超过 {_written(rule['value'])}",
            )


def _not_below_above(rule: Mapping[str, Any], step: Step, before: Policies) -> Iterator[tuple[str, str]]:
    if step.file.kind != "contribution":
        return
    for key in sorted(step.changed):
        leaf = step.now[key]
        if leaf.kind not in _of(rule) or leaf.number is None:
            continue
        old = _before(step, key)
        for area in lineage(step.file.area)[1:]:
            floor = _figure_of_area(before, area, step, key)
            if floor is None or leaf.number >= floor or (old is not None and leaf.number >= old and old < floor):
                continue
            yield key, f"改为 {said(leaf)}，低于{area_name(area)}的 {floor // 100} 元"
            break


def _figure_of_area(policies: Policies, area: str, step: Step, key: str) -> int | None:
    for file in policies.rulebook.files.values():
        if file.kind != "contribution" or file.area != area or not set(file.schemes) & set(step.file.schemes):
            continue
        version = file.on(step.day)
        leaf = _leaves(policies, version).get(key) if version is not None else None
        if leaf is not None and leaf.number is not None:
            return leaf.number
    return None


def _only_pairs(rule: Mapping[str, Any], step: Step) -> Iterator[tuple[str, str]]:
    file = step.file
    if file.kind != "benefit" or not step.changed:
        return
    for scheme in file.schemes:
        allowed = rule["pairs"].get(scheme)
        if allowed is not None and file.benefit not in allowed:
            key = sorted(step.changed)[0]
            yield key, f"涉及{SCHEMES[scheme]}的{BENEFITS[file.benefit]}，不在清单之内"


def _never_measures(rule: Mapping[str, Any], step: Step) -> Iterator[tuple[str, str]]:
    for where, parts in _measures(step.body):
        then = dict(_measures(step.body_then)).get(where, ())
        wrong = [part for part in parts if part in rule["parts"] and part not in then]
        if wrong and step.file.layer in rule["layers"]:
            yield where, f"使{layer_name(step.file.layer)}计入目录外费用（{'、'.join(wrong)}）"


def _measures(body: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str]]]:
    stated = body.get("measures", ())
    if isinstance(stated, dict):
        for benefit, parts in stated.items():
            yield f"measures.{benefit}", parts
    else:
        yield "measures", stated


def said(leaf: Leaf) -> str:
    """A figure as a sentence says it."""
    if leaf.written == "none":
        return "不封顶"
    return leaf.written if leaf.written.endswith("%") else f"{leaf.written} 元"


def _shown(value: int, like: Leaf) -> str:
    if value >= NO_LIMIT:
        return "不封顶"
    return f"{value / 100:g}%" if like.written.endswith("%") else f"{value // 100} 元"


def _written(value: object) -> str:
    return str(value) if str(value).endswith("%") else f"{value} 元"
