"""Decisions of the settlement room, without a database."""
