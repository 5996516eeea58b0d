"""A random dataset that every test of the room may read and none may change."""

from __future__ import annotations

import pytest

from openyibao.datasets.facade import Dataset
from openyibao.policy.facade import Policies
from tests.support.datasets import make

PERSONS = 300


@pytest.fixture(scope="session")
def dataset(policies: Policies, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make(
        tmp_path_factory.mktemp("dataset"), policies, persons=3 * PERSONS, years=(2020, 2022, 2024), row_group=500
    )
