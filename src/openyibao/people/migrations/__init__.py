"""Tables, the rule against overlapping coverage, and the published view of the people room."""
