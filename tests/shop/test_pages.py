from __future__ import annotations

import gzip
import re
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import translation

from catalog.models import Variant
from cooperatives.models import MarketDay, Membership
from shop.core.models import ShopSettings, Translation
from shop.core.templatetags.icons import icon
from shop.page_context import build_page_context
from shop.views import PAGES, show_server_error
from tests.factories import (
    make_admin,
    make_bank_account,
    make_basket,
    make_channel,
    make_market_pickup,
    make_product,
    make_seller,
    make_user,
)
from tests.markup import html_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("slug", PAGES)
@pytest.mark.parametrize(("prefix", "draft"), [("", "Bản nháp:"), ("/en", "Draft: the operator")])
def test_fixed_texts_tell_staff_alone_to_check_them(
    client: Client, slug: str, prefix: str, draft: str
) -> None:
    html = html_of(client.get(f"{prefix}/trang/{slug}/"))
    client.force_login(make_admin())

    for_staff = html_of(client.get(f"{prefix}/trang/{slug}/"))

    assert draft not in html
    assert html.count("<h1") == 1
    assert draft in for_staff


def test_payment_page_names_the_available_methods(client: Client, settings: Any) -> None:
    make_channel()
    page = "/trang/dat-hang-tra-tien/"
    before = html_of(client.get(page))
    make_bank_account()
    settings.STRIPE_SECRET_KEY = "sk_test_anything"

    after = html_of(client.get(page))

    assert "VietQR" not in before
    assert "Stripe" not in before
    assert "VietQR" in after
    assert "Stripe" in after


@pytest.mark.parametrize("page", ["/trang/doi-tra/", "/trang/quy-che/"])
def test_fixed_texts_mention_cards_only_where_they_are_taken(
    client: Client, settings: Any, page: str
) -> None:
    make_channel()
    vietnamese_before, english_before = html_of(client.get(page)), html_of(client.get(f"/en{page}"))
    settings.STRIPE_SECRET_KEY = "sk_test_anything"

    vietnamese, english = html_of(client.get(page)), html_of(client.get(f"/en{page}"))

    assert not re.search(r"(?:bằng|tiền) thẻ", vietnamese_before)
    assert not re.search(r"(?i)card payment", english_before)
    assert re.search(r"(?:bằng|tiền) thẻ", vietnamese)
    assert re.search(r"(?i)card payment", english)


def test_unknown_page_opens_no_file(client: Client) -> None:
    for slug in ["khong-co", "quy-che.html", "vi"]:
        assert client.get(f"/trang/{slug}/").status_code == 404


def test_footer_names_the_operator_as_required_by_law(client: Client) -> None:
    ShopSettings.objects.create(
        operator_name="Công ty Mẫu",
        operator_registration="0123456789, 01/07/2026, Thái Nguyên",
        operator_address="Xã Phủ Thông",
        operator_phone="0209 000 0000",
        ministry_notice_url="https://online.gov.vn/1",
    )

    html = html_of(client.get("/"))

    for said in [
        "Công ty Mẫu",
        "0123456789, 01/07/2026",
        "Xã Phủ\u00a0Thông",
        "tel:02090000000",
        "online.gov.vn/1",
    ]:
        assert said in html
    english = html_of(client.get("/en/"))
    for detail in ("Công ty Mẫu", "0123456789, 01/07/2026, Thái Nguyên", "Xã Phủ\u00a0Thông"):
        assert f'<span lang="vi">{detail}</span>' in english


def test_language_switch_keeps_page_and_query(client: Client) -> None:
    vietnamese = html_of(client.get("/tim/?q=qu%C3%BDt"))
    english = html_of(client.get("/en/tim/?q=qu%C3%BDt"))

    assert 'href="/en/tim/?q=qu%C3%BDt" lang="en"' in vietnamese
    assert 'href="/tim/?q=qu%C3%BDt" lang="vi"' in english
    assert '<html lang="vi">' in vietnamese
    assert '<html lang="en">' in english
    assert '<link rel="alternate" hreflang="en" href="http://127.0.0.1:8000/en/tim/">' in vietnamese


def test_front_page_shows_this_weeks_markets_and_the_season(client: Client) -> None:
    seller = make_seller("HTX Thiên An")
    delivery_method = make_market_pickup(seller, make_channel(), weekday=6)
    # A second day, so that one within the next seven still takes orders whenever the test runs.
    MarketDay.objects.create(
        delivery_method=delivery_method, kind="weekday", number=2, starts=time(6), ends=time(10)
    )
    for name, english in (("Quýt Bạch Thông", "Bạch Thông mandarins"), ("Gạo mới", "New rice")):
        product = make_product(seller, name=name)
        Translation.objects.create(
            kind="catalog.product", key=str(product.pk), language="en", field="name", text=english
        )

    html = html_of(client.get("/"))
    english_page = html_of(client.get("/en/"))

    assert "Phiên chợ tuần này có gạo mới và quýt Bạch\u00a0Thông" in html
    assert "This week's market: new rice and Bạch Thông mandarins" in english_page.replace("\u00a0", " ")
    assert len(re.findall(r"<li[^>]*>(?:T[2-7]|CN)<br>", html)) == 7
    assert '<li class="market"' in html
    assert re.search(rf"{delivery_method.name}: <b>(Chủ nhật|thứ Tư) \d\d/\d\d</b>", html)
    assert "Xem 2 sản phẩm đang bán" in html


