"""Databases for tests: one server per run, one migrated template, a clone of it for whoever wants a fresh one.

The server is the embedded one with fsync off, or the one named by OPENYIBAO_TEST_SERVER. Nothing is rolled back between
tests: settlements commit for real. A test uses persons and institutions of its own.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from openyibao.foundation.launcher import ROOT_HOME, Embedded

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}


class Server:
    """A PostgreSQL server for tests; `url` names its maintenance database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._template = ""

    def database_url(self, name: str) -> str:
        return self.url.rpartition("/")[0] + "/" + name

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)

    def create(self, template: str = "") -> str:
        """Name of a new database, empty or cloned."""
        name = f"t_{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {name}" + (f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""))
        return name

    def drop(self, name: str) -> None:
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @property
    def template(self) -> str:
        """A migrated database to clone; made once per run."""
        if not self._template:
            name = self.create()
            environment = {**os.environ, "DATABASE_URL": self.database_url(name), "OPENYIBAO_SANDBOX": "1"}
            command = [sys.executable, "-m", "openyibao.cli.main", "migrate"]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            self._template = name
        return self._template

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """URL of a migrated database of one's own, dropped afterwards."""
        name = self.create(self.template)
        try:
            yield self.database_url(name)
        finally:
            self.drop(name)


@contextmanager
def server(run: str) -> Iterator[Server]:
    """The server of this test run, shared by its worker processes; `run` names the run."""
    stated = os.environ.get("OPENYIBAO_TEST_SERVER", "")
    if stated:
        yield Server(stated)
        return
    base = ROOT_HOME if os.geteuid() == 0 else Path(tempfile.gettempdir())
    home = base / f"test-{run}"
    base.mkdir(parents=True, exist_ok=True, mode=0o755)
    embedded = Embedded(home, FAST)
    with embedded.in_use():
        yield Server(embedded.url("postgres"))
    _remove(home)


def _remove(home: Path) -> None:
    """Remove the folder of a server that nobody runs any more."""
    import shutil

    if not Embedded(home).running():
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Worker processes take turns."""
    path = Path(tempfile.gettempdir()) / f"openyibao-{name}.lock"
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def forget_kept() -> None:
    """Empty what the process keeps by version: another database has other versions of the same numbers."""
    from openyibao.catalogue import facade as catalogue
    from openyibao.gateway import signing
    from openyibao.institutions import facade as institutions

    institutions._kept.clear()
    catalogue.ITEMS._scopes.clear()
    signing.forget_signers()
