"""
A registration that was begun and not handed in. Nobody is signed in yet, so that no organisation can own a draft: it waits in the session
of the browser, encrypted as a whole, because it holds names, an address and a phone number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from yingshou.drafts.forms import query_of
from yingshou.drafts.kinds import names_of
from yingshou.identity import crypto
from yingshou.identity.forms import RegistrationForm
from yingshou.kernel.clock import SHANGHAI

SESSION_KEY = "registration"
_FIELD = "identity.session.registration"
_LONGEST = 20_000
_takes = names_of(RegistrationForm)


@dataclass(frozen=True)
class BegunRegistration:
    """What the notice above the form shows, in the words of `drafts.keeping.Begun`."""

    restored: QueryDict | None = None
    saved_words: str = ""
    key: str = ""
    is_outdated: bool = False
    can_begin_another: bool = False

    @property
    def fresh_url(self) -> str:
        """The form itself."""
        return reverse("identity:register")


def keep(session: Any, values: Mapping[str, Sequence[str]], *, at: datetime) -> bool:
    """Keep what was typed, of the form's own fields; whether it was short enough to be kept."""
    typed = {name: list(texts) for name, texts in values.items() if _takes(name)}
    text = json.dumps({"values": typed, "at": at.isoformat()}, ensure_ascii=False)
    if len(text) > _LONGEST:
        return False
    session[SESSION_KEY] = crypto.encrypt(text, field=_FIELD)
    return True


def kept(session: Any) -> BegunRegistration:
    """What was typed, as typed; empty where nothing was, or where the keys have changed since."""
    try:
        text = crypto.decrypt(str(session.get(SESSION_KEY) or ""), field=_FIELD)
    except crypto.CannotDecrypt:
        text = ""
    if not text:
        return BegunRegistration()
    found = json.loads(text)
    moment = datetime.fromisoformat(found["at"]).astimezone(SHANGHAI)
    return BegunRegistration(restored=query_of(found["values"]), saved_words=f"{moment:%H:%M}")


def forget(session: Any) -> None:
    """It was handed in, or is not wanted any more."""
    session.pop(SESSION_KEY, None)
