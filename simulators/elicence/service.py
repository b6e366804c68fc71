"""What the sample service does: keep requests, show them to the holder, answer with signed assertions; and its faults."""

import base64
import hmac
import json
import secrets
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from simulators.elicence.issuing import Key, LicenceAuthority, sign, sm3, write

FORMAT: Final = "elicence-assertion/1"
IN_GOOD_STANDING: Final = "存续"
REVOKED: Final = "吊销"
# What can be made to go wrong, for tests; several at a time.
FAULTS: Final = {
    "wrong-code": "assert another organisation's credit code",
    "revoked-licence": "assert a licence that was revoked (吊销)",
    "replay": "answer with the assertion of an earlier request",
    "other-digest": "assert the digest of another text",
    "other-nonce": "assert another nonce",
    "tampered": "alter the assertion after signing it",
    "user-id": "sign under another SM2 user identifier",
    "other-root": "sign with a certificate of an authority that nobody trusts",
    "stale": "assert yesterday",
    "revoked-certificate": "put the holder's certificate on the revocation list",
    "bad-signature": "sign another text than the one shown",
}
MAX_SKEW_SECONDS: Final = 300
OTHER_USCC: Final = "91110000100000000X"


@dataclass(frozen=True)
class Holder:
    """A licence in somebody's hands, as the file ``holders.json`` lists it."""

    uscc: str
    organisation: str
    holder: str
    holder_no: str
    licence_serial: str
    pin: str
    status: str = IN_GOOD_STANDING


@dataclass
class Request:
    """One request of a platform and what became of it."""

    no: str
    ticket: str
    reference: str
    kind: str
    title: str
    text: str
    digest: str
    nonce: str
    callback: str
    return_url: str
    expires_at: float
    state: str = "waiting"
    answer: dict[str, Any] = field(default_factory=dict)

    def standing(self, now: float) -> str:
        """The state, with the clock: what nobody answered in time has run out."""
        return "expired" if self.state == "waiting" and now >= self.expires_at else self.state


class Refused(Exception):
    """A call or an input that is not accepted; the sentence says why."""


