"""The door of the demo data (演示数据): fill an empty sandbox with Liaocheng in small, and say who is in it.

Everything goes through the rooms' doors, as it would in life, in the order of days. The same seed and day make the
same persons, numbers, secrets and settlements. Nothing is ever put into a database that is not marked as a sandbox.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

from django.db import transaction

from openyibao.catalogue import facade as catalogue
from openyibao.demo import export, listing, places
from openyibao.demo.billing import Shelf, Till
from openyibao.demo.bills import Drawing
from openyibao.demo.books import Books
from openyibao.demo.client import Client
from openyibao.demo.contracts import Loaded, Progress, SandboxInstitution, SandboxPerson
from openyibao.demo.days import Calendar
from openyibao.demo.errors import NotEmptyForDemo, NotSandbox
from openyibao.demo.events import play
from openyibao.demo.life import Life
from openyibao.demo.paying import journals, pay
from openyibao.demo.population import employers, people
from openyibao.demo.registering import Registry, in_batches, with_relatives
from openyibao.demo.visit import Visit
from openyibao.foundation import sql
from openyibao.foundation.actors import SYSTEM

SEED = 20_220_718
PERSONS, INSTITUTIONS, WEEKS = 3_000, 60, 6
_SANDBOX, _DEMO = "sandbox", "demo"


def is_sandbox() -> bool:
    """Whether this database is marked as a sandbox (沙箱库); one without tables is not."""
    made = sql.one("SELECT to_regclass('foundation_fact') IS NOT NULL")
    return (
        bool(made and made[0])
        and sql.one("SELECT 1 FROM foundation_fact WHERE key = %s AND value = 'yes'", (_SANDBOX,)) is not None
    )


def is_empty() -> bool:
    """Whether nobody and no institution is in the database."""
    found = sql.one(
        "SELECT EXISTS (SELECT 1 FROM people_person) OR EXISTS (SELECT 1 FROM institutions_institution)"
        " OR EXISTS (SELECT 1 FROM ledger_journal)"
    )
    assert found is not None
    return not found[0]


def mark_sandbox() -> None:
    """Mark an empty database as a sandbox; a marked one stays so. Raises: NotEmptyForDemo for one with real data."""
    if is_sandbox():
        return
    if not is_empty():
        raise NotEmptyForDemo(
            "数据库中已有数据，且不是沙箱", hint="沙箱须用空数据库：换一个 DATABASE_URL 或 OPENYIBAO_HOME"
        )
    sql.run("INSERT INTO foundation_fact (key, value) VALUES (%s, 'yes') ON CONFLICT DO NOTHING", (_SANDBOX,))


def require_sandbox() -> None:
    """Raises: NotSandbox."""
    if not is_sandbox():
        raise NotSandbox("这个数据库不是沙箱", hint="用 openyibao serve --sandbox 或 openyibao demo 建立沙箱")


def load(
    at: datetime,
    *,
    persons: int = PERSONS,
    institutions: int = INSTITUTIONS,
    weeks: int = WEEKS,
    seed: int = SEED,
    progress: Progress | None = None,
) -> Loaded:
    """Fill an empty sandbox (装载演示数据): persons, institutions, the catalogue, some weeks of bills up to an instant.

    Args: persons, the named ones included; institutions, at most as many as the file has; weeks of bills, at least 2.
    Raises: NotSandbox, NotEmptyForDemo (also after a load that was broken off).
    """
    require_sandbox()
    if not is_empty():
        raise NotEmptyForDemo(
            "数据库不是空的，演示数据只装载到空库", hint="换一个 OPENYIBAO_HOME，或删除原沙箱的数据目录"
        )
    return _Load(Calendar(at, weeks), persons, institutions, seed, progress or _silent).run()


class _Load:
    """One load, step by step, with the time each took."""

    def __init__(self, calendar: Calendar, persons: int, institutions: int, seed: int, progress: Progress) -> None:
        self.calendar = calendar
        self.seed = seed
        self.progress = progress
        self.members = people(seed, persons, calendar)
        self.places = places.places(institutions)
        self.seconds: dict[str, float] = {}
        self._begun = time.perf_counter()

    def run(self) -> Loaded:
        # a commit need not wait for the disk: who breaks a load off starts again from an empty database
        sql.run("SET synchronous_commit = off")
        try:
            return self._run()
        finally:
            sql.run("SET synchronous_commit = on")

    def _run(self) -> Loaded:
        catalogue.load_sample(SYSTEM, self.calendar.at)
        self._took("catalogue")
        in_batches("机构", self.places, lambda place: places.register(place, self.calendar), self.progress)
        self._took("institutions")
        registry = Registry(self.calendar)
        in_batches("单位", employers(self.seed), registry.employ, self.progress)
        in_batches("参保人", self.members, registry.register, self.progress)
        self._took("persons")
        in_batches(
            "家庭共济", with_relatives(self.members), lambda one: registry.authorise(one, self.members), self.progress
        )
        books = Books(self.seed, self.calendar, self.members, [place.code for place in self.places])
        till = Till(self.seed, self.calendar, Shelf(self.calendar.first))
        bills = Drawing(self.seed, self.calendar, self.members, self.places).bills()
        life = Life(self.calendar, self.members, registry)
        play((*books.events(), *life.events(), *till.events(bills)), self.progress)
        self._took("days")
        self._remember()
        return Loaded(
            persons=len(self.members),
            institutions=len(self.places),
            settlements=till.settled,
            cancelled=till.cancelled,
            lines=till.lines,
            contributions=books.contributions,
            seconds=self.seconds,
        )

    def _remember(self) -> None:
        """Who is who, for the lists; written with a commit that waits, after everything else."""
        sql.run("SET synchronous_commit = on")
        facts = {
            "seed": self.seed,
            "at": self.calendar.at.isoformat(),
            "weeks": self.calendar.weeks,
            "persons": [[member.no, member.serial, member.key] for member in self.members],
        }
        with transaction.atomic():
            sql.run("INSERT INTO foundation_fact (key, value) VALUES (%s, %s)", (_DEMO, json.dumps(facts)))
        sql.run("ANALYZE")

    def _took(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = round(now - self._begun, 2)
        self._begun = now


def sandbox_persons(at: datetime, *, everyone: bool = False) -> list[SandboxPerson]:
    """Whom one may try things with (沙箱人员): the named ones and some others, or everyone. Raises: NotSandbox."""
    require_sandbox()
    return listing.persons(at, everyone=everyone)


def sandbox_institutions(at: datetime) -> list[SandboxInstitution]:
    """Institutions with their published secrets (沙箱机构). Raises: NotSandbox."""
    require_sandbox()
    return listing.institutions(at)


def export_bills(folder: Path) -> dict[str, int]:
    """Write the sandbox's settled bills as an import reads them (导出账单); rows by table. Raises: NotSandbox."""
    require_sandbox()
    return export.export_bills(folder)


def _silent(what: str, done: int, total: int) -> None:
    pass


__all__ = [
    "INSTITUTIONS",
    "PERSONS",
    "SEED",
    "WEEKS",
    "Client",
    "Visit",
    "export_bills",
    "is_empty",
    "is_sandbox",
    "journals",
    "load",
    "mark_sandbox",
    "pay",
    "require_sandbox",
    "sandbox_institutions",
    "sandbox_persons",
]
