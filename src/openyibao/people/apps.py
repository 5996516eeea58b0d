"""The Django application of the people room."""

from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Persons, coverage, filings, contributions (人员与参保)."""

    name = "openyibao.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"
