"""A cooperative's customers: one per phone number, found without accents, deleted without a trace."""

from __future__ import annotations

import datetime
import json

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from orders.actions.customers.customer_records import (
    BirthdayInFuture,
    CustomerDetails,
    CustomerExists,
    CustomerNameRequired,
    CustomerPhoneRequired,
    InvalidCreditTerms,
    change_customer,
    create_customer,
    delete_customer,
)
from orders.actions.privacy.anonymise import anonymise_guest, anonymise_person
from orders.actions.privacy.personal_data import read_personal_data_of_guest, read_personal_data_of_user
from orders.models import CooperativeCustomer, PriceTier
from shop.core.errors import Missing
from shop.core.identifiers.phones import InvalidPhone
from shop.core.models import Change, KeyReused
from tests.factories import NOW, make_cooperative, make_user
from tests.orders.customers.customer_factories import ACTOR, make_customer
from tests.refusals import assert_refused

pytestmark = [pytest.mark.django_db, pytest.mark.both]
LAN = CustomerDetails(name="Quán phở Bà Lan", phone="0987 654 321")


def names_matching(text: str) -> list[str]:
    return [row.name for row in CooperativeCustomer.objects.matching(text).in_order()]


def test_customer_is_stored_with_a_tidy_name_and_number() -> None:
    details = CustomerDetails(
        name="  Quán  phở Bà Lan ",
        phone="0987.654.321",
        group=" Quán ăn ",
        price_tier=PriceTier.WHOLESALE,
        birthday=datetime.date(1970, 5, 20),
        note=" Lấy hàng thứ Năm ",
    )

    create_customer(cooperative=make_cooperative(), details=details, actor=ACTOR, now=NOW)

    customer = CooperativeCustomer.objects.get()
    assert (customer.name, customer.phone, customer.group) == ("Quán phở Bà Lan", "+84987654321", "Quán ăn")
    assert (customer.price_tier, customer.birthday) == ("wholesale", datetime.date(1970, 5, 20))
    assert customer.note == "Lấy hàng thứ Năm"


def test_number_is_used_once_in_a_cooperative_and_again_in_another() -> None:
    cooperative = make_cooperative()
    lan = create_customer(cooperative=cooperative, details=LAN, actor=ACTOR, now=NOW)
    same_number = CustomerDetails(name="Chị Hương", phone="+84987654321")

    with assert_refused(CustomerExists, "customer_exists") as refused:
        create_customer(cooperative=cooperative, details=same_number, actor=ACTOR, now=NOW)
    create_customer(cooperative=make_cooperative("HTX khác"), details=same_number, actor=ACTOR, now=NOW)

    assert refused.value.details["customer_id"] == lan.pk
    assert "Quán phở Bà Lan" in str(refused.value.message)
    assert CooperativeCustomer.objects.filter(cooperative=cooperative).count() == 1
    assert CooperativeCustomer.objects.count() == 2


def test_database_refuses_a_second_customer_with_the_number() -> None:
    customer = make_customer()
    customer.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        customer.save(force_insert=True)


def test_repeated_key_makes_one_customer_and_belongs_to_one_cooperative() -> None:
    cooperative = make_cooperative()
    other = make_cooperative("HTX khác")
    common = {"details": LAN, "idempotency_key": "a", "actor": ACTOR, "now": NOW}

    first = create_customer(cooperative=cooperative, **common)
    again = create_customer(cooperative=cooperative, **common)

    assert again == first
    assert CooperativeCustomer.objects.count() == 1
    with assert_refused(KeyReused, "key_reused"):
        create_customer(cooperative=other, **common)


@pytest.mark.parametrize(
    ("values", "error", "code"),
    [
        ({"credit_limit": -1}, InvalidCreditTerms, "invalid_credit_terms"),
        ({"credit_limit": 1_000_000_001}, InvalidCreditTerms, "invalid_credit_terms"),
        ({"payment_days": 366}, InvalidCreditTerms, "invalid_credit_terms"),
        ({"name": "  "}, CustomerNameRequired, "customer_name_required"),
        ({"phone": " "}, CustomerPhoneRequired, "customer_phone_required"),
        ({"phone": "0987"}, InvalidPhone, "invalid_phone"),
        ({"birthday": NOW.date() + datetime.timedelta(days=2)}, BirthdayInFuture, "birthday_in_future"),
    ],
)
def test_invalid_details_are_refused(values, error, code) -> None:
    details = CustomerDetails(**{"name": "Bà Lan", "phone": "0987654321"} | values)
    cooperative = make_cooperative()

    with assert_refused(error, code):
        create_customer(cooperative=cooperative, details=details, actor=ACTOR, now=NOW)

    assert not CooperativeCustomer.objects.exists()


def test_change_log_names_the_changed_fields_but_not_their_values() -> None:
    cooperative = make_cooperative()
    lan = create_customer(cooperative=cooperative, details=LAN, actor=ACTOR, now=NOW)
    details = CustomerDetails(name="Bà Lan", phone="0987654321", note="Trả chậm")

    for _ in range(2):
        change_customer(cooperative=cooperative, customer_id=lan.pk, details=details, actor=ACTOR, now=NOW)

    assert names_matching("ba lan") == ["Bà Lan"]
    assert Change.objects.get(action="customer.changed").data == {"fields": ["name", "note"]}
    logged = json.dumps(list(Change.objects.values("reason", "data", "snapshot")))
    assert "Lan" not in logged
    assert "987654321" not in logged


