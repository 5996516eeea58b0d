"""A small invented Liaocheng of four parts, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from openyibao.datasets.facade import Dataset, open_dataset
from openyibao.policy.facade import Policies
from openyibao.synth import plan, run
from openyibao.synth.facade import synthesise

SCALE = 0.002
PER_PART = 3_000


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch, policies: Policies) -> None:
    """So that a small dataset has several parts, and policies are read once."""
    monkeypatch.setattr(plan, "PER_PART", PER_PART)
    monkeypatch.setattr(run.Policies, "load", lambda: policies)


@pytest.fixture(scope="package")
def liaocheng(tmp_path_factory: pytest.TempPathFactory, policies: Policies) -> Dataset:
    folder: Path = tmp_path_factory.mktemp("synth") / "liaocheng"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "PER_PART", PER_PART)
        patch.setattr(run.Policies, "load", lambda: policies)
        synthesise("371500", [2022], SCALE, 7, folder, jobs=1)
    return open_dataset(folder)
