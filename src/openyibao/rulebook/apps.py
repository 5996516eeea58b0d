"""The Django application of the rulebook room."""

from __future__ import annotations

from django.apps import AppConfig


class RulebookConfig(AppConfig):
    """The rulebook room (政策版本)."""

    name = "openyibao.rulebook"
    label = "rulebook"
    default_auto_field = "django.db.models.BigAutoField"
