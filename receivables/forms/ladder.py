"""What is asked about reminders, departments, substitutes, and to whom a claim is passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from receivables.actions.ladder import PassOn, Reminding
from receivables.forms.answers import reason_field
from receivables.models import AnswerPolicy, Department
from yingshou.kernel.identifiers import normalise
from yingshou.ui.forms import DateField

Names = Mapping[int, str]


class DaysField(forms.CharField):
    """Days with commas, in any script's commas."""

    def clean(self, value: Any) -> list[int]:
        """
        The days as numbers.

        :raises ValidationError: if something between the commas is no number
        """
        text = normalise(str(super().clean(value))).replace("、", ",").replace("，", ",")
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not all(part.isascii() and part.isdecimal() and len(part) < 4 for part in parts):
            raise ValidationError(_("Write the days as numbers with commas, such as 1, 3, 7, 15, 25, 30."))
        return [int(part) for part in parts]


def _chosen(names: Names, empty: Any = None) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [(str(pk), name) for pk, name in names.items()]
    return found if empty is None else [("", empty), *found]


class RulesForm(forms.Form):
    """How the organisation is reminded and what its suppliers read of it."""

    days = DaysField(
        label=_("Remind on these days after the request"),
        help_text=_("At most ten days between 1 and 30; day 30 always reminds."),
        max_length=60,
    )
    escalate_after = forms.IntegerField(
        label=_("Tell the second contact after so many days"), min_value=1, max_value=29
    )
    second_contact = forms.TypedChoiceField(label=_("Second contact"), coerce=int, empty_value=None, required=False)
    department = forms.CharField(
        label=_("Where claims arrive"),
        help_text=_("Suppliers read this as the place at which a claim waits; empty for “accounts payable”."),
        max_length=60,
        required=False,
    )
    shares_median = forms.BooleanField(
        label=_("Our suppliers may see our median time to confirm"),
        help_text=_(
            "From five confirmations in 30 days on. Where the law's 30 days run, the platform shows it anyway."
        ),
        required=False,
    )

    def __init__(self, *args: Any, contacts: Names, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["second_contact"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = _chosen(contacts, _("everyone who answers or checks"))

    @classmethod
    def showing(cls, policy: AnswerPolicy, contacts: Names) -> RulesForm:
        """The form filled with what holds now."""
        return cls(
            contacts=contacts,
            initial={
                "days": ", ".join(str(one) for one in policy.reminder_days),
                "escalate_after": policy.escalate_after,
                "second_contact": policy.second_contact_id or "",
                "department": policy.department,
                "shares_median": policy.shares_median,
            },
        )

    def wish(self) -> Reminding:
        """What was chosen."""
        said = self.cleaned_data
        return Reminding(
            days=said["days"],
            escalate_after=said["escalate_after"],
            second_contact_id=said["second_contact"],
            department=said["department"],
            shares_median=said["shares_median"],
        )


class DepartmentForm(forms.Form):
    """A department and the colleague who is asked there."""

    name = forms.CharField(
        label=_("Department"), help_text=_("Suppliers read this name when a claim waits there."), max_length=60
    )
    contact = forms.TypedChoiceField(label=_("Who is asked there"), coerce=int)

    def __init__(self, *args: Any, people: Names, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["contact"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = _chosen(people)


class SubstituteForm(forms.Form):
    """Who stands in for whom, on which days."""

    person = forms.TypedChoiceField(label=_("Who is away"), coerce=int)
    substitute = forms.TypedChoiceField(label=_("Who stands in"), coerce=int)
    from_date = DateField(label=_("From"))
    until_date = DateField(label=_("Until, this day included"))

    def __init__(
        self, *args: Any, people: Names, own_id: int | None, only_own: bool, today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        away = {pk: name for pk, name in people.items() if pk == own_id or not only_own}
        for name, choices in (("person", _chosen(away)), ("substitute", _chosen(people, _("Choose a colleague")))):
            field = self.fields[name]
            assert isinstance(field, forms.TypedChoiceField)
            field.choices = choices
        self.fields["from_date"].initial = today


class PassOnForm(forms.Form):
    """To whom a claim is passed, and why."""

    to = forms.ChoiceField(label=_("Pass it to"))

    def __init__(
        self, *args: Any, people: Names, departments: Sequence[Department], own_id: int | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)
        places = [
            (f"d{one.pk}", f"{one.name} · {people[one.contact_id]}") for one in departments if one.contact_id in people
        ]
        colleagues = [(f"p{pk}", name) for pk, name in people.items() if pk != own_id]
        field.choices = [("", _("Choose")), (_("Departments"), places), (_("Colleagues"), colleagues)]
        self.fields["reason"] = reason_field("pass_on")

    @property
    def target(self) -> PassOn:
        """The colleague or the department."""
        kind, number = self.cleaned_data["to"][0], int(self.cleaned_data["to"][1:])
        return PassOn(department_id=number) if kind == "d" else PassOn(person_id=number)
