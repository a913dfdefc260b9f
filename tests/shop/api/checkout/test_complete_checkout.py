"""Completing checkouts: charged, promised or authorised, once, and never on stale terms."""

from __future__ import annotations

import pytest

from catalog.models import Listing, Price, Stock
from catalog.states import ListingState
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.models import (
    Basket,
    EventKind,
    GatewayCall,
    GatewayOperation,
    LedgerEntry,
    Order,
    OrderSource,
    Payment,
    PaymentEvent,
    PaymentMethod,
)
from orders.states import OrderStatus
from shop.accounts.models import Address, Consent
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id, key_from_id
from shop.api.payment.gateways import COD, DUMMY, STRIPE, TRANSFER
from shop.core.actors import Actor
from tests.doubles.stripe import StripeDouble
from tests.factories import (
    NOW,
    get_stock,
    make_admin,
    make_bank_account,
    make_channel,
    make_seller,
    make_staff,
    make_user,
    make_variant,
    make_variant_sold_by_weight,
    make_voucher,
    unknown_uuid,
)
from tests.invariants import check_everything
from tests.orders.gateway.card_order_helpers import DECLINED_CARD, GOOD_CARD, stripe  # noqa: F401 (a fixture)
from tests.shop.api.checkout.operations import (
    ADD_PROMO_CODE,
    ADDRESS,
    CHECKOUT_BY_ID,
    CHECKOUT_PAYMENTS,
    COMPLETE_CHECKOUT,
    DELIVERY_OPTIONS,
    INITIALIZE_GATEWAYS,
    ORDER,
    PROCESS_TRANSACTION,
    SET_BILLING_ADDRESS,
    SET_DELIVERY_METHOD,
    SET_EMAIL,
    SET_SHIPPING_ADDRESS,
    complete_order,
    completion_error,
    mutate_checkout,
    payment_start_errors,
    prepare_checkout,
    start_checkout,
    start_payment,
)
from tests.shop.api.client import data_of
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def dummy_gateway(settings):
    settings.API_DUMMY_PAYMENT = True


def charge(checkout: str, event_type: str = "CHARGE_SUCCESS", token: str | None = None, **variables):
    """Pay with the dummy gateway as the storefront does."""
    event = {"event": {"type": event_type, "includePspReference": True}}
    return start_payment(checkout, DUMMY, token, data=event, **variables)


def read_order(order: str, token: str | None = None):
    return data_of(ORDER, token, id=order)["order"]


def test_guest_pays_by_dummy_gateway() -> None:
    thien_an, yen_duong = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    pillow, gourd = make_variant(thien_an, price=320_000), make_variant(yen_duong, name="Bí", price=30_000)
    checkout = prepare_checkout((pillow, 1), (gourd, 2))

    payment_payload = charge(checkout, amount=440_000)
    covered = data_of(CHECKOUT_PAYMENTS, id=checkout)["checkout"]
    (payload,) = data_of(COMPLETE_CHECKOUT, id=checkout).values()
    repeated_order_id = complete_order(checkout)

    order = Order.objects.get()
    assert payment_payload["transactionEvent"] == {"message": "", "type": "CHARGE_SUCCESS"}
    assert (payment_payload["transaction"]["actions"], payment_payload["data"]) == (["REFUND"], None)
    assert (covered["authorizeStatus"], covered["chargeStatus"]) == ("FULL", "FULL")
    assert covered["totalBalance"] == {"amount": 0}
    assert payload == {
        "order": {"id": global_id("Order", order.pk), "channel": {"slug": "viet-nam"}},
        "confirmationNeeded": False,
        "confirmationData": "{}",
        "errors": [],
    }
    assert repeated_order_id == payload["order"]["id"]
    assert read_order(repeated_order_id) == {
        "status": "UNFULFILLED",
        "isPaid": True,
        "paymentStatus": "FULLY_CHARGED",
        "authorizeStatus": "FULL",
        "chargeStatus": "FULL",
        "userEmail": "hoa@example.com",
        "origin": "CHECKOUT",
        "total": {"gross": {"currency": "VND", "amount": 440_000}},
        "shippingPrice": {"gross": {"amount": 60_000}},
        "totalBalance": {"amount": 0},
        "shippingAddress": {"streetAddress1": "Số 5, ngõ 12"},
        "billingAddress": {"streetAddress1": "Số 5, ngõ 12"},
        "deliveryMethod": {
            "__typename": "ShippingMethod",
            "name": "Giao tận nhà",
            "price": {"amount": 60_000},
        },
        "lines": [{"productName": "Gối thảo dược", "quantity": 1}, {"productName": "Bí", "quantity": 2}],
    }
    assert (order.source, order.parts.count(), Basket.objects.count()) == (OrderSource.API, 2, 0)
    assert (get_stock(pillow).allocated, get_stock(gourd).allocated) == (1, 2)
    assert Consent.objects.get().subject == f"order:{order.pk}"
    assert Address.objects.filter(street_address_1="Số 5, ngõ 12").count() == 2
    assert sum(LedgerEntry.objects.filter(account="bank").values_list("amount", flat=True)) == 440_000
    check_everything()


