from __future__ import annotations

import calendar
import datetime
import json
import re
import uuid
from html import unescape
from urllib.parse import quote_plus

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Price, Product, Stock, Variant
from catalog.states import ListingState
from cooperatives.models import Certificate, CertificateKind, Cooperative, DeliveryRate, Producer
from cooperatives.states import CooperativeState
from orders.actions.quotes.build_quote import build_quote
from orders.actions.quotes.quote_types import QuoteRequest, RequestedLine
from shop.accounts.models import Address
from shop.core.dates.calendar import vietnam_date
from shop.core.models import ShopSettings, Translation
from shop.core.models.geography import Division
from tests.factories import (
    HANOI,
    THAI_NGUYEN,
    make_category,
    make_channel,
    make_cooperative,
    make_delivery_method,
    make_market_pickup,
    make_product,
    make_seller,
    make_user,
    make_variant,
    make_variant_sold_by_weight,
    make_warehouse,
    set_wholesale_prices,
)
from tests.markup import html_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _provinces() -> None:
    for code, name in [(HANOI, "Hà Nội"), (THAI_NGUYEN, "Thái Nguyên")]:
        Division.objects.create(
            code=code,
            level="province",
            type_word="Tỉnh",
            name=name,
            full_name=name,
            folded=name,
            sort_key=name,
            valid_from=datetime.date(2025, 7, 1),
        )


def words_of(html: str) -> str:
    return re.sub(r"(?:<[^>]+>|\s)+", " ", html.replace("\u00a0", " ")).strip()


def product_page(client: Client, product: Product, query: str = "", prefix: str = "") -> str:
    response = client.get(f"{prefix}/san-pham/{product.slug}/{query}")
    assert response.status_code == 200
    return html_of(response)


def test_page_shows_price_seller_origin_returns_and_season(client: Client) -> None:
    product = make_product(make_seller("HTX Tài Hoan"), name="Miến dong", price=45_000, content_grams=500)

    html = product_page(client, product)

    assert "<h1>Miến dong</h1>" in html
    assert "45.000\u00a0₫" in html
    assert "90.000\u00a0₫/kg" in html
    assert "HTX Tài Hoan" in html
    assert "Phủ Thông, Thái Nguyên" in html
    assert "Đổi trong 24 giờ." in html
    assert "Có quanh năm." in html


@pytest.mark.parametrize(("return_days", "complaint_hours", "days"), [(0, 24, 7), (14, 24, 14), (0, 240, 10)])
def test_complaint_period_is_that_of_the_rule(
    client: Client, return_days: int, complaint_hours: int, days: int
) -> None:
    seller = make_seller(return_terms="", complaint_hours=complaint_hours)
    product = make_product(seller)
    Product.objects.filter(pk=product.pk).update(return_days=return_days)

    page = product_page(client, product)

    assert f"Nhận khiếu nại trong {days} ngày sau khi giao." in page
    assert "giờ" not in page[page.index('id="delivery"') : page.index('id="season"')]


def test_basket_is_linked_in_the_header_with_its_count(client: Client) -> None:
    product = make_product()
    client.post("/gio-hang/dong/", {"variant": product.variants.get().pk, "quantity": "2"})

    page = product_page(client, product)

    link = page[page.index('class="header-link basket-link" href="/gio-hang/"') :].split("</a>")[0]
    assert re.findall(r"data-basket-count[^>]*>(\d+)<", link) == ["2"]


def test_product_not_on_sale_is_404(client: Client) -> None:
    draft = make_product(name="Bản nháp", state=ListingState.DRAFT)
    of_suspended = make_product(make_seller("HTX treo", state=CooperativeState.SUSPENDED), name="Bị treo")

    for slug in [draft.slug, of_suspended.slug, "khong-co"]:
        assert client.get(f"/san-pham/{slug}/").status_code == 404


