"""The command line: parse, call one verb of a room, render. No rule lives here."""
