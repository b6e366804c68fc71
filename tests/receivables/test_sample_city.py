"""The sample city: loads by the real actions, twice without doubling, and shows what the guides show."""

from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from receivables.management.commands.load_sample_city import PASSWORD
from receivables.models import BookMatch, Dispute, Receivable
from receivables.samples import city
from yingshou.identity.models import Organisation, Person
from yingshou.kernel.identifiers import inner_check_ok, uscc_problem
from yingshou.signing.models import SignatureEvidence
from yingshou.tenancy.actor import Actor, Capability, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


def load() -> str:
    said = StringIO()
    call_command("load_sample_city", stdout=said)
    return said.getvalue()


def seen_by(key: str) -> Actor:
    firm = next(firm for firm in city.FIRMS if firm.key == key)
    with acting_as(Actor.system("test")), transaction.atomic():
        return Actor.system("test", organisation_id=Organisation.objects.get(uscc=firm.uscc).pk)


def test_codes_of_the_city_are_valid_and_differ() -> None:
    codes = [firm.uscc for firm in (*city.FIRMS, *city.APPLICANTS)]

    assert len(set(codes)) == len(codes) >= 40
    assert [code for code in codes if uscc_problem(code) or not inner_check_ok(code)] == []
    assert {capability for firm in city.FIRMS for capability in firm.capabilities} == set(Capability)


def test_city_is_loaded_once_and_shows_every_state(settings: Any, tmp_path: Path) -> None:
    settings.YINGSHOU_DATA_DIR = tmp_path
    settings.SIGNING_REVOCATION_FOLDER = tmp_path / "authority"
    said = load()
    again = load()

    assert "ludao.maker" in said
    assert "receivables entered" not in again
    states: Counter[str] = Counter()
    for firm in city.FIRMS:
        actor = seen_by(firm.key)
        with acting_as(actor), transaction.atomic():
            states.update(Receivable.objects.filter(creditor_id=actor.organisation_id).values_list("state", flat=True))
    assert set(states) == {"DRAFT", "PENDING_CONFIRM", "CONFIRMED", "RETURNED", "REFUSED", "SETTLED"}
    assert 280 <= states.total() <= 320
    with acting_as(seen_by("jinghe")), transaction.atomic():
        pending = Receivable.objects.filter(state="PENDING_CONFIRM")
        verdicts = Counter(BookMatch.objects.filter(receivable__in=pending).values_list("verdict", flat=True))
        assert pending.count() == 46
        assert set(verdicts) == {"AGREES", "DIFFERS", "NOT_IN_BOOK"}
        assert Dispute.objects.filter(state="OPEN").count() == 2
        assert SignatureEvidence.objects.exists()
        assert len(set(pending.values_list("confirm_requested_at", flat=True))) > 4
    with acting_as(Actor.system("test")), transaction.atomic():
        assert Person.objects.count() == len({c.username for f in city.FIRMS for c in f.people}) + len(city.APPLICANTS)
    client = Client()
    assert client.post(reverse("account_login"), {"login": "jinghe.maker", "password": PASSWORD}).status_code == 302
    assert client.get("/").status_code == 200


def test_production_refuses_the_city(settings: Any) -> None:
    settings.YINGSHOU_CLOCK_MAY_MOVE = False

    with pytest.raises(CommandError):
        call_command("load_sample_city", stdout=StringIO())
