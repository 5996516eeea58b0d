"""Single driver, year driver and oracle agree to the fen on random person-years; the proof runs a million of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from openyibao.policy.facade import Policies
from tests.support.three_ways import compare

FIRST = 10_000_000
SHARE = 1_000


@pytest.mark.parametrize("part", range(2))
def test_three_drivers_agree(part: int, policies: Policies, policy_folder: Path) -> None:
    seeds = range(FIRST + part * SHARE, FIRST + (part + 1) * SHARE)
    counted = compare(seeds, policies, policy_folder)
    assert counted.differences[:10] == []
    assert counted.settled > SHARE * 3 // 4
    assert counted.reversals > SHARE // 10


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_three_drivers_agree_on_many(part: int, policies: Policies, policy_folder: Path) -> None:
    first = FIRST + 1_000_000 + part * 15_000
    assert compare(range(first, first + 15_000), policies, policy_folder).differences[:10] == []
