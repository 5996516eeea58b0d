"""A limit on how many messages an institution may send (限流): a token bucket each, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable

MOST_KEPT = 20_000


class Limiter:
    """Buckets of `burst` tokens, refilled at `per_second`; a rate of 0 means no limit."""

    def __init__(self, per_second: int, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self.burst = burst
        self.clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def allows(self, name: str) -> bool:
        """Take a token of `name`, if there is one."""
        if not self.per_second:
            return True
        now = self.clock()
        tokens, then = self._buckets.get(name, (float(self.burst), now))
        tokens = min(float(self.burst), tokens + (now - then) * self.per_second)
        if len(self._buckets) > MOST_KEPT:
            self._buckets.clear()
        self._buckets[name] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens >= 1
