"""Pages of complaints and refunds for buyers, members and staff, and who may see them."""

from __future__ import annotations

import datetime
import io
import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from cooperatives.models import Role
from orders.actions.complaints.answer_complaint import EmptyRemedy
from orders.actions.complaints.file_complaint import submit_complaint
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.refunds.refund_preview import RefundRoute
from orders.models import Complaint, CostBearer, EventKind, Order, OrderPart, Parcel, Payout, Refund
from orders.payments.incoming_transfers import Payer
from orders.states import ComplaintState, ParcelState
from shop.core.actors import Actor
from shop.core.images.renditions import render_picture
from shop.core.models import Picture
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    get_stock,
    make_admin,
    make_member,
    make_order,
    make_seller,
    make_variant,
    unknown_uuid,
)
from tests.markup import html_of
from tests.orders.bank_transfers.transfer_helpers import make_transfer_order, receive_transfer
from tests.orders.pages.order_proofs import ProvenOrdersClient
from tests.orders.pages.test_order_page import hand_over, pack
from tests.orders.refunds.refund_helpers import (
    ACTOR_AND_NOW,
    deliver_order,
    get_first_line,
    make_paid_order,
    refund_first_line,
)
from tests.refusals import all_rows
from tests.row_reuse import reuse_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return ProvenOrdersClient()


@reuse_rows
def delivered_part(seller=None, **fields) -> OrderPart:
    variant = make_variant(seller, price=45_000, on_hand=20)
    return deliver_order(make_order((variant, 5), **fields), now=timezone.now())


def file_complaint(part: OrderPart, steps: int = 2) -> Complaint:
    return submit_complaint(
        part_id=part.pk,
        quantities={get_first_line(part).pk: steps},
        text="Hai quả dập.",
        actor=Actor.guest(),
        now=timezone.now(),
    )


def photo(name="anh.jpg", **options) -> SimpleUploadedFile:
    content = io.BytesIO()
    Image.new("RGB", (640, 480), "red").save(content, "JPEG", **options)
    return SimpleUploadedFile(name, content.getvalue(), "image/jpeg")


def complaint_url(part: OrderPart) -> str:
    return f"/don-hang/{part.order_id}/goi/{part.number}/phan-anh/"


def complaint_form(part: OrderPart, **fields):
    return {
        "idempotency_key": str(uuid.uuid4()),
        f"quantity-{get_first_line(part).pk}": "2",
        "message": "Hai quả dập.",
        "requested_remedy": "money",
        **fields,
    }


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_admin())
    return client


def test_buyer_files_complaint_with_photos(client: Client) -> None:
    part = delivered_part()
    assert "Hàng có vấn đề" in html_of(client.get(f"/don-hang/{part.order_id}/"))

    response = client.post(complaint_url(part), complaint_form(part, photos=[photo(), photo("hai.jpg")]))

    assert response.status_code == 302
    complaint = Complaint.objects.get()
    assert (complaint.text, complaint.requested_remedy, complaint.pictures.count()) == (
        "Hai quả dập.",
        "money",
        2,
    )
    page = html_of(client.get(f"/don-hang/{part.order_id}/"))
    assert "Khiếu nại đang được xem xét" in page
    assert "Rút khiếu nại" in page
    assert "Mong muốn: hoàn tiền" in page
    notice = page[page.index("Khiếu nại đang được xem xét") : page.index("Rút khiếu nại")]
    assert notice.count("Đã nhận ảnh, lát nữa sẽ hiện ở đây.") == 2
    for picture in complaint.pictures.all():
        render_picture(picture)
    page = html_of(client.get(f"/don-hang/{part.order_id}/"))
    assert (page.count('class="photo"'), "Đã nhận ảnh" in page) == (2, False)


