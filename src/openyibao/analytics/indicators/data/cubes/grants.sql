-- 非就诊待遇：生育津贴、长期护理、资助参保
SELECT
  pool, kind, fund,
  CAST(COUNT(*) AS BIGINT) AS persons,
  CAST(SUM(times) AS BIGINT) AS times,
  CAST(SUM(days) AS BIGINT) AS days,
  CAST(SUM(fen) AS BIGINT) AS fen,
  CAST(SUM((fen // 100) * (fen // 100)) AS BIGINT) AS fen_sq
FROM grants
GROUP BY pool, kind, fund
