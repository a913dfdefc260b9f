"""Translate a row's texts into another language."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils.translation import get_language_info

from shop.core.actors import Actor
from shop.core.database.row_values import AlreadyTaken, InvalidColumnValue, to_camel_case
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.models import Translation, record_change


def other_languages() -> dict[str, str]:
    """Return the codes and names of the languages texts can be translated into: all but the shop's own."""
    other_codes = (code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE)
    return {code: get_language_info(code)["name_translated"] for code in other_codes}


@transaction.atomic(durable=True)
def save_translations(
    *,
    rows: models.QuerySet[models.Model],
    key: object,
    language: str,
    texts: Mapping[str, str],
    actor: Actor,
    now: datetime.datetime,
) -> models.Model:
    """Save translations of one of these rows. An empty text deletes its translation.

    Raises AlreadyTaken for a slug that another row has in that language, InvalidColumnValue, Missing.
    """
    translated: models.Model | None = lock_row(rows.filter(pk=key)) if key is not None else None
    if translated is None:
        raise Missing(field="id")
    for field, text in texts.items():
        longest = (
            getattr(translated._meta.get_field(field), "max_length", None)
            if _is_column(translated, field)
            else None
        )
        if "\0" in text or (longest is not None and len(text) > longest):
            raise InvalidColumnValue(field=to_camel_case(field))
    try:
        with transaction.atomic():
            changed = save_row_translations(translated, language, texts, translatable_fields=texts)
    except IntegrityError as error:
        raise AlreadyTaken(field="slug") from error
    if changed:
        record_change(
            f"{translated._meta.model_name}.translated",
            translated,
            actor=actor,
            now=now,
            cooperative_id=getattr(translated, "cooperative_id", None),
            data={"language": language, "fields": changed},
        )
    return translated


def _is_column(row: models.Model, name: str) -> bool:
    return name in {field.name for field in row._meta.concrete_fields}


def save_row_translations(
    row: models.Model, language: str, texts: Mapping[str, str], *, translatable_fields: Collection[str]
) -> list[str]:
    """In a transaction: save translations of a locked row's fields. An empty text deletes its translation.

    Returns the changed fields in order. Raises Missing for a field outside `translatable_fields` and
    for the shop's own language.
    """
    if language == settings.LANGUAGE_CODE or not set(texts) <= set(translatable_fields):
        raise Missing()
    kind, key = row._meta.label_lower, str(row.pk)
    before = Translation.objects.texts(kind, [key], language)
    changed = []
    for field, text in texts.items():
        cleaned = text.strip()
        if cleaned == before.get((key, field), ""):
            continue
        changed.append(field)
        if cleaned:
            Translation.objects.update_or_create(
                kind=kind, key=key, language=language, field=field, defaults={"text": cleaned}
            )
        else:
            Translation.objects.filter(kind=kind, key=key, language=language, field=field).delete()
    return changed


def save_children_translations(
    rows: models.Manager[Any],
    prefix: str,
    language: str,
    texts: Mapping[int, Mapping[str, str]],
    *,
    translatable_fields: Collection[str],
) -> list[str]:
    """In a transaction: like `save_row_translations`, for several children of a locked row, by their key.

    Returns the changes as "prefix.key.field". Raises Missing also for a key that is not among the rows.
    """
    children = rows.in_bulk(list(texts))
    if set(children) != set(texts):
        raise Missing()
    return [
        f"{prefix}.{key}.{field}"
        for key, row in children.items()
        for field in save_row_translations(row, language, texts[key], translatable_fields=translatable_fields)
    ]
