"""The checkout page: from basket to order."""

from __future__ import annotations

import datetime
import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Price, ProductMedia, Stock, Variant, VariantMedia
from cooperatives.models import Cooperative
from orders.models import Basket, BasketLine, Order, OrderCodeKey, OrderLine, Reservation
from shop.accounts.models import Address, Consent, User
from shop.core.models import Picture, PictureState, Translation
from shop.notifications.models import Notification
from tests.factories import (
    HANOI,
    THAI_NGUYEN,
    get_stock,
    make_channel,
    make_cooperative,
    make_delivery_method,
    make_divisions,
    make_market_pickup,
    make_seller,
    make_user,
    make_variant,
    make_variant_sold_by_weight,
    make_warehouse,
)
from tests.markup import collapse, html_of

pytestmark = pytest.mark.django_db

NGHIA_DO = "00613"
CSRF = {"enforce_csrf_checks": True}


@pytest.fixture(autouse=True)
def _places() -> None:
    make_divisions()


def add_to_basket(client: Client, variant: Variant, quantity: int = 1) -> None:
    client.post("/en/gio-hang/dong/", {"variant": variant.pk, "quantity": quantity})


def checkout_page(client: Client) -> str:
    response = client.get("/en/dat-hang/")
    assert response.status_code == 200
    return text_of(response)


def text_of(response: Any) -> str:
    return re.sub(r"[ \n]+", " ", html_of(response))


def checkout_form(**fields: Any) -> dict[str, Any]:
    """Return a complete form for the only basket, with the first delivery method of each cooperative."""
    basket = Basket.objects.get()
    delivery_methods = {
        f"delivery-{cooperative.pk}": str(cooperative.delivery_methods.order_by("pk").first().pk)
        for cooperative in Cooperative.objects.filter(variants__in=basket.lines.values("variant"))
    }
    return {
        "basket": str(basket.pk),
        "name": "Trần Thị Minh Hạnh",
        "phone": "0987 654 321",
        "email": "hanh@example.com",
        "province": HANOI,
        "commune": NGHIA_DO,
        "street": "Số 8, ngõ 42",
        "landmark": "cổng xanh",
        "consent": "on",
        **delivery_methods,
        **fields,
    }


def submit_checkout(client: Client, **fields: Any) -> Any:
    return client.post("/en/dat-hang/", checkout_form(**fields))


def submit_rejected(client: Client, **fields: Any) -> str:
    """Submit the form, check that nothing was ordered, and return the page."""
    response = submit_checkout(client, **fields)
    assert response.status_code == 200
    assert not Order.objects.exists()
    assert BasketLine.objects.exists()
    return text_of(response)


def test_checkout_without_basket_redirects_to_basket(client: Client) -> None:
    assert client.get("/en/dat-hang/").headers["Location"] == "/en/gio-hang/"


def test_basket_checkout_and_order_show_the_variant_s_own_picture(client: Client) -> None:
    variant = make_variant()
    first, own = (
        ProductMedia.objects.create(
            product=variant.product,
            picture=Picture.objects.create(
                original=f"{name}.jpg",
                state=PictureState.READY,
                renditions={"96": {"height": 96, "jpeg": f"{name}-96.jpg", "webp": f"{name}-96.webp"}},
            ),
            sort_order=place,
        )
        for place, name in enumerate(("goi", "goi-co"))
    )
    VariantMedia.objects.create(variant=variant, media=own)
    add_to_basket(client, variant)

    pages = [html_of(client.get(path)) for path in ("/en/gio-hang/", "/en/dat-hang/")]
    submit_checkout(client)
    pages.append(html_of(client.get(f"/en/don-hang/{Order.objects.get().pk}/")))

    assert [(page.count("goi-co-96.webp"), page.count("goi-96.webp")) for page in pages] == [(1, 0)] * 3
    assert first.picture_id != OrderLine.objects.get().picture_key == own.picture_id


def test_opening_checkout_reserves_stock(client: Client) -> None:
    variant = make_variant(on_hand=5)
    add_to_basket(client, variant, 2)

    client.post("/en/dat-hang/giu-hang/")
    page = checkout_page(client)

    assert get_stock(variant).reserved == 2
    assert Reservation.objects.get().quantity == 2
    assert 'name="consent"' in page
    assert not re.search(r'name="consent"[^>]*checked', page)


