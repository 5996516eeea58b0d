"""The door of the payment room (支付方式): what each institution is paid for a month, and its deposit after a year.

Grouping and pricing are pure and have a door of their own, `openyibao.payment.engine.facade`, without a database.
"""

from __future__ import annotations

from openyibao.payment.logic.slip import TITLES
from openyibao.payment.paper import STATES, Slip, SlipLine, identity
from openyibao.payment.slips import (
    assess,
    cancel_slip,
    confirm_slip,
    deduct,
    draft_slips,
    movements_of,
    pay_advance,
    pay_slip,
    slip_of,
    slips_of_month,
)

__all__ = [
    "STATES",
    "TITLES",
    "Slip",
    "SlipLine",
    "assess",
    "cancel_slip",
    "confirm_slip",
    "deduct",
    "draft_slips",
    "identity",
    "movements_of",
    "pay_advance",
    "pay_slip",
    "slip_of",
    "slips_of_month",
]
