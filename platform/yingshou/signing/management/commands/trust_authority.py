"""Put certificate authorities on the trust list and read the revocation lists."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management.base import BaseCommand

from yingshou.kernel import clock
from yingshou.signing import actions, sources
from yingshou.signing.models import AnchorKind
from yingshou.tenancy.actor import Actor, acting_as


class Command(BaseCommand):
    """``manage.py trust_authority .data/authority/root.crt``"""

    help = "Put the certificates of the given PEM files on the trust list and read the revocation lists."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--issuing", action="store_true", help="these are issuing authorities, not roots")
        parser.add_argument("--timestamps", action="store_true", help="these tell the time, and nothing else")
        parser.add_argument("--licences", action="store_true", help="these issue electronic business licences")

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        kind = AnchorKind.ISSUING if options["issuing"] else AnchorKind.ROOT
        if options["timestamps"]:
            kind = AnchorKind.TIMESTAMP
        if options["licences"]:
            kind = AnchorKind.ELICENCE
        with acting_as(Actor.system("trust_authority")):
            for path in options["files"]:
                for certificate in x509.load_pem_x509_certificates(path.read_bytes()):
                    anchor = actions.trust_authority(certificate.public_bytes(Encoding.DER), at=at, kind=kind)
                    self.stdout.write(f"{anchor.kind} {anchor.subject}")
        self.stdout.write(f"{sources.refresh(at=at, force=True)} new revocation lists")
