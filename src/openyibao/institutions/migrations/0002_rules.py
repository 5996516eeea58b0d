"""What PostgreSQL keeps for institutions: no overlap of profiles or agreements, the version, the dossier view."""

from __future__ import annotations

from django.db import migrations

RULES = """
ALTER TABLE institutions_institution
    ADD CONSTRAINT institutions_code_shape CHECK (code ~ '^[HP][0-9]{11}$');
ALTER TABLE institutions_profile
    ADD CONSTRAINT institutions_profile_days CHECK (valid_until > valid_from),
    ADD CONSTRAINT institutions_profile_no_overlap EXCLUDE USING gist (
        int8range(institution_id, institution_id, '[]') WITH &&, daterange(valid_from, valid_until) WITH &&);

-- A range of text gives an exclusion on equal text without an extension. What has ended holds no days.
CREATE TYPE institutions_textrange AS RANGE (subtype = text, collation = "C");
ALTER TABLE institutions_agreement
    ADD CONSTRAINT institutions_agreement_days CHECK (valid_until >= valid_from),
    ADD CONSTRAINT institutions_agreement_state CHECK (state IN ('active', 'suspended', 'ended')),
    ADD CONSTRAINT institutions_agreement_said CHECK (why <> '' AND document <> '' AND decided_by <> ''),
    ADD CONSTRAINT institutions_agreement_no_overlap EXCLUDE USING gist (
        int8range(institution_id, institution_id, '[]') WITH &&, institutions_textrange(kind, kind, '[]') WITH &&,
        daterange(valid_from, valid_until) WITH &&) WHERE (state <> 'ended');
ALTER TABLE institutions_penalty
    ADD CONSTRAINT institutions_penalty_amount CHECK (amount_fen >= 0),
    ADD CONSTRAINT institutions_penalty_days CHECK (suspend_until > suspend_from);
ALTER TABLE institutions_department ADD CONSTRAINT institutions_department_days CHECK (valid_until > valid_from);
ALTER TABLE institutions_practice
    ADD CONSTRAINT institutions_practice_status CHECK (status IN ('practising', 'suspended', 'left'));

CREATE FUNCTION institutions_next_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER institutions_next_version BEFORE UPDATE ON institutions_institution
    FOR EACH ROW EXECUTE FUNCTION institutions_next_version();

CREATE FUNCTION institutions_touch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
BEGIN
    UPDATE institutions_institution SET version = version WHERE id = CASE TG_TABLE_NAME
        WHEN 'institutions_practice' THEN
            (SELECT institution_id FROM institutions_physician WHERE id = (changed->>'physician_id')::bigint)
        ELSE (changed->>'institution_id')::bigint END;
    RETURN NULL;
END $$;
CREATE TRIGGER institutions_profile_touch AFTER INSERT OR UPDATE OR DELETE ON institutions_profile
    FOR EACH ROW EXECUTE FUNCTION institutions_touch();
CREATE TRIGGER institutions_agreement_touch AFTER INSERT OR UPDATE OR DELETE ON institutions_agreement
    FOR EACH ROW EXECUTE FUNCTION institutions_touch();
CREATE TRIGGER institutions_penalty_touch AFTER INSERT ON institutions_penalty
    FOR EACH ROW EXECUTE FUNCTION institutions_touch();
CREATE TRIGGER institutions_department_touch AFTER INSERT OR UPDATE OR DELETE ON institutions_department
    FOR EACH ROW EXECUTE FUNCTION institutions_touch();
CREATE TRIGGER institutions_physician_touch AFTER INSERT OR UPDATE OR DELETE ON institutions_physician
    FOR EACH ROW EXECUTE FUNCTION institutions_touch();
CREATE TRIGGER institutions_practice_touch AFTER INSERT OR UPDATE OR DELETE ON institutions_practice
    FOR EACH ROW EXECUTE FUNCTION institutions_touch();

CREATE FUNCTION institutions_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'OY002';
END $$;
CREATE TRIGGER institutions_penalty_only_grows BEFORE UPDATE OR DELETE ON institutions_penalty
    FOR EACH ROW EXECUTE FUNCTION institutions_only_grows();
CREATE TRIGGER institutions_penalty_not_truncated BEFORE TRUNCATE ON institutions_penalty
    FOR EACH STATEMENT EXECUTE FUNCTION institutions_only_grows();
CREATE TRIGGER institutions_agreement_not_deleted BEFORE DELETE ON institutions_agreement
    FOR EACH ROW EXECUTE FUNCTION institutions_only_grows();
CREATE TRIGGER institutions_profile_not_deleted BEFORE DELETE ON institutions_profile
    FOR EACH ROW EXECUTE FUNCTION institutions_only_grows();

CREATE VIEW institutions_dossier AS
SELECT i.code, i.version, i.name, i.kind, i.area,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('level', p.level, 'hosp_lv', p.hosp_lv, 'name', p.name,
            'from', p.valid_from, 'until', p.valid_until) ORDER BY p.valid_from), '[]')
        FROM institutions_profile p WHERE p.institution_id = i.id) AS profiles,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', a.kind, 'number', a.number, 'state', a.state, 'why', a.why,
            'from', a.valid_from, 'until', a.valid_until) ORDER BY a.kind, a.valid_from, a.id), '[]')
        FROM institutions_agreement a
        WHERE a.institution_id = i.id AND (a.valid_until IS NULL OR a.valid_until > a.valid_from)) AS agreements,
    i.uscc
FROM institutions_institution i;
"""
UNDO = """
DROP VIEW institutions_dossier;
DROP FUNCTION institutions_touch() CASCADE;
DROP FUNCTION institutions_next_version() CASCADE;
DROP FUNCTION institutions_only_grows() CASCADE;
DROP TYPE institutions_textrange CASCADE;
"""


class Migration(migrations.Migration):
    """Rules of the tables, and the published view."""

    dependencies = [("institutions", "0001_initial")]

    operations = [migrations.RunSQL(RULES, UNDO)]
