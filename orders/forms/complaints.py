"""Forms for filing and answering complaints."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Unpack

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from orders.actions.complaints.answer_complaint import EmptyRemedy, Remedy
from orders.actions.complaints.file_complaint import MAX_COMPLAINT_PICTURES, DeliveredLine
from orders.actions.refunds.refund_decisions import (
    LineRefund,
    RefundDecision,
    RefundLimits,
    read_refund_limits,
)
from orders.forms.refunds import RefundAmountsForm, RefundFormRow, quantity_field
from orders.models import Complaint, CostBearer, RequestedRemedy
from shop.core.web.file_fields import PhotosField
from shop.core.web.form_options import FormData, FormFiles, FormOptions


class ComplaintForm(forms.Form):
    """The items and quantities, a description, and the remedy that the buyer prefers."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    message = forms.CharField(
        label=_("What is wrong?"),
        max_length=2000,
        help_text=_("For example: two of the five arrived bruised."),
        widget=forms.Textarea(attrs={"class": "input", "rows": 4}),
        error_messages={"required": _("Describe the problem so that we can help.")},
    )
    requested_remedy = forms.ChoiceField(
        label=_("What would you prefer?"),
        choices=RequestedRemedy.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what you would prefer.")},
    )
    photos = PhotosField(
        label=_("Photos"),
        max_count=MAX_COMPLAINT_PICTURES,
        too_many=_("Add at most four photos."),
        help_text=_("Up to four. Seen by the cooperative, the market and those with the link to your order."),
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        delivered_lines: Sequence[DeliveredLine],
        **options: Unpack[FormOptions],
    ) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(data, files, **options)
        self.delivered_lines = delivered_lines
        for delivered_line in delivered_lines:
            name = f"quantity-{delivered_line.line.pk}"
            is_all = len(delivered_lines) == delivered_line.quantity == 1
            self.fields[name] = quantity_field(
                delivered_line.quantity, _("Quantity"), initial=1 if is_all else None
            )
            self.fields[name].widget = forms.NumberInput(
                attrs={"class": "input", "min": 0, "max": delivered_line.quantity, "inputmode": "numeric"}
            )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if not self.errors and not self.quantities:
            raise forms.ValidationError(_("Choose the items with a problem and enter how many."))
        return cleaned

    @property
    def rows(self) -> list[tuple[DeliveredLine, forms.BoundField]]:
        return [
            (delivered_line, self[f"quantity-{delivered_line.line.pk}"])
            for delivered_line in self.delivered_lines
        ]

    @property
    def quantities(self) -> dict[uuid.UUID, int]:
        quantities = {
            delivered_line.line.pk: self.cleaned_data.get(f"quantity-{delivered_line.line.pk}")
            for delivered_line in self.delivered_lines
        }
        return {line_id: count for line_id, count in quantities.items() if count}


class ComplaintAdditionForm(forms.Form):
    """Words and photos that are added to an open complaint."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    message = forms.CharField(
        label=_("What do you want to add?"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 4}),
    )
    photos = PhotosField(
        label=_("Photos"), max_count=MAX_COMPLAINT_PICTURES, too_many=_("Add at most four photos.")
    )


class AcceptComplaintForm(RefundAmountsForm):
    """Accept a complaint with refunds, replacements and returns.

    If a member accepts it, the member's cooperative bears the cost. Staff choose who does.
    """

    answer = forms.CharField(
        label=_("Your reply to the buyer"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 3}),
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        complaint: Complaint,
        quantities: Mapping[uuid.UUID, int],
        limits: RefundLimits,
        is_for_members: bool,
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, limits=limits, **options)
        self.quantities = {key: count for key, count in quantities.items() if key in limits.lines}
        if is_for_members:
            del self.fields["bearer"]
        is_replacement_requested = complaint.requested_remedy == RequestedRemedy.REPLACEMENT
        for key, count in self.quantities.items():
            limit = limits.lines[key]
            proportional_amount = min(limit.refundable, limit.line.total_gross * count // limit.line.quantity)
            self.fields[f"amount-{key}"] = quantity_field(
                limit.refundable,
                _("Refund"),
                initial=None if is_replacement_requested else proportional_amount,
            )
            initial_quantity = count if is_replacement_requested else None
            self.fields[f"resent-{key}"] = quantity_field(
                count, _("Quantity to resend"), initial=initial_quantity
            )
            if limit.returnable > 0:
                self.fields[f"returned-{key}"] = quantity_field(
                    min(count, limit.returnable), _("Quantity to return")
                )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if not self.errors and self.remedy.refund is None and not self.remedy.replaced:
            raise forms.ValidationError(str(EmptyRemedy.default_message))
        return cleaned

    @property
    def rows(self) -> Iterator[RefundFormRow]:
        for key in self.quantities:
            limit = self.limits.lines[key]
            yield RefundFormRow(
                limit.line,
                limit,
                self[f"amount-{key}"],
                returned=self._field_or_none(f"returned-{key}"),
                replaced=self[f"resent-{key}"],
            )

    @property
    def remedy(self) -> Remedy:
        """The remedy as entered.

        Returned items of a refunded line are in its refund. Those of other lines are in `returned`.
        """
        replaced = {key: self._submitted_number(f"resent-{key}") for key in self.quantities}
        returned = {key: self._submitted_number(f"returned-{key}") for key in self.quantities}
        lines = {
            key: LineRefund(amount=self._submitted_number(f"amount-{key}"), returned=returned[key])
            for key in self.quantities
            if self._submitted_number(f"amount-{key}")
        }
        decision = None
        if lines or self.delivery_refund:
            bearer = self.cleaned_data.get("bearer") or CostBearer.COOPERATIVE
            decision = RefundDecision(
                bearer=CostBearer(bearer),
                reason=self.cleaned_data["answer"] or gettext_noop("Your complaint is accepted."),
                lines=lines,
                delivery=self.delivery_refund,
                is_received=False,
            )
        return Remedy(
            refund=decision,
            replaced={key: count for key, count in replaced.items() if count},
            returned={key: count for key, count in returned.items() if count and key not in lines},
        )


def build_answer_form(
    complaint: Complaint, data: FormData = None, *, is_for_members: bool
) -> AcceptComplaintForm:
    """Build the form for a complaint, which must be loaded with its part, order and lines."""
    part = complaint.part
    return AcceptComplaintForm(
        data,
        complaint=complaint,
        quantities={line.order_line_id: line.quantity for line in complaint.lines.all()},
        limits=read_refund_limits(part.order, part),
        is_for_members=is_for_members,
        initial={"idempotency_key": uuid.uuid4()},
    )
