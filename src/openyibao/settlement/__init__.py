"""The settlement room (就医结算)."""
