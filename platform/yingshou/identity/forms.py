"""Forms of identity: they parse and phrase, they never save."""

from typing import Any, cast

from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from yingshou.identity import labels
from yingshou.identity.actions.registration import OPEN_CAPABILITIES
from yingshou.identity.models import OrganisationKind, OrganisationSize, Person
from yingshou.identity.models.people import TextSize, normalise_phone
from yingshou.identity.states import RejectionReason
from yingshou.kernel.errors import DomainError
from yingshou.kernel.identifiers import account_no_normalise, parse_cnaps, parse_uscc
from yingshou.tenancy.actor import Capability, Duty
from yingshou.ui.forms import DateField, FileDrop, ReasonField

LICENCE_TYPES = "application/pdf,image/png,image/jpeg"
_STAFF_ONLY = {Duty.SYSTEM_ADMINISTRATOR, Duty.SECURITY_ADMINISTRATOR, Duty.AUDIT_ADMINISTRATOR}

username_validator = RegexValidator(
    r"^[a-z0-9][a-z0-9._-]{3,59}\Z", _("Use 4 to 60 small letters, digits, dots and hyphens.")
)


def username_field() -> forms.CharField:
    """A sign-in name; capitals are made small."""
    return forms.CharField(
        label=_("Sign-in name"),
        max_length=60,
        help_text=_("4 to 60 small letters, digits, dots and hyphens."),
        widget=forms.TextInput({"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )


class PhoneField(forms.CharField):
    """A phone number as people type it; digits and a leading plus remain."""

    widget = forms.TextInput({"type": "tel", "autocomplete": "tel"})

    def clean(self, value: Any) -> str:
        """
        The number without spaces and hyphens.

        :raises ValidationError: if it is not 7 to 15 digits long
        """
        text = normalise_phone(str(super().clean(value) or ""))
        if text and not 7 <= len(text.lstrip("+")) <= 15:
            raise ValidationError(_("Enter a phone number with 7 to 15 digits."), code="phone")
        return text


class NewPasswordMixin(forms.Form):
    """Two fields for a new password, checked against the rules and against the person's own data."""

    password1 = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=_("At least 12 characters. A few words in a row are easier to remember than signs."),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label=_("Password again"), strip=False, widget=forms.PasswordInput({"autocomplete": "new-password"})
    )

    def check_passwords(self, person: Person) -> None:
        """Add errors where the two differ or the password is too weak for this person."""
        first, second = self.cleaned_data.get("password1"), self.cleaned_data.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two passwords differ."))
        if first:
            try:
                validate_password(first, person)
            except ValidationError as error:
                self.add_error("password1", error)


class SignInForm(LoginForm):
    """One field for name or e-mail, tried as both with exactly one password test, so that timing tells nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Sign-in name or e-mail")
        self.fields["login"].widget = forms.TextInput(
            {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        )
        self.fields["password"].label = _("Password")
        self.fields["password"].help_text = ""
        self.fields["password"].widget = forms.PasswordInput({"autocomplete": "current-password"})

    def user_credentials(self) -> dict[str, str]:
        """The backend tries the user name as an e-mail address too; giving both would test the password twice."""
        return {"username": self.cleaned_data["login"].lower(), "password": self.cleaned_data["password"]}


class CodeField(forms.CharField):
    """A code of an authenticator app, or a recovery code; spaces and hyphens are left out."""

    def __init__(self, **options: Any) -> None:
        attributes = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        super().__init__(max_length=20, widget=forms.TextInput(attributes), **options)

    def clean(self, value: Any) -> str:
        """The digits alone."""
        return "".join(sign for sign in str(super().clean(value) or "") if sign.isalnum())


class CredentialField(forms.JSONField):
    """What the browser's passkey answered; filled by a script."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False)

    def clean(self, value: Any) -> Any:
        """
        The answer as an object.

        :raises ValidationError: if it is something else
        """
        answer = super().clean(value)
        if answer is not None and not isinstance(answer, dict):
            raise ValidationError(_("The device did not confirm the passkey. Try again."))
        return answer


class CodeProofForm(forms.Form):
    """A code or a passkey, to prove who one is."""

    code = CodeField(
        label=_("Code"),
        help_text=_("Six digits of your authenticator app, or one of your recovery codes."),
        error_messages={"required": _("Enter the code.")},
    )
    credential = CredentialField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.data.get(self.add_prefix("credential")):
            self.fields["code"].required = False

    def clean(self) -> dict[str, Any]:
        """What was sent; a passkey that could not be read is said where the code is typed."""
        cleaned = super().clean() or {}
        if "credential" in self.errors or ("code" in cleaned and not cleaned["code"] and not cleaned["credential"]):
            self.add_error("code", _("The device did not confirm the passkey. Try again."))
        return cleaned


class PasswordProofForm(forms.Form):
    """The password once more, of whoever has no second factor."""

    password = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput({"autocomplete": "current-password"})
    )


class AppForm(forms.Form):
    """The first code of a new authenticator app."""

    code = CodeField(label=_("Code that the app shows"), help_text=_("Six digits; they change every 30 seconds."))


class PasskeyForm(forms.Form):
    """A passkey and how its owner calls it."""

    name = forms.CharField(
        label=_("Name"),
        max_length=40,
        required=False,
        help_text=_("So that you know it again, for example “office computer”."),
    )
    credential = CredentialField()


class OrganisationForm(forms.Form):
    """What an applicant says about the organisation."""

    uscc = forms.CharField(
        label=_("Unified social credit code"),
        max_length=40,
        help_text=_("18 characters, as on the business licence."),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    name = forms.CharField(label=_("Name of the organisation"), max_length=200, help_text=_("As on the licence."))
    short_name = forms.CharField(label=_("Short name"), max_length=60, required=False)
    name_en = forms.CharField(label=_("English name"), max_length=200, required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=OrganisationKind.choices, initial=OrganisationKind.ENTERPRISE)
    capabilities = forms.MultipleChoiceField(
        label=_("What the organisation will do here"),
        choices=[(str(one), labels.CAPABILITIES[one]) for one in OPEN_CAPABILITIES],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Several are possible: an organisation can be creditor and debtor at once."),
    )
    # Names of places are Chinese in either language; a screen reader is told so.
    region = forms.ChoiceField(label=_("Region"), widget=forms.Select({"lang": "zh-Hans"}))
    size = forms.TypedChoiceField(
        label=_("Size"),
        choices=[("", _("Not an enterprise")), *OrganisationSize.choices],
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("As declared under the 2017 classification; it decides which time limits the law sets."),
    )
    industry = forms.CharField(
        label=_("Industry (GB/T 4754)"),
        max_length=8,
        required=False,
        validators=[RegexValidator(r"^[A-T](\d{2,4})?\Z", _("A letter from A to T and up to four digits."))],
    )
    legal_representative = forms.CharField(label=_("Legal representative"), max_length=60)
    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    licence_expires_on = DateField(
        label=_("Licence valid until"), required=False, help_text=_("Leave empty if it has no end.")
    )

    def __init__(self, *args: Any, regions: list[tuple[str, list[tuple[str, str]]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["region"]).choices = [("", _("Choose a region")), *regions]

    def clean_uscc(self) -> str:
        """
        The code in its one form.

        :raises ValidationError: with the precise reason
        """
        try:
            return parse_uscc(self.cleaned_data["uscc"])
        except DomainError as error:
            raise ValidationError(f"{error.message_text} {error.cure_text}", code=error.code) from error

    def clean(self) -> dict[str, Any]:
        """Enterprises say their size."""
        cleaned = super().clean() or {}
        if cleaned.get("kind") == OrganisationKind.ENTERPRISE and cleaned.get("size") is None:
            self.add_error("size", _("Enterprises declare their size."))
        return cleaned


class CorrectionForm(OrganisationForm):
    """The same, for a registration that was sent back: the credit code stays, a new file is possible."""

    licence = forms.FileField(
        label=_("Licence"),
        required=False,
        widget=FileDrop({"accept": LICENCE_TYPES}),
        help_text=_("Only if it changes. PDF, PNG or JPEG, up to 20 MB."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["uscc"]


class RegistrationForm(OrganisationForm):
    """First page of the registration: organisation and administrator; file and password come with the last page."""

    username = username_field()
    display_name = forms.CharField(label=_("Administrator's name"), max_length=60)
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput({"autocomplete": "email"}))
    phone = PhoneField(label=_("Mobile phone"), max_length=30)

    def clean_username(self) -> str:
        """Small letters, checked against the allowed signs."""
        username = str(self.cleaned_data["username"]).strip().lower()
        username_validator(username)
        return username


class RegistrationEndForm(NewPasswordMixin):
    """Last page of the registration: the licence and the password, which are never kept between pages."""

    licence = forms.FileField(
        label=_("Licence"),
        widget=FileDrop({"accept": LICENCE_TYPES}),
        help_text=_("A picture or a PDF of the business licence, up to 20 MB."),
    )
    agreed = forms.BooleanField(
        label=_("I am entitled to register this organisation, and what I entered agrees with its licence.")
    )

    field_order = ("licence", "password1", "password2", "agreed")

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._person = person

    def clean(self) -> dict[str, Any]:
        """Check the passwords against the person registering."""
        cleaned = super().clean() or {}
        self.check_passwords(self._person)
        return cleaned


def duty_choices(capabilities: frozenset[Capability]) -> list[tuple[str, Any]]:
    """The duties that exist in an organisation with these capabilities."""
    is_operator = Capability.PLATFORM_OPERATOR in capabilities
    return [(str(duty), label) for duty, label in labels.DUTIES.items() if is_operator or duty not in _STAFF_ONLY]


class DutiesForm(forms.Form):
    """What a person may do for the organisation."""

    duties = forms.MultipleChoiceField(
        label=_("Duties"), widget=forms.CheckboxSelectMultiple, required=False, choices=[]
    )

    def __init__(self, *args: Any, capabilities: frozenset[Capability], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.MultipleChoiceField, self.fields["duties"]).choices = duty_choices(capabilities)

    def clean_duties(self) -> list[Duty]:
        """The duties as members of the enumeration."""
        return [Duty(value) for value in self.cleaned_data["duties"]]


class InviteForm(DutiesForm):
    """Whom to invite, and what for."""

    display_name = forms.CharField(label=_("Name"), max_length=60)
    email = forms.EmailField(label=_("E-mail"))

    field_order = ("display_name", "email", "duties")


class AcceptForm(NewPasswordMixin):
    """Who accepts an invitation without having an account."""

    username = username_field()
    display_name = forms.CharField(label=_("Name"), max_length=60)
    phone = PhoneField(label=_("Mobile phone"), max_length=30)

    field_order = ("username", "display_name", "phone", "password1", "password2")

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email

    def clean_username(self) -> str:
        """Small letters, checked against the allowed signs."""
        username = str(self.cleaned_data["username"]).strip().lower()
        username_validator(username)
        return username

    def clean(self) -> dict[str, Any]:
        """Check the passwords against the person joining."""
        cleaned = super().clean() or {}
        self.check_passwords(
            Person(
                username=cleaned.get("username", ""), email=self._email, display_name=cleaned.get("display_name", "")
            )
        )
        return cleaned


class ProfileForm(forms.Form):
    """A person's own details."""

    display_name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Shown beside what you do."))
    phone = PhoneField(
        label=_("Mobile phone"), max_length=30, required=False, help_text=_("Leave empty to keep the number on file.")
    )
    language = forms.ChoiceField(label=_("Language"), choices=[("zh-hans", "简体中文"), ("en", "English")])
    text_size = forms.ChoiceField(label=_("Text size"), choices=TextSize.choices)


class DecisionForm(forms.Form):
    """What the first of two members of staff proposes."""

    event = forms.ChoiceField(label=_("Decision"), choices=[], widget=forms.RadioSelect)
    reason = ReasonField(RejectionReason.choices, label=_("Reason"), required=False)

    def __init__(self, *args: Any, events: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["event"]).choices = events

    def clean(self) -> dict[str, Any]:
        """Every "no" says why."""
        cleaned = super().clean() or {}
        if cleaned.get("event") in ("reject", "suspend", "restore") and not (cleaned.get("reason") or ("", ""))[0]:
            self.add_error("reason", _("Choose a reason."))
        return cleaned


class BankAccountForm(forms.Form):
    """A bank account of the organisation."""

    bank_code = forms.CharField(label=_("Bank code (CNAPS)"), max_length=20, help_text=_("12 digits."))
    bank_name = forms.CharField(label=_("Bank and branch"), max_length=120)
    account_name = forms.CharField(label=_("Account name"), max_length=200)
    number = forms.CharField(
        label=_("Account number"),
        max_length=60,
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "numeric"}),
    )

    def clean_bank_code(self) -> str:
        """
        Twelve digits with a right check digit.

        :raises ValidationError: with the precise reason
        """
        try:
            return parse_cnaps(self.cleaned_data["bank_code"])
        except DomainError as error:
            raise ValidationError(error.message_text, code=error.code) from error

    def clean_number(self) -> str:
        """
        Digits only.

        :raises ValidationError: with the precise reason
        """
        try:
            return account_no_normalise(self.cleaned_data["number"])
        except DomainError as error:
            raise ValidationError(error.message_text, code=error.code) from error
