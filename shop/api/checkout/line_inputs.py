"""Convert checkout line inputs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from catalog.models import Variant
from orders.actions.basket.basket_lines import LineToAdd, NotForSale
from orders.actions.basket.bulk_lines import LineUpdate
from shop.accounts.staff.permissions import Permission
from shop.api.checkout.inputs import CheckoutLineInput, CheckoutLineUpdateInput
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import global_ids, input_key
from shop.api.metadata import metadata_from_input
from shop.api.money import parse_minor_units
from shop.core.database.compiled_query import compiled_query


def parse_lines_to_add(
    lines: Sequence[CheckoutLineInput], currency: str, context: Context
) -> list[LineToAdd]:
    """Convert `[CheckoutLineInput!]`. Raises InputError, PermissionDenied."""
    return [
        LineToAdd(
            variant_id=input_key(line["variantId"], "ProductVariant", field="variantId"),
            quantity=line["quantity"],
            forced_price=_given_price(line, currency, context),
            needs_new_line=bool(line.get("forceNewLine")),
            metadata=metadata_from_input(line.get("metadata")),
        )
        for line in lines
    ]


@contextmanager
def unknown_variants_as_input_errors(lines_to_add: Sequence[LineToAdd]) -> Iterator[None]:
    """Raise InputError in place of NotForSale if one of the variants does not exist."""
    try:
        yield
    except NotForSale:
        _require_variants([line_to_add.variant_id for line_to_add in lines_to_add])
        raise


def parse_line_updates(
    lines: Sequence[CheckoutLineUpdateInput], currency: str, context: Context
) -> list[LineUpdate]:
    """Convert `[CheckoutLineUpdateInput!]`, each for a line or a variant. Raises as `parse_lines_to_add`."""
    updates = []
    for entry in lines:
        line, variant = entry.get("lineId"), entry.get("variantId")
        if (line is None) == (variant is None):
            raise InputError("GRAPHQL_ERROR", _("Provide either `lineId` or `variantId`."), field="lines")
        updates.append(
            LineUpdate(
                line_id=None if line is None else input_key(line, "CheckoutLine", field="lineId"),
                variant_id=None
                if variant is None
                else input_key(variant, "ProductVariant", field="variantId"),
                quantity=entry.get("quantity"),
                forced_price=_given_price(entry, currency, context),
                metadata=metadata_from_input(entry.get("metadata")),
            )
        )
    _require_variants([update.variant_id for update in updates if update.variant_id is not None])
    return updates


@compiled_query
def _existing_variants(keys: Collection[int]) -> QuerySet[Variant, int]:
    return Variant.objects.filter(pk__in=keys).values_list("pk", flat=True)


def _require_variants(keys: Sequence[int]) -> None:
    existing_keys = set(_existing_variants(keys)) if keys else set()
    unknown = [key for key in keys if key not in existing_keys]
    if unknown:
        (first, *_remaining) = global_ids("ProductVariant", unknown)
        raise InputError(
            "GRAPHQL_ERROR",
            f"Could not resolve to a node with the global id list of '{first}'.",
            field="variantId",
        )


def _given_price(
    input_data: CheckoutLineInput | CheckoutLineUpdateInput, currency: str, context: Context
) -> int | None:
    price = input_data.get("price")
    if price is None:
        if input_data.get("priceOverrideReason"):
            raise InputError(
                "PRICE_OVERRIDE_REASON_WITHOUT_OVERRIDE", _("Provide a price, or remove the reason.")
            )
        return None
    context.require(Permission.HANDLE_CHECKOUTS)
    return parse_minor_units(price, currency, field="price")
