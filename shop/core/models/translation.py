from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence, Set
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import get_language, pgettext_lazy

from shop.core.database.compiled_query import prepared

_OWN = "_own_words"


class TranslationQuerySet(models.QuerySet["Translation"]):
    def texts(self, kind: str, keys: Iterable[object], language: str) -> dict[tuple[str, str], str]:
        """All texts of these rows in one language, in one query, by (key, field)."""
        rows = self.filter(kind=kind, key__in=[str(key) for key in keys], language=language)
        return {(row.key, row.field): row.text for row in rows}


class Translation(models.Model):
    """One field of one row in one further language; where it is missing the row's own text stands.

    `kind` is the model's label ("catalog.product"), `key` its primary key as text, `language` an
    IETF tag in lower case ("en", "vi", "tyz"). Rich text is kept as its JSON.
    """

    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=40)
    language = models.CharField(max_length=16)
    field = models.CharField(max_length=60)
    text = models.TextField()

    objects = TranslationQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "translation")
        verbose_name_plural = pgettext_lazy("models", "translations")
        constraints = [
            models.UniqueConstraint(fields=["kind", "key", "language", "field"], name="translation_once"),
            models.UniqueConstraint(
                fields=["kind", "language", "text"], condition=Q(field="slug"), name="translated_slug_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.field} ({self.language})"


def show_in_language(rows: Sequence[models.Model], *fields: str) -> None:
    """Give rows of one model, as loaded for a page, the texts of the page's language.

    One query, none in the shop's own language. What is not translated stays as it is, and `own_words` knows
    it. The rows must not be saved afterwards.
    """
    language = get_language() or settings.LANGUAGE_CODE
    if language == settings.LANGUAGE_CODE or not rows:
        return
    found = _texts(rows[0]._meta.label_lower, [str(row.pk) for row in rows], language)
    texts = {(key, field): text for key, field, text in found}
    for row in rows:
        own: set[str] = row.__dict__.setdefault(_OWN, set())
        for field in fields:
            text = texts.get((str(row.pk), field))
            if text:
                setattr(row, field, text)
                own.discard(field)
            else:
                own.add(field)


@prepared
def _texts(kind: str, keys: Collection[str], language: str) -> QuerySet[Any, Any]:
    rows = Translation.objects.filter(kind=kind, key__in=keys, language=language)
    return rows.order_by().values_list("key", "field", "text")


def note_own_words(row: models.Model, field: str) -> None:
    """Let `own_words` know a text that is in the shop's own language, on a page that is not."""
    if (get_language() or settings.LANGUAGE_CODE) != settings.LANGUAGE_CODE:
        row.__dict__.setdefault(_OWN, set()).add(field)


def own_words(row: models.Model) -> Set[str]:
    """The fields that are in the shop's own language, where that is not the page's."""
    own: Set[str] = row.__dict__.get(_OWN, frozenset())
    return own
