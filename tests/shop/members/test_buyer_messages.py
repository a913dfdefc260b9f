"""Messages to buyers, ready to copy."""

from __future__ import annotations

import pytest
from django.utils.html import escape

from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from shop.core.actors import Actor
from tests.factories import NOW, make_order, make_variant
from tests.markup import html_of

pytestmark = pytest.mark.django_db
BY = {"actor": Actor.system("test"), "now": NOW}
GREETING = "Chào {buyer}, {cooperative} nhắn về đơn {code} của bạn."


def test_message_follows_the_part_and_has_no_link_to_the_order(packer, seller) -> None:
    part = make_order((make_variant(seller, on_hand=5), 1), phone="0912345678").parts.get()
    order = part.order
    path = f"/en/xa-vien/goi/{part.pk}/"
    greeting = escape(GREETING.format(buyer=order.buyer_name, cooperative=seller.name, code=order.code))
    assert "data-copy" not in html_of(packer.get(path))  # the buyer's number appears on acceptance

    accept_part(part_id=part.pk, **BY)
    page = html_of(packer.get(path))

    assert f'data-copy="{greeting} Chúng tôi đang chuẩn bị hàng."' in page
    assert 'href="https://zalo.me/0912345678"' in page
    assert "/don-hang/" not in page
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, **BY)
    close_parcel(parcel_id=parcel.pk, **BY)
    hand_over_parcel(parcel_id=parcel.pk, **BY)
    assert f'data-copy="{greeting} Hàng đang trên đường tới bạn.' in html_of(packer.get(path))
