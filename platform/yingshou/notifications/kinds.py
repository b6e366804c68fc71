"""
The kinds of messages, worded once each. A message stores its kind and its facts; the words are made when it is read, in the
reader's language, so that one row serves every reader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise

from yingshou.kernel.registry import Registry
from yingshou.tenancy.actor import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_PLACEHOLDER = re.compile(r"%\((\w+)\)")
# What may leave the platform in a mail: no amount, account, number or secret (G13).
IN_A_MAIL = frozenset({"count", "counterpart"})
# What a message about several things can say; the facts of the single things are not kept.
OF_MANY = frozenset({"count", "counterpart", "amount"})


@dataclass(frozen=True)
class MessageKind:
    """
    How messages of one kind read. Placeholders are `%(name)s`: `count`, `counterpart`, `amount` and the draft's own `params`.

    :param label: the kind in a few words, for the filter: "Confirmation"
    :param one: the subject for a single thing: "%(counterpart)s confirmed receivable %(number)s"
    :param many: the subject for several: "%(counterpart)s confirmed %(count)s receivables"
    :param body: what happens next, by whom; the same for one and many, so only count, counterpart and amount
    :param mail: the sentence a mail carries; only count and counterpart (G13)
    :param permission: whom it concerns; others of the organisation neither see nor are mailed it
    """

    label: StrOrPromise
    one: StrOrPromise
    many: StrOrPromise
    mail: StrOrPromise
    permission: str
    body: StrOrPromise = ""

    def __post_init__(self) -> None:
        for name, text, allowed in (
            ("many", self.many, OF_MANY),
            ("body", self.body, OF_MANY),
            ("mail", self.mail, IN_A_MAIL),
        ):
            foreign = set(_PLACEHOLDER.findall(_source(text))) - allowed
            if foreign:
                raise ValueError(f"{name!r} may not speak of {', '.join(sorted(foreign))}: {_source(text)!r}")


def _source(text: StrOrPromise) -> str:
    """The msgid of a lazy text: reading the translation while apps start would need a running Django."""
    if isinstance(text, Promise):
        return " ".join(part for part in getattr(text, "_args", ()) if isinstance(part, str))
    return text


KINDS: Registry[MessageKind] = Registry("kinds of messages")


def register(name: str, kind: MessageKind) -> MessageKind:
    """
    Register a kind under `app.what_happened`. Called in `contributions.py`.

    :raises AlreadyRegistered: if the name is taken
    """
    return KINDS.register(name, kind)


def kinds_for(actor: Actor) -> list[str]:
    """The kinds that concern this actor."""
    return [name for name, kind in KINDS.items() if actor.may(kind.permission)]