def test_basket_count_is_that_of_ones_own_basket(client: Client) -> None:
    variant = Variant.objects.get(product=make_product())
    guest_basket, other = make_basket((variant, 3)), make_basket((variant, 5), user=make_user())
    session = client.session
    session["basket"] = str(guest_basket.pk)
    session.save()

    assert "data-basket-count>3<" in html_of(client.get("/"))
    session["basket"] = str(other.pk)
    session.save()
    assert "data-basket-count hidden>0<" in html_of(client.get("/"))


def test_page_frame_queries_nothing_until_it_is_shown(django_assert_num_queries: Any) -> None:
    request = RequestFactory().get("/")
    request.user = make_user()
    request.resolver_match = None

    with django_assert_num_queries(0):
        context = build_page_context(request)

    assert context["section"] == ""


def test_members_are_linked_to_their_pages(client: Client) -> None:
    member = make_user()
    Membership.objects.create(cooperative=make_seller(), user=member, role="manager")
    client.force_login(member)

    assert "Bán hàng" in html_of(client.get("/"))


def test_missing_page_links_back(client: Client) -> None:
    response = client.get("/khong-co/", headers={"Referer": "http://testserver/san-pham/?mua=on"})

    assert response.status_code == 404
    assert 'href="http://testserver/san-pham/?mua=on"' in html_of(response)


def test_missing_page_does_not_link_to_other_sites(client: Client) -> None:
    response = client.get("/khong-co/", headers={"Referer": "https://evil.example/"})

    assert "evil.example" not in html_of(response)


def test_stale_token_is_explained() -> None:
    client = Client(enforce_csrf_checks=True)

    response = client.post("/tim/", headers={"Referer": "http://testserver/san-pham/"})

    assert response.status_code == 403
    html = html_of(response)
    assert "Trang đã mở quá lâu" in html
    assert 'href="http://testserver/san-pham/"' in html


@pytest.mark.parametrize("name", ["400.html", "500.html"])
def test_error_pages_need_no_context(name: str, django_assert_num_queries: Any) -> None:
    with translation.override("vi"), django_assert_num_queries(0):
        html = render_to_string(name)

    assert html.count("<h1>") == 1
    assert 'href="/"' in html


@pytest.mark.parametrize(
    ("path", "way_home"),
    [
        ("/quan-tri/bao-cao/ban-hang/", "/quan-tri/"),
        ("/xa-vien/quyet-toan/", "/xa-vien/"),
        ("/gio-hang/", "/"),
    ],
)
def test_server_error_leads_back_into_the_interface_that_failed(
    path: str, way_home: str, django_assert_num_queries: Any
) -> None:
    with translation.override("vi"), django_assert_num_queries(0):
        response = show_server_error(RequestFactory().get(path))

    page = html_of(response)
    assert response.status_code == 500
    assert f'<a class="button" href="{way_home}">' in page
    assert ("Giỏ hàng" in page) == (way_home == "/")


def test_staff_find_the_way_back_from_an_unknown_page(client: Client) -> None:
    client.force_login(make_admin())

    page = html_of(client.get("/quan-tri/hang/999999/"))

    assert '<a class="button" href="/quan-tri/">Về Việc đang chờ</a>' in page
    assert "Xem mọi sản phẩm" not in page


def test_unknown_icon_raises_an_error() -> None:
    assert icon("check").startswith('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path')
    with pytest.raises(KeyError):
        icon("no-such-icon")


def test_list_of_24_products_stays_within_30_kilobytes_of_html_and_css(client: Client) -> None:
    seller = make_seller()
    for n in range(24):
        make_product(seller, name=f"Khăn thổ cẩm thêu tay số {n}", variants=(("Nhỏ", 0), ("To", 9000)))
    css = Path(settings.BASE_DIR, "shop/static/css")

    html = client.get("/san-pham/").content

    sheets = b"".join(css.joinpath(name).read_bytes() for name in ["tokens.css", "components.css"])
    assert len(gzip.compress(html)) + len(gzip.compress(sheets)) < 30_000


def test_no_page_has_inline_styles_or_scripts(client: Client) -> None:
    product = make_product()

    for address in [
        "/",
        "/san-pham/",
        f"/san-pham/{product.slug}/",
        "/hop-tac-xa/",
        "/trang/quy-che/",
        "/offline/",
    ]:
        html = html_of(client.get(address))
        assert " style=" not in html, address
        assert not re.search(r"<script(?![^>]*\ssrc=)(?! type=\"application/ld\+json\")", html), address
        assert not re.search(r"\son[a-z]+=", html), address


def test_address_of_a_form_without_a_page_above_it_is_explained(client: Client) -> None:
    response = client.get("/co-chu/", headers={"Accept": "text/html"})

    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "<h1>Trang này không có gì để xem</h1>" in html_of(response)
    assert client.get("/co-chu/").content == b""


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/gio-hang/dong/", "/gio-hang/"),
        ("/en/gio-hang/dong/?dong=1", "/en/gio-hang/"),
        ("/dat-hang/giu-hang/", "/dat-hang/"),
    ],
)
def test_address_of_a_form_opened_in_a_browser_leads_to_the_page_above_it(
    client: Client, path: str, page: str
) -> None:
    response = client.get(path, headers={"Accept": "text/html"})
    rest = client.get(path)

    assert (response.status_code, response.url) == (302, page)
    assert (rest.status_code, rest.content) == (405, b"")
