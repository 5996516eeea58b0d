"""What the catalogue refuses."""

from __future__ import annotations

from openyibao.kernel.errors import Refused


class CodeUnknown(Refused):
    """No such diagnosis, operation or disease on that day (目录中没有此编码)."""

    code = "CODE_UNKNOWN"


class ItemUnknown(Refused):
    """No such item for that area and day (三目录中没有此项目)."""

    code = "ITEM_UNKNOWN"


class MatchConflict(Refused):
    """An institution's own code already stands for another item from a later day (本地目录对应有冲突)."""

    code = "MATCH_CONFLICT"


class QueryTooWide(Refused):
    """A page number or size that is not offered (查询页超出范围)."""

    code = "QUERY_TOO_WIDE"
