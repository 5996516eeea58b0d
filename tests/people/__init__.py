"""Tests of the people room, through its door on PostgreSQL."""
