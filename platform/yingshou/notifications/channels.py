"""
How messages leave the platform. Mail is one channel; a deployment with a contract for SMS or a WeChat official account
registers its own under another name (F192), and people choose among those that exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yingshou.kernel.registry import Registry

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Parcel:
    """
    What a channel is given: no amount, no account, no number of an object (G13).

    :param address: where the person is reached: an e-mail address, a phone number, an open id
    :param sentence: what happened, in the person's language
    :param url: the absolute address of the inbox; the object itself is behind the sign-in
    """

    person_id: int
    address: str
    language: str
    sentence: str
    url: str


@dataclass(frozen=True)
class Channel:
    """
    A way to a person.

    :param label: its name where people choose
    :param send: hands one parcel over; called outside any transaction; raises to be tried again
    """

    label: StrOrPromise
    send: Callable[[Parcel], None]


CHANNELS: Registry[Channel] = Registry("channels of messages")


def register(name: str, channel: Channel) -> Channel:
    """
    Add a channel. Called in `contributions.py`.

    :raises AlreadyRegistered: if the name is taken
    """
    return CHANNELS.register(name, channel)
