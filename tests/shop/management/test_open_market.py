"""`manage.py open_market` sets up a server's shop without the demo."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command

from catalog.models import Category, Product, ProductType
from cooperatives.models import Cooperative, ShippingService, Zone
from shop.accounts.models import Group, User
from shop.core.models import Channel, Division, Picture, ShopSettings, TaxClass, TaxRate
from shop.core.models.channel import market_channel

pytestmark = pytest.mark.django_db
LAID = (
    Channel,
    Zone,
    ShippingService,
    TaxClass,
    TaxRate,
    ProductType,
    Category,
    Group,
    ShopSettings,
    Division,
)


def open_market():
    out = io.StringIO()
    call_command("open_market", stdout=out)
    return out.getvalue()


def test_empty_shop_gets_all_that_a_cooperative_needs() -> None:
    output = open_market()

    channel = market_channel()
    assert (channel.slug, channel.currency, channel.default_country) == ("viet-nam", "VND", "VN")
    assert [zone.name for zone in Zone.objects.covering("VN", channel_id=channel.pk)] == ["Việt Nam"]
    service_kinds = ShippingService.objects.filter(
        zone__channels=channel, tax_class__isnull=False
    ).values_list("kind", flat=True)
    assert sorted(service_kinds) == ["carrier", "coach", "market_day", "pickup"]
    assert ProductType.objects.filter(tax_class__isnull=False).count() == 4
    assert Category.objects.roots().count() == 7
    assert Division.objects.count() == 34 + 3_321
    assert "Việt Nam" in output


def test_nothing_of_the_demo_is_added() -> None:
    open_market()

    assert [cooperative.is_platform_seller for cooperative in Cooperative.objects.all()] == [True]
    assert not any(model.objects.exists() for model in (Product, User, Picture))
    assert ShopSettings.objects.get().operator_name == ""


def test_opening_again_changes_nothing() -> None:
    open_market()
    ShopSettings.objects.update(operator_name="HTX Thiên An")
    before = [model.objects.count() for model in LAID]

    open_market()

    assert [model.objects.count() for model in LAID] == before
    assert ShopSettings.objects.get().operator_name == "HTX Thiên An"
