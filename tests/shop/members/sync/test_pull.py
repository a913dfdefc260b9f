"""Rows for phones: snapshots in pages, changes since a cursor, removals, and who sees what."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.actions.products.delete_products import delete_product
from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import set_variant_stock, update_variant
from catalog.models import Lot, Price, Product, ProductMedia, Stock, Unit
from cooperatives.access import load_membership
from cooperatives.actions.cooperative_lifecycle import change_stock_warnings
from cooperatives.models import Membership, Role
from orders.actions.complaints.file_complaint import submit_complaint
from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.refunds.report_shortage import report_shortage
from orders.models import EventKind, OrderPart, Payment, PaymentMethod
from shop.core.actors import Actor
from shop.core.models import Change, Picture, PictureState, ShopSettings, change_values
from shop.core.texts.formatting import format_money, weekday_and_day
from shop.members.sync import changes
from shop.members.sync.changes import SETTLING_DELAY, pull_rows
from shop.members.sync.models import PhoneCommand
from tests.factories import (
    NOW,
    get_stock,
    make_channel,
    make_order,
    make_seller,
    make_variant,
    make_variant_sold_by_weight,
    make_warehouse,
)
from tests.orders.refunds.refund_helpers import deliver_order
from tests.shop.accounts.factors import give_app
from tests.shop.members.sync.phone import SYNC_URL, Phone, make_command
from tests.shop.members.test_lots import make_lot

pytestmark = pytest.mark.django_db
ALL_SETTLED_AT = NOW + datetime.timedelta(days=1)


@pytest.fixture
def phone(seller) -> Phone:
    return Phone(seller)


def pull(phone: Phone, since: str = "", *, now: datetime.datetime = ALL_SETTLED_AT) -> dict[str, Any]:
    """Return what the phone pulls at this time."""
    return pull_rows(load_membership(phone.user, phone.cooperative.pk), since, now=now)


def pull_all(phone: Phone) -> tuple[dict[tuple[str, int], dict[str, Any]], str]:
    """Return a whole snapshot by kind and id, and the cursor after it."""
    page = pull(phone)
    rows = list(page["rows"])
    while page["has_more"]:
        page = pull(phone, page["cursor"])
        rows += page["rows"]
    return {(row["kind"], row["id"]): row for row in rows}, page["cursor"]


def part_ids(page: dict[str, Any]) -> list[int]:
    return [row["id"] for row in page["rows"] if row["kind"] == "part"]


def new_part(seller, **fields) -> OrderPart:
    return make_order((make_variant(seller, **fields), 2)).parts.get()


def accept(part: OrderPart) -> None:
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)


def test_snapshot_comes_in_pages_and_ends_in_a_cursor(seller, monkeypatch) -> None:
    monkeypatch.setattr(changes, "PAGE_SIZE", 2)
    parts = [new_part(seller, name=f"Hàng {number}") for number in range(3)]
    phone = Phone(seller, Role.MANAGER)

    pages = [pull(phone)]
    while pages[-1]["has_more"]:
        pages.append(pull(phone, pages[-1]["cursor"]))

    products = [part.lines.get().product_key for part in parts]
    assert [[(row["kind"], row["id"]) for row in page["rows"]] for page in pages] == [
        [("part", parts[0].pk), ("part", parts[1].pk)],
        [("part", parts[2].pk)],
        [("product", products[0]), ("product", products[1])],
        [("product", products[2])],
    ]
    assert [page["is_reset"] for page in pages] == [True, False, False, False]
    assert pull(phone, pages[-1]["cursor"])["is_reset"] is False


def test_pull_says_who_and_for_whom(seller) -> None:
    phone = Phone(seller, Role.LISTER)

    page = phone.pull()

    assert page["member"] == {"id": phone.user.pk, "name": phone.user.get_full_name(), "role": "lister"}
    assert page["rights"] == ["count", "list", "see"]
    assert page["cooperative"] == {
        "id": seller.pk,
        "name": "HTX Thiên An",
        "location": "",
        "phone": "0912 345 678",
    }
    assert page["warehouses"] == [
        {
            "id": str(seller.warehouses.get().pk),
            "name": seller.warehouses.get().name,
            "is_open": True,
            "channels": ["viet-nam"],
        }
    ]


def test_packers_learn_of_complaints_that_wait_for_an_answer(seller) -> None:
    now = timezone.now()
    part, other = (
        deliver_order(make_order((make_variant(whose, on_hand=9), 2)), now=now)
        for whose in (seller, make_seller("HTX khác"))
    )
    complaint, _other = (
        submit_complaint(
            part_id=row.pk,
            quantities={row.lines.get().pk: 1},
            text="Dập.",
            actor=Actor.guest(),
            now=now,
        )
        for row in (part, other)
    )

    rows = Phone(seller).pull()["complaints"]

    due_by = complaint.due_by.isoformat().replace("+00:00", "Z")
    assert rows == [{"id": str(complaint.pk), "order": part.order.code, "due_by": due_by}]
    assert Phone(seller, Role.LISTER).pull()["complaints"] == []


def test_part_says_what_a_parcel_of_everything_unpacked_collects(seller) -> None:
    split, transferred, paid_twice = (new_part(seller, name=f"Gối {number}") for number in range(3))
    transfers = [
        Payment.objects.create(order=part.order, method=PaymentMethod.TRANSFER, currency="VND")
        for part in (transferred, paid_twice)
    ]
    record_payment_event(
        transfers[1],
        EventKind.CHARGE_SUCCESS,
        100_000,
        idempotency_key="transfer",
        actor=Actor.system(),
        now=NOW,
    )
    yesterday = NOW - datetime.timedelta(days=1)
    Payment.objects.filter(pk=transfers[1].pk).update(created_at=yesterday)  # paid, then changed to cash
    phone = Phone(seller)

    def unpacked_cash() -> list[int | None]:
        rows, _cursor = pull_all(phone)
        return [rows["part", part.pk]["cash_unpacked"] for part in (split, transferred, paid_twice)]

    assert unpacked_cash() == [670_000, 0, None]
    accept(split)
    line = split.lines.get()
    for parcel_cash, cash_left in ((320_000, 350_000), (350_000, 0)):
        parcel = pack_parcel(part_id=split.pk, quantities={line.pk: 1}, actor=Actor.system(), now=NOW)
        assert (parcel.cod_expected, unpacked_cash()[0]) == (parcel_cash, cash_left)


def test_part_reads_as_on_its_page_without_missing_items(seller, phone) -> None:
    part = make_order((make_variant_sold_by_weight(seller), 1), (make_variant(seller), 3)).parts.get()
    OrderPart.objects.update(expected_until=NOW.date())
    part.order.shipping_address.landmark = "Đối diện nhà văn hoá"
    part.order.shipping_address.save()
    accept(part)
    line = part.lines.get(position=1)
    _rows, cursor = pull_all(phone)

    report_shortage(part_id=part.pk, available={line.pk: 2}, actor=Actor.system(), now=NOW)
    row, *_products = pull(phone, cursor)["rows"]
    pack_parcel(part_id=part.pk, quantities={line.pk: 2}, actor=Actor.system(), now=NOW)
    packed, *_products = pull(phone, cursor)["rows"]

    pillows = line.contents_label(2)
    assert row["contents"] == [part.lines.get(position=0).contents, pillows]
    assert (row["lines"][1]["open"], row["lines"][1]["amount"]) == (2, "2 chiếc")
    assert (row["ready"], row["ready_with_weekday"]) == (
        f"Giao chậm nhất {NOW:%d/%m}",
        f"Giao chậm nhất {weekday_and_day(NOW.date())}",
    )
    assert row["steps"] == ["Nhận đơn", "Lấy hàng", "Dán tem", "Bàn giao"]
    assert row["buyer"]["address"].endswith(". Đối diện nhà văn hoá")
    assert [parcel["contents"] for parcel in packed["parcels"]] == [[pillows]]
    assert packed["contents"] == row["contents"]
    told = f"Thiếu {line.contents_label(1)}, đã giảm {format_money(line.total_gross // 3, 'VND')}"
    assert row["missing"] == packed["missing"] == [told]


def test_part_says_which_lots_to_take(seller, phone) -> None:
    ginger = make_variant(seller, name="Gừng tươi", on_hand=0)
    late, early = (make_lot(ginger, 2, days=days) for days in (20, 5))
    part, other = (make_order((ginger, 3)).parts.get(), new_part(seller))
    before, _cursor = pull_all(phone)
    accept(part)
    accept(other)

    rows, _cursor = pull_all(phone)
    pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 3}, actor=Actor.system(), now=NOW)
    packed, _cursor = pull_all(phone)

    def lots_of(rows: dict[tuple[str, int], dict[str, Any]], part: OrderPart) -> list[str]:
        return list(rows["part", part.pk]["lines"][0]["lots"])

    assert lots_of(rows, part) == [
        f"Lấy 2 chiếc ở lô {early.code} (hạn dùng {early.expires_on:%d/%m/%Y})",
        f"Lấy 1 chiếc ở lô {late.code} (hạn dùng {late.expires_on:%d/%m/%Y})",
    ]
    assert lots_of(before, part) == lots_of(rows, part)
    assert lots_of(rows, other) == lots_of(packed, part) == []


def test_new_lot_is_named_in_open_orders_of_its_product(seller, phone) -> None:
    ginger = make_variant(seller, name="Gừng tươi", on_hand=3)
    part, other = make_order((ginger, 3)).parts.get(), new_part(seller)
    accept(part)
    accept(other)
    _rows, cursor = pull_all(phone)

    lot = make_lot(ginger, 3, days=5)
    page = pull(phone, cursor)

    lots = {row["id"]: row["lines"][0]["lots"] for row in page["rows"] if row["kind"] == "part"}
    assert lots == {part.pk: [f"Lấy 3 chiếc ở lô {lot.code} (hạn dùng {lot.expires_on:%d/%m/%Y})"]}


def test_each_lot_is_suggested_once_and_what_is_left_is_sent_with_the_next_pull(seller, phone) -> None:
    ginger = make_variant(seller, name="Gừng tươi", on_hand=0)
    early, late = (make_lot(ginger, 3, days=days) for days in (5, 20))
    first, second = (make_order((ginger, 3)).parts.get() for _ in range(2))
    accept(second)
    rows, cursor = pull_all(phone)
    cancel_part(part_id=first.pk, reason="Hết hàng", actor=Actor.system(), now=NOW)

    page = pull(phone, cursor)

    picks = {part.pk: rows["part", part.pk]["lines"][0]["lot_picks"] for part in (first, second)}
    assert picks == {first.pk: [[early.pk, 3]], second.pk: [[late.pk, 3]]}
    (left,) = [row["lines"][0]["lot_picks"] for row in page["rows"] if row["kind"] == "part"]
    assert left == [[early.pk, 3]]


def test_changed_order_and_its_products_are_sent_and_nothing_else(seller) -> None:
    changed, unchanged = new_part(seller), new_part(seller, name="Chuối sấy")
    phone = Phone(seller, Role.MANAGER)
    _rows, cursor = pull_all(phone)
    accept(changed)

    page = pull(phone, cursor)

    assert [(row["kind"], row["id"]) for row in page["rows"]] == [
        ("part", changed.pk),
        ("product", changed.lines.get().product_key),
    ]
    assert page["rows"][0]["state"] == "accepted"
    assert page["removed"] == []
    assert unchanged.pk != changed.pk


def test_new_order_arrives_with_its_allocated_stock(seller) -> None:
    variant = make_variant(seller, on_hand=10)
    phone = Phone(seller, Role.MANAGER)
    _rows, cursor = pull_all(phone)

    part = make_order((variant, 3)).parts.get()
    page = pull(phone, cursor)

    by_kind = {row["kind"]: row for row in page["rows"]}
    assert (by_kind["part"]["id"], by_kind["part"]["stages"]) == (part.pk, ["accept"])
    assert by_kind["product"]["variants"][0]["stocks"][0]["allocated"] == 3


def test_price_and_stock_changes_of_others_arrive(seller) -> None:
    variant, counted = make_variant(seller), make_variant(seller, name="Chuối sấy")
    channel = Price.objects.get(variant=variant).channel
    phone = Phone(seller, Role.LISTER)
    _rows, cursor = pull_all(phone)

    update_variant(
        variant_id=variant.pk, values={}, prices=[ListPrice(channel, 330_000)], actor=Actor.system(), now=NOW
    )
    warehouse = get_stock(counted).warehouse_id
    set_variant_stock(variant_id=counted.pk, stocks=[(warehouse, 4)], actor=Actor.system(), now=NOW)
    rows = {row["id"]: row for row in pull(phone, cursor)["rows"]}

    assert rows[variant.product_id]["variants"][0]["prices"][0]["amount"] == 330_000
    assert rows[counted.product_id]["variants"][0]["stocks"][0]["on_hand"] == 4


def test_change_committed_late_under_a_lower_number_is_not_missed(seller, phone) -> None:
    """On PostgreSQL a change draws its number before its transaction ends."""
    late_part, early_part = new_part(seller), new_part(seller, name="Chuối sấy")
    last = Change.objects.latest("pk").pk
    _rows, cursor = pull_all(phone)
    values = {"actor": Actor.system(), "now": ALL_SETTLED_AT, "cooperative_id": seller.pk}
    Change.objects.create(
        pk=last + 2, **change_values("part.changed", early_part, root=early_part.order, **values)
    )
    first = pull(phone, cursor, now=ALL_SETTLED_AT + SETTLING_DELAY / 5)
    Change.objects.create(
        pk=last + 1, **change_values("part.changed", late_part, root=late_part.order, **values)
    )

    second = pull(phone, first["cursor"], now=ALL_SETTLED_AT + SETTLING_DELAY * 2)
    third = pull(phone, second["cursor"], now=ALL_SETTLED_AT + SETTLING_DELAY * 3)

    assert [part_ids(page) for page in (first, second, third)] == [
        [early_part.pk],
        [late_part.pk, early_part.pk],
        [],
    ]


def test_product_has_what_its_page_shows(seller) -> None:
    variant = make_variant(seller, unit=Unit.PACKET, content_grams=300)
    far_warehouse = make_warehouse(seller, make_channel(slug="xuat-khau"), name="Kho xa")
    closed = make_warehouse(seller, variant.product.listings.get().channel, name="Kho cũ", closed_at=NOW)
    make_variant(seller, name="Măng khô")
    Product.objects.filter(pk=variant.product_id).update(season=0b0001_1110_0000)
    picture_name = "goi-160.webp"
    file = {"webp": f"pictures/{picture_name}", "jpeg": "pictures/goi-160.jpg", "height": 120}
    picture = Picture.objects.create(state=PictureState.READY, renditions={"160": file})
    ProductMedia.objects.create(product=variant.product, picture=picture)
    phone = Phone(seller, Role.LISTER)

    page = phone.pull()

    row = page["rows"][0]
    assert row["listings"] == [
        {
            "id": variant.product.listings.get().pk,
            "channel": "viet-nam",
            "currency": "VND",
            "state": "published",
            "reason": "",
        }
    ]
    assert (row["season"], row["picture"]) == ("6-9", f"/media/pictures/{picture_name}")
    assert row["photos"] == [{"id": picture.pk, "caption": "", "address": row["picture"], "is_ready": True}]
    shown = row["variants"][0]
    assert (shown["unit"], shown["step"]) == ("gói", "gói\u00a0300\u00a0g")
    by_name = {place["name"]: (place["is_open"], place["channels"]) for place in page["warehouses"]}
    assert by_name[closed.name][0] is False
    assert by_name[far_warehouse.name] == (True, ["xuat-khau"])


def test_product_says_what_is_low_and_what_is_near_expiry_by_the_cooperatives_rules(seller) -> None:
    variant = make_variant(seller, on_hand=6)
    expires_on = datetime.date(2027, 6, 30)
    Lot.objects.filter(pk=make_lot(variant).pk).update(expires_on=expires_on)
    Stock.objects.filter(variant=variant).update(on_hand=6, recalled=1)
    phone = Phone(seller, Role.LISTER)
    rows, cursor = pull_all(phone)
    before = rows["product", variant.product_id]["variants"][0]

    with transaction.atomic():
        change_stock_warnings(
            cooperative_id=seller.pk, low_stock_at=4, near_expiry_days=7, actor=Actor.system(), now=NOW
        )
    page = pull(phone, cursor)

    after = page["rows"][0]["variants"][0]
    assert (before["low_stock_at"], before["is_low_stock"]) == (5, True)
    assert before["lots"][0]["near_expiry_from"] == expires_on - datetime.timedelta(days=10)
    assert before["stocks"][0]["recalled"] == 1
    assert (page["is_reset"], after["low_stock_at"], after["is_low_stock"]) == (True, 4, False)
    assert after["lots"][0]["near_expiry_from"] == expires_on - datetime.timedelta(days=7)


def test_ended_part_is_removed_with_its_buyer(seller, phone) -> None:
    part = new_part(seller)
    accept(part)
    rows, cursor = pull_all(phone)
    cancel_part(part_id=part.pk, reason="hết hàng", actor=Actor.system(), now=NOW)

    page = pull(phone, cursor)

    assert rows["part", part.pk]["buyer"]["phone"] == "+84987654321"
    assert (part_ids(page), page["removed"]) == ([], [{"kind": "part", "id": part.pk}])


def test_deleted_and_hidden_products_are_removed(seller) -> None:
    products = [make_variant(seller, on_hand=on_hand, name=f"Hàng {on_hand}").product for on_hand in (0, 5)]
    phone = Phone(seller, Role.LISTER)
    _rows, cursor = pull_all(phone)

    deleted = [
        delete_product(cooperative=seller, product_id=product.pk, actor=Actor.system(), now=NOW)
        for product in products
    ]
    page = pull(phone, cursor)

    assert deleted == [True, False]
    assert page["rows"] == []
    assert page["removed"] == [{"kind": "product", "id": product.pk} for product in products]


def test_buyer_appears_with_acceptance(seller, phone) -> None:
    part = new_part(seller)
    before = pull(phone)["rows"][0]
    accept(part)

    assert before["buyer"] is None
    assert pull(phone)["rows"][0]["buyer"]["name"] == "Nguyễn Thị Hoa"


def test_roles_receive_only_the_rows_of_their_work(seller) -> None:
    part = new_part(seller)
    product = part.lines.get().product_key
    received = {role: set(pull_all(Phone(seller, role))[0]) for role in Role}

    parts, products = ("part", part.pk), ("product", product)
    assert received == {
        Role.MANAGER: {parts, products},
        Role.LISTER: {products},
        Role.PACKER: {parts, products},
        Role.CASHIER: {products},
        Role.BOOKKEEPER: set(),
    }


def test_rows_of_other_cooperatives_never_arrive(seller, phone) -> None:
    _rows, cursor = pull_all(phone)
    other = make_seller("HTX Yến Dương")
    shared = make_order((make_variant(seller), 1), (make_variant(other), 1))
    foreign = new_part(other)
    accept(foreign)

    page, (rows, _cursor) = pull(phone, cursor), pull_all(phone)

    own_part = shared.parts.get(cooperative=seller)
    assert {row["id"] for row in page["rows"] if row["kind"] == "part"} == {own_part.pk}
    assert {number for kind, number in rows if kind == "part"} == {own_part.pk}
    assert page["removed"] == []


def test_changed_role_starts_a_snapshot_without_the_rows_that_ended(seller, phone) -> None:
    new_part(seller)
    _rows, cursor = pull_all(phone)
    Membership.objects.filter(user=phone.user).update(role=Role.LISTER)

    page = pull(phone, cursor)

    assert page["is_reset"] is True
    assert {row["kind"] for row in page["rows"]} == {"product"}


def test_foreign_old_and_invalid_cursors_start_a_snapshot(seller, phone, monkeypatch) -> None:
    new_part(seller)
    _rows, cursor = pull_all(phone)
    foreign = pull_all(Phone(make_seller("HTX Yến Dương")))[1]
    version, cooperative, role, position = cursor.split("-")
    invalid = [
        *("x", "1-2-3", foreign, f"1-{cooperative}-{role}-{position}", f"{cursor}-secret-0"),
        *(f"{version}-{cooperative}-manager-{position}", f"{version}-{cooperative}-{role}-{'9' * 18}"),
    ]

    answers = [pull(phone, text) for text in invalid]
    monkeypatch.setattr(changes, "MAX_SCANNED_CHANGES", -1)
    answers.append(pull(phone, cursor))

    assert [answer["is_reset"] for answer in answers] == [True] * 8
    assert all(answer["rows"] for answer in answers)


def test_more_changed_rows_than_a_page_start_a_snapshot(seller, phone, monkeypatch) -> None:
    monkeypatch.setattr(changes, "MAX_CHANGED_ROWS_PER_PULL", 1)
    _rows, cursor = pull_all(phone)
    new_part(seller)

    page = pull(phone, cursor)

    assert page["is_reset"] is True


def test_missing_second_factor_is_told_in_json_and_leaves_no_message_for_pages(seller) -> None:
    ShopSettings.objects.update_or_create(
        pk=1, defaults={"requires_second_factor_of_managers": True, "second_factor_grace_days": 0}
    )
    without_factor, unproved = Phone(seller, Role.MANAGER), Phone(seller, Role.MANAGER)
    unproved.client.force_login(give_app(unproved.user))

    responses = [
        response
        for phone in (without_factor, unproved)
        for response in (phone.client.get(SYNC_URL), phone.send(make_command("accept_part", part=1)))
    ]

    assert [(response.status_code, response.json()["code"]) for response in responses] == [
        (401, "recent_sign_in_required")
    ] * 4
    assert [str(message) for response in responses for message in get_messages(response.wsgi_request)] == []
    assert not PhoneCommand.objects.exists()


def test_queries_do_not_grow_with_rows(seller) -> None:
    phone = Phone(seller, Role.MANAGER)
    _rows, start = pull_all(phone)

    def query_counts() -> list[int]:
        """Return the queries of a snapshot's pages, and of the changes since the start."""
        counts, cursors = [], ["", start]
        while cursors:
            with CaptureQueriesContext(connection) as queries:
                page = pull(phone, cursors.pop())
            counts.append(len(queries))
            cursors += [page["cursor"]] if page["has_more"] else []
        return counts

    make_order((make_variant_sold_by_weight(seller), 1))
    few_counts = query_counts()
    for number in range(3):
        variants = [make_variant_sold_by_weight(seller, name=f"Bí {number} {size}") for size in range(3)]
        make_order(*[(variant, 1) for variant in variants])

    assert query_counts() == few_counts
    assert len(pull(phone, start)["rows"]) == 14
