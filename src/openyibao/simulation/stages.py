"""Where the time of a resettlement goes (耗时分解): reading, the kernel, writing, each alone on one core."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from openyibao.datasets.facade import Dataset, PartWriter
from openyibao.policy.facade import Policies
from openyibao.simulation.accounts import Accounts
from openyibao.simulation.driver import READ_WITH_SPLITS, Driver
from openyibao.simulation.parts import Buffers


def stage_seconds(dataset: Dataset, policies: Policies) -> dict[str, float]:
    """CPU seconds of one core for every visit of a dataset: `reading` (accounts too), `kernel`, `writing`.

    Their sum is what settling it on one core takes, but for its start. The splits are written to a temporary folder and
    thrown away.
    """
    driver = Driver(policies, dataset)
    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        for year in dataset.years:
            for part in range(dataset.manifest.parts):
                _part(driver, dataset, part, year, Path(folder), clock)
    return clock.spent


class _Clock:
    """CPU time of this process, given to one stage after the other."""

    def __init__(self) -> None:
        self.spent = dict.fromkeys(("reading", "kernel", "writing"), 0.0)
        self._since = time.process_time()

    def to(self, stage: str) -> None:
        """What went by since the last call was this stage's."""
        now = time.process_time()
        self.spent[stage] += now - self._since
        self._since = now


def _part(driver: Driver, dataset: Dataset, part: int, year: int, folder: Path, clock: _Clock) -> None:
    buffers = Buffers()
    accounts = Accounts(dataset, part, year)
    writer = PartWriter(folder, "settled", part, year, "stages")
    clock.to("writing")
    for batch in dataset.batches("visits", part, year, columns=list(READ_WITH_SPLITS)):
        held = accounts.upto(int(batch["person"][-1]))
        clock.to("reading")
        columns, _ = driver.splits(batch, held, buffers.splits(len(batch["person"])))
        clock.to("kernel")
        writer.write(columns)
        clock.to("writing")
    accounts.close()
    clock.to("reading")
    writer.close()
    clock.to("writing")
