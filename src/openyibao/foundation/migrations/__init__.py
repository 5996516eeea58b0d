"""How the tables of the foundation room (底座) came about."""