def test_receipt_is_not_offered_to_be_taken_back_after_a_complaint(client: Client) -> None:
    part = make_order((make_variant(price=45_000, on_hand=20), 5)).parts.get()
    hand_over(pack(part))
    order_url = f"/don-hang/{part.order_id}/"
    client.post(f"{order_url}goi/1/nhan/")
    assert "Bấm nhầm? Lấy lại" in html_of(client.get(order_url))

    client.post(complaint_url(part), complaint_form(part))

    assert Complaint.objects.count() == 1
    assert "Bấm nhầm? Lấy lại" not in html_of(client.get(order_url))
    client.post(f"{order_url}phan-anh/{Complaint.objects.get().pk}/rut/")
    assert "Bấm nhầm? Lấy lại" in html_of(client.get(order_url))


def test_complaint_form_says_its_last_day_once_and_takes_numbers_and_photos(client: Client) -> None:
    part = delivered_part()
    line = get_first_line(part)

    page = html_of(client.get(complaint_url(part)))

    assert page.count("Hạn khiếu nại đến hết") == 1
    assert re.search(
        rf'<input\s+type="number"\s+name="quantity-{line.pk}"[^>]*value="0"\s+min="0"\s+max="5"', page
    )
    assert "Chụp hoặc chọn ảnh" in page


def test_buyer_chooses_the_remedy(client: Client) -> None:
    part = delivered_part()

    page = html_of(client.get(complaint_url(part)))
    before = all_rows()
    response = client.post(complaint_url(part), complaint_form(part, requested_remedy=""))

    assert re.findall(r'name="requested_remedy" value="(\w+)"( checked)?', page) == [
        ("money", ""),
        ("replacement", ""),
        ("either", ""),
    ]
    assert "Hãy chọn cách giải quyết." in html_of(response)
    assert all_rows() == before


def test_photo_metadata_is_removed(client: Client) -> None:
    part = delivered_part()
    exif = Image.Exif()
    exif[0x010F] = "Camera cua Hoa"

    client.post(complaint_url(part), complaint_form(part, photos=[photo(exif=exif)]))

    picture = Picture.objects.get()
    render_picture(picture)
    picture.refresh_from_db()
    files = [rendition[kind] for rendition in picture.renditions.values() for kind in ("webp", "jpeg")]
    for name in files:
        with picture.original.storage.open(name) as file:
            assert b"Camera" not in file.read()
    assert "anh" not in picture.original.name


@pytest.mark.parametrize("files", [[b"no photo"], [b"x"] * 5])
def test_invalid_or_too_many_photos_save_nothing(client: Client, files) -> None:
    part = delivered_part()
    before = all_rows()

    uploads = [SimpleUploadedFile(f"{n}.jpg", content) for n, content in enumerate(files)]
    response = client.post(complaint_url(part), complaint_form(part, photos=uploads))

    assert response.status_code == 200
    assert all_rows() == before


def test_decompression_bomb_is_rejected_and_saves_nothing(client: Client) -> None:
    part = delivered_part()
    content = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(content, "PNG")
    before = all_rows()

    response = client.post(
        complaint_url(part), complaint_form(part, photos=[SimpleUploadedFile("bom.png", content.getvalue())])
    )

    assert "quá nhiều điểm ảnh" in html_of(response)
    assert all_rows() == before


def test_complaint_without_quantity_shows_error(client: Client) -> None:
    part = delivered_part()

    response = client.post(
        complaint_url(part), complaint_form(part, **{f"quantity-{get_first_line(part).pk}": ""})
    )

    assert "Chọn món có vấn đề và nhập số lượng." in html_of(response)
    assert not Complaint.objects.exists()


def test_late_complaint_page_shows_phone_number_and_no_form(client: Client) -> None:
    part = delivered_part()
    Parcel.objects.update(delivered_at=timezone.now() - datetime.timedelta(days=9))

    page = html_of(client.get(complaint_url(part)))

    assert "Đã hết hạn khiếu nại trên trang này." in page
    assert f"tel:{part.cooperative.phone}" in page
    assert "<form" not in page.split("<main")[1].split("</main>")[0]


