"""A dataset's stays paid by payment packs (支付方式测算)."""
