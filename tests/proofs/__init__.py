"""Proofs: what the platform promises, shown on many random cases against a real server."""
