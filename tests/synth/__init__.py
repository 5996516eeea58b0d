"""Tests of the synth room."""
