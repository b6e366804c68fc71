"""
The key files of the city's signers, and signatures made with them.

A separate process plays the certification authority (`python -m simulators.authority`); nothing of it is imported. While the city is
loaded this module stands in for the signers' browsers: it opens the key file and signs the very bytes the server prepared.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from receivables.samples.people import City
from yingshou.approvals.models import Approval
from yingshou.signing import actions as signing
from yingshou.signing.approvals import PURPOSE
from yingshou.signing.keeping import Origin
from yingshou.tenancy.actor import Actor, Duty, acting_as

PIN = "246810"


@dataclass
class Seals:
    """Where the signers' key files lie, by sign-in name."""

    folder: Path
    files: dict[int, Path] = field(default_factory=dict)

    def sign_if_needed(self, approval_id: int, signer: Actor, *, at: datetime) -> None:
        """Approve with a signature what waits for one; nothing where the policy asked for none."""
        with acting_as(signer), transaction.atomic():
            approval = Approval.objects.visible_to(signer).filter(pk=approval_id).first()
            if approval is None or not approval.is_open:
                return
            key, certificate, chain = self._open(signer)
            prepared = signing.prepare(PURPOSE, approval_id, certificate, chain, by=signer, at=at)
            value = key.sign(bytes(prepared.request.attributes), padding.PKCS1v15(), hashes.SHA256())
            signing.complete(prepared.request.pk, value, by=signer, at=at, origin=Origin(device="sample city"))

    def _open(self, signer: Actor) -> tuple[RSAPrivateKey, bytes, list[bytes]]:
        assert signer.person_id is not None, "a signer is a person"
        loaded = pkcs12.load_pkcs12(self.files[signer.person_id].read_bytes(), PIN.encode())
        assert isinstance(loaded.key, RSAPrivateKey), "the authority issues RSA keys unless asked otherwise"
        assert loaded.cert is not None, "a key file holds its certificate"
        others = [one.certificate.public_bytes(Encoding.DER) for one in loaded.additional_certs]
        return loaded.key, loaded.cert.certificate.public_bytes(Encoding.DER), others


def issue(settled: City) -> Seals:
    """Have the authority issue a key file for each signer of the city that has none, and trust the authority."""
    base = Path(settings.YINGSHOU_DATA_DIR)
    authority, folder = base / "authority", base / "signers"
    folder.mkdir(parents=True, exist_ok=True)
    _authority(authority, "init")
    seals = Seals(folder)
    wanted: list[dict[str, str]] = []
    for username, actor in settled.actors.items():
        if Duty.SIGNER not in actor.duties or actor.person_id is None:
            continue
        path = folder / f"{username}.p12"
        seals.files[actor.person_id] = path
        if not path.exists():
            firm = next(one for one in settled.organisations.values() if one.pk == actor.organisation_id)
            row = {"uscc": firm.uscc, "organisation": firm.name, "person": actor.label, "out": path.name, "pin": PIN}
            wanted.append(row)
    if wanted:
        _authority(authority, "issue-many", "--into", str(folder), stdin=json.dumps(wanted))
    # Those of SM2 beside the others: what a program signs with a key of theirs counts as well.
    roots, issuing = ([str(authority / f"{side}{name}.crt") for side in ("", "sm2-")] for name in ("root", "issuing"))
    call_command("trust_authority", *roots, verbosity=0, stdout=Silent())
    call_command("trust_authority", *issuing, "--issuing", verbosity=0, stdout=Silent())
    _run("timestamp", base / "timestamp", "init")
    root = base / "timestamp" / "root.crt"
    call_command("trust_authority", str(root), "--timestamps", verbosity=0, stdout=Silent())
    return seals


def _authority(folder: Path, *arguments: str, stdin: str = "") -> dict[str, Any]:
    return _run("authority", folder, *arguments, stdin=stdin)


def _run(simulator: str, folder: Path, *arguments: str, stdin: str = "") -> dict[str, Any]:
    command = [sys.executable, "-m", f"simulators.{simulator}", "--folder", str(folder), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=True, cwd=settings.BASE_DIR)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


class Silent:
    """Swallows what a command says: the sample city prints its own summary."""

    def write(self, _text: str) -> None:
        """Nothing."""
