"""What PostgreSQL itself refuses, the SQL functions of the ledger, and the chart of accounts."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from django.db import migrations


def _sql(name: str) -> str:
    return (files("openyibao.ledger") / "sql" / name).read_text(encoding="utf-8")


def _chart(apps: Any, schema_editor: Any) -> None:
    from openyibao.ledger.store import sync_chart

    sync_chart()


class Migration(migrations.Migration):
    """Guards, functions, chart."""

    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(_sql("guards.sql"), _sql("undo.sql")),
        migrations.RunPython(_chart, migrations.RunPython.noop),
    ]
