"""Search vocabulary: words of the catalogue, their misspellings, and synonyms."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from shop.core.models import WithTimes

MAX_TERM_LENGTH = 60


class KnownWord(models.Model):
    """A folded word used by listed products, and how many use it as of the last count."""

    word = models.CharField(max_length=MAX_TERM_LENGTH, unique=True)
    product_count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = pgettext_lazy("model", "catalogue word")
        verbose_name_plural = pgettext_lazy("models", "catalogue words")

    def __str__(self) -> str:
        return self.word


class Misspelling(models.Model):
    """A known word with one letter removed, for matching one-letter typing errors.

    "trang" and "trnag" both become "trag". There is a row for each letter, and one for the whole word.
    """

    word = models.ForeignKey(KnownWord, models.CASCADE, related_name="misspellings")
    shortened_word = models.CharField(max_length=MAX_TERM_LENGTH)

    class Meta:
        verbose_name = pgettext_lazy("model", "misspelling")
        verbose_name_plural = pgettext_lazy("models", "misspellings")
        constraints = [models.UniqueConstraint(fields=["shortened_word", "word"], name="misspelling_once")]

    def __str__(self) -> str:
        return self.shortened_word


class SynonymSet(WithTimes):
    """A set of synonyms. A search for one of them finds the others."""

    class Meta:
        verbose_name = pgettext_lazy("model", "synonym set")
        verbose_name_plural = pgettext_lazy("models", "synonym sets")

    def __str__(self) -> str:
        return str(self.pk)


class Synonym(models.Model):
    """A word or phrase of a synonym set, as entered and folded."""

    set = models.ForeignKey(SynonymSet, models.CASCADE, related_name="words")
    text = models.CharField(max_length=MAX_TERM_LENGTH)
    folded = models.CharField(max_length=MAX_TERM_LENGTH)
    sort_order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = pgettext_lazy("model", "synonym")
        verbose_name_plural = pgettext_lazy("models", "synonyms")
        constraints = [
            models.UniqueConstraint(fields=["set", "folded"], name="synonym_once"),
            models.CheckConstraint(condition=~models.Q(folded=""), name="synonym_has_letters"),
        ]
        indexes = [models.Index(fields=["folded"], name="synonym_by_folded")]

    def __str__(self) -> str:
        return self.text
