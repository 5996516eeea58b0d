"""The audit trail (审计日志): every change and every read of sensitive data leaves a row, in the same transaction."""

from __future__ import annotations

import json

from openyibao.foundation import clock, sql
from openyibao.foundation.actors import Actor


def record(actor: Actor, action: str, record: str, area: str, **details: object) -> None:
    """Write one audit row (joins the open transaction, if any). `details`: record ids and figures, never persons."""
    sql.run(
        "INSERT INTO foundation_audit (at, actor, action, record, area, details) VALUES (%s, %s, %s, %s, %s, %s)",
        (clock.now(), actor.name, action, record, area, json.dumps(details, ensure_ascii=False, default=str)),
    )
