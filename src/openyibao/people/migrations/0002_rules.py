"""What the tables keep themselves, the number sequence, and the published view `people_dossier`."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

RULES = """
CREATE SEQUENCE people_number_sequence;

ALTER TABLE people_coverage
  ADD CONSTRAINT people_coverage_no_overlap
    EXCLUDE USING gist (int8range(person_id, person_id, '[]') WITH &&, valid WITH &&) WHERE (voided_at IS NULL),
  ADD CONSTRAINT people_coverage_some_days CHECK (NOT isempty(valid) AND lower(valid) IS NOT NULL),
  ADD CONSTRAINT people_coverage_state CHECK (state IN ('normal', 'suspended')),
  ADD CONSTRAINT people_coverage_voided_later CHECK (voided_at IS NULL OR voided_at >= recorded_at);

ALTER TABLE people_group ADD CONSTRAINT people_group_some_days CHECK (NOT isempty(valid));
ALTER TABLE people_supplement ADD CONSTRAINT people_supplement_some_days CHECK (NOT isempty(valid));
ALTER TABLE people_filing
  ADD CONSTRAINT people_filing_state CHECK (state IN ('pending', 'approved', 'refused', 'ended'));
ALTER TABLE people_family
  ADD CONSTRAINT people_family_not_self CHECK (owner_id <> member_id);
ALTER TABLE people_contribution
  ADD CONSTRAINT people_contribution_amounts CHECK (
    least(base_fen, employer_fen, individual_fen, subsidy_fen, assistance_fen, account_fen, months) >= 0),
  ADD CONSTRAINT people_contribution_state CHECK (state IN ('posted', 'deferred', 'reversed'));
ALTER TABLE people_transfer
  ADD CONSTRAINT people_transfer_carried CHECK (months >= 0 AND balance_fen >= 0 AND direction IN ('in', 'out'));
ALTER TABLE people_person
  ADD CONSTRAINT people_person_merged CHECK (merged_into_id <> id),
  ADD CONSTRAINT people_person_died CHECK (died_on >= born_on);

CREATE FUNCTION people_coverage_only_voided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.voided_at IS NULL AND NEW.voided_at IS NOT NULL
     AND to_jsonb(OLD) - 'voided_at' = to_jsonb(NEW) - 'voided_at' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'people_coverage is corrected by voiding and adding' USING ERRCODE = 'OY010';
END $$;
CREATE TRIGGER people_coverage_only_voided BEFORE UPDATE OR DELETE ON people_coverage
  FOR EACH ROW EXECUTE FUNCTION people_coverage_only_voided();

CREATE FUNCTION people_event_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'people_event only grows' USING ERRCODE = 'OY010';
END $$;
CREATE TRIGGER people_event_only_grows BEFORE UPDATE OR DELETE ON people_event
  FOR EACH ROW EXECUTE FUNCTION people_event_only_grows();

CREATE VIEW people_dossier AS
SELECT p.id AS person_id,
       n.person_no AS main_no,
       p.sealed, p.gender, p.born_on, p.died_on, p.ethnicity,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                 'area', c.area, 'scheme', c.scheme, 'status', c.status, 'class', c.contribution_class,
                 'employment', c.employment,
                 'employer_no', coalesce(e.employer_no, ''), 'employer_name', coalesce(e.name, ''),
                 'pool_only', c.pool_only, 'from', lower(c.valid), 'until', upper(c.valid),
                 'benefit_from', c.benefit_from, 'state', c.state) ORDER BY lower(c.valid)), '[]')
          FROM people_coverage c LEFT JOIN people_employer e ON e.id = c.employer_id
         WHERE c.person_id = p.id AND c.voided_at IS NULL) AS spells,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                 'group', g.name, 'from', lower(g.valid), 'until', upper(g.valid)) ORDER BY lower(g.valid), g.name),
                 '[]')
          FROM people_group g WHERE g.person_id = p.id) AS groups,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                 'no', f.id, 'kind', f.kind, 'disease', f.disease, 'code', f.disease_code, 'type', f.type,
                 'area', f.area, 'from', lower(f.valid), 'until', upper(f.valid)) ORDER BY lower(f.valid), f.id), '[]')
          FROM people_filing f
         WHERE f.person_id = p.id AND f.state IN ('approved', 'ended') AND NOT isempty(f.valid)) AS filings,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                 'name', s.name, 'from', lower(s.valid), 'until', upper(s.valid)) ORDER BY lower(s.valid), s.name),
                 '[]')
          FROM people_supplement s WHERE s.person_id = p.id) AS supplements,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                 'owner_id', a.owner_id, 'from', lower(a.valid), 'until', upper(a.valid)) ORDER BY a.id), '[]')
          FROM people_family a WHERE a.member_id = p.id AND NOT isempty(a.valid)) AS family
  FROM people_person p
  JOIN people_number n ON n.person_id = p.id AND n.main
 WHERE p.merged_into_id IS NULL;
"""

UNDONE = """
DROP VIEW people_dossier;
DROP SEQUENCE people_number_sequence;
DROP FUNCTION people_coverage_only_voided CASCADE;
DROP FUNCTION people_event_only_grows CASCADE;
"""


class Migration(migrations.Migration):
    """Constraints, triggers, the view."""

    dependencies: ClassVar = [("people", "0001_tables")]
    operations: ClassVar = [migrations.RunSQL(RULES, UNDONE)]
