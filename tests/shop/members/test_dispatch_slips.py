"""The photo of a coach's slip, with number plate and driver's phone, which the buyer sees."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.fulfilment.dispatch_slips import EmptySlip, attach_slip
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.privacy.anonymise import anonymise_person
from orders.models import Parcel
from shop.core.actors import Actor
from shop.core.images.renditions import render_picture
from shop.core.models import Change, Picture
from tests.factories import fixed_now, make_seller, make_user, make_variant
from tests.markup import html_of
from tests.refusals import all_rows, assert_refused
from tests.shop.members.part_factories import closed_parcel
from tests.shop.members.test_bulk_packing import accepted_order
from tests.shop.members.test_delivery_runs import handed_over_parcel_in_run, packed_parcel, run_of
from tests.shop.members.test_profile_pictures import photo

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def address_of(parcel: Parcel) -> str:
    return f"/xa-vien/kien/{parcel.pk}/phieu-gui/"


def test_buyer_sees_the_slip_its_plate_and_the_drivers_phone(packer, seller) -> None:
    parcel = handed_over_parcel_in_run(packer, seller)

    response = packer.post(
        address_of(parcel), {"photo": photo(), "vehicle": " 20B-123.45 ", "driver_phone": "0987654321"}
    )

    parcel.refresh_from_db()
    assert response["Location"] == f"/xa-vien/goi/{parcel.part_id}/"
    assert (parcel.vehicle, parcel.driver_phone) == ("20B-123.45", "+84987654321")
    assert Change.objects.get(action="parcel.slip_added").key == str(parcel.pk)
    render_picture(parcel.slip)
    page = html_of(Client().get(f"/don-hang/{parcel.part.order_id}/"))
    assert 'alt="Ảnh phiếu gửi"' in page
    assert "20B-123.45" in page


def test_one_slip_serves_all_parcels_of_a_run_and_a_plate_without_a_camera(packer, seller) -> None:
    parcels = [packed_parcel(seller) for _number in range(2)]
    run = run_of(seller, *parcels)
    address = f"/xa-vien/chuyen/{run.pk}/phieu-gui/"

    both = {"parcels": [parcel.pk for parcel in parcels]}
    packer.post(address, both | {"photo": photo()})
    packer.post(address, both | {"vehicle": "20B-123.45"})

    picture = Picture.objects.get()
    assert list(Parcel.objects.values_list("slip", "vehicle")) == [(picture.pk, "20B-123.45")] * 2


def test_slip_goes_only_to_the_chosen_parcels_of_a_run(packer, seller) -> None:
    chosen, other, foreign = (packed_parcel(seller) for _number in range(3))
    address = f"/xa-vien/chuyen/{run_of(seller, chosen, other).pk}/phieu-gui/"

    page = html_of(packer.get(address))
    packer.post(address, {"photo": photo(), "parcels": [chosen.pk]})
    before = all_rows()
    refused = [
        html_of(packer.post(address, {"vehicle": "1"} | parcels))
        for parcels in ({}, {"parcels": [foreign.pk]})
    ]

    assert "Người mua các kiện này thấy cả tấm ảnh." in page
    assert list(Parcel.objects.exclude(slip=None)) == [chosen]
    assert "Chọn ít nhất một kiện." in refused[0]
    assert all_rows() == before


def test_photo_is_kept_while_the_phone_number_is_corrected(packer, seller) -> None:
    parcel = packed_parcel(seller)

    page = packer.post(address_of(parcel), {"photo": photo(), "driver_phone": "12"})
    kept = page.context["kept_pictures"][0]
    packer.post(address_of(parcel), {"kept": kept.key, "driver_phone": "0987654321"})

    parcel.refresh_from_db()
    assert (parcel.slip, parcel.driver_phone) == (Picture.objects.get(), "+84987654321")


def test_empty_foreign_and_voided_slips_are_refused(packer, seller) -> None:
    parcel, voided = packed_parcel(seller), packed_parcel(seller)
    void_parcel(parcel_id=voided.pk, reason="Rách", actor=Actor.system(), now=fixed_now())
    foreign = closed_parcel(accepted_order((make_variant(make_seller("HTX khác")), 1)))
    before = all_rows()

    empty = packer.post(address_of(parcel), {})
    statuses = [packer.post(address_of(row), {"vehicle": "1"}).status_code for row in (foreign, voided)]

    assert "Chụp phiếu gửi, hoặc nhập biển số xe hay số điện thoại lái xe." in html_of(empty)
    assert statuses == [404, 404]
    assert all_rows() == before
    with assert_refused(EmptySlip, "empty_slip"):
        attach_slip(
            cooperative=seller, parcel_ids=[parcel.pk], picture=None, actor=Actor.system(), now=fixed_now()
        )


def test_slip_leaves_the_orders_of_an_erased_person_and_all_that_share_it(packer, seller) -> None:
    parcel, sharing, other = (packed_parcel(seller) for _number in range(3))
    user = make_user()
    type(parcel.part.order).objects.filter(pk=parcel.part.order_id).update(user=user)
    packer.post(address_of(other), {"photo": photo()})
    packer.post(address_of(parcel), {"photo": photo()})
    parcel.refresh_from_db()
    Parcel.objects.filter(pk=sharing.pk).update(slip=parcel.slip_id)  # as the slip of a run
    void_parcel(parcel_id=parcel.pk, reason="Rách", actor=Actor.system(), now=fixed_now())
    cancel_order(order_id=parcel.part.order_id, reason="Thôi", actor=Actor.system(), now=fixed_now())

    anonymise_person(user_id=user.pk, actor=Actor.system(), now=timezone.now())

    with_slip = Parcel.objects.filter(slip__isnull=False)
    assert list(with_slip.values_list("pk", flat=True)) == [other.pk]
