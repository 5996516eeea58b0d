"""The gateway room (国家接口)."""
