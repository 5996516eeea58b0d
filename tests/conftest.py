"""Fixtures every room's tests use."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from openyibao.policy.facade import Policies, data_folder
from tests.support.databases import Server, forget_kept, one_at_a_time, server


@pytest.fixture(scope="session")
def policy_folder() -> Path:
    return data_folder("policies")


@pytest.fixture(scope="session")
def policies(policy_folder: Path) -> Policies:
    return Policies.load(policy_folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for this run, shared by its workers."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)[:12]
    with server(run) as found:
        yield found


def _connected(postgres: Server) -> Iterator[str]:
    from django.db import connections

    from openyibao.foundation.database import django_database
    from openyibao.foundation.setup import django_ready

    os.environ["OPENYIBAO_SANDBOX"] = "1"
    with one_at_a_time("template"):
        postgres.template  # noqa: B018 made once
    with postgres.fresh() as url:
        django_ready(url)
        for connection in connections.all():
            connection.close()
            connection.settings_dict.update(django_database(url))
        os.environ["DATABASE_URL"] = url
        forget_kept()
        yield url
        os.environ.pop("DATABASE_URL", None)
        for connection in connections.all():
            connection.close()


@pytest.fixture(scope="module")
def db(postgres: Server) -> Iterator[str]:
    """URL of a fresh migrated database, Django connected to it; one per test module."""
    yield from _connected(postgres)


@pytest.fixture
def new_db(postgres: Server) -> Iterator[str]:
    """The same for one test alone. Do not mix with `db` in a module."""
    yield from _connected(postgres)