def test_order_after_the_complaint_period_leads_to_whom_to_call(client: Client) -> None:
    part = delivered_part()
    Parcel.objects.update(delivered_at=timezone.now() - datetime.timedelta(days=9))

    page = html_of(client.get(f"/don-hang/{part.order_id}/"))

    assert "Đã hết hạn báo hàng có vấn đề" in page
    assert re.findall(r'href="([^"]+)">\s*Gọi để được hỗ trợ', page) == [complaint_url(part)]


def test_page_of_an_open_complaint_leads_to_adding_to_it(client: Client) -> None:
    part = delivered_part()
    complaint = file_complaint(part)

    page = html_of(client.get(complaint_url(part)))

    assert "đang được xem xét" in page
    assert f'href="/don-hang/{part.order_id}/phan-anh/{complaint.pk}/bo-sung/"' in page
    assert "<form" not in page[page.index("<main") : page.index("</main>")]


def test_fully_refunded_part_cannot_be_complained_about(client: Client) -> None:
    part = delivered_part()
    page = f"/don-hang/{part.order_id}/"

    refund_first_line(part, 200_000)
    partly = html_of(client.get(page))
    refund_first_line(part, 25_000)
    wholly = html_of(client.get(page))

    assert complaint_url(part) in partly
    assert complaint_url(part) not in wholly
    assert "Hàng đã nhận của phần này đã được hoàn tiền hoặc đã gửi trả." in html_of(
        client.get(complaint_url(part))
    )
    before = all_rows()
    client.post(complaint_url(part), complaint_form(part))
    assert all_rows() == before


def test_buyer_adds_words_and_photos_to_an_open_complaint(client: Client) -> None:
    part = delivered_part(make_seller(email="htx@example.com"))
    complaint = file_complaint(part)
    address = f"/don-hang/{part.order_id}/phan-anh/{complaint.pk}/bo-sung/"
    assert f'href="{address}"' in html_of(client.get(f"/don-hang/{part.order_id}/"))
    form = {"idempotency_key": str(uuid.uuid4()), "message": "Cả quả thứ ba."}

    empty = html_of(client.post(address, form | {"message": " "}))
    for _repeat in range(2):
        page = html_of(client.post(address, form | {"photos": [photo()]}, follow=True))

    assert "Hãy viết vài chữ hoặc chọn ảnh." in empty
    assert "Đã bổ sung. Hợp tác xã xem được ngay." in page
    complaint.refresh_from_db()
    assert (complaint.text, complaint.pictures.count()) == ("Hai quả dập.\n\nCả quả thứ ba.", 1)
    assert Notification.objects.filter(key__startswith="complaint_added_to").count() == 1


def test_buyer_withdraws_complaint(client: Client) -> None:
    part = delivered_part()
    complaint = file_complaint(part)

    client.post(f"/don-hang/{part.order_id}/phan-anh/{complaint.pk}/rut/")

    complaint.refresh_from_db()
    assert complaint.state == ComplaintState.WITHDRAWN


def test_foreign_order_or_complaint_is_missing(client: Client) -> None:
    complaint, other = file_complaint(delivered_part()), delivered_part()

    addresses = [
        f"/don-hang/{unknown_uuid()}/goi/1/phan-anh/",
        f"/don-hang/{other.order_id}/goi/2/phan-anh/",
        f"/don-hang/{unknown_uuid()}/tai-khoan-nhan-tien/",
    ]
    assert {client.get(address).status_code for address in addresses} == {404}
    assert client.post(f"/don-hang/{other.order_id}/phan-anh/{complaint.pk}/rut/").status_code == 404


