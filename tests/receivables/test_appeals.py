"""Appeals (N15): a finding is challenged, a person of the platform answers within a term, and neither side learns of the other."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from receivables.actions import appeals
from receivables.actions.appeals import AppealOpen, NothingUsed
from receivables.actions.common import NotAuthorised
from receivables.models import Appeal, LikenessFlag
from receivables.states import AppealState, FlagState
from tests.factories import identity
from tests.factories import receivables as make
from tests.factories.receivables import AT
from tests.receivables.city import desk, post, text_of
from yingshou.identity.models import Organisation
from yingshou.tenancy.actor import Capability, acting_as

pytestmark = pytest.mark.django_db

Parties = tuple[Organisation, Organisation]


@pytest.fixture
def platform() -> Organisation:
    """The platform operator."""
    return identity.organisation(Capability.PLATFORM_OPERATOR, name="盈收平台运营")


def flagged(supplier: Organisation, buyer: Organisation) -> LikenessFlag:
    row = make.drafted(supplier, buyer)
    later = make.drafted(supplier, buyer)
    with acting_as(make.job(supplier)), transaction.atomic():
        return LikenessFlag.objects.create(
            organisation_id=supplier.pk, receivable=later, other_ids=[row.pk], rule="SAME_FIGURES", score=82,
            reasons=[["SAME_AMOUNT", 0]], found_at=AT,
        )  # fmt: skip


def test_a_finding_is_challenged_answered_and_lifted(parties: Parties, platform: Organisation) -> None:
    supplier, buyer = parties
    flag = flagged(supplier, buyer)
    maker, staff = desk(supplier), desk(platform)
    identity.app(staff.membership.person)
    identity.proven(staff.client)

    page = text_of(maker, f"/receivables/duplicates/{flag.pk}/")
    assert f"/receivables/duplicates/{flag.pk}/challenge/" in page
    assert post(maker, f"/receivables/duplicates/{flag.pk}/challenge/", reason="").status_code == 422
    assert post(maker, f"/receivables/duplicates/{flag.pk}/challenge/", reason="两次送货").status_code == 302
    with acting_as(make.job(supplier)):
        appeal = Appeal.objects.get()
    assert (appeal.due_on - AT.date()).days >= appeals.WORKDAYS
    assert "两次送货" in text_of(staff, f"/receivables/appeals/{appeal.pk}/")
    assert post(staff, f"/receivables/appeals/{appeal.pk}/decide/", decision="lift", outcome="").status_code == 422
    answered = post(staff, f"/receivables/appeals/{appeal.pk}/decide/", decision="lift", outcome="送货单属实")
    assert answered.status_code == 302
    with acting_as(make.job(supplier)) as by, transaction.atomic():
        appeals.lift_flag(appeal.pk, by=by, at=AT)
        flag.refresh_from_db()
        assert (flag.state, flag.comment) == (FlagState.DISMISSED, "送货单属实")
    letter = text_of(maker, f"/receivables/appeals/{appeal.pk}/")
    assert "送货单属实" in letter
    assert "data-print" in letter


def test_two_suppliers_of_one_invoice_appeal_and_staff_alone_see_both(parties: Parties, platform: Organisation) -> None:
    supplier, buyer = parties
    other = make.creditor(name="隔壁零部件有限公司")
    number = "26352000000000001234"
    make.pending(other, buyer, contract_no="SECRET-1", invoices=(make.invoice(number=number, code=""),))
    maker, staff = desk(supplier), desk(platform)
    identity.app(staff.membership.person)
    identity.proven(staff.client)

    assert post(maker, "/receivables/appeals/invoice/", code="", number=number, reason="本公司开具").status_code == 302
    with acting_as(make.job(supplier)):
        appeal = Appeal.objects.get()

    seen = text_of(staff, f"/receivables/appeals/{appeal.pk}/")
    assert "隔壁零部件有限公司" in seen
    assert "SECRET-1" in seen
    for path in (f"/receivables/appeals/{appeal.pk}/", "/receivables/appeals/"):
        told = text_of(maker, path)
        assert "隔壁零部件有限公司" not in told
        assert "SECRET-1" not in told
    for stranger in (desk(other), desk(buyer)):
        text_of(stranger, f"/receivables/appeals/{appeal.pk}/", status=404)
        assert number not in text_of(stranger, "/receivables/appeals/")


def test_nobody_but_staff_can_ask_for_both_sides(parties: Parties) -> None:
    for organisation in parties:
        with (
            acting_as(make.job(organisation)),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("select * from receivables_appeal_sides(1)")


def test_only_the_platform_decides(parties: Parties) -> None:
    supplier, buyer = parties
    flag = flagged(supplier, buyer)
    maker = make.maker(supplier)
    with acting_as(maker), transaction.atomic():
        appeal = appeals.challenge_flag(flag.pk, reason="x", by=maker, at=AT)
        with pytest.raises(AppealOpen):
            appeals.challenge_flag(flag.pk, reason="x", by=maker, at=AT)
        with pytest.raises(NotAuthorised):
            appeals.decide(appeal.pk, lift=True, outcome="x", by=maker, at=AT)
        assert appeals.take_back(appeal.pk, by=maker, at=AT).state == AppealState.WITHDRAWN


def test_a_free_invoice_is_nothing_to_challenge(parties: Parties) -> None:
    maker = make.maker(parties[0])
    with acting_as(maker), pytest.raises(NothingUsed), transaction.atomic():
        appeals.challenge_invoice("", "26352000000000009999", reason="x", by=maker, at=AT)
