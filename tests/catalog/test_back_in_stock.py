"""Back-in-stock requests: one notice each, whatever made the product unavailable."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from catalog.actions.marketing.back_in_stock import (
    AlreadyInStock,
    cancel_back_in_stock_request,
    request_back_in_stock,
    send_back_in_stock_notifications,
    send_back_in_stock_task,
)
from catalog.actions.stock.receipts_and_losses import receive_stock, write_off_stock
from catalog.models import BackInStockRequest, Listing, Product, Variant
from catalog.states import ListingState
from cooperatives.models import Cooperative
from cooperatives.states import CooperativeState
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from shop.notifications.models import ContactMethod, Notification
from shop.notifications.send import deliver
from tests.factories import NOW, get_stock, make_channel, make_product, make_seller, make_user
from tests.markup import html_of
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
STAFF = Actor.system("tests")
DAY = datetime.timedelta(days=1)
NOVEMBER, APRIL = 1 << 10, 1 << 3


def request_notice(product: Product, contact: str = "hoa@example.com", **overrides) -> BackInStockRequest:
    fields = {
        "product_slug": product.slug,
        "variant_id": None,
        "contact_method": ContactMethod.EMAIL if "@" in contact else ContactMethod.SMS,
        "contact": contact,
        "user": None,
        "language": "vi",
        "channel": make_channel(),
        "actor": Actor.guest(),
        "now": NOW,
    }
    return request_back_in_stock(**(fields | overrides))


def send_notices(now: datetime.datetime = NOW) -> int:
    return send_back_in_stock_notifications(channel=make_channel(), now=now)


def restock(variant: Variant) -> None:
    receive_stock(**stock_arguments(variant, quantity=5))


def sell_out(variant: Variant, quantity: int) -> None:
    write_off_stock(**stock_arguments(variant, quantity=quantity))


def stock_arguments(variant: Variant, *, quantity: int) -> dict[str, Any]:
    return {
        "cooperative": variant.cooperative,
        "variant_id": variant.pk,
        "warehouse_id": get_stock(variant).warehouse_id,
        "quantity": quantity,
        "actor": STAFF,
        "now": NOW,
    }


def test_back_in_stock_notifies_once_per_request() -> None:
    honey = make_product(make_seller("HTX Mật"), name="Mật ong", on_hand=0)
    user = make_user(email="hoa@example.com")
    first = request_notice(honey, user=user)
    assert request_notice(honey).pk == first.pk  # a repeated request is the same row
    assert send_notices() == 0

    restock(honey.variants.get())

    assert (send_notices(), send_notices()) == (1, 0)
    notification = Notification.objects.get()
    assert (notification.contact_method, notification.recipient, notification.subject) == (
        ContactMethod.EMAIL,
        "hoa@example.com",
        "Mật ong: đã có hàng lại",
    )
    assert f"/san-pham/{honey.slug}/" in notification.text
    assert notification.unsubscribe_url.endswith(f"/bao-lai/{first.token}/")
    with assert_refused(AlreadyInStock, "already_in_stock"):
        request_notice(honey)
    sell_out(honey.variants.get(), 5)
    request_notice(honey, now=NOW + DAY)
    restock(honey.variants.get())
    assert send_notices(NOW + DAY) == 1
    assert (Notification.objects.count(), BackInStockRequest.objects.count()) == (2, 1)
    assert [
        row.action for row in Change.objects.filter(action__startswith="back_in_stock_request").oldest_first()
    ] == [
        *("back_in_stock_request.created", "back_in_stock_request.notified"),
        *("back_in_stock_request.created", "back_in_stock_request.notified"),
    ]


def test_phone_contact_gets_one_sms_in_their_language() -> None:
    honey = make_product(make_seller("HTX Mật"), name="Mật ong", on_hand=0)
    request_notice(honey, "+84987654321", language="en")
    restock(honey.variants.get())

    send_notices()

    text = Notification.objects.get()
    assert (text.contact_method, text.recipient, text.subject, text.html) == (
        ContactMethod.SMS,
        "+84987654321",
        "",
        "",
    )
    assert text.text.startswith("Mật ong from HTX Mật is back in stock: http")
    assert f"/en/san-pham/{honey.slug}/" in text.text
    assert "\n" not in text.text


def test_request_for_one_variant_ignores_stock_of_others() -> None:
    pillow = make_product(variants=(("Nhỏ", 0), ("To", 10_000)), on_hand=3)
    small, large = pillow.variants.in_order()
    other = make_product(name="Khác").variants.get()
    sell_out(small, 3)
    request_notice(pillow, variant_id=small.pk)
    with assert_refused(AlreadyInStock, "already_in_stock"):
        request_notice(pillow, variant_id=large.pk)
    with assert_refused(Missing, "missing"):
        request_notice(pillow, variant_id=other.pk)

    assert send_notices() == 0
    restock(small)

    assert send_notices() == 1


def test_request_waits_for_paused_listing_paused_seller_and_season() -> None:
    paused = make_product(name="Quýt", state=ListingState.PAUSED)
    of_paused_seller = make_product(make_seller("HTX Nghỉ"), name="Cốm")
    seasonal = make_product(name="Mơ")
    Product.objects.filter(pk=seasonal.pk).update(season=APRIL)
    seller = Cooperative.objects.filter(pk=of_paused_seller.cooperative_id)
    seller.update(paused_from=NOW - DAY, paused_until=NOW.date() + 2 * DAY)
    requests = [request_notice(product) for product in (paused, of_paused_seller, seasonal)]
    assert [row.is_for_next_season for row in requests] == [False, False, True]
    assert send_notices() == 0

    Listing.objects.filter(product=paused).update(state=ListingState.PUBLISHED)
    assert send_notices() == 1
    assert send_notices(NOW + DAY) == 0
    assert send_notices(NOW + 2 * DAY) == 1  # the day it sells again
    assert send_notices(datetime.datetime(2027, 4, 1, tzinfo=datetime.UTC)) == 1
    assert [row.recipient for row in Notification.objects.order_by("pk")] == ["hoa@example.com"] * 3


def test_products_of_suspended_seller_send_no_notice() -> None:
    seller = make_seller("HTX Mật")
    honey = make_product(seller, name="Mật ong", on_hand=0)
    request_notice(honey)
    restock(honey.variants.get())
    Cooperative.objects.filter(pk=seller.pk).update(state=CooperativeState.SUSPENDED)

    assert send_notices() == 0
    with assert_refused(Missing, "missing"):
        request_notice(honey, "lan@example.com")


def test_oldest_requests_are_notified_first_in_batches() -> None:
    honey = make_product(name="Mật ong", on_hand=0)
    for number in range(5):
        request_notice(honey, f"n{number}@example.com", now=NOW - number * DAY)
    restock(honey.variants.get())

    counts = [send_back_in_stock_notifications(channel=make_channel(), now=NOW, batch=2) for _ in range(4)]

    assert counts == [2, 2, 1, 0]
    assert set(Notification.objects.order_by("pk").values_list("recipient", flat=True)[:2]) == {
        "n4@example.com",
        "n3@example.com",
    }


def test_old_requests_are_deleted_after_notice_or_expiry() -> None:
    honey, shoots = make_product(name="Mật ong", on_hand=0), make_product(name="Măng", on_hand=0)
    rows = [
        request_notice(honey, "lan@example.com"),
        request_notice(honey),
        request_notice(shoots),
        request_notice(shoots, "m@x.vn"),
    ]
    now = timezone.now()
    BackInStockRequest.objects.filter(pk=rows[0].pk).update(notified_at=now - 31 * DAY)
    BackInStockRequest.objects.filter(pk=rows[1].pk).update(notified_at=now - 29 * DAY)
    BackInStockRequest.objects.filter(pk=rows[2].pk).update(created_at=now - 401 * DAY)
    BackInStockRequest.objects.filter(pk=rows[3].pk).update(created_at=now - 399 * DAY)

    send_back_in_stock_task()

    assert set(BackInStockRequest.objects.values_list("pk", flat=True)) == {rows[1].pk, rows[3].pk}


def test_guest_requests_on_product_page_and_cancels_with_one_click(client: Client) -> None:
    honey = make_product(make_seller("HTX Mật"), name="Mật ong", on_hand=0)
    page = html_of(client.get(f"/san-pham/{honey.slug}/"))
    assert f'action="/san-pham/{honey.slug}/bao-lai/"' in page

    rejected_response = client.post(f"/san-pham/{honey.slug}/bao-lai/", {"contact": "12345"})
    assert 'value="12345"' in html_of(rejected_response)
    assert not BackInStockRequest.objects.exists()
    response = client.post(f"/san-pham/{honey.slug}/bao-lai/", {"contact": " Hoa@Example.com "}, follow=True)

    assert "hoa@example.com" in html_of(response)
    row = BackInStockRequest.objects.get()
    assert (row.contact, row.contact_method, row.language, row.user_id) == (
        "hoa@example.com",
        "email",
        "vi",
        None,
    )
    # GET does not cancel: mail programs prefetch links.
    assert client.get(f"/bao-lai/{row.token}/").status_code == 200
    assert BackInStockRequest.objects.exists()
    strict = Client(enforce_csrf_checks=True)  # a mail program's button sends no CSRF token
    one_click = {"List-Unsubscribe": "One-Click"}
    assert [strict.post(f"/bao-lai/{row.token}/", one_click).status_code for _ in range(2)] == [200, 200]
    assert not BackInStockRequest.objects.exists()
    with pytest.raises(Missing):
        cancel_back_in_stock_request(token=row.token, actor=STAFF, now=NOW)


def test_phone_number_is_shown_in_local_format(client: Client) -> None:
    honey = make_product(on_hand=0)
    client.force_login(make_user(email=None, phone="+84987654321"))
    assert 'value="0987 654 321"' in html_of(client.get(f"/san-pham/{honey.slug}/"))

    response = client.post(f"/san-pham/{honey.slug}/bao-lai/", {"contact": "0987 654 321"}, follow=True)

    assert "nhắn tin một lần đến 0987 654 321." in html_of(response)
    assert BackInStockRequest.objects.get().contact == "+84987654321"


def test_own_requests_show_phone_numbers_in_local_format(client: Client) -> None:
    buyer = make_user(phone="+84987654321")
    request_notice(make_product(on_hand=0), "+84987654321", user=buyer)
    client.force_login(buyer)

    page = html_of(client.get("/theo-doi/cua-toi/"))

    assert "0987 654 321" in page
    assert "+84987654321" not in page


def test_form_offers_only_sold_out_variants_and_prefills_the_account_email(client: Client) -> None:
    pillow = make_product(variants=(("Nhỏ", 0), ("To", 10_000), ("Vừa", 5_000)), on_hand=3)
    small, large, medium = pillow.variants.in_order()
    client.force_login(make_user(email="hoa@example.com"))
    assert "bao-lai" not in html_of(client.get(f"/san-pham/{pillow.slug}/"))
    sell_out(small, 3)

    page = html_of(client.get(f"/san-pham/{pillow.slug}/"))
    form = page[page.index("bao-lai") :]

    assert f'<option value="{small.pk}">' in form
    assert f'<option value="{large.pk}">' not in form
    assert f'<option value="{medium.pk}">' not in form
    assert 'value="hoa@example.com"' in form
    client.post(f"/san-pham/{pillow.slug}/bao-lai/", {"contact": "hoa@example.com", "variant": small.pk})
    assert BackInStockRequest.objects.get().user == User.objects.get(email="hoa@example.com")


def test_paused_product_keeps_its_page_and_withdrawn_product_is_404(client: Client) -> None:
    paused = make_product(name="Quýt", state="paused")
    withdrawn = make_product(name="Hồng", state="withdrawn")

    page = client.get(f"/san-pham/{paused.slug}/")

    assert page.status_code == 200
    assert "noindex" in html_of(page)
    assert f'action="/san-pham/{paused.slug}/bao-lai/"' in html_of(page)
    assert client.get(f"/san-pham/{withdrawn.slug}/").status_code == 404
    assert client.get(f"/san-pham/{withdrawn.slug}/bao-lai/").status_code == 404


def test_request_limit_applies_per_network_address(client: Client) -> None:
    honey = make_product(name="Mật ong", on_hand=0)
    address = f"/san-pham/{honey.slug}/bao-lai/"
    for number in range(30):
        client.post(address, {"contact": f"n{number}@example.com"})

    client.post(address, {"contact": "hoa@example.com"})
    client.post(address, {"contact": "lan@example.com"}, REMOTE_ADDR="203.0.113.9")

    contacts = set(BackInStockRequest.objects.values_list("contact", flat=True))
    assert len(contacts) == 31
    assert "hoa@example.com" not in contacts
    assert "lan@example.com" in contacts


def test_mail_has_one_click_unsubscribe_headers() -> None:
    honey = make_product(name="Mật ong", on_hand=0)
    row = request_notice(honey)
    restock(honey.variants.get())
    send_notices()

    deliver(Notification.objects.get(), now=NOW)

    (email,) = mail.outbox
    assert email.extra_headers["List-Unsubscribe"].endswith(f"/bao-lai/{row.token}/>")
    assert email.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
