-- 个人账户：就诊支付之后，剩余可用额内的购药支出
SELECT
  holder.pool AS pool,
  CAST(COUNT(*) AS BIGINT) AS holders,
  CAST(SUM(CASE WHEN available_fen - COALESCE(visits_fen, 0) > purchases_fen THEN purchases_fen
                WHEN available_fen - COALESCE(visits_fen, 0) > 0 THEN available_fen - COALESCE(visits_fen, 0)
                ELSE 0 END) AS BIGINT) AS purchases_fen
FROM (
  SELECT person, pool, account_opening_fen + account_fen AS available_fen, purchases_fen
  FROM contributions
  WHERE account = 1
) AS holder
LEFT JOIN (
  SELECT person, CAST(SUM(account_fen) AS BIGINT) AS visits_fen
  FROM settled
  WHERE account_fen > 0
  GROUP BY person
) AS spent ON spent.person = holder.person
GROUP BY holder.pool
