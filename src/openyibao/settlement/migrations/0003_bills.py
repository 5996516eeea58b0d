"""Published views: standing settlements as decided and as paid now (`settlement_bill`), and whose they are."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

VIEW = """
CREATE VIEW settlement_standing AS
SELECT d.person_id, d.year, d.area, d.scheme FROM settlement_document d WHERE d.state = 'standing';

-- JSON of a document is unpacked once by jsonb_to_record: reading it key by key would unpack it for every key.
CREATE VIEW settlement_bill AS
SELECT d.id AS document_id, d.person_id, d.visit_id, d.year, d.seq, d.settled_at, d.decided_on AS day, d.area, d.scheme,
       d.institution_code, d.plan_hash,
       w.status, w.groups, w.contribution_class,
       coalesce((SELECT string_agg(one, '|' ORDER BY one) FROM jsonb_array_elements_text(w.supplements) one), '')
         AS supplements,
       v.benefit, v.level, v.care_area, v.disease, v.child, v.care_kind, v.days, v.exclusion, v.admitted, v.discharged,
       v.account_limit <> 0 AS account_used,
       CASE WHEN v.exclusion <> '' OR v.care_area IN ('', d.area) THEN ''
            ELSE coalesce(nullif(v.filing, ''),
              (SELECT f.one->>'type' FROM jsonb_array_elements(w.filings) WITH ORDINALITY f(one, at)
                WHERE f.one->>'kind' = 'remote' AND f.one->>'area' IN ('', v.care_area)
                  AND d.decided_on BETWEEN (f.one->>'start')::date AND (f.one->>'last')::date
                ORDER BY f.at LIMIT 1), 'none') END AS filing,
       k.stay, jsonb_typeof(k.carried) IS NOT DISTINCT FROM 'array' AS carried,
       (k.bill->>0)::bigint AS in_scope_fen, (k.bill->>1)::bigint AS prior_self_pay_fen,
       (k.bill->>2)::bigint AS over_limit_fen, (k.bill->>3)::bigint AS non_covered_fen,
       (k.bill->>4)::bigint AS special_drug_fen, (k.bill->>5)::bigint AS herb_fen,
       (k.bill->>6)::integer AS remote_bp, (k.bill->>9)::integer AS waive,
       d.total_fen, m.act_pay_dedc AS deductible_fen, d.fund_fen, d.hospital_fen, m.supplement_pay AS supplement_fen,
       d.account_fen, d.family_fen, d.cash_fen, d.payers,
       coalesce(moved.payers, '{}') AS moved_payers, coalesce(moved.fund_fen, 0) AS moved_fund_fen,
       coalesce(moved.all_fen - moved.fund_fen, 0) AS moved_supplement_fen
  FROM settlement_document d
 CROSS JOIN LATERAL jsonb_to_record(d.decided) AS k(person jsonb, visit jsonb, bill jsonb, stay text, carried jsonb)
 CROSS JOIN LATERAL jsonb_to_record(k.person)
       AS w(status text, groups jsonb, contribution_class text, supplements jsonb, filings jsonb)
 CROSS JOIN LATERAL jsonb_to_record(k.visit)
       AS v(benefit text, level text, care_area text, filing text, disease text, child text, care_kind text,
            days integer, exclusion text, account_limit bigint, admitted date, discharged date)
 CROSS JOIN LATERAL jsonb_to_record(d.amounts) AS m(act_pay_dedc bigint, supplement_pay bigint)
  LEFT JOIN LATERAL (
    SELECT (SELECT jsonb_object_agg(s.layer, s.fen) FROM (
              SELECT p.key AS layer, sum(p.value::bigint)::bigint AS fen
                FROM settlement_adjustment b, jsonb_each_text(b.payers) p
               WHERE b.target_id = d.id AND b.mode = 'replay_to_person' GROUP BY p.key) s) AS payers,
           sum(a.person_fen)::bigint AS fund_fen,
           sum((SELECT sum(p.value::bigint) FROM jsonb_each_text(a.payers) p))::bigint AS all_fen
      FROM settlement_adjustment a WHERE a.target_id = d.id AND a.mode = 'replay_to_person') moved ON true
 WHERE d.state = 'standing';
"""


class Migration(migrations.Migration):
    """Two views."""

    dependencies: ClassVar = [("settlement", "0002_listed_view")]
    operations: ClassVar = [migrations.RunSQL(VIEW, "DROP VIEW settlement_bill, settlement_standing")]
