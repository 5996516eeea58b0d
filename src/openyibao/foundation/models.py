"""Tables of the foundation: facts about this installation, and the audit trail (审计日志), which only grows."""

from __future__ import annotations

from django.db import models


class Fact(models.Model):
    """A fact about this installation (安装信息), such as the fingerprint of its keys."""

    key = models.CharField(max_length=40, primary_key=True)
    value = models.TextField()

    class Meta:
        db_table = "foundation_fact"


class AuditEvent(models.Model):
    """Who did or read what, when (审计事件). `details` never holds personal data."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=60)
    action = models.CharField(max_length=60)
    record = models.CharField(max_length=80)
    area = models.CharField(max_length=6)
    details = models.JSONField(default=dict)

    class Meta:
        db_table = "foundation_audit"
        indexes = [models.Index(fields=["record", "at"], name="foundation_audit_record")]
