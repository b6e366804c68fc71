"""The command line of the sample timestamp authority."""

import argparse
import json
import sys
from pathlib import Path

from simulators import service
from simulators.timestamp.authority import TimestampAuthority, TimestampService


def main() -> None:
    """Run one command; `init` prints one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m simulators.timestamp", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".data/timestamp"), help="where the authority lives")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init", help="make root and certificate if they are missing")
    service.add_serve(commands)
    options = parser.parse_args()
    authority = TimestampAuthority(options.folder)
    if options.command == "serve":
        service.run(TimestampService(authority, options.clock), options.port)
        return
    sys.stdout.write(json.dumps({"folder": str(options.folder), "root": str(authority.folder / "root.crt")}) + "\n")


if __name__ == "__main__":
    main()
