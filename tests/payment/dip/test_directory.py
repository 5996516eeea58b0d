"""A directory from stays, and the group of a stay: by hand, in every order, and from a folder."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openyibao.cli.out_path import writable
from openyibao.kernel.errors import Malformed
from openyibao.payment.engine.dip.auxiliary import factor_of
from openyibao.payment.engine.dip.build import build_directory
from openyibao.payment.engine.dip.directory import Directory, Group, load_directory, write_directory
from openyibao.payment.engine.dip.group import explain_stay, group_stays
from openyibao.payment.engine.dip.params import Auxiliary, Parameters, load_parameters
from openyibao.payment.engine.dip.select import Selector, treatment_of
from openyibao.payment.engine.pack.invented import invent
from openyibao.payment.engine.pack.stats import Trim
from openyibao.payment.engine.pack.stays import Stay
from tests.payment.pack.support import stay

PARAMETERS = load_parameters()
SMALL = replace(PARAMETERS, core_cases=3, mixed_cases=3, trim=Trim("none"), years=(1, 2, 7), auxiliary=Auxiliary())


def many(dx: str, px: tuple[str, ...], yuan: list[int], year: int = 2025, **changes: object) -> list[Stay]:
    return [
        stay(f"{dx}{'+'.join(px)}{year}{at}{changes}", cost, dx=(dx,), px=px, year=year, discharged="", **changes)
        for at, cost in enumerate(yuan)
    ]


def built(*groups: list[Stay], parameters: Parameters = SMALL) -> Directory:
    return build_directory([one for listed in groups for one in listed], parameters)


# Building -------------------------------------------------------------------------------------------------------------


def test_core_groups_by_treatment_and_mixed_ones_for_the_rest() -> None:
    directory = built(
        many("I20.000", ("36.0700", "00.6600"), [30_000] * 3),
        many("I20.000", ("36.0700",), [20_000] * 3),
        many("I20.000", (), [5_000] * 4),
        many("I21.400", (), [8_000]),  # 两例、一例：并入 I20-I25
        many("I25.100", (), [9_000, 10_000]),
        many("J18.900", (), [4_000]),  # 一节、一章都不足：并入全部诊断
        many("K80.100", ("45.1300",), [3_000]),
    )
    assert {code: group.cases for code, group in directory.groups.items()} == {
        "I20.0:00.66+36.07": 3,
        "I20.0:36.07": 3,
        "I20.0:N": 4,
        "I20-I25:N": 3,
        "*:N": 1,
        "*:D": 1,
    }


def test_procedures_too_rare_together_join_the_group_of_the_main_one() -> None:
    directory = built(
        many("I20.000", ("36.0700",), [20_000] * 2), many("I20.000", ("36.0700", "37.2200", "38.0000"), [26_000] * 2)
    )
    assert {code: group.cases for code, group in directory.groups.items()} == {"I20.0:36.07": 4}


def test_the_threshold_is_per_year() -> None:
    rows = many("I20.000", (), [5_000] * 3, 2024) + many("I20.000", (), [5_000] * 2, 2025)
    assert list(built(rows).groups) == ["*:N"]
    assert list(built(rows, many("I20.000", (), [5_000], 2025)).groups) == ["I20.0:N"]


def test_scores_by_hand() -> None:
    directory = built(
        many("I20.000", (), [4_000] * 3, 2024),
        many("I20.000", (), [5_000] * 3, 2025),
        many("J18.900", (), [2_000] * 3, 2024),
        many("J18.900", (), [3_000] * 3, 2025),
    )
    first, second = directory.groups["I20.0:N"], directory.groups["J18.9:N"]
    # 年权重 2:7；均费 (2×4000+7×5000)/9、(2×2000+7×3000)/9；全部 (2×3000+7×4000)/9 = 3777.78
    assert (first.mean_fen, second.mean_fen, directory.mean_fen) == (477_778, 277_778, 377_778)
    assert (first.score, second.score) == (126_471, 73_529)


def test_extreme_costs_do_not_count_and_basic_groups_are_found() -> None:
    parameters = replace(SMALL, trim=Trim("iqr", 15_000, 8))
    rows = many("J18.900", (), [2_000 + at for at in range(9)], level="primary")
    rows += many("J18.900", (), [90_000], level="tertiary")
    group = built(rows, parameters=parameters).groups["J18.9:N"]
    assert (group.mean_fen, group.cases, group.basic) == (200_400, 10, True)
    assert dict(group.mean_by_level) == {"primary": 200_400}
    assert not built(many("J18.900", (), [2_000] * 9, level="tertiary")).groups["J18.9:N"].basic
    wide = built(many("J18.900", (), [100, 100, 9_000] * 3, level="primary")).groups["J18.9:N"]
    assert (wide.basic, wide.unstable) == (False, True)


def test_only_the_years_with_weights_count() -> None:
    rows = [one for year in (2022, 2023, 2024, 2025) for one in many("J18.900", (), [2_000] * 3, year)]
    directory = built(rows)
    assert (directory.years, directory.cases) == ((2023, 2024, 2025), 9)
    with pytest.raises(Malformed, match="年度"):
        built([replace(one, year=0) for one in rows])


# Choosing -------------------------------------------------------------------------------------------------------------


def group(
    code: str, kind: str, way: str, dx: str, px: tuple[str, ...] = (), level: str = "", yuan: int = 10_000
) -> Group:
    return Group(code, kind, way, dx, px, level, score=100_000, mean_fen=yuan * 100, cases=20)


GROUPS = [
    group("I20.0:36.07", "core", "operation", "I20.0", ("36.07",), yuan=30_000),
    group("I20.0:00.66+36.07", "core", "operation", "I20.0", ("00.66", "36.07"), yuan=36_000),
    group("I20.0:36.07+37.22", "core", "operation", "I20.0", ("36.07", "37.22"), yuan=45_000),
    group("I20.0:00.66", "core", "operation", "I20.0", ("00.66",), yuan=25_000),
    group("I20.0:88.56", "core", "diagnostic", "I20.0", ("88.56",), yuan=9_000),
    group("I20.0:N", "core", "conservative", "I20.0", yuan=5_000),
    group("I20-I25:O3-4", "mixed", "operation", "I20-I25", level="3-4"),
    group("I00-I99:O2", "mixed", "operation", "I00-I99", level="2"),
    group("I20-I25:D", "mixed", "diagnostic", "I20-I25"),
    group("I00-I99:N", "mixed", "conservative", "I00-I99"),
    group("*:T", "mixed", "therapeutic", "*"),
]
DIRECTORY = Directory({one.code: one for one in GROUPS}, SMALL)


@pytest.mark.parametrize(
    ("dx", "px", "yuan", "expected"),
    [
        ("I20.000", (), 1, "I20.0:N"),
        ("I20.000", ("36.0700",), 1, "I20.0:36.07"),
        ("I20.000", ("36.0700", "00.6600"), 1, "I20.0:00.66+36.07"),  # 匹配最多
        ("I20.000", ("00.6600",), 1, "I20.0:00.66"),
        ("I20.000", ("88.5600",), 1, "I20.0:88.56"),
        ("I20.000", ("88.5600", "36.0700"), 1, "I20.0:36.07"),  # 手术在诊断性操作之前
        ("I20.000", ("36.1000", "88.5600"), 1, "I20.0:88.56"),  # 核心在综合之前
        ("I20.800", ("36.1000",), 1, "I20-I25:O3-4"),
        ("I20.800", ("88.5500",), 1, "I20-I25:D"),
        ("I48.900", ("86.0400", "37.0000"), 1, None),  # 主要手术 1 级，没有相应综合病种
        ("I20.800", (), 1, "I00-I99:N"),
        ("I20.800", ("39.9500",), 1, "*:T"),
        ("I20.800", ("99.0400",), 1, "I00-I99:N"),  # 输血不计
        ("J18.900", (), 1, None),
    ],
)
def test_the_order_of_choice(dx: str, px: tuple[str, ...], yuan: int, expected: str | None) -> None:
    found = Selector(DIRECTORY).choose((dx,), px, yuan * 100).group
    assert (found.code if found else None) == expected


def test_the_nearest_mean_cost_decides_between_equals_and_the_explanation_says_so() -> None:
    px = ("36.0700", "00.6600", "37.2200x001")
    tie = [*GROUPS, group("I20.0:36.07+37.22b", "core", "operation", "I20.0", ("36.07", "00.66"), yuan=60_000)]
    selector = Selector(Directory({one.code: one for one in tie}, SMALL))
    cheap, dear = (selector.choose(("I20.000",), px, yuan * 100) for yuan in (30_000, 70_000))
    assert cheap.group is not None
    assert dear.group is not None
    assert (cheap.group.code, dear.group.code) == ("I20.0:00.66+36.07", "I20.0:36.07+37.22b")
    assert cheap.by_cost
    told = "\n".join(selector.explain(("I20.000",), px, 7_000_000).log)
    assert "最接近" in told
    assert "入组因费用而定" in told


def test_the_explanation_says_what_every_candidate_lacks() -> None:
    told = "\n".join(explain_stay(DIRECTORY, stay("C1", 30_000, dx=("I20.000", "J96.000"), px=("36.0700", "88.5600"))))
    for part in (
        "I20.0:00.66+36.07：没有做 00.66",
        "I20.0:N：本例有手术操作",
        "按次序先取“核心病种·手术”",
        "入组：I20.0:36.07",
    ):
        assert part in told


def test_a_treatment_is_its_strongest_procedure() -> None:
    found = treatment_of(("88.5600", "36.0700x001", "36.0700", "99.0400"), PARAMETERS)
    assert (found.way, found.main, found.level, found.by_way) == (
        "operation",
        "36.07",
        "3-4",
        {"diagnostic": ("88.56",), "operation": ("36.07",)},
    )


# Auxiliary catalogue --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "severity", "index", "factor"),
    [
        ({}, 1, 0, 10_000),
        ({"dx": ("J18.900", "I50.900")}, 2, 1, 10_500),
        ({"dx": ("J18.900", "J96.000")}, 3, 0, 12_000),
        ({"dx": ("J18.900", "J96.000"), "los": 3}, 1, 0, 10_000),
        ({"leaving": "5"}, 4, 0, 11_000),
        ({"dx": ("J96.900", "J96.000")}, 1, 0, 10_000),  # 与主要诊断同类目，不计
        ({"age": 3}, 1, 0, 11_000),
        ({"age": 17}, 1, 0, 10_500),
        ({"age": 80}, 1, 0, 10_400),
        ({"dx": ("C34.100", "C79.300")}, 2, 6, 11_500),
        ({"tcm_fen": 400_000}, 1, 0, 10_500),
        ({"tcm_fen": 399_999}, 1, 0, 10_000),
    ],
)
def test_factors_by_hand(changes: dict[str, object], severity: int, index: int, factor: int) -> None:
    found = factor_of(stay(**changes), PARAMETERS.auxiliary, told=True)
    assert (found.severity, found.index, found.factor) == (severity, index, factor)
    assert "校正系数" in found.why[-1]


def test_factors_multiply_where_the_parameters_say_so_up_to_the_limit() -> None:
    rules = replace(PARAMETERS.auxiliary, combine="product")
    both = stay(age=3, dx=("J18.900", "J96.000"))
    assert factor_of(both, rules).factor == 13_200
    assert factor_of(both, replace(rules, most=13_000)).factor == 13_000


# For any stays --------------------------------------------------------------------------------------------------------


@cache
def year() -> tuple[list[Stay], Directory]:
    stays = [one.stay for one in invent(4_000, seed=5)]
    return stays, build_directory(stays, PARAMETERS)


def test_every_stay_of_the_base_years_has_a_group_and_the_order_changes_nothing() -> None:
    stays, directory = year()
    assert directory.cases == len(stays) == sum(one.cases for one in directory.groups.values())
    shuffled = list(stays)
    random.Random(1).shuffle(shuffled)
    assert build_directory(shuffled, PARAMETERS).groups == directory.groups


def test_choosing_with_and_without_memory_and_with_explanation_is_the_same() -> None:
    stays, directory = year()
    remembered = Selector(directory)
    for one in stays[:400]:
        chosen = remembered.choose(one.dx, one.px, one.total_fen)
        again = remembered.choose(one.dx, one.px, one.total_fen)
        alone = Selector(directory).choose(one.dx, one.px, one.total_fen)
        told = remembered.explain(one.dx, one.px, one.total_fen)
        assert chosen == again == alone
        assert told.group == chosen.group


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(["I20.000", "I10.x05", "C77.900", "J96.000", "ZZZ", "I", "9", "阑尾"]), min_size=1, max_size=4
    ),
    st.lists(st.sampled_from(["36.0700", "00.6600", "88.5600", "99.0400", "4", "", "45.1600x001"]), max_size=4),
    st.integers(0, 10**9),
)
def test_any_codes_have_a_group_or_none(dx: list[str], px: list[str], fen: int) -> None:
    _, directory = year()
    (found,) = group_stays(directory, [stay(dx=tuple(dx), px=tuple(px), total_fen=fen, patient_fen=0)])
    assert found.group is None or found.group.code in directory.groups
    assert found.group is None or found.factor > 0
    assert explain_stay(directory, stay(dx=tuple(dx), px=tuple(px), total_fen=fen, patient_fen=0))


# In a folder ----------------------------------------------------------------------------------------------------------


def test_a_folder_holds_all_that_grouped(tmp_path: Path) -> None:
    stays, directory = year()
    first = write_directory(directory, tmp_path / "d")
    loaded = load_directory(tmp_path / "d")
    assert loaded.groups == directory.groups
    assert (loaded.years, loaded.cases, loaded.mean_fen) == (directory.years, directory.cases, directory.mean_fen)
    assert [one.row() for one in group_stays(loaded, stays[:200])] == [
        one.row() for one in group_stays(directory, stays[:200])
    ]
    assert write_directory(loaded, tmp_path / "d") == first


DAMAGE = [
    ("groups.csv", "group,title", "group,titel", "列不对"),
    ("groups.csv", ",core,", ",kern,", "kind"),
    ("groups.csv", ",operation,", ",surgery,", "treatment"),
    ("groups.csv", "I20.0:N,", "I20.0:X,", "与诊断、治疗方式不符"),
    ("directory.json", "openyibao dip directory 1", "another", "不是病种目录"),
    ("directory.json", "{", "", "不是 JSON"),
    ("parameters.yaml", "core_cases: 15", "core_cases: x", "整数"),
]


@pytest.mark.parametrize(("name", "sound", "damaged", "said"), DAMAGE, ids=[row[3] for row in DAMAGE])
def test_a_damaged_folder_is_refused(tmp_path: Path, name: str, sound: str, damaged: str, said: str) -> None:
    directory = built(
        many("I20.000", ("36.0700",), [20_000] * 3), many("I20.000", (), [5_000] * 4), parameters=replace(SMALL)
    )
    write_directory(directory, tmp_path / "d")
    path = tmp_path / "d" / name
    text = path.read_text(encoding="utf-8")
    assert sound in text
    path.write_text(text.replace(sound, damaged), encoding="utf-8")
    with pytest.raises(Malformed, match=said):
        load_directory(tmp_path / "d")


def test_missing_files_are_refused(tmp_path: Path) -> None:
    directory = built(many("I20.000", (), [5_000] * 4))
    write_directory(directory, tmp_path / "d")
    for name in ("groups.csv", "directory.json", "parameters.yaml", "charlson.csv"):
        shutil.copytree(tmp_path / "d", tmp_path / name)
        (tmp_path / name / name).unlink()
        with pytest.raises(Malformed):
            load_directory(tmp_path / name)
    with pytest.raises(Malformed):
        load_directory(tmp_path / "none")


def test_stays_without_cost_make_no_directory() -> None:
    stays = [Stay(f"C{at}", ("J18.900",), total_fen=0, year=2024) for at in range(50)]
    with pytest.raises(Malformed, match="没有一组病例有费用"):
        build_directory(stays, load_parameters())


def test_a_place_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    """Said before the work, with every place, and never a traceback."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    for files, folder in (
        ((tmp_path / "none" / "a.csv", tmp_path), None),
        ((), tmp_path / "file"),
        ((), tmp_path / "file" / "below"),
    ):
        with pytest.raises(Malformed) as found:
            writable(*files, folder=folder)
        assert len(found.value.faults) == len(files) + (folder is not None)
    writable(tmp_path / "a.csv", None, folder=tmp_path / "new" / "folder")
