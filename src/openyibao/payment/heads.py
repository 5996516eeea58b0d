"""Payment by members on the platform (按人头付费): monthly standards, what members cost, the difference, the clearing.

    standard of the month = paid by item at the own institution + paid for members elsewhere + difference

The difference is posted for the institution and paid with its slip, in a line of its own. A run looks at every month of
the year again: signings, coverage and bills that changed since make a new difference, and only what is new is posted.

    standard + borne beyond it = paid in the year + clearing + retained
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
from openyibao.kernel import areas
from openyibao.kernel.clock import business_day
from openyibao.kernel.money import share
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.payment import member_store, rules, store
from openyibao.payment.cases import fund_of
from openyibao.payment.engine.pack.clearing import sharing_due
from openyibao.payment.engine.pack.facade import Member, Pack, capitation, load_pack
from openyibao.payment.engine.pack.pack import Capitation
from openyibao.payment.errors import ClearingRefused, PackUnfit, SlipNotInTurn
from openyibao.payment.member_store import Row

DOCUMENT = "payment_heads"
CLEARING = "payment_heads_clearing"


@dataclass(frozen=True)
class HeadsRun:
    """What a run of a month did (按人头月结): its number, the months looked at again, rows that changed."""

    number: int
    area: str
    month: Month
    pack: str
    provisional: tuple[str, ...]
    rows: tuple[Row, ...]
    """Rows whose figures changed, of this month and earlier ones."""
    members: int
    """Members of the month."""

    @property
    def posted_fen(self) -> int:
        return sum(row.posted_fen for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        return {
            "run": self.number,
            "area": self.area,
            "month": str(self.month),
            "pack": self.pack,
            "provisional": list(self.provisional),
            "members": self.members,
            "posted_fen": self.posted_fen,
            "rows": [
                {
                    "month": f"{row.month:%Y-%m}",
                    "institution": row.institution_code,
                    "scheme": row.scheme,
                    "member_months": row.months,
                    "weighted": row.weighted,
                    "standard_fen": row.standard_fen,
                    "own_fen": row.own_fen,
                    "outside_fen": row.outside_fen,
                    "posted_fen": row.posted_fen,
                }
                for row in self.rows
            ],
        }


@dataclass(frozen=True)
class HeadsClearing:
    """A year's clearing by members (按人头清算), figures by (institution, scheme), fen; see `member_store.CLEARED`."""

    area: str
    year: int
    pack: str
    rows: Mapping[tuple[str, str], Mapping[str, int]]

    def total(self, name: str) -> int:
        return sum(row[name] for row in self.rows.values())

    @property
    def holds(self) -> bool:
        """standard + borne beyond it = paid + clearing + retained."""
        kept = self.total("paid_fen") + self.total("clearing_fen") + self.total("returned_fen")
        return self.total("standard_fen") + self.total("extra_fen") == kept

    def as_json(self) -> dict[str, Any]:
        return {
            "area": self.area,
            "year": self.year,
            "pack": self.pack,
            "budget_fen": self.total("standard_fen"),
            "beyond_fen": self.total("extra_fen"),
            "paid_fen": self.total("paid_fen"),
            "clearing_fen": self.total("clearing_fen"),
            "retained_fen": self.total("returned_fen"),
            "holds": self.holds,
            "institutions": [
                {"institution": who, "scheme": scheme, **row} for (who, scheme), row in sorted(self.rows.items())
            ],
        }


def pay_heads(actor: Actor, area: str, month: Month, pack_name: str | Path, at: datetime) -> HeadsRun:
    """Pay for the members of a month (按人头月结), and put right what changed in the year's earlier months.

    Raises: NotPermitted, SlipNotInTurn when the month is not over, PackUnfit, ClearingRefused for a cleared year,
    PriceMissing for a scheme without a rate, Malformed for a pack at fault.
    """
    require(actor, "payment.draft", area)
    pack = _pack(pack_name, area)
    if business_day(at) < month.until:
        raise SlipNotInTurn(f"{month} 尚未结束", hint=f"{month.until} 起可以结算")
    with joined():
        store.lock_area(area)
        year = month.first.year
        if member_store.cleared(area, year):
            raise ClearingRefused(f"{area} {year} 年按人头已清算", hint="清算后的年度不再变动")
        run = member_store.next_run(area)
        rows = _changed(area, _months(month), pack)
        member_store.insert_rows(area, run, pack.sha256, rows, actor.name, at)
        day = ledger.open_day(area, "business", month.until - timedelta(days=1))
        _post(area, day, at, DOCUMENT, str(run), _by_institution({_key(row): row.posted_fen for row in rows}))
        count = sum(one.count for one in member_store.members(area, month.first))
        audit.record(actor, "payment.pay_heads", str(run), area, month=str(month), pack=pack.sha256, members=count)
        provisional = rules.capitation_terms(area, month.first).provisional
        return HeadsRun(run, area, month, pack.name, provisional, tuple(rows), count)


