"""One snapshot of the database for a whole run (同一时点): Arrow batches of a server that goes on serving.

Two connections look at it: the platform's own, for what the doors answer in Python, and one that hands rows over as
Arrow without making Python values of them. The second takes up the snapshot that the first exports.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import transaction

from openyibao.foundation import sql

ROWS = 1 << 18
"""Rows of whole persons handed on at a time; a person more may come on top."""
_BATCH_BYTES = 16 << 20
_SORT_MEMORY = "64MB"
"""Of the server, for each sort of a statement; the rest goes to its disk."""


class Snapshot:
    """The Arrow connection on a snapshot."""

    def __init__(self, url: str, name: str) -> None:
        from adbc_driver_postgresql import dbapi

        self._connection = dbapi.connect(url)
        # the first statements of the transaction that the driver has opened
        self.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self.run(f"SET TRANSACTION SNAPSHOT '{name}'")
        self.run(f"SET LOCAL work_mem = '{_SORT_MEMORY}'")

    def run(self, statement: str) -> None:
        """Run a statement without a result."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement)

    def batches(self, statement: str) -> Iterator[pa.RecordBatch]:
        """Rows of a statement as they come."""
        with self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)})
            cursor.execute(statement)
            yield from cursor.fetch_record_batch()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of a statement as tuples: for a few of them."""
        return [tuple(row.values()) for batch in self.batches(statement) for row in batch.to_pylist()]

    def persons(self, statement: str, rows: int = ROWS) -> Iterator[pa.Table]:
        """Rows of a statement sorted by `person`, in tables of whole persons."""
        yield from whole_persons(self.batches(statement), rows)

    def close(self) -> None:
        self._connection.rollback()
        self._connection.close()


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """Open a snapshot. Within the block Django's connection sees it too; nothing can be written by either."""
    with transaction.atomic(durable=True):
        sql.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found = sql.one("SELECT pg_export_snapshot()")
        assert found is not None
        opened = Snapshot(os.environ["DATABASE_URL"], str(found[0]))
        try:
            yield opened
        finally:
            opened.close()


def whole_persons(batches: Iterable[pa.RecordBatch], rows: int = ROWS) -> Iterator[pa.Table]:
    """Put batches sorted by `person` together into tables of about so many rows, no person in two of them."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        held.append(batch)
        count += batch.num_rows
        if count < rows:
            continue
        table = pa.Table.from_batches(held).combine_chunks()
        person = table.column("person").to_numpy()
        end = int(np.searchsorted(person, person[-1]))
        if end:
            yield table.slice(0, end)
        held, count = table.slice(end).to_batches(), table.num_rows - end
    if count:
        yield pa.Table.from_batches(held).combine_chunks()


def literal(values: Sequence[str]) -> str:
    """Words of our own code lists as an SQL array; nothing that comes from outside is put into a statement."""
    assert all(value.replace("_", "").isalnum() or not value for value in values), values
    return "ARRAY[" + ", ".join(f"'{value}'" for value in values) + "]::text[]"
