"""Decisions of the people room that need no database."""
