"""The basket page: lines, totals, problems, delivery choices and merging at sign-in."""

from __future__ import annotations

import re
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Listing, Price
from catalog.states import ListingState
from cooperatives.models import Cooperative, DeliveryKind
from cooperatives.states import CooperativeState
from orders.models import Basket, BasketLine, DeliveryChoice
from shop.accounts.models import Address
from shop.core.models import Picture, PictureState
from tests.factories import (
    HANOI,
    THAI_NGUYEN,
    make_channel,
    make_cooperative,
    make_delivery_method,
    make_divisions,
    make_market_pickup,
    make_seller,
    make_user,
    make_variant,
    make_warehouse,
    set_wholesale_prices,
)
from tests.markup import html_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _places() -> None:
    make_divisions()


def add_to_basket(client: Client, variant: object, quantity: object = 1) -> object:
    return client.post(
        "/en/gio-hang/dong/", {"variant": getattr(variant, "pk", variant), "quantity": quantity}
    )


def basket_page(client: Client) -> str:
    response = client.get("/en/gio-hang/")
    assert response.status_code == 200
    return re.sub(r"[ \n]+", " ", html_of(response))


def change_line(client: Client, **fields: object) -> str:
    line = BasketLine.objects.get()
    response = client.post(f"/en/gio-hang/dong/{line.pk}/", fields, follow=True)
    assert response.status_code == 200
    return html_of(response)


def set_province(client: Client, province: str) -> None:
    assert client.post("/en/gio-hang/noi-nhan/", {"province": province}).status_code == 302


def test_empty_basket_shows_message_and_no_checkout_link(client: Client) -> None:
    page = basket_page(client)

    assert "Your basket is empty" in page
    assert "/dat-hang/" not in page


def test_reduced_price_strikes_out_old_price_and_no_total(client: Client) -> None:
    gourd = make_variant(make_seller("HTX Yến Dương"), price=24_000)
    Price.objects.filter(variant=gourd).update(discounted=21_600)
    add_to_basket(client, gourd)

    struck = r"<s[^>]*>.*?([\d,]+)\u00a0₫</s>"
    assert set(re.findall(struck, basket_page(client))) == {"24,000"}
    set_province(client, HANOI)
    assert set(re.findall(struck, basket_page(client))) == {"24,000"}


def test_lines_are_grouped_by_cooperative_with_totals(client: Client) -> None:
    pillow = make_variant(make_seller("HTX Thiên An"), price=320_000)
    noodles = make_variant(make_seller("HTX Tài Hoan"), name="Miến dong", price=45_000)
    add_to_basket(client, pillow)
    add_to_basket(client, noodles, 2)

    set_province(client, HANOI)
    page = basket_page(client)

    assert re.findall(r'Part \d, <span lang="vi">([^<]+)<', page) == ["HTX Thiên An", "HTX Tài Hoan"]
    assert "410,000\u00a0₫" in page  # goods
    assert "60,000\u00a0₫" in page  # two deliveries
    assert "470,000\u00a0₫" in page


def test_adding_same_variant_again_increases_its_line(client: Client) -> None:
    variant = make_variant()

    add_to_basket(client, variant, 1)
    add_to_basket(client, variant, 2)

    assert list(BasketLine.objects.values_list("variant", "quantity")) == [(variant.pk, 3)]


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        ("0", "Enter the quantity as a whole number from 1."),
        ("-3", "Enter the quantity as a whole number from 1."),
        ("two", "Enter a whole number, such as 2."),
        ("", "Enter a quantity."),
        ("51", "You can buy at most 50 × piece per order."),
        ("9" * 30, "That is more than one order can hold. Enter a smaller quantity."),
    ],
)
def test_invalid_quantity_shows_error_and_adds_nothing(client: Client, quantity: str, message: str) -> None:
    variant = make_variant()

    response = client.post("/en/gio-hang/dong/", {"variant": variant.pk, "quantity": quantity}, follow=True)

    assert message in html_of(response)
    assert not BasketLine.objects.exists()


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        ("-3", "Enter the quantity as a whole number from 1."),
        ("two", "Enter a whole number, such as 2."),
        ("51", "You can buy at most 50 × piece per order."),
        ("9" * 30, "That is more than one order can hold. Enter a smaller quantity."),
    ],
)
def test_invalid_line_quantity_shows_error_at_line_and_changes_nothing(
    client: Client, quantity: str, message: str
) -> None:
    add_to_basket(client, make_variant(), 2)

    page = change_line(client, quantity=quantity)

    assert re.search(rf'id="error-[^"]+" role="alert">.*?{re.escape(message)}', page, re.DOTALL)
    assert BasketLine.objects.get().quantity == 2


