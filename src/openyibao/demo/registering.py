"""Persons made through the people room's door (人员与参保装载), one transaction for many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import TypeVar

from openyibao.catalogue import facade as catalogue
from openyibao.demo.contracts import Progress
from openyibao.demo.days import Calendar, moment
from openyibao.demo.population import Employer, Member
from openyibao.foundation.actors import Actor
from openyibao.foundation.transactions import pipelined
from openyibao.people import facade
from openyibao.people.contracts import Identity

AREA = "371500"
AGENCY = Actor("demo-agency", frozenset({"agency"}), AREA)
REVIEW = Actor("demo-review", frozenset({"agency_review"}), AREA)
FINANCE = Actor("demo-finance", frozenset({"finance"}), AREA)
BUREAU = Actor("demo-bureau", frozenset({"bureau"}), AREA)
TOGETHER = 100
"""How many persons, or bills, one transaction holds."""
_T = TypeVar("_T")


def in_batches(what: str, items: Sequence[_T], work: Callable[[_T], object], progress: Progress) -> None:
    """Do the work of every item, many in one transaction."""
    left = iter(items)
    done = 0
    tell = tenths(what, len(items), progress)
    while some := list(islice(left, TOGETHER)):
        with pipelined():
            for item in some:
                work(item)
        done += len(some)
        tell(done)


def tenths(what: str, total: int, progress: Progress) -> Callable[[int], None]:
    """Tells of whole tenths of a step only, each once, and of its end."""
    step = max(1, total // 10)
    told = [0]

    def tell(done: int) -> None:
        reached = total if done == total else done - done % step
        if reached > told[0]:
            told[0] = reached
            progress(what, reached, total)

    return tell


class Registry:
    """Registers employers and persons and everything recorded of them before the first bill."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.since = calendar.enrolled_on
        self.recorded_at = moment(self.since, 9)
        day = calendar.first
        self._codes = {
            (kind, name): code.code
            for kind in ("chronic", "two_disease")
            for code in catalogue.list_codes(kind, day)
            for name in code.names
        }

    def employ(self, work: Employer) -> None:
        facade.register_employer(
            AGENCY, employer_no=work.no, name=work.name, kind=work.kind, area=work.county, at=self.recorded_at
        )

    def register(self, member: Member) -> None:
        """Register and enrol one person, with groups, supplements and filings."""
        story = member.story
        if story.get("newborn"):
            self._newborn(member)
            return
        member.no = facade.register_person(
            AGENCY,
            self._identity(member),
            gender=member.gender,
            born_on=member.born_on,
            area=member.county,
            at=self.recorded_at,
            ethnicity=member.ethnicity,
        )
        if not member.scheme:
            return
        self._enrol(member)
        self._attach(member)

    def _identity(self, member: Member) -> Identity:
        return Identity(member.name, member.cert_type, member.cert_no, member.phone, member.address)

    def _newborn(self, member: Member) -> None:
        on = member.born_on + timedelta(days=10)
        made = facade.enrol_newborn(
            *(AGENCY, self._identity(member)),
            gender=member.gender,
            born_on=member.born_on,
            area=member.county,
            on=on,
            at=moment(on),
        )
        member.no = made.person_no

    def _enrol(self, member: Member) -> None:
        on = asked = self.since
        if "enrolled_days_ago" in member.story:
            on = asked = self.calendar.ago(member.story["enrolled_days_ago"])
        elif member.scheme == "resident":
            asked = date(on.year - 1, 11, 15)
            if member.born_on > asked:  # a small child, enrolled soon after birth
                on = asked = member.born_on + timedelta(days=20)
        facade.enrol(
            AGENCY,
            member.no,
            area=member.county,
            scheme=member.scheme,
            status=member.status,
            on=on,
            at=moment(on),
            asked_on=asked,
            employment="" if member.employer_no else member.employment,
            employer_no=member.employer_no,
            pool_only=member.pool_only,
        )

    def _attach(self, member: Member) -> None:
        since = max(self.since, member.born_on + timedelta(days=60))
        at = moment(since)
        for group in member.groups:
            facade.join_group(AGENCY, member.no, group, on=since, at=at, source="民政、乡村振兴部门名单（演示）")
        for name in member.supplements:
            facade.add_supplement(AGENCY, member.no, name, on=since, at=at)
        for disease in member.chronic:
            self.approve(self.file(member, disease, since))
        for disease in member.two_disease:
            self.approve(self.file(member, disease, since, "two_disease"))
        if member.remote:
            kind, area = member.remote
            on = since if kind == "long_term" else self.calendar.first
            self.approve(facade.file_remote(AGENCY, member.no, filing_type=kind, area=area, on=on, at=moment(on)))

    def file(self, member: Member, disease: str, on: date, kind: str = "chronic") -> int:
        """An application for a chronic or one of the two diseases; its number."""
        return facade.file_chronic(
            *(AGENCY, member.no),
            disease=disease,
            disease_code=self._codes[kind, disease],
            on=on,
            at=moment(on),
            kind=kind,
        )

    def approve(self, filing: int) -> None:
        facade.approve_filing(REVIEW, filing, at=self.recorded_at)

    def authorise(self, owner: Member, members: Sequence[Member]) -> None:
        """Let relatives spend an owner's account."""
        for serial, relation in owner.relatives:
            facade.authorise_family(
                *(AGENCY, owner.no, members[serial - 1].no),
                on=self.since + timedelta(days=400),
                at=self.recorded_at,
                relation=relation,
            )


def with_relatives(members: Iterable[Member]) -> list[Member]:
    """Owners who authorised somebody."""
    return [member for member in members if member.relatives]
