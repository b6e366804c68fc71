"""Row-level security of every table of the module: two strangers see nothing, whatever they ask (G2, N32)."""

from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from receivables import actions, ledger
from receivables.actions import Decision
from receivables.actions.answer_links import make_link
from receivables.ledger import Ask
from receivables.models import (
    AnswerPolicy,
    AnswerRouting,
    Appeal,
    Department,
    LikenessFlag,
    LinkAnswer,
    PayableLine,
    Receivable,
    Substitute,
)
from tests.factories import receivables as make
from tests.factories.receivables import AT
from yingshou.identity.models import Organisation
from yingshou.kernel.clock import business_date
from yingshou.tenancy.actor import Actor, acting_as
from yingshou.tenancy.classes import ROW_CLASSES, RowClass

World = tuple[Organisation, Organisation, Organisation, Receivable]

pytestmark = pytest.mark.django_db

TABLES = sorted(
    model._meta.db_table
    for model in apps.get_app_config("receivables").get_models()
    if ROW_CLASSES.get(model._meta.label) == RowClass.TENANT
)


OF_LADDER_AND_LINK = {
    f"receivables_{name}"
    for name in (
        "answerlink", "answerpolicy", "answerrouting", "changerequest", "department", "linkanswer", "substitute"
    )
}  # fmt: skip


@pytest.fixture
def world() -> World:
    creditor, debtor, bank = make.creditor(), make.debtor(), make.creditor()
    row = make.confirmed(creditor, debtor)
    make.pending(creditor, debtor)
    with acting_as(make.job(debtor)) as by, transaction.atomic():
        PayableLine.objects.create(
            organisation_id=debtor.pk,
            supplier_uscc=creditor.uscc,
            amount=Decimal(1),
            line_key="00000000-0000-0000-0000-000000000001",
            created_at=AT,
        )
        actions.dispute(row.pk, amount=Decimal(1), reason_code="QUALITY", comment="", by=by, at=AT)
        LikenessFlag.objects.create(
            organisation_id=debtor.pk, receivable=row, other_ids=[1], rule="SAME_FIGURES", score=80, found_at=AT
        )
        Appeal.objects.create(
            organisation_id=debtor.pk, organisation_name="X", rule="SAME_FIGURES", data="1", reason="1", raised_at=AT,
            due_on=AT.date(),
        )  # fmt: skip
    with acting_as(make.job(creditor)) as by:
        held = ledger.reserve([Ask(row.pk, bank.pk, Decimal(1))], reference_type="t", by=by, at=AT)
        assert held[0].ok
    return creditor, debtor, bank, row


def _ladder_and_link(creditor: Organisation, debtor: Organisation) -> None:
    """Rules, a department, a substitute, a claim passed on, a link and its answer begun, a change proposed."""
    waiting, unknown = make.pending(creditor, debtor), make.pending(creditor)
    make.proposed(make.confirmed(creditor, debtor), make.job(debtor), contract_name="新合同名")
    with acting_as(make.job(debtor)), transaction.atomic():
        AnswerPolicy.objects.create(organisation_id=debtor.pk, changed_at=AT)
        Department.objects.create(organisation_id=debtor.pk, name="采购部", contact_id=1, created_at=AT)
        Substitute.objects.create(
            organisation_id=debtor.pk,
            person_id=1,
            substitute_id=2,
            from_date=AT.date(),
            until_date=AT.date(),
            named_at=AT,
        )
        AnswerRouting.objects.create(
            receivable=waiting, organisation_id=debtor.pk, person_id=1, reason_code="NOT_MINE", routed_at=AT
        )
    by = make.maker(creditor)
    with acting_as(by):
        link = make_link(unknown.pk, contact_name="财务", contact_email="", language="", by=by, at=AT).link
    with acting_as(Actor.visitor("receivables.receivable", unknown.pk, label="")), transaction.atomic():
        LinkAnswer.objects.create(
            link=link, receivable_id=unknown.pk, creditor_id=creditor.pk, event="confirm", version=2, document="{}",
            prepared_at=AT,
        )  # fmt: skip


def seen(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {table}")
        (count,) = cursor.fetchone()
        return int(count)


@pytest.mark.parametrize("table", TABLES)
def test_two_strangers_see_nothing_and_somebody_sees_something(world: World, table: str) -> None:
    creditor, debtor, bank, _row = world
    if table in OF_LADDER_AND_LINK:
        _ladder_and_link(creditor, debtor)
    for stranger in (make.maker(make.creditor()), make.job(make.debtor())):
        with acting_as(stranger):
            assert seen(table) == 0
    insiders = 0
    for organisation in (creditor, debtor, bank):
        with acting_as(make.job(organisation)):
            insiders += seen(table)
    assert insiders > 0


@pytest.mark.parametrize("table", TABLES)
def test_nobody_in_particular_sees_nothing(world: World, table: str) -> None:
    assert world
    with acting_as(Actor.anonymous()):
        assert seen(table) == 0


def test_a_stranger_can_write_into_no_foreign_row(world: World) -> None:
    _creditor, _debtor, _bank, row = world
    with acting_as(make.maker(make.creditor())), connection.cursor() as cursor:
        cursor.execute("update receivables_receivable set face_amount = 1 where id = %s", [row.pk])
        assert cursor.rowcount == 0
        cursor.execute("select receivables_post_claim(%s, %s, %s, 1, '')", [[row.pk], AT, business_date(AT)])
        assert cursor.fetchone()[0] == 0
        cursor.execute("select receivables_set_disputed(%s, array[0]::bigint[])", [[row.pk]])
        assert cursor.fetchone()[0] == 0
        with pytest.raises(ProgrammingError), transaction.atomic():
            cursor.execute("select receivables_debtors_waiting()")


def test_a_party_cannot_move_its_receivable_to_somebody_else(world: World) -> None:
    creditor, _debtor, _bank, row = world
    other = make.creditor()
    with (
        acting_as(make.job(creditor)),
        connection.cursor() as cursor,
        pytest.raises((ProgrammingError, IntegrityError)),
        transaction.atomic(),
    ):
        cursor.execute(
            "update receivables_receivable set creditor_id = %s, debtor_id = null where id = %s", [other.pk, row.pk]
        )


def test_scopes_answer_for_the_own_objects_only(world: World) -> None:
    creditor, debtor, _bank, row = world
    third = make.creditor()
    own = make.pending(third, debtor)
    with acting_as(make.job(third)) as by:
        outcomes = actions.withdraw([row.pk, own.pk], by=by, at=AT)
        assert [one.ok for one in outcomes] == [False, True]
    with acting_as(make.job(creditor)) as by:
        (refused,) = actions.refuse([Decision(own.pk, reason_code="DUPLICATE")], by=by, at=AT)
        assert refused.error is not None
        assert refused.error.code == "NOT-FOUND"
