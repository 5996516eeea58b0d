"""Tests of the catalogue through its door."""
