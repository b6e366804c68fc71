"""What every template may use of the frame; nothing is computed until a template asks for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from yingshou.tenancy.actor import Actor
from yingshou.ui.frame import FrameIdentity, identity_of
from yingshou.ui.navigation import NavEntry, entries_for
from yingshou.ui.sections import section_of

TEXT_SIZES = ("small", "medium", "large")

# On a phone the bar below holds four: three entries and the rest behind the fourth.
PHONE_ENTRIES = 3


class Frame:
    """The frame of one request. Each part is computed when a template first asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def _opens(self) -> Callable[[str], bool] | None:
        """What a support view limits the frame's links to; None outside of one."""
        view = getattr(self._request, "support_view", None)
        return (lambda name: view.opens(name, "")) if view is not None else None

    @cached_property
    def actor(self) -> Actor:
        """Who acts."""
        actor: Actor | None = getattr(self._request, "actor", None)
        return actor if actor is not None else Actor.anonymous()

    @cached_property
    def is_signed_in(self) -> bool:
        """Whether the frame has a person to show."""
        return self.actor.is_signed_in

    @cached_property
    def identity(self) -> FrameIdentity | None:
        """The person and organisation of the top bar."""
        return identity_of(self._request) if self.is_signed_in else None

    @cached_property
    def navigation(self) -> list[NavEntry]:
        """The entries on the left."""
        return entries_for(self.actor, section_of(self._request), self._opens) if self.is_signed_in else []

    @cached_property
    def phone_first(self) -> list[NavEntry]:
        """What a phone shows without opening more."""
        return self.navigation[:PHONE_ENTRIES]

    @cached_property
    def phone_rest(self) -> list[NavEntry]:
        """What a phone shows behind "More"."""
        return self.navigation[PHONE_ENTRIES:]

    @cached_property
    def text_size(self) -> str:
        """The chosen size of text: small, medium or large."""
        chosen = self._request.COOKIES.get(settings.TEXT_SIZE_COOKIE_NAME, "")
        return chosen if chosen in TEXT_SIZES else "medium"

    @cached_property
    def here(self) -> str:
        """Where a switch of language or size returns to: this page, also after a POST."""
        return self._request.get_full_path()

    @cached_property
    def search_text(self) -> str:
        """What stands in the search box."""
        return self._request.GET.get("q", "") if self._request.path == self.search_url else ""

    @cached_property
    def search_url(self) -> str:
        """Where the search box leads; empty where the installation has no search."""
        opens = self._opens
        return _address("home:search", "search") if opens is None or opens("home:search") else ""

    @cached_property
    def switch_url(self) -> str:
        """Where a change of organisation is posted."""
        return _address("identity:switch")

    @cached_property
    def sign_out_url(self) -> str:
        """Where signing out is posted."""
        return _address("account_logout")

    @cached_property
    def sign_in_url(self) -> str:
        """Where one signs in."""
        return _address("account_login")

    @cached_property
    def profile_url(self) -> str:
        """The person's own page: sessions, password, certificate."""
        return _address("identity:profile", "identity:sessions")

    @property
    def idle_seconds(self) -> int:
        """After how long without a request the session ends."""
        return int(getattr(settings, "SESSION_IDLE_SECONDS", 1800))

    @property
    def warning_seconds(self) -> int:
        """How long before that the reader is warned."""
        return int(getattr(settings, "SESSION_WARNING_SECONDS", 120))


def frame(request: HttpRequest) -> dict[str, Frame]:
    """The frame for the templates of one request."""
    return {"frame": Frame(request)}


def _address(*names: str) -> str:
    for name in names:
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return ""
