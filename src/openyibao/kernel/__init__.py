"""Values every room shares: money, periods, areas, clocks, errors. Pure Python, no framework."""
