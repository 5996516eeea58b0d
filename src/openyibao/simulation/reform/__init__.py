"""A reform as a report (改革方案测算): a year settled before and after in one pass, and what a bureau asks of it."""
