"""
Where revocation lists come from: the addresses the operator names, and files in one folder.

The sample authority, or the operator, keeps the folder up to date.
"""

import base64
import logging
from datetime import datetime
from pathlib import Path

from django.conf import settings

from yingshou.jobs import http
from yingshou.signing import actions
from yingshou.signing.errors import MalformedSignature
from yingshou.tenancy.actor import Actor, acting_as

logger = logging.getLogger(__name__)

MAX_LIST_BYTES = 20 * 1024 * 1024
MAX_LISTS = 64
_seen: dict[Path, tuple[int, int]] = {}


def folder() -> Path:
    """The folder whose ``*.crl`` files are the revocation lists."""
    return Path(getattr(settings, "SIGNING_REVOCATION_FOLDER", settings.YINGSHOU_DATA_DIR / "authority"))


def refresh(*, at: datetime, force: bool = False) -> int:
    """
    Read the files that changed since the last look and keep new lists. Never called inside a transaction.

    :returns: how many lists were new
    """
    changed = {path: stamp for path, stamp in _stamps().items() if force or _seen.get(path) != stamp}
    if not changed:
        return 0
    lists = [_der(path.read_bytes()) for path in changed]
    with acting_as(Actor.system("signing.revocation_lists")):
        stored = actions.store_revocation_lists(lists, at=at)
    _seen.update(changed)
    return stored


def fetch(*, at: datetime, seconds: float = http.SECONDS) -> int:
    """
    Ask every configured address for its list and keep new ones. Never called inside a transaction.

    An address that does not answer, or sends something else, is logged and left for the next time.

    :returns: how many lists were new
    """
    stored = 0
    for address in settings.SIGNING_CRL_URLS:
        try:
            answer = http.call(address, max_bytes=MAX_LIST_BYTES, seconds=seconds)
            with acting_as(Actor.system("signing.revocation_lists")):
                stored += actions.store_revocation_lists([_der(answer.body)], at=at)
        except (http.OutgoingProblem, MalformedSignature) as error:
            logger.warning("revocation_list_not_fetched", extra={"address": address, "why": str(error)})
    return stored


def _stamps() -> dict[Path, tuple[int, int]]:
    found = {}
    for path in sorted(folder().glob("*.crl"))[:MAX_LISTS]:
        status = path.stat()
        if status.st_size <= MAX_LIST_BYTES:
            found[path] = (status.st_mtime_ns, status.st_size)
    return found


def _der(content: bytes) -> bytes:
    """DER of a file that may be PEM."""
    if not content.startswith(b"-----BEGIN X509 CRL-----"):
        return content
    try:
        return base64.b64decode(b"".join(line for line in content.splitlines() if not line.startswith(b"-----")))
    except ValueError as error:
        raise MalformedSignature(detail="revocation list") from error
