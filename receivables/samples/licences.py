"""
Who of the city holds an electronic business licence. A process of its own plays the service (`simulators/elicence`).

Every signer is listed there as a holder, so that anybody can try the first use; the largest debtor's and the largest
supplier's signers are linked already, by their own administrators.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from receivables.samples.people import City
from receivables.samples.seals import PIN, Silent
from yingshou.audit.lifecycle import advance, created
from yingshou.signing.elicence_models import LicenceHolder
from yingshou.signing.states import HOLDER
from yingshou.tenancy.actor import Actor, Duty, acting_as

LINKED = ("ludao", "jinghe")
PROVIDER = "sample"


def issue(settled: City, *, at: datetime) -> None:
    """List the holders at the service, trust its authority, and link the first."""
    folder = Path(settings.YINGSHOU_DATA_DIR) / "elicence"
    firms = {firm.pk: (key, firm) for key, firm in settled.organisations.items()}
    rows: list[dict[str, str]] = []
    for username, actor in settled.actors.items():
        if Duty.SIGNER not in actor.duties or actor.organisation_id is None:
            continue
        key, firm = firms[actor.organisation_id]
        row = {
            "uscc": firm.uscc,
            "organisation": firm.name,
            "holder": actor.label,
            "holder_no": f"H-{username}",
            "licence_serial": f"EL-{firm.uscc}",
            "pin": PIN,
        }
        rows.append(row)
        if key in LINKED:
            _link(actor, settled.actor(f"{key}.admin"), row, at=at)
    _run(folder, "holders", stdin=json.dumps(rows))
    _run(folder, "init")
    call_command("trust_authority", str(folder / "authority" / "root.pem"), "--licences", verbosity=0, stdout=Silent())


def _link(holder: Actor, administrator: Actor, row: dict[str, str], *, at: datetime) -> None:
    assert holder.organisation_id is not None, "a signer acts for an organisation"
    assert holder.person_id is not None, "a signer is a person"
    with acting_as(holder):
        linked = LicenceHolder(
            organisation_id=holder.organisation_id,
            person_id=holder.person_id,
            provider=PROVIDER,
            holder_no=row["holder_no"],
            holder_name=row["holder"],
            licence_serial=row["licence_serial"],
            asked_at=at,
        )
        linked.save(force_insert=True)
        created([linked], by=holder, at=at, event="ask")
    with acting_as(administrator):
        advance(HOLDER, [linked], "link", by=administrator, at=at, facts={"decided_at": at}).only()


def _run(folder: Path, *arguments: str, stdin: str = "") -> None:
    command = [sys.executable, "-m", "simulators.elicence", "--folder", str(folder), *arguments]
    subprocess.run(command, input=stdin, capture_output=True, text=True, check=True, cwd=settings.BASE_DIR)
