from __future__ import annotations

from fractions import Fraction

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models.attribute import AttributeValue, ProductType
from catalog.models.category import Category
from catalog.models.purchase_limits import LIMIT_CONSTRAINTS
from catalog.states import ListingState
from cooperatives.models import Certificate, Cooperative, Producer
from cooperatives.states import CooperativeState
from shop.core.models import (
    Picture,
    PictureState,
    TaxClass,
    WithExternalReference,
    WithMetadata,
    WithSeo,
    WithSortOrder,
    WithTimes,
)

ALL_MONTHS = 0b1111_1111_1111


class Unit(models.TextChoices):
    """Names of the sales unit, that is, of quantity 1."""

    PIECE = "piece", _("piece")
    FRUIT = "fruit", pgettext_lazy("fruit or vegetable", "piece")
    ANIMAL = "animal", _("head")
    BUNDLE = "bundle", _("bundle")
    BUNCH = "bunch", _("bunch")
    PACKET = "packet", _("packet")
    BAG = "bag", _("bag")
    SACK = "sack", _("sack")
    JAR = "jar", _("jar")
    BOTTLE = "bottle", _("bottle")
    BOX = "box", _("box")
    SET = "set", _("set")
    TRAY = "tray", _("tray")
    KG = "kg", _("kg")
    HUNDRED_GRAMS = "lang", _("100 g")
    TEN_KG = "yen", _("10 kg")
    LITRE = "litre", _("litre")


class ProductQuerySet(models.QuerySet["Product"]):
    def existing(self) -> ProductQuerySet:
        """Return products that were not removed. Removed ones remain only for past orders and movements."""
        return self.filter(removed_at=None)

    def visible_in(self, channel_id: int) -> ProductQuerySet:
        """Return products that buyers can see: published, of an approved cooperative."""
        return self.filter(
            listings__channel=channel_id,
            listings__state=ListingState.PUBLISHED,
            cooperative__state=CooperativeState.APPROVED,
        )

    def paused_or_published(self, channel_id: int) -> ProductQuerySet:
        """Return products with a public page: published or paused."""
        return self.filter(
            listings__channel=channel_id,
            listings__state__in=[ListingState.PUBLISHED, ListingState.PAUSED],
            cooperative__state=CooperativeState.APPROVED,
        )

    def on_sale(self, channel_id: int) -> ProductQuerySet:
        """Return products shown in lists: published and visible in listings."""
        return self.filter(
            listings__channel=channel_id,
            listings__state=ListingState.PUBLISHED,
            listings__visible_in_listings=True,
            cooperative__state=CooperativeState.APPROVED,
        )

    def available_in(self, channel_id: int) -> ProductQuerySet:
        """Return products shown in lists that can be ordered now."""
        return self.filter(
            listings__channel=channel_id,
            listings__state=ListingState.PUBLISHED,
            listings__visible_in_listings=True,
            listings__is_available=True,
            cooperative__state=CooperativeState.APPROVED,
        )

    def for_cooperative(self, cooperative: Cooperative) -> ProductQuerySet:
        return self.existing().filter(cooperative=cooperative)

    def in_season(self, month: int) -> ProductQuerySet:
        """Return products in season in the month (1 to 12). Products without a season always are."""
        month_bit = 1 << (month - 1)
        return self.annotate(_month=models.F("season").bitand(month_bit)).filter(_month__gt=0)

    def in_alphabet(self) -> ProductQuerySet:
        return self.order_by("sort_key", "pk")

    def under(self, category: Category) -> ProductQuerySet:
        """Return products of the category and its descendants."""
        return self.filter(category__path__startswith=category.branch_path)


