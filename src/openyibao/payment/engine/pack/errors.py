"""What payment by packs refuses, each with a stable code."""

from __future__ import annotations

from openyibao.kernel.errors import Refused


class PackMissing(Refused):
    """No version of the pack is in force on the day (无适用支付方式包)."""

    code = "PACK_MISSING"


class NoMethodTakes(Refused):
    """No method of the pack takes the stay (无适用支付方式)."""

    code = "PACK_NO_METHOD"


class UnitMissing(Refused):
    """The table has no weight, score or price for the group (病组无权重或分值)."""

    code = "PACK_UNIT_MISSING"


class CoefficientMissing(Refused):
    """No coefficient is stated for the institution or its level (机构系数缺失)."""

    code = "PACK_COEFFICIENT_MISSING"


class PriceMissing(Refused):
    """No rate, point value or mean is stated for the scheme or level (费率缺失)."""

    code = "PACK_PRICE_MISSING"


class NegativeShare(Refused):
    """Patient and other payers bore more than the standard, and the pack pays nothing then (统筹应付为负数)."""

    code = "PACK_NEGATIVE_SHARE"


class BudgetTooSmall(Refused):
    """What is fixed already exceeds what may be distributed (预算不足)."""

    code = "PACK_BUDGET_TOO_SMALL"


class NothingToShareBy(Refused):
    """There is money to share out, and nobody has anything it could be shared by (没有可分配的依据)."""

    code = "PACK_NO_SHARE"


class ReviewRefused(Refused):
    """The move is not open to a special case in its state, or breaks a rule (特例单议不允许此操作)."""

    code = "SPECIAL_REVIEW_REFUSED"


class StayUnknown(Refused):
    """The file has no stay of this number (查无此病例)."""

    code = "PACK_STAY_UNKNOWN"
