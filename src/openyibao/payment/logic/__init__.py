"""Decisions of the payment room without a database (拨付规则的纯函数)."""
