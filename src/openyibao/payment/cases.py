"""Pricing stays by case on the platform (病例计价): grouped, priced by a pack, stored, the difference posted.

A run takes every stay with an accepted settlement list that no earlier run priced, and takes back those whose bill was
cancelled, whose list was replaced or whose special review was decided. A run of an earlier month leaves the stays of
later months as they are. Items are owed already; what is posted is the
difference of the payment method, institution by institution, and the next slips pay it. A year that is cleared is not
touched any more.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from openyibao.foundation import audit, crypto
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.transactions import joined
from openyibao.institutions import facade as institutions
from openyibao.kernel import areas
from openyibao.kernel.clock import business_day
from openyibao.kernel.money import share
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.payment import case_store, store
from openyibao.payment.coding import case_of, stay_of
from openyibao.payment.engine.contracts import Case
from openyibao.payment.engine.pack.loading import load_pack
from openyibao.payment.engine.pack.pack import Pack, Version
from openyibao.payment.engine.pack.pricing import Priced, price_all
from openyibao.payment.engine.pack.stays import GroupOf, Stay
from openyibao.payment.errors import PackUnfit, SlipNotInTurn
from openyibao.payment.grouping import grouper_for
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import ListedStay

DOCUMENT = "payment_run"


@dataclass(frozen=True)
class PricingRun:
    """What a run did (计价批次): stays by status, differences posted by (institution, scheme) in fen, what it left."""

    number: int
    area: str
    month: Month
    pack: str
    statuses: Mapping[str, int]
    withdrawn: int
    differences: Mapping[tuple[str, str], int]
    late: int
    """Stays of a year that is cleared: left as they are."""

    def as_json(self) -> dict[str, Any]:
        return {
            "run": self.number,
            "area": self.area,
            "month": str(self.month),
            "pack": self.pack,
            "statuses": dict(self.statuses),
            "withdrawn": self.withdrawn,
            "late": self.late,
            "difference_fen": sum(self.differences.values()),
            "institutions": [
                {"institution": who, "scheme": scheme, "difference_fen": fen}
                for (who, scheme), fen in sorted(self.differences.items())
            ],
        }


@dataclass(frozen=True)
class _Coded:
    """A stay on its way: as listed, as coded, as priced."""

    listed: ListedStay
    case: Case
    stay: Stay


def price_stays(
    actor: Actor, area: str, month: Month, pack_name: str | Path, scheme: Path | None, at: datetime
) -> PricingRun:
    """Group and price the stays settled before the end of a month (病例计价), once each.

    Args: pack_name, a file or the name of a pack that comes with the program; scheme, folder of the grouping
    scheme, None for what the pack names.
    Raises: NotPermitted, SlipNotInTurn when the month is not over, PackUnfit, Malformed for a pack or scheme at fault.
    """
    require(actor, "payment.draft", area)
    pack = load_pack(pack_name)
    grouper = grouper_for(pack, scheme)
    if business_day(at) < month.until:
        raise SlipNotInTurn(f"{month} 尚未结束", hint=f"{month.until} 起可以计价")
    if area not in areas.all_areas() or pack.area not in areas.lineage(area):
        raise PackUnfit(f"支付方式包 {pack.name} 属于 {pack.area}，不能用于 {area}", hint="换一个包")
    with joined():
        store.lock_area(area)
        listed = settlement.listed_stays(actor, area, month.until)
        done = case_store.standing(area)
        cleared = case_store.cleared_years(area)
        current = {one.settlement_no: one for one in listed}
        decided = case_store.pending_decisions(area)
        absent = [number for number in done if number not in current]
        gone = set(absent) - case_store.still_listed(absent)
        stale = [
            row
            for number, row in done.items()
            if row.discharged_on.year not in cleared
            and (
                number in gone or (number in current and (number in decided or current[number].list_no != row.list_no))
            )
        ]
        kept = set(done) - {row.settlement_no for row in stale}
        fresh = [one for one in listed if one.settlement_no not in kept]
        late = [one for one in fresh if one.discharged_on.year in cleared]
        coded = [_coded(one, area) for one in fresh if one.discharged_on.year not in cleared]
        priced = _priced(pack, coded, grouper.groups([(one.case, one.stay) for one in coded]))
        run = case_store.insert_run(area, month.first, pack, grouper.sha256, len(priced), len(stale), actor.name, at)
        case_store.withdraw([row.id for row in stale], at)
        rows = [_row(one, of, _version(pack, one)) for one, of in zip(priced, coded, strict=True)]
        case_store.insert_cases(run, area, rows)
        case_store.decisions_priced([row.settlement_no for row in rows])
        differences = _differences(rows, stale)
        _post(area, month, run, differences, at)
        statuses: dict[str, int] = defaultdict(int)
        for one in priced:
            statuses[one.status] += 1
        audit.record(
            actor, "payment.price_stays", str(run), area, month=str(month), pack=pack.sha256, cases=len(priced)
        )
        return PricingRun(run, area, month, pack.name, dict(statuses), len(stale), differences, len(late))


def _coded(one: ListedStay, area: str) -> _Coded:
    case = case_of(one)
    level = institutions.profile_on(one.institution_code, one.discharged_on).level
    remote = areas.pooling_area_of(one.care_area) != area
    return _Coded(one, case, stay_of(one, case, level, remote=remote))


def _priced(pack: Pack, coded: Sequence[_Coded], groups: Mapping[str, GroupOf]) -> list[Priced]:
    """Priced by the version in force on each discharge; in the given order. Raises: PackUnfit."""
    by_version: dict[int, list[int]] = defaultdict(list)
    versions: dict[int, Version] = {}
    missing: set[date] = set()
    for at, one in enumerate(coded):
        version = pack.version_on(one.listed.discharged_on)
        if version is None:
            missing.add(one.listed.discharged_on)
            continue
        versions[version.index] = version
        by_version[version.index].append(at)
    if missing:
        days = "、".join(str(day) for day in sorted(missing)[:5])
        raise PackUnfit(f"支付方式包 {pack.name} 在 {days} 没有版本", hint="补上该日的版本")
    found: dict[int, Priced] = {}
    for index, places in by_version.items():
        stays = [coded[at].stay for at in places]
        decisions = case_store.decisions([stay.case_id for stay in stays])
        for at, priced in zip(places, price_all(versions[index], stays, groups, decisions), strict=True):
            found[at] = priced
    return [found[at] for at in range(len(coded))]


def _differences(rows: Sequence[case_store.NewCase], stale: Sequence[case_store.CaseRow]) -> dict[tuple[str, str], int]:
    """What the run adds to what is owed, by (institution, scheme): new stays' differences less those taken back."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        found[row.institution_code, row.scheme] += row.month_fen
    for gone in stale:
        found[gone.institution_code, gone.scheme] -= gone.month_fen
    return {key: fen for key, fen in found.items() if fen}