def test_every_variant_shows_its_price_and_sold_out_one_is_disabled(client: Client) -> None:
    product = make_product(
        name="Gối", price=320_000, variants=(("Gối cổ", 0), ("Gối nằm", 80_000)), on_hand=3
    )
    sold_out = product.variants.get(name="Gối cổ")
    sold_out.stocks.update(on_hand=0)

    html = product_page(client, product)

    assert "320.000\u00a0₫" in html
    assert "400.000\u00a0₫" in html
    in_stock = product.variants.get(name="Gối nằm")
    assert f'value="{sold_out.pk}" disabled required' in html
    assert f'value="{in_stock.pk}" checked required' in html


def test_price_range_starts_at_lowest_available_price_with_its_list_price(client: Client) -> None:
    product = make_product(
        name="Gối", price=320_000, variants=(("Gối mini", -100_000), ("Gối cổ", 0), ("Gối nằm", 80_000))
    )
    product.variants.get(name="Gối mini").stocks.update(on_hand=0)
    Price.objects.filter(variant__name="Gối cổ").update(discounted=300_000)

    html = product_page(client, product, prefix="/en")

    (price_html,) = re.findall(r'<p class="price price-large"[^>]*>(.*?)</p>', html, re.S)
    price_text = re.sub(r"<[^>]+>", "", price_html).replace("\u00a0", " ")
    assert re.sub(r"\s+", " ", price_text).strip() == "Before: 320,000 ₫ from 300,000 ₫ / piece"
    (bar,) = re.findall(r'<div class="buy-bar">.*?data-offline.*?</p>(.*?)<button', html, re.S)
    bar_text = re.sub(r"(?:<[^>]+>|\s)+", " ", bar.replace("\u00a0", " "))
    assert bar_text.strip() == "At most Before: 320,000 ₫ 300,000 ₫ 1 × Gối cổ from 300,000 ₫"


def test_bar_without_scripts_gives_the_price_of_one_step(client: Client) -> None:
    gourd = make_variant_sold_by_weight()

    html = html_of(client.get(f"/san-pham/{gourd.product.slug}/?quantity=3&variant={gourd.pk}"))

    (bar,) = re.findall(r'<div class="buy-bar">(.*?)<button', html, re.S)
    scripted, plain = bar.split('<div class="without-script">')
    assert 'class="needs-script"' in scripted
    plain_text = re.sub(r"(?:<[^>]+>|\s)+", " ", plain.replace("\u00a0", " "))
    assert plain_text.strip() == "Tối đa 43.200 ₫ / quả khoảng 2,4 kg"


@pytest.mark.parametrize(
    ("difference", "price"), [(0, "320.000 ₫"), (80_000, "từ 320.000 ₫")], ids=["one price", "two prices"]
)
def test_page_without_scripts_asks_once_for_an_option_and_shows_a_price(
    client: Client, difference: int, price: str
) -> None:
    product = make_product(name="Gối", price=320_000, variants=(("Gối cổ", 0), ("Gối nằm", difference)))
    long_pillow = product.variants.get(name="Gối nằm")

    page = product_page(client, product, f"?tinh={HANOI}&variant={long_pillow.pk}&quantity=3")

    (bar,) = re.findall(r'<div class="without-script">(.*?)</div>', page, re.S)
    assert words_of(bar) == price
    (plain,) = re.findall(r"<noscript>(.*?)</noscript>", page[page.index('id="delivery"') :], re.S)
    assert "<select" not in plain
    assert f'type="hidden" name="variant" value="{long_pillow.pk}"' in plain
    assert 'type="hidden" name="quantity" value="3"' in plain
    assert words_of(plain) == "Xem"


