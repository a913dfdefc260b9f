from __future__ import annotations

import datetime
from collections.abc import Collection

from django.db import models
from django.db.models import ExpressionWrapper, F, Q, Sum, Value
from django.utils.translation import pgettext_lazy

from catalog.models.product import Variant
from cooperatives.models import Certificate, Cooperative, Producer
from shop.core.actors import ActorKind, EntryPoint
from shop.core.identifiers.check_characters import draw_code, is_code
from shop.core.models import Picture, PictureState

CODE_PREFIX, CODE_LENGTH = "L", 7


def draw_lot_code() -> str:
    """Return a random code. There are 3.4 billion codes, and the column is unique."""
    return draw_code(CODE_PREFIX, CODE_LENGTH)


def normalise_lot_code(text: str) -> str:
    """Normalise a code as people write it (`l7k2 mq4-a9`)."""
    return "".join(character for character in text.upper() if character.isalnum())


def is_lot_code(text: str) -> bool:
    """Return whether the text is a lot's code: upper-case, without spaces, with a correct check character."""
    return is_code(text, CODE_PREFIX, CODE_LENGTH)


MAX_RECALL_TEXT = 500


class LotQuerySet(models.QuerySet["Lot"]):
    def for_cooperative(self, cooperative: Cooperative) -> LotQuerySet:
        return self.filter(variant__cooperative=cooperative)

    def in_stock(self) -> LotQuerySet:
        """Return lots whose balance is not 0 (below 0, more was sent than received). Annotates `on_hand`."""
        return self.annotate(on_hand=Sum("balances__on_hand", default=0)).exclude(on_hand=0)

    def with_stock(self) -> LotQuerySet:
        """Return lots of which something is left. Annotates `on_hand`."""
        return self.annotate(on_hand=Sum("balances__on_hand", default=0)).filter(on_hand__gt=0)

    def near_expiry(self, cooperative: Cooperative, today: datetime.date) -> LotQuerySet:
        """Return the cooperative's lots in stock that are near their use-by date or past it.

        `Lot.near_expiry_from` has the same condition. Annotates `on_hand`.
        """
        days_left = ExpressionWrapper(F("expires_on") - Value(today), models.DurationField())
        shelf_life = ExpressionWrapper(F("expires_on") - F("harvested_on"), models.DurationField())
        near = self.for_cooperative(cooperative).filter(
            recalled_at=None,
            expires_on__lte=today + datetime.timedelta(days=cooperative.days_near_expiry),
        )
        in_last_third = near.alias(
            three_times_left=ExpressionWrapper(
                days_left + days_left + days_left - shelf_life, models.DurationField()
            )
        ).filter(
            Q(harvested_on=None) | Q(expires_on__lt=today) | Q(three_times_left__lte=datetime.timedelta(0))
        )
        return in_last_third.with_stock()

    def used_up(self) -> LotQuerySet:
        """Return lots with nothing left, newest first. Annotates `on_hand`."""
        used_up = self.annotate(on_hand=Sum("balances__on_hand", default=0)).filter(on_hand=0)
        return used_up.order_by("-created_at", "-pk")

    def first_expired_first(self) -> LotQuerySet:
        """Order by expiry, then by harvest. Lots without a date come last."""
        return self.order_by(
            F("expires_on").asc(nulls_last=True), F("harvested_on").asc(nulls_last=True), "pk"
        )


