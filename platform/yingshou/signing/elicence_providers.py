"""
Services of electronic business licences: one class per provider, registered by name; the settings name the one in use.

A provider opens a request, says how it stands, reads the service's own call, and hands over its revocation lists. It
checks nothing of what it brings: `elicence.verify_answer` does, the same for every provider.
"""

import base64
import binascii
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NoReturn

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from yingshou.jobs import http
from yingshou.kernel.canonical import canonical_json
from yingshou.kernel.errors import NotAllowed
from yingshou.kernel.registry import Registry
from yingshou.signing.elicence import Answer, NotSetUp, ServiceAway, chain_of
from yingshou.signing.errors import MalformedSignature

SECONDS: Final = 4.0
MAX_BYTES: Final = 256 * 1024
MAX_LISTS: Final = 8
# How far the service's clock may be from ours in a call of its own.
CALL_AGE: Final = timedelta(minutes=5)


class NotFromService(NotAllowed):
    """A call that claims to be the service's and carries another code, or an old one."""

    code = "ELC-010"
    message = _("This call does not come from the service of electronic business licences.")
    cure = _("Check the application's name, its secret and the clock of the service.")


@dataclass(frozen=True)
class Question:
    """What the holder is asked, as it goes to the service."""

    reference: str
    kind: str
    title: str
    text: bytes
    digest: str
    nonce: str
    callback: str
    return_url: str
    expires_at: datetime


@dataclass(frozen=True)
class Opened:
    """A request the service knows: its number, what the code on the screen says, the address for the same phone."""

    no: str
    code: str
    link: str


@dataclass(frozen=True)
class Status:
    """
    How a request stands.

    :param state: ``waiting``, ``confirmed``, ``refused`` or ``expired``
    """

    no: str
    reference: str
    state: str
    answer: Answer | None = None


class LicenceProvider(ABC):
    """One service of electronic licences."""

    @property
    @abstractmethod
    def app(self) -> str:
        """The name under which this platform is known to the service."""

    @abstractmethod
    def open(self, question: Question, *, at: datetime) -> Opened:
        """
        Open a request.

        :raises ServiceAway: if the service does not answer
        """

    @abstractmethod
    def status(self, no: str, *, at: datetime) -> Status:
        """
        Ask how a request stands.

        :raises ServiceAway: if the service does not answer
        """

    @abstractmethod
    def read_call(self, body: bytes, *, at: datetime) -> Status:
        """
        Read what the service sent by itself.

        :raises NotFromService: if it is not the service's
        """

    @abstractmethod
    def revocation_lists(self, *, at: datetime) -> list[bytes]:
        """
        The revocation lists of the service's authorities.

        :raises ServiceAway: if the service does not answer
        """


PROVIDERS: Registry[LicenceProvider] = Registry("services of electronic licences")


def in_use() -> tuple[str, LicenceProvider]:
    """
    The service the settings name.

    :raises NotSetUp: if none is set up
    """
    if not settings.ELICENCE_URL:
        raise NotSetUp
    name: str = settings.ELICENCE_PROVIDER
    return name, PROVIDERS.get(name)


def is_set_up() -> bool:
    """Whether electronic licences can be used here."""
    return bool(settings.ELICENCE_URL)


class SampleProvider(LicenceProvider):
    """The sample service (`simulators/elicence`): JSON, each call proved by HMAC-SHA256 over application, second and body."""

    @property
    def app(self) -> str:
        """The application id of the settings."""
        return str(settings.ELICENCE_APP)

    def open(self, question: Question, *, at: datetime) -> Opened:
        """Open a request; the same reference is the same request."""
        found = self._call(
            "api/requests",
            {
                "reference": question.reference,
                "kind": question.kind,
                "title": question.title,
                "text": base64.b64encode(question.text).decode(),
                "digest": question.digest,
                "nonce": question.nonce,
                "callback": question.callback,
                "return_url": question.return_url,
                "expires_at": question.expires_at.isoformat(),
            },
            at=at,
        )
        return Opened(_string(found, "no"), _string(found, "code"), _string(found, "link"))

    def status(self, no: str, *, at: datetime) -> Status:
        """Ask how a request stands."""
        return _status(self._call("api/status", {"no": no}, at=at))

    def read_call(self, body: bytes, *, at: datetime) -> Status:
        """Read a call of the service's own."""
        try:
            sent = json.loads(body)
            said, second, code = sent["body"], int(sent["at"]), str(sent["mac"])
            expected = self._code(said, second)
        except (ValueError, TypeError, KeyError) as error:
            raise NotFromService from error
        in_time = abs(at.timestamp() - second) <= CALL_AGE.total_seconds()
        if sent.get("app") != self.app or not in_time or not hmac.compare_digest(expected, code):
            raise NotFromService
        return _status(said)

    def revocation_lists(self, *, at: datetime) -> list[bytes]:
        """The lists of root and issuing authority."""
        found = self._call("api/lists", {}, at=at).get("lists")
        if not isinstance(found, list) or len(found) > MAX_LISTS:
            raise ServiceAway
        return [_bytes({"list": one}, "list") for one in found]

    def _code(self, body: Mapping[str, Any], second: int) -> str:
        message = f"{self.app}\n{second}\n".encode() + canonical_json(dict(body))
        return hmac.new(settings.ELICENCE_SECRET.encode(), message, sha256).hexdigest()

    def _call(self, path: str, body: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
        second = int(at.timestamp())
        sent = {"app": self.app, "at": second, "body": dict(body), "mac": self._code(body, second)}
        url = f"{settings.ELICENCE_URL.rstrip('/')}/{path}"
        try:
            answer = http.call(
                url,
                body=canonical_json(sent),
                content_type="application/json",
                accept=("application/json",),
                max_bytes=MAX_BYTES,
                seconds=SECONDS,
            )
            found = json.loads(answer.body)
        except (http.OutgoingProblem, ValueError) as error:
            raise ServiceAway from error
        if not isinstance(found, dict):
            raise ServiceAway
        return found


def _status(said: Mapping[str, Any]) -> Status:
    state = _string(said, "status")
    answer = None
    if state == "confirmed":
        certificates = said.get("certificates")
        if not isinstance(certificates, list):
            raise MalformedSignature(detail="assertion")
        own, others = chain_of([_bytes({"one": one}, "one") for one in certificates])
        answer = Answer(
            assertion=_bytes(said, "assertion"),
            assertion_signature=_bytes(said, "assertion_signature"),
            signature=_bytes(said, "signature") if said.get("signature") else b"",
            certificate=own,
            others=others,
        )
    return Status(_string(said, "no"), _string(said, "reference"), state, answer)


def _string(said: Mapping[str, Any], name: str) -> str:
    found = said.get(name)
    if not isinstance(found, str) or not found or len(found) > 2000:
        _refuse()
    return found


def _bytes(said: Mapping[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(said.get(name) or "", validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise MalformedSignature(detail="base64") from error


def _refuse() -> NoReturn:
    raise MalformedSignature(detail="assertion")
