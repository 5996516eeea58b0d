"""Publishes the platform's database as a dataset (发布数据集): one snapshot, streamed, nobody named."""
