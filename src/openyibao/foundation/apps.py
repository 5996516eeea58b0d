"""The Django application of the foundation."""

from __future__ import annotations

from django.apps import AppConfig


class FoundationConfig(AppConfig):
    """Tables every room needs: settings of the installation, the audit trail."""

    name = "openyibao.foundation"
    label = "foundation"
    default_auto_field = "django.db.models.BigAutoField"
