from __future__ import annotations

import uuid

import pytest

from catalog.actions.products.delete_products import delete_product
from catalog.models import Listing, Product
from catalog.states import ListingState
from orders.actions.placement.draft_orders import create_draft, edit_draft
from orders.actions.quotes.quote_types import RequestedLine
from orders.models import OrderSource
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import NOW, make_channel, make_contact, make_order, make_product, make_seller

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


def test_product_never_stocked_is_deleted() -> None:
    product = make_product(name="Gừng tươi", on_hand=0)

    deleted = delete_product(cooperative=product.cooperative, product_id=product.pk, actor=SYSTEM, now=NOW)

    assert deleted
    assert not Product.objects.exists()
    assert Change.objects.get(action="product.deleted").snapshot == {"name": "Gừng tươi", "slug": "gung-tuoi"}


def test_sold_product_is_hidden_and_its_slug_freed() -> None:
    product = make_product(name="Gừng tươi")
    order = make_order((product.variants.get(), 1))

    deleted = delete_product(cooperative=product.cooperative, product_id=product.pk, actor=SYSTEM, now=NOW)

    assert not deleted
    assert Listing.objects.get(product=product).state == ListingState.WITHDRAWN
    assert make_product(product.cooperative, name="Gừng tươi").slug == "gung-tuoi"
    assert order.lines.get().product_name == "Gừng tươi"


def test_sold_product_without_tracked_stock_is_hidden() -> None:
    product = make_product(name="Gừng tươi", on_hand=0)
    product.variants.update(track_inventory=False)
    order = make_order((product.variants.get(), 1))

    deleted = delete_product(cooperative=product.cooperative, product_id=product.pk, actor=SYSTEM, now=NOW)

    assert not deleted
    assert order.lines.get().variant == product.variants.get()
    assert Product.objects.get(pk=product.pk).default_variant == product.variants.get()
    assert [change.action for change in Change.objects.of_row(product).oldest_first()][
        -1
    ] == "product.removed"
    assert not Change.objects.filter(action="product.deleted").exists()


def test_product_in_draft_order_is_hidden() -> None:
    product = make_product(name="Gừng tươi", on_hand=0)
    variant = product.variants.get()
    draft = create_draft(channel=make_channel(), source=OrderSource.PHONE, actor=SYSTEM, now=NOW)
    edit_draft(
        order_id=draft.pk,
        lines=[RequestedLine(uuid.uuid4(), variant.pk, 1)],
        deliveries={},
        contact=make_contact(),
        actor=SYSTEM,
        now=NOW,
    )

    deleted = delete_product(cooperative=product.cooperative, product_id=product.pk, actor=SYSTEM, now=NOW)

    assert not deleted
    assert draft.lines.get().variant == variant


def test_product_of_another_cooperative_is_missing() -> None:
    product = make_product()

    with pytest.raises(Missing):
        delete_product(cooperative=make_seller("HTX khác"), product_id=product.pk, actor=SYSTEM, now=NOW)

    assert Product.objects.filter(pk=product.pk).exists()
