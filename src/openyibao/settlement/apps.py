"""The Django application of the settlement room."""

from __future__ import annotations

from django.apps import AppConfig


class SettlementConfig(AppConfig):
    """The settlement room (就医结算)."""

    name = "openyibao.settlement"
    label = "settlement"
    default_auto_field = "django.db.models.BigAutoField"
