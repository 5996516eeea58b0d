"""Damaged catalogue files: each damage is found with its line and column, all at once, and nothing is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from openyibao.catalogue import facade
from openyibao.foundation import sql
from openyibao.kernel import csv_file
from openyibao.kernel.errors import Malformed
from tests.catalogue.files import AT, COLUMNS, items, row
from tests.support.actors import SYSTEM

pytestmark = pytest.mark.usefixtures("db")
CELLS = {
    "unknown class": (row(class_="D"), "class"),
    "unknown kind": (row(kind="gadget"), "kind"),
    "unknown charge type": (row(charge_type="15"), "charge_type"),
    "charge type of another kind": (row(charge_type="06"), "charge_type"),
    "ratio above one": (row(own_ratio="1.2"), "own_ratio"),
    "ratio below nought": (row(own_ratio="-0.1"), "own_ratio"),
    "ratio of five decimals": (row(own_ratio="0.12345"), "own_ratio"),
    "ratio as a percentage": (row(own_ratio="10%"), "own_ratio"),
    "ratio with an exponent": (row(own_ratio="1e-1"), "own_ratio"),
    "class A that is not paid in full": (row(class_="A"), "own_ratio"),
    "class C that is paid": (row(class_="C"), "own_ratio"),
    "exception ratio of class B": (row(exception_ratio="0.2"), "exception_ratio"),
    "negative price": (row(price="-3"), "price"),
    "price of seven decimals": (row(price="0.1234567"), "price"),
    "price with commas": ('"X1",' + row(price='"1,200"').partition(",")[2], "price"),
    "price of full-width digits": (row(price="１２"), "price"),
    "price too large": (row(price="12345678901"), "price"),
    "ceiling that is no number": (row(ceiling="面议"), "ceiling"),
    "ceiling of a level that is negative": (row(ceiling_secondary="-1"), "ceiling_secondary"),
    "code missing": (row(code=""), "code"),
    "code with a slash": (row(code="X/1"), "code"),
    "code too long": (row(code="X" * 31), "code"),
    "name missing": (row(name=""), "name"),
    "name too long": (row(name="药" * 201), "name"),
    "flag that is a word": (row(herb="是"), "herb"),
    "herb that is a service": (row(kind="service", charge_type="05", herb="1"), "herb"),
    "negotiated of class C": (row(class_="C", own_ratio="1", negotiated="1"), "negotiated"),
    "special within the list": (row(special="1"), "special"),
    "area nobody knows": (row(area="371599"), "area"),
    "area that is a county": (row(area="371502"), "area"),
    "day that does not exist": (row(from_="2024-02-30"), "from"),
    "day written otherwise": (row(from_="2024/1/1"), "from"),
    "day of another age": (row(from_="1024-01-01"), "from"),
    "last day before the first": (row(until="2023-12-31"), "until"),
    "source missing": (row(source=""), "source"),
    "unknown certainty": (row(certainty="sure"), "certainty"),
    "space at the end": (row(unit="片 "), "unit"),
    "full-width space in front": (row(name="　药"), "name"),
    "lost characters": (row(name="药\ufffd"), "name"),
    "zero-width character": (row(name="药\u200b片"), "name"),
    "NUL": (row(name="药\x00"), "name"),
    "mark of another file in the middle": ("\ufeff" + row(), "code"),
    "carriage return within": (row(name="药\r片"), "name"),
    "open quotation mark": (row(name='"药'), "name"),
    "text after a quotation": (row(name='"药"片'), "name"),
    "one cell too many": (row() + ",", "certainty"),
    "one cell too few": (row().rpartition(",")[0], "certainty"),
}


def damage(path: Path, kind: str = "item") -> list[tuple[int, str]]:
    """Line and column of every fault; that nothing was loaded is part of it."""
    before = sql.one("SELECT (SELECT count(*) FROM catalogue_item), (SELECT number FROM catalogue_version)")
    with pytest.raises(Malformed) as caught:
        facade.load_csv(SYSTEM, kind, path, AT)
    after = sql.one("SELECT (SELECT count(*) FROM catalogue_item), (SELECT number FROM catalogue_version)")
    assert before == after
    assert all(fault.file == path.name and fault.wrong for fault in caught.value.faults)
    return [(fault.line, fault.path) for fault in caught.value.faults]


@pytest.mark.parametrize("what", CELLS)
def test_each_damage_is_found_where_it_is(what: str, tmp_path: Path) -> None:
    line, column = CELLS[what]
    good = (row(code=f"XGOOD{n}") for n in range(2))
    assert damage(items(tmp_path, next(good), line, next(good))) == [(3, column)]


def test_every_damage_is_told_at_once(tmp_path: Path) -> None:
    lines = [line.replace("XTEST00001", f"XALL{n}") for n, (line, _) in enumerate(CELLS.values())]
    found = damage(items(tmp_path, *lines))
    assert found == [(n, column) for n, (_, column) in enumerate(CELLS.values(), 2)]


def test_wrong_encoding_is_told_by_line_and_column(tmp_path: Path) -> None:
    path = items(tmp_path, row())
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:2], row(code="XGBK").encode("gbk"), row(code="XOK").encode(), b""]))
    assert damage(path) == [(3, "name")]
    path.write_bytes(path.read_text("utf-8", "ignore").encode("utf-16"))
    assert damage(path) == [(1, "")]


def test_the_mark_a_spreadsheet_puts_in_front_is_accepted(tmp_path: Path) -> None:
    path = items(tmp_path, row(code="XBOM1"), row(code="XBOM2"))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert facade.load_csv(SYSTEM, "item", path, AT).added == 2


def test_empty_lines_are_told(tmp_path: Path) -> None:
    path = items(tmp_path, row(code="XE1"), "", "," * (len(COLUMNS) - 1), row(code="XE2"), "")
    assert damage(path) == [(3, ""), (4, ""), (6, "")]


def test_the_head_is_checked(tmp_path: Path) -> None:
    head = ",".join(COLUMNS).replace("own_ratio,", "ratio,").replace("source,", "name,")
    assert damage(items(tmp_path, row(), head=head)) == [(1, "name"), (1, "own_ratio"), (1, "ratio"), (1, "source")]


def test_empty_files_and_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    assert damage(path) == [(0, "")]
    path.write_bytes(b"")
    assert damage(path) == [(1, "")]
    assert damage(items(tmp_path)) == [(2, "")]
    assert damage(tmp_path) == [(0, "")]


def test_size_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = items(tmp_path, *(row(code=f"XS{n}") for n in range(5)))
    monkeypatch.setattr(csv_file, "MOST_LINES", 5)
    assert damage(path) == [(0, "")]
    monkeypatch.setattr(csv_file, "MOST_BYTES", 100)
    assert damage(path) == [(0, "")]


def test_rows_that_repeat_or_overlap(tmp_path: Path) -> None:
    found = damage(
        items(
            tmp_path,
            row(code="XD1"),
            row(code="XD1"),
            row(code="XD2"),
            row(code="XD2", from_="2025-01-01", own_ratio="0.2"),
            row(code="XD2", from_="2025-01-01", area="370000"),
            row(code="XD3", until="2024-12-31"),
            row(code="XD3", from_="2025-01-01"),
            row(code="XD4"),
            row(code="XD4", area="371500", kind="preparation"),
        )
    )
    assert found == [(3, "code"), (5, "from"), (10, "kind")]


def test_a_kind_of_file_nobody_knows(tmp_path: Path) -> None:
    assert damage(items(tmp_path, row()), "drugs") == [(0, "kind")]


@pytest.mark.parametrize(
    ("kind", "code"),
    [("diagnosis", "10.I"), ("diagnosis", "I10 "), ("operation", "4.7"), ("chronic", "M123"), ("two_disease", "I10")],
)
def test_codes_have_the_shape_of_their_kind(kind: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text(
        f"code,name,aliases,from,until,source,certainty\n{code},名称,,2024-01-01,,试验,invented\n", encoding="utf-8"
    )
    assert damage(path, kind) == [(2, "code")]