def test_opening_checkout_stores_a_submitted_province_and_ignores_an_unknown_one(client: Client) -> None:
    add_to_basket(client, make_variant())
    basket = Basket.objects.get()

    stored = []
    for code in ("19", "99", "", "nope"):
        response = client.post("/en/dat-hang/giu-hang/", {"province": code})
        basket.refresh_from_db()
        stored.append((response.headers["Location"], basket.province_code))

    assert stored == [("/en/dat-hang/", "19")] * 4


def test_order_stores_submitted_details(client: Client) -> None:
    variant = make_variant(make_seller("HTX Thiên An"), price=320_000, on_hand=5)
    add_to_basket(client, variant, 2)
    checkout_page(client)

    response = submit_checkout(client, **{f"note-{variant.cooperative_id}": "Gọi trước khi giao"})

    order = Order.objects.select_related("shipping_address").get()
    assert response.headers["Location"] == f"/en/don-hang/{order.pk}/"
    assert (order.buyer_name, order.phone, order.email) == (
        "Trần Thị Minh Hạnh",
        "+84987654321",
        "hanh@example.com",
    )
    assert str(order.shipping_address) == "Số 8, ngõ 42, Phường Nghĩa Đô, Hà Nội"
    assert order.shipping_address.landmark == "cổng xanh"
    assert (order.shipping_address.province_code, order.shipping_address.commune_code) == (HANOI, NGHIA_DO)
    assert (order.goods_gross, order.delivery_gross, order.total_gross) == (640_000, 30_000, 670_000)
    assert order.parts.get().note == "Gọi trước khi giao"
    assert list(Consent.objects.values_list("purpose", flat=True)) == ["order"]
    assert (get_stock(variant).reserved, get_stock(variant).allocated) == (0, 2)
    assert not Basket.objects.exists()


def test_buyer_email_uses_their_language_and_seller_email_vietnamese(client: Client) -> None:
    seller = make_seller("HTX Thiên An", email="thien-an@example.com")
    add_to_basket(client, make_variant(seller, name="Gối thảo dược", price=320_000))

    submit_checkout(client)

    order = Order.objects.get()
    notification = Notification.objects.get(recipient="hanh@example.com")
    assert notification.subject == f"Order {order.code} on Chợ Phiên"
    for text in (notification.text, notification.html):
        assert "Gối thảo dược" in text
        assert "350,000\u00a0₫" in text
        assert f"/en/don-hang/{order.pk}/" in text
        assert "0987 654 321" in text
    to_cooperative = Notification.objects.get(recipient="thien-an@example.com")
    assert order.code in to_cooperative.text
    assert "1 chiếc Gối thảo dược" in to_cooperative.text


def test_order_language_is_that_of_checkout_page(client: Client) -> None:
    add_to_basket(client, make_variant())

    client.post("/dat-hang/", checkout_form())

    assert Order.objects.get().language == "vi"


def test_order_without_email_sends_link_by_sms(client: Client) -> None:
    add_to_basket(client, make_variant())

    submit_checkout(client, email="")

    order = Order.objects.get()
    message = Notification.objects.get(contact_method="sms")
    assert message.recipient == "+84987654321"
    assert f"/en/don-hang/{order.pk}/" in message.text


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", " ", "Enter the name of the recipient."),
        ("phone", "", "Enter a phone number we can call."),
        ("phone", "abc", "Enter the phone number in digits."),
        ("phone", "0900 000 20", "A phone number has 10 digits; this one has 9."),
        ("phone", "0900 000 00012", "A phone number has 10 digits; this one has 12."),
        ("email", "hoa@", "Enter an email address such as hoa@example.com."),
        ("province", "99", "This province no longer exists."),
        ("commune", "", "Choose a commune or ward from the list."),
        ("commune", "01948", "This commune or ward is not in the province you chose."),
        ("commune", "Dịch Vọng", "This commune or ward is not in the province you chose."),
        ("street", "", "Enter the house number, street or hamlet."),
        ("consent", "", "We cannot deliver without them."),
    ],
)
def test_error_is_listed_in_summary_and_linked_to_field(
    client: Client, field: str, value: str, message: str
) -> None:
    add_to_basket(client, make_variant())

    page = submit_rejected(client, **{field: value})

    summary = re.search(r'id="errors"[^>]*>(.*?)</div>', page)
    assert summary is not None
    assert f'<a href="#id_{field}">' in summary[1]
    assert message in summary[1]
    assert re.search(rf'id="id_{field}_error">.*?{re.escape(message)}', page)
    assert "Số 8, ngõ 42" in page or field == "street"


