"""The local engine (本机引擎): threads over parts.

The kernel, Parquet and numpy all let go of the interpreter while they work, so threads keep every core busy, share one
compiled kernel and one plan, and each holds one batch: memory does not grow with the number of visits.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed

import pyarrow as pa

from openyibao.datasets.facade import Dataset
from openyibao.kernel.errors import Fault, Malformed
from openyibao.simulation.driver import Driver
from openyibao.simulation.parts import Buffers, PartSums, settle_part

Progress = Callable[[str, int], None]


class _Stopped(Exception):
    """Another thread failed; what this one does is not wanted any more."""


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


def settle(driver: Driver, dataset: Dataset, run: str, jobs: int | None, progress: Progress | None) -> PartSums:
    """Settle every part. Raises: Malformed."""
    workers = max(1, min(jobs or cores(), dataset.manifest.parts))
    counter = threading.Lock()
    stop = threading.Event()
    own = threading.local()
    done = 0

    def said(visits: int) -> None:
        nonlocal done
        if stop.is_set():
            raise _Stopped
        with counter:
            done += visits
            if progress is not None:
                progress("visits", done)

    def work(part: int) -> PartSums:
        if not hasattr(own, "buffers"):
            own.buffers = Buffers()
        return settle_part(driver, dataset, part, run, own.buffers, said)

    whole = PartSums({})
    faults: list[Fault] = []
    with ThreadPoolExecutor(workers, thread_name_prefix="resettle") as pool:
        waiting = [pool.submit(work, part) for part in range(dataset.manifest.parts)]
        try:
            for future in as_completed(waiting):
                try:
                    whole.add(future.result())
                except Malformed as problem:  # the other parts may hold more of it: everything is told at once
                    faults += problem.faults
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    if faults:
        raise Malformed(faults)
    pa.default_memory_pool().release_unused()
    return whole
