"""The tables and parameters of DIP: what is read, and that every fault is listed."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from openyibao.kernel.errors import Malformed
from openyibao.payment.engine.dip.params import default_parameters, load_parameters
from openyibao.payment.engine.dip.tables import Procedure

PARAMETERS = load_parameters()


def copied(folder: Path) -> Path:
    """The parameters that come with the program, in a folder of their own."""
    shutil.copytree(default_parameters().parent, folder / "dip")
    return folder / "dip" / "parameters.yaml"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("36.0700", Procedure("operation", 3)),
        ("45.1600x001", Procedure("diagnostic", 0)),
        ("45.7600", Procedure("operation", 3)),
        ("39.9500", Procedure("therapeutic", 0)),
        ("99.0400", None),
        ("99.2900", None),
        ("99.6000", Procedure("therapeutic", 0)),
        ("xx", None),
        ("", None),
    ],
)
def test_a_procedure_is_known_by_its_longest_prefix(code: str, kind: Procedure | None) -> None:
    assert PARAMETERS.procedures.of(code) == kind
    assert PARAMETERS.procedures.of(code) == kind  # 记住之后也一样


@pytest.mark.parametrize(
    ("code", "section", "chapter"),
    [
        ("I20.000", "I20-I25", "I00-I99"),
        ("A09.000", "A00-A09", "A00-B99"),
        ("C97.x00", "C97-C97", "C00-D48"),
        ("D48.900", "D37-D48", "C00-D48"),
        ("K88.000", "", "K00-K93"),
        ("Z99.900", "Z80-Z99", "Z00-Z99"),
        ("9", "", ""),
    ],
)
def test_a_diagnosis_is_in_one_section_and_chapter(code: str, section: str, chapter: str) -> None:
    assert (PARAMETERS.sections.of(code), PARAMETERS.chapters.of(code)) == (section, chapter)


def test_codes_are_cut_to_their_characters() -> None:
    assert PARAMETERS.diagnosis("I20.806") == "I20.8"
    assert PARAMETERS.diagnosis("I10") == "I10"
    assert PARAMETERS.procedure("39.2200x002") == "39.22"
    assert [PARAMETERS.level_band(level) for level in (1, 2, 3, 4, 0)] == ["1", "2", "3-4", "3-4", ""]


def test_what_is_assumed_is_said() -> None:
    assert PARAMETERS.certainty["selection"] == "public"
    assert PARAMETERS.certainty["auxiliary"] == "assumed"


PLANTED = [
    ("core_cases: 15", "core_cases: fifteen", "整数"),
    ("years: [1, 2, 7]", "years: [1, 2, x]", "各年权重"),
    ("kind: iqr", "kind: iqrs", "可取值"),
    ("[[1], [2], [3, 4]]", "[[1], [2], [3]]", "手术级别"),
    ("  - core_operation\n", "", "各列一次"),
    ("names_main, ", "", "各列一次"),
    ("combine: highest", "combine: sum", "可取值"),
    ('"4": 1.1}', '"5": 1.1}', "不认识 '5'"),
    ("{upto: 2, factor: 1.03}", "{upto: 5, factor: 1.03}", "递增"),
    ("procedures: procedures.csv", "procedures: none.csv", "读不了"),
    ("groups: {source: technical-spec", "groups: {source: hearsay", "没有名为 'hearsay'"),
    ("  score: {source", "  scores: {source", "没有 'scores'"),
    ("basic_variation: 70%", "basic_variation: 0.7", "百分比"),
    ("kind: dip_parameters", "kind: dip", "可取值"),
]


@pytest.mark.parametrize(
    ("sound", "planted", "said"), PLANTED, ids=[row[2] + str(at) for at, row in enumerate(PLANTED)]
)
def test_each_planted_fault_is_found(tmp_path: Path, sound: str, planted: str, said: str) -> None:
    path = copied(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert sound in text
    path.write_text(text.replace(sound, planted, 1), encoding="utf-8")
    with pytest.raises(Malformed, match=said):
        load_parameters(path)


TABLES = [
    ("procedures.csv", "prefix,treatment,level\n36.,operation,\n36.,diagnostic,3\n,none,\n37.,surgery,2\n", 4),
    (
        "diagnoses.csv",
        "kind,first,last,title\nchapter,A00,B99,x\nchapter,B50,C10,y\nsection,A0,A9,z\nblock,A00,A01,w\n",
        3,
    ),
    ("charlson.csv", "prefix,condition,weight\nI21,x,one\nI22,,1\nI22,y,1\n", 2),
    ("complications.csv", "prefix,class\nI21,worst\n", 1),
    ("complications.csv", "code,class\nI21,cc\n", 1),
]


@pytest.mark.parametrize(
    ("name", "text", "count"), TABLES, ids=[f"{name} {at}" for at, (name, _, _) in enumerate(TABLES)]
)
def test_each_fault_of_a_table_is_found(tmp_path: Path, name: str, text: str, count: int) -> None:
    path = copied(tmp_path)
    (path.parent / name).write_text(text, encoding="utf-8")
    with pytest.raises(Malformed) as refused:
        load_parameters(path)
    assert len([fault for fault in refused.value.faults if fault.file == name]) >= count


def test_no_line_can_be_taken_out_so_that_it_crashes(tmp_path: Path) -> None:
    path = copied(tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    for at in range(len(lines)):
        path.write_text("\n".join(lines[:at] + lines[at + 1 :]), encoding="utf-8")
        with suppress(Malformed):
            load_parameters(path)
