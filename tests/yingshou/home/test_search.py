"""The search box: every way a text can be meant, exact hits open, nothing foreign is found."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from tests.factories import identity
from tests.yingshou.home.sign_in import client_in, client_of, member
from yingshou.home import search
from yingshou.home.search import SearchHit, SearchText
from yingshou.identity.states import OrganisationState
from yingshou.tenancy.actor import Capability, Duty


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("AR20261118123456785", {"number": "AR20261118123456785"}),
        ("ar 20261118-12345678 5", {"number": "AR20261118123456785"}),
        ("HT-2026/018", {"number": "HT2026/018"}),
        ("恒川机械", {"number": "", "amount": None, "day": None}),
        ("1,284,300.00", {"amount": Decimal("1284300.00")}),
        ("¥ 500000", {"amount": Decimal("500000.00")}),
        ("12.5万", {"amount": Decimal("125000.00")}),
        ("12.5万元", {"amount": Decimal("125000.00")}),
        ("２０２６-１１-１８", {"day": date(2026, 11, 18)}),
        ("2026年11月18日", {"day": date(2026, 11, 18), "number": ""}),
        ("20261118", {"day": date(2026, 11, 18), "number": "20261118"}),
        ("2026-13-40", {"day": None}),
        ("7731", {"last_four": "7731", "number": "7731"}),
        ("0", {"amount": None}),
        ("25442000000012345678", {"number": "25442000000012345678", "amount": None}),
    ],
)
def test_a_text_is_read_in_every_way_it_can_be_meant(typed: str, expected: dict[str, object]) -> None:
    read = SearchText.read(typed)

    assert {name: getattr(read, name) for name in expected} == expected


def test_a_whole_credit_code_is_known_and_a_wrong_one_is_not() -> None:
    code = identity.uscc(88_000_001)
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")

    assert SearchText.read(f" {code[:8]} {code[8:].lower()} ").credit_code == code
    assert SearchText.read(wrong).credit_code == ""


def test_one_exact_hit_opens_and_two_do_not() -> None:
    exact, other = SearchHit("a", "/a/", exact=True), SearchHit("b", "/b/", exact=True)

    def group(*hits: SearchHit) -> search.SearchGroup:
        return search.SearchGroup("x", hits, has_more=False, more_url="")

    assert search.only_exact_hit([group(exact), group(SearchHit("c", "/c/"))]) == exact
    assert search.only_exact_hit([group(exact), group(other)]) is None
    assert search.only_exact_hit([]) is None


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_company_is_found_by_two_characters_of_its_name(language: str) -> None:
    identity.organisation(name="江州恒川机械制造股份有限公司", short_name="恒川机械")

    response = client_of(member(Duty.VIEWER), language).get("/search/", {"q": "恒川"})

    assert response.status_code == 200
    assert "江州恒川机械制造股份有限公司" in response.content.decode()


@pytest.mark.django_db
def test_whole_credit_code_of_the_own_organisation_opens_its_page() -> None:
    own = member(Duty.VIEWER)

    response = client_of(own).get("/search/", {"q": own.organisation.uscc})

    assert response.status_code == 302
    assert response.headers["Location"] == reverse("identity:organisation")


@pytest.mark.django_db
def test_registration_not_yet_verified_is_found_by_staff_alone() -> None:
    hidden = identity.organisation(
        name="未核实的某某贸易有限公司", state=OrganisationState.PENDING_VERIFICATION, verified_at=None
    )
    operator = identity.organisation(Capability.PLATFORM_OPERATOR)

    outsider = client_of(member(Duty.VIEWER)).get("/search/", {"q": hidden.uscc})
    staff = client_of(member(Duty.MAKER, of=operator)).get("/search/", {"q": hidden.uscc})

    assert hidden.name not in outsider.content.decode()
    assert staff.headers["Location"] == reverse("identity:review", args=[hidden.pk])


@pytest.mark.django_db
def test_many_hits_are_capped_and_said_to_be() -> None:
    for _number in range(search.SHOWN + 2):
        identity.organisation()

    page = client_of(member(Duty.VIEWER), "en").get("/search/", {"q": "厦门测试"}).content.decode()

    assert page.count("<tr><td>") == search.SHOWN
    assert "There are more than are shown." in page


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["", "   ", "%", "'; drop table x; --", "\x00", "<script>", "张" * 500, "\\", "_"])
def test_any_text_is_answered(typed: str) -> None:
    response = client_of(member(Duty.VIEWER), "en").get("/search/", {"q": typed})

    assert response.status_code == 200
    assert "<script>" not in response.content.decode()


@pytest.mark.django_db
def test_search_needs_a_sign_in() -> None:
    response = client_in().get("/search/", {"q": "恒川"})

    assert response.status_code == 302
    assert reverse("account_login") in response.headers["Location"]
