"""The Django application of the institutions room."""

from __future__ import annotations

from django.apps import AppConfig


class InstitutionsConfig(AppConfig):
    """The institutions room (定点机构)."""

    name = "openyibao.institutions"
    label = "institutions"
    default_auto_field = "django.db.models.BigAutoField"
