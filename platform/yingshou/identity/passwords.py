"""What makes a long password weak all the same: a common one repeated or decorated, a run of the keyboard, few signs."""

from functools import cache
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_RUNS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb")
_LEAST_SIGNS = 5


@cache
def _common() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)


class PredictablePasswordValidator:
    """
    Refuses passwords that guessing programs try first although they have twelve characters.

    Lists of leaked passwords hold few of this length; people lengthen a common one instead. No rule asks for kinds of signs (ASVS 6.2).
    """

    def validate(self, password: str, user: Any = None) -> None:
        """
        Look behind repetition, digits at the ends and runs.

        :raises ValidationError: if the password is predictable
        """
        plain = password.lower()
        core = plain.strip("0123456789!@#$%^&*.-_")
        half = plain[: len(plain) // 2]
        if (
            len(set(plain)) < _LEAST_SIGNS
            or plain in _common()
            or core in _common()
            or (plain == half * 2 and half in _common())
            or any(plain in run or plain in run[::-1] for run in _RUNS)
        ):
            raise ValidationError(self.get_help_text(), code="password_predictable")

    def get_help_text(self) -> str:
        """What to do instead."""
        return _("This password is easy to guess. Use a few words in a row that do not belong together.")
