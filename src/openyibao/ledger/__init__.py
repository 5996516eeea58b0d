"""The ledger room (账)."""
