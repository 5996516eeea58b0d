"""The benefit list (待遇清单): what a reform may not propose. Checked before anything is settled.

Rules are data (data/benefit_list.yaml). A rule looks only at figures that the reform changes, and speaks only when the
change breaks it or breaks it further: what the policies in force already do is not the reform's fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

from openyibao.kernel.periods import day_from_text
from openyibao.policy.contracts import Source
from openyibao.policy.facade import Policies
from openyibao.policy.terms import CERTAINTIES
from openyibao.simulation.reform.errors import BenefitListForbids
from openyibao.simulation.reform.figures import load_data
from openyibao.simulation.reform.guard_rules import breaches
from openyibao.simulation.reform.guard_step import Step, leaves

EARLIER = "from"
"""The key of a change that moves a whole version."""


@cache
def rules() -> tuple[dict[str, Any], ...]:
    """The rules of the benefit list, in order."""
    return tuple(load_data("benefit_list.yaml")["rules"])


def check(before: Policies, after: Policies, reform: Source, unknown: list[str] | None = None) -> int:
    """Refuse a reform that the benefit list forbids; returns how many rules were looked at.

    Args: unknown: takes up, as sentences, what could not be judged because the figure to judge by is missing.
    Raises: BenefitListForbids naming rule and figure; its `also` holds the rest.
    """
    found: list[BenefitListForbids] = []
    told: set[tuple[str, str]] = set()
    doubts: list[str] = []
    for step in _steps(before, after, reform):
        for rule in rules():
            if rule.get("from") and step.until <= day_from_text(rule["from"]):
                continue
            for key, wrong in breaches(rule, step, before, after, doubts):
                if (rule["id"], f"{step.name}#{key}") in told:
                    continue
                told.add((rule["id"], f"{step.name}#{key}"))
                found.append(_refusal(rule, step, key, wrong, reform))
    if unknown is not None:
        unknown += dict.fromkeys(doubts)
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


def _steps(before: Policies, after: Policies, reform: Source) -> Iterator[Step]:
    """Every version that the reform changes, once for each change that has a part in it."""
    changes: dict[str, list[tuple[int, date, str]]] = {}
    for at, row in enumerate(reform.data["changes"]):
        name, _, key = row["path"].partition("#")
        changes.setdefault(name.removeprefix("policies/"), []).append((at, day_from_text(row["from"]), key))
    for name, mine in changes.items():
        file = after.rulebook.files[name]
        first = min(start for _, start, _ in mine)
        for version in file.versions:
            if version.period.end <= first or "absent" in version.body:
                continue
            day = max(version.period.start, first)
            held = before.rulebook.files[name].on(day)
            now = leaves(after, version)
            then = leaves(before, held) if held is not None else {}
            body_then = held.body if held else {}
            for at, changed in _by_change(mine, day, _changed(now, then, version.body, body_then)).items():
                yield Step(at, name, file, day, now, then, version.body, body_then, changed, version.period.end)


def _changed(
    now: Mapping[str, Any], then: Mapping[str, Any], body: Mapping[str, Any], was: Mapping[str, Any]
) -> set[str]:
    """Key paths of figures that are new, differ, or are gone; and what a layer measures, when that differs."""
    found = {key for key, leaf in now.items() if key not in then or then[key].written != leaf.written}
    found |= {key for key in then if key not in now}
    return found | ({"measures"} if body.get("measures") != was.get("measures") else set())


def _by_change(mine: list[tuple[int, date, str]], day: date, changed: set[str]) -> dict[int, frozenset[str]]:
    """Who is to blame for each changed key: of the changes about it in force on the day the last one."""
    found: dict[int, set[str]] = {}
    for key in changed:
        about = [(start, at) for at, start, path in mine if start <= day and _related(key, path)]
        at = max(about)[1] if about else mine[0][0]
        found.setdefault(at, set()).add(key)
    return {at: frozenset(keys) for at, keys in sorted(found.items())}


def _related(key: str, path: str) -> bool:
    return path == EARLIER or key == path or key.startswith(f"{path}.") or path.startswith(f"{key}.")
