"""Tests of the institutions' room through its door."""
