"""What PostgreSQL itself refuses in the catalogue: two versions on one day, rewriting a version, deleting one."""

from __future__ import annotations

from django.db import migrations

RULES = """
INSERT INTO catalogue_version (id, number) VALUES (1, 0);
ALTER TABLE catalogue_version ADD CONSTRAINT catalogue_version_one_row CHECK (id = 1);

-- A range of text gives an exclusion on equal text without an extension.
CREATE TYPE catalogue_textrange AS RANGE (subtype = text, collation = "C");
ALTER TABLE catalogue_item
    ADD CONSTRAINT catalogue_item_days CHECK (valid_until > valid_from AND declared_until > valid_from),
    ADD CONSTRAINT catalogue_item_amounts CHECK (
        own_ratio_bp BETWEEN 0 AND 10000 AND exception_ratio_bp BETWEEN 0 AND 10000 AND ceiling_micro >= 0
        AND ceiling_tertiary_micro >= 0 AND ceiling_secondary_micro >= 0 AND ceiling_primary_micro >= 0
        AND price_micro >= 0),
    ADD CONSTRAINT catalogue_item_class CHECK (
        (item_class = 'A' AND own_ratio_bp = 0) OR item_class = 'B' OR (item_class = 'C' AND own_ratio_bp = 10000)),
    ADD CONSTRAINT catalogue_item_no_overlap EXCLUDE USING gist (
        catalogue_textrange(code, code, '[]') WITH &&, catalogue_textrange(area, area, '[]') WITH &&,
        daterange(valid_from, valid_until) WITH &&) WHERE (voided_at IS NULL);
ALTER TABLE catalogue_code
    ADD CONSTRAINT catalogue_code_days CHECK (valid_until > valid_from AND declared_until > valid_from),
    ADD CONSTRAINT catalogue_code_no_overlap EXCLUDE USING gist (
        catalogue_textrange(kind, kind, '[]') WITH &&, catalogue_textrange(code, code, '[]') WITH &&,
        daterange(valid_from, valid_until) WITH &&) WHERE (voided_at IS NULL);
ALTER TABLE catalogue_match
    ADD CONSTRAINT catalogue_match_days CHECK (valid_until > valid_from),
    ADD CONSTRAINT catalogue_match_no_overlap EXCLUDE USING gist (
        catalogue_textrange(institution_code, institution_code, '[]') WITH &&,
        catalogue_textrange(local_code, local_code, '[]') WITH &&, daterange(valid_from, valid_until) WITH &&);

CREATE FUNCTION catalogue_version_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change CONSTANT text[] := ARRAY['valid_until', 'declared_until', 'changed_by_id', 'voided_at'];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.voided_at IS NULL AND to_jsonb(NEW) - may_change = to_jsonb(OLD) - may_change THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% keeps its versions: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'OY002';
END $$;
CREATE TRIGGER catalogue_item_kept BEFORE UPDATE OR DELETE ON catalogue_item
    FOR EACH ROW EXECUTE FUNCTION catalogue_version_kept();
CREATE TRIGGER catalogue_code_kept BEFORE UPDATE OR DELETE ON catalogue_code
    FOR EACH ROW EXECUTE FUNCTION catalogue_version_kept();
CREATE TRIGGER catalogue_item_not_truncated BEFORE TRUNCATE ON catalogue_item
    FOR EACH STATEMENT EXECUTE FUNCTION catalogue_version_kept();
CREATE TRIGGER catalogue_code_not_truncated BEFORE TRUNCATE ON catalogue_code
    FOR EACH STATEMENT EXECUTE FUNCTION catalogue_version_kept();
"""
UNDO = """
DROP FUNCTION catalogue_version_kept() CASCADE;
DROP TYPE catalogue_textrange CASCADE;
DELETE FROM catalogue_version;
"""


class Migration(migrations.Migration):
    """Rules of the tables."""

    dependencies = [("catalogue", "0001_initial")]

    operations = [migrations.RunSQL(RULES, UNDO)]
