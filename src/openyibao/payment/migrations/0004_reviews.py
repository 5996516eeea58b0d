"""What a special-case review is judged by, and who its experts are, stays with the application."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two columns."""

    dependencies = [
        ("payment", "0003_cases"),
    ]

    operations = [
        migrations.AddField("special", "experts", models.JSONField(default=list)),
        migrations.AddField("special", "rules", models.JSONField(default=dict)),
    ]
