"""What can be signed. Each purpose says what the document is, and what happens once its signature is verified."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from yingshou.kernel.registry import Registry
from yingshou.tenancy.actor import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from yingshou.signing.models import SignatureEvidence


@dataclass(frozen=True)
class Subject:
    """
    What is to be signed: which version of which object, its Merkle root, and what people read beside it.

    :param body: what the signed document says beyond the envelope, as canonical-JSON material
    :param legal_effect: what the signature means in law; part of the signed document, in both languages
    """

    object_type: str
    object_id: int
    object_version: int
    title: "StrOrPromise"
    legal_effect: "StrOrPromise"
    manifest_root: bytes
    manifest_size: int
    body: Mapping[str, Any] = field(default_factory=dict)


class Purpose(ABC):
    """One reason to sign."""

    @abstractmethod
    def subject(self, object_id: int, *, by: Actor, at: datetime) -> Subject:
        """
        Say what would be signed now.

        :raises NotVisible: if there is no such object for this actor
        :raises NotAllowed: if the actor may not sign it
        :raises Conflict: if it is not to be signed any more
        """

    @abstractmethod
    def audience(self, subject: Subject) -> list[int]:
        """The organisations besides the signer's that may read the evidence."""

    def accepted(self, object_id: int, *, due_at: datetime, by: Actor, at: datetime) -> None:
        """Show that the object is signed and waits for the proof of the signature; nothing by default."""
        return

    def resumed(self, object_id: int, *, by: Actor, at: datetime) -> Subject:
        """
        Say what is signed, once the signature waits for its proof; the same as before by default.

        :raises DomainError: if it can take effect no more
        """
        return self.subject(object_id, by=by, at=at)

    def lacks(self, object_id: int, waits: str, *, by: Actor) -> None:
        """Show which proof is missing; nothing by default."""
        return

    def given_back(self, object_id: int, *, reason: str, by: Actor, at: datetime) -> None:
        """Undo `accepted`: the signature got no proof, or can take effect no more; nothing by default."""
        return

    @abstractmethod
    def completed(self, evidence: "SignatureEvidence", *, by: Actor, at: datetime) -> None:
        """Carry out what was signed, in the transaction that stores the evidence."""


PURPOSES: Registry[Purpose] = Registry("purposes of signatures")


def register(code: str, purpose: Purpose) -> None:
    """
    Register a purpose.

    :raises AlreadyRegistered: if the code is taken
    """
    PURPOSES.register(code, purpose)
