"""Saying a row's texts in another language."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.conf import settings
from django.db import models
from django.utils.translation import get_language_info

from shop.core.errors import Missing
from shop.core.models import Translation


def other_languages() -> dict[str, str]:
    """The languages of our pages that texts may be said in, all but the shop's own, by their code."""
    others = (code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE)
    return {code: get_language_info(code)["name_translated"] for code in others}


def say_in_language(
    row: models.Model, language: str, texts: Mapping[str, str], *, of: Collection[str]
) -> list[str]:
    """Step: keep the texts of these fields in a language; an empty one is taken away: the row's own shows.

    The caller has locked the row. Only fields among `of` may be said. Answers those that changed, in their
    order. Raises Missing for another field, and for a language that is the shop's own.
    """
    if language == settings.LANGUAGE_CODE or not set(texts) <= set(of):
        raise Missing()
    kind, key = row._meta.label_lower, str(row.pk)
    before = Translation.objects.texts(kind, [key], language)
    changed = []
    for field, text in texts.items():
        said = text.strip()
        if said == before.get((key, field), ""):
            continue
        changed.append(field)
        if said:
            Translation.objects.update_or_create(
                kind=kind, key=key, language=language, field=field, defaults={"text": said}
            )
        else:
            Translation.objects.filter(kind=kind, key=key, language=language, field=field).delete()
    return changed
