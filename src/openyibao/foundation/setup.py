"""Makes Django ready, once per process, on the database of DATABASE_URL or on the embedded one."""

from __future__ import annotations

import os
from contextlib import ExitStack

from openyibao.foundation.launcher import Embedded

_held = ExitStack()
"""Keeps the embedded server in use until the process ends."""
_embedded: list[Embedded] = []


def embedded() -> Embedded | None:
    """The embedded server this process uses; None on a database of DATABASE_URL."""
    return _embedded[0] if _embedded else None


def django_ready(url: str = "") -> None:
    """Set Django up. Without a URL, here or in DATABASE_URL, the embedded server is joined, or started until we end."""
    import atexit

    from django.apps import apps

    if apps.ready:
        return
    wanted = url or os.environ.get("DATABASE_URL", "")
    if not wanted:
        _embedded.append(Embedded())
        wanted = _held.enter_context(_embedded[0].in_use())
        atexit.register(_held.close)
    os.environ["DATABASE_URL"] = wanted
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openyibao.foundation.settings")
    import django

    django.setup()
