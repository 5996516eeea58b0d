"""Demo data (演示数据): invented persons, institutions and some weeks of bills, made through the real path."""
