"""The ledger (账): two books of balanced, append-only journals, and the only place that knows balances.

The business ledger (业务台账) says what is owed; the fund accounts (基金会计账) say what was paid. PostgreSQL itself
refuses what must not happen; the bridge and the seals show that nothing else did.
"""
