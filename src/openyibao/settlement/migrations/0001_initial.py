"""Visits, batches and lines, person-years, documents, adjustments, settlement lists."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="PersonYear",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person_id", models.BigIntegerField()),
                ("year", models.IntegerField()),
                ("area", models.CharField(max_length=6)),
                ("scheme", models.CharField(max_length=24)),
                ("seq", models.IntegerField(default=0)),
                ("counters", models.JSONField(default=dict)),
                ("stays", models.JSONField(default=dict)),
            ],
            options={
                "db_table": "settlement_person_year",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("person_id", "year", "area", "scheme"), name="settlement_person_year_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("visit_no", models.CharField(max_length=30, unique=True)),
                ("inpatient", models.BooleanField()),
                ("state", models.CharField(max_length=12)),
                ("person_id", models.BigIntegerField()),
                ("person_no", models.CharField(max_length=30)),
                ("institution_code", models.CharField(max_length=30)),
                ("insured_area", models.CharField(max_length=6)),
                ("care_area", models.CharField(max_length=6)),
                ("insutype", models.CharField(max_length=6)),
                ("scheme", models.CharField(max_length=24)),
                ("med_type", models.CharField(default="", max_length=6)),
                ("benefit", models.CharField(default="", max_length=24)),
                ("case_no", models.CharField(max_length=30)),
                ("stay_no", models.CharField(default="", max_length=30)),
                ("begun_at", models.DateTimeField()),
                ("begun_on", models.DateField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_on", models.DateField(null=True)),
                ("disease_code", models.CharField(default="", max_length=30)),
                ("disease_name", models.CharField(default="", max_length=500)),
                ("disease", models.CharField(default="", max_length=60)),
                ("diagnoses", models.JSONField(default=list)),
                ("circumstances", models.JSONField(default=dict)),
                ("details", models.JSONField(default=dict)),
                ("open_batch", models.IntegerField(default=1)),
                ("standing", models.IntegerField(default=0)),
                ("opened_at", models.DateTimeField()),
            ],
            options={
                "db_table": "settlement_visit",
                "indexes": [
                    models.Index(fields=["person_id", "begun_on"], name="settlement_visit_person"),
                    models.Index(fields=["institution_code", "begun_on"], name="settlement_visit_inst"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("settlement_no", models.CharField(max_length=30, unique=True)),
                ("state", models.CharField(max_length=12)),
                ("person_id", models.BigIntegerField()),
                ("institution_code", models.CharField(max_length=30)),
                ("area", models.CharField(max_length=6)),
                ("scheme", models.CharField(max_length=24)),
                ("year", models.IntegerField()),
                ("seq", models.IntegerField()),
                ("decided_on", models.DateField()),
                ("settled_at", models.DateTimeField()),
                ("mid_stay", models.BooleanField(default=False)),
                ("total_fen", models.BigIntegerField()),
                ("fund_fen", models.BigIntegerField()),
                ("hospital_fen", models.BigIntegerField()),
                ("account_fen", models.BigIntegerField()),
                ("family_fen", models.BigIntegerField(default=0)),
                ("cash_fen", models.BigIntegerField()),
                ("amounts", models.JSONField()),
                ("payers", models.JSONField()),
                ("decided", models.JSONField()),
                ("counters_before", models.JSONField()),
                ("accounts", models.JSONField(default=list)),
                ("plan_hash", models.CharField(max_length=64)),
                ("trace", models.BinaryField()),
                ("details", models.JSONField(default=dict)),
                ("journal_id", models.BigIntegerField(null=True)),
                ("msgid", models.CharField(max_length=60)),
                ("infno", models.CharField(max_length=6)),
                (
                    "refers_to",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="settlement.document",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="settlement.visit"
                    ),
                ),
            ],
            options={
                "db_table": "settlement_document",
            },
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("batch_no", models.CharField(max_length=30)),
                ("disease_code", models.CharField(default="", max_length=30)),
                ("lines", models.IntegerField(default=0)),
                ("total_fen", models.BigIntegerField(default=0)),
                ("non_covered_fen", models.BigIntegerField(default=0)),
                ("over_limit_fen", models.BigIntegerField(default=0)),
                ("prior_self_pay_fen", models.BigIntegerField(default=0)),
                ("in_scope_fen", models.BigIntegerField(default=0)),
                ("special_fen", models.BigIntegerField(default=0)),
                ("herb_fen", models.BigIntegerField(default=0)),
                ("last_fee_on", models.DateField(null=True)),
                ("settlement_id", models.BigIntegerField(null=True)),
                (
                    "visit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="settlement.visit"
                    ),
                ),
            ],
            options={
                "db_table": "settlement_batch",
            },
        ),
        migrations.CreateModel(
            name="Adjustment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mode", models.CharField(max_length=20)),
                ("payers", models.JSONField()),
                ("person_fen", models.BigIntegerField()),
                ("state", models.CharField(default="open", max_length=12)),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "cause",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="settlement.document"
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="settlement.document"
                    ),
                ),
            ],
            options={
                "db_table": "settlement_adjustment",
                "indexes": [models.Index(fields=["target"], name="settlement_adjustment_target")],
            },
        ),
        migrations.CreateModel(
            name="SettlementList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("list_no", models.CharField(max_length=30, unique=True)),
                ("shape", models.CharField(max_length=6)),
                ("body", models.BinaryField()),
                ("received_at", models.DateTimeField()),
                ("superseded_at", models.DateTimeField(null=True)),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="settlement.document"
                    ),
                ),
            ],
            options={
                "db_table": "settlement_list",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("superseded_at__isnull", True)),
                        fields=("document",),
                        name="settlement_list_current",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Line",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sn", models.CharField(max_length=30)),
                ("item_code", models.CharField(max_length=50)),
                ("local_code", models.CharField(default="", max_length=150)),
                ("name", models.CharField(max_length=200)),
                ("item_class", models.CharField(max_length=1)),
                ("charge_type", models.CharField(max_length=6)),
                ("quantity_e4", models.BigIntegerField()),
                ("price_e6", models.BigIntegerField()),
                ("ceiling_e6", models.BigIntegerField(default=0)),
                ("own_ratio_bp", models.IntegerField()),
                ("amount_fen", models.BigIntegerField()),
                ("non_covered_fen", models.BigIntegerField()),
                ("over_limit_fen", models.BigIntegerField()),
                ("prior_self_pay_fen", models.BigIntegerField()),
                ("in_scope_fen", models.BigIntegerField()),
                ("special_fen", models.BigIntegerField(default=0)),
                ("herb", models.BooleanField()),
                ("version_id", models.BigIntegerField()),
                ("fee_at", models.DateTimeField()),
                ("approved", models.CharField(default="", max_length=3)),
                ("refunds_sn", models.CharField(default="", max_length=30)),
                ("dept_code", models.CharField(default="", max_length=30)),
                ("doctor_code", models.CharField(default="", max_length=30)),
                ("memo", models.CharField(default="", max_length=200)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="settlement.batch"
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="settlement.visit"
                    ),
                ),
            ],
            options={
                "db_table": "settlement_line",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("visit", "sn"),
                        name="settlement_line_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "amount_fen",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("non_covered_fen"), "+", models.F("over_limit_fen")
                                        ),
                                        "+",
                                        models.F("prior_self_pay_fen"),
                                    ),
                                    "+",
                                    models.F("in_scope_fen"),
                                ),
                            )
                        ),
                        name="settlement_line_adds_up",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(fields=["person_id", "year", "seq"], name="settlement_document_year"),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(fields=["visit"], name="settlement_document_visit"),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(fields=["institution_code", "settled_at"], name="settlement_document_inst"),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total_fen",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("fund_fen"), "+", models.F("hospital_fen")
                                    ),
                                    "+",
                                    models.F("account_fen"),
                                ),
                                "+",
                                models.F("family_fen"),
                            ),
                            "+",
                            models.F("cash_fen"),
                        ),
                    )
                ),
                name="settlement_document_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.UniqueConstraint(fields=("visit", "batch_no"), name="settlement_batch_once"),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total_fen",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("non_covered_fen"), "+", models.F("over_limit_fen")
                                ),
                                "+",
                                models.F("prior_self_pay_fen"),
                            ),
                            "+",
                            models.F("in_scope_fen"),
                        ),
                    )
                ),
                name="settlement_batch_adds_up",
            ),
        ),
        migrations.RunSQL("CREATE SEQUENCE settlement_number", "DROP SEQUENCE settlement_number"),
    ]
