"""First tables: the message journal with its partial unique index, sign-ins, credentials."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """First tables."""

    initial = True

    dependencies = ()

    operations = (
        migrations.CreateModel(
            name="Session",
            fields=[
                ("sign_no", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("institution_code", models.CharField(max_length=30)),
                ("operator_no", models.CharField(max_length=30)),
                ("mac", models.CharField(max_length=40)),
                ("ip", models.CharField(max_length=60)),
                ("day", models.DateField()),
                ("signed_in_at", models.DateTimeField()),
                ("signed_out_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "gateway_session",
            },
        ),
        migrations.CreateModel(
            name="Credential",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("institution_code", models.CharField(max_length=30)),
                ("area", models.CharField(max_length=6)),
                ("security", models.CharField(max_length=8)),
                ("key", models.CharField(max_length=100)),
                ("secret", models.BinaryField()),
                ("strict", models.BooleanField(default=False)),
                ("active", models.BooleanField(default=True)),
                ("registered_at", models.DateTimeField()),
            ],
            options={
                "db_table": "gateway_credential",
                "indexes": [models.Index(fields=["institution_code"], name="gateway_credential_inst")],
                "constraints": [models.UniqueConstraint(fields=("security", "key"), name="gateway_credential_key")],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("institution_code", models.CharField(max_length=30)),
                ("infno", models.CharField(max_length=6)),
                ("msgid", models.CharField(max_length=40)),
                ("sign_no", models.CharField(max_length=30)),
                ("state", models.CharField(max_length=8)),
                ("code", models.CharField(max_length=40)),
                ("document", models.CharField(max_length=60)),
                ("visit_no", models.CharField(default="", max_length=30)),
                ("body_hash", models.BinaryField()),
                ("body", models.BinaryField()),
                ("reply", models.BinaryField()),
                ("received_at", models.DateTimeField()),
                ("replied_at", models.DateTimeField(null=True)),
                ("compensated_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "gateway_message",
                "indexes": [models.Index(fields=["received_at"], name="gateway_message_received")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "done")),
                        fields=("institution_code", "infno", "msgid"),
                        name="gateway_message_once",
                    )
                ],
            },
        ),
    )
