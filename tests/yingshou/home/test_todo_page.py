"""The signed-in home: what needs me, oldest first; few statements; nothing of others; an empty page that helps."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import identity
from tests.yingshou.home.sign_in import client_in, client_of, member
from yingshou.approvals.models import Approval
from yingshou.home import figures, first_steps
from yingshou.identity.actions.accounts import ADD_ACCOUNT
from yingshou.identity.models import Membership, Organisation
from yingshou.identity.states import OrganisationState
from yingshou.kernel import clock
from yingshou.notifications import todo
from yingshou.notifications.todo import TodoGroup, TodoProvider
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as
from yingshou.ui.charts import BarChart, Series

pytestmark = pytest.mark.django_db
MOST_STATEMENTS = 12
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


def submit(
    maker: Membership, number: int = 1, *, days_ago: int = 0, amount: str = "100.00", state: str = "SUBMITTED"
) -> list[Approval]:
    """Submissions as a maker leaves them behind."""
    at = clock.now() - timedelta(days=days_ago, minutes=1)
    rejected = {"checker_id": 999_999, "checker_label": "复核", "decided_at": at, "reason": "金额不符"}
    with acting_as(Actor.system("test", maker.organisation_id)), transaction.atomic():
        return [
            Approval.objects.create(
                organisation_id=maker.organisation_id,
                action=ADD_ACCOUNT,
                state=state,
                maker_id=maker.person_id,
                maker_label="经办",
                submitted_at=at,
                needs_second_person=True,
                needs_signature=False,
                line_count=1,
                total_amount=Decimal(amount),
                manifest_root=b"\0" * 32,
                **(rejected if state == "REJECTED" else {}),
            )
            for _number in range(number)
        ]


def text_of(client: Client, path: str = "/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def company() -> Organisation:
    return identity.organisation(Capability.DEBTOR, Capability.CORE_ENTERPRISE)


@pytest.fixture
def _two_waits() -> Iterator[None]:
    """Two providers of a kind that apps register, for what the list itself does with them."""
    now = clock.now()
    old = TodoGroup(
        act="Confirm receivables",
        why="34 agree with your books",
        counterpart="12 suppliers",
        count=1001,
        amount=Decimal("1284300.00"),
        oldest_at=now - timedelta(days=6, hours=1),
        deadline="24 days left",
        basis="Article 16",
        tone="amber",
        url="/payables/",
        url_label="Confirm together",
        primary=True,
    )
    young = TodoGroup(
        act="Compare differences",
        count=5,
        oldest_at=now - timedelta(days=2, hours=1),
        url="/differences/",
        url_label="Compare",
        primary=True,
    )
    todo.register("test.young", TodoProvider(lambda actor, at: [young], "x", "notifications.read", order=1))
    todo.register("test.old", TodoProvider(lambda actor, at: [old], "x", "notifications.read", order=2))
    yield
    for name in ("test.young", "test.old"):
        del todo._PROVIDERS._entries[name]


@pytest.mark.usefixtures("_two_waits")
def test_groups_stand_oldest_first_with_all_they_say_and_one_primary_button(company: Organisation) -> None:
    page = text_of(client_of(member(Duty.MAKER, of=company), "en"))

    assert page.index("Confirm receivables") < page.index("Compare differences")
    assert "1,000+ things need you today" in page
    assert "The oldest has waited 6 days." in page
    for said in ("34 agree with your books", "12 suppliers", "1,284,300.00", "24 days left", "Article 16", "1,000+"):
        assert said in page
    assert page.count("y-button-small y-button-primary") == 1


def test_a_checker_sees_what_colleagues_submitted(company: Organisation) -> None:
    maker = member(Duty.MAKER, of=company)
    submit(maker, days_ago=3, amount="40.00")
    submit(maker, days_ago=1, amount="60.00")

    page = text_of(client_of(member(Duty.CHECKER, of=company), "en"))

    assert "2 things need you today" in page
    assert "The oldest has waited 3 days." in page
    assert "100.00" in page
    assert 'href="/approvals/"' in page


def test_one_submission_opens_at_once(company: Organisation) -> None:
    [approval] = submit(member(Duty.MAKER, of=company))

    page = text_of(client_of(member(Duty.CHECKER, of=company), "en"))

    assert f'href="/approvals/{approval.pk}/"' in page


def test_the_maker_is_not_asked_to_check_the_own_submission(company: Organisation) -> None:
    both = member(Duty.MAKER, Duty.CHECKER, of=company)
    submit(both)

    assert "Nothing needs you at the moment" in text_of(client_of(both, "en"))


def test_what_was_sent_back_waits_for_its_maker_until_it_is_submitted_again(company: Organisation) -> None:
    maker = member(Duty.MAKER, of=company)
    submit(maker, days_ago=2, state="REJECTED")
    client = client_of(maker, "en")

    assert "金额不符" in text_of(client)

    submit(maker, days_ago=1)
    assert "金额不符" not in text_of(client)


def test_nothing_of_another_organisation_is_counted_or_shown(company: Organisation) -> None:
    submit(member(Duty.MAKER), number=3)

    page = text_of(client_of(member(Duty.CHECKER, of=company), "en"))

    assert "Nothing needs you at the moment" in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("duties", [(Duty.CHECKER, Duty.SIGNER), (Duty.MAKER,)], ids=["checker", "maker"])
def test_home_of_a_debtor_with_46_to_dos_takes_few_statements(duties: tuple[Duty, ...], language: str) -> None:
    """Every provider that any app has registered is asked. BEGIN, COMMIT and savepoints are not counted."""
    company = identity.organisation(Capability.DEBTOR)
    submit(member(Duty.MAKER, of=company), number=46, days_ago=1)
    client = client_of(member(*duties, of=company), language)
    text_of(client)

    with CaptureQueriesContext(connection) as statements:
        page = text_of(client)

    assert ("46" in page) is (Duty.CHECKER in duties)
    sent = [one["sql"] for one in statements if not one["sql"].startswith(CONTROL)]
    assert len(sent) <= MOST_STATEMENTS, "\n".join(sent)
    assert len(page) < 100_000


def test_staff_see_registrations_that_wait_and_others_do_not() -> None:
    identity.organisation(
        Capability.CREDITOR, state=OrganisationState.PENDING_VERIFICATION, verified_at=None, registered_at=clock.now()
    )
    operator = identity.organisation(Capability.PLATFORM_OPERATOR)

    assert "Review registrations" in text_of(client_of(member(Duty.MAKER, of=operator), "en"))
    assert "Review registrations" not in text_of(client_of(member(Duty.MAKER), "en"))


def test_empty_page_says_what_will_appear_and_what_to_do_first(company: Organisation) -> None:
    checker = text_of(client_of(member(Duty.CHECKER, of=company), "en"))
    administrator = text_of(client_of(member(Duty.ADMINISTRATOR, of=company), "en"))

    assert "What colleagues submit for your check" in checker
    assert "Invite colleagues" not in checker
    assert "Invite colleagues" in administrator
    assert "What colleagues submit for your check" not in administrator


def test_a_person_without_an_organisation_is_told_what_to_do() -> None:
    client = client_in("en")
    person = identity.person()
    with acting_as(Actor.system("test")):
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")

    page = text_of(client)

    assert "You do not act for an organisation yet." in page


def test_an_unverified_organisation_is_told_where_it_stands() -> None:
    waiting = identity.organisation(Capability.CREDITOR, state=OrganisationState.PENDING_VERIFICATION, verified_at=None)

    page = text_of(client_of(member(Duty.ADMINISTRATOR, of=waiting), "en"))

    assert "has not been verified" in page


def test_four_figures_and_one_picture_stand_beside_the_list(company: Organisation) -> None:
    bars = BarChart("Due in the coming weeks", "d", ["W48"], [Series("To suppliers", [Decimal("5.00")])])
    numbers = [figures.Figure(label=f"Number {n}", value=str(n), note="note", tone="green") for n in range(6)]
    figures.register("test", figures.FigureProvider(lambda actor, at: numbers, "notifications.read", order=1))
    figures.register_picture(
        "test", figures.PictureProvider(lambda actor, at: figures.Picture(bars), "notifications.read", order=1)
    )
    try:
        page = text_of(client_of(member(Duty.MAKER, of=company), "en"))
    finally:
        del figures._FIGURES._entries["test"]
        del figures._PICTURES._entries["test"]

    assert page.count("y-figure-label") == figures.SHOWN
    assert "Number 3" in page
    assert "Number 4" not in page
    assert "Due in the coming weeks" in page


def test_first_steps_are_those_the_actor_may_take() -> None:
    who = identity.actor_for(identity.organisation(), Duty.ADMINISTRATOR)

    assert [step.url for step in first_steps.steps_for(who)] == ["/organisation/people/"]
