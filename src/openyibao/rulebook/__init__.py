"""The rulebook room (政策版本)."""