def test_request_for_a_message_is_folded_while_something_can_be_ordered(client: Client) -> None:
    product = make_product(name="Gối", variants=(("Gối cổ", 0), ("Gối nằm", 0)), on_hand=5)
    other_month = vietnam_date(timezone.now()).month % 12 + 1
    heading = "Nhận thông báo khi có hàng"

    def summary() -> str:
        page = product_page(client, product)
        folded = re.findall(r'<details class="panel">\s*<summary>(.*?)</summary>', page, re.S)
        assert (heading in page) is not bool(folded)
        return words_of(folded[0]) if folded else heading

    Product.objects.update(season=1 << (other_month - 1))
    assert summary() == "Báo tôi khi vào mùa mới"
    stocks = Stock.objects.filter(variant__product=product)
    stocks.filter(variant__name="Gối cổ").update(on_hand=0)
    assert summary() == "Báo tôi khi loại đang hết có hàng lại"
    stocks.update(on_hand=0)
    assert summary() == heading


def test_options_sold_by_weight_give_weights_and_the_highest_sum(client: Client) -> None:
    gourd = make_product(
        name="Bí xanh thơm",
        price=36_000,
        variants=(("To", 0), ("Nhỏ", -9_000)),
        unit="fruit",
        content_grams=2400,
        is_sold_by_weight=True,
        tolerance_percent=20,
    )
    Variant.objects.filter(name="Nhỏ").update(content_grams=1800)

    page = product_page(client, gourd, prefix="/en")

    options = re.findall(r'<label class="choice".*?</label>', page, re.S)
    assert [words_of(option) for option in options] == [
        "To about 2.4 kg, up to 2.88 kg at most 43,200 ₫",
        "Nhỏ about 1.8 kg, up to 2.16 kg at most 32,400 ₫",
    ]


def test_weighed_product_shows_price_per_kilogram_bound_and_estimate(client: Client) -> None:
    gourd = make_variant_sold_by_weight()
    Price.objects.filter(variant=gourd).update(discounted=32_400)

    page = html_of(client.get(f"/en/san-pham/{gourd.product.slug}/?quantity=2"))
    card = html_of(client.get("/en/san-pham/"))

    (per_kilogram,) = re.findall(r'<p class="price price-large"[^>]*>(.*?)</p>', page, re.S)
    (most,) = re.findall(r'<p class="price-most">(.*?)</p>', page, re.S)
    (bar,) = re.findall(r'<div class="needs-script".*?</div>', page, re.S)
    assert words_of(per_kilogram) == "Before: 15,000 ₫ 13,500 ₫ / kg"
    assert words_of(most) == "Pay by weight: about 64,800 ₫ , at most 77,760 ₫"
    assert re.search(r'<s class="soft small" hidden>', bar)
    (price,) = re.findall(r'<p class="price">(.*?)</p>', card, re.S)
    assert words_of(price) == "Before: 15,000 ₫ 13,500 ₫ / kg"
    assert "about 32,400 ₫/piece" in card.replace("\u00a0", " ")


def test_equal_variant_prices_show_no_from(client: Client) -> None:
    product = make_product(name="Gối", price=320_000, variants=(("Gối cổ", 0), ("Gối nằm", 0)))

    html = product_page(client, product, prefix="/en")

    (price_html,) = re.findall(r'<p class="price price-large"[^>]*>(.*?)</p>', html, re.S)
    assert "from" not in price_html


def test_variant_without_price_is_not_shown(client: Client) -> None:
    product = make_product(name="Gối", variants=(("Gối cổ", 0), ("Gối nằm", 80_000)))
    Price.objects.filter(variant__name="Gối nằm").update(amount=None)

    assert "Gối nằm" not in product_page(client, product)


def test_sold_out_product_has_no_add_button(client: Client) -> None:
    channel = make_channel()
    seller = make_cooperative()
    make_warehouse(seller, channel)
    make_delivery_method(seller, channel, name="Xe khách về Hà Nội", fee=25_000, provinces=(HANOI,))
    product = make_product(seller, on_hand=0)

    html = product_page(client, product, f"?tinh={HANOI}")
    assert "Tạm hết hàng." in html
    assert "Thêm vào giỏ" not in html
    assert "Xe khách về Hà Nội" in html
    assert "nhận hàng" not in html  # nobody can say when it arrives
    Stock.objects.update(on_hand=5)
    assert "nhận hàng" in product_page(client, product, f"?tinh={HANOI}")


