"""Two transactions at once, so that the outcome is decided and not lucky.

Both are held at the point where they have read and are about to write. They go on when both are there (no lock kept
them apart: the first writes and ends, then the second writes on what it read before), or when one is there and
PostgreSQL says that the other waits for a lock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import connection

_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
AND pid <> pg_backend_pid()"""
LONG = 30.0


class Meeting:
    """The point before the write, for two verbs; the one started first goes first."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.met = False
        """Whether both were at the point together: nothing kept them apart."""
        self._gone_on = False
        """Whether the first went on alone, because the other waits for it."""
        self._there: set[int] = set()
        self._changed = threading.Condition()
        self._turn = threading.local()
        self._ended = (threading.Event(), threading.Event())

    def held(self, verb: Callable[..., Any], only: int | None = None) -> Callable[..., Any]:
        """The verb, held at this point when one of the two (or `only` the first, 0) calls it for the first time."""

        def wait(*args: Any, **more: Any) -> Any:
            if only in (None, getattr(self._turn, "number", None)):
                self._arrive()
            return verb(*args, **more)

        return wait

    def run(self, first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
        """Run both, each on a connection of its own; what they give or raise. `second` starts when `first` is held."""
        with ThreadPoolExecutor(2) as pool:
            one = pool.submit(self._verb, 0, first)
            with self._changed:
                here = self._changed.wait_for(lambda: 0 in self._there or self._ended[0].is_set(), LONG)
            assert here, "the first never came"
            two = pool.submit(self._verb, 1, second)
            return [one.result(LONG), two.result(LONG)]

    def _verb(self, turn: int, verb: Callable[[], Any]) -> Any:
        self._turn.number = turn
        try:
            return verb()
        except Exception as problem:
            return problem
        finally:
            connection.close()
            self._ended[turn].set()
            with self._changed:
                self._changed.notify_all()

    def _arrive(self) -> None:
        turn = getattr(self._turn, "number", None)
        if turn is None or turn in self._there:
            return
        with self._changed:
            self._there.add(turn)
            self.met = self.met or (len(self._there) == 2 and not self._gone_on and not self._ended[0].is_set())
            self._changed.notify_all()
        if turn == 0:
            self._await_the_other()
        elif self.met:
            assert self._ended[0].wait(LONG), "the first never ended"

    def _await_the_other(self) -> None:
        """Until the other is here too, or waits for a lock that we hold."""
        deadline = time.monotonic() + LONG
        with psycopg.connect(self.url, autocommit=True) as watch:
            while not (self.met or self._ended[1].is_set()):
                waiting = watch.execute(_WAITING).fetchone()
                with self._changed:
                    self._gone_on = not self.met and bool(waiting and waiting[0])
                if self._gone_on:
                    return
                assert time.monotonic() < deadline, "the other neither came nor waited"
                time.sleep(0.005)


def meeting(url: str, monkeypatch: pytest.MonkeyPatch, points: Sequence[tuple[Any, str]]) -> Meeting:
    """A meeting at these functions: (module, name) of the last step before each verb writes."""
    made = Meeting(url)
    for module, name in points:
        monkeypatch.setattr(module, name, made.held(getattr(module, name)))
    return made
