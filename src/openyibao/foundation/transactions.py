"""Who opens a transaction: the outermost use case. A verb that only joins one says so with `require_open`.

`joined` is for a verb that may also be called on its own: it opens a transaction unless one is open. A refusal within
it leaves the open transaction fit for nothing but a rollback, which is what the outermost use case does then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from django.db import connection, transaction
from psycopg.pq import TransactionStatus


def joined() -> AbstractContextManager[None]:
    """Join the open transaction, or open one; no savepoint, so no statement of its own when joining."""
    found: AbstractContextManager[None] = transaction.atomic(savepoint=False)
    return found


@contextmanager
def pipelined() -> Iterator[None]:
    """A durable transaction whose statements go out in as few round trips as their results allow.

    The driver's pipeline: a statement is sent when somebody asks for a result, with all before it; the commit goes with
    the last of them. What is not asked for fails at the commit. BEGIN and COMMIT are the driver's; Django is told that
    a block is open, so that verbs join it.
    """
    assert not connection.in_atomic_block, "a durable transaction is the outermost"
    connection.ensure_connection()
    raw = connection.connection
    connection.in_atomic_block = True
    try:
        with connection.wrap_database_errors:
            try:
                with raw.pipeline():
                    raw.execute("BEGIN")
                    yield
                    raw.execute("COMMIT")
            except BaseException:
                if not raw.closed and raw.info.transaction_status != TransactionStatus.IDLE:
                    raw.execute("ROLLBACK")
                raise
    finally:
        connection.in_atomic_block = False
        connection.needs_rollback = False


def require_open() -> None:
    """Assert that a transaction is open; a joining verb called outside of one is our own mistake."""
    assert connection.in_atomic_block, "this verb joins a transaction and none is open"