class Product(WithMetadata, WithExternalReference, WithSeo, WithTimes):
    """A product of a cooperative. Its sizes and patterns are variants.

    `season` has bit m-1 set for each month m in which it is available. `description` is EditorJS JSON, as
    Saleor's clients write it. `description_text` is its plain text. `search_name`, `search_text` and
    `sort_key` are derived by `catalog.actions.products.product_rows`. `catalog.search.indexed_words` tells
    which words the first two hold.
    """

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="products")
    product_type = models.ForeignKey(ProductType, models.PROTECT, related_name="products")
    category = models.ForeignKey(Category, models.SET_NULL, related_name="products", null=True, blank=True)
    producer = models.ForeignKey(Producer, models.SET_NULL, related_name="products", null=True, blank=True)
    tax_class = models.ForeignKey(TaxClass, models.SET_NULL, related_name="products", null=True, blank=True)
    certificates = models.ManyToManyField(Certificate, related_name="products", blank=True)
    slug = models.SlugField(max_length=255, unique=True)
    name = models.CharField(max_length=250)
    description = models.JSONField(null=True, blank=True)
    description_text = models.TextField(blank=True, default="")
    origin = models.CharField(max_length=250, blank=True, default="")
    # Nullable, so that SQLite adds it without rebuilding a table that has triggers.
    ingredients = models.CharField(
        max_length=1000,
        null=True,
        blank=True,
        help_text=_("Ingredients of food, in descending order of quantity (Decree 43/2017 on labels)."),
    )
    packaging = models.CharField(max_length=250, blank=True, default="")
    shelf_life = models.CharField(max_length=250, blank=True, default="")
    storage = models.CharField(max_length=250, blank=True, default="")
    return_terms = models.TextField(blank=True, default="")
    return_days = models.PositiveSmallIntegerField(
        default=0,
        help_text=_("Days after receipt within which the cooperative accepts complaints and returns."),
    )
    season = models.PositiveSmallIntegerField(default=ALL_MONTHS, validators=[MaxValueValidator(ALL_MONTHS)])
    season_note = models.CharField(max_length=250, blank=True, default="")
    weight = models.PositiveIntegerField(null=True, blank=True, help_text=_("grams"))
    is_sample = models.BooleanField(default=False, help_text=_("Whether the prices are sample data."))
    default_variant = models.ForeignKey("Variant", models.SET_NULL, related_name="+", null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    search_name = models.TextField(blank=True, default="")
    search_text = models.TextField(blank=True, default="")
    sort_key = models.CharField(max_length=500, blank=True, default="")

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "product")
        verbose_name_plural = pgettext_lazy("models", "products")
        constraints = [
            models.CheckConstraint(condition=Q(season__lte=ALL_MONTHS), name="product_season_is_months"),
        ]
        indexes = [
            models.Index(fields=["cooperative", "id"], name="product_by_cooperative"),
            models.Index(fields=["sort_key", "id"], name="product_by_name"),
            models.Index(fields=["category", "id"], name="product_by_category"),
            models.Index(fields=["-created_at", "-id"], name="product_newest"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_removed(self) -> bool:
        """Whether the product was removed but kept for past orders and movements."""
        return self.removed_at is not None

    def complaint_days(self, market_days: int) -> int:
        """Return for how many days after delivery buyers may complain.

        The longest of the periods that the product, its cooperative and the market grant.
        """
        return max(market_days, self.return_days, self.cooperative.complaint_hours // 24)

    @property
    def months(self) -> list[int]:
        """The months (1 to 12) in which it is available."""
        return [month for month in range(1, 13) if self.season & 1 << (month - 1)]

    @property
    def is_all_year(self) -> bool:
        return self.season == ALL_MONTHS


def select_main_picture(variant: str, product: str) -> Coalesce:
    """Select the key of the first picture that shows the variant itself, else the product.

    `variant` and `product` are the paths to them from the annotated rows.
    """
    of_product = ProductMedia.objects.displayable().filter(product=models.OuterRef(product))
    of_variant = ProductMedia.objects.displayable().filter(variant_rows__variant=models.OuterRef(variant))
    return Coalesce(
        models.Subquery(of_variant.order_by("sort_order", "pk").values("picture")[:1]),
        models.Subquery(of_product.order_by("sort_order", "pk").values("picture")[:1]),
    )


class VariantQuerySet(models.QuerySet["Variant"]):
    def existing(self) -> VariantQuerySet:
        """Return variants of products that were not removed."""
        return self.filter(product__removed_at=None)

    def in_order(self) -> VariantQuerySet:
        return self.order_by("sort_order", "pk")

    def with_main_picture(self) -> VariantQuerySet:
        """Add `main_picture_key`, as `select_main_picture` chooses it."""
        return self.annotate(main_picture_key=select_main_picture("pk", "product"))  # type: ignore[no-redef]

    def for_cooperative(self, cooperative: Cooperative) -> VariantQuerySet:
        return self.existing().filter(cooperative=cooperative)

    def buyable_in(self, channel_id: int) -> VariantQuerySet:
        """Return variants with a price, of products that buyers can see in the channel."""
        return self.filter(
            prices__channel=channel_id,
            prices__amount__isnull=False,
            product__listings__channel=channel_id,
            product__listings__state=ListingState.PUBLISHED,
            product__cooperative__state=CooperativeState.APPROVED,
        )


class Variant(WithMetadata, WithExternalReference, WithSortOrder, WithTimes):
    """A variant that can be ordered, with its sales unit and the contents of one unit.

    `unit` names quantity 1. `content_grams`, `content_ml` or `content_count` (of `content_unit`) describe the
    contents of a unit and give the price per kilogram, litre or piece. `weight` is the shipping weight of one
    unit in grams. For variants sold by weight (`is_sold_by_weight`) the price is for a unit of the estimated
    weight (`content_grams`), and the weighed amount decides the final price. `quantity_limit_per_customer` is
    for all orders of a buyer, or for those of the last `quantity_limit_days`. `cooperative` duplicates the
    product's cooperative, for stock and order lines.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="variants")
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="variants")
    sku = models.CharField(max_length=255, unique=True, null=True, blank=True)
    name = models.CharField(max_length=255, blank=True, default="")
    unit = models.CharField(max_length=10, choices=Unit, default=Unit.PIECE)
    content_grams = models.PositiveIntegerField(null=True, blank=True)
    content_ml = models.PositiveIntegerField(null=True, blank=True)
    content_count = models.PositiveIntegerField(null=True, blank=True)
    content_unit = models.CharField(max_length=10, choices=Unit, blank=True, default="")
    weight = models.PositiveIntegerField(null=True, blank=True, help_text=_("grams"))
    barcode = models.CharField(max_length=40, blank=True, default="")
    # Nullable, so that SQLite adds it without rebuilding a table that has triggers.
    seller_code = models.CharField(
        max_length=60,
        null=True,
        blank=True,
        help_text=_("The cooperative's own code, by which its files of products name this option."),
    )
    is_sold_by_weight = models.BooleanField(
        default=False,
        help_text=_("Whether the price depends on the weighed amount; the content is an estimate."),
    )
    tolerance_percent = models.PositiveSmallIntegerField(
        default=20, help_text=_("Percentage above the estimated weight that the buyer is not asked about.")
    )
    track_inventory = models.BooleanField(default=True)
    quantity_limit_per_customer = models.PositiveIntegerField(null=True, blank=True)
    quantity_limit_days = models.PositiveSmallIntegerField(null=True, blank=True)
    quantity_limit_per_order = models.PositiveIntegerField(null=True, blank=True)
    low_stock_at = models.PositiveIntegerField(null=True, blank=True)

    main_picture_key: int | None  # set by `VariantQuerySet.with_main_picture`

    objects = VariantQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "variant")
        verbose_name_plural = pgettext_lazy("models", "variants")
        constraints = [
            models.CheckConstraint(condition=~Q(sku=""), name="variant_sku_empty_is_null"),
            models.UniqueConstraint(
                fields=["cooperative", "seller_code"],
                condition=Q(seller_code__isnull=False),
                name="variant_seller_code_once",
            ),
            models.CheckConstraint(
                condition=Q(is_sold_by_weight=False) | Q(content_grams__gt=0),
                name="variant_sold_by_weight_has_estimate",
            ),
            *LIMIT_CONSTRAINTS,
        ]
        indexes = [
            models.Index(fields=["product", "sort_order", "id"], name="variant_in_order"),
            models.Index(fields=["barcode"], condition=~Q(barcode=""), name="variant_by_barcode"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.name}".strip()

    @property
    def gtin(self) -> str:
        """The bar code if it is a global GTIN, else "". A leading 2 marks a shop's internal number (GS1)."""
        is_number = self.barcode.isascii() and self.barcode.isdecimal()
        is_global = is_number and len(self.barcode) in (8, 12, 13, 14) and not self.barcode.startswith("2")
        return self.barcode if is_global else ""

    def low_stock_threshold(self, seller: Cooperative) -> int:
        """Return the low-stock threshold in sales units: its own, or else that of its cooperative."""
        return seller.low_stock_threshold if self.low_stock_at is None else self.low_stock_at

    def relative_content(self, other: Variant) -> Fraction | None:
        """Return how many units of `other` hold as much as one, or None if contents are not comparable."""
        if self.content_unit == other.content_unit:
            for column in ("content_grams", "content_ml", "content_count"):
                own_content, other_content = getattr(self, column), getattr(other, column)
                if own_content and other_content:
                    return Fraction(own_content, other_content)
        return None

    def grams_for(self, product: Product) -> int:
        """Return a unit's shipping weight in grams: its own, its content's, or its product's."""
        return self.weight or self.content_grams or product.weight or 0

    def order_limit(self, shop_limit: int | None) -> int | None:
        """Return how many sales units one order may hold: the lowest of the shop's limit and its own."""
        limits = (shop_limit, self.quantity_limit_per_order, self.quantity_limit_per_customer)
        return min((limit for limit in limits if limit is not None), default=None)

    def bound_grams(self, quantity: int = 1) -> int:
        """Return the weight in grams up to which the buyer is not asked, for products sold by weight."""
        return (self.content_grams or 0) * quantity * (100 + self.tolerance_percent) // 100


class ProductMediaQuerySet(models.QuerySet["ProductMedia"]):
    def displayable(self) -> ProductMediaQuerySet:
        """Return media without undecodable pictures, which are not shown and do not count as a photo."""
        return self.exclude(picture__state=PictureState.REFUSED)

    def ready(self) -> ProductMediaQuerySet:
        """Return media whose pictures were decoded. Buyers see only these."""
        return self.filter(picture__state=PictureState.READY)


class ProductMedia(WithMetadata, WithSortOrder):
    """A picture of a product, with its position and alternative text."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="media")
    picture = models.ForeignKey(Picture, models.PROTECT, related_name="+")
    alt = models.CharField(max_length=250, blank=True, default="")

    objects = ProductMediaQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["product", "sort_order", "id"], name="media_in_order")]

    def __str__(self) -> str:
        return self.alt


class VariantMedia(models.Model):
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="media_rows")
    media = models.ForeignKey(ProductMedia, models.CASCADE, related_name="variant_rows")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["variant", "media"], name="variant_media_once")]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.media_id}"


class ProductAttributeValue(WithSortOrder):
    product = models.ForeignKey(Product, models.CASCADE, related_name="attribute_rows")
    value = models.ForeignKey(AttributeValue, models.CASCADE, related_name="product_rows")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "value"], name="product_value_once")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.value_id}"


class VariantAttributeValue(WithSortOrder):
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="attribute_rows")
    value = models.ForeignKey(AttributeValue, models.CASCADE, related_name="variant_rows")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["variant", "value"], name="variant_value_once")]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.value_id}"
