"""Run Django's management commands."""

from __future__ import annotations

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command named on the command line; a settings mistake ends in one sentence, not in a traceback."""
    # Production unless the environment says otherwise: forgetting a variable must never switch debugging on.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"manage.py: {error}")


if __name__ == "__main__":
    main()
