"""People (人): who is insured, where, since when, with what entitlements and accounts (参保缴费)."""
