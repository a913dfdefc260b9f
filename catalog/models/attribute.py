"""Product types and their attributes, such as size and pattern, stored as rows instead of columns."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.core.models import TaxClass, WithExternalReference, WithMetadata, WithSortOrder


class InputType(models.TextChoices):
    DROPDOWN = "dropdown", _("one of a list")
    MULTISELECT = "multiselect", _("several of a list")
    FILE = "file", _("file")
    REFERENCE = "reference", _("references")
    SINGLE_REFERENCE = "single-reference", _("one reference")
    NUMERIC = "numeric", _("number")
    RICH_TEXT = "rich-text", _("formatted text")
    PLAIN_TEXT = "plain-text", _("text")
    SWATCH = "swatch", _("colour")
    BOOLEAN = "boolean", _("yes or no")
    DATE = "date", _("date")
    DATE_TIME = "date-time", _("date and time")


class AttributeKind(models.TextChoices):
    PRODUCT_TYPE = "product-type", _("of products")
    PAGE_TYPE = "page-type", _("of pages")


class ProductKind(models.TextChoices):
    NORMAL = "normal", _("goods")
    GIFT_CARD = "gift_card", _("gift card")


class Attribute(WithMetadata, WithExternalReference):
    slug = models.SlugField(max_length=250, unique=True)
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=20, choices=AttributeKind, default=AttributeKind.PRODUCT_TYPE)
    input_type = models.CharField(max_length=20, choices=InputType, default=InputType.DROPDOWN)
    entity_type = models.CharField(max_length=20, blank=True, default="")
    unit = models.CharField(max_length=100, blank=True, default="")
    value_required = models.BooleanField(default=False)
    visible_in_storefront = models.BooleanField(default=True)
    filterable_in_storefront = models.BooleanField(default=False)
    filterable_in_dashboard = models.BooleanField(default=False)
    available_in_grid = models.BooleanField(default=False)
    storefront_search_position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = pgettext_lazy("model", "attribute")
        verbose_name_plural = pgettext_lazy("models", "attributes")

    def __str__(self) -> str:
        return self.name


class AttributeValue(WithExternalReference, WithSortOrder):
    """One attribute value. The attribute's input type determines which columns are used."""

    attribute = models.ForeignKey(Attribute, models.CASCADE, related_name="values")
    slug = models.SlugField(max_length=255)
    name = models.CharField(max_length=255)
    value = models.CharField(max_length=255, blank=True, default="")
    file_url = models.CharField(max_length=500, blank=True, default="")
    content_type = models.CharField(max_length=50, blank=True, default="")
    rich_text = models.JSONField(null=True, blank=True)
    plain_text = models.TextField(blank=True, default="")
    numeric = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    boolean = models.BooleanField(null=True, blank=True)
    date_time = models.DateTimeField(null=True, blank=True)
    reference_kind = models.CharField(max_length=60, blank=True, default="")
    reference_key = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attribute", "slug"], name="attribute_value_slug_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ProductTypeQuerySet(models.QuerySet["ProductType"]):
    def for_members(self) -> ProductTypeQuerySet:
        """Return the types that members may choose for a new product, by name."""
        return self.filter(kind=ProductKind.NORMAL, is_digital=False).order_by("name", "pk")


class ProductType(WithMetadata):
    slug = models.SlugField(max_length=255, unique=True)
    name = models.CharField(max_length=250)
    kind = models.CharField(max_length=10, choices=ProductKind, default=ProductKind.NORMAL)
    has_variants = models.BooleanField(default=True)
    is_shipping_required = models.BooleanField(default=True)
    is_digital = models.BooleanField(default=False)
    is_perishable = models.BooleanField(default=False, help_text=_("Whether buyers must see the shelf life."))
    weight = models.PositiveIntegerField(default=0, help_text=_("grams"))
    tax_class = models.ForeignKey(
        TaxClass, models.SET_NULL, related_name="product_types", null=True, blank=True
    )

    objects = ProductTypeQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "product type")
        verbose_name_plural = pgettext_lazy("models", "product types")

    def __str__(self) -> str:
        return self.name


class AttributeScope(models.TextChoices):
    PRODUCT = "product", _("describes the product")
    VARIANT = "variant", _("distinguishes variants")


class ProductTypeAttribute(WithSortOrder):
    product_type = models.ForeignKey(ProductType, models.CASCADE, related_name="attribute_rows")
    attribute = models.ForeignKey(Attribute, models.CASCADE, related_name="product_type_rows")
    scope = models.CharField(max_length=8, choices=AttributeScope)
    variant_selection = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product_type", "attribute", "scope"], name="product_type_attribute_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_type_id} {self.attribute_id}"