def clear_heads(actor: Actor, area: str, year: int, pack_name: str | Path, at: datetime) -> HeadsClearing:
    """Clear a year by members (按人头清算), once: surplus kept and overspend shared in the pack's bands, scheme by
    scheme, the rest posted.

    Raises: NotPermitted, PackUnfit, ClearingRefused when the year is not over, was cleared, has nothing to clear, or a
    month of it would come out otherwise by now.
    """
    require(actor, "payment.clear", area)
    pack = _pack(pack_name, area)
    allowed, owes = _capitation(pack, date(year, 12, 31))
    if business_day(at).year <= year:
        raise ClearingRefused(f"{year} 年尚未结束", hint="年度结束后清算")
    with joined():
        store.lock_area(area)
        if member_store.cleared(area, year):
            raise ClearingRefused(f"{area} {year} 年按人头已清算", hint="清算不可撤销")
        open_months = sorted({f"{row.month:%Y-%m}" for row in _changed(area, _months(Month(date(year, 12, 1))), pack)})
        latest = member_store.latest(area, year)
        if open_months or not latest:
            raise ClearingRefused(
                f"{year} 年 {'、'.join(open_months) or '没有按人头月结'} 尚有未入账的变动",
                hint=f"先运行 payment heads run --month {year}-12",
            )
        made = _cleared(latest, member_store.posted(area, year), allowed, _dear(area, year, allowed), owes=owes)
        member_store.insert_clearing(area, year, pack.sha256, made, actor.name, at)
        day = ledger.open_day(area, "business", business_day(at))
        amounts = _by_institution({key: row["clearing_fen"] for key, row in made.items()})
        _post(area, day, at, CLEARING, str(year), amounts)
        audit.record(actor, "payment.clear_heads", str(year), area, pack=pack.sha256, rows=len(made))
        found = HeadsClearing(area, year, pack.name, made)
        assert found.holds, "the clearing by members does not add up"
        return found


# Within -----------------------------------------------------------------------------------------------------------


def _pack(name: str | Path, area: str) -> Pack:
    pack = load_pack(name)
    if area not in areas.all_areas() or pack.area not in areas.lineage(area):
        raise PackUnfit(f"支付方式包 {pack.name} 属于 {pack.area}，不能用于 {area}", hint="换一个包")
    return pack


def _capitation(pack: Pack, day: date) -> tuple[Capitation, bool]:
    """The rules of a day; and whether an institution owes what its members cost elsewhere beyond its grant."""
    version = pack.version_on(day)
    if version is None or version.capitation is None:
        raise PackUnfit(f"支付方式包 {pack.name} 在 {day} 没有按人头付费的规则", hint="在包中写明 capitation")
    return version.capitation, version.negative == "offset"


def _months(last: Month) -> list[Month]:
    return [Month(date(last.first.year, number, 1)) for number in range(1, last.first.month + 1)]


def _changed(area: str, months: list[Month], pack: Pack) -> list[Row]:
    """Rows of these months whose figures are not those last kept, with the difference still to be posted."""
    before = member_store.posted(area, months[0].first.year)
    kept = member_store.latest(area, months[0].first.year)
    found = []
    for month in months:
        now = _figures(area, month, pack)
        gone = {key[1:] for key in kept if key[0] == month.first} - set(now)
        for who, scheme in sorted([*now, *gone]):
            heads, weighted, standard, own, outside = now.get((who, scheme), (0, 0, 0, 0, 0))
            due = standard - own - outside
            key = (month.first, who, scheme)
            row = Row(*key, heads, weighted, standard, own, outside, due - before.get(key, 0))
            last = kept.get(key)
            if last is None or _without_posted(last) != _without_posted(row) or row.posted_fen:
                found.append(row)
    return found