def _version(pack: Pack, one: Priced) -> Version:
    found = pack.version_on(date.fromisoformat(one.stay.discharged))
    assert found is not None, "priced by a version that is not there"
    return found


def _post(area: str, month: Month, run: int, differences: Mapping[tuple[str, str], int], at: datetime) -> None:
    day = ledger.open_day(area, "business", month.until - timedelta(days=1))
    by_institution: dict[str, dict[str, int]] = defaultdict(dict)
    for (institution, scheme), fen in differences.items():
        by_institution[institution][f"fund:{fund_of(scheme)}"] = fen
    for institution, amounts in sorted(by_institution.items()):
        ledger.post_template(
            "payment_difference",
            amounts,
            {"institution": institution},
            area=area,
            day=day,
            at=at,
            document_kind=DOCUMENT,
            document_no=f"{run}/{institution}",
        )


def fund_of(scheme: str) -> str:
    """The basic pool of a scheme (统筹基金)."""
    return ledger.fund_of("hifp_pay", scheme)


def _row(one: Priced, coded: _Coded, version: Version) -> case_store.NewCase:
    facts = {"case": coded.case._asdict(), "institution_level": coded.stay.level, "doctor": coded.stay.doctor}
    month = 0
    if one.counts and one.fund_fen is not None:
        month = int(share(one.fund_fen, version.year.monthly_share)) - one.stay.pool_by_item_fen
    return case_store.NewCase(
        settlement_no=coded.listed.settlement_no,
        list_no=coded.listed.list_no,
        institution_code=coded.listed.institution_code,
        scheme=coded.listed.scheme,
        level=coded.stay.level,
        discharged_on=coded.listed.discharged_on,
        group=one.group,
        method=one.method,
        status=one.status,
        floating=one.floating,
        units=one.units,
        points=one.points,
        total_fen=one.stay.total_fen,
        patient_fen=one.patient_fen,
        other_fen=one.other_fen,
        standard_fen=one.standard_fen,
        fund_fen=one.fund_fen,
        month_fen=month,
        reason=one.reason,
        facts=crypto.seal(json.dumps(facts, ensure_ascii=False, default=str)),
    )
