"""Runs a reform over a year of a dataset (改革测算): checked first, settled before and after, explained."""

from __future__ import annotations

import hashlib
import time
from datetime import date
from pathlib import Path
from typing import Any

from openyibao.datasets.facade import Dataset
from openyibao.kernel.errors import Fault, Malformed
from openyibao.policy.contracts import Source, read_reform
from openyibao.policy.facade import Policies, area_name, figures_in, in_force
from openyibao.simulation.driver import Driver
from openyibao.simulation.reform import given, guard, households, pools
from openyibao.simulation.reform.backtest import back_test
from openyibao.simulation.reform.contributions import Rules
from openyibao.simulation.reform.losers import explained
from openyibao.simulation.reform.measure import Measured, Progress, measure
from openyibao.simulation.reform.naming import key_name, rule_name, value_name
from openyibao.simulation.reform.response import respond
from openyibao.simulation.reform.result import ChangedFigure, ReformResult

INSTITUTIONS_NAMED = 20


def reform_report(
    dataset: Dataset,
    policies: Policies,
    reform: Path,
    year: int | None = None,
    progress: Progress | None = None,
    *,
    jobs: int | None = None,
) -> ReformResult:
    """Settle a year before and after a reform and say what it does.

    Args: year: one of the dataset's; without it the one the reform names, else the dataset's only or last one.
    Raises: Malformed (reform file, year), BenefitListForbids before anything is settled, VisitsRefused.
    """
    begun = time.monotonic()
    source = read_reform(reform)
    after = given.reformed(policies, source)
    year = chosen_year(dataset, source, year)
    unknown: list[str] = []
    rules_checked = guard.check(policies, after, source, unknown)
    said = progress or (lambda what, count: None)
    idle = given.idle(policies, after, source, dataset.pools, year)
    notes = [*place(dataset, source, year), *unknown, *idle]
    rules = Rules.of(policies, after, dataset, year, source)
    drivers = (Driver(policies, dataset), Driver(after, dataset))
    upper = households.limits(dataset, year, said)
    measured = measure(dataset, drivers, rules, upper, year, jobs=jobs, said=said)
    accounts = pools.accounts(dataset, measured, rules, year)
    said("losers", len(measured.losers))
    sides = (policies, after)
    contributions = bool(rules.touched)
    result = ReformResult(
        title=str(source.data.get("title") or reform.stem),
        note=str(source.data.get("note", "")),
        file=reform.name,
        reform_hash=hashlib.sha256(reform.read_bytes()).hexdigest()[:16],
        digests=(policies.rulebook.digest, after.rulebook.digest),
        folder=dataset.folder.name,
        manifest=dataset.manifest,
        year=year,
        figures=_figures(policies, after, source, year),
        measured=measured,
        accounts=accounts,
        response=respond(measured),
        back_test=back_test(policies),
        explained=explained(dataset, sides, year, measured.losers),
        explained_bills=explained(dataset, sides, year, measured.losers_by_bills) if contributions else [],
        limits=[int(value) for value in upper],
        institutions={},
        provisional=_provisional(after, dataset, year),
        notes=[*notes, *_notes(rules, measured, accounts)],
        rules_checked=rules_checked,
        idle=idle,
        doubts=unknown,
        changes=len(source.data["changes"]),
    )
    result.institutions = _institutions(dataset, [at for at, _ in result.top_institutions(INSTITUTIONS_NAMED)])
    result.seconds = time.monotonic() - begun
    return result


def chosen_year(dataset: Dataset, reform: Source, year: int | None) -> int:
    """The year to settle. Raises: Malformed, when the dataset has it not."""
    stated = (reform.data.get("for") or {}).get("year")
    if year is None:
        year = stated if stated in dataset.years else dataset.years[-1]
    if year not in dataset.years:
        have = "、".join(map(str, dataset.years))
        raise Malformed([Fault(str(dataset.folder), 0, "--year", f"数据集没有 {year} 年", have)])
    assert year is not None
    return year


def place(dataset: Dataset, reform: Source, year: int) -> list[str]:
    """Whether the reform speaks of this dataset's area and year. Raises: Malformed, when of no area of it."""
    stated = reform.data.get("for")
    if not stated:
        return []
    area, mine = stated["area"], {area for area, _ in dataset.pools}
    if area not in mine and not any(one.startswith(area[:2]) and area.endswith("0000") for one in mine):
        names = "、".join(area_name(one) for one in sorted(mine))
        raise Malformed(
            [reform.fault(("for", "area"), f"方案的数字属于{area_name(area)}，数据集是{names}", "对应地区的数据集")]
        )
    if stated["year"] != year:
        return [f"方案的数字属于 {stated['year']} 年，这里用于 {year} 年"]
    return []


