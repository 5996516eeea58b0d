"""Files of stays: what is read, which rows are left out, which files are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from openyibao.kernel.errors import Malformed
from openyibao.payment.engine.pack.invented import invent, write_groups, write_stays
from openyibao.payment.engine.pack.stays import GroupOf, read_groups, read_stays

HEAD = "case_id,sex,age,los,leaving,dx,px,total,discharged,year,patient,other,tcm,remote,marks,level\n"
ROWS = """A1,1,60,8,1,I20.000|I10.x05,36.0700,1234.50,2026-03-01,2026,200.00,10,0,0,,tertiary
A2,2,5,0,5,J18.900,,100,2026-03-02,,0,,,1,day_surgery,primary
"""


def write(folder: Path, text: str, name: str = "cases.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_becomes_a_stay(tmp_path: Path) -> None:
    file = read_stays(write(tmp_path, HEAD + ROWS))
    first, second = file.stays
    assert file.faults == []
    assert (first.dx, first.px, first.total_fen, first.pool_by_item_fen) == (
        ("I20.000", "I10.x05"),
        ("36.0700",),
        123_450,
        102_450,
    )
    assert (second.year, second.died, second.remote, second.marks) == (2026, True, True, frozenset({"day_surgery"}))


BAD = [
    ("A3,3,60,8,1,I20,,1,2026-03-01,,,,,,,", "sex"),
    ("A3,1,-1,8,1,I20,,1,2026-03-01,,,,,,,", "age"),
    ("A3,1,60,x,1,I20,,1,2026-03-01,,,,,,,", "los"),
    ("A3,1,60,8,1,,,1,2026-03-01,,,,,,,", "dx"),
    ("A3,1,60,8,1,I20||I21,,1,2026-03-01,,,,,,,", "dx"),
    ("A3,1,60,8,1,I20,,1.234,2026-03-01,,,,,,,", "total"),
    ("A3,1,60,8,1,I20,,-5,2026-03-01,,,,,,,", "total"),
    ("A3,1,60,8,1,I20,,1e3,2026-03-01,,,,,,,", "total"),
    ("A3,1,60,8,1,I20,,99999999999,2026-03-01,,,,,,,", "total"),
    ("A3,1,60,8,1,I20,,1,2026-02-30,,,,,,,", "discharged"),
    ("A3,1,60,8,1,I20,,1,2026-03-01,2025,,,,,,", "year"),
    ("A3,1,60,8,1,I20,,10,2026-03-01,,8,3,,,,", "patient"),
    ("A3,1,60,8,1,I20,,10,2026-03-01,,,,11,,,", "tcm"),
    ("A3,1,60,8,1,I20,,1,2026-03-01,,,,,2,,", "remote"),
    ("A3,1,60,8,1,I20,,1,2026-03-01,,,,,,walk,", "marks"),
    ("A3,1,60,8,1,I20,,1,2026-03-01,,,,,,,galactic", "level"),
    ("A1,1,60,8,1,I20,,1,2026-03-01,,,,,,,", "case_id"),
    (",1,60,8,1,I20,,1,2026-03-01,,,,,,,", "case_id"),
    ("A3,1,60", ""),
    ('"A3,1,60,8,1,I20,,1,2026-03-01,,,,,,,', ""),
    ("A3,1,60,8,1,阑尾炎,,1,2026-03-01,,,,,,,", "dx"),
    ("A3,1,60,8,1,I20,*,1,2026-03-01,,,,,,,", "px"),
]


@pytest.mark.parametrize(
    ("row", "column"), BAD, ids=[f"{column or 'width'} {at}" for at, (_, column) in enumerate(BAD)]
)
def test_a_bad_row_is_left_out_with_its_line_and_the_others_go_on(tmp_path: Path, row: str, column: str) -> None:
    file = read_stays(write(tmp_path, HEAD + ROWS + row + "\n" + ROWS.replace("A1", "B1").replace("A2", "B2")))
    assert [one.case_id for one in file.stays] == ["A1", "A2", "B1", "B2"]
    assert [(fault.line, fault.path) for fault in file.faults] == [(4, column)]
    assert len(file.refused) == 1


def test_quoted_cells_and_line_ends_of_other_systems_are_read(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_bytes(b'\xef\xbb\xbf"case_id",dx,total\r\n"A,1","I20.0|I10",1\r\n')
    (one,) = read_stays(path).stays
    assert (one.case_id, one.dx, one.total_fen) == ("A,1", ("I20.0", "I10"), 100)


def test_every_fault_of_a_row_is_listed(tmp_path: Path) -> None:
    file = read_stays(write(tmp_path, HEAD + "A3,7,999,x,1,,,abc,2026-13-01,,,,,,,\n" + ROWS))
    assert [fault.path for fault in file.faults] == ["sex", "age", "los", "dx", "total", "discharged"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "缺少列"),
        ("case_id,dx\nA,I20\n", "缺少列 total"),
        ("case_id,dx,total,total\nA,I20,1,1\n", "重复"),
        ("case_id,dx,total,cost\nA,I20,1,1\n", "不是本表的列"),
        ("case_id,dx,total\n", "没有数据"),
        ('"case_id,dx,total\nA,I20,1\n', "缺少列"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Malformed, match=said):
        read_stays(write(tmp_path, text))


def test_other_encodings_and_missing_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_bytes("case_id,dx,total\n甲,I20,1\n".encode("gbk"))
    with pytest.raises(Malformed, match="UTF-8"):
        read_stays(path)
    with pytest.raises(Malformed, match="读不到"):
        read_stays(tmp_path / "none.csv")


def test_invented_stays_are_the_same_for_a_seed_and_survive_a_file(tmp_path: Path) -> None:
    made = list(invent(400, (2025, 2026), seed=3))
    assert made == list(invent(400, (2025, 2026), seed=3))
    assert made != list(invent(400, (2025, 2026), seed=4))
    write_stays((one.stay for one in made), tmp_path / "c.csv")
    write_groups(made, tmp_path / "g.csv")
    file = read_stays(tmp_path / "c.csv")
    assert file.faults == []
    assert file.stays == [one.stay for one in made]
    assert read_groups(tmp_path / "g.csv") == {one.stay.case_id: GroupOf(one.drg) for one in made}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "缺少列"),
        ("case_id,name\nA,x\n", "缺少列"),
        ("case_id,drg\nA,x\nA,y\n", "出现两次"),
        ("case_id,drg\nA\n", "有 1 列"),
        ("case_id,group,factor\nA,x,high\n", "不是数"),
    ],
)
def test_damaged_groups_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Malformed, match=said):
        read_groups(write(tmp_path, text))
