from __future__ import annotations

import datetime
import re
from typing import NamedTuple

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import pgettext_lazy

from catalog.models.product import Product
from cooperatives.models import Cooperative


class BulletinQuerySet(models.QuerySet["Bulletin"]):
    def of_market(self) -> BulletinQuerySet:
        return self.filter(cooperative=None)

    def of_cooperative_or_market(self, cooperative: Cooperative | None) -> BulletinQuerySet:
        """Return bulletins of a cooperative, or of the whole market."""
        return self.filter(cooperative=cooperative)

    def in_language(self, language: str) -> BulletinQuerySet:
        return self.filter(language=language)

    def unsent(self, week: datetime.date) -> BulletinQuerySet:
        """Return public bulletins of `week`, a Monday, with followers still to mail."""
        audience = Q(cooperative=None) | Q(cooperative__in=Cooperative.objects.public())
        return self.filter(audience, week=week, sent_at=None).order_by("pk")


class BulletinSection(NamedTuple):
    """A paragraph of a bulletin's text, with its heading, plain lines and list items."""

    heading: str
    lines: list[str]
    items: list[str]


class Bulletin(models.Model):
    """The weekly bulletin in one language, of the whole market or of one cooperative.

    `week` is its Monday in Vietnam. `spoken_text` is the Vietnamese text for a loudspeaker, with numbers in
    words. In other languages it is empty. The texts never change, because a bulletin may have been read out.
    `last_mailed_follower_id` is 0 before the first mail. `sent_at` is set when all followers were mailed.
    """

    week = models.DateField()
    cooperative = models.ForeignKey(
        Cooperative, models.CASCADE, related_name="bulletins", null=True, blank=True
    )
    language = models.CharField(max_length=16)
    text = models.TextField()
    spoken_text = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    last_mailed_follower_id = models.PositiveBigIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = BulletinQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "bulletin")
        verbose_name_plural = pgettext_lazy("models", "bulletins")
        constraints = [
            # Databases consider nulls distinct, so the market counts as cooperative 0.
            models.UniqueConstraint(
                "week", Coalesce("cooperative", Value(0)), "language", name="bulletin_once"
            ),
        ]
        indexes = [models.Index(fields=["week", "id"], condition=Q(sent_at=None), name="bulletin_to_send")]

    def __str__(self) -> str:
        return f"{self.week} {self.cooperative_id or '*'} {self.language}"

    @property
    def sections(self) -> list[BulletinSection]:
        """The paragraphs. In all but the first, a first line in capitals is the heading."""
        sections = []
        for number, paragraph in enumerate(re.split(r"\n{2,}", self.text.strip())):
            lines = paragraph.splitlines()
            heading = lines.pop(0).capitalize() if number and lines[0].isupper() else ""
            items = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
            plain_lines = [line for line in lines if not line.startswith("- ")]
            sections.append(BulletinSection(heading, plain_lines, items))
        return sections


class BulletinMention(models.Model):
    """A product mentioned in a bulletin, in the order of its text."""

    bulletin = models.ForeignKey(Bulletin, models.CASCADE, related_name="mentions")
    product = models.ForeignKey(Product, models.CASCADE, related_name="+")
    sort_order = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = pgettext_lazy("model", "mention in a bulletin")
        verbose_name_plural = pgettext_lazy("models", "mentions in bulletins")
        constraints = [models.UniqueConstraint(fields=["bulletin", "product"], name="bulletin_mention_once")]

    def __str__(self) -> str:
        return f"{self.bulletin_id} {self.product_id}"