def test_signed_in_buyer_pays_by_stripe(stripe: StripeDouble) -> None:  # noqa: F811
    person = make_user()
    token = token_of(person)
    checkout = prepare_checkout((make_variant(price=90_000), 1), token=token)
    configs = data_of(INITIALIZE_GATEWAYS, token, id=checkout, requested=[{"id": STRIPE}, {"id": "nobody"}])

    payment_payload = start_payment(
        checkout, STRIPE, token, amount=120_000, data={"paymentIntent": {"paymentMethod": "card"}}
    )
    gateway_call = GatewayCall.objects.get()
    unpaid = completion_error(checkout, token)
    stripe.buyer_pays(gateway_call.reference, GOOD_CARD)
    processed = data_of(PROCESS_TRANSACTION, token, id=payment_payload["transaction"]["id"])[
        "transactionProcess"
    ]
    covered = data_of(CHECKOUT_PAYMENTS, token, id=checkout)["checkout"]
    order = complete_order(checkout, token)
    processed_again = data_of(PROCESS_TRANSACTION, token, id=payment_payload["transaction"]["id"])[
        "transactionProcess"
    ]

    assert configs["paymentGatewayInitialize"]["gatewayConfigs"] == [
        {"id": STRIPE, "data": {"stripePublishableKey": stripe.publishable_key}, "errors": []},
        {
            "id": "nobody",
            "data": None,
            "errors": [
                {"field": "id", "message": "Cổng thanh toán này không dùng được.", "code": "NOT_FOUND"}
            ],
        },
    ]
    assert payment_payload["transactionEvent"]["type"] == "AUTHORIZATION_ACTION_REQUIRED"
    assert payment_payload["data"]["paymentIntent"]["stripeClientSecret"].startswith(gateway_call.reference)
    assert unpaid == (None, "CHECKOUT_NOT_FULLY_PAID")
    assert processed["transactionEvent"]["type"] == "AUTHORIZATION_SUCCESS"
    assert processed["transaction"]["actions"] == ["CHARGE", "CANCEL"]
    assert (covered["authorizeStatus"], covered["chargeStatus"]) == ("FULL", "NONE")
    assert [gateway["id"] for gateway in covered["availablePaymentGateways"]] == [STRIPE, DUMMY, COD]
    # An authorised amount is captured as soon as the order exists.
    order_data = read_order(order, token)
    assert (order_data["status"], order_data["paymentStatus"], order_data["totalBalance"]) == (
        "UNFULFILLED",
        "FULLY_CHARGED",
        {"amount": 0},
    )
    assert processed_again["transactionEvent"]["type"] == "CHARGE_SUCCESS"
    payment = Payment.objects.get()
    assert (payment.order.user, payment.basket, payment.method) == (person, None, PaymentMethod.CARD)
    event_kinds = list(PaymentEvent.objects.order_by("pk").values_list("kind", "amount"))
    assert event_kinds == [
        (EventKind.AUTHORIZATION_ACTION_REQUIRED, 120_000),
        (EventKind.AUTHORIZATION_SUCCESS, 120_000),
        (EventKind.CHARGE_SUCCESS, 120_000),
    ]
    check_everything()


def test_second_card_pays_after_a_declined_one(stripe: StripeDouble) -> None:  # noqa: F811
    checkout = prepare_checkout((make_variant(price=90_000), 1))
    first = start_payment(checkout, STRIPE)
    stripe.buyer_pays(GatewayCall.objects.get().reference, DECLINED_CARD)
    declined = data_of(PROCESS_TRANSACTION, id=first["transaction"]["id"])["transactionProcess"]
    second = start_payment(checkout, STRIPE)
    stripe.buyer_pays(GatewayCall.objects.latest("created_at").reference, GOOD_CARD)
    data_of(PROCESS_TRANSACTION, id=second["transaction"]["id"])
    too_much = payment_start_errors(checkout, STRIPE, amount=1)
    order = complete_order(checkout)

    assert declined["transactionEvent"]["type"] == "AUTHORIZATION_ACTION_REQUIRED"
    assert too_much == [("amount", "INVALID")]
    assert read_order(order)["paymentStatus"] == "FULLY_CHARGED"
    operations = GatewayCall.objects.order_by("created_at", "operation").values_list("operation", "amount")
    assert sorted(operations) == [
        (GatewayOperation.CAPTURE, 120_000),
        (GatewayOperation.START_PAYMENT, 120_000),
        (GatewayOperation.START_PAYMENT, 120_000),
        (GatewayOperation.VOID, 0),
    ]


