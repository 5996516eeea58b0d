"""Fixtures every room's tests use."""

from __future__ import annotations

from pathlib import Path

import pytest

from openyibao.policy.facade import Policies, data_folder


@pytest.fixture(scope="session")
def policy_folder() -> Path:
    return data_folder("policies")


@pytest.fixture(scope="session")
def policies(policy_folder: Path) -> Policies:
    return Policies.load(policy_folder)
