"""Any PostgreSQL by DATABASE_URL: the distribution's own server (another version than the wheel's) carries the rooms.

The suites of the rooms' doors run against it, the commands migrate and serve it, and backups travel between servers.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from openyibao.foundation.launcher import Embedded, wheel_binaries
from tests.support.databases import Server
from tests.support.debian_postgres import new_home, require_programs, second_server
from tests.support.hospital import Hospital, Line, OutcomeUnknown, RefusedByPlatform, sums_of
from tests.support.servers import Platform

pytestmark = pytest.mark.slow
"""A second server."""

ROOT = Path(__file__).parents[2]
SUITES = (
    *("settlement/test_settling.py", "settlement/test_races.py", "ledger/test_database.py", "ledger/test_month.py"),
    *("ledger/test_verify.py", "people/test_coverage.py", "people/test_money.py", "people/test_races.py"),
    *("institutions/test_institutions.py", "institutions/test_races.py", "catalogue/test_catalogue.py"),
    *("catalogue/test_versions.py", "catalogue/test_races.py", "gateway/test_http.py", "gateway/test_scenarios.py"),
)
"""Where rooms meet the database: their doors, their guards, their races."""
PREPARE = """
import json, sys
from openyibao.foundation.setup import django_ready
django_ready()
from openyibao.gateway import facade as gateway
from tests.support.actors import SYSTEM
from tests.support.world import ITEMS, World, choose_items
world = World.made()
choose_items()
code = world.hospital()
gateway.register_credential(SYSTEM, institution_code=code, area=code[1:7], security="none")
persons = [world.person(balance_fen=50_000) for _ in range(3)] + [world.person("resident", "adult")]
json.dump({"code": code, "item": ITEMS["in_scope"], "persons": persons}, sys.stdout)
"""


@pytest.fixture(scope="module")
def second() -> Iterator[Server]:
    with second_server() as server:
        yield server


def environment(place: Mapping[str, str]) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "OPENYIBAO_HOME")}
    return {**mine, "OPENYIBAO_SANDBOX": "1", **place}


def command(place: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """`openyibao` with words, on the database of a place (DATABASE_URL or OPENYIBAO_HOME)."""
    return subprocess.run(
        [sys.executable, "-m", "openyibao.cli.main", *words],
        env=environment(place),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def done(place: Mapping[str, str], *words: str) -> str:
    """Output of a command that must succeed."""
    made = command(place, *words)
    assert made.returncode == 0, f"{' '.join(words)}: {made.stderr}"
    return made.stdout


def prepared(place: Mapping[str, str]) -> dict[str, Any]:
    """An institution and persons, made in another process on that database."""
    made = subprocess.run(
        [sys.executable, "-c", PREPARE], env=environment(place), capture_output=True, text=True, check=True, cwd=ROOT
    )
    found: dict[str, Any] = json.loads(made.stdout)
    return found


def settled(platform: Platform, world: Mapping[str, Any], person: str, amount: str = "80.00") -> dict[str, Any]:
    """An outpatient visit over HTTP; what 5203 says of it."""
    from tests.support.world import instant

    hospital = Hospital(platform.address, world["code"])
    insutype = "390" if person == world["persons"][-1] else "310"
    at = instant(date(2025, 6, 2))
    visit = hospital.register(person, insutype, at)["data"]["mdtrt_id"]
    hospital.record(person, visit, at)
    line = Line("1", world["item"], amount, str(int(Decimal(amount) * 100)))
    priced = hospital.upload(person, visit, [line], at)
    made = hospital.settle(person, visit, sums_of(priced), insutype)["setlinfo"]
    hospital.close()
    return asked(platform, world["code"], person, visit, made["setl_id"])


def asked(platform: Platform, code: str, person: str, visit: str, number: str) -> dict[str, Any]:
    """Output of 5203."""
    hospital = Hospital(platform.address, code)
    try:
        return hospital.settlement(person, visit, number)
    finally:
        hospital.close()


def same_answers(platform: Platform, code: str, told: list[dict[str, Any]]) -> None:
    """5203 answers for each of these settlements what it answered before."""
    for one in told:
        info = one["setlinfo"]
        assert asked(platform, code, info["psn_no"], info["mdtrt_id"], info["setl_id"]) == one


def owned(server: Server) -> dict[str, str]:
    """A new empty database that belongs to a role without any other right, with a password that must be quoted."""
    name, password = f"o_{uuid.uuid4().hex[:10]}", "p@ss/w:rd %&'?"
    server.run(f"CREATE ROLE {name} LOGIN PASSWORD '{password.replace(chr(39), chr(39) * 2)}'")
    server.run(f"CREATE DATABASE {name} OWNER {name} ENCODING 'UTF8' TEMPLATE template0")
    place = server.url.rpartition("@")[2].rpartition("/")[0]
    return {"DATABASE_URL": f"postgresql://{name}:{quote(password, safe='')}@{place}/{name}"}


# The rooms on another server ----------------------------------------------------------------------------------------


def test_it_is_another_version_than_the_wheel_s(second: Server) -> None:
    with psycopg.connect(second.url) as connection:
        major = connection.info.server_version // 10_000
    assert major >= 15
    with new_home("version") as home:
        embedded = Embedded(home)
        wheels = subprocess.run(
            [embedded.binaries() / "postgres", "--version"], capture_output=True, text=True, check=True
        )
    assert int(re.findall(r"\d+", wheels.stdout)[0]) != major


@pytest.mark.slow
def test_the_doors_of_the_rooms_hold_on_it(second: Server) -> None:
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "-m", "not slow", *(f"tests/{suite}" for suite in SUITES)],
        env={**mine, "OPENYIBAO_TEST_SERVER": second.url},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-6_000:]
    passed = re.findall(r"^[.sx]+", run.stdout, re.MULTILINE)
    assert sum(line.count(".") for line in passed) > 250
    assert not any("s" in line for line in passed), "a suite was skipped"


@pytest.mark.slow
def test_a_visit_is_settled_over_http_on_it(second: Server) -> None:
    """By a role that owns its database and nothing else."""
    place = owned(second)
    done(place, "migrate")
    assert "最新" in done(place, "migrate"), "again changes nothing"
    world = prepared(place)
    with Platform(url=place["DATABASE_URL"]) as platform:
        told = [settled(platform, world, person) for person in world["persons"]]
        same_answers(platform, world["code"], told)
    assert all(one["setlinfo"]["medfee_sumamt"] == Decimal("80.00") for one in told)
    assert json.loads(done(place, "ledger", "verify", "--json"))["findings"] == []


# Backup and restore -------------------------------------------------------------------------------------------------


class Load(threading.Thread):
    """Settles visits until told to stop, so that the backup is taken from a database that is being written."""

    def __init__(self, platform: Platform, world: Mapping[str, Any]) -> None:
        super().__init__(daemon=True)
        self.platform, self.world = platform, world
        self.stop = threading.Event()
        self.told: list[dict[str, Any]] = []
        self.problem: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                person = self.world["persons"][len(self.told) % 4]
                self.told.append(settled(self.platform, self.world, person, f"{20 + len(self.told) % 50}.00"))
        except (OutcomeUnknown, RefusedByPlatform) as problem:
            self.problem = problem


@pytest.mark.slow
def test_a_backup_taken_while_it_serves_is_restored_elsewhere(tmp_path: Path) -> None:
    """The commands of docs/how-to/back-up-and-restore.md."""
    with new_home("backed-up") as first, new_home("restored") as other:
        file = tmp_path / "openyibao.dump"
        place = {"OPENYIBAO_HOME": str(first)}
        with Embedded(first).in_use():
            done(place, "migrate")
            world = prepared(place)
            with Platform(home=first) as platform:
                before = [settled(platform, world, person) for person in world["persons"]]
                load = Load(platform, world)
                load.start()
                while len(load.told) < 3:
                    load.join(0.01)
                done(place, "backup", str(file))
                load.stop.set()
                load.join(60)
                assert load.problem is None
                assert not file.with_name(file.name + ".partial").exists()
            again = command(place, "backup", str(file))
            assert (again.returncode, "NOT_EMPTY" in again.stderr or "已存在" in again.stderr) == (2, True)
        restored_and_true(file, {"OPENYIBAO_HOME": str(other)}, Platform(home=other), world, [*before, *load.told[:3]])
        refused = command({"OPENYIBAO_HOME": str(other)}, "restore", str(file))
        assert (refused.returncode, "不是空的" in refused.stderr) == (2, True)


def restored_and_true(
    file: Path, place: Mapping[str, str], platform: Platform, world: Mapping[str, Any], told: list[dict[str, Any]]
) -> None:
    """Restore, verify the ledger, and ask for every settlement that was acknowledged before the backup began."""
    done(place, "restore", str(file))
    verdict = json.loads(done(place, "ledger", "verify", "--json"))
    assert verdict["findings"] == []
    assert verdict["journals"] >= len(told)
    with platform:
        same_answers(platform, world["code"], told)
        settled(platform, world, world["persons"][0])
    assert json.loads(done(place, "ledger", "verify", "--json"))["findings"] == []


def program(name: str, place: Mapping[str, str], *words: str, given: str | None = None) -> str:
    """Output of one of the second server's own programs on a database; it must succeed."""
    made = subprocess.run(
        [require_programs() / name, "--dbname", place["DATABASE_URL"], *words],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return made.stdout


@pytest.fixture(scope="module")
def own(second: Server) -> tuple[dict[str, str], dict[str, Any], list[dict[str, Any]]]:
    """A database of the second server with settlements: where it is, who lives there, what 5203 answers."""
    place = owned(second)
    done(place, "migrate")
    world = prepared(place)
    with Platform(url=place["DATABASE_URL"]) as platform:
        told = [settled(platform, world, person) for person in world["persons"]]
    return place, world, told


@pytest.mark.slow
def test_a_backup_of_one_s_own_server_is_restored_into_the_embedded_one(own: Any, tmp_path: Path) -> None:
    place, world, told = own
    file = tmp_path / "openyibao.dump"
    done(place, "backup", str(file))
    with new_home("from-own") as home:
        restored_and_true(file, {"OPENYIBAO_HOME": str(home)}, Platform(home=home), world, told)


@pytest.mark.slow
def test_a_backup_of_one_s_own_server_is_restored_into_it(second: Server, own: Any, tmp_path: Path) -> None:
    place, world, told = own
    file = tmp_path / "openyibao.dump"
    done(place, "backup", str(file))
    fresh = owned(second)
    restored_and_true(file, fresh, Platform(url=fresh["DATABASE_URL"]), world, told)


@pytest.mark.slow
def test_an_older_server_takes_what_its_own_programs_wrote(second: Server, own: Any, tmp_path: Path) -> None:
    """The way round in docs/how-to/back-up-and-restore.md."""
    place, world, told = own
    file, fresh = tmp_path / "own.dump", owned(second)
    program("pg_dump", place, "--format=custom", "--no-owner", f"--file={file}")
    program("pg_restore", fresh, "--no-owner", "--exit-on-error", "--single-transaction", str(file))
    assert json.loads(done(fresh, "ledger", "verify", "--json"))["findings"] == []
    with Platform(url=fresh["DATABASE_URL"]) as platform:
        same_answers(platform, world["code"], told)
        settled(platform, world, world["persons"][0])
    with new_home("from-older") as home:
        done({"OPENYIBAO_HOME": str(home)}, "restore", str(file))
        assert json.loads(done({"OPENYIBAO_HOME": str(home)}, "ledger", "verify", "--json"))["findings"] == []


@pytest.mark.slow
def test_a_backup_moves_to_an_older_server_as_text(second: Server, own: Any, tmp_path: Path) -> None:
    """The other way round there: from `openyibao backup`, as SQL without the one setting that an older server lacks."""
    place, world, told = own
    file, fresh = tmp_path / "openyibao.dump", owned(second)
    done(place, "backup", str(file))
    restore = [wheel_binaries() / "pg_restore", "--no-owner", "--file=-", str(file)]
    text = subprocess.run(restore, capture_output=True, text=True, check=True).stdout
    lines = [line for line in text.splitlines() if not line.startswith("SET transaction_timeout")]
    program("psql", fresh, "--single-transaction", "--set=ON_ERROR_STOP=1", "--quiet", given="\n".join(lines))
    assert json.loads(done(fresh, "ledger", "verify", "--json"))["findings"] == []
    with Platform(url=fresh["DATABASE_URL"]) as platform:
        same_answers(platform, world["code"], told)
