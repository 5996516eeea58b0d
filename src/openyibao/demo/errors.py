"""What the demo data refuses."""

from __future__ import annotations

from openyibao.kernel.errors import Refused


class NotSandbox(Refused):
    """The database is not marked as a sandbox (不是沙箱)."""

    code = "NOT_SANDBOX"


class NotEmptyForDemo(Refused):
    """Somebody is in the database already (数据库不是空的)."""

    code = "NOT_EMPTY_FOR_DEMO"
