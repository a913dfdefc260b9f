"""Forms for promotions, product translations, back-in-stock requests and follows."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Unpack

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.actions.listings.promotions import PromotionTerms
from catalog.actions.products.product_translations import PRODUCT_TEXTS, VARIANT_TEXTS
from catalog.models import Category, Product, ProductRevision, Promotion, Variant
from cooperatives.forms import TranslatableRow, TranslationForm
from cooperatives.models import Cooperative
from shop.core.dates.calendar import start_of_day, vietnam_date
from shop.core.texts.formatting import format_number, format_plain_percent
from shop.core.web.confirmations import ConfirmableForm
from shop.core.web.day_fields import DayField
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.core.web.number_fields import GroupedLimitsField
from shop.core.web.phone_fields import EmailOrPhoneField
from shop.notifications.models import ContactMethod

PERCENT, AMOUNT = "percentage", "fixed"
PLATFORM, COOPERATIVE = "platform", "cooperative"
_MAX_AMOUNT = 999_999_999
_DECIMALS = re.compile(r"\d+[.,]\d{1,2}")
_GROUPED_BY_COMMAS = re.compile(r"\d{1,3}(?:,\d{3})+")


class WholeNumberField(GroupedLimitsField):
    """A whole number in the forms in which people write amounts: `20.000`, `20,000`, `20 000 ₫`."""

    widget = forms.TextInput(attrs={"class": "input", "inputmode": "numeric", "autocomplete": "off"})

    default_error_messages = {"invalid": _("Enter a whole number, such as 12,000.")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_value", _MAX_AMOUNT)
        kwargs.setdefault("min_value", 1)
        super().__init__(**kwargs)

    def to_python(self, value: object) -> int | None:
        if isinstance(value, str):
            value = "".join(value.replace(".", "").replace("₫", "").split())
            if _GROUPED_BY_COMMAS.fullmatch(value):
                value = value.replace(",", "")
        return super().to_python(value)

    def prepare_value(self, value: object) -> object:
        return format_number(value) if isinstance(value, int) else value


class DiscountValueField(WholeNumberField):
    """An amount in whole đồng, or a percentage, which may have two decimals: `12,5` or `12.5`."""

    default_error_messages = {"invalid": _("Enter a number, such as 20,000 or 12.5.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs["inputmode"] = "decimal"

    def to_python(self, value: object) -> Any:
        entered = value.strip().rstrip("%").strip() if isinstance(value, str) else value
        if isinstance(entered, str) and _DECIMALS.fullmatch(entered):
            return Decimal(entered.replace(",", "."))
        return super().to_python(entered)

    def prepare_value(self, value: object) -> object:
        return format_plain_percent(value) if isinstance(value, Decimal) else super().prepare_value(value)


class DiscountForm(ConfirmableForm):
    """Common fields of promotions and vouchers: name, value, dates, scope and bearer.

    The discount applies to the products of `cooperative`, or to all if that is None. If `has_bearer` is true,
    staff also choose who bears it.
    """

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("Buyers see it next to the reduced amount."),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
        error_messages={"required": _("Enter a name.")},
    )
    value_type = forms.ChoiceField(
        label=_("Discount type"),
        choices=[(PERCENT, _("Percentage")), (AMOUNT, _("Fixed amount"))],
        widget=forms.Select(attrs={"class": "input"}),
    )
    value = DiscountValueField(
        label=_("Discount value"), error_messages={"required": _("Enter the discount value.")}
    )
    starts = DayField(
        pgettext_lazy("first day", "From"), error_messages={"required": _("Enter the start date.")}
    )
    ends = DayField(_("Until (inclusive)"), required=False)
    bearer = forms.ChoiceField(
        label=_("Paid by"),
        choices=[(PLATFORM, _("The market")), (COOPERATIVE, _("The cooperative, by agreement"))],
        widget=forms.Select(attrs={"class": "input"}),
    )
    categories = forms.ModelMultipleChoiceField(
        label=_("Categories"),
        required=False,
        queryset=Category.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )
    products = forms.ModelMultipleChoiceField(
        label=_("Products"),
        required=False,
        queryset=Product.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self, *args: Any, cooperative: Cooperative | None, has_bearer: bool = False, **kwargs: Any
    ) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self._cooperative = cooperative
        if not has_bearer:
            del self.fields["bearer"]
        self._set_choices("categories", Category.objects.order_by("path"))
        if cooperative is None:
            del self.fields["products"]
        else:
            self._set_choices(
                "products", Product.objects.for_cooperative(cooperative).order_by("sort_key", "pk")
            )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if cleaned.get("value_type") == PERCENT and (cleaned.get("value") or 0) > 100:
            self.add_error("value", _("Enter 100 percent or less."))
        if cleaned.get("value_type") == AMOUNT and cleaned.get("value", 0) % 1:
            self.add_error("value", WholeNumberField.default_error_messages["invalid"])
        return cleaned

    @property
    def starts_at(self) -> datetime.datetime:
        return start_of_day(self.cleaned_data["starts"])

    @property
    def ends_at(self) -> datetime.datetime | None:
        """The end of the last day, i.e. the start of the next."""
        last: datetime.date | None = self.cleaned_data["ends"]
        return start_of_day(last + datetime.timedelta(days=1)) if last else None

    @property
    def is_borne_by_platform(self) -> bool:
        return bool(self.cleaned_data.get("bearer", PLATFORM) == PLATFORM)

    def _set_choices(self, name: str, rows: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = rows


class PromotionForm(DiscountForm):
    """A promotion. If no categories and products are chosen, it applies to all."""

    @property
    def terms(self) -> PromotionTerms:
        cleaned = self.cleaned_data
        is_percent = cleaned["value_type"] == PERCENT
        return PromotionTerms(
            name=cleaned["name"],
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            percent=Decimal(cleaned["value"]) if is_percent else None,
            amount=None if is_percent else cleaned["value"],
            cooperative=self._cooperative,
            is_borne_by_platform=self.is_borne_by_platform,
            products=list(cleaned.get("products", ())),
            categories=list(cleaned["categories"]),
        )

    @staticmethod
    def initial_for(promotion: Promotion) -> dict[str, object]:
        """Return initial form data for editing a promotion."""
        return {
            "name": promotion.name,
            "value_type": AMOUNT if promotion.percent is None else PERCENT,
            "value": promotion.amount if promotion.percent is None else promotion.percent,
            "starts": vietnam_date(promotion.starts_at),
            "ends": vietnam_date(promotion.last_moment) if promotion.last_moment else None,
            "bearer": PLATFORM if promotion.is_borne_by_platform else COOPERATIVE,
            "products": promotion.products.all(),
            "categories": promotion.categories.all(),
        }


class ProductTranslationForm(TranslationForm):
    """Translations of a product and its variants."""

    def __init__(self, product: Product, language: str, data: FormData = None) -> None:
        self.product = product
        self.variants = list(product.variants.in_order())
        variant_rows = [TranslatableRow(variant, VARIANT_TEXTS, variant.name) for variant in self.variants]
        super().__init__([TranslatableRow(product, PRODUCT_TEXTS), *variant_rows], language, data)
        revision = ProductRevision.objects.filter(product=product).first()
        proposed = (revision.translations if revision else {}).get(language, {"product": {}, "variants": {}})
        self.set_initial(product, proposed["product"])
        for variant in self.variants:
            self.set_initial(variant, proposed["variants"].get(str(variant.pk), {}))

    def action_arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of the action that saves the texts.

        The action is `catalog.actions.products.product_translations.translate_product`.
        """
        return {
            "texts": self.texts(self.product),
            "variants": {variant.pk: self.texts(variant) for variant in self.variants},
        }


