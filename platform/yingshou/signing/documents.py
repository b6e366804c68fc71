"""The document that is signed: one canonical JSON envelope for every purpose."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import override

from yingshou.kernel.canonical import canonical_json
from yingshou.signing.purposes import Subject

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

FORMAT: Final = "yingshou-manifest/1"


def envelope(
    subject: Subject, *, purpose: str, uscc: str, organisation_name: str, nonce: str, prepared_at: datetime
) -> bytes:
    """The bytes that are signed: who, why in both languages, what version, which lines, under which nonce."""
    return canonical_json(
        {
            "format": FORMAT,
            "purpose": {"code": purpose, **both_languages(subject.title)},
            "legal_effect": both_languages(subject.legal_effect),
            "organisation": {"uscc": uscc, "name": organisation_name},
            "object": {"type": subject.object_type, "id": subject.object_id, "version": subject.object_version},
            "lines": {
                "count": subject.manifest_size,
                "root": subject.manifest_root.hex(),
                "tree": "RFC 6962, SHA-256",
            },
            "nonce": nonce,
            "prepared_at": prepared_at,
            **subject.body,
        }
    )


def both_languages(text: "StrOrPromise") -> dict[str, str]:
    """A sentence in Chinese and in English, so that each reader has the one that was meant."""
    found: dict[str, Any] = {}
    for key, language in (("zh", "zh-hans"), ("en", "en")):
        with override(language):
            found[key] = str(text)
    return found
