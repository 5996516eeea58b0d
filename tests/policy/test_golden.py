"""Every case under cases/ passes, and every golden id of the seeds has a case."""

from __future__ import annotations

from pathlib import Path

import pytest

from openyibao.policy import facade

CASES = Path(__file__).parents[2] / "cases"
FILES = sorted(CASES.rglob("*.yaml"))
IDS = [f"BEN-{n:03}" for n in range(1, 60)] + [f"CON-{n:03}" for n in range(1, 10)]


@pytest.fixture(scope="module")
def policies() -> facade.Policies:
    return facade.Policies.load(CASES.parent / "policies")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CASES).with_suffix("").as_posix())
def test_case(path: Path, policies: facade.Policies) -> None:
    [result] = facade.run_cases([path], policies)
    assert not result.differences, "\n".join([result.title, *result.differences, result.trace])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CASES).with_suffix("").as_posix())
def test_case_expects_something(path: Path) -> None:
    assert "\nexpected:" in path.read_text(encoding="utf-8")


def test_every_golden_id_has_a_file() -> None:
    stems = {path.stem[:7] for path in CASES.rglob("*") if path.suffix in (".yaml", ".md")}
    assert [golden for golden in IDS if golden not in stems] == []


def test_title_begins_with_the_id_of_the_file(policies: facade.Policies) -> None:
    results = list(facade.run_cases([CASES / "golden", CASES / "contribution"], policies))
    assert [result.path for result in results if not result.title.startswith(Path(result.path).stem[:7])] == []
