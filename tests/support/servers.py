"""A real server to try things on: `openyibao serve` in a process group of its own, started, stopped, or killed.

    with Platform(home=folder) as platform:      # or url="postgresql://…"
        Hospital(platform.address, code)

`kill_server` and the kills of PostgreSQL are `kill -9`: nothing is tidied up. Every process killed is one this module
started, by its id.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from openyibao.foundation.launcher import Embedded

START_SECONDS = 180.0


class NotServing(Exception):
    """The server did not come up, or ended."""


class Platform:
    """One server, on the embedded PostgreSQL of `home` or on the database of `url`. demo: load the demo data."""

    def __init__(
        self,
        *,
        home: Path | None = None,
        url: str = "",
        port: int = 0,
        demo: bool = False,
        workers: int = 2,
        threads: int = 4,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.port = port or free_port()
        self.command = [
            *(sys.executable, "-m", "openyibao.cli.main", "serve"),
            *(["--sandbox"] if demo else []),
            *("--port", str(self.port), "--workers", str(workers), "--threads", str(threads)),
        ]
        place = {"DATABASE_URL": url} if url else {"OPENYIBAO_HOME": str(home)}
        other = "OPENYIBAO_HOME" if url else "DATABASE_URL"
        mine = {name: value for name, value in os.environ.items() if name != other}
        self.environment = {**mine, **place, "OPENYIBAO_SANDBOX": "1", **(environment or {})}
        self.log = Path(tempfile.gettempdir()) / f"openyibao-serve-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    @property
    def embedded(self) -> Embedded:
        assert self.home is not None, "not on an embedded PostgreSQL"
        return Embedded(self.home)

    def __enter__(self) -> Platform:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> float:
        """Start the server and wait until it answers; seconds it took. Raises: NotServing."""
        began = time.monotonic()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.wait(START_SECONDS)
        return time.monotonic() - began

    def wait(self, seconds: float) -> None:
        """Until /healthz answers that all is well. Raises: NotServing."""
        deadline = time.monotonic() + seconds
        while not self.healthy():
            if not self.running():
                raise NotServing(f"the server ended:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise NotServing(f"no health within {seconds} s:\n{self.tail()}")
            time.sleep(0.05)

    def healthy(self) -> bool:
        """Whether it serves and reaches its database."""
        connection = http.client.HTTPConnection(*self.address, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def tail(self, size: int = 3_000) -> str:
        """End of the server's log."""
        return self.log.read_bytes()[-size:].decode(errors="replace") if self.log.exists() else ""

    # Ends -----------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End it as Ctrl-C would."""
        self._signal(signal.SIGINT)

    def kill_server(self) -> None:
        """kill -9 of the server's process group: main process and workers. PostgreSQL lives on."""
        self._signal(signal.SIGKILL)

    def kill_postmaster(self) -> None:
        """kill -9 of PostgreSQL's main process; its children see it sooner or later."""
        pid = self.embedded.pid()
        if pid:
            os.kill(pid, signal.SIGKILL)

    def kill_postgres(self) -> None:
        """kill -9 of PostgreSQL's main process and all its children."""
        pid = self.embedded.pid()
        for one in ([pid, *children(pid)]) if pid else []:
            _kill(one)

    def kill_backend(self, choice: int = 0) -> None:
        """kill -9 of one session of PostgreSQL: its main process then ends all sessions and recovers by itself."""
        pid = self.embedded.pid()
        sessions = [one for one in children(pid) if b"openyibao openyibao" in _command(one)] if pid else []
        if sessions:
            _kill(sessions[choice % len(sessions)])

    def _signal(self, number: int) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        try:
            os.killpg(process.pid, number)
            process.wait(30)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def children(pid: int) -> list[int]:
    """Ids of a process's own children."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
