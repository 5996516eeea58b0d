"""A world per module, as the settlement tests have it."""

from __future__ import annotations

import pytest

from tests.support.world import World, choose_items


@pytest.fixture(scope="module")
def world(db: str) -> World:
    made = World.made()
    choose_items()
    return made
