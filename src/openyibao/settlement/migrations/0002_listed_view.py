"""The view of which settlements have an accepted list: part of the settlement room's door."""

from __future__ import annotations

from django.db import migrations

VIEW = """
CREATE VIEW settlement_listed AS
SELECT d.settlement_no, v.inpatient,
       EXISTS (SELECT 1 FROM settlement_list l WHERE l.document_id = d.id AND l.superseded_at IS NULL) AS listed
FROM settlement_document d JOIN settlement_visit v ON v.id = d.visit_id
WHERE d.state = 'standing';
COMMENT ON VIEW settlement_listed IS '有效结算：是否住院，是否已接收结算清单（4101）';
"""


class Migration(migrations.Migration):
    """A read-only view."""

    dependencies = [("settlement", "0001_initial")]

    operations = [migrations.RunSQL(VIEW, "DROP VIEW settlement_listed;")]
