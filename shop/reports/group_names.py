"""Names for the keys of a grouping, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Callable, Collection

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from catalog.models import Category, Product
from cooperatives.models import Cooperative
from orders.models import OrderLine, OrderSource
from shop.core.models import Channel, Division, Level
from shop.reports.sales import DELIVERY, SalesGroup

FEW = 500  # keys that fit in one query on every database


def names_of(group: SalesGroup, keys: Collection[object]) -> dict[object, str]:
    """Return a name for each key; deleted products have the name they were sold under."""
    known: dict[object, str] = {DELIVERY: pgettext("report", "Delivery")}
    known.update(_KNOWN[group](keys))
    return {key: known.get(key) or (_("Not known any more") if key else _("Not said")) for key in keys}


def _product_names(keys: Collection[object]) -> dict[object, str]:
    requested = [key for key in keys if isinstance(key, int)]
    products = Product.objects.all() if len(requested) > FEW else Product.objects.filter(pk__in=requested)
    names: dict[object, str] = dict(products.values_list("pk", "name"))
    gone = [key for key in requested if key not in names][:FEW]
    if not gone:
        return names
    sold = OrderLine.objects.filter(product_key__in=gone).order_by().values("product_key")
    return names | {row["product_key"]: row["name"] for row in sold.annotate(name=Max("product_name"))}


def _province_names() -> dict[object, str]:
    provinces = Division.objects.filter(level=Level.PROVINCE).order_by("valid_from", "pk")
    return dict(provinces.values_list("code", "name"))


_KNOWN: dict[SalesGroup, Callable[[Collection[object]], dict[object, str]]] = {
    SalesGroup.COOPERATIVE: lambda _keys: dict(Cooperative.objects.values_list("pk", "name")),
    SalesGroup.CATEGORY: lambda _keys: dict(Category.objects.values_list("pk", "name")),
    SalesGroup.PRODUCT: _product_names,
    SalesGroup.PROVINCE: lambda _keys: _province_names(),
    SalesGroup.CHANNEL: lambda _keys: dict(Channel.objects.values_list("pk", "name")),
    SalesGroup.SOURCE: lambda _keys: {source.value: str(source.label) for source in OrderSource},
}
