"""The Django application of the ledger room."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The ledger room (账)."""

    name = "openyibao.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
