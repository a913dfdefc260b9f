from __future__ import annotations

import datetime

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import pgettext_lazy

from cooperatives.models import Cooperative


class BulletinQuerySet(models.QuerySet["Bulletin"]):
    def of_market(self) -> BulletinQuerySet:
        return self.filter(cooperative=None)

    def of(self, cooperative: Cooperative | None) -> BulletinQuerySet:
        """The cooperative's own, or the whole market's."""
        return self.filter(cooperative=cooperative)

    def in_language(self, language: str) -> BulletinQuerySet:
        return self.filter(language=language)

    def to_send(self, week: datetime.date) -> BulletinQuerySet:
        """This week's that still have followers to go to; last week's news is none."""
        told = Q(cooperative=None) | Q(cooperative__in=Cooperative.objects.public())
        return self.filter(told, week=week, sent_at=None).order_by("pk")


class Bulletin(models.Model):
    """The market's week in plain text: of the whole market, or of one cooperative; one for each language.

    `week` is its Monday in Vietnam. `spoken` is the Vietnamese text for a loudspeaker, numbers in words;
    empty in other languages. Both stay as they were made: a bulletin that was read out is not changed.
    `sent_through` is the last follower (by key) whose mail was written, `sent_at` when all of them were.
    """

    week = models.DateField()
    cooperative = models.ForeignKey(
        Cooperative, models.CASCADE, related_name="bulletins", null=True, blank=True
    )
    language = models.CharField(max_length=16)
    text = models.TextField()
    spoken = models.TextField(blank=True, default="")
    made_at = models.DateTimeField()
    sent_through = models.PositiveBigIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = BulletinQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "bulletin")
        verbose_name_plural = pgettext_lazy("models", "bulletins")
        constraints = [
            # SQLite and PostgreSQL tell nulls apart, so the market counts as cooperative 0.
            models.UniqueConstraint(
                "week", Coalesce("cooperative", Value(0)), "language", name="bulletin_once"
            ),
        ]
        indexes = [models.Index(fields=["week", "id"], condition=Q(sent_at=None), name="bulletin_to_send")]

    def __str__(self) -> str:
        return f"{self.week} {self.cooperative_id or '*'} {self.language}"
