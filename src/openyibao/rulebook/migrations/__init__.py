"""How the tables of the rulebook room (政策版本) came about."""
