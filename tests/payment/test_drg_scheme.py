"""Loading a scheme: every fault with its place and nothing half loaded; the cache; versions side by side; editions."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from openyibao.kernel.errors import Malformed
from openyibao.payment.engine import cache, facade
from openyibao.payment.engine.cache import load_grouper
from openyibao.payment.engine.contracts import Case
from openyibao.payment.engine.errors import EditionDiffers, SchemeMissing, SchemeUnknown
from openyibao.payment.engine.reading import load
from openyibao.payment.engine.registry import Registry
from tests.payment.drg_tables import SAMPLE, Rows, change, copied, stated, step

STEPS, CONDITIONS, CODES = "adrg_rules.steps.csv", "adrg_rules.conditions.csv", "adrg_rules.codes.csv"


def texts(folder: Path) -> list[str]:
    with pytest.raises(Malformed) as raised:
        load(folder)
    return [str(fault) for fault in raised.value.faults]


def condition(**cells: str) -> Callable[[Rows], None]:
    """A change of the first condition of the table."""
    return lambda rows: rows[0].update(cells)


FAULTS: list[tuple[str, Callable[[Rows], object], str]] = [
    (STEPS, lambda rows: rows[3].update(parent="999"), ":5 parent: 没有步骤 999"),
    (STEPS, lambda rows: rows[3].update(parent=""), ":5 parent: DRG 步骤 4 的上级是 空"),
    (STEPS, lambda rows: rows[3].update(step="3"), ":5 step: 步骤号 '3' 重复"),
    (STEPS, lambda rows: rows[3].update(level="GROUP"), ":5 level: 'GROUP' 不是层级"),
    (STEPS, lambda rows: rows[3].update(target=""), ":5 target: 步骤 4 没有写代码"),
    (STEPS, lambda rows: rows[3].update(enabled="yes"), ":5 enabled: 'yes' 不是 0 或 1"),
    (STEPS, lambda rows: rows[3].update(seq="1.5"), ":5 seq: '1.5' 不是顺序号"),
    (STEPS, lambda rows: rows[3].update(seq="1"), ":5 seq: 与步骤 3 的顺序号同为 1"),
    (CONDITIONS, condition(step="999"), ":2 step: 没有步骤 '999'"),
    (CONDITIONS, condition(field="weight"), ":2 field: 'weight' 不是条件的字段"),
    (CONDITIONS, condition(op="within"), ":2 op: 'within' 不是运算"),
    (CONDITIONS, condition(list="D9999"), ":2 list: 没有码表 'D9999'"),
    (CONDITIONS, condition(list="P0001"), ":2 list: dx_main 用了种类为 'px' 的码表 P0001"),
    (CONDITIONS, condition(field="dept"), ":2 list: dept 用了编码的码表 D0001"),
    (CONDITIONS, condition(field="los", list="V0001", op="<"), ":2 list: < 不用码表"),
    (CONDITIONS, condition(field="los", list="", op="<"), ":2 value: < 没有写值"),
    (CONDITIONS, condition(field="los", list="", op="<", value="many"), ":2 value: 'many' 不是数"),
    (CONDITIONS, condition(value="3"), ":2 value: in 不用值"),
    (CONDITIONS, condition(field="mcc", op="=", list="", value="1"), ":2 op: mcc 只有有无"),
    (CONDITIONS, condition(op=">", list="", value="3"), ":2 op: dx_main 是编码"),
    (CONDITIONS, condition(field="dx_parts"), ":2 op: dx_parts 是个数"),
    (CONDITIONS, condition(field="always"), ":2 op: always 不带运算"),
    (CONDITIONS, lambda rows: rows.append(dict(rows[0])), "步骤 1 第 1 组第 1 条写了两次"),
    (CODES, lambda rows: rows[0].update(code=" 46.0100"), ":2 code: 编码 ' 46.0100' 是空的或首尾有空格"),
    (CODES, lambda rows: rows[1].update(kind="dx"), ":3 kind: VALID_PX 的种类先是 'px'"),
    ("mcc.csv", lambda rows: rows.append({"code": rows[0]["code"], "exclusion_table": "99"}), "这里是 '99'"),
    ("icd10_map.csv", lambda rows: rows[0].update(grouper_code=""), ":2 grouper_code: "),
    ("mdc.csv", lambda rows: rows[0].update(order="first"), ":2 order: 'first' 不是顺序号"),
    ("drg.csv", lambda rows: rows[1].update(code=rows[0]["code"]), ":3 code: PB11 写了两次"),
    ("scheme.csv", lambda rows: rows.append({"key": "qy_enabled", "value": "no"}), "qy_enabled: 'no' 不是 0 或 1"),
    ("scheme.csv", lambda rows: rows[6].update(value="医保"), "code_edition: '医保' 不是编码版本"),
    ("scheme.csv", lambda rows: rows.append({"key": "valid_until", "value": "2025-13-01"}), "valid_until"),
]


@pytest.mark.parametrize(("name", "edit", "said"), FAULTS, ids=[said for _, _, said in FAULTS])
def test_a_fault_is_named_with_its_place(name: str, edit: Callable[[Rows], object], said: str, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(folder, name, edit)
    found = texts(folder)
    assert any(text.startswith(name) and said in text for text in found), found


def test_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(folder, STEPS, lambda rows: rows[3].update(level="GROUP"))
    change(folder, CONDITIONS, condition(field="weight"))
    change(folder, CODES, lambda rows: rows[0].update(code=""))
    (folder / "cc.csv").unlink()
    found = texts(folder)
    assert {text.partition(":")[0].partition(" ")[0] for text in found} == {STEPS, CONDITIONS, CODES, "cc.csv"}
    with pytest.raises(Malformed):
        load_grouper(folder)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (STEPS, b"", "文件是空的"),
        (STEPS, b"step,parent\n1,\n", "缺少列 seq"),
        ("drg.csv", b"code,name\nPB11,\xff\xfe\n", "drg.csv"),
        ("drg.csv", "code,name\nPB11,新生\u200b儿\n".encode(), "drg.csv:2: 看不见的字符 U+200B"),
        ("drg.csv", b'code,name\nPB11,"open\n', "drg.csv:2: 引号不成对"),
        ("drg.csv", b"code,name\nPB11,x\n\nPB15,y\n", "drg.csv:3"),
        ("drg.csv", b"code,name,code\nPB11,x,y\n", "列 code 出现 2 次"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_fault(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / name).write_bytes(content)
    assert any(said in text for text in texts(folder)), texts(folder)


def test_spreadsheets_may_have_saved_the_tables(tmp_path: Path) -> None:
    """A BOM, CRLF, quotation marks around cells, other order of columns and further columns change nothing."""
    folder = copied(tmp_path)
    for path in folder.glob("*.csv"):
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = [line.split(",") for line in lines]
        turned = [",".join([*(f'"{cell}"' for cell in reversed(row)), "x"]) for row in rows]
        turned[0] = ",".join([*reversed(rows[0]), "remark"])
        path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*turned, ""]).encode())
    case = Case(2, 38, los=6, dx=("D25.900",), px=("68.4100",))
    assert load_grouper(folder, cached=False).group(case).drg == "NC25"


def test_no_scheme_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(SchemeUnknown):
        load(tmp_path)
    with pytest.raises(SchemeUnknown, match="sample"):
        facade.scheme_folder("no_such_scheme")
    assert facade.scheme_folder("sample") == SAMPLE


# Cache ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPENYIBAO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "drg"


def test_the_cache_is_used_and_gives_the_same(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = load_grouper(SAMPLE)
    assert len(list(kept.glob("*.json"))) == 1
    monkeypatch.setattr(cache, "load", lambda *_: pytest.fail("read the tables again"))
    again = load_grouper(SAMPLE)
    cases = [case for _, case, _ in facade.read_cases(SAMPLE / "cases.csv")]
    assert [again.group(case) for case in cases] == [fresh.group(case) for case in cases]
    assert again.results == fresh.results


@pytest.mark.parametrize("damage", [b"", b"{}", b"not json", None, "checksum of something else"])
def test_a_damaged_cache_is_made_anew(damage: bytes | str | None, kept: Path) -> None:
    import hashlib

    load_grouper(SAMPLE)
    path = next(kept.glob("*.json"))
    if damage is None:
        path.write_bytes(path.read_bytes()[:-5])
    elif isinstance(damage, str):
        text = b'{"name": "half a scheme"}'
        path.write_bytes(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
    else:
        path.write_bytes(damage)
    assert load_grouper(SAMPLE).name == "sample"
    assert path.stat().st_size > 5_000


def test_a_changed_table_has_another_name_in_the_cache(kept: Path, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    before = load_grouper(folder)
    change(folder, "mcc.csv", lambda rows: rows[0].update(exclusion_table="77"))
    assert load_grouper(folder).sha256 != before.sha256
    assert len(list(kept.glob("*.json"))) == 2


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OPENYIBAO_CACHE", str(tmp_path / "file"))
    assert load_grouper(SAMPLE).name == "sample"


def test_old_entries_go(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_KEPT", 2)
    kept.mkdir(parents=True)
    for number in range(4):
        (kept / f"{number}.json").write_text("old")
        time.sleep(0.01)
    load_grouper(SAMPLE)
    assert len(list(kept.glob("*.json"))) == 2


# Versions side by side -----------------------------------------------------------------------------------------------


def registry(folder: Path, *rows: str) -> Registry:
    for name in ("first", "second"):
        copied(folder / name)
        (folder / name / "scheme").rename(folder / f"{name}_version")
    text = "\n".join(["area,valid_from,valid_until,scheme", *rows]) + "\n"
    (folder / "registry.csv").write_text(text, encoding="utf-8")
    return Registry(folder)


def test_area_and_day_of_discharge_choose_the_scheme(tmp_path: Path) -> None:
    found = registry(
        tmp_path,
        "371500,,2025-12-31,first_version",
        "371500,2026-01-01,,second_version",
        "370000,,,first_version",
    )
    assert found.on("371500", date(2025, 12, 31)).name == "first_version"
    assert found.on("371500", date(2026, 1, 1)).name == "second_version"
    assert found.on("371502", date(2026, 1, 1)).name == "second_version"  # a county of it
    assert found.on("370200", date(2026, 1, 1)).name == "first_version"  # the province's
    with pytest.raises(SchemeMissing):
        found.on("110000", date(2026, 1, 1))


def test_overlapping_schemes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        Malformed, match=r"registry\.csv:3 valid_from: 371500 的 second_version 与 first_version 日期重叠"
    ):
        registry(tmp_path, "371500,,2026-01-01,first_version", "371500,2026-01-01,,second_version")


def test_a_registry_names_folders_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="没有方案文件夹 third_version"):
        registry(tmp_path, "371500,,,third_version")


def test_a_scheme_may_state_its_own_area_and_days(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    stated(folder, "area", "371500")
    stated(folder, "valid_until", "2026-06-30")
    found = Registry(tmp_path)
    assert found.on("371500", date(2026, 6, 30)) == folder
    with pytest.raises(SchemeMissing):
        found.on("371500", date(2026, 7, 1))
    with pytest.raises(SchemeMissing):
        found.on("371500", date(2025, 12, 31))


# Editions ------------------------------------------------------------------------------------------------------------


def test_the_edition_is_what_is_declared(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    grouper = load_grouper(folder, cached=False)
    assert facade.check_edition(grouper, None, mapped=False) == "insurance"
    with pytest.raises(EditionDiffers, match="临床版"):
        facade.check_edition(grouper, "clinical", mapped=False)
    with pytest.raises(EditionDiffers, match="对照表"):
        facade.check_edition(grouper, "clinical", mapped=True)
    stated(folder, "map_edition", "clinical")
    grouper = load_grouper(folder, cached=False)
    assert facade.check_edition(grouper, "clinical", mapped=True) == "clinical"


def test_an_edition_nobody_declares_is_not_guessed(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    stated(folder, "code_edition", "")
    assert facade.check_edition(load_grouper(folder, cached=False), None, mapped=False) is None
    stated(folder, "code_system_diagnosis", "ICD-10 insurance edition (医保版)")
    assert facade.check_edition(load_grouper(folder, cached=False), None, mapped=False) == "insurance"


def test_diagnoses_and_procedures_of_two_editions_fit_no_case_file(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for key, value in (("code_edition", ""), ("map_edition", "")):
        stated(folder, key, value)
    stated(folder, "code_system_diagnosis", "ICD-10 医保版")
    stated(folder, "code_system_procedure", "ICD-9-CM-3 临床版")
    grouper = load_grouper(folder, cached=False)
    assert facade.check_edition(grouper, None, mapped=False) is None
    for edition in ("insurance", "clinical"):
        with pytest.raises(EditionDiffers, match="诊断用医保版编码，手术操作用临床版编码"):
            facade.check_edition(grouper, edition, mapped=False)


def test_a_folder_of_schemes_is_not_one_of_them(tmp_path: Path) -> None:
    copied(tmp_path)
    with pytest.raises(SchemeUnknown, match="请指明一个：scheme"):
        load(tmp_path)


def test_the_order_of_steps_is_their_seq_and_not_their_place(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(folder, STEPS, lambda rows: rows.reverse())
    case = Case(2, 38, los=6, dx=("D25.900",), px=("68.4100",))
    assert load_grouper(folder, cached=False).group(case).drg == "NC25"
    change(folder, STEPS, lambda rows: step(rows, "NJ1").update(seq="0"))
    assert load_grouper(folder, cached=False).group(case).drg == "NJ15"


def test_a_grouper_can_be_handed_to_another_process() -> None:
    import pickle

    grouper = load_grouper(SAMPLE, cached=False)
    cases = [case for _, case, _ in facade.read_cases(SAMPLE / "cases.csv")]
    wanted = [grouper.group(case) for case in cases]
    assert [pickle.loads(pickle.dumps(grouper)).group(case) for case in cases] == wanted


@pytest.mark.parametrize("name", [STEPS, CODES])
def test_a_table_that_is_gone_is_one_fault_and_not_a_thousand(name: str, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / name).unlink()
    assert len(texts(folder)) == 1
