"""Bills of the demo settled under three rules changed in secret: the back-test names the three, with their values."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from openyibao.analytics import facade as analytics
from openyibao.policy.facade import Policies
from tests.support.databases import Server

SECRETS = {
    "liaocheng/resident/inpatient.yaml#tiers.1.rate.tertiary": ("tertiary: 60%}}", "tertiary: 57%}}", "57%"),
    "liaocheng/employee/chronic.yaml#tiers.1.rate.retired": ("retired: 90%}}", "retired: 88%}}", "88%"),
    "liaocheng/employee/inpatient.yaml#deductible.amount.secondary": ("secondary: 500", "secondary: 450", "450"),
}
LOAD = """
import sys
from pathlib import Path
from openyibao.foundation.setup import django_ready
django_ready()
from openyibao.demo import facade
from openyibao.foundation import clock
facade.mark_sandbox()
facade.load(clock.now())
facade.export_bills(Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_the_three_secret_rules_are_named(
    postgres: Server, policies: Policies, policy_folder: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "policies"
    shutil.copytree(policy_folder, changed, ignore=shutil.ignore_patterns("schema"))
    for path, (before, after, _) in SECRETS.items():
        file = changed / path.partition("#")[0]
        text = file.read_text(encoding="utf-8")
        assert before in text
        file.write_text(text.replace(before, after, 1), encoding="utf-8")
    name = postgres.create()
    mine = {"DATABASE_URL": postgres.database_url(name), "OPENYIBAO_SANDBOX": "1", "OPENYIBAO_POLICIES": str(changed)}
    try:
        for words in (["-m", "openyibao.cli.main", "migrate"], ["-c", LOAD, str(tmp_path / "bills")]):
            done = subprocess.run(
                [sys.executable, *words], env={**os.environ, **mine}, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr[-2_000:]
    finally:
        postgres.drop(name)
    found = analytics.backtest(policies, analytics.load_bills(tmp_path / "bills")).as_json()
    named = {figure["path"]: figure["implied"] for figure in found["figures"]}
    assert named == {path: value for path, (_, _, value) in SECRETS.items()}