def test_order_sold_by_weight_is_only_authorised(stripe: StripeDouble) -> None:  # noqa: F811
    checkout = prepare_checkout((make_variant_sold_by_weight(), 1))
    started_payment = start_payment(checkout, STRIPE)
    stripe.buyer_pays(GatewayCall.objects.get().reference, GOOD_CARD)
    data_of(PROCESS_TRANSACTION, id=started_payment["transaction"]["id"])

    order_data = read_order(complete_order(checkout))

    assert (order_data["status"], order_data["authorizeStatus"], order_data["chargeStatus"]) == (
        "UNFULFILLED",
        "FULL",
        "NONE",
    )
    assert GatewayCall.objects.get().operation == GatewayOperation.START_PAYMENT


def test_cod_and_bank_transfer_gateways() -> None:
    make_bank_account()
    variant = make_variant(price=90_000)
    in_cash, by_bank = prepare_checkout((variant, 1)), prepare_checkout((variant, 1))

    cash, transfer = start_payment(in_cash, COD), start_payment(by_bank, TRANSFER)
    covered = data_of(CHECKOUT_PAYMENTS, id=in_cash)["checkout"]
    orders = [
        Order.objects.get(pk=key_from_id(complete_order(checkout), "Order"))
        for checkout in (in_cash, by_bank)
    ]

    assert [payload["transactionEvent"]["type"] for payload in (cash, transfer)] == ["CHARGE_REQUEST"] * 2
    assert (covered["authorizeStatus"], covered["chargeStatus"]) == ("FULL", "NONE")
    assert [(order.status, order.payments.get().method) for order in orders] == [
        (OrderStatus.PLACED, PaymentMethod.COD),
        (OrderStatus.UNCONFIRMED, PaymentMethod.TRANSFER),
    ]
    assert orders[1].payments.get().expires_at is not None
    check_everything()


def test_incomplete_checkout_is_refused_step_by_step() -> None:
    checkout = start_checkout((make_variant(price=90_000), 1))
    refusals = [completion_error(checkout)]
    mutate_checkout(SET_EMAIL, id=checkout, email="hoa@example.com")
    refusals.append(completion_error(checkout))
    relaxed_rules = {"checkRequiredFields": False, "checkFieldsFormat": False}
    mutate_checkout(SET_SHIPPING_ADDRESS, id=checkout, address=ADDRESS | {"city": ""}, rules=relaxed_rules)
    refusals.append(completion_error(checkout))
    checkout_without_email = start_checkout((make_variant(name="Trà"), 1))
    mutate_checkout(
        SET_SHIPPING_ADDRESS, id=checkout_without_email, address=ADDRESS | {"city": ""}, rules=relaxed_rules
    )
    refusals.append(completion_error(checkout_without_email))
    mutate_checkout(SET_SHIPPING_ADDRESS, id=checkout, address=ADDRESS)
    refusals.append(completion_error(checkout))
    mutate_checkout(
        SET_DELIVERY_METHOD,
        id=checkout,
        method=mutate_checkout(DELIVERY_OPTIONS, id=checkout)["deliveries"][0]["id"],
    )
    refusals.append(completion_error(checkout))
    mutate_checkout(SET_BILLING_ADDRESS, id=checkout, address=ADDRESS)
    refusals.append(completion_error(checkout))
    charge(checkout, amount=100_000)
    refusals.append(completion_error(checkout))

    assert refusals == [
        (None, "EMAIL_NOT_SET"),
        ("shippingMethod", "SHIPPING_METHOD_NOT_SET"),
        ("city", "REQUIRED"),
        (None, "EMAIL_NOT_SET"),
        ("shippingMethod", "SHIPPING_METHOD_NOT_SET"),
        ("billingAddress", "BILLING_ADDRESS_NOT_SET"),
        (None, "CHECKOUT_NOT_FULLY_PAID"),
        ("id", "CHECKOUT_NOT_FULLY_PAID"),
    ]
    assert (Order.objects.count(), Basket.objects.count()) == (0, 2)
    assert data_of(CHECKOUT_PAYMENTS, id=checkout)["checkout"]["authorizeStatus"] == "PARTIAL"


