"""Plain SQL on Django's connection, for set-based reads and writes. Rows come back as tuples."""

from __future__ import annotations

from collections.abc import Sequence
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
