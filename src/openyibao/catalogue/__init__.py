"""The catalogue room (三目录)."""
