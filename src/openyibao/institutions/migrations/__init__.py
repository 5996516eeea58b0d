"""Migrations of the room `institutions`."""
