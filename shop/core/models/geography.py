"""Vietnam's provinces and communes as dated rows, with their former names."""

from __future__ import annotations

import datetime
import re

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.core.texts.folding import fold

# Folded type words that may precede a name. A number may follow directly: "P.4", "Phường 4".
_TYPE_WORDS = re.compile(
    r"^(?:thanh pho|tinh|tp\.?|quan|huyen|thi xa|tx\.?|xa|phuong|p\.|thi tran|tt\.?|dac khu|q\.|h\.|x\.)\s*"
)


def remove_type_word(folded: str) -> str:
    """Remove the type word from a folded name unless nothing remains. "xa phu thong" gives "phu thong"."""
    return _TYPE_WORDS.sub("", folded).strip() or folded


class DivisionLevel(models.TextChoices):
    PROVINCE = "province", _("province or city")
    COMMUNE = "commune", _("commune, ward or special zone")


class DivisionQuerySet(models.QuerySet["Division"]):
    def current(self, *, day: datetime.date) -> DivisionQuerySet:
        """Return divisions in force on a day."""
        return self.filter(Q(valid_until=None) | Q(valid_until__gte=day), valid_from__lte=day)

    def provinces(self) -> DivisionQuerySet:
        return self.filter(level=DivisionLevel.PROVINCE).in_order()

    def communes_of(self, province_code: str) -> DivisionQuerySet:
        return self.filter(level=DivisionLevel.COMMUNE, parent__code=province_code).in_order()

    def in_order(self) -> DivisionQuerySet:
        """Return the rows sorted by the Vietnamese alphabet."""
        return self.order_by("sort_key", "pk")

    def matching(self, text: str) -> DivisionQuerySet:
        """Return divisions whose name contains the text, with or without diacritics and type word."""
        folded = fold(text)
        return self.filter(Q(folded__contains=folded) | Q(folded=remove_type_word(folded)))

    def named(self, text: str) -> DivisionQuerySet:
        """Return divisions with this name, with or without diacritics and type word."""
        return self.filter(folded=remove_type_word(fold(text)))


class Division(models.Model):
    """A province, city, commune, ward or special zone, for as long as it has this name and area.

    Two levels since 1 July 2025, no districts. `code` is that of the General Statistics Office, as text: "01"
    is Hà Nội. `name` omits the type ("Phủ Thông"), `full_name` includes it ("Xã Phủ Thông").
    """

    code = models.CharField(max_length=10)
    level = models.CharField(max_length=8, choices=DivisionLevel)
    type_word = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    full_name = models.CharField(max_length=150)
    parent = models.ForeignKey("self", models.PROTECT, related_name="communes", null=True, blank=True)
    folded = models.CharField(max_length=120)
    sort_key = models.CharField(max_length=500)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True, help_text=_("Last day on which it is in force."))

    objects = DivisionQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "province or commune")
        verbose_name_plural = pgettext_lazy("models", "provinces and communes")
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="division_once"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(valid_until=None), name="division_one_in_force"
            ),
            models.CheckConstraint(
                condition=Q(level=DivisionLevel.PROVINCE, parent=None)
                | Q(level=DivisionLevel.COMMUNE, parent__isnull=False),
                name="division_commune_has_a_province",
            ),
        ]
        indexes = [
            models.Index(fields=["parent", "sort_key", "id"], name="division_by_parent"),
            models.Index(fields=["level", "sort_key", "id"], name="division_by_level"),
            models.Index(fields=["folded"], name="division_by_folded"),
        ]

    def __str__(self) -> str:
        return self.full_name


class FormerPlace(models.Model):
    """A former place and one of today's divisions that its area belongs to.

    A divided place has one row for each successor. `is_part` marks that only a part of it went there.
    `district` ("Huyện Bạch Thông") and `province` ("Bắc Kạn") contained a former commune.
    """

    division = models.ForeignKey(Division, models.CASCADE, related_name="former_places")
    type_word = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    district = models.CharField(max_length=120, blank=True, default="")
    province = models.CharField(max_length=120, blank=True, default="")
    folded = models.CharField(max_length=120)
    is_part = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["division", "type_word", "name", "district", "province"], name="former_place_once"
            ),
        ]
        indexes = [models.Index(fields=["folded"], name="former_place_by_folded")]

    def __str__(self) -> str:
        return f"{self.type_word} {self.name}"

    @property
    def name_in_sentence(self) -> str:
        """The name for use within a sentence: "xã Vi Hương, huyện Bạch Thông"."""
        parts = (str(self), self.district)
        return ", ".join(f"{name[0].lower()}{name[1:]}" for name in parts if name)
