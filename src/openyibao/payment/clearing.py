"""The year's clearing on the platform (年度清算): the engine decides, this posts the difference and keeps the rows.

    budget + borne beyond it = paid in the year + clearing + retained

What an institution was paid for a stay is its items (settled through the year) and the difference its run posted. The
clearing is the rest; it goes to the ledger as a difference of the payment method, and the next slip pays it or takes
it back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.transactions import joined
from openyibao.kernel.clock import business_day
from openyibao.ledger import facade as ledger
from openyibao.payment import case_store, special_store, store
from openyibao.payment.cases import fund_of
from openyibao.payment.coding import as_priced
from openyibao.payment.engine.pack import clearing as engine
from openyibao.payment.engine.pack.loading import load_pack
from openyibao.payment.engine.pack.pack import Version
from openyibao.payment.engine.pack.period import distribute
from openyibao.payment.errors import BudgetMissing, ClearingRefused, PackUnfit
from openyibao.payment.logic.review import WAITING
from openyibao.settlement import facade as settlement

DOCUMENT = "payment_clearing"


@dataclass(frozen=True)
class YearClearing:
    """A year's clearing of an area by scheme (年度清算结果), as the engine made it."""

    area: str
    year: int
    pack: str
    schemes: Mapping[str, engine.Clearing]

    @property
    def clearing_fen(self) -> int:
        return sum(one.clearing_fen for one in self.schemes.values())

    def as_json(self) -> dict[str, Any]:
        return {
            "area": self.area,
            "year": self.year,
            "pack": self.pack,
            "schemes": {
                scheme: {
                    "budget_fen": one.pool.budget_fen,
                    "beyond_fen": one.pool.beyond_fen,
                    "paid_fen": one.paid_fen,
                    "clearing_fen": one.clearing_fen,
                    "retained_fen": dict(one.retained),
                    "holds": one.holds,
                    "institutions": [
                        {
                            "institution": line.institution,
                            "cases": line.cases,
                            "billed_fen": line.billed_fen,
                            "standard_fen": line.standard_fen,
                            "extra_fen": line.extra_fen,
                            "returned_fen": line.returned_fen,
                            "forfeited_fen": line.forfeited_fen,
                            "paid_fen": line.paid_fen,
                            "clearing_fen": line.clearing_fen,
                        }
                        for line in one.lines
                    ],
                }
                for scheme, one in sorted(self.schemes.items())
            },
        }


def set_budget(actor: Actor, area: str, year: int, scheme: str, fen: int, document_no: str, at: datetime) -> None:
    """Decide the money for a year's stays of a scheme (年度预算); the latest document holds.

    Raises: NotPermitted, BudgetMissing for no money or a document known already, ClearingRefused for a cleared year.
    """
    require(actor, "payment.budget", area)
    if fen <= 0:
        raise BudgetMissing("预算须大于零", hint="写明该险种全年用于住院付费的金额")
    with joined():
        store.lock_area(area)
        if not case_store.insert_budget(area, year, scheme, fen, document_no, actor.name, at):
            raise BudgetMissing(f"文号 {document_no} 已登记", hint="调整预算用新的文号")
        if year in case_store.cleared_years(area):
            raise ClearingRefused(f"{area} {year} 年已清算", hint="清算后的年度不再调整预算")
        audit.record(actor, "payment.set_budget", document_no, area, year=year, scheme=scheme, fen=fen)


