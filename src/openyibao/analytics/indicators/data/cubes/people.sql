-- 参保缴费汇总：contributions 按统筹区、身份、单位性质、账户、生育、长护、年末参保、帮扶分组
SELECT
  pool, status, employer_kind, account, maternity, long_term_care, insured_at_year_end,
  CASE WHEN groups <> 0 THEN 1 ELSE 0 END AS helped,
  CAST(COUNT(*) AS BIGINT) AS persons,
  CAST(SUM(months) AS BIGINT) AS months,
  CAST(SUM(base_fen) AS BIGINT) AS base_fen,
  CAST(SUM(employer_fen) AS BIGINT) AS employer_fen,
  CAST(SUM(individual_fen) AS BIGINT) AS individual_fen,
  CAST(SUM(subsidy_fen) AS BIGINT) AS subsidy_fen,
  CAST(SUM(assistance_fen) AS BIGINT) AS assistance_fen,
  CAST(SUM(account_fen) AS BIGINT) AS account_fen,
  CAST(SUM(account_opening_fen) AS BIGINT) AS account_opening_fen
FROM contributions
GROUP BY
  pool, status, employer_kind, account, maternity, long_term_care, insured_at_year_end,
  CASE WHEN groups <> 0 THEN 1 ELSE 0 END
