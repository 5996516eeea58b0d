"""What the settlement room refuses, each with its stable code."""

from __future__ import annotations

from openyibao.kernel.errors import Refused


class VisitUnknown(Refused):
    """No such visit of this person at this institution (就诊不存在)."""

    code = "VISIT_UNKNOWN"


class MoveRefused(Refused):
    """The visit's state does not allow this step (状态不允许); `code` says which step is missing or too late."""

    code = "MOVE_REFUSED"

    def __init__(self, code: str, message: str, *, hint: str = "", **details: object) -> None:
        super().__init__(message, hint=hint, **details)
        self.code = code


class NotMapped(Refused):
    """Insurance type and visit type name no benefit (险种与医疗类别没有对应的待遇)."""

    code = "BENEFIT_NOT_MAPPED"


class AreaDiffers(Refused):
    """The caller's area of insurance is not the person's (参保地不符)."""

    code = "INSURED_AREA_DIFFERS"


class IdentityDiffers(Refused):
    """The identity stated is not that of the person's number (身份信息不符)."""

    code = "IDENTITY_MISMATCH"


class LinesRefused(Refused):
    """Fee lines that cannot be taken; the message lists every one with its number (明细有误)."""

    code = "LINES_REFUSED"


class TotalsDiffer(Refused):
    """The caller's totals are not the platform's (金额与明细不符); lists each with both values."""

    code = "TOTALS_DIFFER"


class NothingToSettle(Refused):
    """No unsettled line under this batch or stay (没有可结算的明细)."""

    code = "NOTHING_TO_SETTLE"


class SettlementUnknown(Refused):
    """No such settlement of this visit (结算不存在)."""

    code = "SETTLEMENT_UNKNOWN"


class AlreadyCancelled(Refused):
    """The settlement was cancelled before (结算已撤销)."""

    code = "ALREADY_CANCELLED"


class LaterSettlement(Refused):
    """Later settlements of the same person-year stand in the way (有后续结算); lists them."""

    code = "LATER_SETTLEMENT"


class DateRefused(Refused):
    """The date is in the future or before the visit began (日期不当)."""

    code = "DATE_REFUSED"


class FilingMissing(Refused):
    """The benefit needs a valid filing and there is none (缺少备案)."""

    code = "FILING_MISSING"


class ListRefused(Refused):
    """The settlement list does not fit the settlement it names (结算清单与结算不符); lists every difference."""

    code = "SETTLEMENT_LIST_REFUSED"
