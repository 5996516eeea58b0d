"""The tables of the room `institutions`."""

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
            name="Institution",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=12, unique=True)),
                ("name", models.CharField(max_length=200)),
                ("kind", models.CharField(max_length=20)),
                ("uscc", models.CharField(max_length=18)),
                ("area", models.CharField(max_length=6)),
                ("version", models.BigIntegerField(default=1)),
                ("registered_at", models.DateTimeField()),
            ],
            options={
                "db_table": "institutions_institution",
                "indexes": [models.Index(fields=["name"], name="institutions_name")],
            },
        ),
        migrations.CreateModel(
            name="Penalty",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=12)),
                ("decided_on", models.DateField()),
                ("document", models.CharField(max_length=100)),
                ("why", models.CharField(max_length=500)),
                ("amount_fen", models.BigIntegerField(default=0)),
                ("suspend_from", models.DateField(null=True)),
                ("suspend_until", models.DateField(null=True)),
                ("decided_by", models.CharField(max_length=60)),
                ("recorded_at", models.DateTimeField()),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "db_table": "institutions_penalty",
            },
        ),
        migrations.CreateModel(
            name="AgreementSpell",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=16)),
                ("number", models.CharField(max_length=40)),
                ("state", models.CharField(max_length=10)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField(null=True)),
                ("why", models.CharField(max_length=500)),
                ("document", models.CharField(max_length=100)),
                ("decided_by", models.CharField(max_length=60)),
                ("recorded_at", models.DateTimeField()),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "penalty",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.penalty",
                    ),
                ),
            ],
            options={
                "db_table": "institutions_agreement",
            },
        ),
        migrations.CreateModel(
            name="Physician",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=30)),
                ("name", models.CharField(max_length=50)),
                ("profession", models.CharField(max_length=12)),
                ("department", models.CharField(max_length=20)),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "db_table": "institutions_physician",
            },
        ),
        migrations.CreateModel(
            name="Practice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("status", models.CharField(max_length=12)),
                ("valid_from", models.DateField()),
                ("why", models.CharField(max_length=500)),
                ("decided_by", models.CharField(max_length=60)),
                (
                    "physician",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.physician"
                    ),
                ),
            ],
            options={
                "db_table": "institutions_practice",
            },
        ),
        migrations.CreateModel(
            name="Profile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.CharField(max_length=12)),
                ("hosp_lv", models.CharField(max_length=2)),
                ("name", models.CharField(max_length=200)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField(null=True)),
                ("document", models.CharField(max_length=100)),
                ("recorded_at", models.DateTimeField()),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "db_table": "institutions_profile",
            },
        ),
        migrations.CreateModel(
            name="Department",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=100)),
                ("specialty", models.CharField(max_length=10)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField(null=True)),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "db_table": "institutions_department",
                "constraints": [
                    models.UniqueConstraint(fields=("institution", "code"), name="institutions_department_code")
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="penalty",
            constraint=models.UniqueConstraint(
                fields=("institution", "document", "kind"), name="institutions_penalty_once"
            ),
        ),
        migrations.AddIndex(
            model_name="agreementspell",
            index=models.Index(fields=["institution", "kind", "valid_from"], name="institutions_agreement_kind"),
        ),
        migrations.AddConstraint(
            model_name="physician",
            constraint=models.UniqueConstraint(fields=("institution", "code"), name="institutions_physician_code"),
        ),
        migrations.AddConstraint(
            model_name="practice",
            constraint=models.UniqueConstraint(fields=("physician", "valid_from"), name="institutions_practice_day"),
        ),
    ]
