"""Names of what changed, with links to their pages at the desk, by one query for each kind of row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import singledispatch

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.urls import reverse
from django.utils.translation import pgettext

from catalog.models import BackInStockRequest, Bulletin, Listing, Price, Product, Stock, Variant
from cooperatives.models import ApplicationDocument, Certificate, Follow, Membership
from orders.models import (
    BankTransfer,
    CashRemittance,
    CommissionRate,
    Complaint,
    Order,
    OrderLine,
    Payout,
    Settlement,
    StatementImport,
)
from orders.models.transfer import StatementKind
from shop.accounts.models import User
from shop.core.models import Change, ShopSettings
from shop.core.texts.formatting import format_day, format_money

_Place = tuple[str, str]  # a model's label and a key
_PAGES = {
    "accounts.datarequest": "desk:data-request",
    "accounts.group": "desk:role",
    "catalog.category": "desk:category",
    "catalog.promotion": "desk:promotion",
    "catalog.synonymset": "desk:synonym-set",
    "cooperatives.cooperative": "desk:cooperative",
    "orders.banktransfer": "desk:transfer",
    "orders.cashremittance": "desk:cash-remittance",
    "orders.complaint": "desk:complaint",
    "orders.order": "desk:order",
    "orders.payout": "desk:payout",
    "orders.settlement": "desk:settlement",
    "orders.voucher": "desk:voucher",
}
_RELATED = {
    "catalog.backinstockrequest": ("product",),
    "catalog.bulletin": ("cooperative",),
    "catalog.listing": ("product",),
    "catalog.price": ("variant__product",),
    "catalog.stock": ("variant__product",),
    "catalog.variant": ("product",),
    "cooperatives.follow": ("cooperative",),
    "cooperatives.membership": ("user",),
    "orders.cashremittance": ("cooperative",),
    "orders.commissionrate": ("cooperative", "category"),
    "orders.settlement": ("cooperative",),
}


@dataclass(frozen=True, slots=True)
class ChangedObject:
    """A changed row, with its name and, if it has one, the address of its page at the desk.

    `is_inside` is true if it belongs to another row and has a name of its own, like a product's variant.
    """

    name: str
    url: str = ""
    is_inside: bool = False

    def __str__(self) -> str:
        return self.name


def load_objects_of_changes(changes: Iterable[Change]) -> list[list[ChangedObject]]:
    """Return what each change is about: the order, product or cooperative, then the row inside it."""
    changes = list(changes)
    rows = _load_rows({place for change in changes for place in _named_rows(change)})
    product_pages = _build_product_pages(rows.values())
    return [_describe_objects(change, rows, product_pages) for change in changes]


def _named_rows(change: Change) -> list[_Place]:
    """Return the rows that a change names. A price or stock is named by its variant."""
    root, row = (change.root_kind, change.root_key), (change.kind, change.key)
    variant = change.data.get("variant")
    if isinstance(variant, int) and change.kind in ("catalog.price", "catalog.stock"):
        row = ("catalog.variant", str(variant))
    return list(dict.fromkeys((root, row)))


def _load_rows(places: Iterable[_Place]) -> dict[_Place, Model]:
    keys_by_kind: defaultdict[str, list[str]] = defaultdict(list)
    for kind, key in places:
        keys_by_kind[kind].append(key)
    rows: dict[_Place, Model] = {}
    for kind, keys in keys_by_kind.items():
        try:
            model = apps.get_model(kind)
            keys_of_rows = {model._meta.pk.to_python(key): key for key in keys}
        except (LookupError, ValueError, ValidationError):
            continue  # a model of a former release
        related = _RELATED.get(kind)
        queryset = model._default_manager.select_related(*related) if related else model._default_manager
        for key, row in queryset.in_bulk(list(keys_of_rows)).items():
            rows[kind, keys_of_rows[key]] = row
    return rows


def _build_product_pages(rows: Iterable[Model]) -> dict[int, str]:
    """Return the desk's page of each product among these rows."""
    products = {product_id for row in rows if (product_id := _product_key(row)) is not None}
    if not products:
        return {}
    listings = Listing.objects.existing().filter(product__in=products).order_by("-pk")
    return {
        product_id: reverse("desk:listing", args=[listing_id])
        for product_id, listing_id in listings.values_list("product", "pk")
    }


def _product_key(row: Model) -> int | None:
    if isinstance(row, (Price, Stock)):
        return row.variant.product_id
    if isinstance(row, (Listing, Variant)):
        return row.product_id
    return row.pk if isinstance(row, Product) else None


