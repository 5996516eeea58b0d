"""The grouper against hand-verified cases, against a plain tree walker, and against its own explanation."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from openyibao.payment.engine.cache import load_grouper
from openyibao.payment.engine.compiler import compile_scheme
from openyibao.payment.engine.contracts import (
    AMBIGUOUS,
    CHECK_FAILED,
    DIAGNOSIS_NOT_MAPPED,
    GROUPED,
    NOT_GROUPED,
    PROCEDURE_NOT_MAPPED,
    Case,
)
from openyibao.payment.engine.errors import MapMissing
from openyibao.payment.engine.explain import explain
from openyibao.payment.engine.grouper import Grouper
from openyibao.payment.engine.reading import load
from openyibao.payment.engine.records import read_cases
from openyibao.payment.engine.replay import mapping, replay
from tests.payment.drg_draw import Drawer
from tests.payment.drg_invent import invent
from tests.payment.drg_oracle import Walker
from tests.payment.drg_tables import SAMPLE, Rows, change, copied, stated, step

MYOMA = Case(2, 38, dept="0503", los=6, leaving="1", dx=("D25.900",), px=("68.4100",))


@pytest.fixture(scope="module")
def sample() -> Grouper:
    return load_grouper(SAMPLE, cached=False)


def rows() -> list[dict[str, str]]:
    with (SAMPLE / "cases.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def drawn(case: dict[str, Any]) -> Case:
    return Case(*(case[name] for name in Case._fields))


# The sample's own cases ----------------------------------------------------------------------------------------------


def test_the_cases_of_the_sample_are_grouped_as_they_state(sample: Grouper) -> None:
    wanted = {row["case_id"]: (row["status"], row["mdc"], row["adrg"], row["drg"]) for row in rows()}
    got = {case_id: tuple(sample.group(case)) for case_id, case, _ in read_cases(SAMPLE / "cases.csv")}
    assert got == wanted


def test_the_walker_says_the_same_of_them() -> None:
    walker = Walker(SAMPLE)
    for row, (_, case, _) in zip(rows(), read_cases(SAMPLE / "cases.csv"), strict=True):
        assert walker.group(case._asdict()) == (row["status"], row["mdc"], row["adrg"], row["drg"])


def test_the_sample_s_cases_come_to_every_group_it_has() -> None:
    scheme = load(SAMPLE)
    targets = {one.target for one in scheme.every() if one.level in ("DRG", "QY") and scheme.runs(one)}
    assert targets - {row["drg"] for row in rows()} == set()


# Equal to the walker -------------------------------------------------------------------------------------------------


def differences(folder: Path, cases: int, first: int = 0) -> list[Any]:
    """Drawn cases on which compiled engine, walker and the explanation's replay do not agree."""
    walker = Walker(folder)
    drawer, scheme = Drawer(walker), load(folder)
    grouper = Grouper(json.loads(json.dumps(compile_scheme(scheme))))
    found = []
    for number in range(first, first + cases):
        case, mapped = drawer.draw(number), number % 7 == 0
        wanted = walker.group(case, mapped=mapped)
        got = tuple(grouper.group(drawn(case), mapped=mapped))
        changed, failed, _ = mapping(scheme, drawn(case)) if mapped else (drawn(case), None, [])
        replayed = failed or replay(scheme, changed or drawn(case)).result
        if not wanted == got == tuple(replayed):
            found.append((number, case, wanted, got, replayed))
    return found


def test_engine_walker_and_replay_agree_on_the_sample() -> None:
    assert differences(SAMPLE, 1_500) == []


@pytest.mark.parametrize("number", range(40))
def test_they_agree_on_schemes_of_every_shape(number: int, tmp_path: Path) -> None:
    assert differences(invent(tmp_path / "invented", number), 60) == []


@pytest.mark.slow
@pytest.mark.parametrize("hundred", range(8))
def test_they_agree_on_many_more(hundred: int, tmp_path: Path) -> None:
    for number in range(1_000 + hundred * 50, 1_050 + hundred * 50):
        assert differences(invent(tmp_path / str(number), number), 200) == []


@pytest.mark.slow
def test_they_agree_on_a_hundred_thousand_of_the_sample() -> None:
    assert differences(SAMPLE, 100_000, first=1_000_000) == []


