"""What each kind of rule of the benefit list asks of a changed version (待遇清单各类规则).

Each yields (key, what is wrong).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openyibao.kernel.areas import lineage
from openyibao.policy.facade import Policies, area_name, in_force
from openyibao.policy.terms import BENEFITS, GROUPS, LABELS, SCHEMES, layer_name
from openyibao.simulation.reform.figures import NO_LIMIT, number
from openyibao.simulation.reform.guard_step import Leaf, Step, groups_of, leaves, number_before, said, shown, written

HIGHER_IS_WORSE = {
    "deductible": True,
    "patient_share": True,
    "first_self_pay": True,
    "rate": False,
    "bonus": False,
    "cap": False,
}
KEYED_RULES = ("rate", "deductible", "cap")
"""Kinds of figures that only benefits and layers have."""
Found = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class Asked:
    """One rule put to one step, with both policies; `doubts` takes up what cannot be judged."""

    rule: Mapping[str, Any]
    step: Step
    before: Policies
    after: Policies
    doubts: list[str]

    @property
    def of(self) -> tuple[str, ...]:
        stated = self.rule.get("of", ())
        return (stated,) if isinstance(stated, str) else tuple(stated)

    @property
    def limit(self) -> str | None:
        """The rule's value for the file's area, the nearest area first; a doubt when none is stated."""
        if "value" in self.rule:
            return str(self.rule["value"])
        stated = {row["area"]: str(row["value"]) for row in self.rule["values"]}
        for area in lineage(self.step.file.area):
            if area in stated:
                return stated[area]
        place = area_name(self.step.file.area)
        self.doubts.append(f"规则 {self.rule['id']}（{self.rule['text']}）没有{place}的数，未核对")
        return None

    def changed(self, *kinds: str) -> Iterator[tuple[str, Leaf]]:
        """Changed figures of some kinds that are there and have a number, by key."""
        for key in sorted(self.step.changed):
            leaf = self.step.now.get(key)
            if leaf is not None and leaf.number is not None and leaf.kind in kinds:
                yield key, leaf


def breaches(rule: Mapping[str, Any], step: Step, before: Policies, after: Policies, doubts: list[str]) -> Found:
    """Where a changed version breaks a rule, or breaks it further than it did."""
    if _concerns(rule, step.file):
        yield from KINDS[rule["kind"]](Asked(rule, step, before, after, doubts))


def _concerns(rule: Mapping[str, Any], file: Any) -> bool:
    """Whether a rule is about what a file rules. A rule of both lists (cap sums) is about either."""
    if "schemes" in rule and not set(rule["schemes"]) & set(file.schemes):
        return False
    named = [("layers", file.layer), ("benefits", file.benefit)]
    stated = [mine in rule[name] for name, mine in named if name in rule]
    if "layers" in rule and "benefits" not in rule:
        return bool(file.layer in rule["layers"])
    if rule.get("of") in KEYED_RULES and file.kind not in ("benefit", "layer"):
        return False
    return any(stated) if stated else True


# Bounds -----------------------------------------------------------------------------------------------------------


def _bound(ask: Asked) -> Found:
    """least, most: a figure not below, not above a value."""
    least = ask.rule["kind"] == "least"
    for key, leaf in ask.changed(*ask.of):
        if leaf.number is None or not _about_persons(ask.rule, leaf, ask.before):
            continue
        text = ask.limit
        limit = None if text is None else number(text)
        if limit is None or not (leaf.number < limit if least else leaf.number > limit):
            continue
        old = number_before(ask.step, key)
        if old is not None and (leaf.number >= old if least else leaf.number <= old):
            continue
        yield key, f"改为 {said(leaf)}，{'低于' if least else '高于'} {written(text)}"


def _about_persons(rule: Mapping[str, Any], leaf: Leaf, policies: Policies) -> bool:
    """Whether a figure concerns the groups or statuses of a rule."""
    if "statuses" in rule and not set(leaf.words) & set(rule["statuses"]):
        return False
    if "groups" not in rule:
        return True
    mine = groups_of(leaf.words, policies)
    return not mine or bool(mine & set(rule["groups"]))


def _ratio(ask: Asked) -> Found:
    """ratio_most: one figure of a file at most a share of another (补助与个人缴费、基数上下限)."""
    over = ask.rule["over"]
    most = number(str(ask.rule["value"])) or 0
    for key, _ in ask.changed(*ask.of, over):
        upper, lower = ((ask.step.now.get(name) or ask.step.then.get(name)) for name in (*ask.of, over))
        if upper is None or lower is None or upper.number is None or not lower.number:
            continue
        if upper.number * 10_000 <= lower.number * most or NO_LIMIT in (upper.number, lower.number):
            continue
        was, was_lower = (ask.step.then.get(name) for name in (*ask.of, over))
        known = was is not None and was_lower is not None and was.number and was_lower.number
        if known and upper.number * was_lower.number <= was.number * lower.number:  # type: ignore[union-attr,operator]
            continue  # as far beyond before, or further
        names = ask.rule["names"]
        ratio = f"{upper.number / lower.number:.2f}"
        yield (
            key,
            f"后{names[0]} {said(upper)}、{names[1]} {said(lower)}，为 {ratio} 倍，超过 {written(ask.rule['value'])}",
        )


def _cap_sum(ask: Asked) -> Found:
    """cap_sum_least: yearly limits of all layers of a scheme together not below a value."""
    capped = [key for key, _ in ask.changed("cap")]
    text = ask.limit if capped else None
    limit = None if text is None else number(text)
    if limit is None:
        return
    for scheme in set(ask.step.file.schemes) & set(ask.rule["schemes"]):
        total = _caps(ask, ask.after, scheme)
        if total < limit and total < _caps(ask, ask.before, scheme):
            yield capped[0], f"后各层年度限额合计 {total // 100} 元，低于 {written(text)}"


def _caps(ask: Asked, policies: Policies, scheme: str) -> int:
    """Yearly limits of those whom no group favours, over the layers and benefits of a rule."""
    total = 0
    for version in in_force(policies.rulebook, ask.step.file.area, scheme, ask.step.day):
        if version.file.layer in ask.rule["layers"] or version.file.benefit in ask.rule["benefits"]:
            caps = [leaf for leaf in leaves(policies, version).values() if leaf.kind == "cap"]
            plain = [leaf.number for leaf in caps if not {*leaf.words} & {*GROUPS, "helped"}]
            total += min((value for value in plain if value is not None), default=NO_LIMIT)
    return total


def _not_below_above(ask: Asked) -> Found:
    """not_below_above: a city's figure not below that of the province or the nation on the same day."""
    if ask.step.file.kind != "contribution":
        return
    for key, leaf in ask.changed(*ask.of):
        old = number_before(ask.step, key)
        judged = False
        for area in lineage(ask.step.file.area)[1:]:
            floor = _figure_of_area(ask, area, key)
            judged = judged or floor is not None
            if floor is None or leaf.number is None or leaf.number >= floor:
                continue
            if old is not None and leaf.number >= old and old < floor:
                continue
            yield key, f"改为 {said(leaf)}，低于{area_name(area)}的 {floor // 100} 元"
            break
        if not judged and old is not None and leaf.number is not None and leaf.number < old:
            rule, day = ask.rule, ask.step.day
            ask.doubts.append(f"规则 {rule['id']}（{rule['text']}）：{day} 省、国家的 {key} 无数字，未核对")


