"""openyibao (开放医保): an open platform for a Chinese healthcare-security agency."""

__version__ = "0.1.0"
