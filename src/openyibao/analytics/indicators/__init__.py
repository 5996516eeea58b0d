"""Indicators (统计指标): named definitions over a dataset, counted by DuckDB or Spark, compared year with year."""
