"""The published view `ledger_account_year`: what each owner's personal accounts gained or lost in a year."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

VIEW = """
CREATE VIEW ledger_account_year AS
SELECT a.owner_id, a.area, date_part('year', j.day)::integer AS year,
       sum(l.credit_fen - l.debit_fen)::bigint AS fen
  FROM ledger_leg l
  JOIN ledger_journal j ON j.id = l.journal_id
  JOIN ledger_personal_account a ON a.id = l.party::bigint
 WHERE l.account_code = 'personal_account'
 GROUP BY a.owner_id, a.area, date_part('year', j.day);
"""


class Migration(migrations.Migration):
    """One view."""

    dependencies: ClassVar = [("ledger", "0003_institution_view")]
    operations: ClassVar = [migrations.RunSQL(VIEW, "DROP VIEW ledger_account_year")]