def test_zero_quantity_removes_line_and_offers_undo(client: Client) -> None:
    variant = make_variant(name="Miến dong")
    add_to_basket(client, variant, 2)

    page = change_line(client, quantity=0)

    assert "Miến dong was removed." in page
    assert not BasketLine.objects.exists()
    assert f'name="variant" value="{variant.pk}"' in page
    assert 'name="quantity" value="2"' in page
    assert re.search(r"<button[^>]* autofocus[^>]*>Put back in basket", page)


def test_buttons_of_quantity_have_ids_by_which_they_keep_the_focus(client: Client) -> None:
    add_to_basket(client, make_variant())
    key = BasketLine.objects.get().pk

    assert re.findall(r'<button[^>]* id="([^"]+)"', basket_page(client)) == [f"{key}-less", f"{key}-more"]


def test_remove_button_ignores_quantity_field(client: Client) -> None:
    add_to_basket(client, make_variant(), 2)

    change_line(client, quantity="two", remove="1")

    assert not BasketLine.objects.exists()


def test_foreign_or_unknown_line_is_missing(client: Client) -> None:
    add_to_basket(client, make_variant(), 2)
    line = BasketLine.objects.get()
    other_client = Client()
    add_to_basket(other_client, make_variant(name="Quýt"))

    response = other_client.post(f"/en/gio-hang/dong/{line.pk}/", {"quantity": 1})

    assert response.status_code == 404
    line.refresh_from_db()
    assert line.quantity == 2
    assert other_client.post(f"/en/gio-hang/dong/{uuid.uuid4()}/", {"quantity": 1}).status_code == 404


def test_line_problems_are_explained_and_block_checkout(client: Client) -> None:
    seller = make_seller()
    sold_out = make_variant(seller, name="Hồng không hạt", on_hand=1)
    scarce = make_variant(seller, name="Bí xanh thơm", on_hand=2)
    dearer = make_variant(seller, name="Miến dong", price=45_000)
    paused = make_variant(seller, name="Quýt")
    add_to_basket(client, sold_out)
    add_to_basket(client, scarce, 3)
    add_to_basket(client, dearer)
    add_to_basket(client, paused)
    sold_out.stocks.update(on_hand=0)
    Price.objects.filter(variant=dearer).update(amount=50_000)
    Listing.objects.filter(product=paused.product_id).update(state=ListingState.PAUSED)

    page = basket_page(client)

    assert "Sold out. Remove it to continue." in page
    assert "Only 2 are left." in page
    assert "The price has changed from 45,000\u00a0₫ to 50,000\u00a0₫." in page
    assert "No longer on sale. Remove it to continue." in page
    assert '<h3 lang="vi">Quýt</h3>' in page
    assert page.count('<h3 lang="vi"><a href="/en/san-pham/') == 3
    assert "Please correct the highlighted fields first." in page
    assert 'action="/en/dat-hang/giu-hang/"' not in page
    assert BasketLine.objects.count() == 4


def test_lines_of_suspended_cooperative_are_not_for_sale(client: Client) -> None:
    add_to_basket(client, make_variant())
    Cooperative.objects.update(state=CooperativeState.SUSPENDED)

    page = basket_page(client)

    assert "No longer on sale. Remove it to continue." in page
    assert '<h3 lang="vi">Gối thảo dược</h3>' in page
    assert client.get("/en/dat-hang/").headers["Location"] == "/en/gio-hang/"


