from __future__ import annotations

import pytest

from catalog.actions.removal import remove_product
from catalog.models import Listing, Product
from catalog.states import ListingState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import NOW, make_order, make_product, make_seller

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


def test_a_product_that_was_never_stocked_is_really_deleted() -> None:
    product = make_product(name="Gừng tươi", on_hand=0)

    gone = remove_product(cooperative=product.cooperative, product_id=product.pk, actor=SYSTEM, now=NOW)

    assert gone
    assert not Product.objects.exists()
    assert Change.objects.get(what="product.deleted").snapshot == {"name": "Gừng tươi", "slug": "gung-tuoi"}


def test_a_product_that_was_sold_is_hidden_and_its_slug_is_free() -> None:
    product = make_product(name="Gừng tươi")
    order = make_order((product.variants.get(), 1))

    gone = remove_product(cooperative=product.cooperative, product_id=product.pk, actor=SYSTEM, now=NOW)

    assert not gone
    assert Listing.objects.get(product=product).state == ListingState.WITHDRAWN
    assert make_product(product.cooperative, name="Gừng tươi").slug == "gung-tuoi"
    assert order.lines.get().product_name == "Gừng tươi"


def test_another_cooperatives_product_is_missing() -> None:
    product = make_product()

    with pytest.raises(Missing):
        remove_product(cooperative=make_seller("HTX khác"), product_id=product.pk, actor=SYSTEM, now=NOW)

    assert Product.objects.filter(pk=product.pk).exists()
