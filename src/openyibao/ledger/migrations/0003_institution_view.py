"""The view of what moved with an institution: part of the ledger's door."""

from __future__ import annotations

from typing import Any

from django.db import migrations

VIEW = """
CREATE VIEW ledger_institution AS
SELECT j.id AS journal_id, j.area, j.day, j.template, j.document_kind, j.document_no, j.reverses_id,
       l.account_code, l.party AS institution, l.fund, sum(l.credit_fen - l.debit_fen)::bigint AS fen
FROM ledger_journal j JOIN ledger_leg l ON l.journal_id = j.id
WHERE j.book = 'business' AND l.party_kind = 'institution'
GROUP BY j.id, l.account_code, l.party, l.fund;
COMMENT ON VIEW ledger_institution IS
    '与定点机构的往来：每张业务凭证、科目、机构、基金一行，贷减借，分';
CREATE VIEW ledger_payable AS SELECT * FROM ledger_institution WHERE account_code = 'payable_institution';
COMMENT ON VIEW ledger_payable IS '应付定点机构的变动：正数增加应付';
"""


def _chart(apps: Any, schema_editor: Any) -> None:
    from openyibao.ledger.store import sync_chart

    sync_chart()


class Migration(migrations.Migration):
    """Two read-only views; and the chart of accounts as it is now."""

    dependencies = [("ledger", "0002_guards")]

    operations = [
        migrations.RunSQL(VIEW, "DROP VIEW ledger_payable; DROP VIEW ledger_institution;"),
        migrations.RunPython(_chart, migrations.RunPython.noop),
    ]