@pytest.mark.parametrize("months_later", [1, 11])
def test_product_sold_out_after_its_season_names_the_month_of_its_return(
    client: Client, months_later: int
) -> None:
    product = make_product(on_hand=0)
    month = (vietnam_date(timezone.now()).month - 1 + months_later) % 12 + 1
    product.season = 1 << (month - 1)
    product.save()

    page, english_page = product_page(client, product), product_page(client, product, prefix="/en")
    month_name = f'<span class="keep">tháng {month}</span>'
    assert f"Đã hết mùa.</b> Thường có lại vào {month_name}." in " ".join(page.split())
    month_name = f'<span class="keep">{calendar.month_name[month]}</span>'
    assert f"It is usually back in {month_name}." in " ".join(english_page.split())


def test_paused_cooperative_shows_its_return_day(client: Client) -> None:
    return_day = vietnam_date(timezone.now()) + datetime.timedelta(days=20)
    seller = make_seller("HTX Thiên An", paused_from=timezone.now(), paused_until=return_day)

    html = product_page(client, make_product(seller))

    assert "HTX Thiên An đang tạm ngừng bán, mở bán lại từ" in html
    assert f"{return_day:%d/%m}" in html
    assert "Thêm vào giỏ" not in html


def test_delivery_cost_is_shown_for_chosen_province(client: Client) -> None:
    channel = make_channel()
    seller = make_cooperative()
    make_warehouse(seller, channel)
    make_delivery_method(seller, channel, name="Xe khách về Hà Nội", fee=25_000, provinces=(HANOI,))
    product = make_product(seller)

    html = product_page(client, product, f"?tinh={HANOI}")

    assert "Xe khách về Hà Nội" in html
    assert "25.000\u00a0₫" in html
    assert "không giao đến" not in html
    assert "cách giao đến mọi nơi" not in html
    assert "Đây là cách giao đến mọi nơi. Chọn tỉnh để xem" in product_page(client, product, "?tinh=")


def test_province_without_delivery_is_named_and_pickup_stays(client: Client) -> None:
    channel = make_channel()
    seller = make_cooperative("HTX Thiên An")
    make_warehouse(seller, channel)
    make_delivery_method(seller, channel, name="Xe khách về Hà Nội", provinces=(HANOI,))
    make_market_pickup(seller, channel)
    product = make_product(seller)

    html = product_page(client, product, f"?tinh={THAI_NGUYEN}")

    assert "HTX Thiên An không giao đến Thái Nguyên." in html
    assert "Xe khách về Hà Nội" not in html
    assert "Nhận ở chợ phiên" in html
    assert "miễn phí" in html


def test_province_is_remembered_between_pages(client: Client) -> None:
    product = make_product()

    product_page(client, product, f"?tinh={HANOI}")

    assert f'<option value="{HANOI}" selected>' in product_page(client, product)
    assert f'<option value="{HANOI}" selected>' in product_page(client, product, "?tinh=nghich")
    assert "selected" not in product_page(client, product, "?tinh=")
    assert "selected" not in product_page(client, product)


def test_delivery_estimate_equals_checkout_fee(client: Client) -> None:
    channel = make_channel()
    seller = make_cooperative()
    make_warehouse(seller, channel)
    delivery_method = make_delivery_method(
        seller, channel, fee=20_000, provinces=(HANOI,), free_from=1_000_000
    )
    DeliveryRate.objects.filter(delivery_method=delivery_method).update(up_to_grams=2_000)
    DeliveryRate.objects.create(
        delivery_method=delivery_method,
        channel=channel,
        currency="VND",
        province_code=HANOI,
        up_to_grams=9_000,
        price=45_000,
    )
    product = make_product(
        seller, price=100_000, content_grams=500, variants=(("Gói nhỏ", 0), ("Gói to", 60_000))
    )
    small, large = product.variants.in_order()
    large.content_grams = 3_000
    large.save()

    fees = []
    for variant, quantity in [(small, 1), (small, 4), (small, 5), (small, 10), (small, 99), (large, 1)]:
        address = f"/san-pham/{product.slug}/?tinh={HANOI}&variant={variant.pk}&quantity={quantity}"
        estimated_fees = [option.fee for option in client.get(address).context["offers"]]
        line = RequestedLine(uuid.uuid4(), variant.pk, quantity)
        quote = build_quote(QuoteRequest(channel, [line], {}, HANOI), now=timezone.now())
        assert estimated_fees == [option.fee for option in quote.seller_quotes[0].delivery_options], (
            variant,
            quantity,
        )
        fees += estimated_fees

    assert fees == [20_000, 20_000, 45_000, 0, None, 45_000]


