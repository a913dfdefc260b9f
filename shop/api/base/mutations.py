"""Change metadata of any object."""

from __future__ import annotations

from django.utils.translation import gettext as _

from shop.api.base.inputs import (
    DeleteMetadataArguments,
    DeletePrivateMetadataArguments,
    UpdateMetadataArguments,
    UpdatePrivateMetadataArguments,
)
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import InvalidId, Key, parse_key, split_global_id
from shop.api.input_data import InputData
from shop.api.metadata import METADATA_ACCESS, MetadataAccess, metadata_from_input
from shop.api.root_fields import Mutations
from shop.core.database.metadata import change_metadata
from shop.core.models import ShopSettings

mutation = Mutations(codes={"empty_metadata_key": "REQUIRED"})


@mutation.field()
def update_metadata(
    arguments: UpdateMetadataArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _change_metadata(arguments, context, selection, is_private=False)


@mutation.field()
def delete_metadata(
    arguments: DeleteMetadataArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _change_metadata(arguments, context, selection, is_private=False)


@mutation.field()
def update_private_metadata(
    arguments: UpdatePrivateMetadataArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _change_metadata(arguments, context, selection, is_private=True)


@mutation.field()
def delete_private_metadata(
    arguments: DeletePrivateMetadataArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _change_metadata(arguments, context, selection, is_private=True)


def _change_metadata(
    arguments: InputData,
    context: Context,
    selection: Selection,
    *,
    is_private: bool,
) -> dict[str, object]:
    target, target_key = _metadata_target(arguments["id"])
    target.check(context, target_key, is_private=is_private)
    if target.model is ShopSettings:  # the row exists only after the first save
        ShopSettings.objects.get_or_create(pk=int(target_key))
    change_metadata(
        model=target.model,
        key=target_key,
        new_items=metadata_from_input(arguments.get("input"), field="input"),
        remove=arguments.get("keys", ()),
        is_private=is_private,
        actor=context.actor,
        now=context.now,
    )
    rows = target.object_type.by_key(context, [target_key], selection.names("item"))
    return {"item": rows.get(target_key)}


def _metadata_target(text: str) -> tuple[MetadataAccess, Key]:
    """Return the object with the metadata. Raises InputError for an id of a type without metadata."""
    try:
        name, key_text = split_global_id(text)
        key = parse_key(name, key_text)
    except ValueError as error:
        raise InputError("GRAPHQL_ERROR", str(InvalidId(text, "an object")), field="id") from error
    target = METADATA_ACCESS.get(name)
    if target is None:
        raise InputError("NOT_FOUND", _("%(type)s has no metadata.") % {"type": name}, field="id")
    return target, key
