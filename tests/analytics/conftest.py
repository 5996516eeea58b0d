"""Fixtures of the analytics tests: a bureau's year recorded under our own policies, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from openyibao.policy.facade import Policies
from tests.analytics.made_up import bureau


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory, policies: Policies) -> Path:
    """Tables of 150 persons in 2022, settled by the shipped policies. Not to be changed."""
    return bureau(tmp_path_factory.mktemp("plain"), policies, persons=150)