def test_missing_province_does_not_ask_for_delivery_method(client: Client) -> None:
    add_to_basket(client, make_variant())

    page = submit_rejected(
        client, province="", commune="", **{f"delivery-{Cooperative.objects.get().pk}": ""}
    )

    assert "1 place to correct" in page
    assert "Choose the commune or ward and its province." in page
    assert "Choose a delivery method." not in page


def test_missing_commune_does_not_ask_for_the_delivery_method_that_is_preselected(client: Client) -> None:
    add_to_basket(client, make_variant())
    seller = Cooperative.objects.get()

    page = submit_rejected(client, commune="", **{f"delivery-{seller.pk}": ""})

    assert "1 place to correct" in page
    assert "Choose a commune or ward from the list." in page
    assert re.search(rf'name="delivery-{seller.pk}" value="\d+"', page)


def test_missing_delivery_method_error_names_cooperative(client: Client) -> None:
    seller = make_seller("HTX Thiên An")
    add_to_basket(client, make_variant(seller))

    page = submit_rejected(client, **{f"delivery-{seller.pk}": ""})

    assert '<span lang="vi">HTX Thiên An</span>: Choose a delivery method.' in page


def test_error_that_names_its_field_is_listed_without_its_label(client: Client) -> None:
    add_to_basket(client, make_variant())

    response = client.post("/dat-hang/", checkout_form(phone="091234567", street=""))

    summary = re.search(r'id="errors"[^>]*>(.*?)</div>', text_of(response))
    assert summary is not None
    assert '<a href="#id_phone"> Số điện thoại có 10 chữ số, đang có 9.</a>' in summary[1]


@pytest.mark.parametrize(
    ("field", "entry"),
    [
        ("name", '<a href="#id_name"> Nhập tên người nhận hàng.</a>'),
        ("street", '<a href="#id_street"> Nhập số nhà, đường hoặc thôn.</a>'),
    ],
)
def test_error_that_repeats_a_word_of_its_label_is_listed_without_it(
    client: Client, field: str, entry: str
) -> None:
    add_to_basket(client, make_variant())

    response = client.post("/dat-hang/", checkout_form(**{field: ""}))

    assert entry in text_of(response)


def test_phone_number_is_refused_in_the_same_words_before_it_is_submitted(client: Client) -> None:
    add_to_basket(client, make_variant())
    words = "Số điện thoại có 10 chữ số, đang có 9."

    checked = text_of(client.post("/dat-hang/kiem-tra/", {"phone": "091234567"}))
    reloaded = text_of(client.post("/dat-hang/", checkout_form(phone="091234567", reload="1")))
    submitted = text_of(client.post("/dat-hang/", checkout_form(phone="091234567")))

    for page in (checked, reloaded, submitted):
        error = re.search(r'<p class="error" id="id_phone_error">.*?</p>', page)
        assert error is not None
        assert words in error[0]
        assert re.search(r'<input type="tel"[^>]* aria-invalid="true"', page)
        assert page.count(words) == (1 if page is checked else 2)  # in the list of errors, too
        assert "có vẻ chưa đúng" not in page
    assert not Order.objects.exists()


def test_unusual_but_accepted_phone_number_only_warns_when_it_is_checked(client: Client) -> None:
    page = text_of(client.post("/en/dat-hang/kiem-tra/", {"phone": "0123 456 789"}))

    assert "This number looks unusual. If it is correct, just continue." in page
    assert "aria-invalid" not in page


def test_mistyped_email_provider_is_questioned_and_corrected_by_one_button(client: Client) -> None:
    add_to_basket(client, make_variant())
    email = "lan.nguyen@gmial.com"

    checked = text_of(client.post("/dat-hang/kiem-tra/", {"email": email}))
    corrected = client.post("/dat-hang/", checkout_form(email=email, **{"use-email": "lan.nguyen@gmail.com"}))

    assert "Có phải lan.nguyen@gmail.com không?" in checked
    assert 'value="lan.nguyen@gmail.com"' in text_of(corrected)
    assert "Có phải" not in text_of(corrected)
    assert not Order.objects.exists()


