"""Vouchers, their codes and uses."""

from __future__ import annotations

import datetime
import unicodedata
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Category, Product, Variant
from cooperatives.models import Cooperative
from orders.models.discount import CostBearer, ValueType
from orders.models.order import Order
from shop.core.models import Channel, WithMetadata, WithTimes


class VoucherType(models.TextChoices):
    ENTIRE_ORDER = "entire_order", _("whole order")
    SHIPPING = "shipping", _("delivery")
    SPECIFIC_PRODUCT = "specific_product", _("certain goods")


def normalise_voucher_code(code: str) -> str:
    """Normalise a voucher code to NFC and upper case, without spaces."""
    return "".join(unicodedata.normalize("NFC", code).split()).upper()


class VoucherQuerySet(models.QuerySet["Voucher"]):
    def for_cooperative(self, cooperative: Cooperative) -> VoucherQuerySet:
        """Return vouchers that the cooperative created and pays for. The platform's vouchers are left out."""
        return self.filter(cooperative=cooperative, bearer=CostBearer.COOPERATIVE)

    def newest_first(self) -> VoucherQuerySet:
        return self.order_by("-starts_at", "-pk")

    def with_code_and_use_counts(self) -> VoucherQuerySet:
        """Annotate `code_count`, `use_count` and `first_code`."""
        codes = VoucherCode.objects.filter(voucher=OuterRef("pk")).order_by("created_at", "code")
        return self.annotate(
            code_count=Count("codes", distinct=True),
            use_count=Count("codes__uses", distinct=True),
            first_code=Subquery(codes.values("code")[:1]),
        )


class Voucher(WithMetadata, WithTimes):
    """A discount that buyers unlock with a code, for all products or one cooperative's.

    It is valid from `starts_at` (inclusive) to `ends_at` (exclusive). Disabling it sets `ends_at` to now.
    `usage_limit` counts the uses of all its codes. If `single_use` is true, each code works once.
    """

    name = models.CharField(max_length=255, blank=True, default="")
    type = models.CharField(max_length=20, choices=VoucherType, default=VoucherType.ENTIRE_ORDER)
    value_type = models.CharField(max_length=12, choices=ValueType, default=ValueType.FIXED)
    cooperative = models.ForeignKey(
        Cooperative, models.CASCADE, related_name="vouchers", null=True, blank=True
    )
    bearer = models.CharField(max_length=12, choices=CostBearer, default=CostBearer.PLATFORM)
    usage_limit = models.PositiveIntegerField(null=True, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    apply_once_per_order = models.BooleanField(default=False)
    apply_once_per_customer = models.BooleanField(default=False)
    only_for_staff = models.BooleanField(default=False)
    single_use = models.BooleanField(default=False)
    minimum_quantity = models.PositiveIntegerField(null=True, blank=True)
    countries = models.JSONField(default=list, blank=True)
    products = models.ManyToManyField(Product, related_name="+", blank=True)
    variants = models.ManyToManyField(Variant, related_name="+", blank=True)
    categories = models.ManyToManyField(Category, related_name="+", blank=True)

    objects = VoucherQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "voucher")
        verbose_name_plural = pgettext_lazy("models", "vouchers")

    def __str__(self) -> str:
        return self.name

    @property
    def is_limited(self) -> bool:
        """Whether earlier uses limit later ones, so that uses must be serialised by a lock."""
        return self.usage_limit is not None or self.apply_once_per_customer or self.single_use

    @property
    def last_moment(self) -> datetime.datetime | None:
        """The last instant at which it is valid, for displaying the last day."""
        return self.ends_at - datetime.timedelta(microseconds=1) if self.ends_at else None

    def is_valid_at(self, now: datetime.datetime) -> bool:
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)


class VoucherValue(models.Model):
    """A voucher's value in a channel: a percentage or an amount in minor units.

    `minimum_spent` is the least that the products covered by the code must cost together, in minor units. It
    does not count deliveries, and it is not
    `cooperatives.models.delivery.ShippingServicePrice.minimum_order`.
    """

    voucher = models.ForeignKey(Voucher, models.CASCADE, related_name="values")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    currency = models.CharField(max_length=3)
    value = models.DecimalField(max_digits=20, decimal_places=3)
    minimum_spent = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["voucher", "channel"], name="voucher_value_once")]

    def __str__(self) -> str:
        return str(self.value)

    @property
    def fixed_amount(self) -> int:
        """The value in minor units, for a voucher of a fixed amount."""
        return int(self.value)


class VoucherCodeQuerySet(models.QuerySet["VoucherCode"]):
    def with_use_count(self) -> VoucherCodeQuerySet:
        """Annotate `use_count`."""
        return self.annotate(use_count=Count("uses"))


class VoucherCode(models.Model):
    """A code that buyers enter, stored as normalised by `normalise_voucher_code`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    voucher = models.ForeignKey(Voucher, models.CASCADE, related_name="codes")
    code = models.CharField(max_length=255, unique=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = VoucherCodeQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "voucher code")
        verbose_name_plural = pgettext_lazy("models", "voucher codes")

    def __str__(self) -> str:
        return self.code


class VoucherUseQuerySet(models.QuerySet["VoucherUse"]):
    def of_buyer(self, user_id: int | None, phone: str, email: str) -> VoucherUseQuerySet:
        """Return uses by the same buyer, with the same account, or the same phone or email on the order."""
        buyer_filter = Q(pk=None)
        if user_id is not None:
            buyer_filter |= Q(user=user_id)
        if phone:
            buyer_filter |= Q(order__phone=phone)
        if email:
            buyer_filter |= Q(order__email__iexact=email)
        return self.filter(buyer_filter)

    def newest_first(self) -> VoucherUseQuerySet:
        return self.order_by("-used_at", "-pk")


class VoucherUse(models.Model):
    """One use of a code by one order. Usage limits count these rows.

    The row is deleted if the whole order is cancelled. `buyer` is the phone or email that the order was
    placed with.
    """

    code = models.ForeignKey(VoucherCode, models.PROTECT, related_name="uses")
    order = models.ForeignKey(Order, models.CASCADE, related_name="voucher_uses")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    buyer = models.CharField(max_length=254, blank=True, default="")
    used_at = models.DateTimeField()

    objects = VoucherUseQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "order"], name="voucher_use_once")]
        indexes = [models.Index(fields=["code", "buyer"], name="voucher_use_by_buyer")]

    def __str__(self) -> str:
        return self.buyer
