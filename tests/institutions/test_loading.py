"""The institutions' file: all or nothing, again without change, every damage with its line and column."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from openyibao.foundation import sql
from openyibao.foundation.actors import NotPermitted
from openyibao.institutions import facade
from openyibao.institutions.columns import COLUMNS
from openyibao.institutions.contracts import Decision
from openyibao.kernel.errors import Malformed
from tests.support.actors import actor

pytestmark = pytest.mark.usefixtures("db")
AT = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
AGENCY = actor("agency")
GOOD = {
    "code": "H37150011111",
    "name": "装载医院",
    "kind": "hospital",
    "uscc": "12371500MB11111111",
    "area": "371502",
    "level": "secondary",
    "hosp_lv": "5",
    "from": "2020-01-01",
    "agreements": "basic|chronic",
    "agreement_no": "协议2020",
    "agreement_from": "2020-01-01",
    "agreement_until": "2029-12-31",
}


def row(**changes: str) -> str:
    cells = GOOD | {name.rstrip("_"): value for name, value in changes.items()}
    return ",".join(cells[column.name] for column in COLUMNS)


def file(folder: Path, *rows: str) -> Path:
    path = folder / "institutions.csv"
    path.write_text("\n".join([",".join(c.name for c in COLUMNS), *rows]) + "\n", encoding="utf-8")
    return path


def held() -> tuple[object, ...] | None:
    return sql.one(
        "SELECT (SELECT count(*) FROM institutions_institution), (SELECT count(*) FROM institutions_profile), "
        "(SELECT count(*) FROM institutions_agreement), (SELECT sum(version) FROM institutions_institution)"
    )


def test_a_file_loads_once_and_changes_levels_later(tmp_path: Path) -> None:
    pharmacy = row(code="P37150011112", kind="pharmacy", level="pharmacy", hosp_lv="", agreements="basic")
    bare = row(code="H37150011113", agreements="", agreement_no="", agreement_from="", agreement_until="")
    report = facade.load_csv(AGENCY, file(tmp_path, row(), pharmacy, bare), AT)
    assert (report.rows, report.registered, report.agreements_signed, report.unchanged) == (3, 3, 3, 0)
    was = held()
    report = facade.load_csv(AGENCY, file(tmp_path, row(), pharmacy, bare), AT)
    assert (report.registered, report.agreements_signed, report.unchanged) == (0, 0, 3)
    assert held() == was
    report = facade.load_csv(AGENCY, file(tmp_path, row(level="tertiary", hosp_lv="3", from_="2025-01-01")), AT)
    assert (report.levels_changed, report.agreements_signed, report.unchanged) == (1, 0, 0)
    institution = facade.institution("H37150011111")
    assert [institution.level_on(date(y, 12, 31)) for y in (2024, 2025)] == ["secondary", "tertiary"]
    assert institution.agreement_on(date(2029, 12, 31), "chronic").until == date(2030, 1, 1)
    ended = Decision(date(2026, 2, 1), "主动申请", "申请1")
    facade.end_agreement(AGENCY, "H37150011111", "basic", ended, AT)
    assert facade.load_csv(AGENCY, file(tmp_path, row()), AT).unchanged == 1  # what was ended stays ended


CELLS = {
    "code of another shape": (row(code="H3715"), "code"),
    "code of a pharmacy": (row(code="P37150022222"), "code"),
    "unknown kind": (row(kind="shop"), "kind"),
    "code of credit too short": (row(uscc="12371500"), "uscc"),
    "small letters": (row(uscc="12371500mb11111111"), "uscc"),
    "unknown area": (row(area="371599"), "area"),
    "unknown level": (row(level="top"), "level"),
    "national level of another": (row(hosp_lv="2"), "hosp_lv"),
    "national level unknown": (row(hosp_lv="99"), "hosp_lv"),
    "national level missing": (row(hosp_lv=""), "hosp_lv"),
    "hospital as a pharmacy": (row(level="pharmacy", hosp_lv=""), "level"),
    "name missing": (row(name=""), "name"),
    "day wrong": (row(from_="2020-13-01"), "from"),
    "unknown agreement": (row(agreements="basic|lunch"), "agreements"),
    "agreement twice": (row(agreements="basic|basic"), "agreements"),
    "number missing": (row(agreement_no=""), "agreement_no"),
    "first day missing": (row(agreement_from=""), "agreement_from"),
    "agreement without a kind": (row(agreements="", agreement_from="", agreement_until=""), "agreements"),
    "ends before it begins": (row(agreement_until="2019-12-31"), "agreement_until"),
    "space": (row(name=" 医院"), "name"),
    "quotation": (row(name='"医院'), "name"),
    "too many cells": (row() + ",1", "agreement_until"),
    "too few cells": (row().rpartition(",")[0], "agreement_until"),
    "empty line": ("", ""),
}


@pytest.mark.parametrize("what", CELLS)
def test_each_damage_is_found_where_it_is(what: str, tmp_path: Path) -> None:
    line, column = CELLS[what]
    was = held()
    path = file(tmp_path, row(code="H37150033331"), line.replace("H37150011111", "H37150033332"))
    with pytest.raises(Malformed) as caught:
        facade.load_csv(AGENCY, path, AT)
    assert [(fault.line, fault.path) for fault in caught.value.faults] == [(3, column)]
    assert held() == was


def test_what_is_stored_is_not_contradicted(tmp_path: Path) -> None:
    code = "H37150044444"
    facade.load_csv(AGENCY, file(tmp_path, row(code=code)), AT)
    was = held()
    other = row(code=code, uscc="12371500MB99999999", area="371500", level="primary", hosp_lv="8", from_="2019-01-01")
    overlap = row(code=code, agreement_no="协议2025", agreement_from="2025-01-01")
    for line, wanted in ((other, [(2, "area"), (2, "from"), (2, "uscc")]), (overlap, [(2, "agreement_from")])):
        with pytest.raises(Malformed) as caught:
            facade.load_csv(AGENCY, file(tmp_path, line), AT)
        assert [(f.line, f.path) for f in caught.value.faults] == wanted
    with pytest.raises(Malformed) as caught:
        facade.load_csv(AGENCY, file(tmp_path, row(code=code), row(code=code)), AT)
    assert [(f.line, f.path) for f in caught.value.faults] == [(3, "code")]
    assert held() == was


def test_only_the_agency_of_the_area_loads(tmp_path: Path) -> None:
    path = file(tmp_path, row(code="H37150055555"))
    for other in (actor("bureau"), actor("catalogue"), actor("institution"), actor("agency", "371521")):
        with pytest.raises(NotPermitted):
            facade.load_csv(other, path, AT)
    assert facade.load_csv(actor("agency", "371502"), path, AT).registered == 1
