"""A signer with a key file of the sample authority, who does over HTTP what the signing page does in the browser."""

import base64
import json
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from django.conf import settings
from django.core.management import call_command

from yingshou.identity.models import Membership
from yingshou.runtime.places import PROJECT
from yingshou.signing.registration import PURPOSE as REGISTRATION

PIN = "benchmark-pin-1"


@dataclass(frozen=True)
class Signer:
    """A signed-in person and an opened key file."""

    address: str
    cookie: str
    keys: pkcs12.PKCS12KeyAndCertificates

    def post(self, path: str, fields: list[tuple[str, str]]) -> dict[str, Any]:
        """Post a form, security token included; the JSON answer."""
        token = secrets.token_hex(16)
        request = urllib.request.Request(
            f"{self.address}{path}",
            data=urllib.parse.urlencode(fields).encode(),
            headers={"Cookie": f"{self.cookie}; {settings.CSRF_COOKIE_NAME}={token}", "X-CSRFToken": token},
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.code} {error.read()[:2000]!r}") from error

    def prepare(self, purpose: str, object_id: int) -> list[tuple[str, str]]:
        """Post the certificate, sign the attributes; the fields of the completing post."""
        assert self.keys.cert is not None
        certificates = [self.keys.cert, *self.keys.additional_certs]
        encoded = [
            base64.b64encode(one.certificate.public_bytes(serialization.Encoding.DER)).decode() for one in certificates
        ]
        prepared = self.post(
            "/signing/prepare/",
            [
                ("purpose", purpose),
                ("object", str(object_id)),
                ("certificate", encoded[0]),
                *(("chain", one) for one in encoded[1:]),
            ],
        )
        assert isinstance(self.keys.key, rsa.RSAPrivateKey)
        value = self.keys.key.sign(base64.b64decode(prepared["attributes"]), padding.PKCS1v15(), hashes.SHA256())
        return [("request", str(prepared["request"])), ("signature", base64.b64encode(value).decode())]

    def register(self, person_id: int) -> None:
        """Register the certificate by signing with it."""
        self.post("/signing/complete/", self.prepare(REGISTRATION, person_id))


def authority(folder: Path) -> Path:
    """Make the sample authority and trust it."""
    home = folder / "authority"
    _authority(home, "init")
    call_command("trust_authority", str(home / "root.crt"), stdout=open(os.devnull, "w"))  # noqa: SIM115
    return home


def key_file(home: Path, who: Membership) -> pkcs12.PKCS12KeyAndCertificates:
    """Issue a certificate to a person for the organisation and open its file."""
    out = home / f"{who.pk}.p12"
    organisation = who.organisation
    _authority(
        home, "issue", "--uscc", organisation.uscc, "--organisation", organisation.name,
        "--person", who.person.display_name, "--pin", PIN, "--out", str(out),
    )  # fmt: skip
    return pkcs12.load_pkcs12(out.read_bytes(), PIN.encode())


def _authority(home: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "simulators.authority", "--folder", str(home), *arguments],
        cwd=PROJECT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
