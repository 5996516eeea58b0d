-- 人数：一人在一个统筹区内只计一次。kind 1 住院，2 生育（分娩单列待遇之前，分娩是带胎次的住院），3 长期护理
SELECT pool, CAST(1 AS SMALLINT) AS kind, CAST(COUNT(DISTINCT person) AS BIGINT) AS patients
FROM settled
WHERE benefit IN (SELECT number FROM codes WHERE list = 'benefit' AND code = 'inpatient')
GROUP BY pool
UNION ALL
SELECT s.pool AS pool, CAST(2 AS SMALLINT) AS kind, CAST(COUNT(DISTINCT s.person) AS BIGINT) AS patients
FROM settled AS s
JOIN variants AS v ON v.variant = s.variant
WHERE s.benefit IN (SELECT number FROM codes WHERE list = 'benefit' AND code = 'delivery')
   OR (v.child <> '' AND s.benefit IN (SELECT number FROM codes WHERE list = 'benefit' AND code = 'inpatient'))
GROUP BY s.pool
UNION ALL
SELECT pool, CAST(3 AS SMALLINT) AS kind, CAST(COUNT(DISTINCT person) AS BIGINT) AS patients
FROM settled
WHERE benefit IN (SELECT number FROM codes WHERE list = 'benefit' AND code = 'long_term_care')
GROUP BY pool
