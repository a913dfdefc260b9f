"""Create, update and delete product types, attributes, categories and collections."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TypeVar

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from catalog.models import Attribute, Category, Collection, ProductType
from shop.core.actors import Actor
from shop.core.database.metadata import set_tracked_columns
from shop.core.database.row_values import require_related_rows, save_unique, unused_slug
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change

TaxonomyRow = TypeVar("TaxonomyRow", ProductType, Attribute, Category, Collection)


class StillReferenced(Refused):
    code = "still_referenced"
    default_message = _("This is still in use. Change or remove what uses it first.")


def create_taxonomy_row(
    model: type[TaxonomyRow], *, values: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> TaxonomyRow:
    """In a transaction: create a product type, attribute or collection. Raises AlreadyTaken."""
    require_related_rows(model, values)
    row = model(**values)
    row.slug = row.slug or unused_slug(model, row.name)
    save_unique(row)
    record_change(f"{model._meta.model_name}.created", row, actor=actor, now=now)
    return row


def lock_taxonomy_row(model: type[TaxonomyRow], key: int, *, field: str) -> TaxonomyRow:
    """In a transaction: lock a row. `field` names the input in the refusal. Raises Missing."""
    row = lock_row(model._default_manager.filter(pk=key))
    if row is None:
        raise Missing(field=field)
    return row


@transaction.atomic(durable=True)
def update_taxonomy_row(
    model: type[TaxonomyRow],
    key: int,
    *,
    values: Mapping[str, object],
    actor: Actor,
    now: datetime.datetime,
) -> TaxonomyRow:
    """Update the named columns. Raises Missing, AlreadyTaken."""
    return update_taxonomy_columns(model, key, values=values, actor=actor, now=now)


def update_taxonomy_columns(
    model: type[TaxonomyRow], key: int, *, values: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> TaxonomyRow:
    """In a transaction: update the named columns. Raises Missing, AlreadyTaken."""
    row = lock_taxonomy_row(model, key, field="id")
    require_related_rows(model, values)
    changes = set_tracked_columns(row, values)
    save_unique(row)
    if changes["fields"]:
        record_change(f"{model._meta.model_name}.changed", row, actor=actor, now=now, data=changes)
    return row


@transaction.atomic(durable=True)
def delete_taxonomy_row(model: type[TaxonomyRow], key: int, *, actor: Actor, now: datetime.datetime) -> None:
    """Delete a row that nothing refers to. Products of a deleted category have no category afterwards.

    Raises Missing, StillReferenced.
    """
    row = lock_taxonomy_row(model, key, field="id")
    record_change(
        f"{model._meta.model_name}.deleted",
        row,
        actor=actor,
        now=now,
        snapshot={"name": row.name, "slug": row.slug},
    )
    try:
        row.delete()
    except ProtectedError as error:
        raise StillReferenced(field="id") from error
