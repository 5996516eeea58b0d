"""Tests of the ledger room, through its door and on real PostgreSQL."""
