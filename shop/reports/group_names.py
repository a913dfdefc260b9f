"""Names for the keys of a grouping, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Callable, Collection

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from catalog.models import Category, Product
from cooperatives.models import Cooperative
from orders.models import OrderLine, OrderSource
from shop.core.models import Channel, Division, DivisionLevel
from shop.reports.sales import DELIVERY_ROW_KEY, SalesGroup

MAX_KEYS_PER_QUERY = 500  # on every database


def load_group_names(group: SalesGroup, keys: Collection[object]) -> dict[object, str]:
    """Return a name for each key. Deleted products have the name they were sold under."""
    known_names: dict[object, str] = {DELIVERY_ROW_KEY: pgettext("report", "Delivery")}
    known_names.update(_KNOWN[group](keys))
    return {
        key: known_names.get(key) or (_("No longer known") if key else _("Not specified")) for key in keys
    }


def load_group_codes(group: SalesGroup, keys: Collection[object]) -> dict[object, str] | None:
    """Return the codes that files name groups by besides their name, or None for groups without one.

    A cooperative's code is its slug, which is the end of its page's address.
    """
    if group != SalesGroup.COOPERATIVE:
        return None
    slugs = dict(Cooperative.objects.values_list("pk", "slug"))
    return {key: slugs.get(key, "") for key in keys if isinstance(key, int)}


def _read_product_names(keys: Collection[object]) -> dict[object, str]:
    product_ids = [key for key in keys if isinstance(key, int)]
    products = (
        Product.objects.all()
        if len(product_ids) > MAX_KEYS_PER_QUERY
        else Product.objects.filter(pk__in=product_ids)
    )
    names: dict[object, str] = dict(products.values_list("pk", "name"))
    deleted_ids = [key for key in product_ids if key not in names][:MAX_KEYS_PER_QUERY]
    if not deleted_ids:
        return names
    sold_lines = OrderLine.objects.filter(product_key__in=deleted_ids).order_by().values("product_key")
    return names | {row["product_key"]: row["name"] for row in sold_lines.annotate(name=Max("product_name"))}


def _read_province_names() -> dict[object, str]:
    provinces = Division.objects.filter(level=DivisionLevel.PROVINCE).order_by("valid_from", "pk")
    return dict(provinces.values_list("code", "name"))


_KNOWN: dict[SalesGroup, Callable[[Collection[object]], dict[object, str]]] = {
    SalesGroup.COOPERATIVE: lambda _keys: dict(Cooperative.objects.values_list("pk", "name")),
    SalesGroup.CATEGORY: lambda _keys: dict(Category.objects.values_list("pk", "name")),
    SalesGroup.PRODUCT: _read_product_names,
    SalesGroup.PROVINCE: lambda _keys: _read_province_names(),
    SalesGroup.CHANNEL: lambda _keys: dict(Channel.objects.values_list("pk", "name")),
    SalesGroup.SOURCE: lambda _keys: {source.value: str(source.label) for source in OrderSource},
}
