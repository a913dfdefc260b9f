from __future__ import annotations

from django.db import models
from django.db.models import Count, Q
from django.utils.translation import pgettext_lazy

from catalog.models.product import Variant
from catalog.states import ImportRowState, ImportState
from cooperatives.models import Cooperative
from shop.accounts.models import User
from shop.core.models import Channel


class ListingImportQuerySet(models.QuerySet["ListingImport"]):
    def for_cooperative(self, cooperative: Cooperative) -> ListingImportQuerySet:
        return self.filter(cooperative=cooperative)

    def newest_first(self) -> ListingImportQuerySet:
        return self.order_by("-created_at", "-pk")


class ListingImport(models.Model):
    """A file of listings. Nothing is written before a member confirms the preview.

    `content` is the file until it is confirmed. `encoding` names how its texts are stored, and `sample` holds
    some of them. `is_encoding_confirmed` says that a member has seen them converted. Messages in its rows are
    in `language`. `claimed_at` is when a worker last began to write rows. It is None if no worker does.
    """

    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="listing_imports")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    imported_by = models.ForeignKey(User, models.SET_NULL, related_name="+", null=True, blank=True)
    file_name = models.CharField(max_length=250)
    content = models.BinaryField(blank=True, default=b"")
    language = models.CharField(max_length=10)
    encoding = models.CharField(max_length=20, blank=True, default="")
    is_encoding_confirmed = models.BooleanField(default=False)
    sample = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.CHECKING)
    failure = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)

    objects = ListingImportQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "listing import")
        verbose_name_plural = pgettext_lazy("models", "listing imports")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=[ImportState.WRITING, ImportState.DONE])
                | Q(confirmed_at__isnull=False),
                name="listing_import_is_written_after_confirmation",
            ),
        ]
        indexes = [
            models.Index(fields=["cooperative", "-created_at", "-id"], name="listing_import_newest"),
        ]

    def __str__(self) -> str:
        return self.file_name

    def row_counts(self) -> dict[str, int]:
        """Return the number of rows in each state that occurs."""
        counts = self.rows.order_by().values_list("state").annotate(count=Count("pk"))
        return dict(counts.values_list("state", "count"))


class ListingImportRow(models.Model):
    """A row of the file, which is a variant of a product.

    `values` hold the parsed cells by column. `problems` are `{"cell", "text"}` of cells that cannot be read.
    `question` asks about an unusual price, and `confirmation_token` confirms it. `variant` is the variant
    that the row changes, or the one that it created.
    """

    listing_import = models.ForeignKey(ListingImport, models.CASCADE, related_name="rows")
    row_number = models.PositiveIntegerField()
    name = models.CharField(max_length=520, blank=True, default="")
    values = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=ImportRowState)
    is_new = models.BooleanField(default=False)
    problems = models.JSONField(default=list, blank=True)
    question = models.CharField(max_length=500, blank=True, default="")
    confirmation_token = models.CharField(max_length=200, blank=True, default="")
    refusal = models.CharField(max_length=500, blank=True, default="")
    variant = models.ForeignKey(Variant, models.SET_NULL, related_name="+", null=True, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("model", "row of a listing import")
        verbose_name_plural = pgettext_lazy("models", "rows of listing imports")
        constraints = [
            models.UniqueConstraint(fields=["listing_import", "row_number"], name="listing_import_row_once"),
        ]
        indexes = [
            models.Index(
                fields=["listing_import", "state", "row_number"], name="listing_import_row_by_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.row_number} {self.name}"
