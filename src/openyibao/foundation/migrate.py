"""Brings a database to the present shape, and checks that its keys are this process's (库结构迁移)."""

from __future__ import annotations

from openyibao.foundation import crypto, sql

_ADVISORY = 0x6F79_6D69
"""Number of the advisory lock under which one process migrates."""


def migrate(verbosity: int = 0) -> None:
    """Apply every migration, one process at a time, then tie the database to its keys. Raises: KeysMissing."""
    from django.core.management import call_command
    from django.db import connection

    crypto.keys()
    sql.run("SELECT pg_advisory_lock(%s)", (_ADVISORY,))
    try:
        call_command("migrate", interactive=False, verbosity=verbosity)
        _tie_keys()
    finally:
        sql.run("SELECT pg_advisory_unlock(%s)", (_ADVISORY,))
    assert not connection.in_atomic_block


def _tie_keys() -> None:
    """The first keys used are the database's; others are refused before they seal anything."""
    mine = crypto.keys().fingerprint
    sql.run("INSERT INTO foundation_fact (key, value) VALUES ('keys', %s) ON CONFLICT DO NOTHING", (mine,))
    stored = sql.one("SELECT value FROM foundation_fact WHERE key = 'keys'")
    if stored is None or stored[0] != mine:
        raise crypto.KeysMissing("本库的数据用另一套密钥封存", hint="以 OPENYIBAO_KEYS 指明建库时的密钥文件")
