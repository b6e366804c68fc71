"""The command line of the sample service."""

import argparse
import json
import sys
from pathlib import Path

from simulators.elicence.issuing import LicenceAuthority, write
from simulators.elicence.pages import Pages
from simulators.service import add_serve, run

DEFAULT_APP, DEFAULT_SECRET = "yingshou-sample", "sample-secret-of-the-sample-city"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulators.elicence", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".data/elicence"), help="where the service lives")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init", help="make the authority if it is missing; says where its root certificate lies")
    commands.add_parser("holders", help="replace the list of licence holders by the JSON array on standard input")
    serve = add_serve(commands)
    serve.add_argument("--app", default=DEFAULT_APP)
    serve.add_argument("--secret", default=DEFAULT_SECRET)
    return parser


def main() -> None:
    """Run one command; each prints one JSON object."""
    options = _parser().parse_args()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if options.command == "init":
        LicenceAuthority(folder / "authority")
        _say({"root": str(folder / "authority" / "root.pem")})
    elif options.command == "holders":
        rows = json.load(sys.stdin)
        write(folder / "holders.json", json.dumps(rows, ensure_ascii=False, indent=1))
        _say({"holders": len(rows)})
    else:
        address = f"http://127.0.0.1:{options.port}"
        pages = Pages(folder, app=options.app, secret=options.secret, address=address, clock=options.clock)
        run(pages, options.port)


def _say(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
