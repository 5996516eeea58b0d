"""Several loads of one file at once: one writes, the others find nothing to do, and the number rises by one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from openyibao.catalogue import facade
from tests.catalogue.files import AT, items, row
from tests.support.actors import SYSTEM


@pytest.mark.usefixtures("db")
def test_loads_take_turns(tmp_path: Path) -> None:
    from django.db import connection

    path = items(tmp_path, *(row(code=f"XTWICE{n}") for n in range(50)))
    start = Barrier(4)

    def load(_: int) -> tuple[int, int]:
        start.wait()
        try:
            report = facade.load_csv(SYSTEM, "item", path, AT)
            return report.added, report.number
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(load, range(4))) == [(0, 1), (0, 1), (0, 1), (50, 1)]
