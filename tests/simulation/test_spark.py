"""Spark and this machine's threads say the same, to the fen; what Spark needs and is not there is told."""

from __future__ import annotations

import importlib.util
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from openyibao.datasets.facade import Dataset, open_dataset
from openyibao.policy.facade import Policies
from openyibao.simulation import spark
from openyibao.simulation.errors import EngineMissing
from openyibao.simulation.facade import resettle
from tests.support.datasets import make

REFORM = (
    "title: 三级医院降五个百分点\nchanges:\n"
    '  - {path: "shandong/employee/inpatient.yaml#tiers.1.rate.tertiary", from: 2020-03-01, value: 80%}\n'
    '  - {path: "shandong/resident/serious_illness.yaml#deductible.amount.otherwise", from: 2020-05-01, value: 6000}\n'
)


def test_what_is_not_installed_is_told(policies: Policies, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineMissing, match="make spark"):
        resettle(dataset, policies, engine="spark")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(EngineMissing, match="Java 17"):
        resettle(dataset, policies, engine="spark")


def test_the_package_that_is_shipped_is_enough(tmp_path: Path) -> None:
    """An executor without an installation imports the rooms it needs from the shipped file, data and all."""
    import subprocess
    import sys

    made = spark._package(tmp_path)
    assert all(name.startswith("openyibao/") for name in zipfile.ZipFile(made).namelist())
    code = (
        f"import sys; sys.path.insert(0, {str(made)!r}); import openyibao, openyibao.simulation.spark, "
        "openyibao.kernel.areas as areas; assert areas.all_areas(); "
        "assert '.zip' in openyibao.__file__, openyibao.__file__"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


def engines(dataset: Dataset, policies: Policies, reform: Path | None) -> list[dict[str, Any]]:
    """Both engines' answers, and every split they wrote compared."""
    answers = [resettle(dataset, policies, reform=reform, engine=engine, run=engine) for engine in ("local", "spark")]
    for year in dataset.years:
        for ours, theirs in zip(
            dataset.paths("settled", year, "local"), dataset.paths("settled", year, "spark"), strict=True
        ):
            assert pq.read_table(ours).equals(pq.read_table(theirs))
    said = [answer.as_json() for answer in answers]
    for answer in said:
        assert answer.pop("engine") == answer.pop("run")
        answer.pop("seconds")
    return said


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="PySpark is not installed: make spark")
def test_both_engines_say_the_same_of_200000_visits(policies: Policies, tmp_path: Path) -> None:
    dataset = make(tmp_path / "data", policies, persons=34_000, years=(2020, 2022), parts=5, seed=7)
    assert sum(dataset.rows("visits", year) for year in dataset.years) > 200_000
    path = tmp_path / "reform.yaml"
    path.write_text(REFORM, encoding="utf-8")
    found = []
    for reform in (None, path):
        ours, theirs = engines(dataset, policies, reform)
        assert ours == theirs
        found.append(ours)
    assert found[0]["fund_fen"] != found[1]["fund_fen"]
    assert set(open_dataset(dataset.folder).manifest.runs) == {"local", "spark"}
