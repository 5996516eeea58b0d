"""Migrations of the room `payment`."""
