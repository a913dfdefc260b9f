"""Lots on the members' pages: folded fields of a receipt, list by expiry, a lot's page."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import segno
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from catalog.actions.stock.lots import LotDetails, receive_lot
from catalog.models import Listing, Lot, LotBalance, LotPicture, LotStage, Variant
from catalog.trace_codes import variant_code
from cooperatives.models import Producer, Role
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.models import ParcelLine
from orders.trace_links import lot_trace_address, variant_trace_address
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.images.renditions import render_picture
from shop.core.models import Change
from tests.factories import (
    get_stock,
    make_channel,
    make_member,
    make_order,
    make_seller,
    make_variant,
    make_warehouse,
)
from tests.markup import html_of
from tests.refusals import all_rows
from tests.shop.members.test_profile_pictures import photo

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def make_lot(variant, quantity=10, *, days=None):
    now = timezone.now()
    return receive_lot(
        cooperative=variant.cooperative,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        quantity=quantity,
        details=LotDetails(expires_on=None if days is None else vietnam_date(now) + timedelta(days)),
        actor=Actor.system("test"),
        now=now,
    )


def with_key(**sent):
    return {"idempotency_key": uuid.uuid4()} | sent


def test_receipt_with_lot_fields_makes_one_lot(lister, seller) -> None:
    variant = make_variant(seller, on_hand=4)
    household = Producer.objects.create(cooperative=seller, name="Tổ 3, Nà Ít")
    sent = {
        "idempotency_key": uuid.uuid4(),
        "quantity": "6",
        "harvested_on": "2026-11-20",
        "expires_on": "2027-02-20",
        "household": household.pk,
        "certificate": "",
    }

    page = html_of(lister.get(f"/xa-vien/hang/{variant.product.listings.get().pk}/"))
    answers = [lister.post(f"/xa-vien/kho/{variant.pk}/nhap/", sent) for _attempt in range(2)]

    lot = Lot.objects.get()
    assert "Tổ 3, Nà Ít" in page
    assert [answer.url for answer in answers] == [f"/xa-vien/lo/{lot.pk}/"] * 2
    assert (f"{lot.harvested_on}", f"{lot.expires_on}", lot.producer) == (
        "2026-11-20",
        "2027-02-20",
        household,
    )
    assert get_stock(variant).on_hand == 10


def test_ticked_box_alone_makes_a_lot_and_no_field_makes_none(lister, seller) -> None:
    variant = make_variant(seller, on_hand=0)
    address = f"/xa-vien/kho/{variant.pk}/nhap/"

    lister.post(address, with_key(quantity="5"))
    without = Lot.objects.count()
    lister.post(address, with_key(quantity="6", is_lot="on"))

    assert (without, Lot.objects.count(), get_stock(variant).on_hand) == (0, 1, 11)


@pytest.mark.parametrize(
    "field", [{"harvested_on": "31/02/2026"}, {"expires_on": "1899-01-01"}, {"harvested_on": "2099-01-01"}]
)
def test_receipt_with_wrong_dates_is_refused(lister, seller, field) -> None:
    variant = make_variant(seller, on_hand=4)

    response = lister.post(
        f"/xa-vien/kho/{variant.pk}/nhap/",
        with_key(quantity="6") | field,
        follow=True,
    )

    assert (get_stock(variant).on_hand, Lot.objects.count()) == (4, 0)
    assert 'class="notice bad' in html_of(response)


def test_lot_is_received_from_the_list_of_lots(lister, seller) -> None:
    variant, foreign = make_variant(seller, on_hand=4), make_variant(make_seller("HTX khác"))
    household = Producer.objects.create(cooperative=seller, name="Tổ 3, Nà Ít")
    sent = {
        "idempotency_key": str(uuid.uuid4()),
        "variant": str(variant.pk),
        "quantity": "6",
        "expires_on": "2027-02-20",
        "household": str(household.pk),
    }

    listed = html_of(lister.get("/xa-vien/lo/"))
    form = html_of(lister.get(f"/xa-vien/lo/moi/?loai={variant.pk}"))
    answers = [lister.post("/xa-vien/lo/moi/", sent) for _attempt in range(2)]

    lot = Lot.objects.get()
    assert 'href="/xa-vien/lo/moi/"' in listed
    assert "Hàng chưa ghi lô: 1 phân loại" in listed
    assert '<b class="keep">4 chiếc</b>' in listed
    assert f'<option value="{variant.pk}" selected>' in form
    assert 'name="expires_on"' in form
    assert f'<option value="{foreign.pk}"' not in form
    assert [answer.url for answer in answers] == [f"/xa-vien/lo/{lot.pk}/"] * 2
    assert (lot.variant, f"{lot.expires_on}", lot.producer) == (variant, "2027-02-20", household)
    assert get_stock(variant).on_hand == 10
    assert '<b class="keep">4 chiếc</b>' in html_of(lister.get("/xa-vien/lo/"))


@pytest.mark.parametrize(
    ("field", "entered"),
    [("variant", ""), ("quantity", "0"), ("household", ""), ("harvested_on", "2999-01-01")],
)
def test_new_lot_with_a_fault_is_refused_in_place(lister, seller, field, entered) -> None:
    variant = make_variant(seller, on_hand=4)
    household = Producer.objects.create(cooperative=seller, name="Tổ 3, Nà Ít")
    sent = with_key(variant=variant.pk, quantity="6", household=household.pk) | {field: entered}
    before = all_rows()

    response = lister.post("/xa-vien/lo/moi/", sent)

    assert response.status_code == 200
    assert 'class="errors' in html_of(response)
    assert all_rows() == before


def test_products_are_listed_in_vietnamese_order(lister, seller) -> None:
    for name in ("Gối thảo dược", "Gối ôm"):
        make_variant(seller, name=name, on_hand=4)

    form = html_of(lister.get("/xa-vien/lo/moi/"))
    listed = html_of(lister.get("/xa-vien/lo/"))

    assert form.index("Gối ôm") < form.index("Gối thảo dược")
    assert listed.index("Gối ôm") < listed.index("Gối thảo dược")


def test_lot_of_a_foreign_variant_is_not_received(lister, seller) -> None:
    make_variant(seller)
    foreign = make_variant(make_seller("HTX khác"))
    before = all_rows()

    response = lister.post("/xa-vien/lo/moi/", with_key(variant=foreign.pk, quantity="6"))

    assert response.context["form"].errors.keys() == {"variant"}
    assert all_rows() == before


def test_lots_are_listed_first_expired_first_with_what_is_left(lister, seller) -> None:
    variant = make_variant(seller, name="Gừng tươi", on_hand=0)
    late, near, over = (make_lot(variant, days=days) for days in (27, 3, -5))
    LotBalance.objects.filter(lot=late).update(on_hand=0)

    page = html_of(lister.get("/xa-vien/lo/"))
    used_up = html_of(lister.get("/xa-vien/lo/?het=1"))

    assert [code in page for code in (over.code, near.code, late.code)] == [True, True, False]
    assert page.index(over.code) < page.index(near.code)
    assert "Quá hạn 5 ngày" in page
    assert "Sắp hết hạn, còn 3 ngày" in page
    assert late.code in used_up


def test_lot_page_records_loss_count_transfer_and_stage(lister, seller) -> None:
    variant = make_variant(seller, on_hand=0)
    lot = make_lot(variant, 10)
    home, far = get_stock(variant).warehouse, make_warehouse(seller, make_channel(), name="Kho xa")
    address = f"/xa-vien/lo/{lot.pk}/"

    for kind, quantity in (("loss", 2), ("transfer", 3), ("count", 4)):
        sent = {
            "idempotency_key": uuid.uuid4(),
            "warehouse": home.pk,
            "kind": kind,
            "quantity": quantity,
            "to": far.pk,
        }
        lister.post(f"{address}nhap-xuat/", sent)
        lister.post(f"{address}nhap-xuat/", sent)
    lister.post(
        f"{address}chang/",
        {"idempotency_key": uuid.uuid4(), "title": "Rửa, lau khô", "happened_at": "2026-11-20T09:10"},
    )

    page = html_of(lister.get(address))
    balances = LotBalance.objects.order_by("stock").values_list("on_hand", flat=True)
    assert list(balances) == [4, 3]
    assert "Rửa, lau khô" in page
    assert "09:10" in page
    assert f"{LotStage.objects.get().happened_at:%H:%M}" == "02:10"


@pytest.mark.parametrize(
    "sent",
    [
        {"kind": "loss", "quantity": "nhiều"},
        {"kind": "transfer", "quantity": "1"},
        {"kind": "", "quantity": "1"},
        {"kind": "loss", "quantity": "0"},
    ],
)
def test_invalid_movements_of_a_lot_change_nothing(lister, seller, sent) -> None:
    variant = make_variant(seller, on_hand=0)
    lot = make_lot(variant, 10)
    warehouse = get_stock(variant).warehouse_id

    response = lister.post(
        f"/xa-vien/lo/{lot.pk}/nhap-xuat/",
        with_key(warehouse=warehouse) | sent,
        follow=True,
    )

    assert response.status_code == 200
    assert LotBalance.objects.get().on_hand == 10


def test_future_and_unreadable_times_of_a_stage_are_refused(lister, seller) -> None:
    lot = make_lot(make_variant(seller))

    for moment in ("2098-01-01T00:00", "hôm qua", "0001-01-01T00:00"):
        lister.post(f"/xa-vien/lo/{lot.pk}/chang/", {"title": "Rửa", "happened_at": moment})

    assert LotStage.objects.count() == 0


def test_packer_sees_which_lot_to_take_and_may_take_another(packer, seller) -> None:
    variant = make_variant(seller, name="Gừng tươi", on_hand=0)
    early, late, expired = (make_lot(variant, 3, days=days) for days in (5, 20, -1))
    part = make_order((variant, 3)).parts.get()
    accept_part(part_id=part.pk, actor=Actor.system("test"), now=timezone.now())
    line = part.lines.get()
    address = f"/xa-vien/goi/{part.pk}/"

    page = html_of(packer.get(address))
    sent = {f"taken-{line.pk}": "on", f"quantity-{line.pk}": "1"}
    packer.post(f"{address}kien/", with_key(**sent) | {f"lot-{line.pk}": expired.pk})
    refused = ParcelLine.objects.count()
    for lot, reason in ((late.pk, ""), ("none", ""), (expired.pk, "Người mua đồng ý")):
        packer.post(f"{address}kien/", with_key(**sent) | {f"lot-{line.pk}": lot, "lot_reason": reason})

    assert f"Lô {early.code}, hạn {early.expires_on:%d/%m/%Y}" in page
    assert "Vì sao gửi lô quá hạn?" in page
    assert refused == 0
    assert list(ParcelLine.objects.order_by("pk").values_list("lot", "quantity")) == [
        (late.pk, 1),
        (None, 1),
        (expired.pk, 1),
    ]
    assert late.code in html_of(packer.get(address))


def pack_order_of(variant, quantity):
    now, member = timezone.now(), Actor.system("test")
    part = make_order((variant, quantity)).parts.get()
    accept_part(part_id=part.pk, actor=member, now=now)
    return pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: quantity}, actor=member, now=now)


@pytest.mark.parametrize(("role", "sees_buyer"), [(Role.MANAGER, True), (Role.LISTER, False)])
def test_lot_page_lists_its_parcels_and_their_buyers_as_far_as_the_role_goes(
    client, seller, role, sees_buyer
) -> None:
    client.force_login(make_member(seller, role))
    variant = make_variant(seller, on_hand=0)
    lot = make_lot(variant, 9, days=5)
    parcel, voided = pack_order_of(variant, 2), pack_order_of(variant, 3)
    void_parcel(parcel_id=voided.pk, reason="Nhầm", actor=Actor.system("test"), now=timezone.now())

    page = html_of(client.get(f"/xa-vien/lo/{lot.pk}/"))

    order = parcel.part.order
    assert f"{order.code}-{parcel.label_code}" in page
    assert f"{voided.part.order.code}-" not in page
    assert (order.buyer_name in page) == sees_buyer
    assert (f"/xa-vien/goi/{parcel.part_id}/" in page) == sees_buyer


def test_queries_of_a_lot_do_not_grow_with_its_parcels(manager, seller) -> None:
    variant = make_variant(seller, on_hand=0)
    address = f"/xa-vien/lo/{make_lot(variant, 9).pk}/"
    pack_order_of(variant, 1)
    manager.get(address)
    with CaptureQueriesContext(connection) as few:
        manager.get(address)
    for _order in range(3):
        pack_order_of(variant, 1)

    with CaptureQueriesContext(connection) as grown_queries:
        manager.get(address)

    assert len(grown_queries) == len(few)


def test_today_tells_of_lots_near_their_expiry(lister, seller) -> None:
    variant = make_variant(seller, on_hand=0)
    for days in (-2, 10, 11):
        make_lot(variant, days=days)
    used_up = make_lot(variant, days=1)
    LotBalance.objects.filter(lot=used_up).update(on_hand=0)

    page = html_of(lister.get("/xa-vien/"))

    assert "Có 2 lô sắp hết hạn hoặc đã quá hạn." in page


def test_foreign_lots_are_not_found(lister) -> None:
    lot = make_lot(make_variant(make_seller("HTX khác")))

    answers = [
        lister.get(f"/xa-vien/lo/{lot.pk}/"),
        lister.post(f"/xa-vien/lo/{lot.pk}/nhap-xuat/", {"kind": "loss", "quantity": "1"}),
        lister.post(f"/xa-vien/lo/{lot.pk}/chang/", {"title": "Rửa", "happened_at": "2026-11-20T09:10"}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert lot.code not in html_of(lister.get("/xa-vien/lo/"))


def test_queries_of_the_list_do_not_grow_with_lots(lister, seller) -> None:
    variant = make_variant(seller)
    make_lot(variant, days=3)
    lister.get("/xa-vien/lo/")
    with CaptureQueriesContext(connection) as few:
        lister.get("/xa-vien/lo/")
    for days in range(5):
        make_lot(variant, days=days)

    with CaptureQueriesContext(connection) as grown_queries:
        lister.get("/xa-vien/lo/")

    assert len(grown_queries) == len(few)


def test_photos_of_a_lot_are_seen_by_buyers_until_they_are_removed(lister, seller) -> None:
    lot = make_lot(make_variant(seller, on_hand=0))
    Listing.objects.update(published_at=timezone.now())
    address, trace = f"/xa-vien/lo/{lot.pk}/anh/", f"/truy-xuat/{lot.code}/"
    sent = with_key(photo=photo(), gallery_photos=[photo()])

    lister.post(address, sent)
    lister.post(address, sent | {"photo": photo(), "gallery_photos": [photo()]})
    processing = html_of(Client().get(trace))
    for row in LotPicture.objects.all():
        render_picture(row.picture)
    both = html_of(Client().get(trace))
    lister.post(f"{address}{LotPicture.objects.first().pk}/xoa/")

    assert LotPicture.objects.count() == 1
    assert "Ảnh của lô này" not in processing
    assert both.count('alt="Ảnh ') == 2
    assert html_of(Client().get(trace)).count('alt="Ảnh ') == 1
    actions = Change.objects.filter(kind="catalog.lot").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["lot.received", "lot.picture_added", "lot.picture_removed"]


def test_thirteenth_photo_other_files_and_foreign_lots_are_refused(lister, seller) -> None:
    lot, foreign = make_lot(make_variant(seller)), make_lot(make_variant(make_seller("HTX khác")))
    address = f"/xa-vien/lo/{lot.pk}/anh/"
    lister.post(address, with_key(gallery_photos=[photo() for _ in range(8)]))
    rows = list(LotPicture.objects.all())

    too_many = lister.post(address, with_key(gallery_photos=[photo() for _ in range(5)]), follow=True)
    no_photo = lister.post(
        address, with_key(photo=SimpleUploadedFile("a.jpg", b"no photo", content_type="image/jpeg"))
    )
    answers = [
        lister.post(f"/xa-vien/lo/{foreign.pk}/anh/", with_key(photo=photo())).status_code,
        lister.post(f"/xa-vien/lo/{foreign.pk}/anh/{rows[0].pk}/xoa/").status_code,
        lister.post(f"{address}{rows[-1].pk + 1}/xoa/").status_code,
    ]

    assert answers == [404, 404, 404]
    assert "Một lô có tối đa mười hai ảnh. Hãy xoá bớt ảnh trước." in html_of(too_many)
    assert "Tệp này không phải ảnh." in html_of(no_photo)
    assert list(LotPicture.objects.all()) == rows


@pytest.mark.parametrize(
    ("paper", "number", "copies"),
    [("", "", 12), ("a4", "30", 30), ("a6", "", 12), ("80", "1", 1), ("58", "2", 2), ("x", "481", 12)],
)
def test_codes_of_a_lot_are_printed_in_several_sizes_and_numbers(
    lister, seller, paper, number, copies
) -> None:
    """The proposed number is what is left of the lot."""
    lot = make_lot(make_variant(seller, name="Măng khô"), 12, days=20)

    page = html_of(lister.get(f"/xa-vien/lo/{lot.pk}/tem/", {"giay": paper, "so": number}))

    drawn = segno.make(lot_trace_address(lot), micro=False).svg_data_uri(border=2, omitsize=True)
    assert page.count(f'src="{escape(drawn)}"') == copies
    assert page.count(f'<p class="code">{lot.code}</p>') == copies
    assert f'class="code-sheet on-{"a4" if paper in ("", "x") else paper}"' in page
    assert f"In {copies} tem" in page
    assert ('id="id_so_error"' in page) is (number == "481")
    assert page.count(f"Hạn dùng {lot.expires_on:%d/%m/%Y}") == copies


def test_codes_of_options_are_printed(lister, seller) -> None:
    first = make_variant(seller, name="Mật ong", barcode="8930000000017")
    second = Variant.objects.create(
        product=first.product, cooperative=seller, name="Chai to", unit="bottle", sort_order=1
    )
    address = f"/xa-vien/hang/{first.product.listings.get().pk}/ma-qr/"

    pages = [html_of(lister.get(address, {"loai": key})) for key in ("", second.pk, "x")]

    codes = ["08930000000017", variant_code(second.pk), "08930000000017"]
    assert [page.count(f'<p class="code">{code}</p>') for page, code in zip(pages, codes, strict=True)] == [
        24
    ] * 3
    assert variant_trace_address(first).endswith("/01/08930000000017")
    drawn = segno.make(variant_trace_address(second), micro=False).svg_data_uri(border=2, omitsize=True)
    assert f'src="{escape(drawn)}"' in pages[1]
    assert f'href="{address}"' in html_of(lister.get(address.removesuffix("ma-qr/")))


def test_codes_of_a_foreign_product_are_not_found(lister) -> None:
    foreign = make_variant(make_seller("HTX khác"))

    assert lister.get(f"/xa-vien/hang/{foreign.product.listings.get().pk}/ma-qr/").status_code == 404
