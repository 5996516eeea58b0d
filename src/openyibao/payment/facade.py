"""The door of the payment room (支付方式): stays priced by case, what each institution is paid for a
month, the clearing of a year.

Grouping and pricing are pure and have a door of their own, `openyibao.payment.engine.facade`, without a database.
"""

from __future__ import annotations

from openyibao.payment.adjustments import assess, deduct, pay_advance
from openyibao.payment.cases import PricingRun, price_stays
from openyibao.payment.clearing import YearClearing, clear_year, set_budget
from openyibao.payment.engine.pack.special import Decision
from openyibao.payment.engine.pack.terms import STATUSES as CASE_STATUSES
from openyibao.payment.heads import HeadsClearing, HeadsRun, clear_heads, pay_heads
from openyibao.payment.logic.slip import TITLES
from openyibao.payment.members import SignReport, sign_members, signings_of
from openyibao.payment.paper import STATES, Slip, SlipLine, identity
from openyibao.payment.performance import performance
from openyibao.payment.review_paper import Review
from openyibao.payment.slips import (
    cancel_slip,
    confirm_slip,
    draft_slips,
    movements_of,
    pay_slip,
    slip_of,
    slips_of_month,
)
from openyibao.payment.special import assign_special, file_special, move_special, special_of, specials_of

__all__ = [
    "CASE_STATUSES",
    "STATES",
    "TITLES",
    "Decision",
    "HeadsClearing",
    "HeadsRun",
    "PricingRun",
    "Review",
    "SignReport",
    "Slip",
    "SlipLine",
    "YearClearing",
    "assess",
    "assign_special",
    "cancel_slip",
    "clear_heads",
    "clear_year",
    "confirm_slip",
    "deduct",
    "draft_slips",
    "file_special",
    "identity",
    "move_special",
    "movements_of",
    "pay_advance",
    "pay_heads",
    "pay_slip",
    "performance",
    "price_stays",
    "set_budget",
    "sign_members",
    "signings_of",
    "slip_of",
    "slips_of_month",
    "special_of",
    "specials_of",
]
