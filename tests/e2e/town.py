"""A supplier and a buyer with people who prepare, check and sign; the buyer's signer holds a real key file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from django.db import transaction

from receivables.models import Receivable
from receivables.rules.draft import EvidenceDraft
from simulators.authority.authority import Authority
from tests.crash.sheet import HEADERS
from tests.factories import identity
from tests.factories import receivables as make
from tests.yingshou.signing import flow
from tests.yingshou.signing.signer import KeyFile, World
from yingshou.approvals.models import ApprovalPolicy, When
from yingshou.documents.actions import store
from yingshou.identity.models import Membership, Organisation
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as


@dataclass(frozen=True)
class Town:
    """Who takes part."""

    seller: Organisation
    buyer: Organisation
    maker: Membership
    checker: Membership
    confirmer: Membership
    signer: Membership
    key_file: KeyFile

    @property
    def today(self) -> date:
        """Today in Shanghai."""
        return clock.business_date(clock.now())


def town(folder: Path) -> Town:
    """Two firms whose names are as long as names are, and a certificate of the sample authority."""
    present = datetime.now(UTC).replace(microsecond=0)
    world = World(Authority(folder / "sample", present), folder)
    flow.trusted(world, present)
    seller = identity.organisation(Capability.CREDITOR, name="厦门明泰汽车零部件有限公司", short_name="明泰")
    buyer = identity.organisation(Capability.DEBTOR, name="恒达重工股份有限公司", short_name="恒达", size=10)
    with acting_as(Actor.system("test", organisation_id=buyer.pk)), transaction.atomic():
        for action in ("confirm", "confirm_part"):
            ApprovalPolicy.objects.create(
                organisation_id=buyer.pk, action=f"receivables.{action}", second_person=When.ALWAYS,
                signature=When.ALWAYS,
            )  # fmt: skip
    return Town(
        seller, buyer,
        maker=identity.membership(seller, [Duty.MAKER], identity.person(display_name="明泰经办")),
        checker=identity.membership(seller, [Duty.CHECKER], identity.person(display_name="明泰复核")),
        confirmer=identity.membership(buyer, [Duty.MAKER], identity.person(display_name="恒达经办")),
        signer=identity.membership(buyer, [Duty.CHECKER, Duty.SIGNER], identity.person(display_name="恒达签章")),
        key_file=world.key_file("signer", uscc=buyer.uscc),
    )  # fmt: skip


def line(of: Town, number: int, gross: str = "11300.00", **changes: object) -> list[object]:
    """A row of the seller's sheet."""
    total = Decimal(gross)
    net = (total / Decimal("1.13")).quantize(Decimal("0.01"))
    issued = of.today - timedelta(days=5)
    values: dict[str, object] = dict(
        zip(
            HEADERS,
            [
                of.buyer.uscc, of.buyer.name, f"HT-2026-{number:04d}", (issued - timedelta(days=30)).isoformat(),
                "3502261130", f"{number:08d}", issued.isoformat(), str(net), str(total - net), str(total),
                issued.isoformat(), (issued + timedelta(days=90)).isoformat(),
            ],
            strict=True,
        )
    )  # fmt: skip
    return [(values | changes)[header] for header in HEADERS]


def workbook(file: Path, rows: Sequence[Sequence[object]]) -> Path:
    """The seller's sheet as a spreadsheet program writes it."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet = book.add_worksheet("应收账款")
    for number, cells in enumerate([HEADERS, *rows]):
        for index, cell in enumerate(cells):
            sheet.write_string(number, index, str(cell))
    book.close()
    file.write_bytes(target.getvalue())
    return file


def _paper(of: Town) -> int:
    """A contract, stored."""
    by = make.job(of.seller)
    with acting_as(by), transaction.atomic():
        return store("contract.pdf", io.BytesIO(b"%PDF-1.4\n%%EOF\n"), by=by, at=clock.now()).pk


def _fields(of: Town, face: str) -> dict[str, Any]:
    issued = of.today - timedelta(days=5)
    return {
        "face": face,
        "at": clock.now(),
        "delivery_date": issued,
        "contract_date": issued - timedelta(days=30),
        "due_date": issued + timedelta(days=90),
        "invoices": (make.invoice(face, issue_date=issued),),
        "evidence": (EvidenceDraft(file_id=_paper(of), kind="CONTRACT"),),
    }


def pending(of: Town, face: str = "113000.00") -> Receivable:
    """A receivable that waits for the buyer, with a paper to look at."""
    return make.pending(of.seller, of.buyer, **_fields(of, face))


def drafted(of: Town, face: str = "113000.00") -> Receivable:
    """A draft of the supplier."""
    return make.drafted(of.seller, of.buyer, **_fields(of, face))


def confirmed(of: Town, face: str = "113000.00") -> Receivable:
    """A confirmed receivable."""
    return make.confirmed(of.seller, of.buyer, **_fields(of, face))
