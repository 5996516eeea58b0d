"""Migrations of the room `catalogue`."""
