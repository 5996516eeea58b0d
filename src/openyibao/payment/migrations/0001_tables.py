"""The tables of the room `payment`."""

from __future__ import annotations

import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    """First tables."""

    initial = True

    dependencies = [  # type: ignore[var-annotated]
    ]

    operations = [
        migrations.CreateModel(
            name="Assessment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("area", models.TextField()),
                ("institution_code", models.TextField()),
                ("year", models.SmallIntegerField()),
                ("score", models.SmallIntegerField()),
                ("released_fen", models.BigIntegerField()),
                ("forfeited_fen", models.BigIntegerField()),
                ("decided_by", models.TextField()),
                ("decided_at", models.DateTimeField()),
                ("why", models.TextField()),
            ],
            options={
                "db_table": "payment_assessment",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("area", "institution_code", "year"), name="payment_assessment_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("score__gte", 0), ("score__lte", 100)), name="payment_assessment_score"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Deduction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("settlement_no", models.TextField()),
                ("serial", models.SmallIntegerField()),
                ("fund", models.TextField()),
                ("fen", models.BigIntegerField()),
                ("article", models.TextField()),
                ("why", models.TextField()),
                ("decided_by", models.TextField()),
                ("decided_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "payment_deduction",
                "constraints": [
                    models.UniqueConstraint(fields=("settlement_no", "serial", "fund"), name="payment_deduction_once"),
                    models.CheckConstraint(condition=models.Q(("fen__gt", 0)), name="payment_deduction_positive"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Slip",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slip_no", models.TextField(unique=True)),
                ("area", models.TextField()),
                ("institution_code", models.TextField()),
                ("month", models.DateField()),
                ("state", models.TextField()),
                ("rules", models.JSONField()),
                ("drafted_by", models.TextField()),
                ("drafted_at", models.DateTimeField()),
                ("confirmed_by", models.TextField(default="")),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("paid_by", models.TextField(default="")),
                ("paid_at", models.DateTimeField(null=True)),
                ("cancelled_by", models.TextField(default="")),
                ("cancelled_at", models.DateTimeField(null=True)),
                ("why", models.TextField(default="")),
            ],
            options={
                "db_table": "payment_slip",
                "indexes": [models.Index(fields=["area", "month"], name="payment_slip_month")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "cancelled"), _negated=True),
                        fields=("institution_code", "area", "month"),
                        name="payment_slip_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["drafted", "confirmed", "paid", "cancelled"])),
                        name="payment_slip_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confirmed_by", ""),
                            models.Q(("confirmed_by", models.F("drafted_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="payment_slip_second_person",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("paid_by", ""),
                            models.Q(
                                models.Q(("paid_by", models.F("drafted_by")), _negated=True),
                                models.Q(("paid_by", models.F("confirmed_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="payment_slip_third_person",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SlipFund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fund", models.TextField()),
                ("declared_fen", models.BigIntegerField()),
                ("audit_fen", models.BigIntegerField()),
                ("deposit_fen", models.BigIntegerField()),
                ("offset_fen", models.BigIntegerField()),
                ("procurement_fen", models.BigIntegerField()),
                ("released_fen", models.BigIntegerField()),
                ("difference_fen", models.BigIntegerField()),
                ("other_fen", models.BigIntegerField()),
                ("carried_fen", models.BigIntegerField()),
                ("held_fen", models.BigIntegerField()),
                ("payable_fen", models.BigIntegerField()),
                ("paid_fen", models.BigIntegerField()),
                (
                    "slip",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="payment.slip"),
                ),
            ],
            options={
                "db_table": "payment_slip_fund",
                "constraints": [
                    models.UniqueConstraint(fields=("slip", "fund"), name="payment_slip_fund_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "payable_fen",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.expressions.CombinedExpression(
                                                        django.db.models.expressions.CombinedExpression(
                                                            django.db.models.expressions.CombinedExpression(
                                                                models.F("declared_fen"), "-", models.F("audit_fen")
                                                            ),
                                                            "-",
                                                            models.F("deposit_fen"),
                                                        ),
                                                        "-",
                                                        models.F("offset_fen"),
                                                    ),
                                                    "-",
                                                    models.F("procurement_fen"),
                                                ),
                                                "+",
                                                models.F("released_fen"),
                                            ),
                                            "+",
                                            models.F("difference_fen"),
                                        ),
                                        "+",
                                        models.F("other_fen"),
                                    ),
                                    "+",
                                    models.F("carried_fen"),
                                ),
                            )
                        ),
                        name="payment_slip_fund_adds_up",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("paid_fen", models.F("payable_fen")), ("payable_fen__gte", 0)),
                            models.Q(("paid_fen", 0), ("payable_fen__lt", 0)),
                            _connector="OR",
                        ),
                        name="payment_slip_fund_paid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("carried_fen__lte", 0)), name="payment_slip_fund_carried"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Taken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("journal_id", models.BigIntegerField()),
                ("fund", models.TextField()),
                ("template", models.TextField()),
                ("document_no", models.TextField()),
                ("fen", models.BigIntegerField()),
                (
                    "slip",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="payment.slip"),
                ),
            ],
            options={
                "db_table": "payment_taken",
                "indexes": [models.Index(fields=["slip"], name="payment_taken_slip")],
                "constraints": [models.UniqueConstraint(fields=("journal_id", "fund"), name="payment_taken_once")],
            },
        ),
    ]
