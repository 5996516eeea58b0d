"""A world per module, as the settlement tests have it."""

from __future__ import annotations

import pytest

from openyibao.foundation import sql
from tests.support.world import World, choose_items


@pytest.fixture(scope="module")
def world(db: str) -> World:
    made = World.made()
    choose_items()
    return made


@pytest.fixture
def hospital(world: World) -> str:
    """A hospital of its own for each test."""
    world.hospitals.pop(("371502", "tertiary"), None)
    serial = len(sql.rows("SELECT 1 FROM institutions_institution")) + 1
    world.hospitals[("371502", f"unused{serial}")] = ""
    return world.hospital("tertiary")
