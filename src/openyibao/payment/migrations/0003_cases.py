"""Priced stays, budgets, special reviews, clearings; what was decided is only added to."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

KEPT = """
CREATE TRIGGER payment_budget_kept BEFORE UPDATE OR DELETE ON payment_budget
    FOR EACH ROW EXECUTE FUNCTION payment_never();
CREATE TRIGGER payment_clearing_kept BEFORE UPDATE OR DELETE ON payment_clearing
    FOR EACH ROW EXECUTE FUNCTION payment_never();
CREATE FUNCTION payment_case_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.withdrawn_at IS NOT NULL
       OR to_jsonb(NEW) - 'withdrawn_at' IS DISTINCT FROM to_jsonb(OLD) - 'withdrawn_at' THEN
        RAISE EXCEPTION 'a priced stay does not change' USING ERRCODE = 'OY002';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_case_kept BEFORE UPDATE OR DELETE ON payment_case
    FOR EACH ROW EXECUTE FUNCTION payment_case_kept();
"""
UNDO = """
DROP TRIGGER payment_case_kept ON payment_case;
DROP FUNCTION payment_case_kept();
DROP TRIGGER payment_clearing_kept ON payment_clearing;
DROP TRIGGER payment_budget_kept ON payment_budget;
"""


class Migration(migrations.Migration):
    """Six tables and their guards."""

    dependencies = [
        ("payment", "0002_rules"),
    ]

    operations = [
        migrations.CreateModel(
            name="Pack",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.TextField(unique=True)),
                ("name", models.TextField()),
                ("title", models.TextField()),
                ("area", models.TextField()),
                ("used_at", models.DateTimeField()),
            ],
            options={
                "db_table": "payment_pack",
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("area", models.TextField()),
                ("month", models.DateField()),
                ("pack_sha256", models.TextField()),
                ("grouper_sha256", models.TextField()),
                ("cases", models.IntegerField()),
                ("withdrawn", models.IntegerField()),
                ("made_by", models.TextField()),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "db_table": "payment_run",
            },
        ),
        migrations.CreateModel(
            name="Budget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("area", models.TextField()),
                ("year", models.SmallIntegerField()),
                ("scheme", models.TextField()),
                ("fen", models.BigIntegerField()),
                ("document_no", models.TextField()),
                ("decided_by", models.TextField()),
                ("decided_at", models.DateTimeField()),
            ],
            options={
                "db_table": "payment_budget",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("fen__gt", 0)), name="payment_budget_positive"),
                    models.UniqueConstraint(
                        fields=("area", "year", "scheme", "document_no"), name="payment_budget_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Clearing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("area", models.TextField()),
                ("year", models.SmallIntegerField()),
                ("institution_code", models.TextField()),
                ("scheme", models.TextField()),
                ("pack_sha256", models.TextField()),
                ("cases", models.IntegerField()),
                ("billed_fen", models.BigIntegerField()),
                ("standard_fen", models.BigIntegerField()),
                ("extra_fen", models.BigIntegerField()),
                ("returned_fen", models.BigIntegerField()),
                ("forfeited_fen", models.BigIntegerField()),
                ("paid_fen", models.BigIntegerField()),
                ("clearing_fen", models.BigIntegerField()),
                ("decided_by", models.TextField()),
                ("decided_at", models.DateTimeField()),
            ],
            options={
                "db_table": "payment_clearing",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("area", "year", "institution_code", "scheme"), name="payment_clearing_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "clearing_fen",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("standard_fen"), "+", models.F("extra_fen")
                                            ),
                                            "-",
                                            models.F("returned_fen"),
                                        ),
                                        "-",
                                        models.F("forfeited_fen"),
                                    ),
                                    "-",
                                    models.F("paid_fen"),
                                ),
                            )
                        ),
                        name="payment_clearing_adds_up",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Special",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("area", models.TextField()),
                ("settlement_no", models.TextField(unique=True)),
                ("institution_code", models.TextField()),
                ("period", models.TextField()),
                ("state", models.TextField()),
                ("application", models.JSONField()),
                ("decision", models.JSONField(null=True)),
                ("in_force", models.BooleanField()),
                ("pending", models.BooleanField()),
            ],
            options={
                "db_table": "payment_special",
                "indexes": [models.Index(fields=["area", "period"], name="payment_special_period")],
            },
        ),
        migrations.CreateModel(
            name="Case",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("settlement_no", models.TextField()),
                ("list_no", models.TextField()),
                ("area", models.TextField()),
                ("institution_code", models.TextField()),
                ("scheme", models.TextField()),
                ("level", models.TextField()),
                ("discharged_on", models.DateField()),
                ("group", models.TextField()),
                ("method", models.TextField()),
                ("status", models.TextField()),
                ("floating", models.BooleanField()),
                ("units", models.BigIntegerField()),
                ("points", models.BigIntegerField()),
                ("total_fen", models.BigIntegerField()),
                ("patient_fen", models.BigIntegerField()),
                ("other_fen", models.BigIntegerField()),
                ("standard_fen", models.BigIntegerField(null=True)),
                ("fund_fen", models.BigIntegerField(null=True)),
                ("month_fen", models.BigIntegerField(default=0)),
                ("reason", models.TextField(default="")),
                ("facts", models.BinaryField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "run",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payment.run"),
                ),
            ],
            options={
                "db_table": "payment_case",
                "indexes": [models.Index(fields=["area", "discharged_on"], name="payment_case_discharged")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("settlement_no",),
                        name="payment_case_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(KEPT, UNDO),
    ]
