"""The supervisor: a killed embedded PostgreSQL comes back, where it was, until the supervisor leaves."""

from __future__ import annotations

import os
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from openyibao.foundation.launcher import ROOT_HOME, Embedded
from openyibao.foundation.supervisor import supervised

pytestmark = pytest.mark.slow
"""Starts and kills servers."""


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    import shutil

    base = ROOT_HOME if os.geteuid() == 0 else Path(tempfile.gettempdir())
    base.mkdir(parents=True, exist_ok=True)
    made = Embedded(base / f"test-{uuid.uuid4().hex[:8]}")
    yield made
    made.stop()
    shutil.rmtree(made.home, ignore_errors=True)


def killed(embedded: Embedded) -> int:
    """Process id of the server killed now."""
    pid = embedded.pid()
    os.kill(pid, signal.SIGKILL)
    return pid


def back(embedded: Embedded, before: int) -> bool:
    """Whether another server answers within a while."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if embedded.pid() not in (0, before):
            try:
                with psycopg.connect(embedded.url(), connect_timeout=5) as connection:
                    return connection.execute("SELECT count(*) FROM t").fetchone() == (1,)
            except (psycopg.OperationalError, OSError, ValueError):
                pass
        time.sleep(0.05)
    return False


def test_a_killed_server_comes_back_where_it_was(embedded: Embedded) -> None:
    with embedded.in_use() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS n")
        with supervised(embedded):
            for _ in range(2):
                assert back(embedded, killed(embedded))
                assert embedded.url() == url, "whoever holds the URL finds it again"
        before = killed(embedded)
        time.sleep(1)
        assert not embedded.running(), "nobody looks after it any more"
        assert embedded.pid() in (0, before)