def _figures(before: Policies, after: Policies, reform: Source, year: int) -> list[ChangedFigure]:
    """What the reform changes, as it stood and as it stands."""
    found: dict[tuple[str, str], ChangedFigure] = {}
    for row in reform.data["changes"]:
        name, _, key = row["path"].partition("#")
        name = name.removeprefix("policies/")
        file = after.rulebook.files[name]
        day = given.first_day(after, name, date.fromisoformat(row["from"]), year)
        now = file.on(day) if day else None
        if day is None or now is None:
            continue
        then = before.rulebook.files[name].on(day)
        mine = _under(after, now, key)
        theirs = _under(before, then, key) if then is not None else {}
        for path in _leaves({*mine, *theirs}):
            was, now_is = _value(theirs, path), _value(mine, path)
            if was != now_is:
                found[f"{name}#{path}", row["from"]] = ChangedFigure(
                    f"{name}#{path}",
                    f"{rule_name(file)}：{key_name(path)}",
                    row["from"],
                    value_name(was, path) if was else "—",
                    value_name(now_is, path) if now_is else "—",
                    str(row.get("note", "")),
                    (mine.get(path) or next(iter(mine.values()), ("", "reform")))[1],
                )
    return list(found.values())


def _leaves(paths: set[str]) -> list[str]:
    """The finest of some key paths: one that others lie below says nothing of its own."""
    return sorted(path for path in paths if not any(other.startswith(f"{path}.") for other in paths))


def _value(figures: dict[str, tuple[str, str]], path: str) -> str:
    """The value that holds at a path: its own, that of a mapping's remainder, or that of what it belongs to."""
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        parent = ".".join(parts[:end])
        for other in (parent, f"{parent}.otherwise") if end < len(parts) else (parent,):
            if other in figures:
                return figures[other][0]
    return ""


def _under(policies: Policies, version: Any, key: str) -> dict[str, tuple[str, str]]:
    """Figures of a version at or below a key (all of them for `from`): key path -> (value, certainty)."""
    rows = ((figure.path.partition("#")[2], figure) for figure in figures_in(policies.rulebook, version))
    return {
        path: (figure.value, figure.certainty)
        for path, figure in rows
        if key == "from" or path == key or path.startswith(f"{key}.") or key.startswith(f"{path}.")
    }


def _provisional(policies: Policies, dataset: Dataset, year: int) -> dict[str, list[str]]:
    """Figures in force in the year that are assumed, or used outside the years of their evidence."""
    found: dict[str, set[str]] = {}
    for area, scheme in dataset.pools:
        for day in (date(year, 1, 1), date(year, 7, 1), date(year, 12, 31)):
            for version in in_force(policies.rulebook, area, scheme, day):
                for figure in figures_in(policies.rulebook, version):
                    first, last = figure.evidence
                    late = figure.certainty not in ("reform", "assumed") and not first <= year <= last
                    if figure.certainty == "assumed" or late:
                        name, _, key = figure.path.partition("#")
                        found.setdefault(name, set()).add(f"{key}（{'沿用' if late else '假定'}）")
    return {name: sorted(keys) for name, keys in sorted(found.items())}


def _institutions(dataset: Dataset, wanted: list[int]) -> dict[int, tuple[str, str]]:
    table = dataset.whole("institutions").select(["institution", "name", "code"]).to_pylist()
    return {row["institution"]: (row["name"], row["code"]) for row in table if row["institution"] in wanted}


def _notes(rules: Rules, measured: Measured, accounts: list[pools.PoolAccount]) -> list[str]:
    notes = [f"{text}（{count:,} 人次）" if count > 1 else text for text, count in sorted(rules.notes.items())]
    if measured.rule_checked and measured.rule_equal < measured.rule_checked:
        notes.append(
            f"个人账户划入：{measured.rule_checked:,} 人中 {measured.rule_equal:,} 人的记录与按现行政策算得的一致；"
            "改革的变化按规则前后之差计，加在记录之上"
        )
    lacking = [account for account in accounts if account.opening is None]
    if lacking:
        notes.append(f"{len(lacking)} 个统筹基金没有上年结余的记录，不计可支付月数")
    return notes


__all__ = ["Measured", "ReformResult", "reform_report"]
