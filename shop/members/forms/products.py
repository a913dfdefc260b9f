"""Forms for products: one page for a new product, and separate forms for editing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from typing import TypedDict, Unpack

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.actions.products.product_details import ProductDetails, VariantDetails
from catalog.actions.products.variant_rows import HIGHEST_PRICE
from catalog.models import ALL_MONTHS, Category, Product, ProductType, Unit, Variant
from shop.core.web.confirmations import ConfirmableForm
from shop.core.web.file_fields import PhotosField
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.members.forms.fields import ContentField, MembersForm, PhotoField, WholeNumberField

MAX_PHOTOS = 8  # at once, where the browser sends them in one form
MAX_CAPTION = 250
COMMON_UNITS = (Unit.BUNCH, Unit.BUNDLE, Unit.KG, Unit.PACKET, Unit.FRUIT, Unit.PIECE)
_MONTHS = [(str(month), str(month)) for month in range(1, 13)]
_FACTORS = {"kg": 1000, "l": 1000}  # of a measure, to the grams or millilitres that are stored
_MOST_CONTENT = 10_000_000
_FIRST_FIELDS = frozenset(
    {
        *("photo", "picture", "captions", "name", "product_type", "unit", "content", "measure"),
        *("price", "on_hand", "__all__"),
    }
)
_GRAMS_OF = {Unit.KG: 1000, Unit.HUNDRED_GRAMS: 100, Unit.TEN_KG: 10_000}


class ProductForm(MembersForm):
    """A product's details, including those required by law, which are checked before publication."""

    name = forms.CharField(label=_("Product name"), max_length=250)
    category = forms.ChoiceField(label=_("Product category"), required=False)
    origin = forms.CharField(label=_("Place of origin"), max_length=250)
    shelf_life = forms.CharField(
        label=_("Shelf life"),
        max_length=250,
        required=False,
        help_text=_("For example: 3 days in a cool place."),
    )
    months = forms.MultipleChoiceField(
        label=_("Months available"),
        choices=_MONTHS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Leave all unticked if available all year."),
    )
    description = forms.CharField(
        label=_("Product description"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    storage = forms.CharField(label=_("Storage instructions"), max_length=250, required=False)
    packaging = forms.CharField(label=_("Packaging"), max_length=250, required=False)
    ingredients = forms.CharField(
        label=_("Ingredients or materials"),
        max_length=1000,
        required=False,
        help_text=_(
            "For food with several ingredients, list the largest first: apricots, sugar, ginger, salt."
        ),
    )
    return_terms = forms.CharField(
        label=_("Returns and exchanges"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    return_days = WholeNumberField(
        label=_("Return period (days after delivery)"),
        min_value=0,
        max_value=365,
        required=False,
        help_text=_("At least the market's own period. Leave empty if you do not offer more."),
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        categories: Sequence[Category],
        required_texts: Collection[str] = (),
        requires_complete_texts: bool = False,
        **options: Unpack[FormOptions],
    ) -> None:
        """`required_texts` are not marked as optional; `requires_complete_texts` refuses empty ones."""
        super().__init__(data, files, **options)
        self.required_texts = frozenset(required_texts)
        if requires_complete_texts:
            for name in self.required_texts:
                self.fields[name].required = True
        self.categories = {str(category.pk): category for category in categories}
        self.set_choices("category", [("", _("Choose a category")), *_category_choices(categories)])

    @classmethod
    def initial_for_product(cls, product: Product) -> dict[str, object]:
        """Return the form's initial values for a product."""
        fields = ("name", "origin", "shelf_life", "storage", "packaging", "ingredients", "return_terms")
        return {field: getattr(product, field) or "" for field in fields} | {
            "category": product.category_id or "",
            "return_days": product.return_days or None,
            "description": product.description_text,
            "months": [] if product.is_all_year else [str(month) for month in product.months],
        }

    @property
    def needs_shelf_life(self) -> bool:
        return "shelf_life" in self.required_texts

    @property
    def needs_return_terms(self) -> bool:
        return "return_terms" in self.required_texts

    @property
    def chosen_category(self) -> Category | None:
        return self.categories.get(self.cleaned_data["category"])

    def product_details(self, season_note: str = "") -> ProductDetails:
        cleaned = self.cleaned_data
        season = sum(1 << (int(month) - 1) for month in cleaned["months"]) or ALL_MONTHS
        fields = (
            *("name", "description", "origin", "ingredients", "packaging"),
            *("shelf_life", "storage", "return_terms"),
        )
        texts = {field: cleaned[field] for field in fields}
        return_days = cleaned["return_days"] or 0
        return ProductDetails(**texts, season=season, season_note=season_note, return_days=return_days)


class VariantForm(MembersForm, ConfirmableForm):
    """A variant: unit, content and price."""

    unit = forms.ChoiceField(label=_("Sales unit"), choices=Unit.choices, widget=forms.RadioSelect)
    content = ContentField(
        label=_("Net quantity per unit"),
        help_text=_("For example 300 g or 1.8 kg per packet. Leave empty if sold by the kg."),
    )
    measure = forms.ChoiceField(
        label=_("Unit of measure"),
        required=False,
        choices=[("g", "g"), ("kg", "kg"), ("ml", "ml"), ("l", "l"), *Unit.choices[:6]],
    )
    is_weighed = forms.BooleanField(
        label=_("Ordered by the piece, priced by weight"),
        required=False,
        help_text=_(
            "Above, enter the estimated weight of one piece in g or kg. The price is for that weight."
        ),
    )
    tolerance = WholeNumberField(
        label=_("Extra weight allowed without asking the buyer, in %"),
        min_value=0,
        max_value=100,
        initial=20,
        required=False,
    )
    price = WholeNumberField(
        label=_("Price per unit"),
        min_value=1,
        max_value=HIGHEST_PRICE,
        widget=forms.TextInput(
            attrs={"class": "input input-large", "inputmode": "numeric", "autocomplete": "off"}
        ),
    )
    label = forms.CharField(
        label=_("Size or pattern"),
        max_length=255,
        required=False,
        help_text=_("Only if there are several options: large, red pattern."),
    )

    @classmethod
    def initial_for_variant(cls, variant: Variant, price: int | None) -> dict[str, object]:
        content, measure = _initial_content(variant)
        return {
            "unit": variant.unit,
            "content": content,
            "measure": measure,
            "price": price,
            "label": variant.name,
            "is_weighed": variant.is_weighed,
            "tolerance": variant.tolerance_percent,
        }

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        content, measure = cleaned.get("content"), str(cleaned.get("measure", ""))
        amount = content * _FACTORS.get(measure, 1) if isinstance(content, Decimal) else Decimal(0)
        if amount != int(amount):
            self.add_error("content", _("Enter a whole number of grams, millilitres or pieces."))
        elif amount > _MOST_CONTENT:
            self.add_error("content", _("Enter at most 10 tonnes or 10,000 litres."))
        elif cleaned.get("is_weighed") and "content_grams" not in _content_arguments(
            cleaned.get("unit", ""), content, measure
        ):
            self.add_error("content", _("Enter the estimated weight of one piece, in g or kg."))
        return cleaned

    @property
    def common_units(self) -> list[object]:
        radios = {radio.data["value"]: radio for radio in self["unit"].subwidgets}
        return [radios[unit] for unit in COMMON_UNITS]

    @property
    def other_units(self) -> list[object]:
        return [radio for radio in self["unit"].subwidgets if radio.data["value"] not in COMMON_UNITS]

    @property
    def is_other_unit(self) -> bool:
        """Return whether the chosen unit is not one of the common ones."""
        chosen = self["unit"].value()
        return bool(chosen) and chosen not in COMMON_UNITS

    def variant_details(self, existing: Variant | None = None) -> VariantDetails:
        """Return the variant's details; fields not on this page keep their values from `existing`."""
        cleaned = self.cleaned_data
        return VariantDetails(
            price=cleaned["price"],
            name=cleaned["label"],
            unit=cleaned["unit"],
            **_content_arguments(cleaned["unit"], cleaned["content"], cleaned["measure"]),
            is_weighed=cleaned["is_weighed"],
            tolerance_percent=20 if cleaned["tolerance"] is None else cleaned["tolerance"],
            weight=existing.weight if existing else None,
            barcode=existing.barcode if existing else "",
            quantity_limit_per_customer=existing.quantity_limit_per_customer if existing else None,
        )


class PhotoForm(MembersForm):
    """A photo from the camera, or photos from the gallery."""

    photo = PhotoField(
        label=_("Take a photo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/*", "capture": "environment"}),
    )
    picture = PhotosField(
        label=_("Choose photos"), max_count=MAX_PHOTOS, too_many=_("Choose at most eight photos at once.")
    )

    @property
    def uploads(self) -> list[UploadedFile[bytes]]:
        photo: UploadedFile[bytes] | None = self.cleaned_data.get("photo")
        return [*([photo] if photo else []), *self.cleaned_data.get("picture", [])]


class MorePhotosForm(PhotoForm):
    """Photos chosen on a product's page; `added` counts those that a script has sent one by one before."""

    added = forms.IntegerField(min_value=0, max_value=1000, required=False, widget=forms.HiddenInput)

    @property
    def photo_count(self) -> int:
        return len(self.uploads) + (self.cleaned_data.get("added") or 0)


class PictureForm(MorePhotosForm):
    """More photos of an existing product; at least one."""

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if not self.errors and not self.photo_count:
            self.add_error("photo", _("Take or choose a photo."))
        return cleaned


class NewVariantForm(VariantForm):
    """A new variant and its stock."""

    on_hand = WholeNumberField(
        label=_("Quantity in stock"),
        min_value=0,
        max_value=1_000_000,
        widget=forms.NumberInput(attrs={"class": "", "inputmode": "numeric"}),
    )


class NewListingForm(PhotoForm, ProductForm, NewVariantForm):
    """A new product on one page; information that the law requires may follow before it is submitted."""

    captions = forms.CharField(
        label=_("What the photos show"),
        required=False,
        max_length=2500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One line for each photo, in their order. Read aloud to people who cannot see them."),
    )
    product_type = forms.ChoiceField(
        label=_("Product type"), error_messages={"required": _("Choose a product type.")}
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        categories: Sequence[Category],
        types: Sequence[ProductType],
        required_texts: Callable[[ProductType], Collection[str]],
        **options: Unpack[FormOptions],
    ) -> None:
        """`required_texts` returns the texts that the market requires of products of a type."""
        super().__init__(data, files, categories=categories, **options)
        self.types = {str(product_type.pk): product_type for product_type in types}
        choices = [(key, product_type.name) for key, product_type in self.types.items()]
        self.set_choices(
            "product_type", [("", _("Choose a type")), *choices] if len(choices) > 1 else choices
        )
        self._mark_required_texts(required_texts)

    def clean_captions(self) -> list[str]:
        """Return the photos' descriptions, in their order; an empty line leaves its photo without one."""
        lines = [" ".join(line.split()) for line in self.cleaned_data["captions"].splitlines()]
        if any(len(line) > MAX_CAPTION for line in lines):
            raise forms.ValidationError(_("Describe each photo in at most 250 characters."))
        return lines

    @property
    def has_folded_errors(self) -> bool:
        """Return whether a field outside the first five has an error."""
        return bool(set(self.errors) - _FIRST_FIELDS)

    @property
    def chosen_product_type(self) -> ProductType:
        return self.types[self.cleaned_data["product_type"]]

    def _mark_required_texts(self, required_texts: Callable[[ProductType], Collection[str]]) -> None:
        """Until a type is chosen, mark what any type needs, and name the types that need a shelf life."""
        chosen = self.types.get(str(self["product_type"].value()))
        possible_types = [chosen] if chosen is not None else list(self.types.values())
        self.required_texts = frozenset().union(*map(required_texts, possible_types))
        perishable = [row for row in possible_types if "shelf_life" in required_texts(row)]
        if 0 < len(perishable) < len(possible_types):
            names = gettext("Required for: %(types)s.") % {"types": ", ".join(row.name for row in perishable)}
            field = self.fields["shelf_life"]
            field.help_text = f"{field.help_text} {names}"


def _category_choices(categories: Iterable[Category]) -> list[object]:
    """Return category choices grouped by parent category."""
    rows = sorted(categories, key=lambda category: category.path or "")
    names = {category.pk: category.name for category in rows}
    choices: list[object] = []
    for root, group in groupby(rows, key=lambda category: int((category.path or "/0/").split("/")[1])):
        categories_of_root = list(group)
        if len(categories_of_root) == 1:
            choices.append((str(categories_of_root[0].pk), categories_of_root[0].name))
        else:
            choices.append(
                (names.get(root, ""), [(str(category.pk), category.name) for category in categories_of_root])
            )
    return choices


class VariantContent(TypedDict, total=False):
    """The contents of one sale step: the arguments of `VariantDetails`."""

    content_grams: int
    content_ml: int
    content_count: int
    content_unit: str


def _content_arguments(unit: str, content: Decimal | None, measure: str) -> VariantContent:
    if unit in _GRAMS_OF:
        return {"content_grams": _GRAMS_OF[Unit(unit)]}
    if unit == Unit.LITRE:
        return {"content_ml": 1000}
    if not content:
        return {}
    amount = int(content * _FACTORS.get(measure, 1))
    if measure in ("g", "kg"):
        return {"content_grams": amount}
    if measure in ("ml", "l"):
        return {"content_ml": amount}
    return {"content_count": amount, "content_unit": measure}


def _initial_content(variant: Variant) -> tuple[int | None, str]:
    if variant.unit in _GRAMS_OF or variant.unit == Unit.LITRE:
        return None, ""
    if variant.content_grams:
        return variant.content_grams, "g"
    if variant.content_ml:
        return variant.content_ml, "ml"
    return variant.content_count, variant.content_unit
