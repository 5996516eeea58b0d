-- 中途结算：同一次住院的各段中，末段以外的段数；住院人次要减去它们
SELECT
  pool, status, benefit, level, filing, in_province,
  CASE WHEN groups <> 0 THEN 1 ELSE 0 END AS helped,
  CAST(COUNT(*) AS BIGINT) AS pieces
FROM (
  SELECT
    pool, status, benefit, level, filing, in_province, groups,
    ROW_NUMBER() OVER (PARTITION BY person, pool, stay ORDER BY seq DESC NULLS LAST) AS from_last
  FROM visits
  WHERE stay >= 0
) AS piece
WHERE from_last > 1
GROUP BY pool, status, benefit, level, filing, in_province, CASE WHEN groups <> 0 THEN 1 ELSE 0 END
