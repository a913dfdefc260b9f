"""Cooperatives, an extension of Saleor's schema."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from cooperatives.models import Certificate, CertificateKind, Cooperative
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.collection_rows import key_from_cooperative
from shop.api.catalogue.inputs import (
    CooperativeArguments,
    CooperativeProductsArguments,
    CooperativesArguments,
)
from shop.api.catalogue.lookups import filter_by_lookup
from shop.api.catalogue.pictures import background
from shop.api.catalogue.product_lists import apply_filters, apply_sorting, filter_listed
from shop.api.catalogue.types import (
    WAREHOUSE_PERMISSIONS,
    collection_object,
    own_rows_condition,
    product_object,
    warehouse_object,
)
from shop.api.connections import SortKey, connect, connect_for_parents
from shop.api.context import Context
from shop.api.in_channel import InChannel, Pair, channel_by_key
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Rows, Type
from shop.api.root_fields import Queries
from shop.api.schema import Choices
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel

ENUMS: dict[str, Choices] = {"CooperativeCertificateKind": CertificateKind}


def _visible_cooperatives(context: Context, channel: Channel | None) -> Rows:
    """Return visible cooperatives: public ones, or all for staff with a permission for them."""
    if context.may(Permission.MANAGE_PRODUCTS, Permission.MANAGE_ORDERS, Permission.MANAGE_STAFF):
        return Cooperative.objects.all()
    own_cooperatives = own_rows_condition(context, "pk")
    return (
        Cooperative.objects.public()
        if own_cooperatives is None
        else Cooperative.objects.public() | Cooperative.objects.filter(own_cooperatives)
    )


cooperative_object = InChannel("Cooperative", _visible_cooperatives)
cooperative_object.id()
cooperative_object.columns(
    slug="slug",
    name="name",
    legalName="legal_name",
    registrationNumber="registration_number",
    summary="summary",
    story="story",
    phone="phone",
    email="email",
    province="province_name",
)
cooperative_object.field("cover", needs=("id", "cover_id"))(background("Cooperative", "cover_id"))
add_metadata_fields(cooperative_object, Cooperative, permissions=[Permission.MANAGE_PRODUCTS])
product_object.related_in_channel("cooperative", cooperative_object, column="cooperative_id")
warehouse_object.related("cooperative", cooperative_object, column="cooperative_id")

certificate_object = Type("CooperativeCertificate", lambda context: Certificate.objects.all())
certificate_object.columns(
    kind="kind", stars="stars", number="number", issuer="issuer", expiresOn="expires_on"
)


@cooperative_object.field("place", needs=("hamlet", "commune_name", "province_name"))
def place_of_cooperatives(rows: list[Row], *_: object) -> list[str]:
    parts = [(row.hamlet, row.commune_name, row.province_name) for row in rows]
    return [", ".join(filter(None, part)) for part in parts]


@cooperative_object.field(needs=("paused_from", "paused_until"))
def paused_until(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[datetime.date | None]:
    today = vietnam_date(context.now)
    is_paused_now = [
        row.paused_from is not None and row.paused_until is not None and today < row.paused_until
        for row in rows
    ]
    return [
        row.paused_until if is_paused else None for row, is_paused in zip(rows, is_paused_now, strict=True)
    ]


@cooperative_object.field(needs="id")
def certificates(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    """Resolve the certificates valid today."""
    valid_certificates = Certificate.objects.valid_on(vietnam_date(context.now)).filter(
        cooperative__in={row.id for row in rows}
    )
    certificates_by_cooperative = certificate_object.grouped(
        valid_certificates.order_by("kind", "pk"), selection.names(), by="cooperative_id"
    )
    return [certificates_by_cooperative.get(row.id, []) for row in rows]


@cooperative_object.field("shelf", needs=("id", "in_channel"))
def shelf_of_cooperatives(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    pairs = [(key_from_cooperative(row.id), row.in_channel) for row in rows]
    collections_by_pair = collection_object.by_pair(context, pairs, selection.names())
    return [collections_by_pair.get(pair) for pair in pairs]


@cooperative_object.field(needs=("id", "in_channel"))
def products(
    cooperatives: list[Row], arguments: CooperativeProductsArguments, context: Context, selection: Selection
) -> Sequence[object]:
    """Resolve the products in the given channel, by default the channel that the cooperative is seen in."""
    pages: dict[Pair, object] = {}
    for channel_key in dict.fromkeys(row.in_channel for row in cooperatives):
        slug = arguments.get("channel")
        channel = context.channel(slug) if slug is not None else channel_by_key(context, channel_key)
        product_rows = filter_listed(product_object.rows_in(context, channel), context, channel)
        product_rows = apply_filters(product_rows, arguments, context, channel)
        product_rows, order = apply_sorting(product_rows, arguments.get("sortBy"), channel)
        keys = [row.id for row in cooperatives if row.in_channel == channel_key]
        cooperative_pages = connect_for_parents(
            product_object,
            product_rows,
            arguments,
            selection,
            order=order,
            parent_column="cooperative_id",
            parents=keys,
        )
        pages |= {(key, channel_key): page for key, page in zip(keys, cooperative_pages, strict=True)}
    return [pages[row.id, row.in_channel] for row in cooperatives]


cooperative_object.related_rows(
    "warehouses",
    warehouse_object,
    column="cooperative",
    order=["name", "id"],
    permissions=WAREHOUSE_PERMISSIONS,
)


query = Queries()


def _requested_rows(arguments: CooperativeArguments | CooperativesArguments, context: Context) -> Rows:
    return cooperative_object.rows_in(context, context.channel(arguments.get("channel")))


@query.field("cooperative")
def one_cooperative(arguments: CooperativeArguments, context: Context, selection: Selection) -> Row | None:
    rows = filter_by_lookup(
        cooperative_object, _requested_rows(arguments, context), "cooperatives.cooperative", arguments
    )
    return next(iter(cooperative_object.read(rows, selection.names())), None)


@query.field("cooperatives")
def all_cooperatives(
    arguments: CooperativesArguments, context: Context, selection: Selection
) -> dict[str, object]:
    rows = _requested_rows(arguments, context)
    if text := arguments.get("search"):
        rows = rows.filter(pk__in=Cooperative.objects.matching(text).values("pk"))
    return connect(
        cooperative_object, rows, arguments, selection, order=[SortKey("sort_order"), SortKey("id")]
    )


TYPES = (cooperative_object, certificate_object, query)
