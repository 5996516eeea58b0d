"""Facts of the installation, and the audit trail that PostgreSQL lets nobody change."""

from __future__ import annotations

from django.db import migrations, models

APPEND_ONLY = """
CREATE FUNCTION foundation_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'OY002';
END $$;
CREATE TRIGGER foundation_audit_append_only BEFORE UPDATE OR DELETE ON foundation_audit
    FOR EACH ROW EXECUTE FUNCTION foundation_append_only();
CREATE TRIGGER foundation_audit_not_truncated BEFORE TRUNCATE ON foundation_audit
    FOR EACH STATEMENT EXECUTE FUNCTION foundation_append_only();
"""
UNDO = "DROP FUNCTION foundation_append_only() CASCADE"


class Migration(migrations.Migration):
    """First tables."""

    initial = True
    dependencies = []  # type: ignore[var-annotated]

    operations = [
        migrations.CreateModel(
            name="Fact",
            fields=[
                ("key", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("value", models.TextField()),
            ],
            options={"db_table": "foundation_fact"},
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=60)),
                ("action", models.CharField(max_length=60)),
                ("record", models.CharField(max_length=80)),
                ("area", models.CharField(max_length=6)),
                ("details", models.JSONField(default=dict)),
            ],
            options={
                "db_table": "foundation_audit",
                "indexes": [models.Index(fields=["record", "at"], name="foundation_audit_record")],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, UNDO),
    ]