class Licences:
    """
    The service over one folder; requests are files in it, so that a restart loses none.

    :param address: where the holder's phone reaches it
    :param now: the city's clock
    """

    def __init__(self, folder: Path, *, app: str, secret: str, address: str, now: Callable[[], datetime]) -> None:
        self.folder, self.app, self.secret, self.address = folder, app, secret, address.rstrip("/")
        self.now = now
        self.faults: frozenset[str] = frozenset()
        (folder / "requests").mkdir(exist_ok=True)
        self.authority()
        self.lock = threading.Lock()

    def authority(self, name: str = "authority") -> LicenceAuthority:
        """The authority that issues to holders, at this moment; ``stranger`` is one that nobody trusts."""
        return LicenceAuthority(self.folder / name, self.now())

    def holders(self) -> list[Holder]:
        """Everybody who holds a licence."""
        try:
            return [Holder(**row) for row in json.loads((self.folder / "holders.json").read_text())]
        except OSError:
            return []

    def authenticate(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Check application, time and code of a platform's call; return its body."""
        body, at = sent.get("body"), sent.get("at")
        if sent.get("app") != self.app or not isinstance(body, dict) or not isinstance(at, int):
            raise Refused("unknown application")
        if abs(self.now().timestamp() - at) > MAX_SKEW_SECONDS:
            raise Refused("the call is too old")
        if not hmac.compare_digest(str(sent.get("mac")), self.code(body, at)):
            raise Refused("the code of the call is wrong")
        return body

    def code(self, body: dict[str, Any], at: int) -> str:
        """The code that proves who sent a body: HMAC-SHA256 over application, second and canonical JSON."""
        message = f"{self.app}\n{at}\n".encode() + canonical(body)
        return hmac.new(self.secret.encode(), message, sha256).hexdigest()

    def create(self, body: dict[str, Any]) -> dict[str, str]:
        """Open a request; the same reference gives the same request."""
        with self.lock:
            for known in self._all():
                if known.reference == body["reference"]:
                    return self._opened(known)
            names = ("reference", "kind", "title", "text", "digest", "nonce", "callback", "return_url")
            given: dict[str, Any] = {name: str(body[name]) for name in names}
            row = Request(
                no=secrets.token_hex(8),
                ticket=secrets.token_urlsafe(16),
                **given,
                expires_at=datetime.fromisoformat(str(body["expires_at"])).timestamp(),
            )
            if row.kind not in ("identify", "signature") or sm3(base64.b64decode(row.text)).hex() != row.digest:
                raise Refused("the digest is not that of the text")
            self._save(row)
        return self._opened(row)

    def _opened(self, row: Request) -> dict[str, str]:
        link = f"{self.address}/phone/{row.no}?ticket={row.ticket}"
        return {"no": row.no, "code": link, "link": link}

    def status(self, no: str) -> dict[str, Any]:
        """How a request stands, with the answer once there is one."""
        row = self.request(no)
        return {"no": row.no, "reference": row.reference, "status": row.standing(self.now().timestamp()), **row.answer}

    def lists(self) -> list[str]:
        """The revocation lists of the authority."""
        return [base64.b64encode(der).decode() for der in self.authority().lists()]

    def request(self, no: str) -> Request:
        """One request by its number."""
        path = self.folder / "requests" / f"{no}.json"
        if not no.isalnum() or not path.exists():
            raise Refused("no such request")
        return Request(**json.loads(path.read_text()))

    def decide(self, no: str, ticket: str, holder: Holder | None, pin: str, *, confirmed: bool) -> Request:
        """
        Take the holder's decision.

        :raises Refused: if the request is over, the PIN is wrong or no licence was chosen
        """
        with self.lock:
            row = self.request(no)
            if not hmac.compare_digest(row.ticket, ticket):
                raise Refused("no such request")
            if row.standing(self.now().timestamp()) != "waiting":
                raise Refused("this request is over")
            if confirmed:
                if holder is None:
                    raise Refused("choose a licence")
                if not hmac.compare_digest(holder.pin, pin):
                    raise Refused("the PIN is wrong")
                row.answer = self._answer(row, holder)
            row.state = "confirmed" if confirmed else "refused"
            self._save(row)
        threading.Thread(target=self._call_back, args=(row,), daemon=True).start()
        return row

    def _answer(self, row: Request, holder: Holder) -> dict[str, Any]:
        """The signed assertion, with whatever faults are on."""
        faults = self.faults
        if "replay" in faults:
            earlier = [one for one in self._all() if one.no != row.no and one.state == "confirmed"]
            if earlier:
                return earlier[-1].answer
        key = self._key(holder, faults)
        if "revoked-certificate" in faults:
            self.authority().revoke(key)
        text = base64.b64decode(row.text)
        document = canonical(self._assertion(row, holder, faults))
        user_id = b"ALICE123@YAHOO.COM" if "user-id" in faults else b"1234567812345678"
        signature = sign(key.secret, document, user_id)
        if "tampered" in faults:
            document = document.replace(holder.holder_no.encode(), b"X" * len(holder.holder_no))
        signed = text + b" " if "bad-signature" in faults else text
        return {
            "assertion": _encoded(document),
            "assertion_signature": _encoded(signature),
            "signature": _encoded(sign(key.secret, signed, user_id)) if row.kind == "signature" else "",
            "certificates": [_encoded(der) for der in (key.certificate, *key.others)],
        }

    def _assertion(self, row: Request, holder: Holder, faults: frozenset[str]) -> dict[str, Any]:
        issued = self.now() - timedelta(days=1 if "stale" in faults else 0)
        return {
            "format": FORMAT,
            "app": self.app,
            "no": row.no,
            "reference": row.reference,
            "kind": row.kind,
            "organisation": {
                "uscc": OTHER_USCC if "wrong-code" in faults else holder.uscc,
                "name": holder.organisation,
            },
            "holder": {"no": holder.holder_no, "name": holder.holder},
            "licence": {
                "serial": holder.licence_serial,
                "status": REVOKED if "revoked-licence" in faults else holder.status,
            },
            "nonce": "0" * 64 if "other-nonce" in faults else row.nonce,
            "digest": {"algorithm": "SM3", "value": sm3(b"another").hex() if "other-digest" in faults else row.digest},
            "issued_at": issued.isoformat().replace("+00:00", "Z"),
        }

    def _key(self, holder: Holder, faults: frozenset[str]) -> Key:
        authority = self.authority("stranger" if "other-root" in faults else "authority")
        return authority.holder(
            uscc=holder.uscc, organisation=holder.organisation, holder=holder.holder, holder_no=holder.holder_no
        )

    def _call_back(self, row: Request) -> None:
        """Tell the platform, up to three times; it can always ask by itself."""
        if not row.callback:
            return
        body = {"no": row.no, "reference": row.reference, "status": row.state, **row.answer}
        for pause in (0.0, 1.0, 5.0):
            time.sleep(pause)
            at = int(self.now().timestamp())
            sent = {"app": self.app, "at": at, "body": body, "mac": self.code(body, at)}
            asked = urllib.request.Request(  # the address is the platform's own, given with the request
                row.callback, data=canonical(sent), headers={"Content-Type": "application/json"}
            )
            try:
                with urllib.request.urlopen(asked, timeout=5):  # as above
                    return
            except OSError:
                continue

    def _all(self) -> list[Request]:
        paths = sorted((self.folder / "requests").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        return [Request(**json.loads(path.read_text())) for path in paths]

    def _save(self, row: Request) -> None:
        write(self.folder / "requests" / f"{row.no}.json", json.dumps(asdict(row), ensure_ascii=False))


def canonical(value: object) -> bytes:
    """JSON with sorted names and no spaces; all we send is strings, whole numbers, lists and objects."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