def test_stale_checkouts_are_refused() -> None:
    dearer, unavailable, sold_out, coded, stranded = (make_variant(price=90_000) for _each in range(5))
    voucher = make_voucher("CHAO10")
    checkouts = [
        prepare_checkout((variant, 1)) for variant in (dearer, unavailable, sold_out, coded, stranded)
    ]
    mutate_checkout(ADD_PROMO_CODE, id=checkouts[3], code="CHAO10")
    for checkout in checkouts:
        charge(checkout)

    Price.objects.filter(variant=dearer).update(amount=95_000)
    Listing.objects.filter(product=unavailable.product).update(state=ListingState.PAUSED)
    Stock.objects.filter(variant=sold_out).update(on_hand=0)
    voucher.codes.update(is_active=False)
    stranded.cooperative.delivery_methods.update(is_active=False)
    refusals = [completion_error(checkout) for checkout in checkouts]

    assert refusals == [
        ("id", "CHECKOUT_NOT_FULLY_PAID"),
        ("lines", "UNAVAILABLE_VARIANT_IN_CHANNEL"),
        (None, "INSUFFICIENT_STOCK"),
        ("promoCode", "VOUCHER_NOT_APPLICABLE"),
        ("shippingMethod", "INVALID_SHIPPING_METHOD"),
    ]
    assert (Order.objects.count(), Basket.objects.count()) == (0, 5)


def test_unpaid_order_is_placed_where_the_channel_allows_it() -> None:
    make_channel(allow_unpaid_orders=True)
    checkout = prepare_checkout((make_variant(price=90_000), 1))

    order_data = read_order(complete_order(checkout))

    assert {
        name: order_data[name] for name in ("status", "paymentStatus", "authorizeStatus", "chargeStatus")
    } == {
        "status": "UNCONFIRMED",
        "paymentStatus": "NOT_CHARGED",
        "authorizeStatus": "NONE",
        "chargeStatus": "NONE",
    }
    assert order_data["totalBalance"] == {"amount": -120_000}


def test_free_order_is_placed_without_payment() -> None:
    make_voucher("TANG", value=100)
    make_voucher("SHIP")
    seller = make_seller()
    seller.delivery_methods.get().rates.update(price=0)
    checkout = prepare_checkout((make_variant(seller, price=90_000), 1))
    mutate_checkout(ADD_PROMO_CODE, id=checkout, code="TANG")

    order_data = read_order(complete_order(checkout))

    assert (order_data["status"], order_data["total"]["gross"]["amount"]) == ("UNFULFILLED", 0)


def test_checkout_and_payment_of_another_user_are_not_found() -> None:
    owner, stranger = make_user(), make_user()
    token, stranger_token = token_of(owner), token_of(stranger)
    checkout = prepare_checkout((make_variant(price=90_000), 1), token=token)
    charge(checkout, token=token)
    (payment,) = Payment.objects.all()

    refusals = [completion_error(checkout, reader) for reader in (stranger_token, None)]
    payment_errors = payment_start_errors(checkout, DUMMY)
    unknown = data_of(PROCESS_TRANSACTION, id=global_id("TransactionItem", unknown_uuid()))[
        "transactionProcess"
    ]["errors"]
    order = complete_order(checkout, token)
    after = [completion_error(checkout, reader) for reader in (stranger_token,)]

    ask_one = "query($id: ID!) { transaction(id: $id) { chargedAmount { amount } events { type } } }"
    listed = "query($id: ID!) { order(id: $id) { transactions { id chargedAmount { amount } } } }"
    paid_id = global_id("TransactionItem", payment.pk)
    by_staff = data_of(ask_one, token_of(make_admin()), id=paid_id)["transaction"]
    assert refusals == [("id", "NOT_FOUND")] * 2
    assert payment_errors == [("id", "NOT_FOUND")]
    assert [(error["field"], error["code"]) for error in unknown] == [("id", "NOT_FOUND")]
    assert after == [("id", "NOT_FOUND")]
    assert by_staff == {"chargedAmount": {"amount": 120_000}, "events": [{"type": "CHARGE_SUCCESS"}]}
    assert data_of(listed, token, id=order)["order"]["transactions"] == [
        {"id": paid_id, "chargedAmount": {"amount": 120_000}}
    ]