def test_buyer_enters_refund_bank_account(client: Client) -> None:
    order = make_paid_order()
    refund_first_line(deliver_order(order), 20_000)
    page = html_of(client.get(f"/don-hang/{order.pk}/"))
    assert "Hoàn 20.000\u00a0₫ vào tài khoản nào?" in page
    address = f"/don-hang/{order.pk}/tai-khoan-nhan-tien/"

    invalid = client.post(address, {"bank": "970436", "account": "12", "holder": "Hoa"})
    assert invalid.status_code == 200
    assert Payout.objects.get().bank_account == ""
    valid = {"bank": "970436", "account": "0099 887 766", "holder": "Nguyễn Thị Hoa"}
    assert client.post(address, valid).status_code == 302

    payout = Payout.objects.get()
    assert (payout.bank_bin, payout.bank_account, payout.bank_holder) == (
        "970436",
        "0099887766",
        "NGUYEN THI HOA",
    )
    page = html_of(client.get(f"/don-hang/{order.pk}/"))
    assert "bốn số cuối 7766" in page
    assert "0099887766" not in page + html_of(client.get(address))


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_query_count_of_order_page_does_not_depend_on_refunds(client: Client) -> None:
    order_with_one_refund, order_with_many_refunds = make_paid_order(), make_paid_order()
    part_with_one_refund = deliver_order(order_with_one_refund, now=timezone.now())
    refund_first_line(part_with_one_refund, 1_000)
    file_complaint(part_with_one_refund, 1)
    part = deliver_order(order_with_many_refunds, now=timezone.now())
    for _time in range(4):
        refund_first_line(part, 1_000)
    file_complaint(part, 1)
    queries(client, f"/don-hang/{order_with_one_refund.pk}/")

    assert queries(client, f"/don-hang/{order_with_one_refund.pk}/") == queries(
        client, f"/don-hang/{order_with_many_refunds.pk}/"
    )


def test_members_see_only_complaints_of_their_cooperative(client: Client) -> None:
    seller = make_seller("HTX Thiên An")
    own_complaint, foreign = (
        file_complaint(delivered_part(seller)),
        file_complaint(delivered_part(make_seller("HTX Yến Dương"))),
    )
    client.force_login(make_member(seller))

    page = html_of(client.get("/xa-vien/phan-anh/"))

    assert page.count(f"/xa-vien/phan-anh/{own_complaint.pk}/") == 1
    assert str(foreign.pk) not in page
    assert client.get(f"/xa-vien/phan-anh/{own_complaint.pk}/").status_code == 200
    assert client.get(f"/xa-vien/phan-anh/{foreign.pk}/").status_code == 404
    assert client.post(f"/xa-vien/phan-anh/{foreign.pk}/dong-y/").status_code == 404
    assert str(own_complaint.pk) in html_of(client.get("/xa-vien/"))


def test_manager_accepts_complaint_with_refund_and_replacement(client: Client) -> None:
    seller = make_seller("HTX Thiên An")
    part = delivered_part(seller)
    complaint, line = file_complaint(part), get_first_line(part)
    client.force_login(make_member(seller))
    address = f"/xa-vien/phan-anh/{complaint.pk}/dong-y/"
    answer = {
        "idempotency_key": str(uuid.uuid4()),
        f"amount-{line.pk}": "45.000",
        f"resent-{line.pk}": "1",
        "bearer": "platform",
        "answer": "Xin lỗi chị",
    }
    before = all_rows()

    review = client.post(address, answer)
    edited = client.post(address, answer | {"edit": "1"})

    assert all_rows() == before
    assert review.context["review"].route == RefundRoute(card=0, bank=45_000, deduction=0)
    assert "Chợ chuyển khoản 45.000\u00a0₫ cho khách." in html_of(review)
    assert "HTX Thiên An chịu khoản này" in html_of(review)
    assert "Gửi lại: 1 " in html_of(review)
    assert set(review.context["fields"]) == set(answer.items())
    assert f'href="/xa-vien/phan-anh/{complaint.pk}/"' in html_of(review)
    assert "Xin lỗi chị</textarea>" in html_of(edited)
    client.post(address, dict(review.context["fields"]) | {"reviewed": "1"})

    complaint.refresh_from_db()
    refund = Refund.objects.get()
    assert (complaint.state, complaint.answer) == ("accepted", "Xin lỗi chị")
    assert (refund.amount, refund.bearer) == (45_000, "cooperative")
    assert complaint.parcels.get().kind == "replacement"
    answered = html_of(client.get(f"/xa-vien/phan-anh/{complaint.pk}/"))
    assert "Hoàn tiền 45.000\u00a0₫." in answered
    assert "45.000\u00a0₫ đang chờ số tài khoản của khách." in answered
    assert client.get(f"/xa-vien/goi/{part.pk}/").status_code == 200
    assert client.get(f"/don-hang/{part.order_id}/").status_code == 200


