"""Who opens a transaction: the outermost use case. A verb that only joins one says so with `require_open`."""

from __future__ import annotations

from django.db import connection


def require_open() -> None:
    """Assert that a transaction is open; a joining verb called outside of one is our own mistake."""
    assert connection.in_atomic_block, "this verb joins a transaction and none is open"
