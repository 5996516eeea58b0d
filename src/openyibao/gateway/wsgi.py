"""The WSGI application, as the server's worker processes load it."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import sys


def die_with_parent() -> None:
    """Where the system can (Linux), end with the process that started us: a killed server leaves no orphan behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def make() -> object:
    """Django's application on the database of DATABASE_URL."""
    from openyibao.foundation.setup import django_ready

    die_with_parent()
    django_ready()
    from django.core.wsgi import get_wsgi_application

    made = get_wsgi_application()
    _warm()
    return made


def _warm() -> None:
    """Read what the first message would otherwise wait for: the policies in force, the interface's tables."""
    from django.db import DatabaseError

    from openyibao.gateway.handlers.registry import load_handlers
    from openyibao.rulebook.errors import NothingPublished
    from openyibao.rulebook.facade import plan_in_force

    load_handlers()
    with contextlib.suppress(DatabaseError, NothingPublished):  # whoever sends a message is told
        _ = plan_in_force().policies.compiler


application = make()
