"""How the tables of the settlement room (就医结算) came about."""
