"""The full proof: random person-years decided three ways, single driver, year driver and oracle, equal to the fen.

    python -m tests.prove --persons 1000000 --jobs 2 [--first 0]

A person-year is drawn from its number, so any difference printed can be drawn again (tests/support/people.py).
Exit 0 when nothing differs, 1 otherwise.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from openyibao.policy.facade import Policies, data_folder
from tests.support.three_ways import Counted, compare

CHUNK = 5_000


@cache
def _policies() -> Policies:
    return Policies.load()


def _chunk(first: int, last: int) -> Counted:
    return compare(range(first, last), _policies(), data_folder("policies"))


def _chunks(first: int, persons: int) -> Iterator[tuple[int, int]]:
    for start in range(first, first + persons, CHUNK):
        yield start, min(start + CHUNK, first + persons)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    whole = Counted()
    begun = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with ProcessPoolExecutor(asked.jobs) as pool, Progress(*columns) as progress:
        task = progress.add_task("person-years", total=asked.persons)
        running = {pool.submit(_chunk, *ends): ends for ends in _chunks(asked.first, asked.persons)}
        for done in as_completed(running):
            whole.add(done.result())
            first, last = running[done]
            progress.advance(task, last - first)
    for text in whole.differences[:50]:
        sys.stdout.write(text + "\n")
    sys.stdout.write(
        f"seeds {asked.first}..{asked.first + asked.persons - 1}: {whole.settled} person-years settled, "
        f"{whole.refused} refused by all, {whole.visits} visits, {whole.reversals} reversals, "
        f"{len(whole.differences)} differences, {time.monotonic() - begun:.0f} s\n"
    )
    return 1 if whole.differences else 0


if __name__ == "__main__":
    sys.exit(main())
