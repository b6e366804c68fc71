"""What allauth's second factors ask of us: secrets encrypted with our keys, the names that an authenticator shows."""

from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from django.utils.translation import gettext as _

from yingshou.identity import crypto

# The name bound to each secret: that of an app, and the seed of the recovery codes.
SECRET = "identity.factor.secret"  # noqa: S105 (the name of a field, not a secret)


class FactorAdapter(DefaultMFAAdapter):
    """Secrets at rest are encrypted like every other field of that weight, and follow the rotation of the keys."""

    def encrypt(self, text: str) -> str:
        """As it is stored."""
        return crypto.encrypt(text, field=SECRET)

    def decrypt(self, encrypted_text: str) -> str:
        """As it is used."""
        return crypto.decrypt(encrypted_text, field=SECRET)

    def get_totp_issuer(self) -> str:
        """The platform's name above the code."""
        return _("Yingshou")

    def get_totp_label(self, user: Any) -> str:
        """The sign-in name, which several accounts on one phone are told apart by."""
        return str(user.username)

    def _get_site_name(self) -> str:
        return _("Yingshou")
