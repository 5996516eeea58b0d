"""Benefit rules as data, and the one kernel that turns a bill into who pays what. Pure Python; the door is `facade`."""
