"""Plain SQL on Django's connection, for set-based reads and writes. Rows come back as tuples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection

Row = tuple[Any, ...]


def one(statement: str, params: Sequence[object] = ()) -> Row | None:
    """The first row, or None."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        found: Row | None = cursor.fetchone()
        return found


def rows(statement: str, params: Sequence[object] = ()) -> list[Row]:
    """Every row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        found: list[Row] = cursor.fetchall()
        return found


def run(statement: str, params: Sequence[object] = ()) -> int:
    """Run a statement; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


@contextmanager
def pipeline() -> Iterator[Any]:
    """A raw cursor whose statements go out together, in one round trip until a result is asked for.

    Results come back with `cursor.fetchone()` after each `execute`, in order, once all were sent; see psycopg's
    pipeline mode. JSON comes as text.
    """
    connection.ensure_connection()
    raw = connection.connection
    with raw.pipeline(), raw.cursor() as cursor:
        yield cursor


def raw_cursor() -> Any:
    """A cursor of the driver itself, without Django's wrapping; joins the open transaction."""
    connection.ensure_connection()
    return connection.connection.cursor()
