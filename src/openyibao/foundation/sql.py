"""Plain SQL on Django's connection, for set-based reads and writes. Rows come back as tuples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection
from psycopg import RawCursor

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


def run(statement: str, params: Sequence[object] = ()) -> None:
    """Run a statement whose result nobody needs; in a pipelined transaction it may fail as late as the commit."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def changed(statement: str, params: Sequence[object] = ()) -> int:
    """Run a statement; the number of rows it touched."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        with connection.wrap_database_errors, connection.connection.pipeline():
            cursor.execute(statement, params)
        return int(cursor.rowcount)


@contextmanager
def pipelining() -> Iterator[None]:
    """Statements go out together, in one round trip until a result is asked for; joins a pipelined transaction."""
    connection.ensure_connection()
    raw = connection.connection
    if raw.pgconn.pipeline_status:
        yield
        return
    with raw.pipeline():
        yield


def raw_cursor() -> Any:
    """A cursor of the driver itself, without Django's wrapping; joins the open transaction."""
    connection.ensure_connection()
    return connection.connection.cursor()


def numbered(statement: str) -> str:
    """A statement with its placeholders numbered ($1, $2, …), for `numbered_cursor`."""
    parts = statement.split("%s")
    return parts[0] + "".join(f"${at}{part}" for at, part in enumerate(parts[1:], 1)).replace("%%", "%")


def numbered_cursor() -> Any:
    """A cursor that takes numbered placeholders: the driver reads a long statement anew each time with the others."""
    connection.ensure_connection()
    return RawCursor(connection.connection)
