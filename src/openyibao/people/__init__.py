"""The people room (参保人)."""