def test_answer_without_remedy_is_refused_in_place(client: Client) -> None:
    seller = make_seller("HTX Thiên An")
    complaint = file_complaint(delivered_part(seller))
    client.force_login(make_member(seller))
    before = all_rows()

    response = client.post(
        f"/xa-vien/phan-anh/{complaint.pk}/dong-y/",
        {"idempotency_key": str(uuid.uuid4()), "answer": "Xin lỗi chị", "reviewed": "1"},
    )

    assert response.context["answer"].errors == {"__all__": [str(EmptyRemedy.default_message)]}
    assert "Xin lỗi chị</textarea>" in html_of(response)
    assert all_rows() == before


def test_manager_rejects_complaint_with_reason(client: Client) -> None:
    seller = make_seller("HTX Thiên An")
    complaint = file_complaint(delivered_part(seller))
    client.force_login(make_member(seller))
    address = f"/xa-vien/phan-anh/{complaint.pk}/tu-choi/"

    assert client.post(address, {"choice": ""}).status_code == 200
    client.post(address, {"choice": "other", "message": "Ảnh không rõ", "idempotency_key": str(uuid.uuid4())})

    complaint.refresh_from_db()
    assert (complaint.state, complaint.answer) == ("rejected", "Ảnh không rõ")


def test_packer_can_read_but_not_answer_complaint(client: Client) -> None:
    seller = make_seller("HTX Thiên An")
    complaint = file_complaint(delivered_part(seller))
    client.force_login(make_member(seller, Role.PACKER))

    page = client.get(f"/xa-vien/phan-anh/{complaint.pk}/")
    assert page.status_code == 200
    assert "dong-y" not in html_of(page)
    assert client.post(f"/xa-vien/phan-anh/{complaint.pk}/dong-y/").status_code == 403
    complaint.refresh_from_db()
    assert complaint.is_open


def test_packer_records_returned_items(client: Client) -> None:
    seller = make_seller("HTX Thiên An")
    part = delivered_part(seller)
    variant = get_first_line(part).variant
    parcel = refund_first_line(part, 45_000, returned=2, is_received=False).parcel
    client.force_login(make_member(seller, Role.PACKER))
    assert f"kien/{parcel.pk}/hang-ve/" in html_of(client.get(f"/xa-vien/goi/{part.pk}/"))

    client.post(
        f"/xa-vien/kien/{parcel.pk}/hang-ve/",
        {
            f"return-{parcel.pk}-warehouse": str(get_stock(variant).warehouse_id),
            f"return-{parcel.pk}-damaged-{get_first_line(part).pk}": "1",
        },
    )

    parcel.refresh_from_db()
    assert (parcel.state, get_stock(variant).on_hand) == (ParcelState.DELIVERED, 16)


