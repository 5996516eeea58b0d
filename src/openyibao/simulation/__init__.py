"""The simulation room (政策模拟): whole years of a province settled again, reforms compared, funds projected."""
