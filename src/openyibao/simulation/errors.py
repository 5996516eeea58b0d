"""What can go wrong when a dataset is settled again."""

from __future__ import annotations

from openyibao.kernel.errors import Refused, TryAgain


class VisitsRefused(Refused):
    """Visits of the dataset meet no policy, or one without its figure; nothing was written (有就诊无政策可依)."""

    code = "VISITS_REFUSED"


class RunTaken(TryAgain):
    """Another process is settling this dataset now (另一进程正在重算)."""

    code = "RUN_TAKEN"


class EngineMissing(Refused):
    """The engine asked for is not installed here (计算引擎未安装)."""

    code = "ENGINE_MISSING"


class EngineFailed(TryAgain):
    """The engine did not start, or gave up its job (计算引擎失败)."""

    code = "ENGINE_FAILED"