@pytest.mark.parametrize(
    ("bearer", "cost"),
    [
        ("cooperative", "HTX Thiên An chịu khoản này: chợ trừ vào kỳ quyết toán tới."),
        ("platform", "Chợ chịu khoản này."),
    ],
)
def test_staff_accept_a_complaint_after_a_review_of_its_cost(staff: Client, bearer: str, cost: str) -> None:
    complaint = file_complaint(delivered_part(make_seller("HTX Thiên An")))
    line = get_first_line(complaint.part)
    address = f"/quan-tri/phan-anh/{complaint.pk}/dong-y/"
    answer = {
        "idempotency_key": str(uuid.uuid4()),
        f"amount-{line.pk}": "45.000",
        "bearer": bearer,
        "answer": "Xin lỗi chị",
    }
    before = all_rows()

    review = staff.post(address, answer)
    edited = staff.post(address, answer | {"edit": "1"})

    assert all_rows() == before
    page = html_of(review)
    assert cost in page
    assert "Hoàn 45.000\u00a0₫ cho khách" in page
    assert "Xin lỗi chị" in page
    assert set(review.context["fields"]) == set(answer.items())
    assert "Xin lỗi chị</textarea>" in html_of(edited)
    sent = staff.post(address, dict(review.context["fields"]) | {"reviewed": "1"}, follow=True)
    complaint.refresh_from_db()
    refund = Refund.objects.get()
    assert (complaint.state, refund.amount, refund.bearer) == ("accepted", 45_000, bearer)
    payer = "chợ" if bearer == "platform" else "HTX Thiên An"
    page, money = html_of(sent), "45.000\u00a0₫"
    assert f"Đã chấp nhận khiếu nại, hoàn {money}, {payer} chịu. " in page
    assert f"<li>Hoàn tiền: {money}</li>" in page
    assert f"<li>Bên chịu: {CostBearer(bearer).label}</li>" in page


def test_staff_refund_by_line_after_preview(staff: Client) -> None:
    part = delivered_part()
    line = get_first_line(part)
    address = f"/quan-tri/don-hang/{part.order_id}/hoan-tien/?goi=1"
    form = {
        "idempotency_key": str(uuid.uuid4()),
        f"amount-{line.pk}": "20.000",
        "delivery": "5.000",
        "bearer": "platform",
        "reason": "Dập",
    }

    preview = staff.post(address, {**form, "preview": "1"})
    assert "Hoàn 25.000\u00a0₫" in html_of(preview)
    changed = staff.post(address, {**form, "confirmed": "20000"})
    assert "Hoàn 25.000\u00a0₫" in html_of(changed)
    assert not Refund.objects.exists()
    form["confirmed"] = "25000"
    for _time in range(2):
        assert staff.post(address, form).status_code == 302

    refund = Refund.objects.get()
    assert (refund.amount, refund.delivery_amount, refund.bearer, refund.reason) == (
        25_000,
        5_000,
        "platform",
        "Dập",
    )


def test_staff_refund_whole_items_of_the_part_that_opens_first(staff: Client) -> None:
    part = delivered_part()
    lines = list(part.lines.order_by("position"))
    address = f"/quan-tri/don-hang/{part.order_id}/hoan-tien/"

    page = staff.get(address)
    empty = staff.post(
        f"{address}?goi=1",
        {"idempotency_key": uuid.uuid4(), "bearer": "platform", "reason": "x", "preview": "1"},
    )
    fields = {f"full-{line.pk}": "on" for line in lines}
    staff.post(
        f"{address}?goi=1",
        {"idempotency_key": uuid.uuid4(), "bearer": "platform", "reason": "Dập", **fields, "confirmed": "0"},
    )
    unconfirmed = Refund.objects.count()
    staff.post(
        f"{address}?goi=1", {"idempotency_key": uuid.uuid4(), "bearer": "platform", "reason": "Dập", **fields}
    )

    assert (page.context["part"], 'action="?goi=1"' in html_of(page)) == (part, True)
    assert (empty.status_code, unconfirmed) == (422, 0)
    assert Refund.objects.get().amount == sum(line.total_gross for line in lines)