def test_a_wrong_exclusion_would_be_noticed(tmp_path: Path) -> None:
    """The comparison is worth something: an engine of slightly other tables differs."""
    folder = copied(tmp_path)
    change(folder, "cc.csv", lambda rows: [row.update(exclusion_table="999") for row in rows])
    walker, grouper = Walker(SAMPLE), load_grouper(folder, cached=False)
    drawer = Drawer(walker)
    cases = [drawer.draw(number) for number in range(3_000)]
    assert any(tuple(grouper.group(drawn(case))) != walker.group(case) for case in cases)


# Input ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {"sex": None},
        {"sex": 3},
        {"age": None},
        {"age": -1},
        {"age": 151},
        {"age": 0},
        {"age": 0, "age_days": 28},
        {"dx": ()},
        {"dx": ("", "D25.900")},
        {"los": -1},
        {"birth_weight": Decimal("-0.5")},
        {"icu_hours": -1},
        {"age_days": -3},
    ],
)
def test_what_cannot_be_fails_the_check(changed: dict[str, Any], sample: Grouper) -> None:
    case = MYOMA._replace(**changed)
    assert tuple(sample.group(case)) == (CHECK_FAILED, "0000", "00", "0000")
    assert explain(load(SAMPLE), "X", case).result.status == CHECK_FAILED


@pytest.mark.parametrize(
    ("days", "weight", "status"),
    [(28, None, CHECK_FAILED), (29, None, GROUPED), (28, 0, GROUPED), (None, 3000, CHECK_FAILED), (0, 3000, GROUPED)],
)
def test_a_newborn_needs_days_and_weight(days: int | None, weight: int | None, status: str, sample: Grouper) -> None:
    case = Case(1, 0, days, weight, dx=("P92.900",))
    assert sample.group(case).status == status


@pytest.mark.parametrize(
    ("weight", "drg"),
    [(1499, "PR19"), (1500, "PR25"), (Decimal("2499.5"), "PR25"), (2500, "PU19"), (0, "PU19")],
)
def test_bands_of_birth_weight_have_sharp_edges(weight: Any, drg: str, sample: Grouper) -> None:
    assert sample.group(Case(1, 0, 3, weight, dx=("P07.300",))).drg == drg


def test_blank_codes_count_for_nothing(sample: Grouper) -> None:
    assert sample.group(MYOMA._replace(dx=("D25.900", "", ""), px=("68.4100", ""))).drg == "NC25"


def test_codes_nobody_lists_leave_a_case_without_a_group(sample: Grouper) -> None:
    assert tuple(sample.group(MYOMA._replace(dx=("Q99.999",)))) == (NOT_GROUPED, "0000", "00", "0000")


# Rules ---------------------------------------------------------------------------------------------------------------


def test_a_complication_of_the_same_table_as_the_main_diagnosis_is_void(sample: Grouper) -> None:
    bleeding = Case(2, 50, dept="0503", los=5, leaving="1", dx=("N92.000", "N73.900"))
    assert sample.group(bleeding).drg == "NZ15"  # both in table 4
    assert sample.group(bleeding._replace(dx=("N92.000", "I10.x00"))).drg == "NZ13"
    assert sample.group(bleeding._replace(dx=("N92.000", "I10.x00", "J96.000"))).drg == "NZ11"
    assert sample.group(bleeding._replace(dx=("N92.000", "J96.000", "I10.x00"))).drg == "NZ11"


def test_an_operation_that_fits_no_surgical_group_is_ambiguous(sample: Grouper) -> None:
    assert sample.group(MYOMA._replace(px=("88.7900", "69.0900"))).status == AMBIGUOUS


