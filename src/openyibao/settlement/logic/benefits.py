"""Which benefit a visit claims (险种 × 医疗类别 → 待遇): an explicit table; what is not in it is refused."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from openyibao.settlement.errors import NotMapped

INPATIENT_BENEFITS = {"inpatient", "delivery"}
PSN_TYPES = {"active": "11", "retired": "12", "child": "14", "student": "1404", "adult": "15"}
"""psn_type of a status, in the codes used in Shandong."""
INSUTYPES = {"employee": "310", "resident": "390", "retired_cadre": "340", "disabled_serviceman": "350"}
SCHEMES = {code: scheme for scheme, code in INSUTYPES.items()}


@cache
def _table() -> dict[tuple[str, str], str]:
    text = (files("openyibao.settlement") / "data" / "benefits.csv").read_text(encoding="utf-8")
    return {(row["insutype"], row["med_type"]): row["benefit"] for row in csv.DictReader(text.splitlines())}


def benefit_of(insutype: str, med_type: str, *, inpatient: bool) -> str:
    """The benefit (待遇类别) of an insurance type and visit type. Raises: NotMapped."""
    found = _table().get((insutype, med_type))
    if found is None:
        raise NotMapped(
            f"险种 {insutype} 与医疗类别 {med_type} 没有对应的待遇",
            hint="核对 insutype 与 med_type；对应表见文档“险种与医疗类别”",
            insutype=insutype,
            med_type=med_type,
        )
    if inpatient != (found in INPATIENT_BENEFITS):
        raise NotMapped(
            f"医疗类别 {med_type} 不能用于{'住院' if inpatient else '门诊'}",
            hint="住院类医疗类别走 24xx、23xx，门诊类走 22xx",
            med_type=med_type,
        )
    return found


def scheme_of(insutype: str) -> str:
    """The scheme of an insurance type. Raises: NotMapped."""
    if insutype not in SCHEMES:
        raise NotMapped(f"险种 {insutype} 不在本平台结算", hint="职工 310、居民 390、离休 340、残疾军人 350")
    return SCHEMES[insutype]