def clear_year(actor: Actor, area: str, year: int, pack_name: str | Path, at: datetime) -> YearClearing:
    """Clear a year (年度清算), once: distribute the budgets, share surplus and overspend, post what is left.

    Raises: NotPermitted; ClearingRefused when the year is not over, was cleared, or has anything left to do (stays
    without a price, prices to be taken back, reviews not decided, scores missing), all of it listed; BudgetMissing;
    PackUnfit; BudgetTooSmall; Malformed for a pack at fault.
    """
    require(actor, "payment.clear", area)
    pack = load_pack(pack_name)
    version = pack.version_on(date(year, 12, 31))
    if version is None:
        raise PackUnfit(f"支付方式包 {pack.name} 在 {year}-12-31 没有版本", hint="补上该日的版本")
    with joined():
        store.lock_area(area)
        if business_day(at).year <= year:
            raise ClearingRefused(f"{year} 年尚未结束", hint="年度结束后清算")
        if year in case_store.cleared_years(area):
            raise ClearingRefused(f"{area} {year} 年已清算", hint="清算不可撤销；差错由下一年度处理")
        rows = case_store.standing(area, year)
        budgets = case_store.budgets(area, year)
        needed = {row.scheme for row in rows.values() if row.status != "outside"}
        gone = sorted(needed - set(budgets))
        if gone or not needed:
            raise BudgetMissing(f"{year} 年 {'、'.join(gone) or '没有计价病例'} 没有预算", hint="先登记预算并计价")
        scores = case_store.scores(area, year)
        waiting = _unpriced(actor, area, year, rows, business_day(at))
        faults = _open(area, year, rows, waiting) + _unassessed(version, rows, scores)
        if faults:
            raise ClearingRefused("；".join(faults), hint="逐项办结后再清算；清算后该年不再变动")
        priced = [as_priced(row) for row in rows.values()]
        settled, pools = distribute(version, priced, {scheme: budgets[scheme] for scheme in needed})
        paid: dict[tuple[str, str], int] = defaultdict(int)
        for row, one in zip(rows.values(), priced, strict=True):
            if one.counts:
                paid[row.institution_code, row.scheme] += one.stay.pool_by_item_fen + row.month_fen
        cleared = engine.clear_year(version, settled, pools, scores, paid)
        _keep_and_post(actor, area, year, pack.sha256, cleared, at)
        audit.record(actor, "payment.clear_year", str(year), area, pack=pack.sha256, cases=len(rows))
        return YearClearing(area, year, pack.name, cleared)


def _unpriced(
    actor: Actor, area: str, year: int, rows: Mapping[str, case_store.CaseRow], today: date
) -> tuple[list[str], list[str]]:
    """Stays of a year that the next run would price, and those it would take back: settled until today."""
    listed = settlement.listed_stays(actor, area, today + timedelta(days=1))
    current = {one.settlement_no: one for one in listed if one.discharged_on.year == year}
    fresh = [number for number in current if number not in rows]
    stale = [number for number, row in rows.items() if number not in current or current[number].list_no != row.list_no]
    return fresh, stale


def _open(
    area: str, year: int, rows: Mapping[str, case_store.CaseRow], waiting: tuple[list[str], list[str]]
) -> list[str]:
    """What is not done with a year's stays: nothing of it could be put right once the year is cleared."""
    fresh, stale = waiting
    undecided = special_store.unfinished(area, year, sorted(WAITING))
    refused = [row.settlement_no for row in rows.values() if row.status == "refused"]
    named = {
        "未能计价，改正病例或支付方式包后重新计价": refused,
        "已收清单而尚未计价，先运行 payment run": fresh,
        "结算已撤销或清单已替换而价格未收回，先运行 payment run": stale,
        "特例单议尚未办结，或其决定尚未计入价格": undecided,
    }
    return [
        f"{len(numbers)} 例{what}：{'、'.join(numbers[:5])}{'…' if len(numbers) > 5 else ''}"
        for what, numbers in named.items()
        if numbers
    ]


def _unassessed(version: Version, rows: Mapping[str, case_store.CaseRow], scores: Mapping[str, int]) -> list[str]:
    """Institutions without a score where the pack pays by it: a score is never taken as 100."""
    if not version.year.quality_part:
        return []
    missing = sorted({row.institution_code for row in rows.values() if row.status != "outside"} - set(scores))
    return [f"按考核结果清算，{'、'.join(missing)} 尚未考核"] if missing else []


def _keep_and_post(
    actor: Actor, area: str, year: int, pack_sha256: str, cleared: Mapping[str, engine.Clearing], at: datetime
) -> None:
    lines = [line for one in cleared.values() for line in one.lines]
    case_store.insert_clearing(
        area,
        year,
        pack_sha256,
        [
            (
                *(line.institution, line.scheme, line.cases, line.billed_fen, line.standard_fen, line.extra_fen),
                *(line.returned_fen, line.forfeited_fen, line.paid_fen, line.clearing_fen),
            )
            for line in lines
        ],
        actor.name,
        at,
    )
    amounts: dict[str, dict[str, int]] = defaultdict(dict)
    for line in lines:
        if line.clearing_fen:
            amounts[line.institution][f"fund:{fund_of(line.scheme)}"] = line.clearing_fen
    day = ledger.open_day(area, "business", business_day(at))
    for institution, funds in sorted(amounts.items()):
        ledger.post_template(
            "payment_difference",
            funds,
            {"institution": institution},
            area=area,
            day=day,
            at=at,
            document_kind=DOCUMENT,
            document_no=f"{year}/{institution}",
        )