def _figure_of_area(ask: Asked, area: str, key: str) -> int | None:
    for file in ask.before.rulebook.files.values():
        if file.kind != "contribution" or file.area != area or not set(file.schemes) & set(ask.step.file.schemes):
            continue
        version = file.on(ask.step.day)
        leaf = leaves(ask.before, version).get(key) if version is not None else None
        if leaf is not None and leaf.number is not None:
            return leaf.number
    return None


# Who stands where -------------------------------------------------------------------------------------------------


def _order(ask: Asked) -> Found:
    """order: of figures that differ only by one word, a later word's must not exceed an earlier word's."""
    order = tuple(ask.rule["order"])
    for key, leaf in sorted(ask.step.now.items()):
        at = next((i for i, word in enumerate(leaf.words) if word in order), -1)
        if leaf.kind not in ask.of or at < 0 or leaf.number is None:
            continue
        for upper in order[: order.index(leaf.words[at])]:
            other = ".".join([*leaf.words[:at], upper, *leaf.words[at + 1 :]])
            beside = ask.step.now.get(other)
            if beside is None or beside.number is None or leaf.number <= beside.number:
                continue
            if not {key, other} & ask.step.changed or _was_so(ask.step, key, other, leaf.number - beside.number):
                continue
            yield key, f"为 {said(leaf)}，高于{LABELS[upper]}的 {said(beside)}"
            break


