"""The Spark engine: the same parts, the same kernel, on as many machines as there are.

One task is one part, and a part holds whole persons, so nothing is exchanged between tasks: no shuffle of visits, no
row at the driver. A task reads its part, settles it, writes its splits and answers with a few sums; Spark adds those
up. Visits never pass between the JVM and Python: they go from Parquet to the compiled kernel inside the executor.

The folder of the dataset must be visible under the same path on every executor. The package goes with the job; what
it needs (numba, numpy, pyarrow, PyYAML, jsonschema) must be in the executors' Python: docs/explanation/run-a-nation.md.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openyibao
from openyibao.datasets.facade import Dataset
from openyibao.kernel.errors import Fault, Malformed
from openyibao.simulation.contracts import Sums
from openyibao.simulation.driver import Driver
from openyibao.simulation.errors import EngineFailed
from openyibao.simulation.parts import PartSums, YearSums, add_refused
from openyibao.simulation.sessions import here, short, spark_session

Progress = Callable[[str, int], None]
SHIPPED = ("kernel", "policy", "datasets", "simulation")
"""Rooms an executor needs."""
SCHEMA = "year int, pool int, name string, value long"
"""What a task answers: sums by year and pool; year 0 stands for all years, pool -1 for all pools."""
REFUSED, FAULT, PAYER, PERSONS = "refused", "fault", "payer", "persons"
_BETWEEN = "\x1f"
POLL_SECONDS = 0.3
SETTINGS = {"spark.sql.shuffle.partitions": "1", "spark.driver.memory": "512m"}


def settle(driver: Driver, dataset: Dataset, run: str, master: str, progress: Progress | None) -> PartSums:
    """Settle every part on a cluster. Raises: EngineMissing, EngineFailed, Malformed."""
    with spark_session(master, "openyibao resettle", SETTINGS) as spark, tempfile.TemporaryDirectory() as folder:
        context = spark.sparkContext
        if not here(context.master):
            context.addPyFile(str(_package(Path(folder))))
        shared = context.broadcast((driver, dataset.folder.resolve(), dataset.manifest))
        done = context.accumulator(0)
        parts = dataset.manifest.parts
        tasks = spark.range(0, parts, 1, parts).mapInArrow(_task(shared, run, done), SCHEMA)
        sums = tasks.groupBy("year", "pool", "name").agg({"value": "sum"})
        rows = _watched(sums.collect, done, progress)
        if run:
            for left in (dataset.folder / "settled" / run).glob("attempt-*"):
                shutil.rmtree(left)
    return _answer(rows, driver, dataset)


def _task(shared: Any, run: str, done: Any) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """What an executor does. Pickled by value: it imports the package only there."""

    def settle_parts(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa
        from pyspark import TaskContext

        from openyibao.simulation.spark import settle_task

        driver, folder, manifest = shared.value
        context = TaskContext.get()
        attempt = context.taskAttemptId() if context is not None else 0
        for batch in batches:
            for part in batch.column(0).to_pylist():
                rows = settle_task(driver, folder, manifest, part, run, attempt, done.add)
                columns = [list(column) for column in zip(*rows, strict=True)]
                types = (pa.int32(), pa.int32(), pa.string(), pa.int64())
                yield pa.RecordBatch.from_arrays(
                    [pa.array(column, type=kind) for column, kind in zip(columns, types, strict=True)],
                    names=["year", "pool", "name", "value"],
                )

    return settle_parts


Row = tuple[int, int, str, int]


def settle_task(
    driver: Driver, folder: Path, manifest: Any, part: int, run: str, attempt: int, said: Callable[[int], None]
) -> list[Row]:
    """Settle one part in an executor and say its sums. An input that cannot be read is an answer too.

    Splits are written to a folder of this attempt and moved when they are whole: an attempt that was given up, or one
    that runs beside its successor, cannot touch those of another.
    """
    from openyibao.datasets.facade import part_path
    from openyibao.simulation.parts import settle_part

    dataset = Dataset(folder, manifest)
    own = f"{run}/attempt-{attempt}" if run else ""
    try:
        sums = settle_part(driver, dataset, part, own, None, said)
    except Malformed as problem:
        faults = problem.faults
        return [(0, -1, _BETWEEN.join((FAULT, one.file, one.path, one.wrong, one.right)), 1) for one in faults]
    for year in sums.years if run else ():
        place = part_path(folder, "settled", part, year, run)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(part_path(folder, "settled", part, year, own), place)
    return list(_rows(sums))


def _rows(sums: PartSums) -> Iterator[Row]:
    yield 0, -1, PERSONS, sums.persons
    for year, found in sums.years.items():
        yield year, -1, PERSONS, found.persons
        for reason, (message, hint, count) in found.refused.items():
            yield year, -1, _BETWEEN.join((REFUSED, reason, message, hint)), count
        for pool, one in enumerate(found.pools):
            for name, value in vars(one).items():
                if name != "payers_fen" and value:
                    yield year, pool, name, value
            for layer, fen in one.payers_fen.items():
                yield year, pool, PAYER + _BETWEEN + layer, fen


def _answer(rows: list[Any], driver: Driver, dataset: Dataset) -> PartSums:
    """The sums that came back, as one engine says them as the other. Raises: Malformed."""
    faults = [
        Fault(file, 0, path, wrong, right)
        for _, _, name, _ in rows
        if name.startswith(FAULT + _BETWEEN)
        for _, file, path, wrong, right in [name.split(_BETWEEN)]
    ]
    if faults:
        raise Malformed(faults)
    whole = PartSums({year: YearSums([Sums() for _ in driver.pools]) for year in dataset.years})
    order = {layer: at for at, layer in enumerate(driver.plan.layers)}
    for year, pool, name, value in sorted(rows, key=lambda row: order.get(row[2].partition(_BETWEEN)[2], 99)):
        kind, _, rest = name.partition(_BETWEEN)
        if year == 0:
            whole.persons = value
        elif kind == REFUSED:
            reason, message, hint = rest.split(_BETWEEN)
            add_refused(whole.years[year].refused, {reason: (message, hint, value)})
        elif pool < 0:
            whole.years[year].persons = value
        elif kind == PAYER:
            whole.years[year].pools[pool].payers_fen[rest] = value
        else:
            setattr(whole.years[year].pools[pool], name, value)
    return whole


def _watched(collect: Callable[[], list[Any]], done: Any, progress: Progress | None) -> list[Any]:
    """Run the job beside a look at how far it is. Raises: EngineFailed."""
    found: list[Any] = []
    broken: list[Exception] = []

    def work() -> None:
        try:
            found.extend(tuple(row) for row in collect())
        except Exception as problem:  # whatever Spark throws is told below, at this engine's edge
            broken.append(problem)

    thread = threading.Thread(target=work, name="resettle-spark", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(POLL_SECONDS)
        if progress is not None and done.value:
            progress("visits", done.value)
    if broken:
        raise EngineFailed(f"Spark 作业失败：{short(broken[0])}", hint="可以重试；详情见 executor 日志") from broken[0]
    return found


def _package(folder: Path) -> Path:
    """The rooms an executor needs, as one file to ship."""
    source = Path(openyibao.__file__).parent
    made = folder / "openyibao.zip"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(source / "__init__.py", "openyibao/__init__.py")
        for room in SHIPPED:
            for path in sorted((source / room).rglob("*")):
                if path.is_file() and path.suffix not in (".pyc", ".nbi", ".nbc"):
                    archive.write(path, Path("openyibao") / path.relative_to(source))
    return made
