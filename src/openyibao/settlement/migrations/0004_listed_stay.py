"""A stay's list counts for every piece of it that was settled on the way (中途结算)."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

VIEW = """
CREATE OR REPLACE VIEW settlement_listed AS
SELECT d.settlement_no, v.inpatient,
       EXISTS (SELECT 1 FROM settlement_document o JOIN settlement_list l ON l.document_id = o.id
                WHERE o.visit_id = d.visit_id AND o.state = 'standing' AND l.superseded_at IS NULL
                  AND (o.id = d.id OR d.mid_stay AND NOT o.mid_stay)) AS listed
FROM settlement_document d JOIN settlement_visit v ON v.id = d.visit_id
WHERE d.state = 'standing';
"""
BEFORE = """
CREATE OR REPLACE VIEW settlement_listed AS
SELECT d.settlement_no, v.inpatient,
       EXISTS (SELECT 1 FROM settlement_list l WHERE l.document_id = d.id AND l.superseded_at IS NULL) AS listed
FROM settlement_document d JOIN settlement_visit v ON v.id = d.visit_id
WHERE d.state = 'standing';
"""


class Migration(migrations.Migration):
    """The view again."""

    dependencies: ClassVar = [("settlement", "0003_bills")]
    operations: ClassVar = [migrations.RunSQL(VIEW, BEFORE)]