def _was_so(step: Step, key: str, other: str, gap: int) -> bool:
    """Whether the same order was broken as far before."""
    then, beside = number_before(step, key), number_before(step, other)
    return then is not None and beside is not None and then - beside >= gap


def _group_order(ask: Asked) -> Found:
    """group_order: what holds for other helped groups must not exceed what holds for the poorest (可以持平)."""
    lead = ask.rule["lead"]
    for stem in sorted({".".join(leaf.words[:-1]) for leaf in ask.step.now.values() if leaf.kind in ask.of}):
        top = _for_group(ask, ask.step.now, stem, lead)
        if top is None:
            continue
        for group in ask.rule["groups"]:
            mine = _for_group(ask, ask.step.now, stem, group)
            if mine is None or mine[1] <= top[1] or not {mine[0], top[0]} & ask.step.changed:
                continue
            was, was_top = (_for_group(ask, ask.step.then, stem, name) for name in (group, lead))
            if was and was_top and was[1] - was_top[1] >= mine[1] - top[1]:
                continue
            key = mine[0] if mine[0] in ask.step.changed else top[0]
            yield key, f"后{GROUPS[group]} {_as(mine, ask)}，高于{GROUPS[lead]}的 {_as(top, ask)}"
            break


def _as(found: tuple[str, int], ask: Asked) -> str:
    return said(ask.step.now[found[0]])


def _for_group(ask: Asked, figures: Mapping[str, Leaf], stem: str, group: str) -> tuple[str, int] | None:
    """The figure under a key that holds for a group: its own, that of a set it is in, that of all others."""
    names = [group, *(name for name, members in ask.before.rulebook.sets.items() if group in members), "otherwise"]
    for name in names:
        leaf = figures.get(f"{stem}.{name}")
        if leaf is not None and leaf.number is not None:
            return leaf.key, leaf.number
    return None


def _not_worse(ask: Asked) -> Found:
    """not_worse: figures that hold for helped groups must not become worse for them, nor cease."""
    yield from _less_measured(ask)
    yield from _later_tiers(ask)
    for key in sorted(ask.step.changed):
        leaf = ask.step.now.get(key)
        if leaf is None:
            yield from _ceased(ask, key)
            continue
        if leaf.kind not in HIGHER_IS_WORSE or leaf.number is None or not _for_helped(ask, leaf):
            continue
        old = number_before(ask.step, key)
        if old is not None and (leaf.number > old if HIGHER_IS_WORSE[leaf.kind] else leaf.number < old):
            yield key, f"由 {shown(old, leaf)} 改为 {said(leaf)}，降低了{_named(ask, leaf)}的待遇"


def _for_helped(ask: Asked, leaf: Leaf) -> bool:
    """Whether a figure holds for helped groups: it names some, or its file is for them alone."""
    if groups_of(leaf.words, ask.before):
        return True
    everybody = ask.step.body.get("who") is None and ask.step.file.layer == "serious_illness"
    return "otherwise" not in leaf.words and not everybody


def _named(ask: Asked, leaf: Leaf) -> str:
    mine = groups_of(leaf.words, ask.before)
    some = 0 < len(mine) < len(GROUPS)
    return "、".join(GROUPS[group] for group in GROUPS if group in mine) if some else "帮扶对象"


def _ceased(ask: Asked, key: str) -> Found:
    """A helped group's own figure that is gone, and nothing holds in its stead."""
    leaf = ask.step.then.get(key)
    stem, _, word = key.rpartition(".")
    if leaf is None or leaf.kind not in HIGHER_IS_WORSE or word not in GROUPS or stem in ask.step.now:
        return
    kept = any(name.startswith(f"{stem}.") for name in ask.step.now)
    if kept and _for_group(ask, ask.step.now, stem, word) is None:
        yield key, f"被去掉，{GROUPS[word]}不再有这一待遇"


def _less_measured(ask: Asked) -> Found:
    if "measures" not in ask.step.changed:
        return
    now = dict(_measures(ask.step.body))
    for where, parts in _measures(ask.step.body_then):
        gone = [part for part in parts if part not in now.get(where, now.get("measures", ()))]
        if gone:
            yield where, f"不再计入{'、'.join(LABELS.get(part, part) for part in gone)}，降低了帮扶对象的待遇"


