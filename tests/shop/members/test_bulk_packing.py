"""Several orders at once: the pick list by product, packing, labels. A refusal stops no other order."""

from __future__ import annotations

import io
import re
import unicodedata
import uuid

import pytest
import segno
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from catalog.actions.stock.lots import LotDetails, receive_lot
from catalog.models import Stock, Unit, Variant
from cooperatives.models import Role
from orders.actions.fulfilment.pack_parcels import LinesNotWeighed, accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.refunds.offer_substitute import SubstituteOffer, offer_substitute
from orders.actions.refunds.report_shortage import report_shortage
from orders.models import OrderPart, Parcel
from orders.states import ParcelState, PartState
from orders.trace_links import lot_trace_address
from shop.core.actors import Actor
from tests.factories import (
    fixed_now,
    get_stock,
    make_channel,
    make_member,
    make_order,
    make_product,
    make_seller,
    make_variant,
    make_variant_sold_by_weight,
    make_warehouse,
)
from tests.markup import html_of
from tests.refusals import all_rows
from tests.shop.members.part_factories import closed_parcel, handed_over_parcel, new_part, parcel_of

pytestmark = pytest.mark.django_db

PACKING = "/xa-vien/goi/dong/"
PICK_LIST = "/xa-vien/goi/lay-hang/"
LABELS = "/xa-vien/kien/tem/"
CLOSURES = "/xa-vien/kien/dong-goi/"


def accepted_order(*lines) -> OrderPart:
    """Return the accepted part of an order of these (variant, quantity) of one seller."""
    part = make_order(*lines, now=fixed_now()).parts.get()
    accept_part(part_id=part.pk, actor=Actor.system(), now=fixed_now())
    part.refresh_from_db()
    return part


def test_chosen_orders_are_packed_whole_and_once(packer, seller) -> None:
    variant, other_variant = make_variant(seller, on_hand=50), make_variant(seller, name="Bí", on_hand=50)
    first, second, unchosen = (accepted_order((variant, 2), (other_variant, 1)) for _number in range(3))
    line = first.lines.get(variant=variant)
    pack_parcel(part_id=first.pk, quantities={line.pk: 1}, actor=Actor.system(), now=fixed_now())
    fields = {"idempotency_key": uuid.uuid4(), "part": [first.pk, second.pk]}

    responses = [packer.post(PACKING, fields, follow=True) for _sent in range(2)]

    packed = [
        [sorted(row.quantity for row in parcel.lines.all()) for parcel in part.parcels.order_by("number")]
        for part in (first, second, unchosen)
    ]
    assert packed == [[[1], [1, 1]], [[1, 2]], []]
    assert [str(message) for message in responses[0].context["messages"]] == [
        "Đã lấy hàng cho 2 đơn. Giờ dán tem."
    ]


def test_order_that_is_not_weighed_is_named_with_its_reason_and_cannot_be_chosen(packer, seller) -> None:
    part = accepted_order((make_variant_sold_by_weight(seller), 1))

    page = html_of(packer.get(PACKING))

    assert part.order.code in page
    assert "Chưa đóng được: Chờ cân" in page
    assert "Đóng các đơn đã chọn" not in page
    assert f'name="part" value="{part.pk}"' not in page


def test_missing_items_are_left_out_of_every_list_of_an_order(packer, seller) -> None:
    part = accepted_order((make_variant(seller, name="Khăn"), 3), (make_variant(seller, name="Bí"), 1))
    scarf, gourd = part.lines.order_by("position")
    report_shortage(
        part_id=part.pk, available={scarf.pk: 2, gourd.pk: 0}, actor=Actor.system(), now=fixed_now()
    )

    listed = [packer.get(PACKING).context["tasks"][0].contents]
    pack_parcel(part_id=part.pk, quantities={scarf.pk: 2}, actor=Actor.system(), now=fixed_now())
    parcel = part.parcels.get(kind="dispatch")
    close_parcel(parcel_id=parcel.pk, actor=Actor.system(), now=fixed_now())
    listed.append(packer.get("/xa-vien/goi/?viec=gui").context["tasks"][0].contents)
    headings = [row.amount for row in packer.get(f"/xa-vien/goi/{part.pk}/").context["pick_lines"]]

    assert (listed, headings) == (["2\u00a0chiếc Khăn", "2\u00a0chiếc Khăn"], ["2 chiếc"])


