"""The engine against the plain oracle, on invented and spoiled stays."""

from __future__ import annotations

import pytest

from tests.proofs.packs import PACKS, differences


@pytest.mark.parametrize("name", PACKS)
def test_the_engine_prices_like_the_oracle(name: str) -> None:
    assert list(differences(name, 1_200, seed=3)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", PACKS)
def test_the_engine_prices_like_the_oracle_at_length(name: str) -> None:
    assert next(differences(name, 20_000, seed=4), "") == ""
