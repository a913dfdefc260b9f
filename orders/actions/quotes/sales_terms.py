"""The terms of sale that a process keeps in memory.

They are the settings, tax rates, delivery methods and services, and the key of order codes: the same for all
baskets, and seldom changed. Triggers add a row to a journal whenever one of their tables changes
(sales_terms_triggers.py). `sales_terms` compares the journal's newest rows with one query and forgets
everything after a change, so what it returns is never older than the call.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from celery import shared_task
from django.db import connection
from django.db.models import Q, QuerySet

from cooperatives.models import (
    PICKUP_KINDS,
    DeliveryMethod,
    DeliveryRate,
    MarketDay,
    ShippingService,
    ShippingServicePrice,
    Zone,
)
from orders.models import OrderCodeKey, read_commission_percents
from shop.core.database.bounded_cache import Cache
from shop.core.database.compiled_query import compiled_query
from shop.core.database.metadata import METADATA_COLUMNS
from shop.core.database.prefetched_rows import attach_prefetched_rows
from shop.core.models import ShopSettings, read_tax_rates, shop_settings

_MAX_CACHED_ENTRIES = 1_000  # one holds the delivery methods of a cooperative for a province

# A transaction that began earlier may commit a lower id after a higher one, so the newest id alone does not
# detect every change. On SQLite ids repeat after a rollback, tokens do not.
_VERSION_SQL = """
SELECT max(id), sum(id), (SELECT token FROM orders_termschange ORDER BY id DESC LIMIT 1)
FROM (SELECT id FROM orders_termschange ORDER BY id DESC LIMIT 256) AS newest
"""

_TRIM_SQL = "DELETE FROM orders_termschange WHERE id <= (SELECT max(id) FROM orders_termschange) - %s"
_JOURNAL_ROWS = 1_000

# Columns that neither prices nor emails use.
_UNREAD_OF_METHODS = dict.fromkeys(("", "service__tax_class__", "warehouse__address__"), METADATA_COLUMNS) | {
    "service__": (*METADATA_COLUMNS, "description"),
    "warehouse__": (*METADATA_COLUMNS, "created_at"),
}


@dataclass(frozen=True, slots=True)
class ChannelShippingService:
    """The channel's shipping service for sellers that have no delivery method of their own.

    Its price, in minor units, is charged once per order for all these sellers.
    """

    service: ShippingService
    service_price: ShippingServicePrice

    @property
    def price(self) -> int:
        return self.service_price.price

    def serves(self, *, subtotal: int, grams: int) -> bool:
        """Return whether the service takes a basket of this value (minor units) and weight."""
        if (
            subtotal < self.service_price.minimum_order
            or (self.service_price.maximum_order or subtotal) < subtotal
        ):
            return False
        service = self.service
        if not service.is_weight_based:
            return True
        return service.minimum_grams <= grams and (service.maximum_grams or grams) >= grams


class SalesTerms:
    """The terms under one version of their tables. Each is read when it is first used.

    Rows are copies, because pages write translations into them. Do not save them.
    """

    def __init__(self, version: tuple[object, ...]) -> None:
        self.version = version
        self._methods: Cache[Hashable, list[DeliveryMethod]] = Cache(_MAX_CACHED_ENTRIES)
        self._services: Cache[Hashable, dict[int, ChannelShippingService]] = Cache(_MAX_CACHED_ENTRIES)
        self._tax_rates: Cache[Hashable, dict[int | None, Decimal]] = Cache(_MAX_CACHED_ENTRIES)
        self._commissions: Cache[Hashable, Decimal] = Cache(_MAX_CACHED_ENTRIES)

    @cached_property
    def settings(self) -> ShopSettings:
        return shop_settings()

    def tax_rates(self, *, country: str, day: datetime.date) -> Mapping[int | None, Decimal]:
        """Return the rates in force, in percent by tax class.

        Under None is the country's rate without a class.
        """
        rates = self._tax_rates.get((country, day))
        if rates is None:
            rates = read_tax_rates(day, country=country)
            self._tax_rates.put((country, day), rates)
        return rates

    @cached_property
    def order_code_key(self) -> str | None:
        """The key of order codes, or None until the first code is drawn."""
        stored: OrderCodeKey | None = OrderCodeKey.objects.order_by("pk").first()
        return None if stored is None else stored.key

    def commission_percents(
        self, products: Iterable[tuple[int, str]], *, day: datetime.date
    ) -> Mapping[tuple[int, str], Decimal]:
        """Return percent by (cooperative id, category path), as `read_commission_percents` does."""
        percents = {product: self._commissions.get((*product, day)) for product in set(products)}
        unread = [product for product, percent in percents.items() if percent is None]
        read = dict(read_commission_percents(unread, day=day))
        for product, percent in read.items():
            self._commissions.put((*product, day), percent)
        return {product: percent for product, percent in percents.items() if percent is not None} | read

    def delivery_methods(
        self, cooperative_ids: Iterable[int], *, channel_id: int, province_code: str
    ) -> dict[int, list[DeliveryMethod]]:
        """Return the active methods by cooperative, with the rates for the buyer's province."""
        methods = {key: self._methods.get((key, channel_id, province_code)) for key in cooperative_ids}
        unread = [key for key, rows in methods.items() if rows is None]
        if unread:
            read = _read_delivery_methods(unread, channel_id, province_code)
            for key in unread:
                methods[key] = read.get(key, [])
                self._methods.put((key, channel_id, province_code), read.get(key, []))
        return {key: [_copy_method(row) for row in rows] for key, rows in methods.items() if rows}

    def services(self, *, channel_id: int, country: str) -> Mapping[int, ChannelShippingService]:
        """Return the shipping services that the channel offers in the country, by id."""
        services = self._services.get((channel_id, country))
        if services is None:
            prices = _service_prices(channel_id, country)
            services = {price.service_id: ChannelShippingService(price.service, price) for price in prices}
            self._services.put((channel_id, country), services)
        return services