def test_order_with_an_unanswered_substitute_is_named_with_its_reason_and_cannot_be_chosen(
    packer, seller
) -> None:
    part = accepted_order((make_variant(seller), 2))
    other_variant = make_variant(seller, name="Bí")
    offer = SubstituteOffer(part.lines.get().pk, 1, other_variant.pk, 1)
    offer_substitute(part_id=part.pk, offer=offer, actor=Actor.system(), now=fixed_now())

    page = html_of(packer.get(PACKING))

    assert "Chưa đóng được: Chờ khách trả lời về hàng thay thế" in page
    assert f'name="part" value="{part.pk}"' not in page


def test_refused_order_does_not_hold_up_the_others(packer, seller) -> None:
    unweighed = accepted_order((make_variant_sold_by_weight(seller), 1))
    ready_order = accepted_order((make_variant(seller), 1))

    response = packer.post(
        PACKING, {"idempotency_key": uuid.uuid4(), "part": [unweighed.pk, ready_order.pk]}, follow=True
    )

    assert [str(message) for message in response.context["messages"]] == [
        f"{unweighed.order.code}: {LinesNotWeighed.default_message}",
        "Đã lấy hàng cho 1 đơn. Giờ dán tem.",
    ]
    assert list(Parcel.objects.values_list("part", flat=True)) == [ready_order.pk]


def test_weighed_order_is_packed_with_the_others(packer, seller) -> None:
    part = accepted_order((make_variant_sold_by_weight(seller), 1))
    line = part.lines.get()
    weigh_line(
        part_id=part.pk, line_id=line.pk, grams=line.estimate_grams, actor=Actor.system(), now=fixed_now()
    )

    packer.post(PACKING, {"idempotency_key": uuid.uuid4(), "part": [part.pk]})

    assert part.parcels.get().lines.get().grams == line.estimate_grams


def test_all_labels_are_attached_with_one_press_and_only_own_ones(packer, seller) -> None:
    parcels = [parcel_of(accepted_order((make_variant(seller), 1))) for _number in range(2)]
    foreign = parcel_of(accepted_order((make_variant(make_seller("HTX khác")), 1)))
    fields = {
        "idempotency_key": uuid.uuid4(),
        "parcel": [*(parcel.pk for parcel in parcels), foreign.pk, "x"],
    }

    responses = [packer.post(CLOSURES, fields, follow=True) for _sent in range(2)]

    states = dict(Parcel.objects.values_list("pk", "state"))
    assert states == {
        parcels[0].pk: ParcelState.PACKED,
        parcels[1].pk: ParcelState.PACKED,
        foreign.pk: ParcelState.PACKING,
    }
    assert [str(message) for message in responses[0].context["messages"]] == [
        "Đã đóng gói 2 kiện. Giờ bàn giao hàng."
    ]


def test_labels_are_those_picked_or_packed_and_not_handed_over(packer, seller) -> None:
    variant = make_variant(seller, on_hand=50)
    picked = parcel_of(accepted_order((variant, 1)))
    packed = closed_parcel(accepted_order((variant, 1)))
    handed_over = handed_over_parcel(accepted_order((variant, 1)))
    foreign = closed_parcel(accepted_order((make_variant(make_seller("HTX khác")), 1)))

    page = html_of(packer.get(LABELS))

    shown = re.findall(r'<h2 class="code">([^<]+)</h2>', page)
    assert shown == [f"{parcel.part.order.code}-{parcel.label_code}" for parcel in (picked, packed)]
    for absent in (handed_over, foreign):
        assert absent.part.order.code not in page


@pytest.mark.parametrize(("paper", "size"), [("", (298, 420)), ("80", (227, 312)), ("58", (164, 425))])
def test_labels_of_many_parcels_are_one_pdf_with_a_page_each(packer, seller, paper, size) -> None:
    variant = make_variant(seller, name="Khăn thổ cẩm", on_hand=50)
    parcels = [closed_parcel(accepted_order((variant, 1))) for _number in range(3)]

    response = packer.get("/xa-vien/kien/tem.pdf", {"giay": paper})

    pages = PdfReader(io.BytesIO(response.content)).pages
    assert [(round(page.mediabox.width), round(page.mediabox.height)) for page in pages] == [size] * 3
    texts = [unicodedata.normalize("NFC", page.extract_text()) for page in pages]
    for text, parcel in zip(texts, parcels, strict=True):
        assert f"{parcel.part.order.code}-{parcel.label_code}" in text
        assert "1 chiếc Khăn thổ cẩm" in text.replace("\n", " ")


