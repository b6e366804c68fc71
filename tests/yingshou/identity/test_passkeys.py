"""Passkeys in Chromium with a virtual authenticator: made, used alone, used beside the password, used before an act that binds."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.factories import identity as make
from yingshou.identity.proofs import FACTOR_KEY
from yingshou.tenancy.actor import Actor, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


def device(page: Any) -> Any:
    """A security key that knows its owner; the session through which it is spoken to."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def enter(page: Any, address: str, username: str) -> None:
    page.goto(f"{address}/account/login/")
    page.fill("[name=login]", username)
    page.fill("[name=password]", make.PASSWORD)
    page.press("[name=password]", "Enter")


def leave(page: Any, address: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{address}/account/login/")


def test_passkey_is_made_and_used(live_server: Any, page: Any, client: Any) -> None:
    # Browsers know passkeys for names only, not for the numbers of an address.
    address = f"http://localhost:{urlsplit(live_server.url).port}"
    person = make.membership(make.organisation(), [Duty.ADMINISTRATOR]).person
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    device(page)
    enter(page, address, person.username)
    page.wait_for_url(f"{address}/")
    page.goto(f"{address}{reverse('identity:add_passkey')}")
    page.fill("[name=name]", "办公室电脑")
    page.click("[data-passkey-start]")
    page.wait_for_url(f"{address}{reverse('identity:security')}")
    expect(page.locator("main")).to_contain_text("办公室电脑")

    # Alone, in place of name and password.
    leave(page, address)
    page.click("form[data-passkey] [data-passkey-start]")
    page.wait_for_url(f"{address}/")

    # Beside the password.
    leave(page, address)
    enter(page, address, person.username)
    page.wait_for_url(f"**{reverse('mfa_authenticate')}")
    page.click("[data-passkey-start]")
    page.wait_for_url(f"{address}/")

    # Before an act that binds, whose proof is too old.
    client.cookies["yingshou_session"] = next(
        one["value"] for one in page.context.cookies() if one["name"] == "yingshou_session"
    )
    with acting_as(Actor.system("test")):
        session = client.session
        session[FACTOR_KEY] -= 16 * 60
        session.save()
    page.goto(f"{address}{reverse('identity:people')}")
    page.click(f"form[action='{reverse('identity:second_factor_policy')}'] button")
    page.click("[data-passkey-start]")
    page.wait_for_url(f"{address}{reverse('identity:people')}")
    expect(page.locator(".y-notice-green")).to_be_visible()
    assert [text for text in troubles if "422" not in text] == []


_ANSWER = {"clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AAAA", "userHandle": "MQ"}


@pytest.mark.parametrize(
    "credential",
    [
        "", "[]", "{}", "null", "{", '{"id": 1}', '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}',
        json.dumps({"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": _ANSWER}),
    ],
)  # fmt: skip
def test_what_is_no_passkey_of_anybody_is_refused(client: Any, credential: str) -> None:
    make.person()
    asked = client.get(reverse("identity:passkey_sign_in")).json()

    answer = client.post(reverse("identity:passkey_sign_in"), {"credential": credential})

    assert asked["userVerification"] == "required"
    assert (answer.status_code, answer.url) == (302, reverse("account_login"))
    assert client.get(reverse("identity:profile")).status_code == 302
