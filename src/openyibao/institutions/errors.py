"""What the institutions' room refuses."""

from __future__ import annotations

from openyibao.kernel.errors import Refused


class InstitutionUnknown(Refused):
    """No institution has this code (没有此定点机构)."""

    code = "INSTITUTION_UNKNOWN"


class InstitutionExists(Refused):
    """The code is registered already, with other particulars (机构编号已登记)."""

    code = "INSTITUTION_EXISTS"


class ProfileUnknown(Refused):
    """Nothing is recorded of the institution's level on that day (该日没有机构级别)."""

    code = "PROFILE_UNKNOWN"


class ProfileConflict(Refused):
    """A profile from that day or a later one is recorded already (机构级别日期有冲突)."""

    code = "PROFILE_CONFLICT"


class AgreementNotActive(Refused):
    """No agreement of the kind is active that day: none, suspended, ended or not yet begun (协议不在履行中)."""

    code = "AGREEMENT_NOT_ACTIVE"


class AgreementOverlap(Refused):
    """Another agreement of the kind covers some of these days (协议期间重叠)."""

    code = "AGREEMENT_OVERLAP"


class AgreementMove(Refused):
    """The agreement cannot make this move from its state, or not on that day (协议状态不允许)."""

    code = "AGREEMENT_MOVE"


class PenaltyUnfit(Refused):
    """The penalty lacks what its kind needs, was entered before, or orders something else (处罚不符)."""

    code = "PENALTY_UNFIT"


class StaffUnknown(Refused):
    """No such department or physician at the institution (没有此科室或医师)."""

    code = "STAFF_UNKNOWN"


class StaffConflict(Refused):
    """The department or physician is registered already, or its status has a later change (科室或医师登记有冲突)."""

    code = "STAFF_CONFLICT"