@pytest.mark.parametrize("paper", ["a6", "80", "58"])
def test_label_of_a_parcel_has_the_code_of_each_lot_on_one_page(packer, seller, paper) -> None:
    variant = make_variant(seller, name="Miến dong", on_hand=0)
    lots = [
        receive_lot(
            cooperative=seller,
            variant_id=variant.pk,
            warehouse_id=get_stock(variant).warehouse_id,
            quantity=2,
            details=LotDetails(),
            actor=Actor.system(),
            now=fixed_now(),
        )
        for _number in range(2)
    ]
    parcel = closed_parcel(accepted_order((variant, 4)))
    without_lot = closed_parcel(accepted_order((make_variant(seller), 1)))
    address = f"/xa-vien/kien/{parcel.pk}/tem"

    page = html_of(packer.get(f"{address}/?giay={paper}"))
    document = PdfReader(io.BytesIO(packer.get(f"{address}.pdf?giay={paper}").content))
    page_without_lot = html_of(packer.get(f"/xa-vien/kien/{without_lot.pk}/tem/"))

    for lot in lots:
        drawn = segno.make(lot_trace_address(lot), micro=False)
        path = re.search(r' d="([^"]+)"', drawn.svg_inline(border=2, omitsize=True))
        assert path is not None
        assert path[1] in page
    assert len(document.pages) == 1
    assert all(lot.code in document.pages[0].extract_text() for lot in lots)
    assert "lot-qr" not in page_without_lot


def test_queries_of_labels_do_not_grow_with_lots(packer, seller) -> None:
    def pack_lot() -> None:
        variant = make_variant(seller, on_hand=0)
        receive_lot(
            cooperative=seller,
            variant_id=variant.pk,
            warehouse_id=get_stock(variant).warehouse_id,
            quantity=2,
            details=LotDetails(),
            actor=Actor.system(),
            now=fixed_now(),
        )
        closed_parcel(accepted_order((variant, 1)))

    pack_lot()
    packer.get(LABELS)
    with CaptureQueriesContext(connection) as few_queries:
        packer.get(LABELS)
    pack_lot()
    pack_lot()

    with CaptureQueriesContext(connection) as more_queries:
        page = html_of(packer.get(LABELS))

    assert len(more_queries) == len(few_queries)
    assert page.count('class="lot-qr"') == 3


def test_pdf_of_labels_holds_own_waiting_parcels_only(packer, seller) -> None:
    foreign = closed_parcel(accepted_order((make_variant(make_seller("HTX khác")), 1)))
    handed_over = handed_over_parcel(accepted_order((make_variant(seller), 1)))

    everything = packer.get("/xa-vien/kien/tem.pdf?giay=x")
    one = packer.get(f"/xa-vien/kien/{handed_over.pk}/tem.pdf?giay=58")

    assert (everything["Content-Type"], everything.context["labels"]) == ("text/html; charset=utf-8", [])
    assert handed_over.part.order.code in PdfReader(io.BytesIO(one.content)).pages[0].extract_text()
    assert packer.get(f"/xa-vien/kien/{foreign.pk}/tem.pdf").status_code == 404


