"""Published policy versions (政策版本): every bundle of policy files that was ever submitted, with who and when."""

from __future__ import annotations

from django.db import models


class Bundle(models.Model):
    """All policy files as they stood in one version; state draft -> reviewed -> published, or rejected."""

    hash = models.CharField(max_length=64, unique=True)
    title = models.CharField(max_length=200)
    origin = models.CharField(max_length=10)
    """shipped with the software, or submitted here."""
    state = models.CharField(max_length=10)
    files = models.BinaryField()
    changed = models.JSONField(default=list)
    submitted_by = models.CharField(max_length=60)
    submitted_at = models.DateTimeField()
    reviewed_by = models.CharField(max_length=60, default="")
    reviewed_at = models.DateTimeField(null=True)
    published_by = models.CharField(max_length=60, default="")
    published_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "rulebook_bundle"