def test_commune_is_chosen_within_province_and_remembered(client: Client) -> None:
    province = Division.objects.get(code=THAI_NGUYEN)
    commune = Division.objects.create(
        code="01849",
        level="commune",
        type_word="Xã",
        name="Phủ Thông",
        full_name="Xã Phủ Thông",
        parent=province,
        valid_from=province.valid_from,
    )
    product = make_product()

    assert "Giao đến Xã Phủ Thông" not in product_page(client, product, f"?tinh={THAI_NGUYEN}")
    assert "Giao đến Xã Phủ Thông, Thái Nguyên." in product_page(client, product, f"?xa={commune.code}")
    assert f'value="{commune.code}" selected' in product_page(client, product)
    assert "Giao đến Xã Phủ Thông" not in product_page(client, product, f"?tinh={HANOI}&xa={commune.code}")
    part = html_of(
        client.get(
            f"/san-pham/{product.slug}/?tinh={THAI_NGUYEN}&xa={commune.code}",
            headers={"HX-Request": "true", "HX-Target": "delivery"},
        )
    )
    assert part.lstrip().startswith("<section")
    assert "Giao đến Xã Phủ Thông, Thái Nguyên." in part
    assert "<h1>" not in part


def test_signed_in_buyer_defaults_to_their_shipping_province(client: Client) -> None:
    user = make_user()
    user.default_shipping_address = Address.objects.create(user=user, province_code=HANOI)
    user.save()
    client.force_login(user)
    product = make_product()

    assert f'<option value="{HANOI}" selected>' in product_page(client, product)
    assert "selected" not in product_page(client, product, "?tinh=")
    assert "selected" not in product_page(client, product)


def test_page_shows_legally_required_product_and_seller_details(client: Client) -> None:
    seller = make_seller(
        "HTX Tài Hoan",
        legal_name="Hợp tác xã Tài Hoan",
        registration_number="4700265487",
        registered_on=datetime.date(2018, 3, 27),
        registration_issuer="Phòng Tài chính – Kế hoạch",
        tax_code="4700265487",
        representative="Nguyễn Thị Hoan",
        province_code=THAI_NGUYEN,
        province_name="Thái Nguyên",
        commune_name="Xã Côn Minh",
        hamlet="Thôn Chè Cọ",
    )
    product = make_product(seller, name="Miến dong")
    product.producer = Producer.objects.create(
        cooperative=seller,
        name="Hộ bà Mơ",
        place="Thôn Chè Cọ",
        agreed_on=vietnam_date(timezone.now()),
    )
    Product.objects.filter(pk=product.pk).update(
        producer=product.producer,
        ingredients="Tinh bột dong riềng, nước",
        packaging="Gói kín",
        shelf_life="12 tháng từ ngày đóng gói",
        storage="Để nơi khô mát",
    )

    page_text = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", product_page(client, product))))

    for expected in [
        "Thành phần Tinh bột dong riềng, nước",
        "Gói kín",
        "12 tháng từ ngày đóng gói",
        "Để nơi khô mát",
        "Hộ bà Mơ",
        "Hợp tác xã Tài Hoan",
        "4700265487, 27/03/2018, Phòng Tài chính – Kế hoạch",
        "Nguyễn Thị Hoan",
        "Thôn Chè Cọ, xã Côn Minh, Thái Nguyên",
        "0912 345 678",
        "Giá đã gồm thuế, chưa gồm phí giao hàng.",
        "Đổi trong 24 giờ.",
        "Thái Nguyên trên bản đồ Việt Nam",
    ]:
        assert expected in page_text, expected


