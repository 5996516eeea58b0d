"""What the ledger refuses, and how PostgreSQL's own refusals are told."""

from __future__ import annotations

from openyibao.kernel.errors import Refused, TryAgain

OVERDRAWN = "OY001"
APPEND_ONLY = "OY002"
PERIOD_CLOSED = "OY011"
UNBALANCED = "OY012"
NOT_IN_CHART = "OY013"
LATE_LEG = "OY014"
SEALED = "OY015"
NOT_MIRRORED = "OY016"
ACCOUNT_CLOSED = "OY017"


class AccountOverdrawn(Refused):
    """The personal account holds less than asked (个人账户余额不足)."""

    code = "ACCOUNT_OVERDRAWN"


class AccountNotOpen(Refused):
    """There is no such open personal account in this area (个人账户不存在或已注销)."""

    code = "ACCOUNT_NOT_OPEN"


class AccountAlreadyOpen(Refused):
    """The person has an open account in this area already (个人账户已开立)."""

    code = "ACCOUNT_ALREADY_OPEN"


class AccountNotEmpty(Refused):
    """An account is closed only when nothing is left in it (个人账户尚有余额)."""

    code = "ACCOUNT_NOT_EMPTY"


class PeriodClosed(Refused):
    """The month is closed; post on the day that `open_day` answers (会计期间已结账)."""

    code = "PERIOD_CLOSED"


class PeriodNotClosable(Refused):
    """The month is not over, an earlier one is open, or the books do not bridge (尚不能结账)."""

    code = "PERIOD_NOT_CLOSABLE"


class JournalNotFound(Refused):
    """No such journal (凭证不存在)."""

    code = "JOURNAL_NOT_FOUND"


class AlreadyReversed(Refused):
    """A journal is taken back once, and what takes back is not taken back itself (凭证已冲销)."""

    code = "JOURNAL_ALREADY_REVERSED"


class JournalRefused(Refused):
    """The journal breaks a rule of the books: unbalanced, unknown account, legs added later (凭证不合规)."""

    code = "JOURNAL_REFUSED"


class TemplateMisused(Refused):
    """The amounts or parties do not fit the posting template (分录模板用法有误)."""

    code = "LEDGER_TEMPLATE_MISUSED"


class InterestRateMissing(Refused):
    """No interest rate is on file for the area and year (缺少计息利率)."""

    code = "INTEREST_RATE_MISSING"


class SealInProgress(TryAgain):
    """The day was being sealed meanwhile; the same posting may be repeated (正在封存，请重试)."""

    code = "LEDGER_SEALING"


def refusal_of(problem: BaseException) -> Refused | TryAgain | None:
    """The answer to a database error, or None when it is not one of the ledger's own refusals.

    Args: problem, Django's or psycopg's error; its `sqlstate` is looked up along the causes.
    """
    seen: BaseException | None = problem
    while seen is not None:
        state = getattr(seen, "sqlstate", None)
        if state is not None:
            return _answer(state, str(seen))
        seen = seen.__cause__
    return None


def _answer(state: str, text: str) -> Refused | TryAgain | None:
    said = text.splitlines()[0] if text else ""
    if state == OVERDRAWN:
        return AccountOverdrawn("个人账户余额不足", hint="减少账户支付，或改用现金", database=said)
    if state == ACCOUNT_CLOSED:
        return AccountNotOpen("个人账户不存在、已注销或不属于本统筹区", hint="核对账户后重办", database=said)
    if state == PERIOD_CLOSED:
        return PeriodClosed("该会计期间已结账", hint="记入未结账的月份", database=said)
    if state == SEALED:
        return SealInProgress("账目正在封存", hint="以同一报文重试", database=said)
    if state == "23505" and "ledger_journal_reverses" in text:
        return AlreadyReversed("该凭证已冲销", hint="不需再次冲销", database=said)
    if state in (APPEND_ONLY, UNBALANCED, NOT_IN_CHART, LATE_LEG, NOT_MIRRORED):
        return JournalRefused("凭证不合账务规则", hint="核对科目、基金、对象与借贷", database=said)
    return None
