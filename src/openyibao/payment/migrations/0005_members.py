"""Members and what is paid for them: who is signed to whom, months by institution, clearings; the slip's line."""

from __future__ import annotations

import django.db.models.expressions
from django.db import migrations, models

KEPT = """
ALTER TABLE payment_signing ADD CONSTRAINT payment_signing_one_at_a_time EXCLUDE USING gist (
    int8range(person_id, person_id, '[]') WITH &&, int8range(area::bigint, area::bigint, '[]') WITH &&,
    daterange(since, until) WITH &&) WHERE (voided_at IS NULL);
CREATE FUNCTION payment_signing_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.voided_at IS NOT NULL
       OR to_jsonb(NEW) - 'voided_at' - 'voided_by' IS DISTINCT FROM to_jsonb(OLD) - 'voided_at' - 'voided_by' THEN
        RAISE EXCEPTION 'a signing is voided and added anew' USING ERRCODE = 'OY002';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_signing_kept BEFORE UPDATE OR DELETE ON payment_signing
    FOR EACH ROW EXECUTE FUNCTION payment_signing_kept();
CREATE TRIGGER payment_heads_kept BEFORE UPDATE OR DELETE ON payment_heads
    FOR EACH ROW EXECUTE FUNCTION payment_never();
CREATE TRIGGER payment_heads_clearing_kept BEFORE UPDATE OR DELETE ON payment_heads_clearing
    FOR EACH ROW EXECUTE FUNCTION payment_never();
"""
UNDO = """
DROP TRIGGER payment_heads_clearing_kept ON payment_heads_clearing;
DROP TRIGGER payment_heads_kept ON payment_heads;
DROP TRIGGER payment_signing_kept ON payment_signing;
DROP FUNCTION payment_signing_kept();
ALTER TABLE payment_signing DROP CONSTRAINT payment_signing_one_at_a_time;
"""


class Migration(migrations.Migration):
    """Three tables and their guards; a column of the slip's lines and its identity with it."""

    dependencies = [
        ("payment", "0004_reviews"),
        ("people", "0003_census"),
        ("settlement", "0003_bills"),
    ]

    operations = [
        migrations.CreateModel(
            name="Heads",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("area", models.TextField()),
                ("run", models.IntegerField()),
                ("pack_sha256", models.TextField()),
                ("made_by", models.TextField()),
                ("made_at", models.DateTimeField()),
                ("month", models.DateField()),
                ("institution_code", models.TextField()),
                ("scheme", models.TextField()),
                ("months", models.IntegerField()),
                ("weighted", models.BigIntegerField()),
                ("standard_fen", models.BigIntegerField()),
                ("own_fen", models.BigIntegerField()),
                ("outside_fen", models.BigIntegerField()),
                ("posted_fen", models.BigIntegerField()),
            ],
            options={
                "db_table": "payment_heads",
            },
        ),
        migrations.CreateModel(
            name="HeadsClearing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("area", models.TextField()),
                ("year", models.SmallIntegerField()),
                ("pack_sha256", models.TextField()),
                ("institution_code", models.TextField()),
                ("scheme", models.TextField()),
                ("months", models.IntegerField()),
                ("standard_fen", models.BigIntegerField()),
                ("spent_fen", models.BigIntegerField()),
                ("extra_fen", models.BigIntegerField()),
                ("returned_fen", models.BigIntegerField()),
                ("paid_fen", models.BigIntegerField()),
                ("clearing_fen", models.BigIntegerField()),
                ("decided_by", models.TextField()),
                ("decided_at", models.DateTimeField()),
            ],
            options={
                "db_table": "payment_heads_clearing",
            },
        ),
        migrations.CreateModel(
            name="Signing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("area", models.TextField()),
                ("person_id", models.BigIntegerField()),
                ("institution_code", models.TextField()),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
                ("diseases", models.TextField(default="")),
                ("recorded_by", models.TextField()),
                ("recorded_at", models.DateTimeField()),
                ("voided_by", models.TextField(default="")),
                ("voided_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "payment_signing",
            },
        ),
        migrations.RemoveConstraint(
            model_name="slipfund",
            name="payment_slip_fund_adds_up",
        ),
        migrations.AddField(
            model_name="slipfund",
            name="heads_fen",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name="slipfund",
            constraint=models.CheckConstraint(
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
                                    models.F("heads_fen"),
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
        ),
        migrations.AddIndex(
            model_name="heads",
            index=models.Index(fields=["area", "month"], name="payment_heads_month"),
        ),
        migrations.AddConstraint(
            model_name="heads",
            constraint=models.UniqueConstraint(
                fields=("area", "run", "month", "institution_code", "scheme"), name="payment_heads_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="headsclearing",
            constraint=models.UniqueConstraint(
                fields=("area", "year", "institution_code", "scheme"), name="payment_heads_cleared_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="headsclearing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "clearing_fen",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("standard_fen"), "+", models.F("extra_fen")
                                ),
                                "-",
                                models.F("returned_fen"),
                            ),
                            "-",
                            models.F("paid_fen"),
                        ),
                    )
                ),
                name="payment_heads_clearing_adds_up",
            ),
        ),
        migrations.AddIndex(
            model_name="signing",
            index=models.Index(fields=["person_id"], name="payment_signing_person"),
        ),
        migrations.AddConstraint(
            model_name="signing",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None), ("until__gt", models.F("since")), _connector="OR"),
                name="payment_signing_days",
            ),
        ),
        migrations.RunSQL(KEPT, UNDO),
    ]
