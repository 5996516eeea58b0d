"""Which bills there are (就诊计划): who falls ill when, goes where, what becomes of it. Drawn, not settled."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from openyibao.demo import material
from openyibao.demo.days import Calendar
from openyibao.demo.material import happens, stream, weighted
from openyibao.demo.places import Place, by_level
from openyibao.demo.population import Member

INSUTYPES = {"employee": "310", "resident": "390"}
REMOTE = "370100"
BUSY = {0: 5, 1: 5, 2: 5, 3: 5, 4: 4, 5: 2, 6: 1}
"""How much goes on on the days of a week, counted from the first day of bills."""


@dataclass
class Bill:
    """One visit or stay to be settled. fate: settled, resettled (cancelled and settled again), cancelled_late, open."""

    serial: int
    member: Member
    place: Place
    med_type: str
    illness: dict[str, Any]
    day: date
    last: date
    disease: str = ""
    prescriber: Place | None = None
    inpatient: bool = False
    mid_stay: bool = False
    fate: str = "settled"
    said: dict[str, Any] = field(default_factory=dict)
    """Circumstances beside the bill itself."""

    @property
    def insutype(self) -> str:
        return INSUTYPES[self.member.scheme]


class Drawing:
    """Draws the bills of a population over the weeks of a calendar."""

    def __init__(self, seed: int, calendar: Calendar, members: Sequence[Member], places: Sequence[Place]) -> None:
        self.seed = seed
        self.calendar = calendar
        self.members = members
        self.at = by_level(places)
        self.chronic = {illness["key"]: illness for illness in material.illnesses()["chronic"]}
        self.acute = material.illnesses()["acute"]
        self.shares = material.shares()["bills"]

    def bills(self) -> list[Bill]:
        """Every bill, by person and day, numbered."""
        found: list[Bill] = []
        for member in self.members:
            if member.fate or member.scheme not in INSUTYPES:
                continue
            rng = stream(self.seed, "bills", member.serial)
            for bill in self._told(rng, member) if member.named else self._drawn(rng, member):
                bill.serial = len(found) + 1
                found.append(bill)
        self._some_cancelled_late(found)
        return found

    # Drawn ----------------------------------------------------------------------------------------------------

    def _drawn(self, rng: random.Random, member: Member) -> Iterator[Bill]:
        sort = "ill" if member.chronic else member.scheme
        week_bp, stay_bp = self.shares["week_bp"][sort], self.shares["stay_week_bp"][sort]
        stay = None
        if happens(rng, stay_bp * self.calendar.weeks):
            stay = self._stay(rng, member)
            yield stay
        for week in range(self.calendar.weeks):
            if not happens(rng, week_bp):
                continue
            day = self.calendar.first + timedelta(days=7 * week + weighted(rng, BUSY))
            if self._born(member, day) and not (stay and stay.day <= day <= stay.last):
                yield self._visit(rng, member, day)

    def _born(self, member: Member, day: date) -> bool:
        return member.born_on + timedelta(days=90) < day

    def _visit(self, rng: random.Random, member: Member, day: date) -> Bill:
        bill = self._chronic_visit(rng, member, day) if member.chronic and happens(rng, 6_000) else None
        if bill is None and member.two_disease and happens(rng, 6_000):
            name = rng.choice(member.two_disease)
            illness = next(one for one in self.chronic.values() if one.get("two_disease") == name)
            place = self._place(rng, member, ("community", "primary"))
            bill = Bill(0, member, place, "1403", illness, day, day, disease=name)
        if bill is None:
            bill = self._ordinary(rng, member, day)
        if happens(rng, self.shares["resettled_bp"]):
            bill.fate = "resettled"
        if (self.calendar.today - day).days <= 7 and happens(rng, self.shares["left_open_bp"] * 3):
            bill.fate = "open"
        return bill

    def _chronic_visit(self, rng: random.Random, member: Member, day: date) -> Bill:
        name = rng.choice(member.chronic)
        illness = next(one for one in self.chronic.values() if one["chronic"] == name)
        levels = ("secondary", "tertiary") if illness["share_bp"] < 200 else ("primary", "secondary", "tertiary")
        return Bill(0, member, self._place(rng, member, levels), "14", illness, day, day, disease=name)

    def _ordinary(self, rng: random.Random, member: Member, day: date) -> Bill:
        illness = self._illness(rng, member, day, stay=False)
        level = weighted(rng, self.shares["levels"]["outpatient"])
        place = self._place(rng, member, (level,))
        if illness["drugs"] and happens(rng, self.shares["pharmacy_bp"]):
            pharmacy = self._place(rng, member, ("pharmacy",))
            return Bill(0, member, pharmacy, "41", illness, day, day, prescriber=place)
        bill = Bill(0, member, place, "13" if happens(rng, 300) else "11", illness, day, day)
        if illness["key"] == "accident" and happens(rng, 1_000):
            bill.said = {"exclusion": "work_injury"}
        return bill

    def _stay(self, rng: random.Random, member: Member) -> Bill:
        illness = self._illness(rng, member, self.calendar.first, stay=True)
        return self._stay_of(rng, member, illness)

    def _stay_of(self, rng: random.Random, member: Member, illness: dict[str, Any], last_day: int = 0) -> Bill:
        stay = illness["stay"]
        days = rng.randint(*stay["days"])
        level = weighted(rng, self.shares["levels"]["inpatient"])
        if stay.get("surgery") and level == "primary":
            level = "secondary"
        room = max(1, 7 * self.calendar.weeks - days - 1)
        day = self.calendar.first + timedelta(days=last_day or rng.randrange(room))
        last = min(day + timedelta(days=days), self.calendar.ago(1))
        place = self._place(rng, member, (level,))
        bill = Bill(0, member, place, "21", illness, min(day, last), last, inpatient=True)
        if illness["key"] == "accident":
            bill.med_type = "22"
            if happens(rng, 3_000):
                bill.said = {"third_party_bp": 5_000, "third_party_advance": True}
        elif happens(rng, 1_000):
            bill.said = {"origin": "emergency"}
        bill.mid_stay = (last - day).days >= 6 and happens(rng, self.shares["mid_stay_bp"])
        if happens(rng, self.shares["resettled_bp"]) and not bill.mid_stay:
            bill.fate = "resettled"
        if (self.calendar.today - last).days <= 4 and happens(rng, 6_000):
            bill.fate = "open"
        return bill

    def _illness(self, rng: random.Random, member: Member, day: date, *, stay: bool) -> dict[str, Any]:
        """What somebody sees a doctor for: an own illness more often than another one of the age."""
        own = [self.chronic[key] for key in member.illnesses if not stay or "stay" in self.chronic[key]]
        if own and happens(rng, 5_500):
            return rng.choice(own)
        age = member.age_on(day)
        weights = {}
        for at, illness in enumerate(self.acute):
            weight = illness.get("stay", {}).get("weight", 0) if stay else illness["weight"]
            if weight and illness["ages"][0] <= age <= illness["ages"][1]:
                weights[at] = weight
        found: dict[str, Any] = self.acute[weighted(rng, weights)]
        return found

    def _place(self, rng: random.Random, member: Member, levels: Sequence[str]) -> Place:
        """A working place of one of the levels, in the county when it has one; elsewhere for who lives elsewhere."""
        level = rng.choice(list(levels))
        if member.remote and member.remote[0] == "long_term" and happens(rng, 8_000):
            away = self.at.get((REMOTE, level)) or self.at.get((REMOTE, "tertiary"), [])
            if away:
                return rng.choice(away)
        near = self.at.get((member.county, level)) or self.at.get(("*", level)) or self.at["*", "secondary"]
        general = [place for place in near if "精神" not in place.name and "妇幼" not in place.name]
        return rng.choice(general or near)

    # Told -----------------------------------------------------------------------------------------------------

    def _told(self, rng: random.Random, member: Member) -> Iterator[Bill]:
        """The bills that the named persons' file tells of."""
        story = member.story
        for visit in range(story.get("chronic_visits", 0)):
            day = self.calendar.first + timedelta(days=2 + 7 * visit)
            bill = self._chronic_visit(rng, member, min(day, self.calendar.ago(1)))
            if visit < len(member.chronic):
                bill.disease = member.chronic[visit]
                bill.illness = next(one for one in self.chronic.values() if one["chronic"] == bill.disease)
            yield bill
        for at in range(story.get("stays", 1) if "stay" in story else 0):
            yield self._settled_stay(rng, member, story["stay"], 1 + 14 * at)
        if "remote_stay" in story:
            bill = self._settled_stay(rng, member, story["remote_stay"], 3)
            bill.place = next(iter(self.at.get((REMOTE, "tertiary"), [bill.place])))
            yield bill
        if "delivery" in story:
            yield self._delivery(member, story["delivery"])
        day = self.calendar.ago(6)
        if story.get("special_drug"):
            drug = next(one for one in material.illnesses()["special"] if one["key"] == "gaucher")
            yield Bill(0, member, self.at["*", "tertiary"][0], "15", drug, day, day)
        if story.get("herbs"):
            herbal = next(one for one in self.acute if one["key"] == "herbal")
            yield Bill(0, member, self.at["*", "tertiary"][-1], "11", herbal, day, day)

    def _settled_stay(self, rng: random.Random, member: Member, key: str, last_day: int) -> Bill:
        illness = self.chronic.get(key) or next(one for one in self.acute if one["key"] == key)
        bill = self._stay_of(rng, member, illness, last_day)
        bill.place = self.at["*", "tertiary"][0]
        bill.fate, bill.mid_stay, bill.said = "settled", False, {}
        return bill

    def _delivery(self, member: Member, child: int) -> Bill:
        illness = next(one for one in material.illnesses()["special"] if one["key"] == "delivery")
        day = self.calendar.ago(12)
        last = day + timedelta(days=illness["days"][0])
        bill = Bill(0, member, self.at["*", "secondary"][0], "52", illness, day, last, inpatient=True)
        bill.said = {"child_order": child}
        return bill

    # Afterwards -----------------------------------------------------------------------------------------------

    def _some_cancelled_late(self, found: list[Bill]) -> None:
        """A few bills are cancelled after their month was closed; nothing of the person may have followed."""
        mine: dict[int, int] = {}
        for bill in found:
            mine[bill.member.serial] = mine.get(bill.member.serial, 0) + 1
        early = self.calendar.today.replace(day=1)
        fit = [
            bill
            for bill in found
            if bill.last < early and bill.fate == "settled" and not bill.inpatient and not bill.member.named
        ]
        for bill in [bill for bill in fit if mine[bill.member.serial] == 1][:3]:
            bill.fate = "cancelled_late"
