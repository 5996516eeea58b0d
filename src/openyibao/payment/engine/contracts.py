"""What goes into a grouper and what comes out: a coded case, its group. Frozen, without any framework."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

GROUPED = "分组成功"
NOT_GROUPED = "无法入组"
AMBIGUOUS = "歧义病案"
CHECK_FAILED = "信息校验不通过"
DIAGNOSIS_NOT_MAPPED = "诊断不能转换为分组器支持的编码"
PROCEDURE_NOT_MAPPED = "手术操作不能转换为分组器支持的编码"
NO_SCHEME = "无适用分组方案"
STATUSES = (
    GROUPED,
    NOT_GROUPED,
    AMBIGUOUS,
    CHECK_FAILED,
    DIAGNOSIS_NOT_MAPPED,
    PROCEDURE_NOT_MAPPED,
    NO_SCHEME,
)
"""Results a case can have (分组状态). The last one only when schemes are chosen by area and day."""

EDITIONS = {"insurance": "医保版", "clinical": "临床版"}
"""Editions of the national code tables (编码版本): the same code may mean something else in the other one."""

Number = int | Decimal


class Case(NamedTuple):
    """One stay as the grouper sees it (病例); None or empty text is "not known".

    sex: 1 male, 2 female. age: whole years; age_days: days, needed at age 0. birth_weight: grams. los: days of stay.
    dept, leaving: department and way of leaving (离院方式) as coded. dx, px: codes of diagnoses and procedures, the
    main one first. Numbers are integers, or decimals made from text where the field allows it; never floats.
    """

    sex: int | None
    age: int | None
    age_days: int | None = None
    birth_weight: Number | None = None
    dept: str = ""
    los: Number | None = None
    leaving: str = ""
    icu_hours: Number | None = None
    dx: tuple[str, ...] = ()
    px: tuple[str, ...] = ()


class Grouping(NamedTuple):
    """What a case is grouped into (分组结果): status, MDC, ADRG, DRG, as the output file has them."""

    status: str
    mdc: str
    adrg: str
    drg: str
