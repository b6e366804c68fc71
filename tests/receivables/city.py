"""A supplier, a buyer and their people, signed in; claims of every verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from receivables import actions
from receivables.models import PayableLine, Receivable
from tests.factories import identity
from tests.factories import receivables as make
from yingshou.approvals import actions as approvals
from yingshou.approvals.models import Approval
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership, Organisation
from yingshou.tenancy.actor import Duty, acting_as


@dataclass(frozen=True)
class Desk:
    """A person at work: her membership and her browser."""

    membership: Membership
    client: Client


def desk(of: Organisation, *duties: Duty, language: str = "zh-hans") -> Desk:
    """A new person of an organisation, signed in."""
    membership = identity.membership(of, duties or (Duty.MAKER,))
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    with acting_as(actor_of(membership, "sign-in")):
        client.force_login(membership.person)
    return Desk(membership, client)


def booked(buyer: Organisation, seller: Organisation, row: Receivable, *, less: str = "0", later: int = 0) -> None:
    """Put a claim into the buyer's own book, perhaps with other figures, and compare again."""
    with acting_as(make.job(buyer)), transaction.atomic():
        number = row.invoice_uses.select_related("invoice").get().invoice.number
        PayableLine.objects.create(
            organisation_id=buyer.pk,
            supplier_uscc=seller.uscc,
            supplier_name=seller.name,
            invoice_number=number,
            contract_no=row.contract_no,
            amount=row.face_amount - Decimal(less),
            due_date=row.due_date + timedelta(days=later),
            line_key=uuid4(),
            created_at=make.AT,
        )
        actions.sending.match_book([row.pk], at=make.AT)


def evidence(name: str = "合同.pdf") -> SimpleUploadedFile:
    """A small document."""
    return SimpleUploadedFile(name, b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")


class _Forms(HTMLParser):
    """Collects the forms of a page with what a browser would send of each."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, str, dict[str, Any]]] = []
        self.loose: list[tuple[str, str, str]] = []
        self.current: dict[str, Any] | None = None
        self.select: str | None = None
        self.text: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a form, or take a field's value."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.current = {}
            self.forms.append((given.get("action", ""), given.get("id", ""), self.current))
        name = given.get("name", "")
        if tag == "input" and name and self.current is not None:
            kind = given.get("type", "text")
            ticked = kind not in ("checkbox", "radio") or "checked" in given
            if ticked and kind != "file" and "disabled" not in given:
                self._keep(name, given.get("value", "on" if kind == "checkbox" else ""))
        elif tag == "select" and name:
            self.select = name
        elif tag == "option" and self.select and "selected" in given and self.current is not None:
            self._keep(self.select, given.get("value", ""))
        elif tag == "textarea" and name:
            self.text = name

    def handle_data(self, data: str) -> None:
        """The words in a text area."""
        if self.text and self.current is not None:
            self._keep(self.text, data.strip())
            self.text = None

    def handle_endtag(self, tag: str) -> None:
        """Close a form or a drop-down."""
        if tag == "form":
            self.current = None
        elif tag == "select":
            self.select = None

    def _keep(self, name: str, value: str) -> None:
        assert self.current is not None
        if name in self.current:
            held = self.current[name]
            self.current[name] = [*held, value] if isinstance(held, list) else [held, value]
        else:
            self.current[name] = value


def form_of(page: str, action: str) -> tuple[str, dict[str, Any]]:
    """The form of a page that posts to an address, with what a browser would send; the largest where it is ""."""
    parser = _Forms()
    parser.feed(page)
    fitting = [
        (where, fields) for where, _id, fields in parser.forms if where == action and "idempotency_key" in fields
    ]
    assert fitting, (action, [where for where, _id, _fields in parser.forms])
    return max(fitting, key=lambda one: len(one[1]))


def approved(of: Organisation, model: type[Approval]) -> Approval:
    """The newest open submission of an organisation, approved by its checker."""
    by = make.checker(of)
    with acting_as(by), transaction.atomic():
        newest = model.objects.open().order_by("-pk")[0]
        approvals.approve(newest.pk, by=by, at=make.AT)
        return model.objects.get(pk=newest.pk)


# In a test every transaction is a savepoint: two statements more than in production for each.
MOST_STATEMENTS = 34


def text_of(at: Desk, path: str, status: int = 200) -> str:
    """A page, with few statements."""
    with CaptureQueriesContext(connection) as seen:
        response = at.client.get(path)
    assert response.status_code == status, (path, response.status_code)
    assert len(seen) <= MOST_STATEMENTS, (path, len(seen))
    return str(response.content.decode())


def post(at: Desk, path: str, **data: object) -> Any:
    """A form sent once."""
    return at.client.post(path, {"idempotency_key": uuid4().hex, **data})