def _later_tiers(ask: Asked) -> Found:
    """A tier that ends later, where the next one pays more: the better rate begins later."""
    for key in sorted(ask.step.changed):
        words = key.split(".")
        now, then = ask.step.now.get(key), ask.step.then.get(key)
        if words[0] != "tiers" or words[-1] != "upto" or now is None or then is None:
            continue
        step = int(words[1])
        rates = [ask.step.now.get(f"tiers.{at}.rate") for at in (step, step + 1)]
        if now.number is None or then.number is None or any(rate is None or rate.number is None for rate in rates):
            continue
        if now.number > then.number and (rates[0].number or 0) < (rates[1].number or 0):  # type: ignore[union-attr]
            yield key, f"由 {then.written} 元改为 {now.written} 元，较高的支付比例起得更晚，降低了帮扶对象的待遇"


def _tilt(ask: Asked) -> Found:
    """tilt: a helped group's figure at most a share of everybody else's."""
    most = number(str(ask.rule["value"])) or 0
    plain = next((leaf for leaf in ask.step.now.values() if leaf.kind in ask.of and "otherwise" in leaf.words), None)
    if plain is None or plain.number is None:
        yield from _levelled(ask)
        return
    for key, leaf in sorted(ask.step.now.items()):
        if leaf.kind not in ask.of or leaf.number is None or not groups_of(leaf.words, ask.before):
            continue
        if not ({key, plain.key} & ask.step.changed) or leaf.number * 10_000 <= plain.number * most:
            continue
        old, old_plain = ask.step.then.get(key), ask.step.then.get(plain.key)
        was = old.number if old else None
        was_plain = old_plain.number if old_plain else None
        if was is not None and was_plain and leaf.number * was_plain <= was * plain.number:
            continue
        blamed = key if key in ask.step.changed else plain.key
        yield blamed, f"后帮扶对象 {said(leaf)}，高于其他人 {said(plain)} 的 {written(ask.rule['value'])}"


def _levelled(ask: Asked) -> Found:
    """One figure for everybody where helped groups had their own."""
    changed = next(iter(ask.changed(*ask.of)), None)
    helped = (leaf for leaf in ask.step.then.values() if groups_of(leaf.words, ask.before))
    if changed is not None and any(leaf.kind in ask.of for leaf in helped):
        yield changed[0], f"改为 {said(changed[1])}，不再对帮扶对象倾斜"


# What may be paid at all ------------------------------------------------------------------------------------------


def _only_pairs(ask: Asked) -> Found:
    """only_pairs: benefits by scheme that the list knows."""
    file = ask.step.file
    if file.kind != "benefit" or not ask.step.changed:
        return
    for scheme in file.schemes:
        allowed = ask.rule["pairs"].get(scheme)
        if allowed is not None and file.benefit not in allowed:
            yield sorted(ask.step.changed)[0], f"涉及{SCHEMES[scheme]}的{BENEFITS[file.benefit]}，不在清单之内"


def _never_measures(ask: Asked) -> Found:
    """never_measures: layers that must not take up parts of a bill outside the catalogue."""
    then = dict(_measures(ask.step.body_then))
    for where, parts in _measures(ask.step.body):
        wrong = [part for part in parts if part in ask.rule["parts"] and part not in then.get(where, ())]
        if wrong and ask.step.file.layer in ask.rule["layers"]:
            yield where, f"使{layer_name(ask.step.file.layer)}计入目录外费用（{'、'.join(wrong)}）"


def _measures(body: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str]]]:
    stated = body.get("measures", ())
    if isinstance(stated, dict):
        for benefit, parts in stated.items():
            yield f"measures.{benefit}", parts
    else:
        yield "measures", stated


KINDS: Mapping[str, Callable[[Asked], Found]] = {
    "least": _bound,
    "most": _bound,
    "ratio_most": _ratio,
    "cap_sum_least": _cap_sum,
    "not_below_above": _not_below_above,
    "order": _order,
    "group_order": _group_order,
    "not_worse": _not_worse,
    "tilt": _tilt,
    "only_pairs": _only_pairs,
    "never_measures": _never_measures,
}
"""Kind of a rule in benefit_list.yaml -> what it asks."""

__all__ = ["KINDS", "breaches"]