def test_paused_cooperative_shows_return_date_and_blocks_checkout(client: Client) -> None:
    add_to_basket(client, make_variant(make_seller("HTX Thiên An")))
    Cooperative.objects.update(paused_from=timezone.now(), paused_until="2099-02-20")

    page = basket_page(client)

    assert '<span lang="vi">HTX Thiên An</span> has paused sales and sells again from Friday 20 Feb.' in page
    assert 'action="/en/dat-hang/giu-hang/"' not in page


def test_unserved_province_is_reported_on_basket_page(client: Client) -> None:
    channel = make_channel()
    cooperative = make_cooperative("HTX Yến Dương")
    make_warehouse(cooperative, channel)
    make_delivery_method(cooperative, channel, provinces=(HANOI,))
    add_to_basket(client, make_variant(cooperative))

    set_province(client, HANOI)
    served = basket_page(client)
    set_province(client, THAI_NGUYEN)
    unserved = basket_page(client)

    message = '<span lang="vi">HTX Yến Dương</span> does not deliver to <span lang="vi">Thái Nguyên</span>.'
    assert message not in served
    assert message in unserved


def test_chosen_delivery_method_and_time_are_saved_and_change_total(client: Client) -> None:
    cooperative = make_seller()
    market = make_market_pickup(cooperative, make_channel())
    add_to_basket(client, make_variant(cooperative, price=100_000))
    set_province(client, HANOI)
    value = re.search(rf'value="({market.pk}@[^"]+)"', basket_page(client))
    assert value is not None

    client.post("/en/gio-hang/cach-giao/", {f"delivery-{cooperative.pk}": value[1]})

    choice = DeliveryChoice.objects.get()
    assert (choice.delivery_method_id, f"{choice.pickup_day}T{choice.pickup_starts:%H:%M}") == (
        market.pk,
        value[1].split("@")[1],
    )
    page = basket_page(client)
    assert "<dd>0\u00a0₫</dd>" in page
    assert '<span class="money">free</span>' in page


def chosen_in(page: str) -> list[str]:
    return re.findall(r'value="(\d+)[^"]*" checked', page)


@pytest.mark.parametrize(
    ("coach_fee", "coach_provinces", "is_coach_preselected"),
    [(20_000, (THAI_NGUYEN,), True), (35_000, (THAI_NGUYEN,), False), (20_000, ("",), False)],
)
def test_cheapest_delivery_to_the_buyers_province_is_preselected(
    client: Client, coach_fee: int, coach_provinces: tuple[str, ...], is_coach_preselected: bool
) -> None:
    """A coach counts if it has a price for that province: a default price says nothing of where it stops."""
    cooperative, channel = make_cooperative("HTX Yến Dương"), make_channel()
    make_warehouse(cooperative, channel)
    coach = make_delivery_method(
        cooperative, channel, kind=DeliveryKind.COACH, fee=coach_fee, provinces=coach_provinces
    )
    make_market_pickup(cooperative, channel)
    make_delivery_method(cooperative, channel, fee=50_000)
    home = make_delivery_method(cooperative, channel, fee=35_000)
    add_to_basket(client, make_variant(cooperative))

    set_province(client, THAI_NGUYEN)

    assert chosen_in(basket_page(client)) == [str((coach if is_coach_preselected else home).pk)]


def test_chosen_delivery_is_one_line_and_the_others_are_folded_in_the_same_order(client: Client) -> None:
    cooperative, channel = make_cooperative(), make_channel()
    make_warehouse(cooperative, channel)
    make_market_pickup(cooperative, channel)
    coach = make_delivery_method(
        cooperative,
        channel,
        kind=DeliveryKind.COACH,
        name="Xe khách về Hà Nội",
        station="Bến xe Mỹ Đình, Hà Nội",
        fee=25_000,
    )
    make_delivery_method(cooperative, channel, fee=21_000)
    add_to_basket(client, make_variant(cooperative))
    set_province(client, HANOI)
    client.post("/en/gio-hang/cach-giao/", {f"delivery-{cooperative.pk}": coach.pk})

    form = re.search(r'action="/en/gio-hang/cach-giao/".*?</form>', basket_page(client))

    assert form is not None
    summary, _, folded = form[0].partition("</summary>")
    line = " ".join(re.sub(r"<[^>]+>", " ", summary).split())
    assert "Xe khách về Hà Nội" in line
    assert "Bến xe Mỹ Đình, Hà Nội" in line
    assert "25,000 ₫ Change" in line
    assert "Cheaper: Nhận ở chợ phiên , free" in line
    assert "<details open" not in summary
    names = re.findall(r"<b[^>]*>(Giao tận nhà|Xe khách về Hà Nội|Nhận ở chợ phiên)</b>", folded)
    assert names == ["Giao tận nhà", "Xe khách về Hà Nội", "Nhận ở chợ phiên"]


