"""The WSGI application, as the server's worker processes load it."""

from __future__ import annotations

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

    return get_wsgi_application()


application = make()