def _describe_objects(
    change: Change, rows: Mapping[_Place, Model], product_pages: Mapping[int, str]
) -> list[ChangedObject]:
    objects: dict[str, ChangedObject] = {}
    for position, place in enumerate(_named_rows(change)):
        row = rows.get(place)
        name, url = (
            (row_name(row), _page_url(row, product_pages)) if row else (_snapshot_name(change, place), "")
        )
        root = objects.get(url)
        if name and (root is None or root.name != name):
            objects[url or name] = ChangedObject(name, url, is_inside=position > 0)
    return list(objects.values())


def _snapshot_name(change: Change, place: _Place) -> str:
    snapshot = change.snapshot if place == (change.kind, change.key) and change.snapshot else {}
    return str(snapshot.get("name") or snapshot.get("phrase") or "")


def _page_url(row: Model, product_pages: Mapping[int, str]) -> str:
    product = _product_key(row)
    if product is not None:
        return product_pages.get(product, "")
    if isinstance(row, User):
        return reverse("desk:staff-account" if row.is_staff else "desk:customer", args=[row.pk])
    if isinstance(row, StatementImport):
        is_bank = row.kind == StatementKind.BANK
        return reverse("desk:bank-statement" if is_bank else "desk:cash-statement", args=[row.pk])
    if isinstance(row, ShopSettings):
        return reverse("desk:settings")
    if isinstance(row, Order) and row.is_draft:
        return reverse("desk:draft", args=[row.pk])
    page = _PAGES.get(row._meta.label_lower)
    return reverse(page, args=[row.pk]) if page else ""


@singledispatch
def row_name(row: Model) -> str:
    """Return a row's name as the desk shows it, "" if it has no name of its own."""
    return str(getattr(row, "name", "") or getattr(row, "title", ""))


@row_name.register
def _order_name(order: Order) -> str:
    return pgettext("changed object", "Order %(code)s") % {"code": order.code}


@row_name.register
def _line_name(line: OrderLine) -> str:
    return ", ".join(filter(None, (line.product_name, line.variant_name)))


@row_name.register
def _variant_name(row: Variant) -> str:
    return ", ".join(filter(None, (row.product.name, row.name)))


@row_name.register(Price)
@row_name.register(Stock)
def _name_of_variant(row: Price | Stock) -> str:
    return _variant_name(row.variant)


@row_name.register
def _listing_name(row: Listing) -> str:
    return row.product.name


@row_name.register
def _requested_name(back_in_stock_request: BackInStockRequest) -> str:
    return back_in_stock_request.product.name


@row_name.register
def _follow_name(row: Follow) -> str:
    return _owner_name(row)


@row_name.register
def _bulletin_name(row: Bulletin) -> str:
    words = {"owner": _owner_name(row), "day": format_day(row.week)}
    return pgettext("changed object", "%(owner)s, week of %(day)s") % words


def _owner_name(row: Bulletin | Follow) -> str:
    return row.cooperative.name if row.cooperative else pgettext("changed object", "The whole market")


@row_name.register
def _person_name(user: User) -> str:
    return user.name or user.email or user.phone or ""


@row_name.register
def _member_name(membership: Membership) -> str:
    return _person_name(membership.user)


@row_name.register
def _document_name(document: ApplicationDocument) -> str:
    return str(document.get_kind_display())


@row_name.register
def _certificate_name(certificate: Certificate) -> str:
    return str(certificate)


@row_name.register
def _settlement_name(settlement: Settlement) -> str:
    values = {"cooperative": settlement.cooperative.name, "number": settlement.number}
    return pgettext("changed object", "%(cooperative)s, settlement %(number)s") % values


@row_name.register
def _payout_name(payout: Payout) -> str:
    return pgettext("changed object", "Payout of %(amount)s") % {
        "amount": format_money(payout.amount, payout.currency)
    }


@row_name.register
def _transfer_name(transfer: BankTransfer) -> str:
    return pgettext("changed object", "Transfer of %(amount)s") % {
        "amount": format_money(transfer.amount, transfer.currency)
    }


@row_name.register
def _remittance_name(remittance: CashRemittance) -> str:
    return remittance.cooperative.name if remittance.cooperative else remittance.carrier


@row_name.register
def _complaint_name(complaint: Complaint) -> str:
    return pgettext("changed object", "Complaint: “%(text)s”") % {"text": str(complaint)}


@row_name.register
def _statement_name(statement: StatementImport) -> str:
    return statement.file_name


@row_name.register
def _rate_name(rate: CommissionRate) -> str:
    scope = [str(part) for part in (rate.cooperative, rate.category) if part]
    return ", ".join(scope) or pgettext("changed object", "All cooperatives")


@row_name.register
def _settings_name(shop: ShopSettings) -> str:
    return pgettext("changed object", "Market settings")
