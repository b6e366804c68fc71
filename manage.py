#!/usr/bin/env python3
"""Django's command line. Without servers of one's own it finds the embedded ones of this folder."""

import os
import sys

try:
    from django.core.management import execute_from_command_line

    from yingshou.runtime.places import use_embedded_servers
    from yingshou.tenancy.actor import Actor, acting_as
except ModuleNotFoundError as error:
    raise SystemExit(f"Yingshou is not installed here (no module {error.name}): run make install.") from error

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yingshou.config.settings.dev")
    use_embedded_servers()
    # Commands that act for an organisation bind an actor of their own inside.
    with acting_as(Actor.system("manage")):
        execute_from_command_line(sys.argv)
