"""A year's stays paid by packs within one budget (支付方式测算): by hospital, to the fen, as a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from openyibao.analytics.paying.document import payment_document
from openyibao.analytics.paying.effects import effects_of
from openyibao.analytics.paying.members import members_of_year
from openyibao.analytics.paying.simulated import Simulated
from openyibao.analytics.paying.stays import stays_of_year
from openyibao.datasets.facade import LEVEL_CODES, Dataset
from openyibao.kernel.errors import Fault, Malformed
from openyibao.payment.engine.pack import facade as packs
from openyibao.payment.engine.pack.facade import GroupOf, Pack, Stay

Progress = Callable[[str, int], None]
_POINTS = 10_000


__all__ = ["Simulated", "payment_document", "simulate_payment"]


def simulate_payment(
    dataset: Dataset,
    names: Sequence[str | Path],
    year: int,
    *,
    run: str = "current",
    budget_bp: int = _POINTS,
    budget_fen: int = 0,
    parts: int | None = None,
    progress: Progress | None = None,
) -> Simulated:
    """Pay a settled year's stays by each pack within one budget.

    Args: budget_fen, or without it `budget_bp` (1/10,000) of what the basic pool paid by item at home. A pack that has
    no version for the year prices the stays as of its latest year: days are moved, money is not.
    Raises: Malformed for packs at fault, a year or run that is not there; what the packs refuse.
    """
    if year not in dataset.years or run not in dataset.manifest.runs:
        have = "、".join(dataset.manifest.runs) or "无"
        raise Malformed(
            [Fault(str(dataset.folder), 0, "", f"没有 {year} 年的结算批次 {run!r}", f"先 resettle；已有：{have}")]
        )
    loaded = [packs.load_pack(name) for name in names]
    into_year = _year_of(loaded, year)
    stays: list[Stay] = []
    invented: dict[str, GroupOf] = {}
    for stay, group in stays_of_year(dataset, year, run, into_year, parts):
        stays.append(stay)
        invented[stay.case_id] = group
        if progress is not None and len(stays) % 20_000 == 0:
            progress("stays", len(stays))
    whole = budget_fen or sum(stay.pool_by_item_fen for stay in stays if not stay.remote) * budget_bp // _POINTS
    budgets = packs.split_budget(stays, whole)
    sides = []
    for pack in loaded:
        version = packs.member_version(pack, into_year)
        if not version.methods and version.member_methods:
            found = members_of_year(dataset, year, run, packs.member_method(pack, version), stays, parts)
            side = packs.pay_members(pack, version, found.members, found.spent, budgets, found.weights)
        else:
            side = packs.pay_year(pack, stays, packs.groups_for(pack, stays) if pack.grouping else invented, budgets)
        sides.append(side)
        if progress is not None:
            progress("packs", len(sides))
    versions = tuple(packs.member_version(pack, into_year) for pack in loaded)
    pairs = zip(sides, versions, strict=True)
    effects = tuple({} if side.members is not None else effects_of(side, version) for side, version in pairs)
    known, levels = _institutions(dataset)
    report = packs.beside(sides, stays, budgets)
    return Simulated(dataset.manifest.title, year, into_year, len(stays), report, versions, effects, known, levels)


def _institutions(dataset: Dataset) -> tuple[dict[str, str], dict[str, str]]:
    """Names and levels by code."""
    table = dataset.whole("institutions").to_pydict()
    levels = {code: LEVEL_CODES[level] for code, level in zip(table["code"], table["level"], strict=True)}
    return dict(zip(table["code"], table["name"], strict=True)), levels


def _year_of(loaded: Sequence[Pack], year: int) -> int:
    """The year the stays are priced as: their own where every pack has it, else the latest all packs begin in."""
    day = date(year, 12, 31)
    if all(pack.version_on(day) and pack.version_on(date(year, 1, 1)) for pack in loaded):
        return year
    return max(pack.versions[-1].period.start.year for pack in loaded)
