"""Standard reasons are translated for each reader; free text is not."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone, translation

from orders.actions.fulfilment.cancel_parts import decline_part
from shop.core.actors import Actor
from shop.core.texts.formatting import translated_reason
from shop.notifications.models import Notification
from tests.factories import make_order
from tests.markup import html_of

pytestmark = pytest.mark.django_db


def test_standard_reason_is_translated_and_free_text_kept(client: Client) -> None:
    now = timezone.now()  # the page opens without a code only for recent orders
    order = make_order(now=now)

    decline_part(
        part_id=order.parts.get().pk, reason="We have run out.\nMưa quá", actor=Actor.system("test"), now=now
    )

    notification = Notification.objects.get(key__startswith="part_ended")
    assert "Hết hàng. Mưa quá" in notification.text
    assert "Hết hàng. Mưa quá" in html_of(client.get(f"/don-hang/{order.pk}/"))
    assert "We have run out. Mưa quá" in html_of(client.get(f"/en/don-hang/{order.pk}/"))


def test_missing_reason_translates_to_empty_string() -> None:
    with translation.override("vi"):
        assert (translated_reason(""), translated_reason(None)) == ("", "")
