"""Personal data requests: export, delayed deletion, withdrawal; by users, by guests and at the desk."""

from __future__ import annotations

import datetime
import gzip
import io
import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from cooperatives.actions import phone_pins
from cooperatives.models import Follow, Role
from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.privacy.anonymise import UndeliveredOrders, UnsettledOrders, anonymise_person
from orders.actions.privacy.data_export import (
    build_workbook,
    compressed_json,
    make_export,
    make_exports_task,
)
from orders.actions.privacy.data_requests import (
    DeletionAlreadyRequested,
    StaffAccountNotDeletable,
    fulfil_data_request,
    request_deletion,
    run_due_deletions_task,
)
from orders.actions.privacy.personal_data import read_personal_data_of_user
from orders.models import (
    BankTransfer,
    DeliveryRun,
    HandoverCode,
    HandoverMethod,
    HandoverRecord,
    HandoverStep,
    Order,
    Payout,
    Refund,
)
from shop.accounts.models import (
    AuthenticatorApp,
    Consent,
    ConsentPurpose,
    DataExport,
    DataRequest,
    Passkey,
    RecoveryCode,
    RequestKind,
    TokenFamily,
    User,
)
from shop.accounts.personal.consents import CONSENT_TEXT_VERSION
from shop.accounts.personal.data_requests import LAWFUL_DAYS, DeadlineExceedsLaw, change_data_deadlines
from shop.accounts.sign_in.token_families import start_family
from shop.accounts.staff.permissions import Permission
from shop.accounts.states import REQUEST_TRANSITIONS, RequestState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change, ShopSettings
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    fixed_now,
    make_member,
    make_order,
    make_seller,
    make_staff,
    make_user,
    make_variant,
)
from tests.markup import html_of
from tests.orders.bank_transfers.transfer_helpers import receive_transfer
from tests.orders.refunds.refund_helpers import make_paid_order, refund_first_line
from tests.phone_factories import give_pin, register_phone
from tests.shop.accounts.factors import age_session, give_app, give_recovery_codes
from tests.shop.accounts.sent_codes import altered_code, last_code
from tests.shop.members.part_factories import closed_parcel
from tests.shop.members.test_bulk_packing import accepted_order
from tests.state_tables import unreachable_states

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")
DATA = "/en/tai-khoan/du-lieu/"
DESK = "/en/quan-tri/du-lieu-ca-nhan/"
PHONE = "+84987654321"


def signed_in_client(user: User) -> Client:
    """Return a client that has just signed in as the user."""
    client = Client()
    client.post("/en/tai-khoan/dang-nhap/", {"name": user.email, "password": "quyt-bach-thong-2026"})
    return client


def ended_order(**fields):
    order = make_order(**fields)
    cancel_order(order_id=order.pk, reason="thử", actor=SYSTEM, now=NOW)
    return order


def make_exports():
    for export in DataExport.objects.not_ready():
        make_export(request_id=export.request_id, now=fixed_now())


def test_export_holds_own_data_and_is_downloaded_only_by_its_owner() -> None:
    user = make_user(email="hoa@example.com", language="en", first_name="=Hoa")
    own_order, other = ended_order(user=user), ended_order(user=make_user(email="khac@example.com"))
    client, stranger = signed_in_client(user), signed_in_client(make_user())

    client.post(f"{DATA}ban-sao/")
    assert "We are preparing your copy." in html_of(client.get(DATA))
    make_exports()

    export = DataExport.objects.get()
    file = f"{DATA}ban-sao/{export.pk}/"
    response = client.get(f"{file}json/")
    exported = json.loads(response.content)
    assert response.headers["Content-Disposition"].endswith('.json"')
    assert [order["code"] for order in exported["orders"]] == [own_order.code]
    assert exported["orders"][0]["shipping_address__city"] == "Phường Nghĩa Đô"
    assert exported["account"][0]["email"] == "hoa@example.com"
    assert [line["order__code"] for line in exported["order_lines"]] == [own_order.code]
    assert [consent["purpose"] for consent in exported["consents"]] == ["order"]
    assert other.code not in html_of(response)
    sheets = load_workbook(io.BytesIO(client.get(f"{file}xlsx/").content))
    assert sheets["orders"]["A2"].value == own_order.code
    assert sheets["account"]["A2"].value == "=Hoa"
    assert sheets["account"]["A2"].data_type == "s"
    row = DataRequest.objects.get()
    assert (row.kind, row.state, row.answered_by) == ("access", "done", "")
    for path in (f"{file}json/", f"{file}xlsx/", file):
        assert stranger.get(path).status_code == Client().get(path).status_code == 404
    assert client.get(f"{file}exe/").status_code == 404


