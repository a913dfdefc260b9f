"""Saying a row's texts in another language."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils.translation import get_language_info

from shop.core.actors import Actor
from shop.core.database.transactions import locked_one
from shop.core.database.unique_fields import AlreadyTaken, DoesNotFit, in_camel_case
from shop.core.errors import Missing
from shop.core.models import Translation, record_change


def other_languages() -> dict[str, str]:
    """The languages of our pages that texts may be said in, all but the shop's own, by their code."""
    others = (code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE)
    return {code: get_language_info(code)["name_translated"] for code in others}


@transaction.atomic(durable=True)
def translate(
    *,
    rows: models.QuerySet[Any],
    key: Any,
    language: str,
    texts: Mapping[str, str],
    actor: Actor,
    now: datetime.datetime,
) -> models.Model:
    """Say a row of these in a language; an empty text is taken away. Raises AlreadyTaken for an address that
    another has in that language, DoesNotFit, Missing."""
    row: models.Model | None = locked_one(rows.filter(pk=key)) if key is not None else None
    if row is None:
        raise Missing(field="id")
    for field, text in texts.items():
        longest = getattr(row._meta.get_field(field), "max_length", None) if _is_column(row, field) else None
        if "\0" in text or (longest is not None and len(text) > longest):
            raise DoesNotFit(field=in_camel_case(field))
    try:
        with transaction.atomic():
            changed = say_in_language(row, language, texts, of=texts)
    except IntegrityError as error:
        raise AlreadyTaken(field="slug") from error
    if changed:
        record_change(
            f"{row._meta.model_name}.translated",
            row,
            actor=actor,
            now=now,
            cooperative_id=getattr(row, "cooperative_id", None),
            data={"language": language, "fields": changed},
        )
    return row


def _is_column(row: models.Model, name: str) -> bool:
    return name in {field.name for field in row._meta.concrete_fields}


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


def say_each_in_language(
    rows: models.Manager[Any],
    word: str,
    language: str,
    texts: Mapping[int, Mapping[str, str]],
    *,
    of: Collection[str],
) -> list[str]:
    """Step: the same for several of a locked row's own, by their key.

    Answers what changed as "word.key.field". Raises Missing as it does, and for a key that is not among the
    rows.
    """
    mine = rows.in_bulk(list(texts))
    if set(mine) != set(texts):
        raise Missing()
    return [
        f"{word}.{key}.{field}"
        for key, row in mine.items()
        for field in say_in_language(row, language, texts[key], of=of)
    ]