def test_similar_products_are_available_ones_of_same_category(client: Client) -> None:
    category = make_category("Miến")
    seller = make_seller()
    product = make_product(seller, name="Miến dong", category=category)
    make_product(seller, name="Miến sợi nhỏ", category=category)
    make_product(seller, name="Miến đã hết", category=category, on_hand=0)
    make_product(seller, name="Gối cổ", category=make_category("Gối"))

    similar = product_page(client, product).partition('id="similar"')[2]

    assert "Miến sợi nhỏ" in similar
    assert "Miến đã hết" not in similar
    assert "Gối cổ" not in similar
    assert "Miến dong</a>" not in similar


def test_share_links_load_no_third_party_scripts(client: Client) -> None:
    product = make_product()

    page = product_page(client, product)

    address = quote_plus(f"{settings.PUBLIC_URL}/san-pham/{product.slug}/")
    assert f'href="https://zalo.me/share?url={address}"' in page
    assert f'href="https://www.facebook.com/sharer/sharer.php?u={address}"' in page
    assert {src.split("/")[1] for src in re.findall(r'<script[^>]* src="([^"]+)"', page)} == {"static"}


def test_valid_certificate_is_shown_with_number_and_expiry(client: Client) -> None:
    seller = make_seller()
    product = make_product(seller)
    product.certificates.add(
        Certificate.objects.create(
            cooperative=seller,
            kind=CertificateKind.OCOP,
            stars=4,
            number="123/QĐ-UBND",
            expires_on=datetime.date(2099, 6, 30),
        )
    )

    html = product_page(client, product)

    assert "★★★★" in html
    assert "123/QĐ-UBND" in html
    assert "hiệu lực đến 30/06/2099" in html
    yesterday = vietnam_date(timezone.now()) - datetime.timedelta(days=1)
    product.certificates.update(expires_on=yesterday)
    html = product_page(client, product)
    assert "★★★★" not in html
    assert "123/QĐ-UBND" not in html


def test_english_page_shows_english_name(client: Client) -> None:
    product = make_product(name="Miến dong")
    Translation.objects.create(
        kind="catalog.product", key=str(product.pk), language="en", field="name", text="Canna noodles"
    )

    assert "<h1>Canna noodles</h1>" in product_page(client, product, prefix="/en")
    assert "<h1>Miến dong</h1>" in product_page(client, product)


def test_query_count_does_not_grow_with_variants_and_delivery_methods(client: Client) -> None:
    channel = make_channel()
    category = make_category("Miến")
    plain = make_product(make_seller("HTX Một"), name="Một loại", category=category)
    seller: Cooperative = make_seller("HTX Nhiều")
    sizes = tuple((f"Cỡ {n}", n) for n in range(8))
    rich = make_product(seller, name="Nhiều loại", category=category, variants=sizes)
    for _ in range(4):
        make_delivery_method(seller, channel, provinces=(HANOI, THAI_NGUYEN))

    counts = []
    for product in [plain, rich]:
        with CaptureQueriesContext(connection) as queries:
            product_page(client, product)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 22


def test_json_ld_has_price_stock_and_seller_but_no_rating(client: Client) -> None:
    product = make_product(make_seller("HTX </script> & Con"), name="Quýt <ngọt>", price=25_000)

    html = product_page(client, product)

    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', html)
    assert block is not None
    json_ld = json.loads(block.group(1))
    assert json_ld["name"] == "Quýt <ngọt>"
    assert json_ld["url"] == f"{settings.PUBLIC_URL}/san-pham/{product.slug}/"
    offer = json_ld["offers"]
    assert (offer["price"], offer["priceCurrency"]) == ("25000", "VND")
    assert offer["availability"] == "https://schema.org/InStock"
    assert offer["seller"]["name"] == "HTX </script> & Con"
    assert "aggregateRating" not in json_ld


