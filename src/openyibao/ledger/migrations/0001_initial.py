"""Chart, journals and legs, personal accounts, months, snapshots, seals."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []  # type: ignore[var-annotated]

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                ("code", models.TextField(primary_key=True, serialize=False)),
                ("number", models.TextField()),
                ("name", models.TextField()),
                ("book", models.TextField()),
                ("kind", models.TextField()),
                ("party_kind", models.TextField()),
                ("party_required", models.BooleanField()),
            ],
            options={
                "db_table": "ledger_account",
            },
        ),
        migrations.CreateModel(
            name="Journal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("book", models.TextField()),
                ("area", models.TextField()),
                ("day", models.DateField()),
                ("posted_at", models.DateTimeField()),
                ("template", models.TextField()),
                ("document_kind", models.TextField()),
                ("document_no", models.TextField()),
                ("reverses_id", models.BigIntegerField(null=True)),
                ("note", models.TextField(default="")),
                ("xact", models.BigIntegerField(default=0)),
            ],
            options={
                "db_table": "ledger_journal",
                "indexes": [
                    models.Index(fields=["area", "book", "day"], name="ledger_journal_day"),
                    models.Index(fields=["document_no"], name="ledger_journal_document"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("book__in", ["business", "fund"])), name="ledger_journal_book"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("area__regex", "^[0-9]{6}$")), name="ledger_journal_area"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("reverses_id__isnull", False)),
                        fields=("reverses_id",),
                        name="ledger_journal_reverses",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("reverses_id__isnull", True), ("template", "interest")),
                        fields=("document_no",),
                        name="ledger_journal_interest",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Leg",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "journal_id", "line", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("journal_id", models.BigIntegerField()),
                ("line", models.SmallIntegerField()),
                ("account_code", models.TextField()),
                ("fund", models.TextField()),
                ("party_kind", models.TextField()),
                ("party", models.TextField()),
                ("debit_fen", models.BigIntegerField()),
                ("credit_fen", models.BigIntegerField()),
            ],
            options={
                "db_table": "ledger_leg",
                "indexes": [
                    models.Index(
                        condition=models.Q(("party", ""), _negated=True),
                        fields=["party", "account_code"],
                        name="ledger_leg_party",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("credit_fen", 0), ("debit_fen__gt", 0)),
                            models.Q(("credit_fen__gt", 0), ("debit_fen", 0)),
                            _connector="OR",
                        ),
                        name="ledger_leg_one_side",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Period",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("book", models.TextField()),
                ("area", models.TextField()),
                ("month", models.DateField()),
                ("until", models.DateField()),
                ("last_id", models.BigIntegerField()),
                ("closed_at", models.DateTimeField()),
                ("closed_by", models.TextField()),
            ],
            options={
                "db_table": "ledger_period",
                "constraints": [
                    models.UniqueConstraint(fields=("area", "book", "until"), name="ledger_period_once"),
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("month"))), name="ledger_period_forward"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PersonalAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("owner_id", models.BigIntegerField()),
                ("area", models.TextField()),
                ("opened_on", models.DateField()),
                ("closed_on", models.DateField(null=True)),
                ("balance_fen", models.BigIntegerField(default=0)),
                ("interest_year", models.SmallIntegerField(default=0)),
            ],
            options={
                "db_table": "ledger_personal_account",
                "indexes": [models.Index(fields=["owner_id"], name="ledger_personal_account_owner")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("balance_fen__gte", 0)), name="ledger_personal_account_not_below_0"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("closed_on__isnull", True), ("balance_fen", 0), _connector="OR"),
                        name="ledger_personal_account_closed_empty",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("closed_on__isnull", True)),
                        fields=("owner_id", "area"),
                        name="ledger_personal_account_one_open",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("area", models.TextField()),
                ("day", models.DateField()),
                ("first_id", models.BigIntegerField()),
                ("last_id", models.BigIntegerField()),
                ("journals", models.BigIntegerField()),
                ("debit_fen", models.BigIntegerField()),
                ("previous", models.BinaryField()),
                ("hash", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "ledger_seal",
                "constraints": [models.UniqueConstraint(fields=("area", "day"), name="ledger_seal_once")],
            },
        ),
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("book", models.TextField()),
                ("area", models.TextField()),
                ("until", models.DateField()),
                ("account_code", models.TextField()),
                ("fund", models.TextField()),
                ("party_kind", models.TextField()),
                ("party", models.TextField()),
                ("debit_fen", models.BigIntegerField()),
                ("credit_fen", models.BigIntegerField()),
                ("balance_fen", models.BigIntegerField()),
            ],
            options={
                "db_table": "ledger_snapshot",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("area", "book", "until", "account_code", "fund", "party_kind", "party"),
                        name="ledger_snapshot_once",
                    )
                ],
            },
        ),
    ]
