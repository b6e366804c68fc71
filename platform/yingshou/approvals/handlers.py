"""What an app registers for each action that can need a second person or a signature."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from yingshou.audit.lifecycle import Outcome
from yingshou.kernel.registry import Registry
from yingshou.tenancy.actor import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from yingshou.approvals.models import Approval, ApprovalLine, When


@dataclass(frozen=True)
class LineDraft:
    """
    One object that a maker wants to change.

    :param object_version: the version the maker saw; another version at approval refuses the line
    :param amount: what the line counts towards the policy's amount, in yuan
    :param payload: what is asked, as JSON: what `apply` needs beyond the object
    :param document: what would be signed for this line, as canonical-JSON material (no floats)
    """

    object_type: str
    object_id: int
    object_version: int
    label: str
    amount: Decimal | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)


class Handler(ABC):
    """
    One action under maker-checker.

    :cvar title: how the action is called in the inbox
    :cvar maker_permission: what the maker needs
    :cvar checker_permission: what the checker needs
    :cvar legal_effect: what a signature or approval means in law, printed beside the button
    :cvar second_person: the policy where an organisation has not set its own
    :cvar signature: the same for the signature
    :cvar follows: an action whose policy holds where the organisation has not set one for this: an act of the same weight
    """

    title: ClassVar["StrOrPromise"]
    maker_permission: ClassVar[str]
    checker_permission: ClassVar[str]
    legal_effect: ClassVar["StrOrPromise"] = _("The approval takes effect at once and is recorded with your name.")
    second_person: ClassVar["When | str"] = "ALWAYS"
    signature: ClassVar["When | str"] = "NEVER"
    follows: ClassVar[str] = ""

    def must_sign(self, lines: Sequence[LineDraft]) -> bool:
        """Whether these lines need a signature whatever the policy says; no by default."""
        return False

    def says(self, line: "ApprovalLine") -> Sequence[str]:
        """What a line asks beyond its object and amount, in words for the checker; nothing by default."""
        return ()

    @abstractmethod
    def apply(
        self,
        lines: "Sequence[ApprovalLine]",
        *,
        approval: "Approval",
        by: Actor,
        at: datetime,
        signature_id: int | None,
    ) -> list[Outcome]:
        """Carry out the approved lines in the caller's transaction; an outcome per line, `pk` = the object's id."""

    def object_url(self, line: "ApprovalLine") -> str:
        """Where the object of a line is shown; empty where it has no page."""
        return ""

    def rejected(self, lines: "Sequence[ApprovalLine]", *, approval: "Approval", by: Actor, at: datetime) -> None:
        """What else happens when the approval is rejected or withdrawn; nothing by default."""
        return


HANDLERS: Registry[Handler] = Registry("approval handlers")


def register(action: str, handler: Handler) -> None:
    """
    Register the handler of an action, named `app.verb`.

    :raises AlreadyRegistered: if the action has a handler
    """
    HANDLERS.register(action, handler)
