"""A synthetic year of stays paid by DRG and by DIP against one budget, through the ledger, to the fen.

A year of Liaocheng is invented and settled; each pack pays its stays in a database of its own: items are owed month by
month, differences of the payment method posted, slips drafted, confirmed and paid by three persons, the year cleared,
the rest paid. In the end what was really paid to institutions, plus what is retained, is the budget, and the ledger is
clean. `python -m tests.proofs.payment --scale 0.002 --packs sample-drg sample-dip`
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from openyibao.analytics.paying.stays import stays_of_year
from openyibao.datasets.facade import open_dataset
from openyibao.payment.engine.pack import facade as packs
from openyibao.payment.engine.pack.clearing import Clearing, clear_year
from openyibao.payment.engine.pack.facade import GroupOf, Stay
from openyibao.policy.facade import Policies
from openyibao.simulation.facade import resettle
from openyibao.synth.facade import synthesise

AREA, YEAR, PACK_YEAR = "371500", 2022, 2026


@dataclass(frozen=True)
class Year:
    """A year's stays by case number and the budget by scheme, fen."""

    stays: Sequence[Stay]
    groups: Mapping[str, GroupOf]
    budgets: Mapping[str, int]


def said(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def invented_year(folder: Path, scale: float, seed: int) -> Year:
    """Invent, settle and code a year; the budget is 97 % of what the items came to."""
    synthesise(AREA, [YEAR], scale, seed, folder)
    dataset = open_dataset(folder)
    resettle(dataset, Policies.load(), run="current")
    found = list(stays_of_year(open_dataset(folder), YEAR, "current", PACK_YEAR))
    stays = [stay for stay, _ in found if not stay.remote]
    budget = sum(stay.pool_by_item_fen for stay in stays) * 97 // 100
    groups = {stay.case_id: group for stay, group in found}
    return Year(stays, groups, packs.split_budget(stays, budget))


def pay(year: Year, name: str) -> list[str]:
    """Pay a year by a pack in the connected database; what does not hold."""
    from openyibao.ledger import facade as ledger
    from openyibao.ledger.contracts import Month
    from openyibao.payment import facade as payment
    from tests.support.actors import actor
    from tests.support.world import instant

    pack = packs.load_pack(name)
    groups = packs.groups_for(pack, year.stays) if pack.grouping else year.groups
    version = packs.version_of(pack, year.stays)
    priced = packs.price_all(version, year.stays, groups)
    fund = {"employee": "employee_pool", "resident": "resident"}
    paid: dict[tuple[str, str], int] = defaultdict(int)
    by_month: dict[int, list[packs.Priced]] = defaultdict(list)
    for one in priced:
        by_month[int(one.stay.discharged[5:7])].append(one)
    agency, review, finance = actor("agency"), actor("agency_review"), actor("finance")

    def post(template: str, amounts: dict[str, int], day: date, institution: str, number: str) -> None:
        named = {f"fund:{key}": fen for key, fen in amounts.items() if fen}
        if named:
            ledger.post_template(
                template,
                named,
                {"institution": institution, "person": "1"},
                area=AREA,
                day=day,
                at=instant(day),
                document_kind=template,
                document_no=number,
            )

    def slips(month: Month, day: date) -> None:
        for slip in payment.draft_slips(agency, AREA, month, instant(day)):
            if slip.state == "drafted":
                payment.confirm_slip(review, slip.slip_no, instant(day))
                payment.pay_slip(finance, slip.slip_no, instant(day))

    from django.db import transaction

    for number in range(1, 13):
        month = Month(date(PACK_YEAR, number, 1))
        last = month.until - timedelta(days=1)
        items: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for one in by_month[number]:
            if one.counts:
                items[one.stay.institution][fund[one.stay.scheme]] += one.stay.pool_by_item_fen
                paid[one.stay.institution, one.stay.scheme] += one.stay.pool_by_item_fen
        moved = packs.month_differences(by_month[number], version.year.monthly_share)
        with transaction.atomic():
            for institution, amounts in items.items():
                post("settlement", dict(amounts), last, institution, f"{number}/{institution}")
            for institution, schemes in moved.items():
                amounts = {fund[scheme]: fen for scheme, fen in schemes.items()}
                post("payment_difference", amounts, last, institution, f"{number}/{institution}")
                for scheme, fen in schemes.items():
                    paid[institution, scheme] += fen
        slips(month, month.until + timedelta(days=7))

    settled, pools = packs.distribute(version, priced, year.budgets)
    cleared = clear_year(version, settled, pools, {}, paid)
    day = date(PACK_YEAR + 1, 1, 20)
    with transaction.atomic():
        for scheme, one in cleared.items():
            for line in one.lines:
                post(
                    "payment_difference",
                    {fund[scheme]: line.clearing_fen},
                    day,
                    line.institution,
                    f"{scheme}/{line.institution}",
                )
    for institution in sorted({line.institution for one in cleared.values() for line in one.lines}):
        payment.assess(review, AREA, institution, PACK_YEAR, 95, "年度考核", instant(date(PACK_YEAR + 1, 1, 25)))
    slips(Month(date(PACK_YEAR + 1, 1, 1)), date(PACK_YEAR + 1, 2, 8))
    return _faults(name, year, cleared, fund)


def _faults(name: str, year: Year, cleared: Mapping[str, Clearing], fund: Mapping[str, str]) -> list[str]:
    from openyibao.foundation import sql
    from openyibao.ledger import facade as ledger

    faults = [f"{name}: {finding.message}" for finding in ledger.verify().findings]
    for scheme, one in sorted(cleared.items()):
        spent = sql.one(
            "SELECT coalesce(sum(paid_fen), 0)::bigint FROM payment_slip_fund WHERE fund = %s", (fund[scheme],)
        )
        left = sql.one("SELECT coalesce(sum(fen), 0)::bigint FROM ledger_payable WHERE fund = %s", (fund[scheme],))
        assert spent is not None
        assert left is not None
        whole = year.budgets[scheme] + one.pool.beyond_fen
        reached = int(spent[0]) + int(left[0]) + one.retained_fen
        said(
            f"  {name} {scheme}: paid {int(spent[0]) / 100:,.2f} + still owed {int(left[0]) / 100:,.2f}"
            f" + retained {one.retained_fen / 100:,.2f} = {reached / 100:,.2f}; budget {whole / 100:,.2f}"
        )
        if reached != whole or not one.holds:
            faults.append(f"{name} {scheme}: {reached} is not {whole}")
    return faults


def main() -> int:
    from tests.support.databases import server

    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--scale", type=float, default=0.002)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--packs", nargs="+", default=["sample-drg", "sample-points", "sample-dip"])
    given = words.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        year = invented_year(Path(folder) / "data", given.scale, given.seed)
    said(f"{len(year.stays):,} stays, budget {sum(year.budgets.values()) / 100:,.2f} yuan")
    faults: list[str] = []
    with server("payment") as postgres:
        for name in given.packs:
            with connected(postgres):
                faults += pay(year, name)
    for fault in faults:
        said(fault)
    said(f"{len(faults)} faults, {time.monotonic() - begun:.0f} s")
    return 1 if faults else 0


def connected(postgres: object) -> object:
    """A fresh database that Django talks to."""
    from contextlib import contextmanager

    from tests.conftest import _connected

    return contextmanager(_connected)(postgres)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
