"""Changing the free keys of a row, alone or with its other columns."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from shop.core.actors import Actor
from shop.core.database.transactions import locked_one
from shop.core.errors import Missing, Refused
from shop.core.models import record_change

_FREE_KEYS = ("metadata", "private_metadata")


class EmptyKey(Refused):
    code = "empty_key"
    default_words = _("A key cannot be empty.")


def put_columns(row: models.Model, values: Mapping[str, Any]) -> list[str]:
    """Step: set columns of a row, unsaved, and answer which of them changed. Keys of metadata come beside
    those that are there: they are other systems' too."""
    changed = []
    for column, value in values.items():
        kept = getattr(row, column)
        wanted = kept | value if column in _FREE_KEYS else value
        if wanted != kept:
            setattr(row, column, wanted)
            changed.append(column)
    return changed


@transaction.atomic(durable=True)
def change_metadata(
    *,
    model: type[models.Model],
    key: Any,
    put: Mapping[str, str],
    remove: Collection[str] = (),
    private: bool = False,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Put keys into a row's metadata, public or private, and take others out. Raises Missing, EmptyKey.

    What is in the change's data are the keys alone: values may be secrets of an integration.
    """
    if any(not name.strip() for name in put):
        raise EmptyKey(field="input")
    row = locked_one(model._default_manager.filter(pk=key))
    if row is None:
        raise Missing(field="id")
    column = "private_metadata" if private else "metadata"
    kept: dict[str, str] = getattr(row, column)
    changed = {name: value for name, value in (kept | dict(put)).items() if name not in remove}
    if changed == kept:
        return
    setattr(row, column, changed)
    row.save(update_fields=[column])
    record_change(
        f"{model._meta.model_name}.{column}_changed",
        row,
        actor=actor,
        now=now,
        data={"put": sorted(put), "removed": sorted(remove)},
    )
