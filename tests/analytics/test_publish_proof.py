"""Random person-years lived over HTTP, published, and settled again by the year driver: every bill equal to the fen.

`python -m tests.analytics.test_publish_proof --bills 20000 --seed 1`
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from openyibao.analytics import facade as analytics
from openyibao.datasets import facade as datasets
from openyibao.datasets.facade import Dataset
from openyibao.foundation import clock
from openyibao.foundation.actors import SYSTEM
from openyibao.policy.facade import Policies
from openyibao.simulation.facade import Driver

KERNEL_DECIDES = tuple(
    column.name
    for column in datasets.TABLES["settled"].columns
    if column.name.endswith("_fen") and column.name != "account_fen"
)


@dataclass
class Compared:
    """How many bills were compared, and what differs."""

    bills: int = 0
    persons: set[int] = field(default_factory=set)
    differences: list[str] = field(default_factory=list)


def compare(
    dataset: Dataset, policies: Policies, excepted: Collection[int] = (), deductible_excepted: Collection[int] = ()
) -> Compared:
    """Settle a published dataset again and compare it with what was paid, bill by bill, column by column.

    Args: excepted, persons whose bills are not compared; deductible_excepted, nor their deductible.
    """
    driver = Driver(policies, dataset)
    found = Compared()
    for year in dataset.years:
        for part in range(dataset.manifest.parts):
            visits = dataset.batches("visits", part, year)
            recorded = dataset.batches("settled", part, year, run="recorded")
            for batch, paid in zip(visits, recorded, strict=True):
                again = driver.settle(batch)
                for name in ("person", "day", "seq", "pool", *KERNEL_DECIDES):
                    leave = [*excepted, *(deductible_excepted if name == "deductible_fen" else ())]
                    wrong = (paid[name] != again[name]) & ~np.isin(paid["person"], leave)
                    found.differences += [
                        f"{year} person {paid['person'][at]} seq {paid['seq'][at]} {name}:"
                        f" paid {paid[name][at]}, again {again[name][at]}"
                        for at in np.flatnonzero(wrong)
                    ]
                kept = ~np.isin(paid["person"], list(excepted))
                found.bills += int(kept.sum())
                found.persons |= set(paid["person"][kept].tolist())
    return found


def prove(address: tuple[str, int], bills: int, seed: int, folder: Path, *, progress: bool = False) -> Compared:
    """Live, publish in small parts, settle again. Django is connected to the server's database."""
    from tests.proofs import equality

    lived = equality.prove(address, bills, seed, progress=progress)
    analytics.publish_dataset(SYSTEM, folder, [2022, 2023, 2024], at=clock.now(), persons_per_part=1_000)
    dataset = datasets.open_dataset(folder)
    datasets.check(dataset)
    found = compare(dataset, Policies.load())
    found.differences += lived.differences
    standing = lived.bills - lived.cancelled
    if found.bills != standing:
        found.differences.append(f"{found.bills} bills published, {standing} stand")
    return found


@pytest.mark.slow
def test_random_years_over_http_come_out_the_same(new_db: str, tmp_path: Path) -> None:
    from tests.support.servers import Platform

    with Platform(url=new_db, environment={"OPENYIBAO_GATEWAY_PER_SECOND": "100000"}) as platform:
        found = prove(platform.address, 400, 7, tmp_path / "published")
    assert found.differences == []
    assert found.bills > 300


def _main() -> Iterator[str]:
    from tests.support.databases import server
    from tests.support.servers import Platform

    parser = argparse.ArgumentParser()
    parser.add_argument("--bills", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    os.environ["OPENYIBAO_SANDBOX"] = "1"
    with server(f"published-{os.getpid()}") as postgres, postgres.fresh() as url:
        from openyibao.foundation.setup import django_ready

        django_ready(url)
        started = time.monotonic()
        with (
            Platform(url=url, environment={"OPENYIBAO_GATEWAY_PER_SECOND": "100000"}) as platform,
            tempfile.TemporaryDirectory() as folder,
        ):
            found = prove(platform.address, wanted.bills, wanted.seed, Path(folder) / "published", progress=True)
        yield from found.differences[:50]
        yield (
            f"{found.bills} bills of {len(found.persons)} persons published and settled again:"
            f" {len(found.differences)} differences, {time.monotonic() - started:.0f} s, seed {wanted.seed}"
        )
        if found.differences:
            sys.exit(1)


if __name__ == "__main__":
    for line in _main():
        print(line)  # noqa: T201