class Lot(models.Model):
    """A harvest or batch of a variant, which was received as one.

    `code` is on its label and in the address of its public page. Buyers see the producer only if the producer
    agreed. `recalled_at` is the start of its open recall. Until the recall ends, the lot is neither sold nor
    packed.
    """

    variant = models.ForeignKey(Variant, models.PROTECT, related_name="lots")
    code = models.CharField(max_length=40, unique=True)
    harvested_on = models.DateField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    producer = models.ForeignKey(Producer, models.SET_NULL, related_name="lots", null=True, blank=True)
    certificate = models.ForeignKey(Certificate, models.SET_NULL, related_name="lots", null=True, blank=True)
    created_at = models.DateTimeField()
    recalled_at = models.DateTimeField(null=True, blank=True)

    objects = LotQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "lot")
        verbose_name_plural = pgettext_lazy("models", "lots")
        constraints = [
            models.CheckConstraint(
                condition=Q(harvested_on=None) | Q(expires_on=None) | Q(expires_on__gte=F("harvested_on")),
                name="lot_expires_after_its_harvest",
            ),
        ]
        indexes = [models.Index(fields=["variant", "expires_on", "id"], name="lot_by_expiry")]

    def __str__(self) -> str:
        return self.code

    def is_expired_on(self, day: datetime.date) -> bool:
        """Return whether the lot may no longer be sold on the day. On its day of expiry it still may."""
        return self.expires_on is not None and self.expires_on < day

    def near_expiry_from(self, seller: Cooperative) -> datetime.date | None:
        """Return the day from which the lot is near its use-by date, or None if it has no such date.

        That is the cooperative's number of days before the date, at most the last third of its shelf life.
        """
        if self.expires_on is None:
            return None
        days = seller.days_near_expiry
        if self.harvested_on is not None:
            days = min(days, (self.expires_on - self.harvested_on).days // 3)
        return self.expires_on - datetime.timedelta(days=days)

    @property
    def is_recalled(self) -> bool:
        return self.recalled_at is not None


class RecallQuerySet(models.QuerySet["Recall"]):
    def open(self) -> RecallQuerySet:
        return self.filter(ended_at=None)

    def newest_first(self) -> RecallQuerySet:
        return self.order_by("-started_at", "-pk")


class Recall(models.Model):
    """A lot's recall: its reason, and the advice for people who have the goods. Buyers see both texts.

    Only the desk ends a recall, with a reason. It stays on record.
    """

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="recalls")
    reason = models.CharField(max_length=MAX_RECALL_TEXT)
    advice = models.CharField(max_length=MAX_RECALL_TEXT)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=MAX_RECALL_TEXT, blank=True, default="")

    objects = RecallQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "recall")
        verbose_name_plural = pgettext_lazy("models", "recalls")
        constraints = [
            models.UniqueConstraint(fields=["lot"], condition=Q(ended_at=None), name="recall_one_open"),
            models.CheckConstraint(
                condition=Q(ended_at=None, end_reason="") | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="recall_ends_with_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["-started_at", "-id"], name="recall_newest_first")]

    def __str__(self) -> str:
        return f"{self.lot_id} {self.started_at:%Y-%m-%d}"


class LotBalanceQuerySet(models.QuerySet["LotBalance"]):
    def of_lots(self, lots: Collection[Lot]) -> LotBalanceQuerySet:
        return self.filter(lot__in=lots).select_related("stock__warehouse").order_by("lot", "stock")


class LotBalance(models.Model):
    """The sales units of a lot in a stock, summed over the stock's movements that name the lot.

    What a stock holds beyond its lots' balances belongs to no named lot. Stock and balances may be negative,
    because recorded facts can contradict each other. The lock on the stock protects its balances.
    """

    lot = models.ForeignKey(Lot, models.CASCADE, related_name="balances")
    stock = models.ForeignKey("catalog.Stock", models.PROTECT, related_name="lot_balances")
    on_hand = models.IntegerField(default=0)

    objects = LotBalanceQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "lot balance")
        verbose_name_plural = pgettext_lazy("models", "lot balances")
        constraints = [models.UniqueConstraint(fields=["lot", "stock"], name="lot_balance_once")]

    def __str__(self) -> str:
        return f"{self.lot_id} {self.on_hand}"


class LotStage(models.Model):
    """A dated note about what happened to a lot, such as washing. Buyers see it. It is never edited."""

    lot = models.ForeignKey(Lot, models.CASCADE, related_name="stages")
    title = models.CharField(max_length=120)
    happened_at = models.DateTimeField()
    created_at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10, choices=ActorKind)
    actor_key = models.CharField(max_length=40, blank=True, default="")
    entry_point = models.CharField(max_length=10, choices=EntryPoint)

    class Meta:
        verbose_name = pgettext_lazy("model", "stage of a lot")
        verbose_name_plural = pgettext_lazy("models", "stages of lots")
        constraints = [
            models.CheckConstraint(
                condition=Q(happened_at__lte=F("created_at")),
                name="lot_stage_happened_before_it_was_recorded",
            ),
        ]
        indexes = [models.Index(fields=["lot", "happened_at", "id"], name="lot_stage_in_order")]

    def __str__(self) -> str:
        return self.title


class LotPictureQuerySet(models.QuerySet["LotPicture"]):
    def in_order(self) -> LotPictureQuerySet:
        """Return the pictures in the order in which they were added."""
        return self.select_related("picture").order_by("pk")

    def ready(self) -> LotPictureQuerySet:
        """Return the pictures that can be shown. Buyers see only these."""
        return self.filter(picture__state=PictureState.READY)


class LotPicture(models.Model):
    """A photo of a lot, such as its harvest. Buyers see it on the lot's page."""

    lot = models.ForeignKey(Lot, models.CASCADE, related_name="pictures")
    picture = models.ForeignKey(Picture, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = LotPictureQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "picture of a lot")
        verbose_name_plural = pgettext_lazy("models", "pictures of lots")
        constraints = [models.UniqueConstraint(fields=["lot", "picture"], name="lot_picture_once")]

    def __str__(self) -> str:
        return f"{self.lot_id} {self.picture_id}"
