"""The embedded server: starts, is shared, stops with its last user, survives kill -9, lives beside another clone's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from openyibao.foundation.launcher import ROOT_HOME, Embedded, home_of

pytestmark = pytest.mark.slow
"""Starts and kills servers."""


@pytest.fixture
def home() -> Iterator[Path]:
    import shutil
    import uuid

    base = ROOT_HOME if os.geteuid() == 0 else Path(tempfile.gettempdir())
    base.mkdir(parents=True, exist_ok=True)
    path = base / f"test-{uuid.uuid4().hex[:8]}"
    yield path
    Embedded(path).stop()
    shutil.rmtree(path, ignore_errors=True)


def test_the_last_user_stops_the_server(home: Path) -> None:
    first, second = Embedded(home), Embedded(home)
    with first.in_use() as url:
        with second.in_use() as other:
            assert url == other
        assert first.running()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not first.running()


def test_acknowledged_rows_survive_a_killed_server(home: Path) -> None:
    embedded = Embedded(home)
    with embedded.in_use() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE t (n int)")
            for n in range(50):
                connection.execute("INSERT INTO t VALUES (%s)", (n,))
        os.kill(embedded.pid(), signal.SIGKILL)
        time.sleep(0.05)
        embedded.start()
        with psycopg.connect(embedded.url()) as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (50,)


def test_a_killed_user_lets_go(home: Path) -> None:
    code = f"""
        from pathlib import Path; import time
        from openyibao.foundation.launcher import Embedded
        with Embedded(Path({str(home)!r})).in_use():
            print("ready", flush=True); time.sleep(60)
    """
    user = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert user.stdout is not None
    assert user.stdout.readline() == "ready\n"
    embedded = Embedded(home)
    with embedded.in_use():
        user.kill()
        user.wait()
        assert embedded.running()
    assert not embedded.running()


def test_two_clones_have_two_homes() -> None:
    assert home_of(Path("/a/clone")) != home_of(Path("/b/clone"))


def test_its_data_and_password_are_its_owners_alone(home: Path) -> None:
    embedded = Embedded(home)
    with embedded.in_use() as url:
        assert (home / "password").stat().st_mode & 0o077 == 0
        assert (embedded.data).stat().st_mode & 0o077 == 0
        wrong = url.replace((home / "password").read_text().strip(), "wrong")
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(wrong, connect_timeout=5)
