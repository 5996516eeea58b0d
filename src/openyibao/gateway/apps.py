"""The Django application of the gateway room."""

from __future__ import annotations

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    """The gateway room (国家接口)."""

    name = "openyibao.gateway"
    label = "gateway"
    default_auto_field = "django.db.models.BigAutoField"
