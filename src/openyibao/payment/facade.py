"""The door of the payment room (支付方式): stays priced by case, what each institution is paid for a
month, the clearing of a year.

Grouping and pricing are pure and have a door of their own, `openyibao.payment.engine.facade`, without a database.
"""

from __future__ import annotations

from openyibao.payment.cases import PricingRun, price_stays
from openyibao.payment.clearing import YearClearing, clear_year, set_budget
from openyibao.payment.engine.pack.terms import STATUSES as CASE_STATUSES
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
from openyibao.payment.special import file_special, move_special

__all__ = [
    "CASE_STATUSES",
    "STATES",
    "TITLES",
    "PricingRun",
    "Slip",
    "SlipLine",
    "YearClearing",
    "assess",
    "cancel_slip",
    "clear_year",
    "confirm_slip",
    "deduct",
    "draft_slips",
    "file_special",
    "identity",
    "move_special",
    "movements_of",
    "pay_advance",
    "pay_slip",
    "price_stays",
    "set_budget",
    "slip_of",
    "slips_of_month",
]
