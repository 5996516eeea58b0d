"""How the tables of the ledger room (账) came about."""
