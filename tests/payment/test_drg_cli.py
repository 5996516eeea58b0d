"""`openyibao drg`: files in and out, what is refused, exit codes."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from openyibao.cli import drg, main
from openyibao.payment.engine import batch, facade
from openyibao.payment.engine.contracts import NO_SCHEME
from tests.payment.drg_tables import SAMPLE, change, copied, stated, step

CASES = SAMPLE / "cases.csv"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """The program with the command: exit code, standard output, standard error."""
    app = typer.Typer(add_completion=False)
    app.add_typer(drg.app, name="drg")
    monkeypatch.setattr(main, "app", app)
    monkeypatch.setenv("OPENYIBAO_CACHE", str(tmp_path / "cache"))

    def call(*words: object) -> tuple[int, str, str]:
        try:
            main.run([str(word) for word in words])
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def group(run: Run, tmp_path: Path, cases: Path, *words: object) -> tuple[int, list[dict[str, str]], str]:
    out = tmp_path / "out.csv"
    code, _, err = run("drg", "group", "sample", cases, "--out", out, *words)
    return code, read(out) if out.exists() else [], err


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "cases.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_the_sample_s_cases_come_out_as_they_state(run: Run, tmp_path: Path) -> None:
    code, got, _ = group(run, tmp_path, CASES)
    assert code == 0
    assert got == [{name: row[name] for name in ("case_id", "status", "mdc", "adrg", "drg")} for row in read(CASES)]


def test_the_summary_as_json(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("drg", "group", "sample", CASES, "--out", tmp_path / "out.csv", "--json", "--jobs", 1)
    answer = json.loads(out)
    assert code == 0
    assert answer["cases"] == 63
    assert answer["statuses"]["分组成功"] == sum(row["status"] == "分组成功" for row in read(CASES))


@pytest.mark.parametrize("jobs", [1, 2])
def test_many_pieces_keep_their_order(jobs: int, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "PIECE", 700)
    code, got, _ = group(run, tmp_path, CASES, "--jobs", jobs)
    assert code == 0
    assert [row["case_id"] for row in got] == [row["case_id"] for row in read(CASES)]
    assert [row["drg"] for row in got] == [row["drg"] for row in read(CASES)]


ROW = "2,38,,,,5,1,D25.900,\n"
HEAD = "case_id,sex,age,age_days,birth_weight,dept,los,leaving,dx,px\n"


@pytest.mark.parametrize(
    "row",
    [
        "A,2,abc,,,0503,5,1,D25.900,68.4100",
        "A,2,-3,,,0503,5,1,D25.900,68.4100",
        "A,2,38.5,,,0503,5,1,D25.900,68.4100",
        "A,2,38,,,0503,五天,1,D25.900,68.4100",
        "A,2,38,,,0503,-5,1,D25.900,68.4100",
        "A,女,38,,,0503,5,1,D25.900,68.4100",
        "A,2,38,,heavy,0503,5,1,D25.900,68.4100",
        "A,2,38,,,0503,5,1,,68.4100",
    ],
)
def test_an_impossible_value_is_the_case_s_own_matter(row: str, run: Run, tmp_path: Path) -> None:
    good = "B,2,38,,,0503,5,1,D25.900,68.4100"
    code, got, _ = group(run, tmp_path, written(tmp_path, f"{HEAD}{row}\n{good}\n"))
    assert code == 0
    assert [(one["status"], one["drg"]) for one in got] == [("信息校验不通过", "0000"), ("分组成功", "NC25")]


def test_a_file_as_spreadsheets_save_it(run: Run, tmp_path: Path) -> None:
    """BOM, CRLF, quotation marks, other order of columns, whole numbers with a point, empty lines at the end."""
    text = '\ufeffpx,dx,"case_id",sex,age,age_days,birth_weight,dept,los,leaving,remark\r\n'
    text += '68.4100,D25.900,"A,1",2.0,38.0,,,0503,5.0,1,"said ""no"""\r\n68.4100,D25.900,B,2,38,,,0503,5,1,\r\n\r\n'
    code, got, _ = group(run, tmp_path, written(tmp_path, text))
    assert code == 0
    assert [(row["case_id"], row["drg"]) for row in got] == [("A,1", "NC25"), ("B", "NC25")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "case_id,sex,age\nA,1,2\n",
            ["cases.csv:1 age_days: 缺少列 age_days", "cases.csv:1 px: 缺少列 px", "共 7 处有误"],
        ),
        ("", ["文件是空的"]),
        (HEAD, ["只有列名，没有病例"]),
        (HEAD.encode() + b"A,2,38,,,\xb8\xbe,5,1,D25.900,\n", ["cases.csv:2: 第 10 字节不是 UTF-8"]),
        (HEAD.encode("utf-16"), ["UTF-16"]),
        (
            f"{HEAD}A,{ROW}B,2,38\nA,{ROW}\nA,{ROW},{ROW}",
            [
                "cases.csv:3: 有 3 列",
                "cases.csv:5: 空行",
                "cases.csv:4 case_id: 病例号 A 与第 2 行重复",
                "cases.csv:6 case_id",
            ],
        ),
        (HEAD + 'A,2,38,,,,5,1,"D25.900,\n', ["cases.csv:2: 引号不成对"]),
        (HEAD + ",2,38,,,,5,1,D25.900,\n", ["cases.csv:2: 没有病例号"]),
        (HEAD.replace("px", "dx"), ["列 dx 出现 2 次"]),
        (HEAD.replace(",", "\t"), ["各列用制表符隔开；应为：用英文逗号隔开", "共 1 处有误"]),
        (HEAD.replace(",", ";"), ["各列用分号隔开"]),
        (HEAD.replace("\n", "\r") + "A,2,38,,,,5,1,D25.900,\r", ["行尾是单独的回车"]),
        (HEAD.encode() + "A,2,38,,,妇科,5,1,D25.900,\n".encode("gbk"), ["不是 UTF-8，像是 GBK 编码"]),
        (
            HEAD.encode() + b"A,2,38,,,\xb8\xbe,5,1,D25.900,\nB,2,38\nC,2,38,,,\xff\xff,5,1,D25.900,\n",
            ["cases.csv:2: 第 10 字节", "cases.csv:3: 有 3 列", "cases.csv:4: 第 10 字节", "共 3 处有误"],
        ),
        (HEAD + f"A,{ROW}B,2,38,,,05\x0003,5,1,D25.900,\n", ["cases.csv:3: 控制字符 U+0000"]),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(
    content: str | bytes, said: list[str], run: Run, tmp_path: Path
) -> None:
    code, got, err = group(run, tmp_path, written(tmp_path, content))
    assert code == 2
    assert got == []
    assert [text for text in said if text not in err] == [], err
    assert list(tmp_path.glob(".out*")) == []


