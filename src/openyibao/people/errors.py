"""What the people room refuses, each with a stable code and text that says what to do."""

from __future__ import annotations

from openyibao.kernel.errors import Refused, TryAgain


class CoverageNotActive(Refused):
    """No coverage that pays on this day: never insured, ended, suspended or deceased (参保状态不正常)."""

    code = "COVERAGE_NOT_ACTIVE"


class CoverageWaiting(CoverageNotActive):
    """Insured, but benefits begin later (待遇等待期)."""

    code = "COVERAGE_WAITING"


class CoverageOverlap(Refused):
    """The days asked for are covered already; nobody is insured twice (重复参保)."""

    code = "COVERAGE_OVERLAP"


class PersonUnknown(Refused):
    """Nobody has this number or this identity document (查无此人)."""

    code = "PERSON_UNKNOWN"


class IdentityMismatch(Refused):
    """The name does not belong to the identity document (姓名与证件不符)."""

    code = "IDENTITY_MISMATCH"


class DuplicatePerson(Refused):
    """This identity document is registered already (重复登记)."""

    code = "DUPLICATE_PERSON"


class PersonDeceased(Refused):
    """Nothing begins after a person's death (人员已死亡)."""

    code = "PERSON_DECEASED"


class EmployerUnknown(Refused):
    """No employer has this number (查无此单位)."""

    code = "EMPLOYER_UNKNOWN"


class FilingMissing(Refused):
    """The filing asked for does not exist, or is not in the state the step needs (备案不存在或状态不符)."""

    code = "FILING_MISSING"


class FilingExists(Refused):
    """An open filing of the same kind covers these days (重复备案)."""

    code = "FILING_EXISTS"


class RecordMissing(Refused):
    """The membership, authorisation, contribution or transfer asked for does not exist (无此记录)."""

    code = "RECORD_MISSING"


class RecordExists(Refused):
    """The same membership or authorisation holds on these days already (记录重复)."""

    code = "RECORD_EXISTS"


class AccountMissing(Refused):
    """The person has no personal account in this pooling area (无个人账户)."""

    code = "ACCOUNT_MISSING"


class AccountNotAllowed(Refused):
    """This coverage has no personal account: pool only, or not of the employee scheme (不建个人账户)."""

    code = "ACCOUNT_NOT_ALLOWED"


class ContributionDiffers(Refused):
    """The period is posted already with other amounts (缴费记录不一致)."""

    code = "CONTRIBUTION_DIFFERS"


class TransferDiffers(Refused):
    """What arrives is not what left: months or balance differ, or the slip is used (转移接续不一致)."""

    code = "TRANSFER_DIFFERS"


class NotDoneHere(Refused):
    """The request contradicts the state of the record (业务不可办理)."""

    code = "NOT_DONE_HERE"


class PersonBusy(TryAgain):
    """Somebody changed the same person at the same moment (人员正在办理业务)."""

    code = "PERSON_BUSY"
