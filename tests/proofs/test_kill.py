"""Ten rounds of the kill proof; `make prove` runs fifty."""

from __future__ import annotations

import pytest

from tests.proofs.kill import SETTLES, prove


@pytest.mark.slow
def test_ten_kills_under_load() -> None:
    lines: list[str] = []
    rounds = prove(10, 20261122, lines.append)
    assert [fault for made in rounds for fault in made.faults] == [], "\n".join(lines)
    states = [one.state for made in rounds for one in made.sent if one.infno in SETTLES]
    assert states.count("acknowledged") > 50, lines
    assert states.count("unknown") > 5, lines
