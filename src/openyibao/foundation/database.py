"""Which PostgreSQL: any server by DATABASE_URL, else the embedded one. A URL becomes Django's settings here."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit


def django_database(url: str) -> dict[str, Any]:
    """Django's settings of one PostgreSQL database named by a URL; an empty URL gives settings that cannot connect.

    Statements are bound on the server and prepared at their second use: the settlement's statements are large, and
    planning one costs more than running it.
    """
    parts = urlsplit(url or "postgresql://nobody@127.0.0.1:1/none")
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError(f"DATABASE_URL 须以 postgresql:// 开头，不是 {parts.scheme!r}")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "openyibao",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {"server_side_binding": True, "prepare_threshold": 2, **dict(parse_qsl(parts.query))},
    }


def database_url(settings: dict[str, Any]) -> str:
    """The URL of Django's settings of a database."""
    login = quote(settings["USER"], safe="")
    if settings["PASSWORD"]:
        login += ":" + quote(settings["PASSWORD"], safe="")
    port = f":{settings['PORT']}" if settings["PORT"] else ""
    return f"postgresql://{login}@{settings['HOST']}{port}/{quote(settings['NAME'], safe='')}"
