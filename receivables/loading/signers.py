"""
The signer's side of a signature, as the browser does it: a key file opened locally, the server sees the signature alone.

Certificates come from the sample authority, a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from django.conf import settings
from django.db import transaction

from receivables.loading.parties import JOB, Party
from yingshou.approvals.models import Approval
from yingshou.signing import actions as signing
from yingshou.signing.keeping import Origin
from yingshou.signing.models import SignatureEvidence
from yingshou.tenancy.actor import Actor, acting_as

PIN = "ledger-sample"
PURPOSE = "approvals.approve"


class SampleAuthority:
    """Issues key files into a folder and puts itself on the platform's trust list."""

    def __init__(self, folder: Path, *, at: datetime) -> None:
        self.folder = folder
        self._run("init")
        self._run("crl")
        root = x509.load_pem_x509_certificate((folder / "root.crt").read_bytes())
        lists = [(folder / name).read_bytes() for name in ("root.crl", "issuing.crl")]
        with acting_as(Actor.system(JOB)), transaction.atomic():
            signing.trust_authority(root.public_bytes(serialization.Encoding.DER), at=at)
            signing.store_revocation_lists(lists, at=at)

    def _run(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "simulators.authority", "--folder", str(self.folder), *arguments],
            check=True,
            capture_output=True,
            cwd=settings.BASE_DIR,
        )

    def key_file(self, of: Party) -> Path:
        """The key file of the party's signer, issued at first use."""
        out = self.folder / f"{of.organisation.uscc}.p12"
        self._run(
            "issue",
            *("--uscc", of.organisation.uscc, "--organisation", of.organisation.name),
            *("--person", "签章人", "--pin", PIN, "--out", str(out)),
        )
        return out


def sign_approval(approval: Approval, of: Party, key_file: Path, *, at: datetime) -> SignatureEvidence:
    """Prepare, sign with the key file, complete: one signature over the manifest, which carries the approval out."""
    key, certificate, others = pkcs12.load_key_and_certificates(key_file.read_bytes(), PIN.encode())
    assert isinstance(key, rsa.RSAPrivateKey), "the sample authority makes RSA keys unless asked otherwise"
    assert certificate is not None, "a key file holds its certificate"
    chain = [one.public_bytes(serialization.Encoding.DER) for one in others]
    with acting_as(of.checker):
        prepared = signing.prepare(
            PURPOSE, approval.pk, certificate.public_bytes(serialization.Encoding.DER), chain, by=of.checker, at=at
        )
        value = key.sign(bytes(prepared.request.attributes), padding.PKCS1v15(), hashes.SHA256())
        return signing.complete(prepared.request.pk, value, by=of.checker, at=at, origin=Origin(device=JOB))
