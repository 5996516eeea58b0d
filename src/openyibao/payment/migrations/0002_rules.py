"""What PostgreSQL keeps for payment: a paid or cancelled slip never changes, what it took up stays taken."""

from __future__ import annotations

from django.db import migrations

RULES = """
CREATE FUNCTION payment_slip_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('paid', 'cancelled') OR (TG_OP = 'DELETE' AND OLD.state <> 'drafted') THEN
        RAISE EXCEPTION 'a slip that is % does not change', OLD.state USING ERRCODE = 'OY002';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER payment_slip_kept BEFORE UPDATE OR DELETE ON payment_slip
    FOR EACH ROW EXECUTE FUNCTION payment_slip_kept();

CREATE FUNCTION payment_part_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    SELECT state INTO found FROM payment_slip WHERE id = OLD.slip_id;
    IF found = 'paid' OR (TG_OP = 'UPDATE' AND found <> 'drafted') THEN
        RAISE EXCEPTION 'a slip that is % does not change', found USING ERRCODE = 'OY002';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER payment_slip_fund_kept BEFORE UPDATE OR DELETE ON payment_slip_fund
    FOR EACH ROW EXECUTE FUNCTION payment_part_kept();
CREATE TRIGGER payment_taken_kept BEFORE UPDATE OR DELETE ON payment_taken
    FOR EACH ROW EXECUTE FUNCTION payment_part_kept();
CREATE TRIGGER payment_assessment_kept BEFORE UPDATE OR DELETE ON payment_assessment
    FOR EACH ROW EXECUTE FUNCTION payment_never();
"""
UNDO = """
DROP TRIGGER payment_assessment_kept ON payment_assessment;
DROP TRIGGER payment_taken_kept ON payment_taken;
DROP TRIGGER payment_slip_fund_kept ON payment_slip_fund;
DROP TRIGGER payment_slip_kept ON payment_slip;
DROP FUNCTION payment_part_kept();
DROP FUNCTION payment_slip_kept();
DROP FUNCTION payment_never();
"""
NEVER = """
CREATE FUNCTION payment_never() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only added to', TG_TABLE_NAME USING ERRCODE = 'OY002';
END $$;
"""


class Migration(migrations.Migration):
    """Guards; and the views of other rooms' doors that this room reads."""

    dependencies = [
        ("payment", "0001_tables"),
        ("ledger", "0003_institution_view"),
        ("settlement", "0002_listed_view"),
    ]

    operations = [migrations.RunSQL(NEVER + RULES, UNDO)]
