"""Published views for statistics (`people_census*`): who is insured and what was paid in, without who anybody is."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

VIEWS = """
CREATE VIEW people_census_identity AS
SELECT p.id AS person_id, coalesce(p.merged_into_id, p.id) AS main_id FROM people_person p;

CREATE VIEW people_census AS
SELECT p.id AS person_id, p.born_on, p.died_on, p.gender, p.area
  FROM people_person p WHERE p.merged_into_id IS NULL;

CREATE VIEW people_census_coverage AS
SELECT coalesce(p.merged_into_id, p.id) AS person_id, c.area, c.scheme, c.status, c.employment, c.pool_only, c.state,
       lower(c.valid) AS since, upper(c.valid) AS until
  FROM people_coverage c JOIN people_person p ON p.id = c.person_id
 WHERE c.voided_at IS NULL;

CREATE VIEW people_census_group AS
SELECT coalesce(p.merged_into_id, p.id) AS person_id, g.name, lower(g.valid) AS since, upper(g.valid) AS until
  FROM people_group g JOIN people_person p ON p.id = g.person_id;

CREATE VIEW people_census_contribution AS
SELECT coalesce(p.merged_into_id, p.id) AS person_id, c.area, c.scheme, left(c.period, 4)::integer AS year, c.period,
       c.months, c.base_fen, c.employer_fen, c.individual_fen, c.subsidy_fen, c.assistance_fen, c.account_fen
  FROM people_contribution c JOIN people_person p ON p.id = c.person_id
 WHERE c.state = 'posted';
"""
DROPPED = """
DROP VIEW people_census_contribution, people_census_group, people_census_coverage, people_census,
  people_census_identity;
"""


class Migration(migrations.Migration):
    """Five views."""

    dependencies: ClassVar = [("people", "0002_rules")]
    operations: ClassVar = [migrations.RunSQL(VIEWS, DROPPED)]