def test_sweep_makes_lost_export_and_deletes_expired_one() -> None:
    user = make_user()
    client = signed_in_client(user)
    client.post(f"{DATA}ban-sao/")

    make_exports_task()
    export = DataExport.objects.get()
    DataExport.objects.update(expires_at=fixed_now())

    assert export.ready_at is not None
    assert client.get(f"{DATA}ban-sao/{export.pk}/json/").status_code == 404
    make_exports_task()
    assert not DataExport.objects.exists()


def test_old_session_can_neither_export_nor_delete(client: Client) -> None:
    client.force_login(make_user())
    age_session(client)

    for response in (client.post(f"{DATA}ban-sao/"), client.post(f"{DATA}xoa/", {"sure": "1"})):
        assert "Verify your identity" in html_of(response)
    assert not DataRequest.objects.exists()


def test_export_names_bank_accounts_until_owner_is_anonymised() -> None:
    user = make_user()
    order = make_paid_order(user=user)
    refund_first_line(order.parts.get(), 10_000)
    surplus_transfer = receive_transfer(order.code, 5_000)  # a second transfer, returned to its payer
    BankTransfer.objects.update(payer_bin="970436", payer_account="0099887766", payer_holder="NGUYEN THI HOA")
    Payout.objects.create(transfer=surplus_transfer, amount=5_000, currency="VND", created_at=NOW)
    account = {"bank_bin": "970436", "bank_account": "0099887766", "bank_holder": "NGUYEN THI HOA"}
    Payout.objects.update(**account, state="paid", paid_at=NOW)

    exported = read_personal_data_of_user(user.pk)

    assert sorted(transfer["amount"] for transfer in exported["transfers"]) == [5_000, order.total_gross]
    assert {transfer["payer_account"] for transfer in exported["transfers"]} == {"0099887766"}
    assert sorted(row["amount"] for row in exported["paid_back"]) == [5_000, 10_000]
    assert all(account.items() <= row.items() for row in exported["paid_back"])
    Order.objects.filter(pk=order.pk).update(status="delivered", current_total_gross=0, charged=0)
    Refund.objects.update(repayment=0)
    anonymise_person(user_id=user.pk, actor=SYSTEM, now=NOW)
    for rows in (BankTransfer.objects.values_list("payer_holder"), Payout.objects.values_list("bank_holder")):
        assert set(rows) == {("",)}


