"""The commands as a user meets them: exit codes, what goes to which stream, every fault at once, no traceback."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openyibao.cli import main

CASE = """
title: 试
person: {area: "371500", scheme: resident, status: adult}
visits:
- {date: 2022-03-05, benefit: inpatient, level: tertiary, in_scope: "20000.00"}
"""

TERTIARY = "liaocheng/resident/inpatient.yaml#tiers.1.rate.tertiary"


def run(*args: object) -> subprocess.CompletedProcess[str]:
    """A command in this process: what it prints on each stream, and its exit code."""
    words = [str(arg) for arg in args]
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main.run(words)
        except SystemExit as ended:
            code = ended.code or 0
    assert isinstance(code, int), code
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def run_apart(*args: object) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own, as a shell starts it."""
    command = [sys.executable, "-m", "openyibao.cli.main", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def written(folder: Path, text: str, name: str = "case.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_settle_json_is_one_object_on_stdout_and_nothing_else(tmp_path: Path) -> None:
    done = run_apart("settle", written(tmp_path, CASE), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["visits"][0]["hifp_pay"] == "11520.00"
    assert answer["year"]["seq"] == 1


def test_settle_reads_json_too(tmp_path: Path) -> None:
    data = {
        "person": {"area": "371500", "scheme": "resident", "status": "adult"},
        "visits": [{"date": "2022-03-05", "benefit": "inpatient", "level": "tertiary", "in_scope": "20000.00"}],
    }
    done = run("settle", written(tmp_path, json.dumps(data), "case.json"), "--json")
    assert json.loads(done.stdout)["visits"][0]["hifp_pay"] == "11520.00"


def test_settle_prints_a_table_and_explains(tmp_path: Path) -> None:
    done = run_apart("settle", written(tmp_path, CASE), "--explain")
    assert done.returncode == 0
    assert "统筹基金" in done.stdout
    assert "19,200.00 × 60% = 11,520.00" in done.stdout


def test_every_fault_of_a_case_is_listed_with_its_line(tmp_path: Path) -> None:
    text = (
        CASE.replace("level: tertiary", "level: third")
        .replace('"20000.00"', '"20000.005"')
        .replace("2022-03", "2022-13")
    )
    done = run("settle", written(tmp_path, text), "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    for part in ("visits.0.level", "visits.0.in_scope", "visits.0.date", "case.yaml:5", "tertiary", "共 3 处"):
        assert part in done.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "person"),
        ("[1, 2]", "映射"),
        ("person: {", "YAML"),
        (CASE.replace("resident", "residents"), "scheme"),
        (CASE.replace('"371500"', "371500"), "加引号"),
        (CASE.replace("371500", "371599"), "371599"),
        (CASE.replace("371500", "110000"), "统筹区"),
        (CASE.replace('"20000.00"', "-1"), "非负"),
        (CASE.replace('"20000.00"', "100.555"), "两位小数"),
        (CASE.replace('"20000.00"', "1e5"), "两位小数"),
        (CASE.replace('"20000.00"', '"99999999999"'), "过大"),
        (CASE.replace("level: tertiary, ", ""), "缺少 level"),
        (CASE.replace("level: tertiary", "levle: tertiary"), "level"),
        (CASE.replace("status: adult", "status: active"), "没有状态"),
        (CASE + "- {date: 2022-04-01, reverses: 5}\n", "不在此前"),
        (CASE + "- {date: 2022-04-01, reverses: 0}\n- {date: 2022-04-02, reverses: 0}\n", "已冲销"),
        (CASE + "- {date: 2023-04-01, benefit: inpatient, level: primary, in_scope: 1}\n", "待遇年度"),
        (CASE.replace("2022-03-05", "2021-03-05"), "的政策"),
        (CASE.replace("level: tertiary", 'level: tertiary, care_area: "999999"'), "行政区划"),
        (CASE.replace("title: 试", 'title: "\\ud800"'), "控制字符"),
        (CASE.replace("title: 试", 'title: "\\e[2J"'), "控制字符"),
        ("visits: [5, 5, {date: 2022-01-01, reverses: 1}]\n", "visits.0"),
        ("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: {? *b : 1}\n", "不是文本"),
        (CASE + 'with: {"liaocheng/nothing.yaml#a": 1}\n', "没有这个政策文件"),
        (CASE + 'with: {"liaocheng/resident/inpatient.yaml#deductible.amount.tertary": 1}\n', "没有这个键"),
        (CASE + 'with: {"liaocheng/resident/inpatient.yaml#tiers.1.rate": "160%"}\n', "超过 100%"),
        (CASE + 'with: {"liaocheng/resident/inpatient.yaml#tiers.1.rate": 60}\n', "百分比"),
    ],
)
def test_bad_cases_exit_2_and_say_why(tmp_path: Path, text: str, says: str) -> None:
    done = run("settle", written(tmp_path, text), "--json")
    assert (done.returncode, done.stdout) == (2, ""), done.stdout
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_every_refusal_of_a_case_is_told(tmp_path: Path) -> None:
    text = CASE + (
        "- {date: 2022-04-01, benefit: delivery, in_scope: 1}\n"
        "- {date: 2022-05-01, benefit: prenatal, in_scope: 1}\n"
        "- {date: 2022-06-01, benefit: chronic, disease: 感冒, in_scope: 1}\n"
    )
    done = run("settle", written(tmp_path, text), "--json")
    assert done.returncode == 2
    for part in ("case.yaml:6 visits.1", "case.yaml:7 visits.2", "case.yaml:8 visits.3", "感冒"):
        assert part in done.stderr


def test_missing_and_binary_files(tmp_path: Path) -> None:
    assert run("settle", tmp_path / "none.yaml").returncode == 2
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    done = run("settle", path)
    assert done.returncode == 2
    assert "UTF-8" in done.stderr


def test_reform_shows_before_after_and_difference(tmp_path: Path) -> None:
    reform = f"title: 三级加五个点\nchanges:\n- {{path: {TERTIARY}, from: 2022-01-01, value: 65%}}\n"
    done = run("settle", written(tmp_path, CASE), "--reform", written(tmp_path, reform, "reform.yaml"), "--json")
    answer = json.loads(done.stdout)
    assert set(answer) == {"before", "after", "difference"}
    assert answer["before"]["visits"][0]["hifp_pay"] == "11520.00"
    assert answer["after"]["visits"][0]["hifp_pay"] == "12480.00"
    assert answer["difference"]["visits"][0]["hifp_pay"] == "960.00"


def test_reform_from_a_date_leaves_earlier_visits(tmp_path: Path) -> None:
    case = CASE + '- {date: 2022-09-05, benefit: inpatient, level: tertiary, in_scope: "20000.00"}\n'
    reform = f"changes:\n- {{path: {TERTIARY}, from: 2022-07-01, value: 65%}}\n"
    done = run("settle", written(tmp_path, case), "--reform", written(tmp_path, reform, "reform.yaml"), "--json")
    after: list[dict[str, Any]] = json.loads(done.stdout)["difference"]["visits"]
    assert [row["hifp_pay"] for row in after] == ["0.00", "980.00"]


def test_every_fault_of_a_reform_is_told_where_it_was_written(tmp_path: Path) -> None:
    reform = f"""changes:
- {{path: {TERTIARY}, from: 2022-13-01, value: 65%}}
- {{path: {TERTIARY}, from: 2022-07-01, value: 170%}}
- {{path: liaocheng/nothing.yaml#x, from: 2022-07-01, value: 1}}
- {{path: {TERTIARY.replace("tertiary", "primary")}, from: 2022-07-01, value: 0.7}}
"""
    done = run("settle", written(tmp_path, CASE), "--reform", written(tmp_path, reform, "reform.yaml"), "--json")
    assert (done.returncode, done.stdout) == (2, "")
    for part in ("reform.yaml:2", "reform.yaml:4", "reform.yaml:5", "2022-13-01", "没有这个政策文件", "百分比"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr
    reform = f"changes:\n- {{path: {TERTIARY}, from: 2022-07-01, value: 170%}}\n"
    done = run("settle", written(tmp_path, CASE), "--reform", written(tmp_path, reform, "reform.yaml"))
    assert done.returncode == 2
    assert "reform.yaml:2" in done.stderr
    assert "超过 100%" in done.stderr


def test_a_what_if_may_pay_higher_levels_more(tmp_path: Path) -> None:
    reform = f"changes:\n- {{path: {TERTIARY}, from: 2022-01-01, value: 95%}}\n"
    done = run("settle", written(tmp_path, CASE), "--reform", written(tmp_path, reform, "reform.yaml"), "--json")
    assert json.loads(done.stdout)["after"]["visits"][0]["hifp_pay"] == "18240.00"


def test_contribution(tmp_path: Path) -> None:
    text = 'person: {area: "371500", scheme: employee, status: active, declared_wage: 3000}\nperiod: 2022-05\n'
    answer = json.loads(run("contribution", written(tmp_path, text), "--json").stdout)
    assert (answer["base"], answer["employer"], answer["individual"]) == ("3746.00", "262.22", "74.92")


def test_cases_run_passes_fails_and_says_how_many(tmp_path: Path) -> None:
    good = CASE + 'expected: [{hifp_pay: "11520.00"}]\n'
    written(tmp_path, good, "good.yaml")
    assert run("cases", "run", tmp_path).stdout.splitlines()[-1] == "1 passed, 0 failed"
    assert run("cases", "run", tmp_path / "nowhere").returncode == 2
    written(tmp_path, good.replace("11520", "11521"), "wrong.yaml")
    done = run("cases", "run", tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed"
    assert "应为 11521.00，得 11520.00" in done.stdout
    assert "19,200.00 × 60%" in done.stdout
    assert "大病保险" not in done.stdout
    written(tmp_path, "visits: 1\n", "broken.yaml")
    done = run("cases", "run", tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (2, "1 passed, 2 failed")


def test_policy_commands(tmp_path: Path) -> None:
    assert run("policy", "check").returncode == 0
    figures = json.loads(run("policy", "figures", "--json").stdout)["figures"]
    paths = {figure["path"] for figure in figures}
    assert "liaocheng/employee/inpatient.yaml#tiers.1.rate.tertiary" in paths
    alternative = next(f for f in figures if f["path"] == "liaocheng/resident/inpatient.yaml#tiers.1.rate.secondary")
    assert alternative["alternatives"][0]["value"] == "76%"
    shown = json.loads(run("policy", "show", "liaocheng", "--on", "2022-07-01", "--json").stdout)
    assert any(entry["file"] == "liaocheng/employee/inpatient.yaml" for entry in shown["employee"])
    assert run("policy", "show", "atlantis", "--on", "2022-07-01").returncode == 2
    (tmp_path / "a.yaml").write_text("kind: nonsense\n", encoding="utf-8")
    assert run("policy", "check", tmp_path).returncode == 2
    assert run("policy", "check", tmp_path / "nowhere").returncode == 2


def test_policy_diff_finds_figures_and_the_smallest_bills() -> None:
    answer = json.loads(run("policy", "diff", "liaocheng@2022-12-31", "liaocheng@2023-01-01", "--json").stdout)
    assert any(row["path"] == "tiers.1.rate.primary" and row["right"] == "70%" for row in answer["figures"])
    found = [
        bill
        for bill in answer["bills"]
        if (bill["scheme"], bill["benefit"], bill["level"], bill["group"]) == ("employee", "outpatient", "primary", "")
    ]
    assert (found[0]["in_scope"], found[0]["left"], found[0]["right"]) == (20001, 0, 1)


def test_new_city_never_overwrites(tmp_path: Path) -> None:
    first = run("policy", "new-city", "dezhou", "--into", tmp_path)
    assert first.returncode == 0, first.stderr
    assert run("policy", "new-city", "371400", "--into", tmp_path).returncode == 2


def test_version() -> None:
    assert run("--version").stdout.startswith("openyibao ")
