"""Two engines that count the same cubes and answer the same statements: DuckDB on this machine, Spark on a cluster.

DuckDB takes a part of the dataset at a time: parts hold different persons, so their cubes add up, and memory does not
grow with the dataset. Spark takes all parts at once.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Protocol

import pyarrow as pa

from openyibao.analytics.indicators.definitions import CUBES, cube_sql
from openyibao.analytics.indicators.queries import for_spark
from openyibao.datasets.facade import Dataset

Progress = Callable[[str, int], None]
MEMORY = "1200MB"
SPARK = {
    "spark.sql.shuffle.partitions": "8",
    "spark.driver.memory": "2g",
    "spark.sql.session.timeZone": "UTC",
}
SETTLED = "settled"
UNSETTLED = (
    "SELECT *, in_scope_fen + prior_self_pay_fen + over_limit_fen + non_covered_fen + special_drug_fen AS total_fen,"
    " CAST(0 AS BIGINT) AS deductible_fen, CAST(0 AS BIGINT) AS remote_first_self_pay_fen,"
    " CAST(0 AS BIGINT) AS basic_fen, CAST(0 AS BIGINT) AS serious_illness_fen,"
    " CAST(0 AS BIGINT) AS supplement_fund_fen, CAST(0 AS BIGINT) AS assistance_fen,"
    " CAST(0 AS BIGINT) AS city_product_fen, CAST(0 AS BIGINT) AS hospital_fen, CAST(0 AS BIGINT) AS burden_fen,"
    " CAST(0 AS BIGINT) AS account_fen FROM visits"
)
"""Bills of a year no policy settles: their cost is known, who paid is not; an indicator that asks it is absent."""
PAID = (
    *("deductible_fen", "remote_first_self_pay_fen", "basic_fen", "serious_illness_fen", "special_drug_fen"),
    "supplement_fund_fen",
    *("assistance_fen", "city_product_fen", "hospital_fen", "burden_fen", "account_fen", "purchases_fen"),
    *("assisted_bills", "serious_bills", "fund_sq", "fund_scope", "assistance_sq"),
)
"""Columns of bills and accounts that are not known before bills are settled."""


class Engine(Protocol):
    """Counts the cubes of a year; answers statements over small tables. run "" is a year that is not settled."""

    name: str

    def cubes(self, dataset: Dataset, year: int, run: str, said: Progress) -> dict[str, pa.Table]: ...

    def answer(self, sql: str, tables: Mapping[str, pa.Table]) -> list[int]: ...


def summed(table: pa.Table) -> pa.Table:
    """Rows of one cube from several parts, added up by what they are counted by."""
    keys = [name for name in table.column_names if table.schema.field(name).type != pa.int64()]
    sums = [name for name in table.column_names if name not in keys]
    if not keys:
        return table
    added = table.group_by(keys).aggregate([(name, "sum") for name in sums])
    return added.rename_columns([*keys, *sums] if added.column_names[0] in keys else [*sums, *keys])


class DuckDB:
    """One machine. Args: threads, memory as DuckDB writes it."""

    name = "duckdb"

    def __init__(self, threads: int | None = None, memory: str = MEMORY) -> None:
        self.threads = threads or os.cpu_count() or 1
        self.memory = memory

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        import duckdb

        with tempfile.TemporaryDirectory(prefix="openyibao-") as aside:
            settings: dict[str, str | int | float | list[str]] = {}
            settings |= {"threads": self.threads, "memory_limit": self.memory, "temp_directory": aside}
            with duckdb.connect(config={**settings, "preserve_insertion_order": False}) as connection:
                yield connection

    def cubes(self, dataset: Dataset, year: int, run: str, said: Progress) -> dict[str, pa.Table]:
        parts: dict[str, list[pa.Table]] = {name: [] for name in CUBES}
        paths = {
            "visits": dataset.paths("visits", year),
            "contributions": dataset.paths("contributions", year),
            "grants": dataset.paths("grants", year),
        }
        if run:
            paths[SETTLED] = dataset.paths("settled", year, run)
        with self._connected() as connection:
            for whole in ("codes", "variants"):
                connection.register(whole, dataset.whole(whole))
            for part in range(dataset.manifest.parts):
                for table, files in paths.items():
                    source = str(files[part]).replace("'", "''")
                    connection.execute(
                        f"CREATE OR REPLACE VIEW {table} AS"
                        f" SELECT * FROM read_parquet('{source}', hive_partitioning = false)"
                    )
                if not run:
                    connection.execute(f"CREATE OR REPLACE VIEW {SETTLED} AS {UNSETTLED}")
                for name in CUBES:
                    parts[name].append(connection.sql(cube_sql(name)).to_arrow_table())
                said("parts", part + 1)
        return {name: summed(pa.concat_tables(tables)) for name, tables in parts.items()}

    @cached_property
    def _at_hand(self) -> Any:
        """A connection for small tables, opened once: opening one takes longer than answering."""
        import duckdb

        return duckdb.connect(config={"threads": 1, "memory_limit": "400MB"})

    def answer(self, sql: str, tables: Mapping[str, pa.Table]) -> list[int]:
        with self._at_hand.cursor() as cursor:
            for name, table in tables.items():
                cursor.register(name, table)
            row = cursor.execute(sql).fetchone()
        return [int(value) for value in row]


class Spark:
    """A cluster, or this machine as one. Args: an open session."""

    name = "spark"

    def __init__(self, session: Any) -> None:
        self.session = session

    def cubes(self, dataset: Dataset, year: int, run: str, said: Progress) -> dict[str, pa.Table]:
        read = self.session.read.parquet
        for table in ("visits", "contributions", "grants", *([SETTLED] if run else [])):
            files = dataset.paths(table, year, run if table == SETTLED else "")
            read(*map(str, files)).createOrReplaceTempView(table)
        for whole in ("codes", "variants"):
            self.session.createDataFrame(dataset.whole(whole)).createOrReplaceTempView(whole)
        if not run:
            self.session.sql(for_spark(UNSETTLED)).createOrReplaceTempView(SETTLED)
        found = {}
        for at, name in enumerate(CUBES, 1):
            found[name] = summed(self.session.sql(for_spark(cube_sql(name))).toArrow())
            said("cubes", at)
        return found

    def answer(self, sql: str, tables: Mapping[str, pa.Table]) -> list[int]:
        for name, table in tables.items():
            self.session.createDataFrame(table).createOrReplaceTempView(name)
        row = self.session.sql(for_spark(sql)).collect()[0]
        return [int(value) for value in row]


@contextmanager
def engine_named(name: str, master: str = "local[2]") -> Iterator[Engine]:
    """The engine of that name, open: duckdb, or spark on a master. Raises: EngineMissing, EngineFailed."""
    if name != Spark.name:
        yield DuckDB()
        return
    from openyibao.simulation.facade import spark_session

    with spark_session(master, "openyibao indicators", SPARK) as session:
        yield Spark(session)
