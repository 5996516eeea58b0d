"""What the payment room refuses, each with a stable code."""

from __future__ import annotations

from openyibao.kernel.errors import Refused


class SchemeUnknown(Refused):
    """No folder with the tables of a grouping scheme stands there (查无分组方案)."""

    code = "DRG_SCHEME_UNKNOWN"


class SchemeMissing(Refused):
    """No grouping scheme is in force for the area on the day (无适用分组方案)."""

    code = "DRG_SCHEME_MISSING"


class EditionDiffers(Refused):
    """The cases are coded in another edition than the scheme, and nothing declared converts them (编码版本不符)."""

    code = "DRG_EDITION_DIFFERS"


class MapMissing(Refused):
    """Code mapping was asked for and the scheme has no map (方案没有编码对照表)."""

    code = "DRG_MAP_MISSING"


class CaseUnknown(Refused):
    """The file has no case of this number (查无此病例)."""

    code = "DRG_CASE_UNKNOWN"