class BackInStockForm(forms.Form):
    """A back-in-stock request with an email address or phone number, and the variant."""

    variant = forms.ChoiceField(label=_("Option"), required=False)
    contact = EmailOrPhoneField(
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "email"}),
        error_messages={"required": _("Enter your email address or phone number.")},
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        variants: Sequence[Variant],
        may_choose_any_variant: bool = True,
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, **options)
        if may_choose_any_variant and len(variants) < 2:
            del self.fields["variant"]
            return
        field = self.fields["variant"]
        assert isinstance(field, forms.ChoiceField)
        any_option = [("", _("Any option"))] if may_choose_any_variant else []
        field.choices = [*any_option, *((str(variant.pk), variant.name) for variant in variants)]
        field.required = not may_choose_any_variant
        field.widget.attrs["class"] = "input"

    @property
    def contact_method(self) -> ContactMethod:
        return ContactMethod.EMAIL if "@" in self.cleaned_data["contact"] else ContactMethod.SMS

    @property
    def variant_id(self) -> int | None:
        variant = self.cleaned_data.get("variant")
        return int(variant) if variant else None


class FollowForm(forms.Form):
    """A request for the weekly bulletin with explicit consent. The box starts unticked (Law 91/2025)."""

    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "email"}),
        error_messages={
            "required": _("Enter your email address."),
            "invalid": _("Enter an email address such as hoa@example.com."),
        },
    )
    agrees = forms.BooleanField(
        label=_("Send me the bulletin once a week. I can unsubscribe with one click."),
        error_messages={"required": _("Tick the box to get the bulletin.")},
    )