def test_export_lists_shared_phones_handovers_and_runs_that_name_the_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(phone_pins, "ITERATIONS", 1000)
    seller, buyer = make_seller(), make_user()
    member = make_member(seller, Role.PACKER, first_name="Lò Thị Hoa")
    give_pin(register_phone(seller)[0], member)
    parcel = closed_parcel(accepted_order((make_variant(seller, on_hand=10), 1)))
    order = parcel.part.order
    Order.objects.filter(pk=order.pk).update(user=buyer)
    for step, receiver in ((HandoverStep.TO_DRIVER, "Giàng A Tú"), (HandoverStep.TO_BUYER, "Bàn Thị Mai")):
        facts = {"parcel": parcel, "step": step, "giver_name": member.name}
        later = NOW + datetime.timedelta(hours=1)
        code = HandoverCode.objects.create(**facts, created_at=NOW, expires_at=later, closed_at=NOW)
        received = {"receiver_name": receiver, "place": "Chợ Bắc Hà", "happened_at": NOW}
        HandoverRecord.objects.create(**facts, **received, code=code, method=HandoverMethod.DIGITS)
    DeliveryRun.objects.create(cooperative=seller, name="Bắc Hà", driver_name=member.name, created_at=NOW)

    of_member, of_buyer = read_personal_data_of_user(member.pk), read_personal_data_of_user(buyer.pk)

    phone = {"phone__name": "Máy ở bàn đóng hàng", "set_at": NOW, "ended_at": None}
    assert of_member["shared_phones"] == [phone]
    assert [row["step"] for row in of_member["handed_over"]] == ["to_driver", "to_buyer"]
    assert (of_member["received"], len(of_member["driven"])) == ([], 1)
    assert of_buyer["parcels_received"] == [
        {
            "receiver_name": "Bàn Thị Mai",
            "parcel__part__order__code": order.code,
            "step": "to_buyer",
            "place": "Chợ Bắc Hà",
            "happened_at": NOW,
        }
    ]
    assert (of_buyer["handed_over"], of_buyer["shared_phones"]) == ([], [])


def test_number_of_queries_of_export_does_not_depend_on_number_of_orders() -> None:
    user = make_user()
    counts = []
    for _more in range(2):
        ended_order(user=user)
        with CaptureQueriesContext(connection) as queries:
            read_personal_data_of_user(user.pk)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_deletion_waits_can_be_withdrawn_and_runs_when_due() -> None:
    user = make_user(email="hoa@example.com", language="en", phone=PHONE)
    order = ended_order(user=user)
    client = signed_in_client(user)
    assert client.post(f"{DATA}xoa/").status_code == 422
    client.post(f"{DATA}xoa/", {"sure": "1"})
    first = DataRequest.objects.get()
    client.post(f"{DATA}yeu-cau/{first.pk}/rut/")
    run_due_deletions_task()
    assert User.objects.get(pk=user.pk).erased_at is None

    client.post(f"{DATA}xoa/", {"sure": "1"})
    row = DataRequest.objects.get(state="open")
    assert (row.deletion_due_at - row.created_at, row.due_at - row.created_at) > (
        datetime.timedelta(days=6),
    ) * 2
    run_due_deletions_task()
    assert User.objects.get(pk=user.pk).erased_at is None
    DataRequest.objects.update(deletion_due_at=fixed_now() - datetime.timedelta(hours=1))
    run_due_deletions_task()

    deleted_user = User.objects.get(pk=user.pk)
    row.refresh_from_db()
    assert deleted_user.email is None
    assert deleted_user.phone is None
    assert deleted_user.erased_at is not None
    assert (row.state, row.contact, row.name) == ("done", "", "")
    assert Order.objects.get(pk=order.pk).buyer_name == ""
    assert client.get(DATA).status_code == 302
    assert [
        notification.subject for notification in Notification.objects.filter(recipient="hoa@example.com")
    ] == ["Your data has been deleted"]


def test_open_orders_prevent_deletion_and_are_named() -> None:
    user = make_user(email="hoa@example.com")
    order = make_order(user=user)
    client = signed_in_client(user)

    with pytest.raises(UndeliveredOrders):
        request_deletion(user_id=user.pk, actor=SYSTEM, now=NOW)
    page = html_of(client.get(f"{DATA}xoa/"))
    client.post(f"{DATA}xoa/", {"sure": "1"})
    Order.objects.filter(pk=order.pk).update(status="delivered", current_total_gross=5, charged=0)
    with pytest.raises(UnsettledOrders) as refused:
        request_deletion(user_id=user.pk, actor=SYSTEM, now=NOW)

    assert order.code in page
    assert "Not possible yet" in page
    assert refused.value.details["codes"] == [order.code]
    assert not DataRequest.objects.exists()


