"""The public page of a lot: what it shows, whom it names, wrong codes, bar codes and GS1 Digital Links."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.actions.stock.lots import LotDetails, add_lot_stage, receive_lot
from catalog.models import Lot, Variant
from catalog.states import ListingState
from cooperatives.models import Certificate, CertificateKind, Producer
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.members.catalogue.lots import trace_address
from tests.factories import THAI_NGUYEN, get_stock, make_seller, make_variant
from tests.markup import html_of

pytestmark = pytest.mark.django_db
MEMBER = Actor.system("test")
MAX_QUERIES, MAX_BYTES = 12, 30 * 1024


def make_lot(variant, **details):
    return receive_lot(
        cooperative=variant.cooperative,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        quantity=5,
        details=LotDetails(**details),
        actor=MEMBER,
        now=timezone.now(),
    )


def add_stages(lot, *titles):
    for title in titles:
        now = timezone.now()
        add_lot_stage(
            cooperative=lot.variant.cooperative,
            lot_id=lot.pk,
            title=title,
            happened_at=now - timedelta(hours=1),
            actor=MEMBER,
            now=now,
        )


def test_lot_page_tells_dates_place_stages_and_certificates(client) -> None:
    seller = make_seller("HTX Yến Dương", province_code=THAI_NGUYEN, province_name="Thái Nguyên")
    today = vietnam_date(timezone.now())
    certificate = Certificate.objects.create(
        cooperative=seller, kind=CertificateKind.VIETGAP, number="VG-12", expires_on=today
    )
    lot = make_lot(
        make_variant(seller, name="Bí xanh thơm"),
        harvested_on=today,
        expires_on=today + timedelta(30),
        certificate_id=certificate.pk,
    )
    add_stages(lot, "Hái tại vườn", "Rửa, lau khô")

    page = html_of(client.get(f"/truy-xuat/{lot.code}/"))

    facts = ["Bí xanh thơm", lot.code, "HTX Yến Dương", "Phủ Thông", "Hái tại vườn", "Rửa, lau khô", "VG-12"]
    assert [fact for fact in [*facts, f"{today:%d/%m/%Y}"] if fact not in page] == []
    assert 'content="noindex"' in page
    assert "Thái Nguyên trên bản đồ Việt Nam" in page


@pytest.mark.parametrize(("has_agreed", "is_named"), [(True, True), (False, False)])
def test_household_is_named_only_if_it_agreed(client, has_agreed, is_named) -> None:
    seller = make_seller()
    household = Producer.objects.create(
        cooperative=seller,
        name="Nhà bà Lan",
        place="Tổ 3, Nà Ít",
        phone="+84987000111",
        agreed_on=vietnam_date(timezone.now()) if has_agreed else None,
    )
    lot = make_lot(make_variant(seller), producer_id=household.pk)

    page = html_of(client.get(f"/truy-xuat/{lot.code}/"))

    assert ("Nhà bà Lan" in page, "Tổ 3, Nà Ít" in page) == (is_named, is_named)
    assert "987000111" not in page
    assert "987 000 111" not in page


def test_expired_certificates_are_not_shown_and_expired_lots_are_marked(client) -> None:
    seller = make_seller()
    yesterday = vietnam_date(timezone.now()) - timedelta(1)
    certificate = Certificate.objects.create(
        cooperative=seller, kind=CertificateKind.VIETGAP, number="VG-12", expires_on=yesterday
    )
    lot = make_lot(make_variant(seller), expires_on=yesterday, certificate_id=certificate.pk)

    page = html_of(client.get(f"/truy-xuat/{lot.code}/"))

    assert "VG-12" not in page
    assert "Đã quá hạn dùng" in page


def test_lot_of_a_product_that_was_never_approved_is_unknown(client) -> None:
    lot = make_lot(make_variant(state=ListingState.DRAFT))

    answer = client.get(f"/truy-xuat/{lot.code}/")

    assert (answer.status_code, lot.variant.product.name in html_of(answer)) == (404, False)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("LAAAAAAAA", "Mã này bị gõ sai."),
        ("LAAAAAAA6", "Chợ không có lô hàng nào mang mã này."),
        ("TA7K2MQ4", "Đây không phải mã lô của chợ."),
        ("-", "Đây không phải mã lô của chợ."),
        ("8930000000017", "Không có sản phẩm đang bán nào mang mã vạch này."),
        ("9" * 300, "Đây không phải mã lô của chợ."),
    ],
)
def test_other_codes_are_explained(client, code, text) -> None:
    answer = client.get(f"/truy-xuat/{code}/")

    assert answer.status_code == 404
    assert text in html_of(answer)


def test_typed_codes_lead_to_the_page_in_any_spelling(client) -> None:
    code = make_lot(make_variant()).code
    typed = f" {code[:4].lower()}-{code[4:]} "

    answers = [client.get("/truy-xuat/", {"ma": typed}), client.get(f"/truy-xuat/{code.lower()}/")]

    assert [answer.url for answer in answers] == [f"/truy-xuat/{code}/"] * 2


def test_digital_links_and_bar_codes_lead_to_lots_and_products(client) -> None:
    variant = make_variant(name="Mật ong")
    Variant.objects.filter(pk=variant.pk).update(barcode="8930000000017")
    lot = make_lot(Variant.objects.get(pk=variant.pk))
    plain = make_lot(make_variant())

    addresses = [trace_address(row).removeprefix("http://").partition("/")[2] for row in (lot, plain)]
    answers = [client.get(f"/{addresses[0]}"), client.get("/01/08930000000017")]
    page = html_of(client.get("/truy-xuat/08930000000017/"))

    assert addresses == [f"01/08930000000017/10/{lot.code}", f"truy-xuat/{plain.code}/"]
    assert [answer.url for answer in answers] == [f"/truy-xuat/{lot.code}/", "/truy-xuat/08930000000017/"]
    assert "Mật ong" in page


@pytest.mark.parametrize(
    ("barcode", "gtin"), [("", ""), ("2000000000015", ""), ("893000000001", "893000000001")]
)
def test_internal_numbers_are_no_gtin(barcode, gtin) -> None:
    assert Variant(barcode=barcode).gtin == gtin


def test_page_is_light_and_its_queries_do_not_grow_with_stages(client) -> None:
    lot = make_lot(make_variant())
    add_stages(lot, "Hái")
    client.get(f"/truy-xuat/{lot.code}/")
    with CaptureQueriesContext(connection) as few:
        client.get(f"/truy-xuat/{lot.code}/")
    add_stages(lot, *(f"Phơi ngày {number}" for number in range(12)))

    with CaptureQueriesContext(connection) as grown_queries:
        answer = client.get(f"/truy-xuat/{lot.code}/")

    assert len(grown_queries) == len(few)
    assert len(few) <= MAX_QUERIES
    assert len(answer.content) <= MAX_BYTES
    assert Lot.objects.count() == 1
