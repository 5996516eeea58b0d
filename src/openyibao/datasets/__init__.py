"""Datasets (数据集): a written schema of Parquet files for whole years, one format for generator and platform."""
