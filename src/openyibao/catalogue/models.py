"""Tables of the catalogue: loads, versions of items and of codes, institutions' own codes, the catalogue's number.

A version is never edited: only its end may move, when a newer version follows it, and it may be marked as voided by a
correction. PostgreSQL refuses everything else, and two versions of one code on one day.
"""

from __future__ import annotations

from django.db import models


class Version(models.Model):
    """The number of the catalogue (目录版本号): one row, raised by every load that changes anything."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField()

    class Meta:
        db_table = "catalogue_version"


class Load(models.Model):
    """One load of a file (装载): which file, by whom, when, and what it did."""

    kind = models.CharField(max_length=20)
    file = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    actor = models.CharField(max_length=60)
    at = models.DateTimeField()
    rows = models.IntegerField()
    number = models.BigIntegerField()

    class Meta:
        db_table = "catalogue_load"


class Dated(models.Model):
    """What every version has: its days, its load, what closed or voided it, a digest of its content."""

    code = models.CharField(max_length=30)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    """First day on which it no longer holds; null = open."""
    declared_until = models.DateField(null=True)
    """The same as the file said it, before a newer version closed this one."""
    digest = models.CharField(max_length=32)
    source = models.CharField(max_length=200)
    certainty = models.CharField(max_length=10)
    load = models.ForeignKey(Load, models.PROTECT, related_name="+")
    changed_by = models.ForeignKey(Load, models.PROTECT, related_name="+", null=True)
    """The load that moved its end or voided it."""
    voided_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class ItemVersion(Dated):
    """One version of a drug, herb, granule, preparation, service or consumable (目录项目)."""

    area = models.CharField(max_length=6)
    kind = models.CharField(max_length=12)
    name = models.CharField(max_length=200)
    charge_type = models.CharField(max_length=2)
    item_class = models.CharField(max_length=1)
    own_ratio_bp = models.IntegerField()
    exception_ratio_bp = models.IntegerField(null=True)
    ceiling_micro = models.BigIntegerField(null=True)
    ceiling_tertiary_micro = models.BigIntegerField(null=True)
    ceiling_secondary_micro = models.BigIntegerField(null=True)
    ceiling_primary_micro = models.BigIntegerField(null=True)
    price_micro = models.BigIntegerField(null=True)
    spec = models.CharField(max_length=100)
    form = models.CharField(max_length=50)
    unit = models.CharField(max_length=20)
    restriction = models.CharField(max_length=500)
    herb = models.BooleanField()
    negotiated = models.BooleanField()
    procured = models.BooleanField()
    special = models.BooleanField()
    special_item = models.BooleanField()
    basic_medicine = models.BooleanField()
    child_medicine = models.BooleanField()

    class Meta:
        db_table = "catalogue_item"
        indexes = [
            models.Index(fields=["code", "area", "valid_from"], name="catalogue_item_code"),
            models.Index(fields=["load"], name="catalogue_item_load"),
        ]


class CodeVersion(Dated):
    """One version of a diagnosis, operation or disease code (诊断、手术操作、病种)."""

    kind = models.CharField(max_length=12)
    name = models.CharField(max_length=100)
    aliases = models.CharField(max_length=300)

    class Meta:
        db_table = "catalogue_code"
        indexes = [
            models.Index(fields=["kind", "code", "valid_from"], name="catalogue_code_code"),
            models.Index(fields=["kind", "name"], name="catalogue_code_name"),
        ]


class Match(models.Model):
    """An institution's own code for an item, from a day (机构本地目录对应)."""

    institution_code = models.CharField(max_length=12)
    local_code = models.CharField(max_length=150)
    local_name = models.CharField(max_length=200)
    code = models.CharField(max_length=30)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)

    class Meta:
        db_table = "catalogue_match"