def test_a_code_under_two_parts_counts_for_the_later_one(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    case = Case(1, 40, los=9, leaving="1", dx=("S06.000", "S27.000"))
    assert load_grouper(folder, cached=False).group(case).mdc == "MDCZ"
    row = {"list": "D0010", "kind": "dx", "code": "S27.000", "part": "头颈"}
    change(folder, "adrg_rules.codes.csv", lambda rows: rows.append(row))
    assert load_grouper(folder, cached=False).group(case).status == NOT_GROUPED


def test_a_code_both_mcc_and_cc_with_two_tables(tmp_path: Path) -> None:
    """As an MCC it is void for this main diagnosis, as a CC it counts."""
    folder = copied(tmp_path)
    change(folder, "cc.csv", lambda rows: rows.append({"code": "J96.000", "exclusion_table": "8"}))
    change(folder, "mcc.csv", lambda rows: step_code(rows, "J96.000").update(exclusion_table="4"))
    case = Case(2, 50, los=5, dx=("N92.000", "J96.000"))
    assert load_grouper(folder, cached=False).group(case).drg == "NZ13"
    assert Walker(folder).group(case._asdict())[3] == "NZ13"


def step_code(rows: list[dict[str, str]], code: str) -> dict[str, str]:
    return next(row for row in rows if row["code"] == code)


def test_an_adrg_without_a_fitting_leaf_gives_its_otherwise_or_goes_on(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(folder, "adrg_rules.steps.csv", lambda rows: step(rows, "NC25").update(enabled="0"))
    assert tuple(load_grouper(folder, cached=False).group(MYOMA)) == (GROUPED, "MDCN", "NC2", "NC2")
    change(folder, "adrg_rules.steps.csv", lambda rows: step(rows, "NC2").update(otherwise=""))
    assert load_grouper(folder, cached=False).group(MYOMA).adrg == "NJ1"
    change(folder, "adrg_rules.steps.csv", lambda rows: step(rows, "MDCN").update(enabled="0"))
    assert load_grouper(folder, cached=False).group(MYOMA).status == NOT_GROUPED


def test_a_scheme_may_try_again_with_each_further_procedure(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    case = Case(1, 33, los=5, dx=("S06.000", "S27.000"), px=("99.2500", "34.0400", "01.2400"))
    change(folder, "adrg_rules.steps.csv", lambda rows: step(rows, "ZQY").update(enabled="0"))
    assert load_grouper(folder, cached=False).group(case).status == NOT_GROUPED
    stated(folder, "retry_secondary_procedure", "1")
    grouper = load_grouper(folder, cached=False)
    assert grouper.group(case).drg == "ZJ15"  # with 34.0400 alone, before 01.2400 is tried
    assert "以 34.0400 胸腔闭式引流术 为唯一手术操作" in str(explain(load(folder), "X", case, grouper=grouper))


def test_a_blank_is_no_procedure_to_try_again_with(tmp_path: Path) -> None:
    """A trailing | is not "no procedure at all": ZC1, told to ask for none, may not take the case on a retry."""
    folder = copied(tmp_path)
    for target in ("ZQY", "ZJ1", "ZZ1"):
        change(folder, "adrg_rules.steps.csv", lambda rows, target=target: step(rows, target).update(enabled="0"))
    number = next(one.id for one in load(folder).every() if one.target == "ZC1")

    def none_at_all(rows: Rows) -> None:
        rows[:] = [row for row in rows if row["step"] != number]
        rows.append({"step": number, "clause": "1", "atom": "1", "field": "px_any", "op": "absent"})

    change(folder, "adrg_rules.conditions.csv", none_at_all)
    stated(folder, "retry_secondary_procedure", "1")
    grouper = load_grouper(folder, cached=False)
    case = Case(1, 33, los=5, dx=("S06.000", "S27.000"), px=("99.2500", ""))
    assert grouper.group(case._replace(px=())).adrg == "ZC1"
    assert grouper.group(case).status == NOT_GROUPED
    assert explain(load(folder), "X", case, grouper=grouper).result.status == NOT_GROUPED


def test_the_ambiguous_step_can_be_switched_off_for_the_scheme(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    stated(folder, "qy_enabled", "0")
    assert load_grouper(folder, cached=False).group(MYOMA._replace(px=("88.7900", "69.0900"))).drg == "NZ15"


def test_a_scheme_states_the_code_of_what_it_cannot_group(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    stated(folder, "fail_code", "9999")
    case = MYOMA._replace(dx=("Q99.999",))
    assert tuple(load_grouper(folder, cached=False).group(case)) == (NOT_GROUPED, "0000", "00", "9999")


# Mapping -------------------------------------------------------------------------------------------------------------


def test_codes_are_converted_only_when_asked(sample: Grouper) -> None:
    case = Case(2, 50, los=5, dx=("C50.901",), px=("85.4301", "85.7900"))
    assert sample.group(case).status == NOT_GROUPED
    assert sample.group(case, mapped=True).drg == "NB19"


def test_a_code_the_map_does_not_know(sample: Grouper) -> None:
    assert sample.group(MYOMA._replace(dx=("D25.900", "Q99.999")), mapped=True).status == DIAGNOSIS_NOT_MAPPED
    assert sample.group(MYOMA._replace(px=("68.4100", "99.9999")), mapped=True).status == PROCEDURE_NOT_MAPPED
    both = MYOMA._replace(dx=("Q99.999",), px=("99.9999",), sex=None)
    assert sample.group(both, mapped=True).status == DIAGNOSIS_NOT_MAPPED


def test_a_dropped_code_is_left_out_unless_it_is_the_main_one(sample: Grouper) -> None:
    assert sample.group(MYOMA._replace(dx=("D25.900", "R69.x00")), mapped=True).drg == "NC25"
    assert sample.group(MYOMA._replace(dx=("R69.x00", "D25.900")), mapped=True).status == DIAGNOSIS_NOT_MAPPED
    assert sample.group(MYOMA._replace(px=("89.3900", "68.4100")), mapped=True).status == PROCEDURE_NOT_MAPPED


def test_mapping_without_maps_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "icd10_map.csv").unlink()
    with pytest.raises(MapMissing, match="对照表"):
        load_grouper(folder, cached=False).group(MYOMA, mapped=True)


# Explaining ----------------------------------------------------------------------------------------------------------


def test_every_case_of_the_sample_is_explained_by_what_the_tables_have() -> None:
    """Steps, lists and exclusion tables named are those of the tables; the conclusion is the result."""
    import re

    scheme = load(SAMPLE)
    tables = {*scheme.cc.values(), *scheme.mcc.values(), *scheme.exclusions.values()}
    for row, (case_id, case, line) in zip(rows(), read_cases(SAMPLE / "cases.csv"), strict=True):
        text = str(explain(scheme, case_id, case, line=line))
        assert set(re.findall(r"步骤 (\w+)", text)) <= set(scheme.by_id)
        assert set(re.findall(r"\b(?:D0\d{3}|P0\d{3}|V0\d{3}|VALID_PX)\b", text)) <= set(scheme.lists)
        assert set(re.findall(r"表 (\d+)", text)) <= tables
        assert f"（第 {line} 行）" in text
        answer = text.splitlines()[2]
        assert answer.startswith(f"结论：{row['status']}")
        assert row["drg"] in answer


def test_the_explanation_says_what_an_expert_would() -> None:
    case = Case(2, 50, dept="0503", los=5, leaving="1", dx=("N92.000", "N73.900", "I10.x00"), px=("88.7900",))
    text = str(explain(load(SAMPLE), "X", case))
    for said in (
        "MDCP 新生儿疾病（步骤 1）：不符合：主要诊断 N92.000 不在 D0001；年龄 50 岁，要求为 0 岁",
        "MDCN 女性生殖系统与乳房疾病（步骤 41）：符合：主要诊断 N92.000 在 D0020；性别 女",
        "N73.900 女性盆腔炎：CC，与主要诊断同在表 4，被排除，不计",
        "I10.x00 原发性高血压：CC，表 10，计入",
        "不符合：没有 MCC",
        "符合：CC：I10.x00 原发性高血压，选中",
        "只差一个未被排除的 MCC；病例中没有 MCC",
        "结论：分组成功，MDCN 女性生殖系统与乳房疾病 → NZ1 女性生殖系统与乳房的其他疾病 → NZ13",
        "NZ1（内科组）：主要诊断 N92.000 月经过多 在 D0031（adrg_rules.codes.csv:",
        "NZ13：CC：I10.x00 原发性高血压；没有 MCC，不合 NZ11",
        "若主要诊断是 N73.900 女性盆腔炎，则为 NS1",
        "细分组取决于 CC I10.x00 原发性高血压；没有它则为 NZ15",
    ):
        assert said in text, text


def test_a_conversion_is_explained() -> None:
    text = str(explain(load(SAMPLE), "X", MYOMA._replace(dx=("R69.x00",), px=("68.4101",)), mapped=True))
    assert "R69.x00 → 弃用" in text
    assert "68.4101 → 68.4100" not in text  # never looked at: the diagnosis ended it
    assert text.splitlines()[2].startswith("结论：诊断不能转换为分组器支持的编码")
    assert "主要诊断 R69.x00 按对照表弃用" in text


def test_what_it_says_of_other_codes_is_what_grouping_them_gives() -> None:
    """Every "if": the record changed so and grouped again, by the walker."""
    walker, scheme, grouper = Walker(SAMPLE), load(SAMPLE), load_grouper(SAMPLE)
    told = 0
    for case_id, case, _ in read_cases(SAMPLE / "cases.csv"):
        for other in explain(scheme, case_id, case, grouper=grouper).data["others"]:
            dx, px, code = list(case.dx), list(case.px), other["codes"][0]
            if other["change"] == "without":
                dx = [dx[0], *(one for one in dx[1:] if one != code)]
            elif other["change"].startswith("main_"):
                codes = dx if other["change"] == "main_dx" else px
                codes.remove(code)
                codes.insert(0, code)
            else:
                continue
            changed = case._replace(dx=tuple(dx), px=tuple(px))
            wanted = tuple(other[key] for key in ("status", "mdc", "adrg", "drg"))
            assert walker.group(changed._asdict()) == wanted, (case_id, other)
            told += 1
    assert told > 20


def test_a_code_the_scheme_does_not_know_is_named_with_what_it_may_be() -> None:
    scheme = load(SAMPLE)
    for dx, px, said in (
        (("\uff4e92.000",), (), "不在方案的编码之内，对分组不起作用；与 N92.000 月经过多 只差空格、全半角或大小写"),
        (("N92.000", " I10.X00"), (), "诊断 “ I10.X00” 不在方案的编码之内，对分组不起作用；与 I10.x00"),
        (("N92.000",), ("68.4101",), "方案的对照表把它转换为 68.4100"),
        (("Q99.999",), (), "请核对编码与编码版本"),
    ):
        text = str(explain(scheme, "X", Case(2, 50, dx=dx, px=px)))
        assert said in text, text


def test_a_main_diagnosis_of_the_other_sex_is_said_first() -> None:
    text = str(explain(load(SAMPLE), "X", Case(1, 50, dx=("N92.000",))))
    assert text.splitlines()[2].startswith("结论：无法入组")
    assert "主要诊断 N92.000 月经过多 属于 MDCN，但性别 男，要求为 女" in text


def test_a_leaf_that_never_comes_is_named_to_the_coder(tmp_path: Path) -> None:
    folder = copied(tmp_path)

    def swapped(rows: Rows) -> None:
        one, two = step(rows, "NZ11"), step(rows, "NZ15")
        one["seq"], two["seq"] = two["seq"], one["seq"]

    change(folder, "adrg_rules.steps.csv", swapped)
    text = str(explain(load(folder), "X", Case(2, 50, dx=("N92.000", "J96.000"))))
    name = "NZ11 女性生殖系统与乳房的其他疾病，伴严重并发症或合并症"
    assert f"也符合 {name} 的条件，但方案把它排在无条件的 NZ15 之后" in text
    assert f"{name}（步骤 85）：排在无条件的 NZ15 之后，永远轮不到" in text


def test_a_case_without_a_group_is_told_what_comes_nearest(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(folder, "adrg_rules.steps.csv", lambda rows: step(rows, "PU1").update(enabled="0"))
    scheme = load(folder)
    text = str(explain(scheme, "X", Case(2, 0, 29, 2600, los=5, dx=("P22.000",))))
    assert text.splitlines()[2].startswith("结论：无法入组")
    assert "最接近：PS1 新生儿呼吸系统疾病（步骤 14·内科）：" in text.partition("一、病例")[0]
    assert "只差日龄不超过 28 天；日龄 29 天，要求不超过 28 天" in text.partition("一、病例")[0]
    text = str(explain(scheme, "X", Case(2, 50, dx=("I10.x00",))))
    assert "主要诊断 I10.x00 原发性高血压 不在任何 MDC 的主要诊断表，只能作其他诊断" in text
    text = str(explain(scheme, "X", Case(2, 50, dx=("N92.x00x999",))))
    assert "同类目可作主要诊断的有 N92.000 月经过多" in text


def test_a_record_of_thousands_of_codes_is_told_in_a_page() -> None:
    case = Case(2, 50, dx=("N92.000", *(f"Q{at:05d}" for at in range(3_000)), "I10.x00"), px=("88.7900",) * 2_000)
    text = str(explain(load(SAMPLE), "X", case))
    assert "CC：I10.x00" in text
    assert len(text.splitlines()) < 300
