"""Price, stock, season and pause of many products are edited in one table; each row is saved by itself."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from catalog.actions.listings.listing_states import pause_listing
from catalog.actions.stock.stock_movements import StockAlreadyChanged, StockCount, record_stock_counts
from catalog.models import Movement, MovementReason, Price, Product
from catalog.states import ListingState
from cooperatives.models import Role
from shop.core.actors import Actor
from tests.factories import (
    NOW,
    get_stock,
    make_member,
    make_product,
    make_seller,
    make_variant,
    set_wholesale_prices,
)
from tests.markup import html_of
from tests.refusals import assert_refused

pytestmark = [pytest.mark.django_db, pytest.mark.both]

URL = "/xa-vien/hang/nhieu/"


class Fields(HTMLParser):
    """Collects the named fields of the table with their values, as a browser sends them."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag, attrs) -> None:
        attributes = dict(attrs)
        name = attributes.get("name") or ""
        is_sent = attributes.get("type") != "checkbox" or "checked" in attributes
        if tag == "input" and name.startswith("goods-") and is_sent:
            self.values[name] = attributes.get("value") or ("on" if "checked" in attributes else "")


def fields_of(page: str) -> dict[str, str]:
    parser = Fields()
    parser.feed(page)
    return parser.values


def field(variant, name: str) -> str:
    """Return the name of an option's field."""
    return f"goods-{variant.product.listings.get().pk}-{name}-{variant.pk}"


def price_of(variant) -> int | None:
    return Price.objects.get(variant=variant).amount


def test_one_button_saves_all_rows_each_with_its_answer(lister, seller) -> None:
    honey = make_variant(seller, name="Mật ong", price=350_000, on_hand=12)
    noodles = make_variant(seller, name="Miến dong", price=60_000, on_hand=5)
    tea = make_variant(seller, name="Trà shan", price=90_000, on_hand=7)
    plum = make_variant(seller, name="Mận hậu", state=ListingState.DRAFT)
    fields = fields_of(html_of(lister.get(URL)))
    listing = tea.product.listings.get()
    del fields[f"goods-{listing.pk}-is_on_sale"]
    changes = {
        field(honey, "price"): "360.000",
        field(honey, "counted"): "10",
        field(noodles, "price"): "0",
        f"goods-{plum.product.listings.get().pk}-months": "11-2",
    }

    page = html_of(lister.post(URL, fields | changes))

    assert (price_of(honey), get_stock(honey).on_hand) == (360_000, 10)
    assert Movement.objects.filter(stock__variant=honey, reason=MovementReason.COUNT).count() == 1
    assert (price_of(noodles), get_stock(noodles).on_hand) == (60_000, 5)
    listing.refresh_from_db()
    assert listing.state == ListingState.PAUSED
    assert Product.objects.get(pk=plum.product_id).months == [1, 2, 11, 12]
    assert "Đã lưu 3 sản phẩm." in page
    assert "1 sản phẩm cần bạn trả lời bên dưới." in page
    assert page.count("Chưa lưu") == 1


def test_one_row_is_saved_by_its_own_button(lister, seller) -> None:
    honey = make_variant(seller, name="Mật ong", price=350_000)
    noodles = make_variant(seller, name="Miến dong", price=60_000)
    fields = fields_of(html_of(lister.get(URL)))
    changes = {field(honey, "price"): "360.000", field(noodles, "price"): "65.000"}
    only = honey.product.listings.get().pk

    response = lister.post(URL, fields | changes | {"only": only}, headers={"HX-Request": "true"})

    page = html_of(response)
    assert (price_of(honey), price_of(noodles)) == (360_000, 60_000)
    assert page.strip().startswith("<li")
    assert "Mật ong" in page
    assert "Miến dong" not in page


def test_price_of_ten_times_is_asked_about_and_confirmed(lister, seller) -> None:
    honey = make_variant(seller, name="Mật ong", price=350_000, on_hand=12)
    fields = fields_of(html_of(lister.get(URL)))

    page = html_of(
        lister.post(URL, fields | {field(honey, "price"): "3500000", field(honey, "counted"): "9"})
    )

    assert (price_of(honey), get_stock(honey).on_hand) == (350_000, 9)
    assert "Lưu một phần" in page
    asked = fields_of(page)
    assert asked[field(honey, "price")] == "3500000"
    assert asked[field(honey, "confirmed")] == "350000-3500000"

    lister.post(URL, asked)

    assert price_of(honey) == 3_500_000
    assert get_stock(honey).on_hand == 9


