"""Recalls on the pages of members, the desk and buyers."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.actions.stock.lots import LotDetails, receive_lot
from catalog.models import Lot, Recall
from cooperatives.models import Role
from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.recalls import send_recall_notices
from orders.models import Parcel, RecallNotice
from shop.core.actors import Actor
from shop.core.models import Change
from tests.factories import get_stock, make_admin, make_member, make_order, make_seller, make_variant
from tests.markup import html_of
from tests.shop.accounts.factors import give_app, signed_in

pytestmark = pytest.mark.django_db
MEMBER = Actor.system("test")
TEXTS = {"reason": "Có mốc", "advice": "Không ăn, giữ lại", "is_confirmed": "on"}


def make_lot(seller: Any, quantity: int = 9) -> Lot:
    variant = make_variant(seller, on_hand=0)
    return receive_lot(
        cooperative=variant.cooperative,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        quantity=quantity,
        details=LotDetails(),
        actor=MEMBER,
        now=timezone.now(),
    )


def packed_parcel(lot: Lot, *, is_sent: bool = False) -> Parcel:
    common: dict[str, Any] = {"actor": MEMBER, "now": timezone.now()}
    part = make_order((lot.variant, 1)).parts.get()
    accept_part(part_id=part.pk, **common)
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, **common)
    close_parcel(parcel_id=parcel.pk, **common)
    return hand_over_parcel(parcel_id=parcel.pk, **common) if is_sent else parcel


def sent_form(**fields: str) -> dict[str, str]:
    return {"idempotency_key": str(uuid.uuid4())} | TEXTS | fields


def test_manager_sees_whom_it_reaches_recalls_and_sees_who_confirmed(client, manager, seller) -> None:
    lot = make_lot(seller)
    waiting, sent = packed_parcel(lot), packed_parcel(lot, is_sent=True)
    address = f"/xa-vien/lo/{lot.pk}/thu-hoi/"
    codes = [f"{parcel.part.order.code}-{parcel.label_code}" for parcel in (waiting, sent)]

    dry_run = html_of(manager.get(address))
    is_still_sold = get_stock(lot.variant).recalled == 0
    without_tick = html_of(manager.post(address, sent_form(is_confirmed="", reason="")))
    is_refused = not Recall.objects.exists()
    form = sent_form()
    answers = [manager.post(address, form) for _attempt in range(2)]
    send_recall_notices(now=timezone.now())
    told = html_of(manager.get(address))
    lot_pages = [html_of(manager.get(path)) for path in ("/xa-vien/lo/", f"/xa-vien/lo/{lot.pk}/")]
    notice = RecallNotice.objects.get()
    page = html_of(client.get(f"/thu-hoi/{notice.pk}/"))
    client.post(f"/thu-hoi/{notice.pk}/")
    confirmed = html_of(manager.get(address))

    assert [code in dry_run for code in codes] == [True, True]
    assert "Lô này đang ở đâu" in dry_run
    assert is_still_sold
    assert is_refused
    assert "Đánh dấu ô này để thu hồi lô." in without_tick
    assert "Vì sao thu hồi lô này? Hãy điền ô này." in without_tick
    assert [answer.url for answer in answers] == [address, address]
    assert Recall.objects.count() == 1
    assert "Đã báo, chưa xác nhận" in told
    assert all("Bị thu hồi" in lot_page for lot_page in lot_pages)
    assert "Không ăn, giữ lại" in page
    assert f"/don-hang/{sent.part.order_id}/" in page
    assert "1 trong 1 đơn đã xác nhận." in confirmed
    assert "Đã xác nhận đọc vào" in html_of(client.get(f"/thu-hoi/{notice.pk}/"))
    assert client.get(f"/thu-hoi/{uuid.uuid4()}/").status_code == 404


def test_trace_page_says_recalled(client, manager, seller) -> None:
    lot = make_lot(seller)
    manager.post(f"/xa-vien/lo/{lot.pk}/thu-hoi/", sent_form())

    page = html_of(client.get(f"/truy-xuat/{lot.code}/"))

    assert "Bị thu hồi" in page
    assert "Có mốc" in page
    assert "Lô của chợ này" not in page


@pytest.mark.parametrize("role", [Role.LISTER, Role.PACKER, Role.CASHIER])
def test_only_managers_recall(client, seller, role) -> None:
    lot = make_lot(seller)
    client.force_login(make_member(seller, role))

    response = client.post(f"/xa-vien/lo/{lot.pk}/thu-hoi/", sent_form())

    assert response.status_code == 403
    assert "thu-hoi" not in html_of(client.get(f"/xa-vien/lo/{lot.pk}/"))
    assert Recall.objects.count() == 0


def test_foreign_lot_is_not_found(manager) -> None:
    lot = make_lot(make_seller("HTX khác"))

    assert manager.post(f"/xa-vien/lo/{lot.pk}/thu-hoi/", sent_form()).status_code == 404
    assert Recall.objects.count() == 0


def test_desk_finds_a_lot_recalls_it_and_ends_the_recall_with_a_reason(seller) -> None:
    lot = make_lot(seller)
    parcel = packed_parcel(lot, is_sent=True)
    desk = signed_in(give_app(make_admin()))
    address = f"/quan-tri/thu-hoi/lo/{lot.pk}/"

    found = desk.get("/quan-tri/thu-hoi/", {"ma": lot.code.lower()})
    unknown = html_of(desk.get("/quan-tri/thu-hoi/", {"ma": "L123"}))
    old_session = signed_in(give_app(make_admin()), minutes=16)
    shown = html_of(old_session.get(address))
    old_session.post(f"{address}bat-dau/", sent_form())
    is_started_by_old_session = Recall.objects.exists()
    desk.post(f"{address}bat-dau/", sent_form())
    send_recall_notices(now=timezone.now())
    recalled = html_of(desk.get(address))
    recall = Recall.objects.get()
    end = f"/quan-tri/thu-hoi/{recall.pk}/ket-thuc/"
    desk.post(end, {"reason": " "})
    is_open = Recall.objects.open().exists()
    desk.post(end, {"reason": "Kiểm nghiệm đạt"})

    assert found.url == address
    assert "Không có lô nào mang mã này." in unknown
    assert f'action="{address}bat-dau/"' in shown
    assert not is_started_by_old_session
    assert parcel.part.order.code in recalled
    assert is_open
    assert get_stock(lot.variant).recalled == 0
    assert "Kiểm nghiệm đạt" in html_of(desk.get("/quan-tri/thu-hoi/"))
    changes = Change.objects.filter(action__startswith="lot.recall").order_by("pk")
    assert list(changes.values_list("action", "reason")) == [
        ("lot.recalled", "Có mốc"),
        ("lot.recall_ended", "Kiểm nghiệm đạt"),
    ]


def test_queries_of_a_recall_do_not_grow_with_its_parcels(manager, seller) -> None:
    def query_count(parcel_count: int) -> int:
        lot = make_lot(seller)
        for _order in range(parcel_count):
            packed_parcel(lot)
            packed_parcel(lot, is_sent=True)
        address = f"/xa-vien/lo/{lot.pk}/thu-hoi/"
        manager.post(address, sent_form())
        send_recall_notices(now=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            page = html_of(manager.get(address))
        assert f"0 trong {parcel_count} đơn đã xác nhận." in page
        return len(queries)

    query_count(1)
    assert query_count(3) == query_count(1)
