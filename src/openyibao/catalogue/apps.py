"""The Django application of the catalogue room."""

from __future__ import annotations

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """The catalogue room (三目录)."""

    name = "openyibao.catalogue"
    label = "catalogue"
    default_auto_field = "django.db.models.BigAutoField"
