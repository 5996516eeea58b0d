"""How the tables of the gateway room (国家接口) came about."""