def test_only_delivery_is_stated_without_a_fold(client: Client) -> None:
    cooperative, channel = make_cooperative(), make_channel()
    make_warehouse(cooperative, channel)
    home = make_delivery_method(cooperative, channel)
    add_to_basket(client, make_variant(cooperative))
    set_province(client, HANOI)

    page = basket_page(client)

    assert "Giao tận nhà" in page
    assert f'<input type="hidden" name="delivery-{cooperative.pk}" value="{home.pk}">' in page
    assert "Change" not in page


def test_days_of_a_pickup_place_follow_its_first_one(client: Client) -> None:
    cooperative, channel = make_seller(), make_channel()
    market = make_market_pickup(cooperative, channel)
    add_to_basket(client, make_variant(cooperative))
    set_province(client, HANOI)

    page = basket_page(client)

    place, _, other_days = page[page.index('class="pickup-point"') :].partition('class="other-days')
    assert place.count(f'value="{market.pk}@') == 1
    assert other_days.count(f'value="{market.pk}@') == 3


@pytest.mark.parametrize(("province", "is_preselected"), [(THAI_NGUYEN, True), (HANOI, False)])
def test_only_pickup_in_buyers_province_is_preselected(
    client: Client, province: str, is_preselected: bool
) -> None:
    cooperative, channel = make_cooperative(), make_channel()
    warehouse = make_warehouse(cooperative, channel)
    Address.objects.filter(pk=warehouse.address_id).update(province_code=THAI_NGUYEN)
    pickup = make_market_pickup(cooperative, channel)
    make_delivery_method(cooperative, channel, kind=DeliveryKind.COACH, fee=0)
    add_to_basket(client, make_variant(cooperative))
    set_province(client, province)

    page = basket_page(client)

    assert chosen_in(page) == ([str(pickup.pk)] if is_preselected else [])
    assert ("Choose a delivery method for the items from" in page) == (not is_preselected)


def test_delivery_method_of_another_cooperative_is_not_saved(client: Client) -> None:
    cooperative = make_seller()
    other_method = make_delivery_method(make_seller("HTX Khác"), make_channel())
    add_to_basket(client, make_variant(cooperative))

    client.post("/en/gio-hang/cach-giao/", {f"delivery-{cooperative.pk}": other_method.pk})

    assert not DeliveryChoice.objects.exists()


def test_htmx_request_gets_fragment_and_basket_count(client: Client) -> None:
    add_to_basket(client, make_variant(), 1)
    line = BasketLine.objects.get()

    response = client.post(f"/en/gio-hang/dong/{line.pk}/", {"quantity": 4}, headers={"HX-Request": "true"})

    html = html_of(response)
    assert html.strip().startswith('<div id="basket"')
    assert "<!doctype" not in html
    assert 'hx-swap-oob="outerHTML:[data-basket-count]">4<' in html


def test_signing_in_merges_guest_basket(client: Client) -> None:
    variant, other_variant = make_variant(), make_variant(name="Quýt")
    user = make_user(email="hoa@example.com")
    add_to_basket(client, variant, 2)
    signed_in_client = Client()
    signed_in_client.force_login(user)
    add_to_basket(signed_in_client, variant, 1)
    add_to_basket(signed_in_client, other_variant, 1)

    client.post("/tai-khoan/dang-nhap/", {"name": "hoa@example.com", "password": "quyt-bach-thong-2026"})

    assert Basket.objects.get().user == user
    assert dict(BasketLine.objects.values_list("variant", "quantity")) == {variant.pk: 3, other_variant.pk: 1}
    assert "Quýt" in basket_page(client)


