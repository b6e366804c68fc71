"""The command line of the sample authority; every command prints one JSON object."""

import argparse
import json
import sys
from datetime import timedelta
from pathlib import Path

from simulators import service
from simulators.authority.authority import LIST_LIFE, Authority, Signer
from simulators.authority.profiles import FAULTS, KEYS
from simulators.authority.responder import Responder
from simulators.authority.sm2_authority import Sm2Authority


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulators.authority", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".data/authority"), help="where the authority lives")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init", help="make roots, issuing authorities and lists if they are missing")
    issue = commands.add_parser("issue", help="issue one certificate into a PKCS#12 file, or with SM2 a PEM file")
    for option in ("uscc", "organisation", "person", "pin"):
        issue.add_argument(f"--{option}", required=True)
    issue.add_argument("--out", type=Path, required=True)
    issue.add_argument("--key", choices=KEYS, default="rsa")
    issue.add_argument("--fault", choices=sorted(FAULTS), help="make a hostile certificate, for tests")
    issue.add_argument("--legacy", action="store_true", help="encrypt the file with triple DES and SHA-1")
    many = commands.add_parser("issue-many", help="issue for every JSON object of the array on standard input")
    many.add_argument("--into", type=Path, required=True, help="folder that relative 'out' names are put in")
    revoke = commands.add_parser("revoke", help="revoke one certificate and publish the list")
    revoke.add_argument("--serial", required=True, help="hexadecimal")
    publish = commands.add_parser("crl", help="publish all revocation lists again")
    publish.add_argument("--days", type=int, default=LIST_LIFE.days)
    service.add_serve(commands)
    return parser


def _signer(row: dict[str, str], into: Path) -> Signer:
    return Signer(
        uscc=row["uscc"],
        organisation=row["organisation"],
        person=row["person"],
        out=into / row["out"],
        pin=row["pin"],
        key=row.get("key", "rsa"),
    )


def _of(authorities: dict[str, Authority], signer: Signer) -> Authority:
    """The one of the two authorities that issues this kind of key."""
    return authorities["sm2" if signer.key == "sm2" else "other"]


def main() -> None:
    """Run one command."""
    options = _parser().parse_args()
    authorities = {"sm2": Sm2Authority(options.folder), "other": Authority(options.folder)}
    if options.command == "serve":
        service.run(Responder(options.folder, options.clock), options.port)
        return
    answer: dict[str, object] = {"folder": str(options.folder)}
    if options.command == "issue":
        signer = Signer(
            uscc=options.uscc,
            organisation=options.organisation,
            person=options.person,
            out=options.out,
            pin=options.pin,
            key=options.key,
            fault=options.fault,
            legacy=options.legacy,
        )
        answer |= {"serial": _of(authorities, signer).issue(signer), "file": str(options.out)}
    elif options.command == "issue-many":
        signers = [_signer(row, options.into) for row in json.load(sys.stdin)]
        issued = [(_of(authorities, item).issue(item), item) for item in signers]
        answer["issued"] = [{"serial": serial, "file": str(item.out)} for serial, item in issued]
    elif options.command == "revoke":
        kind = "sm2" if authorities["sm2"].issued(options.serial) else "other"
        authorities[kind].revoke(options.serial)
        answer["revoked"] = options.serial
    elif options.command == "crl":
        life = timedelta(days=options.days)
        answer["lists"] = [str(path) for authority in authorities.values() for path in authority.publish(life)]
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
