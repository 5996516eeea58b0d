"""The documentation, checked: what it shows is run, what it lists is complete."""