def test_dummy_gateway_returns_the_requested_event_when_enabled(settings) -> None:
    variant = make_variant(price=90_000, on_hand=50)
    checkout = prepare_checkout((variant, 1))
    failed = charge(checkout, "CHARGE_FAILURE")
    pending = charge(checkout, "CHARGE_ACTION_REQUIRED", key="a")
    repeated = charge(checkout, "CHARGE_SUCCESS", key="a")
    keyed = payment_start_errors(prepare_checkout((variant, 1)), DUMMY, key="a")
    processed = data_of(
        PROCESS_TRANSACTION, id=pending["transaction"]["id"], data={"event": {"type": "REFUND_SUCCESS"}}
    )
    unavailable_gateways = [payment_start_errors(checkout, gateway) for gateway in ("nobody", STRIPE)]
    settings.API_DUMMY_PAYMENT = False

    assert failed["transactionEvent"]["type"] == "CHARGE_FAILURE"
    assert repeated["transaction"]["id"] == pending["transaction"]["id"]
    assert repeated["transactionEvent"]["type"] == "CHARGE_SUCCESS"
    assert keyed == [("idempotencyKey", "UNIQUE")]
    assert processed["transactionProcess"]["transactionEvent"]["type"] == "CHARGE_SUCCESS"
    assert unavailable_gateways == [[("paymentGateway", "NOT_FOUND")]] * 2
    assert payment_start_errors(checkout, DUMMY) == [("paymentGateway", "NOT_FOUND")]


def test_completed_checkout_is_not_found() -> None:
    checkout = prepare_checkout((make_variant(price=90_000), 1))
    charge(checkout)
    complete_order(checkout)

    (payload,) = data_of(SET_EMAIL, id=checkout, email="lan@example.com").values()

    assert payload["checkout"] is None
    assert [(error["field"], error["code"]) for error in payload["errors"]] == [("id", "NOT_FOUND")]
    assert data_of(CHECKOUT_BY_ID, id=checkout) == {"checkout": None}


def test_invoice_company_is_validated_and_saved() -> None:
    thien_an = make_seller("HTX Thiên An")
    checkout = prepare_checkout((make_variant(thien_an, price=90_000), 1))
    start_payment(checkout, COD)
    complete = """mutation($id: ID!, $company: InvoiceCompanyInput) {
        checkoutComplete(id: $id, invoiceCompany: $company) { order { id } errors { field code } } }"""
    company = {"name": " Công ty Hoa ", "taxCode": "0101 248141", "address": "Số 5, Hà Nội"}
    show = (
        "query($id: ID!) { order(id: $id) { invoiceCompany { name taxCode address email } invoices { id } } }"
    )

    for invalid_values, field, code in (
        ({"name": " "}, "name", "REQUIRED"),
        ({"taxCode": "0101248142"}, "taxCode", "INVALID"),
        ({"email": "x"}, "email", "INVALID"),
        ({"address": "x" * 251}, "address", "INVALID"),
    ):
        payload = data_of(complete, id=checkout, company=company | invalid_values)["checkoutComplete"]
        assert payload == {"order": None, "errors": [{"field": field, "code": code}]}
    assert (Order.objects.count(), Basket.objects.count()) == (0, 1)
    key = data_of(complete, id=checkout, company=company)["checkoutComplete"]["order"]["id"]

    saved_company = {
        "name": "Công ty Hoa",
        "taxCode": "0101248141",
        "address": "Số 5, Hà Nội",
        "email": "hoa@example.com",
    }
    for token in (None, token_of(make_admin())):
        assert data_of(show, token, id=key)["order"] == {"invoiceCompany": saved_company, "invoices": []}
    plain = prepare_checkout((make_variant(thien_an, name="Trà"), 1))
    start_payment(plain, COD)
    assert data_of(show, id=complete_order(plain))["order"]["invoiceCompany"] is None
    # A cooperative sees it after accepting its part, as in the members' app.
    part = Order.objects.get(pk=key_from_id(key, "Order")).parts.get()
    staff = token_of(make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,)))
    listed = """{ orders(first: 1, sortBy: {field: NUMBER, direction: ASC}) { edges { node {
        invoiceCompany { taxCode } } } } }"""

    def company_seen_by_staff():
        return data_of(listed, staff)["orders"]["edges"][0]["node"]["invoiceCompany"]

    assert company_seen_by_staff() is None
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    assert company_seen_by_staff() == {"taxCode": "0101248141"}


def test_long_idempotency_keys_are_compared_in_full() -> None:
    checkout = prepare_checkout((make_variant(price=90_000, on_hand=50), 1))
    long_prefix = "k" * 200

    payments = [
        charge(checkout, "CHARGE_ACTION_REQUIRED", key=f"{long_prefix}{suffix}")["transaction"]["id"]
        for suffix in "aab"
    ]

    assert payments[0] == payments[1]
    assert payments[1] != payments[2]
