"""Proofs too long for the fast suite: each runs on its own (`python -m tests.proofs.<name>`) and has a short test."""
