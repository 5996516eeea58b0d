"""The tables of the room `catalogue`."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """First tables."""

    initial = True

    dependencies = [  # type: ignore[var-annotated]
    ]

    operations = [
        migrations.CreateModel(
            name="Load",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("file", models.CharField(max_length=200)),
                ("sha256", models.CharField(max_length=64)),
                ("actor", models.CharField(max_length=60)),
                ("at", models.DateTimeField()),
                ("rows", models.IntegerField()),
                ("number", models.BigIntegerField()),
            ],
            options={
                "db_table": "catalogue_load",
            },
        ),
        migrations.CreateModel(
            name="Match",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("institution_code", models.CharField(max_length=12)),
                ("local_code", models.CharField(max_length=150)),
                ("local_name", models.CharField(max_length=200)),
                ("code", models.CharField(max_length=30)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField(null=True)),
            ],
            options={
                "db_table": "catalogue_match",
            },
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("number", models.BigIntegerField()),
            ],
            options={
                "db_table": "catalogue_version",
            },
        ),
        migrations.CreateModel(
            name="ItemVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=30)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField(null=True)),
                ("declared_until", models.DateField(null=True)),
                ("digest", models.CharField(max_length=32)),
                ("source", models.CharField(max_length=200)),
                ("certainty", models.CharField(max_length=10)),
                ("voided_at", models.DateTimeField(null=True)),
                ("area", models.CharField(max_length=6)),
                ("kind", models.CharField(max_length=12)),
                ("name", models.CharField(max_length=200)),
                ("charge_type", models.CharField(max_length=2)),
                ("item_class", models.CharField(max_length=1)),
                ("own_ratio_bp", models.IntegerField()),
                ("exception_ratio_bp", models.IntegerField(null=True)),
                ("ceiling_micro", models.BigIntegerField(null=True)),
                ("ceiling_tertiary_micro", models.BigIntegerField(null=True)),
                ("ceiling_secondary_micro", models.BigIntegerField(null=True)),
                ("ceiling_primary_micro", models.BigIntegerField(null=True)),
                ("price_micro", models.BigIntegerField(null=True)),
                ("spec", models.CharField(max_length=100)),
                ("form", models.CharField(max_length=50)),
                ("unit", models.CharField(max_length=20)),
                ("restriction", models.CharField(max_length=500)),
                ("herb", models.BooleanField()),
                ("negotiated", models.BooleanField()),
                ("procured", models.BooleanField()),
                ("special", models.BooleanField()),
                ("special_item", models.BooleanField()),
                ("basic_medicine", models.BooleanField()),
                ("child_medicine", models.BooleanField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalogue.load"
                    ),
                ),
                (
                    "load",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalogue.load"
                    ),
                ),
            ],
            options={
                "db_table": "catalogue_item",
                "indexes": [
                    models.Index(fields=["code", "area", "valid_from"], name="catalogue_item_code"),
                    models.Index(fields=["load"], name="catalogue_item_load"),
                ],
            },
        ),
        migrations.CreateModel(
            name="CodeVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=30)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField(null=True)),
                ("declared_until", models.DateField(null=True)),
                ("digest", models.CharField(max_length=32)),
                ("source", models.CharField(max_length=200)),
                ("certainty", models.CharField(max_length=10)),
                ("voided_at", models.DateTimeField(null=True)),
                ("kind", models.CharField(max_length=12)),
                ("name", models.CharField(max_length=100)),
                ("aliases", models.CharField(max_length=300)),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalogue.load"
                    ),
                ),
                (
                    "load",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalogue.load"
                    ),
                ),
            ],
            options={
                "db_table": "catalogue_code",
                "indexes": [
                    models.Index(fields=["kind", "code", "valid_from"], name="catalogue_code_code"),
                    models.Index(fields=["kind", "name"], name="catalogue_code_name"),
                ],
            },
        ),
    ]