def test_payout_message_addresses_staff_and_buyer_differently(staff: Client) -> None:
    part = deliver_order(make_paid_order())
    refund_first_line(part, 20_000)

    desk = html_of(staff.get(f"/en/quan-tri/don-hang/{part.order_id}/"))
    buyer = html_of(staff.get(f"/en/don-hang/{part.order_id}/"))

    assert "20,000\xa0₫ is waiting for the buyer&#x27;s account number." in desk
    assert "your account" not in desk
    assert "20,000\xa0₫ is waiting for your account number." in buyer


def test_cooperative_reads_about_a_payout_without_the_buyers_account(client: Client) -> None:
    seller = make_seller("HTX Thiên An")
    complaint = file_complaint(delivered_part(seller))
    client.force_login(make_member(seller))
    address = f"/xa-vien/phan-anh/{complaint.pk}/"
    answer = {
        "idempotency_key": str(uuid.uuid4()),
        f"amount-{get_first_line(complaint.part).pk}": "45.000",
        "bearer": "cooperative",
        "reviewed": "1",
    }
    client.post(f"{address}dong-y/", answer)
    Payout.objects.update(bank_bin="970436", bank_account="0099887755", bank_holder="NGUYEN VAN A")

    pages = [html_of(client.get(address))]
    Payout.objects.update(state="paid", reference="FT1", paid_at=NOW)
    pages.append(html_of(client.get(address)))

    assert "Chợ sẽ chuyển 45.000\u00a0₫ cho khách." in pages[0]
    assert "Chợ đã chuyển tiền ngày 24/11/2026." in pages[1]
    assert all("7755" not in page for page in pages)


def test_refund_form_shows_refundable_delivery_amount(staff: Client) -> None:
    part = deliver_order(make_paid_order())
    refund_first_line(part, 0, delivery=12_000)

    page = html_of(staff.get(f"/en/quan-tri/don-hang/{part.order_id}/hoan-tien/?goi=1"))

    assert '<p class="hint" id="id_delivery_helptext">You can refund at most 18,000\xa0₫.</p>' in page


def test_refund_link_is_shown_until_part_is_fully_refunded(staff: Client) -> None:
    part = deliver_order(make_paid_order())
    address, link = f"/quan-tri/don-hang/{part.order_id}/", "hoan-tien/?goi=1"

    refund_first_line(part, 90_000)
    page_with_delivery_left = html_of(staff.get(address))
    refund_first_line(part, 0, delivery=30_000)
    page_with_nothing_left = html_of(staff.get(address))

    assert link in page_with_delivery_left
    assert link not in page_with_nothing_left


@pytest.mark.parametrize("amount", ["225.001", "x", "-1"])
def test_invalid_refund_amount_is_rejected(staff: Client, amount: str) -> None:
    part = delivered_part()
    response = staff.post(
        f"/quan-tri/don-hang/{part.order_id}/hoan-tien/?goi=1",
        {
            "idempotency_key": str(uuid.uuid4()),
            f"amount-{get_first_line(part).pk}": amount,
            "bearer": "platform",
            "reason": "x",
        },
    )

    assert response.status_code == 422
    assert not Refund.objects.exists()


def test_staff_accept_rejected_complaint(staff: Client) -> None:
    part = delivered_part()
    complaint, line = file_complaint(part), get_first_line(part)
    page = f"/quan-tri/phan-anh/{complaint.pk}/"
    staff.post(
        f"{page}tu-choi/", {"reason": "Không đủ ảnh", "idempotency_key": str(uuid.uuid4()), "reviewed": "1"}
    )
    complaint.refresh_from_db()
    assert complaint.state == ComplaintState.REJECTED
    assert staff.get("/quan-tri/phan-anh/?o=rejected").status_code == 200

    staff.post(
        f"{page}dong-y/",
        {
            "idempotency_key": str(uuid.uuid4()),
            f"amount-{line.pk}": "1.000",
            "bearer": "platform",
            "reviewed": "1",
        },
    )

    complaint.refresh_from_db()
    assert (complaint.state, Refund.objects.get().bearer) == (ComplaintState.ACCEPTED, "platform")
    assert staff.get(page).status_code == 200
    assert staff.get(f"/quan-tri/don-hang/{part.order_id}/").status_code == 200


