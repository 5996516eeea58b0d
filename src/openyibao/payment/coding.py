"""From an accepted settlement list (结算清单, 4101) to a coded case and a stay to be priced.

What the list does not say is taken from the platform: age and sex from the person's record, days from the stay. The
main diagnosis is the Western one that is marked; Chinese-medicine diagnoses (diag_type 2, 3) are not grouped by.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from openyibao.payment.case_store import CaseRow
from openyibao.payment.engine.contracts import Case
from openyibao.payment.engine.pack.pricing import Priced
from openyibao.payment.engine.pack.stays import Stay
from openyibao.settlement.contracts import ListedStay

_WESTERN = "1"
_NEWBORN_DAYS = 365


def case_of(listed: ListedStay) -> Case:
    """The case as a grouper reads it (病例)."""
    header = _header(listed)
    age = _years(listed.born_on, listed.admitted_on)
    days = (listed.admitted_on - listed.born_on).days
    return Case(
        sex=int(listed.gender) if listed.gender in ("1", "2") else None,
        age=age,
        age_days=days if days <= _NEWBORN_DAYS else None,
        birth_weight=_whole(header.get("nwb_bir_wt")),
        dept=str(header.get("dscg_caty") or ""),
        los=days_of(listed),
        leaving=str(header.get("dscg_way") or ""),
        dx=_diagnoses(listed.body),
        px=_procedures(listed.body),
    )


def stay_of(listed: ListedStay, case: Case, level: str, *, remote: bool) -> Stay:
    """The stay as a payment pack prices it (住院病例); fen as settled."""
    header = _header(listed)
    return Stay(
        case_id=listed.settlement_no,
        dx=case.dx,
        px=case.px,
        total_fen=listed.total_fen,
        los=days_of(listed),
        age=case.age,
        sex=case.sex,
        leaving=case.leaving,
        dept=case.dept,
        year=listed.discharged_on.year,
        discharged=listed.discharged_on.isoformat(),
        institution=listed.institution_code,
        level=level,
        scheme=listed.scheme,
        patient_fen=listed.patient_fen,
        other_fen=listed.total_fen - listed.pool_fen - listed.patient_fen,
        remote=remote,
        doctor=str(header.get("chfpdr_code") or ""),
        age_days=case.age_days,
        birth_weight=int(case.birth_weight) if case.birth_weight is not None else None,
    )


def as_priced(row: CaseRow, facts: Mapping[str, Any] | None = None) -> Priced:
    """A stored stay as the engine knows it, with what was coded of it where that is opened (`facts`)."""
    coded = facts["case"] if facts is not None else {}
    stay = Stay(
        case_id=row.settlement_no,
        dx=tuple(coded.get("dx") or ("",)),
        px=tuple(coded.get("px") or ()),
        los=int(coded.get("los") or 1),
        leaving=coded.get("leaving") or "1",
        dept=coded.get("dept") or "",
        doctor=facts["doctor"] if facts is not None else "",
        total_fen=row.total_fen,
        year=row.discharged_on.year,
        discharged=row.discharged_on.isoformat(),
        institution=row.institution_code,
        level=row.level,
        scheme=row.scheme,
        patient_fen=row.patient_fen,
        other_fen=row.other_fen,
        remote=row.status == "outside",
    )
    return Priced(
        stay,
        row.group,
        row.method,
        row.status,
        row.floating,
        row.units,
        row.points,
        row.standard_fen,
        row.patient_fen,
        row.other_fen,
        row.fund_fen,
    )


def days_of(listed: ListedStay) -> int:
    """Days in hospital: as stated, else from the days of admission and discharge; a stay within a day counts one."""
    stated = _whole(_header(listed).get("act_ipt_days"))
    return stated if stated is not None else max((listed.discharged_on - listed.admitted_on).days, 1)


def _header(listed: ListedStay) -> Mapping[str, Any]:
    return listed.body.get("setlinfo") or {}


def _diagnoses(body: Mapping[str, Any]) -> tuple[str, ...]:
    rows = [row for row in body.get("diseinfo") or () if str(row.get("diag_type") or _WESTERN) == _WESTERN]
    rows.sort(key=lambda row: str(row.get("maindiag_flag")) != "1")
    return tuple(str(row["diag_code"]) for row in rows if row.get("diag_code"))


def _procedures(body: Mapping[str, Any]) -> tuple[str, ...]:
    rows = list(body.get("oprninfo") or ())
    rows.sort(key=lambda row: str(row.get("oprn_oprt_type")) != "1")
    return tuple(str(row["oprn_oprt_code"]) for row in rows if row.get("oprn_oprt_code"))


def _years(born_on: date, day: date) -> int:
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def _whole(stated: object) -> int | None:
    """A whole number as a list may write it (3200, "3200", "3200.00"); None where it says nothing or nonsense."""
    text = str(stated if stated is not None else "").strip()
    whole, _, rest = text.partition(".")
    return int(whole) if whole.isascii() and whole.isdigit() and len(whole) < 7 and not rest.strip("0") else None