def test_pick_list_sums_each_variant_by_warehouse_with_the_orders_below(packer, seller) -> None:
    ginger = make_product(seller, name="Gừng tươi", on_hand=3).variants.get()
    Variant.objects.filter(pk=ginger.pk).update(name="1 kg", unit=Unit.KG)
    scarf = make_product(seller, name="Khăn thổ cẩm", on_hand=50).variants.get()
    gourd = make_variant_sold_by_weight(seller, name="Bí xanh thơm")
    first = accepted_order((ginger, 2), (scarf, 1), (gourd, 1))
    second = accepted_order((scarf, 4))
    new_part(seller)
    closed_parcel(accepted_order((scarf, 7)))
    accepted_order((make_variant(make_seller("HTX khác"), name="Bí"), 1))
    line = second.lines.get()
    pack_parcel(part_id=second.pk, quantities={line.pk: 1}, actor=Actor.system(), now=fixed_now())

    groups = packer.get(PICK_LIST).context["groups"]

    listed = [
        (
            item.line.product_name,
            item.amount,
            item.grams,
            [(share.line.part.pk, share.amount) for share in item.shares],
        )
        for group in groups
        for item in group.items
    ]
    weight = first.lines.get(variant=gourd).estimate_grams
    assert [group.heading for group in groups] == [get_stock(scarf).warehouse.name]
    assert listed == [
        ("Bí xanh thơm", "1 quả", weight, [(first.pk, "1 quả")]),
        ("Gừng tươi", "2 kg", 0, [(first.pk, "2 kg")]),
        ("Khăn thổ cẩm", "4 chiếc", 0, [(first.pk, "1 chiếc"), (second.pk, "3 chiếc")]),
    ]


def test_pick_list_keeps_warehouses_apart(packer, seller) -> None:
    variant = make_variant(seller, name="Khăn", on_hand=2)
    first_warehouse = get_stock(variant).warehouse
    second_warehouse = make_warehouse(seller, make_channel(), name="Kho B")
    Stock.objects.create(variant=variant, warehouse=second_warehouse, on_hand=5)
    accepted_order((variant, 6))

    groups = packer.get(PICK_LIST).context["groups"]

    amounts = {group.heading: [item.amount for item in group.items] for group in groups}
    assert amounts == {first_warehouse.name: ["2 chiếc"], "Kho B": ["4 chiếc"]}


def test_pick_list_and_packing_are_empty_without_orders(packer, seller) -> None:
    assert "Không có hàng cần lấy" in html_of(packer.get(PICK_LIST))
    assert "Không có hàng cần lấy" in html_of(packer.get(PACKING))
    assert "Không có kiện nào chờ dán tem." in html_of(packer.get(LABELS))


@pytest.mark.parametrize("address", [PICK_LIST, f"{PICK_LIST}?theo=don", PACKING, LABELS])
def test_queries_do_not_grow_with_orders(packer, seller, address) -> None:
    variant = make_variant(seller, on_hand=100)

    def add_orders(count: int) -> None:
        for _number in range(count):
            accepted_order((variant, 1))
            parcel_of(accepted_order((variant, 1)))

    add_orders(1)
    packer.get(address)
    with CaptureQueriesContext(connection) as baseline_queries:
        packer.get(address)
    add_orders(4)

    with CaptureQueriesContext(connection) as grown_queries:
        packer.get(address)

    assert len(grown_queries) == len(baseline_queries)


@pytest.mark.parametrize("role", [Role.LISTER, Role.CASHIER, Role.BOOKKEEPER])
def test_roles_that_do_not_pack_are_forbidden_and_change_nothing(client, seller, role) -> None:
    part = accepted_order((make_variant(seller), 1))
    parcel = parcel_of(accepted_order((make_variant(seller), 1)))
    client.force_login(make_member(seller, role))
    before = all_rows()

    responses = [client.get(address) for address in (PICK_LIST, PACKING, LABELS)]
    responses.append(client.post(PACKING, {"idempotency_key": uuid.uuid4(), "part": [part.pk]}))
    responses.append(client.post(CLOSURES, {"idempotency_key": uuid.uuid4(), "parcel": [parcel.pk]}))

    assert [response.status_code for response in responses] == [403] * 5
    assert all_rows() == before


def test_foreign_orders_are_left_out_as_missing_ones(packer, seller) -> None:
    foreign = accepted_order((make_variant(make_seller("HTX khác")), 1))
    before = all_rows()

    foreign_response = packer.post(
        PACKING, {"idempotency_key": uuid.uuid4(), "part": [foreign.pk]}, follow=True
    )
    missing_response = packer.post(
        PACKING, {"idempotency_key": uuid.uuid4(), "part": ["999999", "x"]}, follow=True
    )

    messages = [
        [str(message) for message in response.context["messages"]]
        for response in (foreign_response, missing_response)
    ]
    assert messages == [["Chọn ít nhất một đơn."]] * 2
    assert all_rows() == before
    assert OrderPart.objects.get(pk=foreign.pk).state == PartState.ACCEPTED
