-- 账单汇总：settled 按统筹区、身份、待遇、级别、异地、帮扶、胎次（产妇）分组；*_sq、fund_scope 以元为单位，只用于标准误
SELECT
  pool, status, benefit, level, filing, in_province,
  CASE WHEN groups <> 0 THEN 1 ELSE 0 END AS helped,
  CASE WHEN child <> '' THEN 1 ELSE 0 END AS mother,
  CAST(COUNT(*) AS BIGINT) AS bills,
  CAST(SUM(stay_days) AS BIGINT) AS stay_days,
  CAST(SUM(total_fen) AS BIGINT) AS total_fen,
  CAST(SUM(in_scope_fen) AS BIGINT) AS in_scope_fen,
  CAST(SUM(deductible_fen) AS BIGINT) AS deductible_fen,
  CAST(SUM(remote_first_self_pay_fen) AS BIGINT) AS remote_first_self_pay_fen,
  CAST(SUM(basic_fen) AS BIGINT) AS basic_fen,
  CAST(SUM(serious_illness_fen) AS BIGINT) AS serious_illness_fen,
  CAST(SUM(special_drug_fen) AS BIGINT) AS special_drug_fen,
  CAST(SUM(supplement_fund_fen) AS BIGINT) AS supplement_fund_fen,
  CAST(SUM(assistance_fen) AS BIGINT) AS assistance_fen,
  CAST(SUM(city_product_fen) AS BIGINT) AS city_product_fen,
  CAST(SUM(hospital_fen) AS BIGINT) AS hospital_fen,
  CAST(SUM(burden_fen) AS BIGINT) AS burden_fen,
  CAST(SUM(account_fen) AS BIGINT) AS account_fen,
  CAST(SUM(CASE WHEN assistance_fen > 0 THEN 1 ELSE 0 END) AS BIGINT) AS assisted_bills,
  CAST(SUM(CASE WHEN serious_illness_fen > 0 THEN 1 ELSE 0 END) AS BIGINT) AS serious_bills,
  CAST(SUM((total_fen // 100) * (total_fen // 100)) AS BIGINT) AS total_sq,
  CAST(SUM((in_scope_fen // 100) * (in_scope_fen // 100)) AS BIGINT) AS scope_sq,
  CAST(SUM(((basic_fen + serious_illness_fen + special_drug_fen + supplement_fund_fen) // 100)
         * ((basic_fen + serious_illness_fen + special_drug_fen + supplement_fund_fen) // 100)) AS BIGINT) AS fund_sq,
  CAST(SUM(((basic_fen + serious_illness_fen + special_drug_fen + supplement_fund_fen) // 100)
         * (in_scope_fen // 100)) AS BIGINT) AS fund_scope,
  CAST(SUM((assistance_fen // 100) * (assistance_fen // 100)) AS BIGINT) AS assistance_sq
FROM settled
JOIN variants ON variants.variant = settled.variant
GROUP BY
  pool, status, benefit, level, filing, in_province,
  CASE WHEN groups <> 0 THEN 1 ELSE 0 END, CASE WHEN child <> '' THEN 1 ELSE 0 END
