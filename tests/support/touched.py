"""What a committed transaction wrote, seen from outside: triggers note every table a transaction touched, with counts.

A transaction that is rolled back leaves no note, so the notes after a message are exactly what the message committed.
Messages journalled in the same transaction are noted with their number, which says whose writing it was.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from openyibao.foundation import sql

WATCHED = ("settlement_", "ledger_", "people_", "institutions_", "catalogue_", "rulebook_", "gateway_")
_SETUP = """
CREATE TABLE proof_touched (tx xid8 NOT NULL DEFAULT pg_current_xact_id(), tab text, op text, n bigint, message text);
CREATE FUNCTION proof_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'gateway_message' AND TG_OP = 'INSERT' THEN
    INSERT INTO proof_touched (tab, op, n, message)
      SELECT TG_TABLE_NAME, state, 1, infno || '|' || institution_code || '|' || msgid FROM touched;
  ELSE
    INSERT INTO proof_touched (tab, op, n) SELECT TG_TABLE_NAME, TG_OP, count(*) FROM touched HAVING count(*) > 0;
  END IF;
  RETURN NULL;
END $$;
"""
_TRIGGERS = """
CREATE TRIGGER proof_insert AFTER INSERT ON {0} REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION proof_touch();
CREATE TRIGGER proof_update AFTER UPDATE ON {0} REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION proof_touch();
CREATE TRIGGER proof_delete AFTER DELETE ON {0} REFERENCING OLD TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION proof_touch();
"""


@dataclass
class Committed:
    """One committed transaction: rows by (table, operation), and the messages journalled in it by state."""

    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    messages: dict[str, list[str]] = field(default_factory=dict)

    @property
    def tables(self) -> set[str]:
        """Tables touched beside the journal of messages."""
        return {table for table, _ in self.rows if table != "gateway_message"}

    @property
    def done(self) -> list[str]:
        """Writing messages journalled as done: "infno|institution|msgid"."""
        return self.messages.get("done", [])


def watch() -> None:
    """Put the triggers into the present database, which must be a test's own."""
    found = sql.rows(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace"
        " WHERE s.nspname = 'public' AND c.relkind = 'r' ORDER BY 1"
    )
    _raw(_SETUP)
    for (table,) in found:
        if table.startswith(WATCHED):
            _raw(_TRIGGERS.format(table))


def taken() -> list[Committed]:
    """Every transaction committed since the last call, in no order."""
    made: dict[str, Committed] = {}
    for tx, table, op, count, message in sql.rows(
        "DELETE FROM proof_touched RETURNING tx::text, tab, op, n, coalesce(message, '')"
    ):
        one = made.setdefault(tx, Committed())
        one.rows[table, op] += count
        if message:
            one.messages.setdefault(op, []).append(message)
    return list(made.values())


def _raw(statements: str) -> None:
    """Several statements at once, which a statement bound on the server cannot be."""
    from django.db import connection

    connection.ensure_connection()
    connection.connection.pgconn.exec_(statements.encode())
