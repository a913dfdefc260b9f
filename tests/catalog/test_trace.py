"""The public page of a lot: what it shows, whom it names, wrong codes, bar codes and GS1 Digital Links."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.actions.stock.lots import LotDetails, add_lot_stage, receive_lot
from catalog.models import Lot, LotBalance, Product, Variant
from catalog.states import ListingState
from catalog.trace_codes import variant_code, variant_id_of_code
from cooperatives.models import Certificate, CertificateKind, Producer
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.models import Parcel
from orders.trace_links import lot_trace_address, variant_trace_address
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from tests.factories import THAI_NGUYEN, get_stock, make_order, make_seller, make_variant
from tests.markup import html_of

pytestmark = pytest.mark.django_db
MEMBER = Actor.system("test")
MAX_QUERIES, MAX_BYTES = 14, 30 * 1024


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

    response = client.get(f"/truy-xuat/{lot.code}/")

    assert (response.status_code, lot.variant.product.name in html_of(response)) == (404, False)


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
    response = client.get(f"/truy-xuat/{code}/")

    assert response.status_code == 404
    assert text in html_of(response)


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

    addresses = [lot_trace_address(row).removeprefix("http://").partition("/")[2] for row in (lot, plain)]
    answers = [client.get(f"/{addresses[0]}"), client.get("/01/08930000000017")]
    page = html_of(client.get("/truy-xuat/08930000000017/"))

    assert addresses == [f"01/08930000000017/10/{lot.code}", f"truy-xuat/{plain.code}/"]
    assert [answer.url for answer in answers] == [f"/truy-xuat/{lot.code}/", "/truy-xuat/08930000000017/"]
    assert "Mật ong" in page
    assert f'href="/truy-xuat/{lot.code}/"' in page


def test_code_of_an_option_leads_to_its_product_with_the_lots_in_stock(client) -> None:
    today = vietnam_date(timezone.now())
    household = Producer.objects.create(cooperative=make_seller("HTX khác"), name="Nhà ông Sính")
    variant = make_variant(name="Măng khô")
    Product.objects.filter(pk=variant.product_id).update(producer=household)
    late, early = (make_lot(variant, expires_on=today + timedelta(days)) for days in (9, 3))
    recalled, empty = make_lot(variant), make_lot(variant)
    other = make_lot(make_variant(variant.cooperative))
    Lot.objects.filter(pk=recalled.pk).update(recalled_at=timezone.now())
    LotBalance.objects.filter(lot=empty).update(on_hand=0)
    code = variant_code(variant.pk)

    address = variant_trace_address(variant).removeprefix("http://").partition("/")[2]
    page = html_of(client.get(f"/{address}"))

    assert address == f"truy-xuat/{code}/"
    assert "Măng khô" in page
    assert "Nhà ông Sính" not in page
    shown = re.findall(r'href="/truy-xuat/(L\w+)/"', page)
    assert shown == [early.code, late.code, recalled.code]
    assert page.count("Bị thu hồi") == 1
    assert other.code not in page


def test_codes_of_options_are_told_from_mistyped_and_unknown_ones(client) -> None:
    draft = make_variant(state=ListingState.DRAFT)
    code = variant_code(draft.pk)
    swapped = code[:-1] + ("A" if code[-1] != "A" else "C")

    statuses = [
        client.get(f"/truy-xuat/{text}/").status_code for text in (code, swapped, variant_code(10**9))
    ]

    assert statuses == [404, 404, 404]
    assert variant_id_of_code(swapped) is None
    assert [variant_id_of_code(variant_code(key)) for key in (1, 22, 23, 10**9)] == [1, 22, 23, 10**9]
    with pytest.raises(OverflowError):
        variant_code(23**7)


def test_product_page_leads_to_the_lots(client) -> None:
    variant = make_variant()

    page = html_of(client.get(f"/san-pham/{variant.product.slug}/"))

    assert f'href="/truy-xuat/{variant_code(variant.pk)}/"' in page


def test_steps_of_stock_and_parcels_are_added_without_people_places_and_hours(client) -> None:
    seller = make_seller("HTX Yến Dương")
    variant = make_variant(seller, on_hand=0, name="Bí xanh")
    lot = make_lot(variant)
    days = {"packed_at": (2, 4), "handed_over_at": (5, 5), "delivered_at": (6, 8)}
    for number, vehicle in enumerate(["", "29B-123.45"]):
        order = make_order((variant, 1), name="Nông Thị Lan", now=timezone.now())
        part = order.parts.get()
        accept_part(part_id=part.pk, actor=MEMBER, now=timezone.now())
        parcel = pack_parcel(
            part_id=part.pk, quantities={order.lines.get().pk: 1}, actor=MEMBER, now=timezone.now()
        )
        assert parcel.lines.get().lot == lot
        moments = {
            name: datetime(2026, 11, values[number], 3, 7, tzinfo=UTC) for name, values in days.items()
        }
        Parcel.objects.filter(pk=parcel.pk).update(vehicle=vehicle, **moments)

    page = html_of(client.get(f"/truy-xuat/{lot.code}/"))

    section = page[page.index('id="steps"') : page.index("</ol>", page.index('id="steps"'))]
    steps = re.findall(
        r"<li.*?</span><span\s*>(.*?)</span>\s*<time[^>]*>\s*(.*?)\s*</time>", section, re.DOTALL
    )
    assert [(title, " ".join(when.split())) for title, when in steps][:4] == [
        ("Đóng gói cho khách", "02/11/2026 – 04/11/2026"),
        ("Bàn giao đi giao", "05/11/2026"),
        ("Lên xe khách", "05/11/2026"),
        ("Đã giao", "06/11/2026 – 08/11/2026"),
    ]
    assert steps[-1][0] == "Nhập kho hợp tác xã"
    assert not any(text in page for text in ("Nông Thị Lan", "29B-123.45", "10:07", order.code))


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
        response = client.get(f"/truy-xuat/{lot.code}/")

    assert len(grown_queries) == len(few)
    assert len(few) <= MAX_QUERIES
    assert len(response.content) <= MAX_BYTES
    assert Lot.objects.count() == 1
