"""Decisions of the institutions' room that need no database."""
