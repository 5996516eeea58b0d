"""Django's own commands, for developers: `python -m openyibao.foundation.manage makemigrations ledger`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run a management command; no database is started for it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openyibao.foundation.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
