"""A second PostgreSQL for tests: the distribution's own server, of another version than the one that comes as a wheel.

    with second_server() as server:      # tests.support.databases.Server

Started by our launcher with the distribution's programs: for root it runs as the launcher's unprivileged account.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from openyibao.foundation.launcher import ROOT_HOME, Embedded
from tests.support.databases import FAST, Server

PLACES = Path("/usr/lib/postgresql")


def programs() -> Path | None:
    """Folder of the distribution's PostgreSQL programs, the newest; None without one."""
    found = [one for one in PLACES.glob("*/bin") if (one / "initdb").exists() and (one / "postgres").exists()]
    return max(found, key=lambda one: [int(part) for part in re.findall(r"\d+", one.parent.name)], default=None)


def require_programs() -> Path:
    """The same; without one the test is skipped, and where everything must be there (CI) it fails."""
    found = programs()
    if found is None:
        reason = f"no PostgreSQL of the distribution in {PLACES}: apt-get install postgresql"
        if os.environ.get("CI", "").lower() in ("true", "1"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class Second(Embedded):
    """A server of the distribution's programs, in a folder of its own."""

    def __init__(self, home: Path, folder: Path) -> None:
        super().__init__(home, FAST)
        self._folder = folder

    def binaries(self) -> Path:
        return self._folder


@contextmanager
def new_home(name: str) -> Iterator[Path]:
    """A folder for a PostgreSQL of a test's own, where its account may go; removed afterwards."""
    base = ROOT_HOME if os.geteuid() == 0 else Path(tempfile.gettempdir())
    base.mkdir(parents=True, exist_ok=True, mode=0o755)
    home = base / f"test-{name}-{uuid.uuid4().hex[:8]}"
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def second_server() -> Iterator[Server]:
    """A running server of the distribution, stopped and removed afterwards. Skips or fails without one."""
    folder = require_programs()
    with new_home("second") as home:
        embedded = Second(home, folder)
        with embedded.in_use():
            yield Server(embedded.url("postgres"))
