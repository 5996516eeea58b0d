"""Bundles of policy files, and the view of the one in force."""

from django.db import migrations, models

VIEW = """
CREATE VIEW rulebook_in_force AS
SELECT hash FROM rulebook_bundle WHERE state = 'published' ORDER BY published_at DESC, id DESC LIMIT 1
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Bundle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hash", models.CharField(max_length=64, unique=True)),
                ("title", models.CharField(max_length=200)),
                ("origin", models.CharField(max_length=10)),
                ("state", models.CharField(max_length=10)),
                ("files", models.BinaryField()),
                ("changed", models.JSONField(default=list)),
                ("submitted_by", models.CharField(max_length=60)),
                ("submitted_at", models.DateTimeField()),
                ("reviewed_by", models.CharField(default="", max_length=60)),
                ("reviewed_at", models.DateTimeField(null=True)),
                ("published_by", models.CharField(default="", max_length=60)),
                ("published_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "rulebook_bundle",
            },
        ),
        migrations.RunSQL(VIEW, "DROP VIEW rulebook_in_force"),
    ]
