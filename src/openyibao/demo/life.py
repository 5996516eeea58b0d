"""What befalls people in between (人员变动): retired, suspended, ended, died, merged, moved, filings over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from openyibao.demo.days import Calendar, moment
from openyibao.demo.events import Event
from openyibao.demo.population import Member
from openyibao.demo.registering import AGENCY, AREA, REVIEW, Registry
from openyibao.people import facade as people
from openyibao.people.contracts import Identity

_ORDER = 2


class Life:
    """The dated changes of a population."""

    def __init__(self, calendar: Calendar, members: Sequence[Member], registry: Registry) -> None:
        self.calendar = calendar
        self.members = members
        self.registry = registry
        self.by_key = {member.key: member for member in members if member.key}

    def events(self) -> Iterator[Event]:
        for member in self.members:
            for days_ago, run in (*self._story(member), *self._fate(member)):
                yield Event(moment(self.calendar.ago(days_ago), 8, 30), _ORDER, member.serial, run)

    def _fate(self, member: Member) -> Iterator[tuple[int, Callable[[], object]]]:
        """The same to a few of the many."""
        days = 5 + member.serial % 60
        if member.fate == "suspended":
            yield days, lambda: self._suspend(member, days)
        elif member.fate == "ended":
            yield days, lambda: self._end(member, days)
        elif member.fate == "deceased":
            yield days, lambda: self._die(member, days)

    def _story(self, member: Member) -> Iterator[tuple[int, Callable[[], object]]]:
        story = member.story
        if "retired_days_ago" in story:
            yield story["retired_days_ago"], lambda: self._retire(member, story["retired_days_ago"])
        if "suspended_days_ago" in story:
            yield story["suspended_days_ago"], lambda: self._suspend(member, story["suspended_days_ago"])
        if "ended_days_ago" in story:
            yield story["ended_days_ago"], lambda: self._end(member, story["ended_days_ago"])
        if "died_days_ago" in story:
            yield story["died_days_ago"], lambda: self._die(member, story["died_days_ago"])
        if "out_days_ago" in story:
            yield story["out_days_ago"], lambda: self._move_out(member, story["out_days_ago"])
        if "transferred_from" in story:
            yield story["enrolled_days_ago"], lambda: self._move_in(member)
        if "merged_with" in story:
            yield 30, lambda: self._merge(member, 30)
        for disease in story.get("chronic_pending", ()):
            yield 3, partial(self.registry.file, member, disease, self.calendar.ago(3))
        for disease in story.get("chronic_ended", ()):
            yield 40, partial(self._filed_and_ended, member, disease)

    def _retire(self, member: Member, days: int) -> None:
        on = self.calendar.ago(days)
        people.change_status(AGENCY, member.no, on=on, at=moment(on, 8), status="retired")

    def _suspend(self, member: Member, days: int) -> None:
        on = self.calendar.ago(days)
        people.suspend(AGENCY, member.no, on=on, at=moment(on, 8), why="欠缴（演示）")

    def _end(self, member: Member, days: int) -> None:
        on = self.calendar.ago(days)
        people.end_coverage(AGENCY, member.no, on=on, at=moment(on, 8), why="参加外地医保（演示）")

    def _die(self, member: Member, days: int) -> None:
        on = self.calendar.ago(days)
        heir = self.by_key.get(member.story.get("heir", ""))
        people.record_death(
            AGENCY, member.no, died_on=on, on=on, at=moment(on, 8), heir_no=heir.no if heir is not None else ""
        )

    def _move_out(self, member: Member, days: int) -> None:
        on = self.calendar.ago(days)
        people.transfer_out(AGENCY, member.no, to_area="370100", on=on, at=moment(on, 8))

    def _move_in(self, member: Member) -> None:
        story = member.story
        on = self.calendar.ago(story["enrolled_days_ago"])
        people.transfer_in(
            *(AGENCY, member.no),
            area=AREA,
            on=on,
            at=moment(on, 8),
            from_area=story["transferred_from"],
            months=story["months"],
            balance_fen=member.balance_fen,
            covered_until=on,
        )

    def _merge(self, member: Member, days: int) -> None:
        """A second registration under another document, found out and joined to the first."""
        on = self.calendar.ago(days)
        second = member.story["merged_with"]
        other = people.register_person(
            *(AGENCY, Identity(member.name, second["type"], second["number"], member.phone, member.address)),
            gender=member.gender,
            born_on=member.born_on,
            area=member.county,
            at=moment(on, 8),
        )
        people.merge_persons(REVIEW, member.no, other, on=on, at=moment(on, 8), why="重复登记（演示）")

    def _filed_and_ended(self, member: Member, disease: str) -> None:
        since = self.calendar.enrolled_on
        filing = self.registry.file(member, disease, since)
        self.registry.approve(filing)
        on = self.calendar.ago(40)
        people.end_filing(AGENCY, filing, on=on, at=moment(on, 8), why="复审未通过（演示）")
