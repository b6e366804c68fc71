"""The command line of the sample service."""

import argparse
import json
import sys
from pathlib import Path

from simulators.elicence.issuing import LicenceAuthority, write
from simulators.elicence.pages import server
from simulators.elicence.service import FAULTS, Service

DEFAULT_APP, DEFAULT_SECRET = "yingshou-sample", "sample-secret-of-the-sample-city"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulators.elicence", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".data/elicence"), help="where the service lives")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init", help="make the authority if it is missing; says where its root certificate lies")
    commands.add_parser("holders", help="replace the list of licence holders by the JSON array on standard input")
    serve = commands.add_parser("serve", help="serve until it is stopped")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=0, help="0 takes a free one")
    serve.add_argument("--address", default="", help="where phones reach it, if not at host and port")
    serve.add_argument("--app", default=DEFAULT_APP)
    serve.add_argument("--secret", default=DEFAULT_SECRET)
    fault = commands.add_parser("fault", help="switch exactly these faults on")
    fault.add_argument("names", nargs="*", choices=[*FAULTS, []])
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
        service = (
            Service(folder, app=options.app, secret=options.secret, address="") if options.command == "serve" else None
        )
        if service is None:
            Service(folder, app="", secret="", address="").set_faults(set(options.names))
            _say({"faults": options.names})
            return
        web = server(service, options.host, options.port)
        service.address = (options.address or f"http://{options.host}:{web.server_address[1]}").rstrip("/")
        _say({"address": service.address})
        web.serve_forever()


def _say(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
