"""Django's settings. One database, PostgreSQL; no secret has a default; everything else is data of a room.

The database is the one in DATABASE_URL, which `setup.django_ready` fills with the embedded one when nobody set it.
"""

from __future__ import annotations

import os

from openyibao.foundation.database import django_database

SECRET_KEY = os.environ.get("OPENYIBAO_SECRET_KEY") or os.urandom(32).hex()
"""Signs nothing that outlives a process yet; a console with sessions will want a lasting one."""
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "openyibao.gateway.urls"
MIDDLEWARE: list[str] = []
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
LANGUAGE_CODE = "zh-hans"
USE_I18N = False
DATA_UPLOAD_MAX_MEMORY_SIZE = None
"""The gateway limits the size itself, before reading, with an answer its callers understand."""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "procrastinate.contrib.django",
    "openyibao.foundation",
    "openyibao.ledger",
    "openyibao.people",
    "openyibao.institutions",
    "openyibao.catalogue",
    "openyibao.rulebook",
    "openyibao.settlement",
    "openyibao.payment",
    "openyibao.gateway",
]

DATABASES = {"default": django_database(os.environ.get("DATABASE_URL", ""))}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("OPENYIBAO_LOG", "WARNING")},
}
