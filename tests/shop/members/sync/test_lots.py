"""Lots from phones: they are received, counted, lost, moved and noted without a network."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone

from catalog.actions.stock.lots import count_lot
from catalog.models import Lot, LotBalance, LotPicture, LotStage, Movement
from cooperatives.models import Certificate, CertificateKind, Producer, Role
from cooperatives.states import CertificateState
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Picture
from shop.members.sync.models import PhoneCommand, PhonePhoto
from tests.factories import NOW, get_stock, make_channel, make_seller, make_variant, make_warehouse
from tests.invariants import check_everything
from tests.shop.members.sync.phone import Phone, make_command
from tests.shop.members.sync.test_photos import encode_photo, send_photo
from tests.shop.members.sync.test_stock import hours_ago, of
from tests.shop.members.test_lots import make_lot

pytestmark = pytest.mark.django_db


def lot_rows(phone: Phone) -> list[dict[str, Any]]:
    rows = phone.pull()["rows"]
    return [lot for row in rows for variant in row["variants"] for lot in variant["lots"]]


def balances(lot: Lot) -> list[int]:
    return list(LotBalance.objects.filter(lot=lot).order_by("stock").values_list("on_hand", flat=True))


def test_lot_is_received_once_and_comes_back_with_its_code(seller) -> None:
    variant, household = (
        make_variant(seller, on_hand=4),
        Producer.objects.create(cooperative=seller, name="Tổ 3"),
    )
    phone, today = Phone(seller, Role.LISTER), vietnam_date(timezone.now())
    phone_days = {"harvested_on": str(today), "expires_on": str(today + datetime.timedelta(9))}
    certificate = Certificate.objects.create(
        cooperative=seller, kind=CertificateKind.VIETGAP, number="VG-12", state=CertificateState.CONFIRMED
    )
    named = {"household": household.pk, "certificate": certificate.pk}
    receiving = make_command("receive_lot", **of(variant), quantity=6, note="sọt to", **named, **phone_days)

    response = phone.push(receiving)
    phone.push(receiving)

    lot = Lot.objects.get()
    assert response["answers"][0]["result"] == {"code": lot.code}
    assert lot.certificate == certificate
    page = phone.pull()
    assert page["households"] == [{"id": household.pk, "name": "Tổ 3"}]
    assert page["certificates"] == [{"id": certificate.pk, "name": "VietGAP VG-12"}]
    assert lot_rows(phone) == [
        {
            "id": lot.pk,
            "code": lot.code,
            "household": "Tổ 3",
            "is_recalled": False,
            "balances": [{"warehouse": of(variant)["warehouse"], "on_hand": 6}],
            "near_expiry_from": str(today + datetime.timedelta(6)),
            **phone_days,
        }
    ]
    assert get_stock(variant).on_hand == 10
    check_everything()


def test_count_of_a_lot_holds_for_its_moment_and_a_later_count_stands(seller) -> None:
    variant = make_variant(seller, on_hand=0)
    lot = make_lot(variant, 10)
    Movement.objects.update(created_at=hours_ago(9))
    phone = Phone(seller, Role.PACKER)
    counted = make_command("count_lot", **of(variant), lot=lot.pk, counted=8, at=hours_ago(3))
    phone.push(make_command("write_off_stock", **of(variant), lot=lot.pk, quantity=2, at=hours_ago(1)))
    after_the_loss = balances(lot)

    phone.push(counted)
    after_the_count = balances(lot)
    count_lot(
        cooperative=seller,
        lot_id=lot.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        counted_quantity=5,
        actor=Actor.system(),
        now=timezone.now(),
    )
    phone.push(make_command("count_lot", **of(variant), lot=lot.pk, counted=9, at=hours_ago(2)))

    assert (after_the_loss, after_the_count, balances(lot)) == ([8], [6], [5])
    assert get_stock(variant).on_hand == 5
    check_everything()


def test_lot_is_moved_to_another_warehouse_and_noted(seller) -> None:
    variant = make_variant(seller, on_hand=0)
    lot, far_warehouse = make_lot(variant, 10), make_warehouse(seller, make_channel(), name="Kho xa")
    phone = Phone(seller, Role.PACKER)

    response = phone.push(
        make_command("transfer_stock", **of(variant), lot=lot.pk, to=str(far_warehouse.pk), quantity=4),
        make_command("add_lot_stage", variant=variant.pk, lot=lot.pk, title="Rửa, để ráo"),
    )

    assert [answer["outcome"] for answer in response["answers"]] == ["done", "done"]
    assert balances(lot) == [6, 4]
    assert LotStage.objects.get().title == "Rửa, để ráo"
    check_everything()


def test_foreign_lots_and_impossible_days_are_refused(seller) -> None:
    variant, foreign = make_variant(seller), make_lot(make_variant(make_seller("HTX khác"), on_hand=0))
    phone = Phone(seller, Role.MANAGER)

    codes = [
        phone.answer(name, **payload)["code"]
        for name, payload in [
            ("count_lot", {**of(variant), "lot": foreign.pk, "counted": 1}),
            ("add_lot_stage", {"variant": variant.pk, "lot": foreign.pk, "title": "Rửa"}),
            ("write_off_stock", {**of(variant), "lot": foreign.pk, "quantity": 1}),
            ("receive_lot", {**of(variant), "quantity": 1, "harvested_on": "hôm qua"}),
            ("receive_lot", {**of(variant), "quantity": 1, "harvested_on": "2999-01-01"}),
            ("receive_lot", {**of(variant), "quantity": 1, "harvested_on": "2100-01-01"}),
            ("receive_lot", {**of(variant), "quantity": 1, "household": 999_999}),
            ("receive_lot", {**of(variant), "quantity": 1, "certificate": 999_999}),
        ]
    ]

    invalid = ["invalid_command", "invalid_command", "invalid_lot_dates"]
    assert codes == ["missing", "missing", "missing", *invalid, "missing", "missing"]
    assert Lot.objects.count() == 1
    assert LotStage.objects.count() == 0
    assert get_stock(variant).on_hand == 10


def test_photo_of_a_lot_is_added_once_and_a_thirteenth_is_refused(seller) -> None:
    lot = make_lot(make_variant(seller, on_hand=0), 10)
    phone = Phone(seller)
    key = send_photo(phone, encode_photo(), piece=100_000)
    of = {"variant": lot.variant_id, "lot": lot.pk}
    adding = make_command("add_lot_photo", **of, photos=[key])

    answers = phone.push(adding)["answers"]
    PhoneCommand.objects.update(outcome="", answered_at=None, claimed_at=None)
    repeated = phone.push(adding)["answers"]

    row = {"kind": "product", "id": lot.variant.product_id}
    assert answers == repeated == [{"key": adding["key"], "outcome": "done", "row": row}]
    assert lot.pictures.get().picture_id == PhonePhoto.objects.get(key=key).picture_id
    again = phone.answer("add_lot_photo", **of, photos=[key])
    assert (again["outcome"], lot.pictures.count()) == ("done", 1)
    others = [Picture.objects.create(original=f"{number}.jpg") for number in range(11)]
    LotPicture.objects.bulk_create(LotPicture(lot=lot, picture=row, created_at=NOW) for row in others)
    new_key = send_photo(phone, encode_photo(), piece=100_000)
    foreign = make_lot(make_variant(make_seller("HTX khác"), on_hand=0), 10)
    full = phone.answer("add_lot_photo", **of, photos=[new_key])
    none = phone.answer("add_lot_photo", **of, photos=[])
    missing = phone.answer("add_lot_photo", variant=foreign.variant_id, lot=foreign.pk, photos=[key])
    assert (full["code"], none["code"], missing["code"]) == (
        "too_many_lot_pictures",
        "invalid_command",
        "missing",
    )
    assert (lot.pictures.count(), foreign.pictures.count()) == (12, 0)