def test_numbers_that_come_twice_far_apart_are_found(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "PIECE", 100)
    rows = "".join(f"{at % 20:03d},2,38,,,0503,5,1,D25.900,\n" for at in range(21))
    code, _, err = group(run, tmp_path, written(tmp_path, HEAD + rows), "--jobs", 2)
    assert (code, "cases.csv:22 case_id: 病例号 000 与第 2 行重复" in err, "共 1 处有误" in err) == (2, True, True)


def test_odd_letters_are_the_case_s_own_matter(run: Run, tmp_path: Path) -> None:
    """A wide blank in a department, full-width digits, a blank in a code: that case only."""
    rows = ["A,2,38,,,妇\u3000科,5,1,D25.900,68.4100", "B,2,\uff13\uff18,,,0503,5,1,D25.900,68.4100"]
    rows += ["C,2,38,,,0503,5,1,D25.900\u00a0,68.4100", "\tD,2,38,,,0503,5,1,D25.900,68.4100"]
    path = written(tmp_path, HEAD + "\n".join(rows) + "\n")
    code, got, _ = group(run, tmp_path, path)
    assert code == 0
    assert [one["drg"] for one in got] == ["NC25", "0000", "0000", "NC25"]
    code, out, _ = run("drg", "explain", "sample", path, "B")
    assert (code, "年龄写作“\uff13\uff18”，不是数，有全角数字" in out) == (0, True)
    code, out, _ = run("drg", "explain", "sample", path, "C")
    assert (code, "与 D25.900 子宫平滑肌瘤 只差空格、全半角或大小写" in out) == (0, True)


def test_the_result_is_a_file(run: Run, tmp_path: Path) -> None:
    code, _, err = run("drg", "group", "sample", CASES, "--out", tmp_path)
    assert (code, "是一个文件夹" in err) == (2, True)


def test_the_result_may_not_replace_the_cases(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path, CASES.read_bytes())
    code, _, err = run("drg", "group", "sample", path, "--out", path)
    assert (code, "就是病例文件本身" in err, path.read_bytes()) == (2, True, CASES.read_bytes())


def test_no_folder_no_scheme_no_edition(run: Run, tmp_path: Path) -> None:
    assert run("drg", "group", "sample", CASES, "--out", tmp_path / "no" / "out.csv")[0] == 2
    assert "DRG_SCHEME_UNKNOWN" in run("drg", "check", tmp_path / "nothing")[2]
    assert run("drg", "group", "sample", CASES, "--out", tmp_path / "o", "--edition", "other")[0] == 2
    code, _, err = run("drg", "group", "sample", CASES, "--out", tmp_path / "o", "--edition", "clinical")
    assert (code, "DRG_EDITION_DIFFERS" in err) == (2, True)


