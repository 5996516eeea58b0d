"""Where the time of a resettlement goes (耗时分解): reading, the kernel, writing, each alone on one core."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from openyibao.datasets.facade import Dataset, PartWriter
from openyibao.policy.contracts import Columns
from openyibao.policy.facade import Policies
from openyibao.simulation.accounts import Accounts
from openyibao.simulation.driver import READ_WITH_SPLITS, Driver
from openyibao.simulation.parts import Buffers
from openyibao.simulation.reading import batches


def stage_seconds(dataset: Dataset, policies: Policies) -> dict[str, float]:
    """CPU seconds of one core for every visit of a dataset: `reading`, `kernel` (accounts with it), `writing`.

    The splits are written to a temporary folder and thrown away.
    """
    driver = Driver(policies, dataset)
    buffers = Buffers()
    spent = {"reading": 0.0, "kernel": 0.0, "writing": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        for year in dataset.years:
            for part in range(dataset.manifest.parts):
                accounts = Accounts(dataset, part, year)
                with PartWriter(Path(folder), "settled", part, year, "stages") as writer:
                    for batch in _timed(batches(dataset, "visits", part, year, list(READ_WITH_SPLITS)), spent):
                        begun = time.process_time()
                        held = accounts.upto(int(batch["person"][-1]))
                        columns, _ = driver.splits(batch, held, buffers.splits(len(batch["person"])))
                        settled = time.process_time()
                        writer.write(columns)
                        spent["kernel"] += settled - begun
                        spent["writing"] += time.process_time() - settled
    return spent


def _timed(found: Iterator[Columns], spent: dict[str, float]) -> Iterator[Columns]:
    while True:
        begun = time.process_time()
        batch = next(found, None)
        spent["reading"] += time.process_time() - begun
        if batch is None:
            return
        yield batch
