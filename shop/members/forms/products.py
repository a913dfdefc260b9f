"""Forms for a product: its details, and one page for a new product with its photos, price and stock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import groupby
from typing import Unpack

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.actions.products.product_details import ProductDetails
from catalog.models import ALL_MONTHS, Category, Product, ProductType
from catalog.season_labels import months_text
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.members.forms.fields import GroupedWholeNumberField, MembersForm
from shop.members.forms.photos import PhotosForm
from shop.members.forms.seen_values import Columns, CurrentValues, FieldGroup, SeenForm
from shop.members.forms.variants import NewVariantForm

MAX_CAPTION = 250
_MONTHS = [(str(month), str(month)) for month in range(1, 13)]
_FIRST_FIELDS = frozenset(
    {
        "photo",
        "gallery_photos",
        "captions",
        "name",
        "product_type",
        "category",
        "unit",
        "content",
        "measure",
        "price",
        "on_hand",
        "shelf_life",
        "__all__",
    }
)


class ProductForm(MembersForm):
    """A product's details, including those required by law, which are checked before publication."""

    name = forms.CharField(
        label=_("Product name"),
        max_length=250,
        error_messages={"required": _("Enter the product name.")},
    )
    category = forms.ChoiceField(label=_("Product category"), required=False)
    origin = forms.CharField(label=_("Place of origin"), max_length=250)
    shelf_life = forms.CharField(
        label=_("Shelf life"),
        max_length=250,
        required=False,
        help_text=_("For example: 3 days in a cool place."),
        error_messages={"required": _("Say how long it keeps.")},
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
    return_days = GroupedWholeNumberField(
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
        """`required_texts` are not marked as optional. `requires_complete_texts` refuses empty ones."""
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
            "name",
            "description",
            "origin",
            "ingredients",
            "packaging",
            "shelf_life",
            "storage",
            "return_terms",
        )
        texts = {field: cleaned[field] for field in fields}
        return_days = cleaned["return_days"] or 0
        return ProductDetails(**texts, season=season, season_note=season_note, return_days=return_days)


class EditedProductForm(SeenForm, ProductForm):
    """The details of an existing product."""

    groups = (
        FieldGroup(("name",), ("name",)),
        FieldGroup(("origin",), ("origin",)),
        FieldGroup(("shelf_life",), ("shelf_life",)),
        FieldGroup(("category",), ("category_id",)),
        FieldGroup(("months",), ("season",)),
        FieldGroup(("description",), ("description_text", "description")),
        FieldGroup(("return_terms",), ("return_terms",)),
        FieldGroup(("return_days",), ("return_days",)),
        FieldGroup(("storage",), ("storage",)),
        FieldGroup(("packaging",), ("packaging",)),
        FieldGroup(("ingredients",), ("ingredients",)),
    )

    @classmethod
    def current_values(cls, product: Product) -> CurrentValues:
        """Return what the page shows of a product. Of the description it shows only the text."""
        columns = {column for group in cls.groups for column in group.columns} - {"description"}
        values = {column: getattr(product, column) for column in sorted(columns)}
        return CurrentValues(values, cls.initial_for_product(product))

    def describe(self, group: FieldGroup, columns: Columns) -> str:
        value = columns[group.columns[0]]
        if group.fields == ("category",):
            category = self.categories.get(str(value))
            return category.name if category is not None else ""
        if group.fields == ("months",) and isinstance(value, int):
            return months_text(value) or gettext("all year")
        return super().describe(group, columns)


class NewListingForm(PhotosForm, ProductForm, NewVariantForm):
    """A new product on one page, with the texts that the law requires of its type."""

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

    # The keys of the types that need a shelf life, if some do and some do not, and their names.
    shelf_life_types = ""
    shelf_life_hint = ""

    # Errors are listed in the order of the page.
    field_order = (
        *("photo", "gallery_photos", "captions", "name", "product_type", "unit", "content", "measure"),
        "price",
        *("is_sold_by_weight", "tolerance", "label", "on_hand", "shelf_life", "origin", "category", "months"),
        *("description", "return_terms", "return_days", "storage", "packaging", "ingredients"),
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
        """Return the photos' descriptions, in their order. An empty line leaves its photo without one."""
        lines = [" ".join(line.split()) for line in self.cleaned_data["captions"].splitlines()]
        if any(len(line) > MAX_CAPTION for line in lines):
            raise forms.ValidationError(_("Describe each photo in at most 250 characters."))
        return lines

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if "product_type" in cleaned:
            for name in self.required_texts:
                if name not in self.errors and not cleaned.get(name):
                    self.add_error(name, self.fields[name].error_messages["required"])
        return cleaned

    @property
    def has_folded_errors(self) -> bool:
        """Whether a folded field has an error."""
        return bool(set(self.errors) - _FIRST_FIELDS)

    @property
    def chosen_product_type(self) -> ProductType:
        return self.types[self.cleaned_data["product_type"]]

    def _mark_required_texts(self, required_texts: Callable[[ProductType], Collection[str]]) -> None:
        """Until a type is chosen, mark what any type needs, and name the types that need a shelf life."""
        chosen_type = self.types.get(str(self["product_type"].value()))
        possible_types = [chosen_type] if chosen_type is not None else list(self.types.values())
        self.required_texts = frozenset().union(*map(required_texts, possible_types))
        perishable = {key: row.name for key, row in self.types.items() if "shelf_life" in required_texts(row)}
        if 0 < len(perishable) < len(self.types):
            self.shelf_life_types = " ".join(perishable)
            if chosen_type is None:
                types = {"types": ", ".join(perishable.values())}
                self.shelf_life_hint = gettext("Required for: %(types)s.") % types


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
