"""What is written when something is wrong: a complaint, what is answered, what is given back and whereto."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from catalog.forms import SumField
from cooperatives.models import Warehouse
from orders.actions.accounts import BankAccount
from orders.actions.answer_complaint import Remedy
from orders.actions.complain import MOST_PICTURES, Arrived
from orders.actions.refund import Decision, Limits, LineLimit, LineRefund, limits_of
from orders.models import Bearer, Complaint, OrderLine, Parcel, ParcelLine, Wish
from orders.payments.banks import BANKS
from shop.core.errors import Refused
from shop.core.pictures import inspect
from shop.core.templatetags.figures import money

_BEARERS = [(Bearer.COOPERATIVE, _("the cooperative")), (Bearer.PLATFORM, _("the market"))]


class _ManyFiles(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name) if hasattr(files, "getlist") else files.get(name)


class PhotosField(forms.FileField):
    """A few photos that are some: each is looked into, not only at its name."""

    widget = _ManyFiles(attrs={"class": "input", "accept": "image/*"})

    def clean(self, data: Any, initial: Any = None) -> Any:
        uploads = [each for each in data or [] if isinstance(each, UploadedFile)]
        if len(uploads) > MOST_PICTURES:
            raise forms.ValidationError(_("Four photos at the most, please."))
        for upload in uploads:
            super().clean(upload, initial)
            try:
                inspect(upload)
            except Refused as refused:
                raise forms.ValidationError(str(refused.words), code=refused.code) from refused
        return uploads


def _steps(most: int, label: Any, **fields: Any) -> SumField:
    return SumField(label=label, required=False, min_value=0, max_value=most, **fields)


class ComplainForm(forms.Form):
    """Which goods, how many of them, what is wrong, and what the buyer would like best."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    words = forms.CharField(
        label=_("What is wrong?"),
        max_length=2000,
        help_text=_("For example: two of the five arrived bruised."),
        widget=forms.Textarea(attrs={"class": "input", "rows": 4}),
        error_messages={"required": _("Say what is wrong, so that somebody can help.")},
    )
    wish = forms.ChoiceField(
        label=_("What would you like best?"),
        choices=Wish.choices,
        initial=Wish.EITHER,
        widget=forms.RadioSelect,
    )
    photos = PhotosField(
        label=_("Photos"),
        required=False,
        help_text=_("Up to four. Only the cooperative and the market see them."),
    )

    def __init__(self, *args: Any, goods: Sequence[Arrived], **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.goods = goods
        for each in goods:
            name = f"steps-{each.line.pk}"
            self.fields[name] = _steps(each.steps, _("How many"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not self.steps:
            raise forms.ValidationError(_("Say which goods it is about, and how many of them."))
        return cleaned

    @property
    def rows(self) -> list[tuple[Arrived, forms.BoundField]]:
        return [(each, self[f"steps-{each.line.pk}"]) for each in self.goods]

    @property
    def steps(self) -> dict[uuid.UUID, int]:
        said = {each.line.pk: self.cleaned_data.get(f"steps-{each.line.pk}") for each in self.goods}
        return {line_id: count for line_id, count in said.items() if count}


class AccountForm(forms.Form):
    """The account that money goes to."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    bank = forms.ChoiceField(
        label=_("Bank"),
        widget=forms.Select(attrs={"class": "input"}),
        error_messages={"required": _("Choose a bank from the list.")},
    )
    account = forms.CharField(
        label=_("Account number"),
        max_length=30,
        widget=forms.TextInput(attrs={"class": "input", "inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("Write the account number.")},
    )
    holder = forms.CharField(
        label=_("Account holder"),
        max_length=120,
        help_text=_("As the bank writes the name."),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "name"}),
        error_messages={"required": _("Write whose account it is.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        banks = self.fields["bank"]
        assert isinstance(banks, forms.ChoiceField)
        banks.choices = [("", _("Choose a bank")), *((bank.bin, bank.short_name) for bank in BANKS)]

    def clean_account(self) -> str:
        return "".join(sign for sign in self.cleaned_data["account"] if sign not in " .-")

    @property
    def to(self) -> BankAccount:
        said = self.cleaned_data
        return BankAccount(said["bank"], said["account"], said["holder"])


@dataclass(frozen=True, slots=True)
class Row:
    """One line of goods in a form, with its fields; what is not asked for has none."""

    line: OrderLine
    limit: LineLimit | None
    amount: forms.BoundField
    back: forms.BoundField | None = None
    damaged: forms.BoundField | None = None
    unsent: forms.BoundField | None = None
    anew: forms.BoundField | None = None


class _GivenForm(forms.Form):
    """Amounts by line and for the delivery, borne by somebody."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    delivery = SumField(label=_("Delivery"), required=False, min_value=0)
    bearer = forms.ChoiceField(
        label=_("Who bears the refund"),
        choices=_BEARERS,
        initial=Bearer.COOPERATIVE,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, limits: Limits, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.limits = limits
        self.fields["delivery"] = self._sum(_("Delivery"), max(0, limits.delivery))

    def _sum(self, label: Promise, most: int) -> SumField:
        words = _("At most %(sum)s can be given back.") % {"sum": money(most, self.limits.currency)}
        return SumField(label=label, required=False, min_value=0, max_value=most, help_text=words)

    def _number(self, name: str) -> int:
        return int(self.cleaned_data.get(name) or 0)

    def _field(self, name: str) -> forms.BoundField | None:
        return self[name] if name in self.fields else None

    @property
    def delivery_said(self) -> int:
        return self._number("delivery")


class RefundForm(_GivenForm):
    """The desk's decision about a part, or (without lines) about what was paid too much."""

    surplus = SumField(label=_("Paid too much"), required=False, min_value=0)
    warehouse = forms.ChoiceField(
        label=_("Into which store house?"), required=False, widget=forms.Select(attrs={"class": "input"})
    )
    are_here = forms.BooleanField(label=_("The goods are here already"), required=False, initial=True)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        help_text=_("They read it word for word."),
        widget=forms.Textarea(attrs={"class": "input", "rows": 3}),
    )

    def __init__(self, *args: Any, limits: Limits, houses: Sequence[Warehouse], **kwargs: Any) -> None:
        super().__init__(*args, limits=limits, **kwargs)
        self.fields["surplus"] = self._sum(_("Paid too much"), limits.surplus)
        self.houses = houses
        where = self.fields["warehouse"]
        assert isinstance(where, forms.ChoiceField)
        where.choices = [(str(house.pk), house.name) for house in houses]
        for key, limit in limits.lines.items():
            self.fields[f"amount-{key}"] = _steps(limit.left, _("Amount"))
            if limit.come_back > 0:
                self.fields[f"back-{key}"] = _steps(limit.come_back, _("Come back"))
                self.fields[f"damaged-{key}"] = _steps(limit.come_back, _("Of these damaged"))
            if limit.open > 0:
                self.fields[f"unsent-{key}"] = _steps(limit.open, _("Not sent"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for key in self.limits.lines:
            if self._number(f"damaged-{key}") > self._number(f"back-{key}"):
                self.add_error(f"damaged-{key}", _("No more can be damaged than come back."))
        return cleaned

    @property
    def has_goods(self) -> bool:
        return any(name.startswith("back-") for name in self.fields)

    @property
    def rows(self) -> Iterator[Row]:
        for key, limit in self.limits.lines.items():
            yield Row(
                limit.line,
                limit,
                self[f"amount-{key}"],
                back=self._field(f"back-{key}"),
                damaged=self._field(f"damaged-{key}"),
                unsent=self._field(f"unsent-{key}"),
            )

    @property
    def decision(self) -> Decision:
        lines = {
            key: LineRefund(
                *(self._number(f"{name}-{key}") for name in ("amount", "back", "damaged", "unsent"))
            )
            for key in self.limits.lines
        }
        where = self.cleaned_data.get("warehouse")
        return Decision(
            bearer=Bearer(self.cleaned_data["bearer"]),
            reason=self.cleaned_data["reason"],
            lines={key: each for key, each in lines.items() if each != LineRefund()},
            delivery=self.delivery_said,
            surplus=self._number("surplus"),
            warehouse_id=uuid.UUID(where) if where else None,
            are_here=self.cleaned_data["are_here"],
        )


class AnswerForm(_GivenForm):
    """Yes to a complaint: money back, goods anew, goods back. Members bear it themselves."""

    answer = forms.CharField(
        label=_("A word to the buyer"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 3}),
    )

    def __init__(
        self,
        *args: Any,
        complaint: Complaint,
        steps: Mapping[uuid.UUID, int],
        limits: Limits,
        for_members: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, limits=limits, **kwargs)
        self.steps = {key: count for key, count in steps.items() if key in limits.lines}
        if for_members:
            del self.fields["bearer"]
        wants_goods = complaint.wish == Wish.REPLACEMENT
        for key, count in self.steps.items():
            limit = limits.lines[key]
            share = min(limit.left, limit.line.total_gross * count // limit.line.quantity)
            self.fields[f"amount-{key}"] = _steps(
                limit.left, _("Money back"), initial=None if wants_goods else share
            )
            self.fields[f"anew-{key}"] = _steps(count, _("Send anew"), initial=count if wants_goods else None)
            if limit.come_back > 0:
                self.fields[f"back-{key}"] = _steps(min(count, limit.come_back), _("Must come back"))

    @property
    def rows(self) -> Iterator[Row]:
        for key in self.steps:
            limit = self.limits.lines[key]
            yield Row(
                limit.line,
                limit,
                self[f"amount-{key}"],
                back=self._field(f"back-{key}"),
                anew=self[f"anew-{key}"],
            )

    @property
    def remedy(self) -> Remedy:
        """Goods that come back go with the money where there is some, so that one decision tells of both."""
        anew = {key: self._number(f"anew-{key}") for key in self.steps}
        back = {key: self._number(f"back-{key}") for key in self.steps}
        lines = {
            key: LineRefund(amount=self._number(f"amount-{key}"), back=back[key])
            for key in self.steps
            if self._number(f"amount-{key}")
        }
        decision = None
        if lines or self.delivery_said:
            bearer = self.cleaned_data.get("bearer") or Bearer.COOPERATIVE
            decision = Decision(
                bearer=Bearer(bearer),
                reason=self.cleaned_data["answer"] or gettext_noop("Your complaint is accepted."),
                lines=lines,
                delivery=self.delivery_said,
                are_here=False,
            )
        return Remedy(
            refund=decision,
            anew={key: count for key, count in anew.items() if count},
            back={key: count for key, count in back.items() if count and key not in lines},
        )


class ReturnForm(forms.Form):
    """Goods that have come back: which of them are not to be sold again, and where the others lie."""

    warehouse = forms.ChoiceField(
        label=_("Into which store house?"), widget=forms.Select(attrs={"class": "input"})
    )

    def __init__(
        self, *args: Any, lines: Sequence[ParcelLine], houses: Sequence[Warehouse], **kwargs: Any
    ) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.lines, self.houses = lines, houses
        where = self.fields["warehouse"]
        assert isinstance(where, forms.ChoiceField)
        where.choices = [(str(house.pk), house.name) for house in houses]
        for line in lines:
            self.fields[f"damaged-{line.order_line_id}"] = _steps(line.quantity, _("Of these damaged"))

    @property
    def rows(self) -> list[tuple[ParcelLine, forms.BoundField]]:
        return [(line, self[f"damaged-{line.order_line_id}"]) for line in self.lines]

    @property
    def damaged(self) -> dict[uuid.UUID, int]:
        said = {
            line.order_line_id: self.cleaned_data.get(f"damaged-{line.order_line_id}") for line in self.lines
        }
        return {line_id: count for line_id, count in said.items() if count}


def answer_form(complaint: Complaint, data: Any = None, *, for_members: bool) -> AnswerForm:
    """The form for this complaint as things stand; `complaint` comes with its part, order and lines."""
    part = complaint.part
    return AnswerForm(
        data,
        complaint=complaint,
        steps={line.order_line_id: line.quantity for line in complaint.lines.all()},
        limits=limits_of(part.order, part),
        for_members=for_members,
        initial={"key": uuid.uuid4()},
    )


def return_form(parcel: Parcel, data: Any = None) -> ReturnForm:
    """The form for a parcel on its way back."""
    lines = list(parcel.lines.select_related("order_line").order_by("pk"))
    houses = Warehouse.objects.filter(cooperative=parcel.part.cooperative_id).open()
    return ReturnForm(data, lines=lines, houses=list(houses), prefix=f"return-{parcel.pk}")