def test_merged_basket_takes_province_of_users_default_address(client: Client) -> None:
    user = make_user(email="hoa@example.com")
    user.default_shipping_address = Address.objects.create(user=user, province_code=HANOI)
    user.save()
    add_to_basket(client, make_variant())
    assert "selected" not in basket_page(client)

    client.post("/tai-khoan/dang-nhap/", {"name": "hoa@example.com", "password": "quyt-bach-thong-2026"})

    assert f'<option value="{HANOI}" lang="vi" selected>' in basket_page(client)
    set_province(client, THAI_NGUYEN)
    assert f'<option value="{THAI_NGUYEN}" lang="vi" selected>' in basket_page(client)


def test_query_count_does_not_depend_on_number_of_lines(client: Client) -> None:
    seller = make_seller()
    add_to_basket(client, make_variant(seller))
    set_province(client, HANOI)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/gio-hang/")
        return len(captured)

    queries()  # reads the terms of sale
    before = queries()
    for n in range(4):
        add_to_basket(client, make_variant(seller, name=f"Hàng {n}"))
        add_to_basket(client, make_variant(make_seller(f"HTX {n}"), name=f"Quà {n}"))

    assert queries() == before == 6


@pytest.mark.parametrize(
    ("fields", "is_linked"),
    [({}, True), ({"is_platform_seller": True}, False), ({"state": CooperativeState.SUSPENDED}, False)],
)
def test_only_cooperative_with_public_page_is_linked(
    client: Client, fields: dict[str, object], is_linked: bool
) -> None:
    seller = make_seller("HTX Thiên An")
    add_to_basket(client, make_variant(seller))
    Cooperative.objects.filter(pk=seller.pk).update(**fields)

    page = basket_page(client)
    status = client.get(f"/en/hop-tac-xa/{seller.slug}/").status_code

    assert "HTX Thiên An" in page
    assert (f'href="/en/hop-tac-xa/{seller.slug}/"' in page) == is_linked
    assert (status == 200) == is_linked


def test_basket_shows_portraits_of_cooperatives_and_initials_of_others(client: Client) -> None:
    renditions = {"160": {"webp": "nong-160.webp", "jpeg": "nong-160.jpg", "height": 160}}
    portrait = Picture.objects.create(state=PictureState.READY, renditions=renditions)
    for cooperative in (make_seller("HTX Thiên An", portrait=portrait), make_seller("HTX Yến Dương")):
        add_to_basket(client, make_variant(cooperative))

    page = basket_page(client)

    assert page.count('class="mark" src="/media/nong-160.jpg"') == 1
    assert page.count('<span class="mark" aria-hidden="true">YD</span>') == 1


def test_removed_line_takes_messages_about_it_along(client: Client) -> None:
    variant = make_variant()
    path = f"/en/san-pham/{variant.product.slug}/"
    client.post("/en/gio-hang/dong/", {"variant": variant.pk, "quantity": 2, "next": path})
    assert "Added: 2 × " in html_of(client.get(path))
    assert "Added: 2 × " not in basket_page(client)

    for foreign in ("https://elsewhere.example/", "//elsewhere.example/", ""):
        fields = {"variant": variant.pk, "quantity": 1, "next": foreign}
        assert client.post("/en/gio-hang/dong/", fields)["Location"] == "/en/gio-hang/"


def test_line_states_its_wholesale_price_and_what_the_next_one_needs(client: Client) -> None:
    ginger = make_variant(name="Gừng tươi", price=15_000, unit="kg", on_hand=100)
    set_wholesale_prices(ginger, {10: 13_000, 50: 12_000})

    add_to_basket(client, ginger, 8)
    before = basket_page(client).replace("\u00a0", " ")
    add_to_basket(client, ginger, 2)
    after = basket_page(client).replace("\u00a0", " ")

    assert "Add 2 kg to pay 13,000 ₫ / kg." in before
    assert "Wholesale price from" not in before
    assert "Wholesale price from 10 kg" in after
    assert "Add 40 kg to pay 12,000 ₫ / kg." in after
    assert '<b class="money">130,000 ₫</b>' in after
