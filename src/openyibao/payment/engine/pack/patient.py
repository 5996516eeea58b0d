"""The patient side (个人与其他支付): the fund owes the standard less what the patient and other payers bore.

The difference between standard and bill touches only the basic pool: the patient's part and every other payer stay as
they were settled. When they bore more than the standard, the pack's rule for a negative share holds.
"""

from __future__ import annotations

from openyibao.payment.engine.pack.terms import NEGATIVE


def fund_share(standard_fen: int, patient_fen: int, other_fen: int, rule: str, status: str) -> tuple[int, str, str]:
    """What the basic pool pays for one stay, the stay's status, and what has to be said about it.

    Args: rule is `zero` (the pool pays nothing, the institution keeps what was paid beyond the standard), `offset`
    (the negative amount reduces what the institution gets for others) or `refuse` (paid only after a person looked).
    """
    fund = standard_fen - patient_fen - other_fen
    if fund >= 0 or rule == "offset":
        return fund, status, "" if fund >= 0 else NEGATIVE["offset"]
    if rule == "zero":
        return 0, status, NEGATIVE["zero"]
    return 0, "refused", NEGATIVE["refuse"]
