"""Forms for personal data requests."""

from __future__ import annotations

from typing import Unpack

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.accounts.models import RequestKind
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.core.web.phone_fields import EmailOrPhoneField
from shop.notifications.models import ContactMethod

_MAX_LENGTH = 2000


class RequestForm(forms.Form):
    """A request by a signed-in user. Exports and deletions have their own pages."""

    kind = forms.ChoiceField(
        label=_("What is your request about?"),
        choices=[
            choice
            for choice in RequestKind.choices
            if choice[0] not in (RequestKind.ACCESS, RequestKind.DELETION)
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what your request is about.")},
    )
    message = forms.CharField(
        label=_("What would you like to do?"),
        max_length=_MAX_LENGTH,
        widget=forms.Textarea(attrs={"class": "input", "rows": 4}),
        error_messages={"required": _("Describe what we should do.")},
    )


class GuestRequestForm(RequestForm):
    """A request by a guest, confirmed by a code sent to the phone number or email address given."""

    contact = EmailOrPhoneField(
        label=_("Phone number or email used for your orders"),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "tel"}),
        help_text=_("We send a code there to make sure that the request comes from you."),
        error_messages={"required": _("Enter the phone number or email address.")},
    )
    name = forms.CharField(
        label=pgettext_lazy("person", "Full name"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "name"}),
    )
    field_order = ("kind", "contact", "name", "message")

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        may_use_phone: bool,
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, **options)
        self._may_use_phone = may_use_phone
        kind_field = self.fields["kind"]
        assert isinstance(kind_field, forms.ChoiceField)
        kind_field.choices = RequestKind.choices
        self.fields["message"].required = False

    def clean_contact(self) -> str:
        contact: str = self.cleaned_data["contact"]
        if "@" not in contact and not self._may_use_phone:
            raise forms.ValidationError(_("Enter an email address such as hoa@example.com."))
        return contact

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        needs_message = cleaned.get("kind") in (RequestKind.CORRECTION, RequestKind.OBJECTION)
        if needs_message and not cleaned.get("message", "").strip():
            self.add_error("message", _("Describe what we should do."))
        return cleaned

    @property
    def contact_method(self) -> ContactMethod:
        return ContactMethod.EMAIL if "@" in self.cleaned_data["contact"] else ContactMethod.SMS