_current = SalesTerms(())


def sales_terms() -> SalesTerms:
    """Return the current terms. It takes one query, and further ones for terms that are not in memory."""
    global _current
    with connection.cursor() as cursor:
        cursor.execute(_VERSION_SQL)
        version = tuple(cursor.fetchone())
    terms = _current
    if terms.version != version:
        terms = _current = SalesTerms(version)
    return terms


@shared_task(name="orders.trim_terms_journal")
def trim_terms_journal_task() -> None:
    """Delete the journal's oldest rows. The newest ones tell the version."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIM_SQL, [_JOURNAL_ROWS])


def _copy_method(delivery_method: DeliveryMethod) -> DeliveryMethod:
    copied = DeliveryMethod.__new__(DeliveryMethod)
    copied.__dict__.update(delivery_method.__dict__)
    return copied


def _read_delivery_methods(
    cooperative_ids: Collection[int], channel_id: int, province_code: str
) -> dict[int, list[DeliveryMethod]]:
    rows = _delivery_methods(cooperative_ids)
    keys = [row.pk for row in rows]
    rates = _select_rates(keys, channel_id, {province_code, ""})
    attach_prefetched_rows(rows, "rates", rates, foreign_key="delivery_method")
    attach_prefetched_rows(rows, "market_days", _market_days(keys), foreign_key="delivery_method")
    methods: dict[int, list[DeliveryMethod]] = {}
    for row in rows:
        methods.setdefault(row.cooperative_id, []).append(row)
    return methods


@compiled_query
def _delivery_methods(cooperative_ids: Collection[int]) -> QuerySet[DeliveryMethod]:
    unread = [f"{row}{column}" for row, columns in _UNREAD_OF_METHODS.items() for column in columns]
    delivery_methods = DeliveryMethod.objects.filter(cooperative__in=cooperative_ids).active_with_terms()
    return delivery_methods.prefetch_related(None).defer(*unread)


@compiled_query
def _select_rates(
    delivery_method_ids: Collection[int], channel_id: int, province_codes: Collection[str]
) -> QuerySet[DeliveryRate]:
    """Read the rates of all provinces for pickup methods, because any rate means that pickup is not free."""
    delivery_rates = DeliveryRate.objects.filter(delivery_method__in=delivery_method_ids, channel=channel_id)
    return delivery_rates.filter(
        Q(province_code__in=province_codes) | Q(delivery_method__kind__in=PICKUP_KINDS)
    )


@compiled_query
def _market_days(delivery_method_ids: Collection[int]) -> QuerySet[MarketDay]:
    return MarketDay.objects.filter(delivery_method__in=delivery_method_ids)


@compiled_query
def _service_prices(channel_id: int, country: str) -> QuerySet[ShippingServicePrice]:
    zones = Zone.objects.covering(country, channel_id=channel_id)
    service_prices = ShippingServicePrice.objects.filter(channel=channel_id, service__zone__in=zones)
    return service_prices.select_related("service", "service__tax_class").order_by("service")
