"""F002: distinct anonymous sessions per day in Shanghai; no programs, no staff, nobody followed; kept daily."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client, override_settings

from tests.yingshou.home.sign_in import BROWSER, client_in, client_of, member
from yingshou.home import actions, visits
from yingshou.home.models import DailyVisits
from yingshou.home.tasks import KEEP_VISITS
from yingshou.jobs.models import Job, JobState
from yingshou.jobs.queue import enqueue
from yingshou.jobs.running import run_job
from yingshou.kernel import clock
from yingshou.kernel.clock import business_date
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
# Nothing listens here.
DEAD_REDIS = "redis://127.0.0.1:1/0"


def today() -> int | None:
    return visits.counted(business_date(clock.now()))


@pytest.fixture(autouse=True)
def _empty_counter() -> None:
    server = visits._server(settings.REDIS_URL)
    for key in server.scan_iter("visits:*"):
        server.delete(key)


def test_one_session_counts_once_whatever_it_reads() -> None:
    client = client_in()

    for path in ("/", "/introduction/", "/help/", "/"):
        client.get(path)

    assert today() == 1


def test_two_sessions_count_twice_and_the_page_shows_the_number() -> None:
    client_in().get("/")
    client_in().get("/")

    assert today() == 2
    shown = client_in("en").get("/").content.decode()
    assert "Visits today" in shown
    assert '<p class="y-figure-value">2</p>' in shown


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
        "Sogou web spider/4.0",
        "curl/8.5.0",
        "python-requests/2.32",
        "",
    ],
)
def test_programs_are_not_counted_and_get_no_cookie(agent: str) -> None:
    response = Client(headers={"user-agent": agent}).get("/")

    assert today() == 0
    assert visits.COOKIE not in response.cookies


def test_browsers_are_not_taken_for_programs() -> None:
    wechat = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8.0"

    assert not visits.is_program(BROWSER)
    assert not visits.is_program(wechat)


def test_platform_staff_are_not_counted() -> None:
    client_of(member(Duty.MAKER, capability=Capability.PLATFORM_OPERATOR)).get("/introduction/")

    assert today() == 0


def test_work_behind_the_sign_in_is_no_visit() -> None:
    client_of(member(Duty.MAKER)).get("/")

    assert today() == 0


def test_cookie_ends_with_the_day_and_holds_nothing_about_the_visitor() -> None:
    cookie = client_in().get("/").cookies[visits.COOKIE]

    left = clock.start_of(business_date(clock.now()) + timedelta(days=1)) - clock.now()
    assert 0 < cookie["max-age"] <= left.total_seconds() + 2
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert len(cookie.value) == 32


def test_a_forged_cookie_is_replaced() -> None:
    client = client_in()
    client.cookies[visits.COOKIE] = "x" * 4000

    cookie = client.get("/").cookies[visits.COOKIE]

    assert len(cookie.value) == 32


def test_day_begins_at_midnight_in_shanghai() -> None:
    assert visits._key(business_date(datetime(2026, 11, 19, 15, 59, tzinfo=UTC))) == "visits:2026-11-19"
    assert visits._key(business_date(datetime(2026, 11, 19, 16, 0, tzinfo=UTC))) == "visits:2026-11-20"


def test_redis_keeps_only_a_sketch_of_the_day_for_three_days() -> None:
    client_in().get("/")

    server = visits._server(settings.REDIS_URL)
    [key] = list(server.scan_iter("visits:*"))
    assert 0 < server.ttl(key) <= visits.KEPT.total_seconds()
    sketch = server.get(key)
    assert isinstance(sketch, bytes)
    assert sketch.startswith(b"HYLL")


def test_page_is_shown_and_nothing_counted_while_redis_is_away() -> None:
    with override_settings(REDIS_URL=DEAD_REDIS):
        response = client_in("en").get("/introduction/")

    assert response.status_code == 200
    assert "Visits today" not in response.content.decode()


def test_kept_number_is_shown_when_redis_has_lost_the_day() -> None:
    with acting_as(Actor.system("test")):
        actions.keep_visits(business_date(clock.now()), 7581, at=clock.now())

    assert '<p class="y-figure-value">7,581</p>' in client_in("en").get("/").content.decode()


def test_job_keeps_the_day() -> None:
    client_in().get("/")
    client_in().get("/")
    at = clock.now()
    by = Actor.system("test")

    with acting_as(by):
        job_id = enqueue(KEEP_VISITS, key={"slot": "one"}, organisation_id=None, by=by, at=at)
        run_job(job_id)

        assert Job.objects.get(pk=job_id).state == JobState.DONE
        assert DailyVisits.objects.get(pk=business_date(at)).count == 2


def test_a_smaller_number_never_replaces_a_greater_one() -> None:
    with acting_as(Actor.system("test")):
        actions.keep_visits(DAY, 40, at=AT)
        actions.keep_visits(DAY, 3, at=AT)
        actions.keep_visits(DAY, 41, at=AT)

        assert DailyVisits.objects.get(pk=DAY).count == 41
