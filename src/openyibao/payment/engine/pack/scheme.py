"""Groups of stays by a DRG scheme (按分组方案入组): the stay as the grouper sees it, and the grouper's answer."""

from __future__ import annotations

from collections.abc import Iterable

from openyibao.payment.engine.contracts import GROUPED, Case
from openyibao.payment.engine.facade import load_grouper, scheme_folder
from openyibao.payment.engine.pack.stays import GroupOf, Stay


def case_of(stay: Stay) -> Case:
    """The facts of a stay that decide its group."""
    return Case(
        sex=stay.sex,
        age=stay.age,
        age_days=stay.age_days,
        birth_weight=stay.birth_weight,
        dept=stay.dept,
        los=stay.los,
        leaving=stay.leaving,
        icu_hours=stay.icu_hours,
        dx=stay.dx,
        px=stay.px,
    )


def drg_groups(scheme: str, stays: Iterable[Stay]) -> dict[str, GroupOf]:
    """Groups of stays by a scheme, a folder or one that comes with the program; none where the scheme has none.

    Raises: SchemeUnknown.
    """
    group = load_grouper(scheme_folder(scheme)).group
    found = {}
    for stay in stays:
        grouping = group(case_of(stay))
        found[stay.case_id] = GroupOf(grouping.drg if grouping.status == GROUPED else "")
    return found
