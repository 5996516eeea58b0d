"""The institutions room (定点机构)."""