def test_staff_account_and_repeated_request_are_refused() -> None:
    user, staff = make_user(), make_user(is_staff=True)
    request_deletion(user_id=user.pk, actor=SYSTEM, now=NOW)

    with pytest.raises(DeletionAlreadyRequested):
        request_deletion(user_id=user.pk, actor=SYSTEM, now=NOW)
    with pytest.raises(StaffAccountNotDeletable):
        request_deletion(user_id=staff.pk, actor=SYSTEM, now=NOW)
    assert DataRequest.objects.count() == 1


def test_last_manager_cannot_request_deletion() -> None:
    seller = make_seller()
    manager = make_member(seller)

    with pytest.raises(Exception, match="last_manager"):
        request_deletion(user_id=manager.pk, actor=SYSTEM, now=NOW)
    make_member(seller)

    assert request_deletion(user_id=manager.pk, actor=SYSTEM, now=NOW).state == "open"


def test_blocked_deletion_gives_reason_and_stays_open() -> None:
    user = make_user(language="en")
    row = request_deletion(user_id=user.pk, actor=SYSTEM, now=NOW)
    make_order(user=user)
    DataRequest.objects.update(deletion_due_at=fixed_now() - datetime.timedelta(hours=1))

    run_due_deletions_task()
    run_due_deletions_task()

    row.refresh_from_db()
    assert row.state == "open"
    assert row.deletion_due_at > fixed_now()
    assert row.obstacle.startswith("Some of your orders have not arrived yet")
    assert User.objects.get(pk=user.pk).erased_at is None
    assert Notification.objects.filter(subject="Your data cannot be deleted yet").count() == 1


def test_guest_requests_export_by_code_and_gets_link(client: Client) -> None:
    order = ended_order()
    form = {"kind": "access", "contact": "0987 654 321", "name": "Hoa", "message": ""}
    client.post(f"{DATA}yeu-cau/", form)
    client.post(f"{DATA}yeu-cau/ma/", {"code": altered_code(last_code(PHONE))})
    assert not DataRequest.objects.exists()

    client.post(f"{DATA}yeu-cau/ma/", {"code": last_code(PHONE)})
    make_exports()

    row = DataRequest.objects.get()
    assert (row.user, row.contact, row.contact_method, row.state) == (None, PHONE, "sms", "done")
    text = Notification.objects.filter(recipient=PHONE).order_by("-pk")[0].text
    path = text[text.index("/en/tai-khoan") :]
    assert Client().get(path).status_code == 200
    exported = json.loads(gzip.decompress(bytes(row.export.as_json)))
    assert [order["code"] for order in exported["orders"]] == [order.code]


def test_guest_deletion_anonymises_orders_of_the_phone_number(client: Client) -> None:
    order, other = ended_order(), ended_order()
    Order.objects.filter(pk=other.pk).update(phone="+84912345678")
    client.post(f"{DATA}yeu-cau/", {"kind": "deletion", "contact": "0987654321"})
    client.post(f"{DATA}yeu-cau/ma/", {"code": last_code(PHONE)})
    DataRequest.objects.update(deletion_due_at=fixed_now() - datetime.timedelta(hours=1))

    run_due_deletions_task()

    names = {order.pk: (order.buyer_name, order.phone) for order in Order.objects.all()}
    assert names[order.pk] == ("", "")
    assert names[other.pk][1] == "+84912345678"
    assert DataRequest.objects.get().state == "done"
    assert Change.objects.of_row(order).filter(action="order.anonymised").exists()


def test_invalid_requests_are_refused_and_send_nothing(client: Client) -> None:
    invalid_forms = [
        {"kind": "access", "contact": "113"},
        {"kind": "access", "contact": "a@b"},
        {"kind": "correction", "contact": "0987654321", "message": " "},
        {"kind": "all", "contact": "0987654321"},
        {},
    ]

    assert [client.post(f"{DATA}yeu-cau/", form).status_code for form in invalid_forms] == [200] * 5
    assert not Notification.objects.exists()