def test_a_scheme_with_faults_groups_nothing(run: Run, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(folder, "adrg_rules.steps.csv", lambda rows: [row.update(level="X") for row in rows[:2]])
    code, _, err = run("drg", "group", folder, CASES, "--out", tmp_path / "out.csv")
    assert (code, (tmp_path / "out.csv").exists()) == (2, False)
    assert "adrg_rules.steps.csv:2 level" in err
    assert "adrg_rules.steps.csv:3 level" in err


def test_schemes_side_by_side_are_chosen_case_by_case(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "schemes"
    for name in ("old", "new"):
        copied(home / name)
        (home / name / "scheme").rename(home / f"v_{name}")
    change(home / "v_old", "adrg_rules.steps.csv", lambda rows: step(rows, "NC2").update(enabled="0"))
    stated(home / "v_old", "scheme", "old")
    (home / "registry.csv").write_text(
        "area,valid_from,valid_until,scheme\n371500,,2026-06-30,v_old\n371500,2026-07-01,,v_new\n", encoding="utf-8"
    )
    row = "2,38,,,0503,5,1,D25.900,68.4100"
    days = [("371500", "2026-06-30"), ("371500", "2026-07-01"), ("110000", "2026-07-01"), ("371500", "soon")]
    text = HEAD.strip() + ",area,discharged\n" + "".join(f"{n},{row},{a},{d}\n" for n, (a, d) in enumerate(days))
    out = tmp_path / "out.csv"
    assert run("drg", "group", home, written(tmp_path, text), "--out", out, "--jobs", 1)[0] == 0
    got = [(one["status"], one["drg"]) for one in read(out)]
    assert got == [("分组成功", "NJ15"), ("分组成功", "NC25"), (NO_SCHEME, "0000"), ("信息校验不通过", "0000")]
    said = run("drg", "explain", home, tmp_path / "cases.csv", "0")[1]
    assert "方案 old" in said
    assert "→ NJ15" in said
    code, _, err = run("drg", "group", home, CASES, "--out", out)
    assert (code, "缺少列 area" in err, "缺少列 discharged" in err) == (2, True, True)


def test_explaining_a_case_of_a_file(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("drg", "explain", "sample", CASES, "S0003")
    assert code == 0
    assert out.startswith("病例 S0003（第 4 行）")
    assert "结论：分组成功" in out
    code, out, _ = run("drg", "explain", "sample", CASES, "S0003", "--json")
    told = json.loads(out)
    assert (code, told["line"], told["status"], told["path"][-1]["code"]) == (0, 4, "分组成功", told["drg"])
    assert [one["level"] for one in told["path"]] == ["MDC", "ADRG", "DRG"]
    twice = written(tmp_path, f"{HEAD}A,{ROW}A,{ROW}")
    code, _, err = run("drg", "explain", "sample", twice, "A")
    assert (code, "cases.csv:3 case_id: 病例号 A 与第 2 行重复" in err) == (2, True)
    code, _, err = run("drg", "explain", "sample", CASES, "S9999")
    assert (code, "DRG_CASE_UNKNOWN" in err) == (2, True)


def test_checking_a_scheme(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("drg", "check", "sample")
    assert (code, out.splitlines()[-1]) == (0, "0 类错误，0 类警告")
    folder = copied(tmp_path)
    change(folder, "cc.csv", lambda rows: rows.append({"code": "J96.000", "exclusion_table": "7"}))
    code, out, _ = run("drg", "check", folder)
    assert (code, "[错误] cc_and_mcc 1 处" in out) == (1, True)
    code, out, _ = run("drg", "check", folder, "--json")
    assert (code, json.loads(out)["errors"]) == (1, 1)
    change(folder, "icd10_names.csv", lambda rows: [row.update(name="") for row in rows])
    _, out, _ = run("drg", "check", folder)
    _, every, _ = run("drg", "check", folder, "--all")
    assert "处（--all 全部列出）" in out
    assert "--all" not in every
    assert len(every.splitlines()) > len(out.splitlines())
    _, out, _ = run("drg", "check", folder, "--all", "--json")
    assert all(len(one["examples"]) == one["count"] for one in json.loads(out)["findings"])
    change(folder, "adrg_rules.steps.csv", lambda rows: rows[0].update(level="X"))
    assert run("drg", "check", folder)[0] == 2


def test_mapping_from_file_to_file(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path, f"{HEAD}A,2,50,,,0501,5,1,C50.901,85.4301|85.7900\nB,2,50,,,0501,5,1,Q99.999,\n")
    code, got, _ = group(run, tmp_path, path, "--map")
    assert code == 0
    assert [row["drg"] for row in got] == ["NB19", "0000"]
    assert got[1]["status"] == "诊断不能转换为分组器支持的编码"


def test_the_door_names_what_it_has() -> None:
    assert [name for name in facade.__all__ if not hasattr(facade, name)] == []


def test_the_engine_loads_no_framework() -> None:
    import subprocess
    import sys

    code = "import sys, openyibao.payment.engine.facade as f; sys.exit({'django', 'numpy'} & set(sys.modules) != set())"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
