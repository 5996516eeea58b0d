"""What the payment room refuses, each with a stable code."""

from __future__ import annotations

from openyibao.kernel.errors import Refused


class SlipUnknown(Refused):
    """No slip has this number (没有此拨付单)."""

    code = "SLIP_UNKNOWN"


class SlipMove(Refused):
    """The slip cannot make this move from its state, or not by this person (拨付单状态或办理人不允许)."""

    code = "SLIP_MOVE"


class SlipNotInTurn(Refused):
    """An earlier or a later month of the area stands in the way (未按月份先后)."""

    code = "SLIP_NOT_IN_TURN"


class DeductionRefused(Refused):
    """More is taken off than the settlement still owes, or it owes nothing (审核扣减不成立)."""

    code = "DEDUCTION_REFUSED"


class AdvanceRefused(Refused):
    """Nothing or less than nothing is advanced, or not from such a fund (预付不成立)."""

    code = "ADVANCE_REFUSED"


class AssessmentExists(Refused):
    """The year of this institution is assessed already, or is not over (年度考核已办或未到期)."""

    code = "ASSESSMENT_EXISTS"


class PackUnfit(Refused):
    """The payment pack is of another area, or has no version for a day (支付方式包不适用)."""

    code = "PACK_UNFIT"


class BudgetMissing(Refused):
    """No budget is decided for the year and scheme, or the decision is known already (没有预算或预算重复)."""

    code = "BUDGET_MISSING"


class ClearingRefused(Refused):
    """The year is not over, is cleared already, or stays are left that cannot be priced (不能清算)."""

    code = "CLEARING_REFUSED"


class SpecialUnknown(Refused):
    """No such priced stay of this institution, or no application for it (没有此病例或特例申请)."""

    code = "SPECIAL_UNKNOWN"


class SpecialRefused(Refused):
    """Something speaks against this step of a review; all of it is listed (特例单议不予受理)."""

    code = "SPECIAL_REFUSED"