def test_consent_keeps_version_and_time_and_can_be_withdrawn(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    page = "/en/tai-khoan/dong-y/"
    Follow.objects.create(user=user, email=user.email, created_at=NOW, confirmed_at=NOW)

    client.post(f"{page}news/", {"agree": "1"})
    client.post(f"{page}news/", {"agree": "1"})
    row = Consent.objects.get()
    shown = html_of(client.get(page))
    client.post(f"{page}news/")
    client.post(f"{page}news/")

    assert (row.purpose, row.version, row.withdrawn_at) == ("news", CONSENT_TEXT_VERSION, None)
    assert not Follow.objects.exists()
    assert f"text version {CONSENT_TEXT_VERSION}" in shown
    row.refresh_from_db()
    assert row.withdrawn_at is not None
    assert DataRequest.objects.get().kind == RequestKind.WITHDRAWAL
    assert client.post(f"{page}order/").status_code == 404
    assert Consent.objects.filter(purpose=ConsentPurpose.NEWS).count() == 1


def test_desk_lists_due_requests_and_records_who_answered() -> None:
    clerk = make_staff(Permission.MANAGE_USERS, first_name="Ba")
    user = make_user(email="hoa@example.com")
    client, desk = signed_in_client(user), Client()
    desk.force_login(clerk)
    client.post(f"{DATA}yeu-cau/", {"kind": "correction", "message": "Sai tên."})
    row = DataRequest.objects.get()

    assert "Personal data requests" in html_of(desk.get("/en/quan-tri/"))
    assert "hoa@example.com" in html_of(desk.get(f"{DESK}{row.pk}/"))
    desk.post(f"{DESK}{row.pk}/tra-loi/", {"outcome": "done", "answer": " "})
    row.refresh_from_db()
    assert row.state == "open"
    desk.post(f"{DESK}{row.pk}/tra-loi/", {"outcome": "done", "answer": "Đã lưu thay đổi."})
    desk.post(f"{DESK}{row.pk}/tra-loi/", {"outcome": "refused", "answer": "Không."})

    row.refresh_from_db()
    assert (row.state, row.answer, row.answered_by) == ("done", "Đã lưu thay đổi.", "Ba")
    assert (
        "Đã lưu thay đổi." in Notification.objects.filter(recipient="hoa@example.com").order_by("-pk")[0].text
    )
    assert "Đã lưu thay đổi." in html_of(client.get(DATA))


def test_only_staff_managing_users_see_requests() -> None:
    row = request_deletion(user_id=make_user().pk, actor=SYSTEM, now=NOW)
    packer = Client()
    packer.force_login(make_staff(Permission.MANAGE_PRODUCTS))

    for path in (DESK, f"{DESK}{row.pk}/"):
        assert packer.get(path).status_code == 404
    assert packer.post(f"{DESK}{row.pk}/lam/").status_code == 404
    row.refresh_from_db()
    assert row.state == "open"


def test_desk_can_fulfil_deletion_before_it_is_due() -> None:
    user = make_user()
    row = request_deletion(user_id=user.pk, actor=SYSTEM, now=NOW)

    fulfil_data_request(request_id=row.pk, actor=SYSTEM, now=NOW)

    assert User.objects.get(pk=user.pk).erased_at is not None
    row.refresh_from_db()
    assert (row.state, row.answered_by) == ("done", "test")


def test_deadlines_changed_at_desk_apply_to_later_requests() -> None:
    desk = Client()
    desk.force_login(make_staff(Permission.MANAGE_USERS, Permission.MANAGE_SETTINGS))
    days = {
        "data_access_days": 5,
        "data_correction_days": 6,
        "data_withdrawal_days": 7,
        "data_deletion_days": 8,
        "deletion_wait_days": 3,
    }

    desk.post(f"{DESK}thoi-han/", days | {"deletion_wait_days": 8})
    for name, limit in LAWFUL_DAYS.items():
        assert desk.post(f"{DESK}thoi-han/", days | {name: limit + 1}).status_code == 422
        with pytest.raises(DeadlineExceedsLaw) as refused:
            change_data_deadlines(days=LAWFUL_DAYS | {name: limit + 1}, actor=SYSTEM, now=NOW)
        assert (refused.value.field, refused.value.details["days"]) == (name, limit)
        assert getattr(ShopSettings(), name) == limit
    assert not ShopSettings.objects.exists()
    assert desk.post(f"{DESK}thoi-han/", days | {"data_access_days": "x"}).status_code == 422
    desk.post(f"{DESK}thoi-han/", days)
    row = request_deletion(user_id=make_user().pk, actor=SYSTEM, now=NOW)

    assert row.deletion_due_at - NOW == datetime.timedelta(days=3)
    assert row.due_at.isoformat() == "2026-12-02T16:59:59+00:00"  # the end of the eighth day in Vietnam


def test_number_of_queries_of_request_list_does_not_depend_on_its_length(client: Client) -> None:
    client.force_login(make_staff(Permission.MANAGE_USERS))
    counts = []
    for _more in range(2):
        for _request in range(3):
            request_deletion(user_id=make_user().pk, actor=SYSTEM, now=NOW)
        client.get(DESK)
        with CaptureQueriesContext(connection) as queries:
            client.get(DESK)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_every_request_state_is_reachable() -> None:
    assert unreachable_states(REQUEST_TRANSITIONS, first=RequestState.OPEN) == set()
    assert set(REQUEST_TRANSITIONS) == {RequestState.OPEN}


def test_anonymising_closes_open_request() -> None:
    user = make_user()
    row = request_deletion(user_id=user.pk, actor=SYSTEM, now=NOW)

    anonymise_person(user_id=user.pk, actor=SYSTEM, now=NOW)

    row.refresh_from_db()
    assert (row.state, row.contact) == ("done", "")
    other = make_user()
    anonymise_person(user_id=other.pk, actor=SYSTEM, now=NOW)
    assert [data_request.state for data_request in DataRequest.objects.of_person(other.pk)] == ["done"]


def test_request_of_another_person_is_missing() -> None:
    row = request_deletion(user_id=make_user().pk, actor=SYSTEM, now=NOW)

    assert signed_in_client(make_user()).post(f"{DATA}yeu-cau/{row.pk}/rut/").status_code == 404
    with pytest.raises(Missing):
        fulfil_data_request(request_id=make_order((make_variant(), 1)).pk, actor=SYSTEM, now=NOW)
    row.refresh_from_db()
    assert row.state == "open"


def test_export_lists_second_factors_without_secrets_and_anonymising_deletes_them() -> None:
    user = give_app(make_user(email="hoa@example.com"))
    codes = give_recovery_codes(user)
    Passkey.objects.create(user=user, name="Khóa của Hoa", credential_id="abc", created_at=NOW)
    start_family(user_id=user.pk, ip_address="203.0.113.7", user_agent="Saleor", now=fixed_now())
    secrets = {
        AuthenticatorApp.objects.get().sealed_secret,
        TokenFamily.objects.get().current_token_id,
        *RecoveryCode.objects.values_list("digest", flat=True),
    }

    exported = read_personal_data_of_user(user.pk)
    build_workbook(exported)
    as_text = gzip.decompress(compressed_json(exported)).decode()
    anonymise_person(user_id=user.pk, actor=SYSTEM, now=NOW)

    assert exported["passkeys"] == [{"name": "Khóa của Hoa", "created_at": NOW, "last_used_at": None}]
    assert [set(row) for row in exported["authenticator_apps"]] == [{"created_at", "last_used_at"}]
    assert [row["used_at"] for row in exported["recovery_codes"]] == [None] * len(codes)
    assert [row["user_agent"] for row in exported["signed_in_over_api"]] == ["Saleor"]
    assert exported["account"][0]["second_factor_since"] is not None
    assert not [secret for secret in secrets if secret in as_text]
    for model in (AuthenticatorApp, Passkey, RecoveryCode, TokenFamily):
        assert not model._default_manager.exists(), model
    assert User.objects.get(pk=user.pk).second_factor_since is None