def _without_posted(row: Row) -> tuple[int, ...]:
    return (row.months, row.weighted, row.standard_fen, row.own_fen, row.outside_fen)


def _figures(area: str, month: Month, pack: Pack) -> dict[tuple[str, str], tuple[int, int, int, int, int]]:
    """(member-months, weighted, standard, own bills, bills elsewhere) of a month by (institution, scheme)."""
    groups = member_store.members(area, month.first)
    if not groups:
        return {}
    allowed, _ = _capitation(pack, month.first)
    by_scheme: dict[str, list[Member]] = defaultdict(list)
    for one in groups:
        by_scheme[one.scheme].append(Member(one.institution, one.scheme, one.count, one.age, one.sex, one.diseases))
    cost = member_store.spent(area, month.first, month.until, rules.capitation_terms(area, month.first).covers)
    found = {}
    for scheme, members in by_scheme.items():
        for heads in capitation(members, allowed, {}):
            own, outside = cost.get((heads.institution, scheme), (0, 0))
            key = (heads.institution, scheme)
            found[key] = (heads.months, heads.weighted, heads.standard_fen, own, outside)
    return found


def _cleared(
    latest: Mapping[tuple[date, str, str], Row],
    posted: Mapping[tuple[date, str, str], int],
    allowed: Capitation,
    dear: Mapping[tuple[str, str], int],
    *,
    owes: bool,
) -> dict[tuple[str, str], dict[str, int]]:
    """Figures of the clearing by (institution, scheme). What members cost elsewhere beyond the grant the institution
    owes only where the pack says so; else the fund bears it.
    """
    made: dict[tuple[str, str], dict[str, int]] = {}
    outside: dict[tuple[str, str], int] = defaultdict(int)
    for key, row in latest.items():
        one = made.setdefault(key[1:], dict.fromkeys(member_store.CLEARED, 0))
        one["months"] += row.months
        one["standard_fen"] += row.standard_fen
        one["spent_fen"] += row.own_fen + row.outside_fen
        one["paid_fen"] += row.own_fen + row.outside_fen + posted[key]
        outside[key[1:]] += row.outside_fen
    for who, one in made.items():
        borne = dear.get(who, 0)
        due = sharing_due(one["standard_fen"], max(one["spent_fen"] - borne, 0), allowed.sharing)
        granted = one["standard_fen"] + due.extra_fen + borne - due.returned_fen
        short = 0 if owes else max(outside[who] - granted, 0)
        one["extra_fen"], one["returned_fen"] = due.extra_fen + borne + short, due.returned_fen
        one["clearing_fen"] = granted + short - one["paid_fen"]
    return made


def _dear(area: str, year: int, allowed: Capitation) -> dict[tuple[str, str], int]:
    """What the fund bears of members who cost much (大额人员分担), by (institution, scheme), fen."""
    if not allowed.dear.over_fen:
        return {}
    cost: dict[tuple[str, str, int], int] = defaultdict(int)
    for month in _months(Month(date(year, 12, 1))):
        covers = rules.capitation_terms(area, month.first).covers
        for who, scheme, person, fen in member_store.spent_by_person(area, month.first, month.until, covers):
            cost[who, scheme, person] += fen
    borne: dict[tuple[str, str], int] = defaultdict(int)
    for (who, scheme, _), fen in cost.items():
        if fen > allowed.dear.over_fen:
            borne[who, scheme] += int(share(fen - allowed.dear.over_fen, allowed.dear.borne))
    return borne


def _key(row: Row) -> tuple[str, str, date]:
    return (row.institution_code, row.scheme, row.month)


def _by_institution(amounts: Mapping[tuple[Any, ...], int]) -> dict[str, dict[str, int]]:
    """Fen by institution and amount of the posting template, zeros left out."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for key, fen in amounts.items():
        found[key[0]][f"fund:{fund_of(key[1])}"] += fen
    return {who: {name: fen for name, fen in funds.items() if fen} for who, funds in found.items()}


def _post(area: str, day: date, at: datetime, kind: str, number: str, amounts: Mapping[str, Mapping[str, int]]) -> None:
    for institution, named in sorted(amounts.items()):
        if named:
            ledger.post_template(
                "payment_difference",
                dict(named),
                {"institution": institution},
                area=area,
                day=day,
                at=at,
                document_kind=kind,
                document_no=f"{area}/{number}/{institution}",
            )
