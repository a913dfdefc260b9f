from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence, Set

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import get_language, pgettext_lazy

from shop.core.database.compiled_query import compiled_query

_UNTRANSLATED_ATTRIBUTE = "_own_words"


class TranslationQuerySet(models.QuerySet["Translation"]):
    def texts(self, kind: str, keys: Iterable[object], language: str) -> dict[tuple[str, str], str]:
        """Return all texts of these rows in one language, by key and field. It takes one query."""
        rows = self.filter(kind=kind, key__in=[str(key) for key in keys], language=language)
        return {(row.key, row.field): row.text for row in rows}


class Translation(models.Model):
    """One field of one row in another language. Without it pages show the row's own text.

    `kind` is the model's label ("catalog.product"), `key` its primary key as text, `language` an IETF tag in
    lower case ("en", "vi", "tyz"). Rich text is stored as JSON.
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
    """Replace fields of loaded rows of one model by their translations into the page's language.

    It takes one query, or none if the page is in the shop's language. Untranslated fields keep their text and
    are listed by `untranslated_fields`. Do not save the rows afterwards.
    """
    language = get_language() or settings.LANGUAGE_CODE
    if language == settings.LANGUAGE_CODE or not rows:
        return
    translations = _texts(rows[0]._meta.label_lower, [str(row.pk) for row in rows], language)
    texts = {(key, field): text for key, field, text in translations}
    for row in rows:
        untranslated: set[str] = row.__dict__.setdefault(_UNTRANSLATED_ATTRIBUTE, set())
        for field in fields:
            text = texts.get((str(row.pk), field))
            if text:
                setattr(row, field, text)
                untranslated.discard(field)
            else:
                untranslated.add(field)


@compiled_query
def _texts(kind: str, keys: Collection[str], language: str) -> QuerySet[Translation, tuple[str, str, str]]:
    rows = Translation.objects.filter(kind=kind, key__in=keys, language=language)
    return rows.order_by().values_list("key", "field", "text")


def mark_untranslated(row: models.Model, field: str) -> None:
    """Mark a field as untranslated for `untranslated_fields`, if the page is in another language."""
    if (get_language() or settings.LANGUAGE_CODE) != settings.LANGUAGE_CODE:
        row.__dict__.setdefault(_UNTRANSLATED_ATTRIBUTE, set()).add(field)


def untranslated_fields(row: models.Model) -> Set[str]:
    """Return the fields shown in the shop's own language on a page in another language."""
    untranslated: Set[str] = row.__dict__.get(_UNTRANSLATED_ATTRIBUTE, frozenset())
    return untranslated