def test_changed_number_must_be_free() -> None:
    cooperative = make_cooperative()
    lan = make_customer(cooperative=cooperative, phone="0987654321")
    huong = make_customer("Chị Hương", cooperative=cooperative, phone="0912345678")
    details = CustomerDetails(name="Chị Hương", phone=lan.phone)

    with assert_refused(CustomerExists, "customer_exists"):
        change_customer(cooperative=cooperative, customer_id=huong.pk, details=details, actor=ACTOR, now=NOW)

    huong.refresh_from_db()
    assert huong.phone == "+84912345678"


def test_customer_of_another_cooperative_is_missing() -> None:
    lan = make_customer()
    other = {"cooperative": make_cooperative("HTX khác"), "customer_id": lan.pk, "actor": ACTOR, "now": NOW}

    with assert_refused(Missing, "missing"):
        change_customer(details=LAN, **other)
    with assert_refused(Missing, "missing"):
        delete_customer(**other)

    assert CooperativeCustomer.objects.get().name == lan.name


def test_search_ignores_accents_and_finds_digits_of_the_number() -> None:
    make_customer("Quán phở Bà Lan", phone="0987654321", group="Quán ăn")
    make_customer("Trường mầm non Phủ Thông", phone="0912345678")
    make_customer("Đỗ Văn Ân", phone="02093870001")

    assert names_matching("pho lan") == ["Quán phở Bà Lan"]
    assert names_matching("quan an") == ["Quán phở Bà Lan"]
    assert names_matching("do an") == ["Đỗ Văn Ân"]
    assert names_matching("0987 654 321") == ["Quán phở Bà Lan"]
    assert names_matching("5678") == ["Trường mầm non Phủ Thông"]
    assert names_matching("0209") == ["Đỗ Văn Ân"]
    assert names_matching("") == ["Đỗ Văn Ân", "Quán phở Bà Lan", "Trường mầm non Phủ Thông"]
    assert names_matching("mon") == []


def test_deleted_customer_leaves_a_change_without_personal_data() -> None:
    lan = make_customer(phone="0987654321", note="Trả chậm")

    delete_customer(cooperative=lan.cooperative, customer_id=lan.pk, actor=ACTOR, now=NOW)

    deleted = Change.objects.get(action="customer.deleted")
    assert not CooperativeCustomer.objects.exists()
    assert (deleted.reason, deleted.data, deleted.snapshot) == ("", {}, None)


def test_anonymised_person_is_no_customer_of_any_cooperative() -> None:
    user = make_user(phone="+84987654321", phone_confirmed_at=NOW)
    make_customer(phone="0987654321")
    make_customer("Chị Lan", phone="0987654321", cooperative=make_cooperative("HTX khác"))
    make_customer("Chị Hương", phone="0912345678")

    anonymise_person(user_id=user.pk, actor=ACTOR, now=NOW)

    assert [row.name for row in CooperativeCustomer.objects.all()] == ["Chị Hương"]


def test_account_with_an_unconfirmed_number_deletes_and_reads_nobody() -> None:
    user = make_user(phone="+84987654321")
    make_customer(phone="0987654321")

    assert read_personal_data_of_user(user.pk)["customer_of"] == []
    anonymise_person(user_id=user.pk, actor=ACTOR, now=NOW)

    assert CooperativeCustomer.objects.count() == 1


def test_guest_gets_and_deletes_what_cooperatives_keep_about_their_number() -> None:
    lan = make_customer(phone="0987654321", note="Trả chậm")
    make_customer("Chị Hương", phone="0912345678")

    rows = read_personal_data_of_guest("+84987654321")["customer_of"]
    with transaction.atomic():
        anonymise_guest(contact="+84987654321", actor=ACTOR, now=NOW)

    assert [(row["cooperative__name"], row["name"], row["note"]) for row in rows] == [
        (lan.cooperative.name, "Quán phở Bà Lan", "Trả chậm")
    ]
    assert [row.name for row in CooperativeCustomer.objects.all()] == ["Chị Hương"]


def test_person_with_a_confirmed_number_reads_what_cooperatives_keep() -> None:
    user = make_user(phone="+84987654321", phone_confirmed_at=NOW)
    make_customer(phone="0987654321")

    with CaptureQueriesContext(connection) as one:
        rows = read_personal_data_of_user(user.pk)["customer_of"]
    make_customer("Chị Lan", phone="0987654321", cooperative=make_cooperative("HTX khác"))
    with CaptureQueriesContext(connection) as two:
        both = read_personal_data_of_user(user.pk)["customer_of"]

    assert [row["name"] for row in rows] == ["Quán phở Bà Lan"]
    assert [row["name"] for row in both] == ["Quán phở Bà Lan", "Chị Lan"]
    assert len(two) == len(one)
