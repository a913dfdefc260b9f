"""Change the metadata of a row, alone or together with other columns of the row."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change

METADATA_COLUMNS = ("metadata", "private_metadata")
_RECORDED_TYPES = (str, int, bool, type(None))


class EmptyMetadataKey(Refused):
    code = "empty_metadata_key"
    default_message = _("The key cannot be empty.")


def set_columns(row: models.Model, values: Mapping[str, object]) -> list[str]:
    """Set columns of an unsaved row and return the names of those that changed.

    New keys are merged into the metadata, because other systems own some of the existing keys.
    """
    changed = []
    for column, value in values.items():
        current = getattr(row, column)
        new_value = current | value if column in METADATA_COLUMNS else value
        if new_value != current:
            setattr(row, column, new_value)
            changed.append(column)
    return changed


def set_tracked_columns(row: models.Model, values: Mapping[str, object]) -> dict[str, object]:
    """Set columns of an unsaved row and return the data of its change.

    The data has `fields`, the names of the columns that changed. It has their values `from` and `to`, except
    for columns of JSON.
    """
    before = {column: getattr(row, column) for column in values}
    fields = set_columns(row, values)
    recorded = [column for column in fields if isinstance(before[column], _RECORDED_TYPES)]
    return {
        "fields": fields,
        "from": {column: before[column] for column in recorded},
        "to": {column: getattr(row, column) for column in recorded},
    }


@transaction.atomic(durable=True)
def change_metadata(
    *,
    model: type[models.Model],
    key: object,
    new_items: Mapping[str, str],
    remove: Collection[str] = (),
    is_private: bool = False,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Set and remove keys of a row's public or private metadata. Raises Missing, EmptyMetadataKey.

    The change records only the names of the keys, because values may be secrets of an integration.
    """
    if any(not name.strip() for name in new_items):
        raise EmptyMetadataKey(field="input")
    row = lock_row(model._default_manager.filter(pk=key))
    if row is None:
        raise Missing(field="id")
    column = "private_metadata" if is_private else "metadata"
    current: dict[str, str] = getattr(row, column)
    changed = {name: value for name, value in (current | dict(new_items)).items() if name not in remove}
    if changed == current:
        return
    setattr(row, column, changed)
    row.save(update_fields=[column])
    record_change(
        f"{model._meta.model_name}.{column}_changed",
        row,
        actor=actor,
        now=now,
        data={"put": sorted(new_items), "removed": sorted(remove)},
    )
