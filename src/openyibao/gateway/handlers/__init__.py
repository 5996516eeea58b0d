"""One small function per transaction: typed input to one verb of a room below, its result to reply fields."""