def test_refused_phone_number_shows_no_second_warning(client: Client) -> None:
    add_to_basket(client, make_variant())

    page = submit_rejected(client, phone="091234567")

    assert "This number looks unusual." not in page


def test_unusual_phone_number_is_accepted_with_warning(client: Client) -> None:
    add_to_basket(client, make_variant())

    response = client.post("/en/dat-hang/", checkout_form(phone="0123 456 789"), follow=True)

    assert Order.objects.get().phone == "+84123456789"
    assert "The phone number 0123 456 789 looks unusual." in html_of(response)


def test_resubmitted_form_redirects_to_same_order(client: Client) -> None:
    add_to_basket(client, make_variant())
    form = checkout_form()

    first = client.post("/en/dat-hang/", form)
    second = client.post("/en/dat-hang/", form)

    assert first.headers["Location"] == second.headers["Location"]
    assert Order.objects.count() == 1


def test_form_submitted_by_stranger_redirects_to_basket(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    add_to_basket(client, make_variant())
    form = checkout_form()
    other_client = Client()

    before = other_client.post("/en/dat-hang/", form)
    client.post("/en/dat-hang/", form)
    after = other_client.post("/en/dat-hang/", form)

    assert before.headers["Location"] == after.headers["Location"] == "/en/gio-hang/"
    assert Order.objects.get().user == user
    assert other_client.post("/en/dat-hang/", form | {"basket": str(uuid.uuid4())}).status_code == 302


def test_price_increase_must_be_confirmed_before_ordering(client: Client) -> None:
    variant = make_variant(name="Miến dong", price=45_000)
    add_to_basket(client, variant)
    checkout_page(client)
    Price.objects.update(amount=50_000)

    page = submit_rejected(client, shown_total=75_000)
    response = submit_checkout(client, shown_total=80_000)

    assert '<span lang="vi">Miến dong</span>: The price has changed from 45,000\u00a0₫ to 50,000' in page
    assert "Place order, pay 80,000\u00a0₫" in page
    assert response.status_code == 302
    assert Order.objects.get().total_gross == 80_000


def test_sold_item_is_reported_and_basket_kept(client: Client) -> None:
    variant = make_variant(name="Bí xanh thơm", on_hand=5)
    add_to_basket(client, variant, 3)
    checkout_page(client)
    Reservation.objects.all().delete()
    Stock.objects.update(reserved=0, on_hand=1)

    page = submit_rejected(client)

    assert '<span lang="vi">Bí xanh thơm</span>: Only 1 is left.' in page
    assert "Place order, pay" not in page
    assert BasketLine.objects.get().quantity == 3
    assert get_stock(variant).allocated == 0


def test_form_values_are_restored_after_basket_is_corrected(client: Client) -> None:
    add_to_basket(client, make_variant(on_hand=5), 3)
    checkout_page(client)
    Reservation.objects.all().delete()
    Stock.objects.update(reserved=0, on_hand=1)
    submit_rejected(client)

    client.post(f"/en/gio-hang/dong/{BasketLine.objects.get().pk}/", {"quantity": 1})
    page = checkout_page(client)

    assert 'value="Trần Thị Minh Hạnh"' in page
    assert 'value="Số 8, ngõ 42"' in page


def test_expired_reservation_still_orders_when_stock_suffices(client: Client) -> None:
    variant = make_variant(on_hand=5)
    add_to_basket(client, variant, 3)
    checkout_page(client)
    Reservation.objects.update(expires_at=timezone.now() - datetime.timedelta(minutes=1))

    response = submit_checkout(client)

    assert response.status_code == 302
    assert (get_stock(variant).reserved, get_stock(variant).allocated) == (0, 3)


def test_changed_total_must_be_confirmed(client: Client) -> None:
    add_to_basket(client, make_variant(price=100_000))
    checkout_page(client)
    Cooperative.objects.get().delivery_methods.get().rates.update(price=45_000)

    page = submit_rejected(client, shown_total=130_000)

    assert "The total is now 145,000\u00a0₫ instead of 130,000\u00a0₫." in page


def test_higher_maximum_weight_must_be_confirmed(client: Client) -> None:
    gourd = make_variant_sold_by_weight()
    add_to_basket(client, gourd)
    page = checkout_page(client)
    Variant.objects.filter(pk=gourd.pk).update(tolerance_percent=50)

    second_page = submit_rejected(client, shown_total=66_000, shown_maximum=73_200)
    response = submit_checkout(client, shown_total=66_000, shown_maximum=84_000)

    assert 'name="shown_maximum" value="73200"' in page
    assert "the total can now be up to 84,000\u00a0₫ instead of 73,200\u00a0₫." in second_page
    assert 'name="shown_maximum" value="84000"' in second_page
    assert response.status_code == 302
    assert Order.objects.get().lines.get().bound_grams == 3600


def test_product_newly_sold_by_weight_must_be_confirmed(client: Client) -> None:
    pillow = make_variant(price=36_000, content_grams=2400, tolerance_percent=20)
    add_to_basket(client, pillow)
    checkout_page(client)
    Variant.objects.filter(pk=pillow.pk).update(is_sold_by_weight=True)

    second_page = submit_rejected(client, shown_total=66_000, shown_maximum=66_000)

    assert "the total can now be up to 73,200\u00a0₫ instead of 66,000\u00a0₫." in second_page


def test_delivery_price_and_communes_depend_on_province(client: Client) -> None:
    cooperative = make_seller(channel=make_channel())
    delivery_method = cooperative.delivery_methods.get()
    delivery_method.rates.create(
        channel=make_channel(), currency="VND", province_code=THAI_NGUYEN, price=12_000
    )
    add_to_basket(client, make_variant(cooperative, price=100_000))

    hanoi = text_of(submit_checkout(client, reload="1"))
    thai_nguyen = text_of(submit_checkout(client, reload="1", province=THAI_NGUYEN))

    assert "Place order, pay 130,000\u00a0₫" in hanoi
    assert "Place order, pay 112,000\u00a0₫" in thai_nguyen
    assert "Xã Phủ Thông" in thai_nguyen
    assert "Phường Nghĩa Đô" not in thai_nguyen
    assert 'value="Số 8, ngõ 42"' in thai_nguyen
    assert not Order.objects.exists()


def test_htmx_request_gets_only_form(client: Client) -> None:
    add_to_basket(client, make_variant())

    response = client.post("/en/dat-hang/", checkout_form(reload="1"), headers={"HX-Request": "true"})

    html = html_of(response).strip()
    assert html.startswith('<form class="split" id="checkout"')
    assert "<!doctype" not in html


def test_unserved_province_shows_error_and_places_no_order(client: Client) -> None:
    channel = make_channel()
    cooperative = make_cooperative("HTX Yến Dương")
    make_warehouse(cooperative, channel)
    make_delivery_method(cooperative, channel, provinces=(HANOI,))
    add_to_basket(client, make_variant(cooperative))

    page = submit_rejected(client, province=THAI_NGUYEN, commune="01948")

    assert (
        '<span lang="vi">HTX Yến Dương</span> does not deliver to <span lang="vi">Thái Nguyên</span>.' in page
    )


def test_order_stores_chosen_market_day_pickup(client: Client) -> None:
    cooperative = make_seller()
    market = make_market_pickup(cooperative, make_channel(), capacity=1)
    add_to_basket(client, make_variant(cooperative, price=100_000))
    client.post("/en/dat-hang/", checkout_form(reload="1"))
    value = re.search(rf'value="({market.pk}@[^"]+)"', text_of(submit_checkout(client, reload="1")))
    assert value is not None

    submit_checkout(client, **{f"delivery-{cooperative.pk}": value[1]})

    part = Order.objects.get().parts.get()
    assert f"{part.pickup_day}T{part.pickup_starts:%H:%M}" == value[1].split("@")[1]
    assert (part.delivery_gross, part.slot.booked) == (0, 1)


def test_full_pickup_time_shows_field_error(client: Client) -> None:
    cooperative = make_seller()
    market = make_market_pickup(cooperative, make_channel(), capacity=1)
    add_to_basket(client, make_variant(cooperative))
    value = re.search(rf'value="({market.pk}@[^"]+)"', text_of(submit_checkout(client, reload="1")))
    assert value is not None
    day, starts = value[1].split("@")[1].split("T")
    market.slots.create(day=day, starts=starts, ends="10:00", capacity=1, booked=1)

    page = submit_rejected(client, **{f"delivery-{cooperative.pk}": value[1]})

    assert "This delivery method is no longer available. Choose another one." in page
    assert market.slots.get().booked == 1


def test_old_address_shows_suggestions_without_selecting_one(client: Client) -> None:
    add_to_basket(client, make_variant())

    page = text_of(submit_checkout(client, reload="1", commune="", old_address="Dịch Vọng, Hà Nội"))
    old_address = "Số 9, ngõ 2, phường Dịch Vọng, Hà Nội"
    picked = text_of(submit_checkout(client, commune="", street="", old_address=old_address, pick="00166"))

    # Pressing Enter in the field does not order either: the suggestions are shown first.
    entered = text_of(submit_checkout(client, old_address=old_address))
    assert re.findall(r'name="pick" value="(\d+)"', entered) == ["00166", "00613"]
    assert re.findall(r'name="pick" value="(\d+)"', page) == ["00166", "00613"]
    assert 'value="00166" selected' not in page
    assert 'value="00166" selected' in picked
    assert 'value="Số 9, ngõ 2"' in picked
    assert not Order.objects.exists()
    submit_checkout(client, old_address=old_address, old_address_seen=old_address)
    assert Order.objects.exists()


def test_suggestions_for_an_old_address_keep_the_marks_of_wrong_fields(client: Client) -> None:
    add_to_basket(client, make_variant())
    page = submit_rejected(client, phone="091234567", street="", commune="")
    marked = re.findall(r'name="marked" value="(\w+)"', page)
    old_address = "phường Dịch Vọng, Hà Nội"

    suggested = submit_rejected(
        client,
        reload="1",
        phone="091234567",
        street="Số 8",
        commune="",
        name="",
        old_address=old_address,
        marked=marked,
    )

    assert marked == ["phone", "commune", "street"]
    assert re.findall(r'<p class="error" id="id_(\w+)_error">', suggested) == ["phone", "commune"]
    assert re.findall(r'name="marked" value="(\w+)"', suggested) == ["phone", "commune"]


def test_commune_options_are_limited_to_province(client: Client) -> None:
    html = html_of(client.get("/dia-chi/xa/", {"province": THAI_NGUYEN}))

    assert re.findall(r'value="(\d*)"', html) == ["", "01948"]
    assert html_of(client.get("/dia-chi/xa/")).count("<option") == 1


def test_communes_are_found_by_former_name_with_their_province(client: Client) -> None:
    page = html_of(client.get("/dia-chi/tim/", {"q": "vi hương", "province": "01"}))

    assert 'data-value="01948"' in page
    assert f'data-province="{THAI_NGUYEN}"' in page
    assert html_of(client.get("/dia-chi/tim/")).count("<li") == 0


def test_guest_keeps_receiver_on_the_device_only_on_request_and_deletes_it(client: Client) -> None:
    variant = make_variant()

    def open_next_checkout() -> str:
        add_to_basket(client, variant)
        return text_of(client.get("/en/dat-hang/"))

    add_to_basket(client, variant)
    submit_checkout(client)
    assert not {"receiver-vi", "receiver-en"} & client.cookies.keys()
    assert 'value="Trần Thị Minh Hạnh"' not in open_next_checkout()

    submit_checkout(client, keep_on_device="on")
    for language, path in (("vi", "/dat-hang/"), ("en", "/en/dat-hang/")):
        cookie = client.cookies[f"receiver-{language}"]
        assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (path, True, "Lax")
    page = open_next_checkout()
    for text in ('value="Trần Thị Minh Hạnh"', 'value="0987 654 321"', 'value="Số 8, ngõ 42"'):
        assert text in page
    assert f'value="{NGHIA_DO}" selected' in page
    Basket.objects.update(province_code=THAI_NGUYEN)
    elsewhere = text_of(client.get("/en/dat-hang/"))
    assert 'value="Trần Thị Minh Hạnh"' in elsewhere
    assert 'value="Số 8, ngõ 42"' not in elsewhere

    response = client.post("/en/dat-hang/", checkout_form(**{"forget-receiver": "1"}))

    assert response.headers["Location"] == "/en/dat-hang/"
    for language, path in (("vi", "/dat-hang/"), ("en", "/en/dat-hang/")):
        deleted_cookie = client.cookies[f"receiver-{language}"]
        assert (deleted_cookie.value, deleted_cookie["path"], deleted_cookie["max-age"]) == ("", path, 0)
        assert 'value="Trần Thị Minh Hạnh"' not in text_of(client.get(path))
    assert Order.objects.count() == 2


def test_order_of_a_signed_in_buyer_leaves_the_details_that_a_guest_keeps(client: Client) -> None:
    variant = make_variant()
    add_to_basket(client, variant)
    submit_checkout(client, keep_on_device="on")
    kept = client.cookies["receiver-en"].value
    client.force_login(make_user())
    add_to_basket(client, variant)

    submit_checkout(client)

    assert Order.objects.count() == 2
    assert kept
    assert client.cookies["receiver-en"].value == kept


def test_receiver_cookie_that_was_changed_is_ignored(client: Client) -> None:
    add_to_basket(client, make_variant())
    client.cookies["receiver-en"] = '{"name": "Gia"}:sai'

    assert 'value="Gia"' not in text_of(client.get("/en/dat-hang/"))


def test_details_of_signed_in_buyer_are_prefilled(client: Client) -> None:
    user = make_user(first_name="Nông Thị Mai", phone="+84912345678", email="mai@example.com")
    client.force_login(user)
    add_to_basket(client, make_variant())

    page = checkout_page(client)
    submit_checkout(client)

    assert 'value="Nông Thị Mai"' in page
    assert 'value="mai@example.com"' in page
    assert Order.objects.get().user == user


def test_known_address_is_a_card_with_its_fields_folded_behind_it(client: Client) -> None:
    user = make_user(first_name="Nông Thị Mai", phone="+84912345678", email="mai@example.com")
    first, second = (
        Address.objects.create(
            user=user,
            first_name="Nông Thị Mai",
            phone="+84912345678",
            street_address_1=street,
            province_code=HANOI,
            commune_code=NGHIA_DO,
        )
        for street in ("Số 8, ngõ 42", "Số 9")
    )
    User.objects.filter(pk=user.pk).update(default_shipping_address=first)
    client.force_login(user)
    add_to_basket(client, make_variant())

    page = checkout_page(client)
    card = re.search(r'<details class="receiver-card"[^>]*>.*?</summary>', page)
    wrong = submit_rejected(client, street="")
    other = text_of(client.post("/en/dat-hang/", checkout_form(**{"use-address": str(second.pk)})))

    assert card is not None
    assert " open" not in card[0]
    words = " ".join(re.sub(r"<[^>]+>", " ", card[0]).split())
    assert "Nông Thị Mai , 0912 345 678 Số 8, ngõ 42, Phường Nghĩa Đô, Hà Nội mai@example.com" in words
    assert page.count('name="use-address"') == 1
    assert 'id="receiver-card" open' in wrong
    assert "Số 9, Phường Nghĩa Đô" in other.replace("\xa0", " ")
    assert 'id="receiver-card" open' not in other


def test_notes_of_all_cooperatives_are_in_one_fold(client: Client) -> None:
    sellers = [make_seller(name) for name in ("HTX Thiên An", "HTX Yến Dương")]
    for seller in sellers:
        add_to_basket(client, make_variant(seller))

    page = checkout_page(client)
    reloaded = text_of(
        client.post("/en/dat-hang/", checkout_form(**{f"note-{sellers[1].pk}": "Gọi trước", "reload": "1"}))
    )

    assert page.count("Write a note to the cooperatives") == 1
    assert '<details class="fold-quiet" id="notes">' in page
    for name in ("HTX Thiên An", "HTX Yến Dương"):
        assert f'Note to <span lang="vi">{name}</span>' in page
    assert '<details class="fold-quiet" id="notes" open>' in reloaded


def test_invalid_csrf_token_shows_page_with_link_back() -> None:
    client = Client(**CSRF)

    response = client.post(
        "/en/dat-hang/", {"name": "x"}, headers={"Referer": "http://testserver/en/dat-hang/"}
    )

    assert response.status_code == 403
    assert "This page was open for too long" in html_of(response)
    assert 'href="http://testserver/en/dat-hang/"' in html_of(response)


def test_repeated_htmx_submit_redirects_to_one_order(client: Client) -> None:
    add_to_basket(client, make_variant())
    form, htmx = checkout_form(), {"HX-Request": "true"}

    responses = [client.post("/en/dat-hang/", form, headers=htmx) for _time in range(2)]

    order = Order.objects.get()
    assert [(response.status_code, response.headers["HX-Redirect"]) for response in responses] == [
        (204, f"/en/don-hang/{order.pk}/")
    ] * 2


def test_form_values_are_kept_until_order_is_placed(client: Client) -> None:
    variant = make_variant()
    add_to_basket(client, variant)
    note = {f"note-{variant.cooperative_id}": "Gọi trước khi giao"}
    submit_checkout(client, reload="1", **note)

    page = checkout_page(client)

    for value in ["Trần Thị Minh Hạnh", "Số 8, ngõ 42", "cổng xanh", "Gọi trước khi giao"]:
        assert f'value="{value}"' in page
    submit_checkout(client, **note)
    add_to_basket(client, variant)
    assert "Minh Hạnh" not in checkout_page(client)


def test_unknown_province_is_rejected_and_not_saved(client: Client) -> None:
    add_to_basket(client, make_variant())
    submit_checkout(client, province="9" * 400)

    checkout_page(client)

    assert Basket.objects.get().province_code == ""
    assert not Order.objects.exists()


def test_query_count_of_placement_does_not_depend_on_lines(client: Client) -> None:
    seller = make_seller()
    OrderCodeKey.objects.create(key="5a" * 32)  # as in every shop that has an order
    counts = []
    for size in (1, 1, 6):  # the first one writes the province into the session, too
        for _line in range(size):
            add_to_basket(client, make_variant(seller, on_hand=5))
        checkout_page(client)
        form = checkout_form()
        with CaptureQueriesContext(connection) as captured:
            client.post("/en/dat-hang/", form)
        counts.append(len(captured))

    assert Order.objects.count() == 3
    # Six of them renew the session key, since the session now proves access to the order.
    assert counts[1] == counts[2] == 46


def test_query_count_of_page_does_not_depend_on_lines(client: Client) -> None:
    add_to_basket(client, make_variant(), 1)
    submit_checkout(client, reload="1")
    client.get("/dat-hang/")  # stores the page's language

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/dat-hang/").status_code == 200
        return len(captured)

    before = queries()
    for n in range(4):
        add_to_basket(client, make_variant(name=f"Hàng {n}"))
        add_to_basket(client, make_variant(make_seller(f"HTX {n}"), name=f"Quà {n}"))
    after = queries()

    assert after == before == 7


def test_english_pages_use_translations_and_mark_vietnamese_text(client: Client) -> None:
    client.force_login(make_user(email="hanh@example.com"))
    seller = make_seller("HTX Thiên An", email="htx@example.com")
    variant = make_variant(seller, name="Quýt")
    delivery_method = seller.delivery_methods.get()
    other = make_delivery_method(seller, make_channel(), name="Xe khách", note="Bến xe phía nam")
    for row, field, text in ((delivery_method, "name", "To your door"), (other, "note", "South station")):
        kind, key = row._meta.label_lower, str(row.pk)
        Translation.objects.create(kind=kind, key=key, language="en", field=field, text=text)
    add_to_basket(client, variant)
    client.post("/en/gio-hang/noi-nhan/", {"province": HANOI})

    basket, checkout = text_of(client.get("/en/gio-hang/")), checkout_page(client)
    submit_checkout(client)
    order = Order.objects.get()
    order_page = text_of(client.get(f"/en/don-hang/{order.pk}/"))
    notification = collapse(Notification.objects.get(recipient="hanh@example.com").html)

    for page in (basket, checkout):
        for html in ("<b>To your door</b>", '<b lang="vi">Xe khách</b>', "<span>South station</span>"):
            assert html in page
        assert re.search(r'lang="vi">(<a [^>]+>)?Quýt<', page)
        assert re.search(r'<(b|legend) lang="vi">HTX Thiên An<', page)
    for page in (order_page, notification):
        assert "<span>To your door</span>" in page
        assert '<span lang="vi">Quýt</span>' in page
    assert '<span lang="vi">HTX Thiên An</span>' in text_of(client.get("/en/tai-khoan/"))
    order.lines.update(translated_product_name="Mandarin")
    for language, name in (("/en", "Mandarin"), ("", "Quýt")):
        shown = text_of(client.get(f"{language}/don-hang/{order.pk}/"))
        assert re.search(rf'<span class="grow"> ?(?:<a[^>]*>)? ?{name} ?(?:</a>)? <span', shown)
