"""Keeps the embedded PostgreSQL running while a server is up (看护): one that was killed is started again.

Sessions are lost with it; the server's answer to a message then is to send it again, and the next message finds the
database where it was, on the same port. A database of DATABASE_URL is somebody else's to look after.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from openyibao.foundation.launcher import DatabaseUnavailable, Embedded

log = logging.getLogger("openyibao.database")
EVERY_SECONDS = 0.25
PAUSE_SECONDS = 5.0
"""After a start that failed."""


@contextmanager
def supervised(embedded: Embedded) -> Iterator[None]:
    """Inside, a thread starts the server of `embedded` again whenever it is gone. The caller has it in use already."""
    leave = threading.Event()
    thread = threading.Thread(target=_watch, args=(embedded, leave), name="database-supervisor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        leave.set()
        thread.join()


def _watch(embedded: Embedded, leave: threading.Event) -> None:
    pause = EVERY_SECONDS
    while not leave.wait(pause):
        pause = EVERY_SECONDS
        if embedded.running():
            continue
        log.warning("the embedded database is gone; starting it again")
        try:
            with embedded.in_use():
                log.warning("the embedded database runs again")
        except (DatabaseUnavailable, OSError) as problem:
            log.error("the embedded database does not start: %s", problem)
            pause = PAUSE_SECONDS
