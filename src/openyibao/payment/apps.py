"""The Django application of the payment room."""

from __future__ import annotations

from django.apps import AppConfig


class PaymentConfig(AppConfig):
    """The payment room (支付方式)."""

    name = "openyibao.payment"
    label = "payment"
    default_auto_field = "django.db.models.BigAutoField"