def test_platform_product_links_to_no_cooperative_page(client: Client) -> None:
    platform_seller = make_seller("Nhà chợ", slug="nha-cho", is_platform_seller=True)

    html = product_page(client, make_product(platform_seller))

    assert "Nhà chợ" in html
    assert "/hop-tac-xa/nha-cho/" not in html
    assert client.get("/hop-tac-xa/nha-cho/").status_code == 404


def test_days_to_complain_are_the_most_that_market_product_or_seller_grant(client: Client) -> None:
    product = make_product()
    pages = []
    for days in (0, 7, 14):
        Product.objects.filter(pk=product.pk).update(return_days=days)
        page = html_of(client.get(f"/san-pham/{product.slug}/"))
        pages += re.findall(r"trong (?:vòng )?(\d+) ngày sau khi giao", page)

    assert pages == ["7", "7", "14"]


def test_sales_unit_is_listed_where_no_option_says_it(client: Client) -> None:
    rice = make_product(name="Gạo", unit="sack", variants=(("Nhỏ", 0), ("To", 2)), content_grams=2_000)
    of_one_unit = product_page(client, rice).replace("\u00a0", " ")
    Variant.objects.filter(name="To").update(content_grams=5_000)

    of_two_units = product_page(client, rice).replace("\u00a0", " ")

    assert "<dt>Đơn vị bán</dt><dd>bao 2 kg</dd>" in of_one_unit
    assert "Đơn vị bán" not in of_two_units
    assert [label in of_two_units for label in ("bao 2 kg", "bao 5 kg")] == [True, True]


def test_product_page_lists_wholesale_prices(client) -> None:
    ginger = make_variant(name="Gừng tươi", price=15_000, unit="kg", on_hand=100)
    set_wholesale_prices(ginger, {10: 13_000, 50: 12_000})

    page = html_of(client.get(f"/san-pham/{ginger.product.slug}/"))

    rows = re.findall(r"<tr data-tier.*?</tr>", page, re.DOTALL)
    texts = [" ".join(re.sub("<[^>]+>", " ", row).replace("\u00a0", " ").split()) for row in rows]
    assert texts == ["từ 10 kg 13.000 ₫ / kg", "từ 50 kg 12.000 ₫ / kg"]
    assert 'data-tiers="10:13000,50:12000"' in page
    offer = json.loads(re.findall(r"ld\+json\">(.*?)</script>", page)[0])["offers"]
    offer = offer[0] if isinstance(offer, list) else offer
    quantities = [row.get("eligibleQuantity", {}).get("minValue") for row in offer["priceSpecification"]]
    prices = [row["price"] for row in offer["priceSpecification"]]
    assert (offer["price"], prices, quantities) == ("15000", ["13000", "12000"], [10, 50])


@pytest.mark.parametrize(
    "limits", [{}, {"quantity_limit_per_order": 50}, {"quantity_limit_per_customer": 60}]
)
def test_wholesale_price_that_no_order_reaches_is_not_listed(client, limits) -> None:
    ginger = make_variant(name="Gừng tươi", price=15_000, unit="kg", on_hand=100)
    set_wholesale_prices(ginger, {10: 13_000, 61: 12_000})
    ShopSettings.objects.update_or_create(defaults={"limit_quantity_per_checkout": None if limits else 50})
    Variant.objects.update(**limits or {"quantity_limit_per_order": 99})

    page = html_of(client.get(f"/san-pham/{ginger.product.slug}/"))

    assert 'data-tiers="10:13000"' in page
    assert "12000" not in page


def test_wholesale_price_above_a_promotion_is_not_listed(client) -> None:
    ginger = make_variant(name="Gừng tươi", price=15_000, unit="kg")
    set_wholesale_prices(ginger, {10: 13_000})
    Price.objects.update(discounted=12_000)

    page = html_of(client.get(f"/san-pham/{ginger.product.slug}/"))

    assert "data-tier" not in page