def test_price_not_above_the_wholesale_price_is_refused(lister, seller) -> None:
    honey = make_variant(seller, name="Mật ong", price=350_000, on_hand=12)
    set_wholesale_prices(honey, {6: 330_000})
    fields = fields_of(html_of(lister.get(URL)))

    page = html_of(lister.post(URL, fields | {field(honey, "price"): "330000"}))

    assert "Giá sỉ đang là 330.000" in page
    assert price_of(honey) == 350_000


def test_price_that_somebody_else_changed_is_not_overwritten(lister, seller) -> None:
    honey = make_variant(seller, name="Mật ong", price=350_000, on_hand=12)
    fields = fields_of(html_of(lister.get(URL)))
    Price.objects.filter(variant=honey).update(amount=340_000)
    get_stock(honey)
    record_stock_counts(
        cooperative=seller,
        counts=[StockCount(honey.pk, get_stock(honey).warehouse_id, 4)],
        actor=Actor.system(),
        now=NOW,
    )

    page = html_of(
        lister.post(URL, fields | {field(honey, "price"): "360000", field(honey, "counted"): "11"})
    )

    assert (price_of(honey), get_stock(honey).on_hand) == (340_000, 4)
    assert "Tồn kho vừa đổi thành 4." in page
    seen = fields_of(page)
    assert (seen[field(honey, "seen_price")], seen[field(honey, "seen_stock")]) == ("340000", "4")


def test_pause_and_season_that_somebody_else_changed_stay(lister, seller) -> None:
    honey = make_variant(seller, name="Mật ong", price=350_000)
    tea = make_variant(seller, name="Trà shan", price=90_000)
    listing = honey.product.listings.get()
    months, is_on_sale = f"goods-{listing.pk}-months", f"goods-{listing.pk}-is_on_sale"
    fields = fields_of(html_of(lister.get(URL)))
    pause_listing(cooperative=seller, listing_id=listing.pk, actor=Actor.system(), now=NOW)
    Product.objects.filter(pk=honey.product_id).update(season=0b111)
    asked = {field(tea, "price"): "95.000", field(honey, "price"): "0"}

    page = html_of(lister.post(URL, fields | asked))

    listing.refresh_from_db()
    assert (listing.state, price_of(tea)) == (ListingState.PAUSED, 95_000)
    assert Product.objects.get(pk=honey.product_id).months == [1, 2, 3]
    shown = fields_of(page)
    assert (shown[months], is_on_sale in shown) == ("1-3", False)

    page = html_of(lister.post(URL, fields | {months: "6-9"}))

    listing.refresh_from_db()
    assert listing.state == ListingState.PAUSED
    assert Product.objects.get(pk=honey.product_id).months == [1, 2, 3]
    assert "Người khác vừa đổi mục này." in page

    lister.post(URL, fields_of(page))

    assert Product.objects.get(pk=honey.product_id).months == [6, 7, 8, 9]


def test_unchanged_table_writes_nothing(lister, seller) -> None:
    make_product(seller, name="Trà shan", variants=(("Gói", 0), ("Hộp", 90_000)))
    fields = fields_of(html_of(lister.get(URL)))
    before = Movement.objects.count()

    page = html_of(lister.post(URL, fields))

    assert Movement.objects.count() == before
    assert "Không có gì thay đổi" in page


def test_other_cooperatives_rows_are_not_touched(lister, seller) -> None:
    foreign = make_variant(make_seller("HTX Yến Dương"), name="Miến dong", price=60_000)
    listing = foreign.product.listings.get()
    fields = {f"goods-{listing.pk}-key": "", field(foreign, "price"): "70000", "only": listing.pk}

    lister.post(URL, fields)

    assert price_of(foreign) == 60_000


def test_count_of_a_changed_stock_is_refused(seller) -> None:
    honey = make_variant(seller, on_hand=12)
    count = StockCount(honey.pk, get_stock(honey).warehouse_id, 9, seen_on_hand=11)

    with assert_refused(StockAlreadyChanged, "stock_already_changed") as refusal:
        record_stock_counts(cooperative=seller, counts=[count], actor=Actor.system(), now=NOW)

    assert refusal.value.details == {"on_hand": 12}


def test_packer_has_no_table(client, seller) -> None:
    client.force_login(make_member(seller, Role.PACKER))

    assert client.get(URL).status_code == 403


def test_table_reads_a_fixed_number_of_tables(lister, seller, django_assert_max_num_queries) -> None:
    for number in range(8):
        make_product(seller, name=f"Trà {number}", variants=(("Gói", 0), ("Hộp", 90_000)))

    with django_assert_max_num_queries(14):
        page = html_of(lister.get(URL))

    assert page.count("Trà 7") >= 1