def test_staff_pay_failed_refund_by_bank_transfer(staff: Client) -> None:
    order = make_paid_order()
    refund = refund_first_line(deliver_order(order), 20_000)
    Payout.objects.all().delete()
    payment = order.payments.get()
    record_payment_event(
        payment, EventKind.REFUND_FAILURE, 20_000, idempotency_key="no", refund=refund, **ACTOR_AND_NOW
    )
    assert order.code in html_of(staff.get("/quan-tri/"))
    page = html_of(staff.get(f"/quan-tri/don-hang/{order.pk}/"))
    assert "Hoàn tiền bằng chuyển khoản" in page

    staff.post(
        f"/quan-tri/don-hang/{order.pk}/hoan-tien/{refund.pk}/chuyen-khoan/",
        {"idempotency_key": str(uuid.uuid4())},
    )
    account = {"bank": "970436", "account": "0099887766", "holder": "Nguyễn Thị Hoa"}
    staff.post(f"/quan-tri/don-hang/{order.pk}/tai-khoan-nhan-tien/", account)

    payout = Payout.objects.get()
    assert (payout.amount, payout.bank_account) == (20_000, "0099887766")


def test_staff_void_return_that_buyer_keeps(staff: Client) -> None:
    part = delivered_part()
    parcel = refund_first_line(part, 45_000, returned=2, is_received=False).parcel
    address = f"/quan-tri/don-hang/{part.order_id}/kien/{parcel.pk}/hang-ve/"
    assert staff.get(address).status_code == 200

    staff.post(address, {"kept": "1", "reason": "Người mua giữ lại"})

    parcel.refresh_from_db()
    assert parcel.state == ParcelState.VOIDED


def test_staff_pages_are_missing_for_members(client: Client) -> None:
    complaint = file_complaint(delivered_part())
    order = complaint.part.order_id
    client.force_login(make_member(complaint.part.cooperative))

    pages = ["phan-anh/", f"phan-anh/{complaint.pk}/", f"don-hang/{order}/hoan-tien/"]
    assert {client.get(f"/quan-tri/{page}").status_code for page in pages} == {404}


@pytest.mark.parametrize("address", ["/xa-vien/phan-anh/", "/quan-tri/phan-anh/"])
def test_query_count_of_complaint_lists_does_not_depend_on_length(client: Client, address: str) -> None:
    seller = make_seller("HTX Thiên An")
    client.force_login(make_admin() if "quan-tri" in address else make_member(seller))
    file_complaint(delivered_part(seller))
    client.get(address)
    first = queries(client, address)

    for _time in range(2):
        file_complaint(delivered_part(seller))

    assert queries(client, address) == first


def test_payer_account_is_suggested_and_accepted_with_one_button(client: Client) -> None:
    payer = Payer("970415", "8888888888", "NGUYEN VAN A")
    order = make_transfer_order()
    receive_transfer(order.code, order.current_total_gross, payer=payer)
    refund_first_line(deliver_order(Order.objects.get(pk=order.pk)), 20_000)
    address = f"/don-hang/{order.pk}/tai-khoan-nhan-tien/"
    page = html_of(client.get(address))
    assert "8888" in page
    assert "8888888888" not in page

    client.post(address, {"same": "1", "idempotency_key": str(uuid.uuid4())})

    payout = Payout.objects.get()
    assert (payout.bank_bin, payout.bank_account) == ("970415", "8888888888")
    assert payout.bank_holder == "NGUYEN VAN A"


def test_one_button_sets_no_account_when_payer_is_unknown(client: Client) -> None:
    order = make_paid_order()
    refund_first_line(deliver_order(order), 20_000)

    client.post(f"/don-hang/{order.pk}/tai-khoan-nhan-tien/", {"same": "1"})

    assert Payout.objects.get().bank_account == ""
