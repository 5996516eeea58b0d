"""Damaged datasets: every command that reads one names the file and what is wrong, in Chinese, and ends with 2."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer

from openyibao.cli import bulletin, project, reform, resettle, show
from openyibao.datasets import facade as datasets
from openyibao.datasets.facade import Manifest, PartWriter
from openyibao.kernel.errors import Malformed

YEAR = 2024
COMMANDS = {
    "resettle": ["{dir}"],
    "resettle --no-output": ["{dir}", "--no-output"],
    "bulletin": ["{dir}", "--year", str(YEAR), "--out", "{dir}.html"],
    "reform": ["tertiary_minus_5", "{dir}"],
    "project": ["{dir}"],
}
_VISITS = f"visits/year={YEAR}/part-00000.parquet"


def _columns(table: str, rows: int, **given: object) -> dict[str, object]:
    made: dict[str, object] = {}
    for column in datasets.TABLES[table].columns:
        empty: object = [""] * rows if column.type == "text" else np.zeros(rows, dtype=np.int64)
        made[column.name] = [None] * rows if column.null else empty
    return made | given


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three persons of Liaocheng with a bill each. Not to be changed."""
    folder = tmp_path_factory.mktemp("sound") / "dataset"
    folder.mkdir()
    persons = np.arange(3)
    day = np.full(3, (np.datetime64(f"{YEAR}-05-05") - np.datetime64("1970-01-01")).astype(int))
    datasets.write_whole(folder, "pools", _columns("pools", 1, area=["371500"], scheme=["resident"]))
    datasets.write_whole(folder, "variants", _columns("variants", 1, contribution_class=["standard"]))
    datasets.write_whole(folder, "institutions", _columns("institutions", 1, area=[371500]))
    datasets.write_whole(folder, "funds", _columns("funds", 0))
    datasets.write_codes(folder)
    for table in ("persons", "coverage", "contributions", "grants", "visits"):
        cut = YEAR if datasets.TABLES[table].cut == "year_part" else None
        given: dict[str, object] = {"person": persons}
        if table == "visits":
            given |= {"day": day, "filing": persons * 0 - 1, "stay": persons * 0 - 1, "days": persons * 0 + 1}
        with PartWriter(folder, table, 0, cut) as writer:
            writer.write(_columns(table, 3, **given))
    datasets.write_manifest(folder, Manifest("published", "测试", "371500", [YEAR], 1, "test"))
    datasets.check(datasets.open_dataset(folder))
    return folder


def _cut(name: str) -> Callable[[Path], object]:
    def damage(folder: Path) -> None:
        path = folder / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return damage


def _retyped(folder: Path) -> None:
    table = pq.read_table(folder / _VISITS)
    at = table.column_names.index("in_scope_fen")
    changed = table.set_column(at, "in_scope_fen", table.column(at).cast(pa.float64()))
    pq.write_table(changed, folder / _VISITS)


def _dropped(folder: Path) -> None:
    pq.write_table(pq.read_table(folder / _VISITS).drop_columns(["seq"]), folder / _VISITS)


def _replaced_by_folder(folder: Path) -> None:
    (folder / _VISITS).unlink()
    (folder / _VISITS).mkdir()


def _manifest(text: str = "", **values: Any) -> Callable[[Path], object]:
    def damage(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(text or json.dumps(json.loads(path.read_text()) | values))

    return damage


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "visits cut off": (_cut(_VISITS), "不是 Parquet 文件"),
    "pools cut off": (_cut("pools.parquet"), "不是 Parquet 文件"),
    "visits empty": (lambda folder: (folder / _VISITS).write_bytes(b""), "不是 Parquet 文件"),
    "visits text": (lambda folder: (folder / _VISITS).write_text("hello"), "不是 Parquet 文件"),
    "visits missing": (lambda folder: (folder / _VISITS).unlink(), "缺这个文件"),
    "visits a folder": (_replaced_by_folder, "缺这个文件"),
    "column of another type": (_retyped, "类型是 double"),
    "column missing": (_dropped, "缺这一列"),
    "manifest missing": (lambda folder: (folder / "manifest.json").unlink(), "没有 manifest.json"),
    "manifest of nothing": (_manifest(" "), "读不懂"),
    "manifest a list": (_manifest("[1]"), "读不懂"),
    "manifest of another format": (_manifest(format="openyibao dataset 9"), "openyibao dataset 9"),
    "manifest with more": (_manifest(whatever=1), "读不懂"),
    "manifest with more parts": (_manifest(parts=2), "缺这个文件"),
    "manifest with other years": (_manifest(years=[2019]), "缺这个文件"),
    "manifest with a run that is not there": (_manifest(runs={"current": {"years": [YEAR]}}), "缺这个文件"),
    "a file": (lambda folder: (shutil.rmtree(folder), folder.write_text("x")), "没有 manifest.json"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_dataset_is_refused(
    sound: Path, tmp_path: Path, command: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "dataset"
    shutil.copytree(sound, folder)
    change, wrong = DAMAGES[damage]
    change(folder)
    app = typer.Typer()
    for room in (resettle, bulletin, reform, project):
        room.mount(app)
    words = [word.format(dir=folder) for word in COMMANDS[command]]
    with pytest.raises(Malformed, match=re.escape(wrong)) as raised:
        app([command.split()[0], *words], standalone_mode=False)
    assert all(str(folder) in str(fault) for fault in raised.value.faults)
    show.faults(raised.value.faults)
    assert "Traceback" not in capsys.readouterr().err
    assert not folder.with_suffix(".html").exists()
