"""Checkouts over the API: lines, addresses, delivery, prices and owners."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import Listing
from catalog.states import ListingState
from cooperatives.models import ShippingServicePrice
from orders.actions.basket.basket_lines import add_variant_to_basket
from orders.models import Basket, BasketLine, OrderCodeKey, Reservation
from shop.accounts.models import Address
from shop.api.ids import global_id, key_from_id
from shop.core.models import Channel, Translation
from tests.factories import (
    HANOI,
    NOW,
    make_admin,
    make_basket,
    make_channel,
    make_divisions,
    make_market_pickup,
    make_product,
    make_seller,
    make_service,
    make_tax_class,
    make_user,
    make_variant,
    make_voucher,
    unknown_uuid,
)
from tests.shop.api.checkout.operations import (
    ADD,
    ADD_PROMO_CODE,
    ADDRESS,
    ATTACH_CUSTOMER,
    CHECKOUT_BY_ID,
    CREATE,
    DELETE,
    DELETE_LINE,
    DELIVERY_OPTIONS,
    DETACH_CUSTOMER,
    REMOVE_PROMO_CODE,
    SET_BILLING_ADDRESS,
    SET_DELIVERY_METHOD,
    SET_EMAIL,
    SET_SHIPPING_ADDRESS,
    UPDATE,
    checkout_errors,
    complete_order,
    line_input,
    mutate_checkout,
    prepare_checkout,
    start_checkout,
)
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db
ADD_METADATA = """mutation($id: ID!) { updateMetadata(id: $id, input: [{key: "gift", value: "yes"}]) {
  item { ... on Checkout { id metafield(key: "gift") } } errors { code }
} }"""
CHECKOUTS_OF_USER = """{ me {
  checkoutIds(channel: "viet-nam") checkouts(first: 5) { totalCount edges { node { id } } }
} }"""


def vnd(amount: int) -> dict[str, object]:
    return {"currency": "VND", "amount": amount}


def test_guest_fills_a_checkout_and_sets_its_delivery() -> None:
    make_divisions()
    thien_an, yen_duong = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương", slug="yen-duong")
    pillow = make_variant(thien_an, price=320_000, tax_class=make_tax_class(8))
    gourd = make_variant(yen_duong, name="Bí", price=30_000)

    empty = mutate_checkout(CREATE, input={"channel": "viet-nam", "lines": [], "languageCode": "VI"})
    checkout = empty["id"]
    filled = mutate_checkout(ADD, id=checkout, lines=[line_input(pillow, 2), line_input(gourd)])
    email = mutate_checkout(SET_EMAIL, id=checkout, email="hoa@example.com")
    metadata_update = data_of(ADD_METADATA, id=checkout)
    sent_result = mutate_checkout(
        SET_SHIPPING_ADDRESS, id=checkout, address=ADDRESS | {"countryArea": "Hà Nội"}
    )
    options = mutate_checkout(DELIVERY_OPTIONS, id=checkout)["deliveries"]
    travelling = mutate_checkout(SET_DELIVERY_METHOD, id=checkout, method=options[0]["id"])
    billed = mutate_checkout(SET_BILLING_ADDRESS, id=checkout, address=ADDRESS)

    basket = Basket.objects.get()
    assert empty["lines"] == []
    assert empty["totalPrice"]["gross"] == vnd(0)
    assert empty["delivery"] is None
    assert [(line["quantity"], line["totalPrice"]["gross"]) for line in filled["lines"]] == [
        (2, vnd(640_000)),
        (1, vnd(30_000)),
    ]
    assert (email["email"], basket.phone, basket.province_code) == ("hoa@example.com", "+84987654321", HANOI)
    assert metadata_update["updateMetadata"]["item"] == {"id": checkout, "metafield": "yes"}
    assert sent_result["shippingAddress"]["countryArea"] == "Hà Nội"
    assert [option["shippingMethod"] for option in options] == [
        {
            "id": global_id("ShippingMethod", make_service(make_channel()).pk),
            "name": "giao tận nhà",
            "active": True,
            "price": vnd(60_000),
            "minimumDeliveryDays": 2,
            "maximumDeliveryDays": 3,
            "metadata": [
                {"key": thien_an.slug, "value": "30000"},
                {"key": "yen-duong", "value": "30000"},
            ],
        }
    ]
    assert travelling["delivery"]["id"] == options[0]["id"]
    assert key_from_id(options[0]["id"], "CheckoutDelivery") is not None
    assert travelling["subtotalPrice"]["gross"] == vnd(670_000)
    assert travelling["shippingPrice"]["gross"] == vnd(60_000)
    assert travelling["totalPrice"] == {"gross": vnd(730_000), "tax": vnd(47_407)}
    assert billed["billingAddress"]["streetAddress1"] == "Số 5, ngõ 12"
    assert billed["problems"] == []
    assert billed["giftCards"] == []
    assert billed["isShippingRequired"]
    assert data_of(CHECKOUT_BY_ID, id=checkout)["checkout"] == billed
    assert Reservation.objects.count() == 2


def test_lines_are_updated_and_deleted() -> None:
    pillow, gourd = make_variant(on_hand=60), make_variant(name="Bí", price=30_000)
    checkout = start_checkout((pillow, 1), (gourd, 1))
    (first, second) = [line["id"] for line in data_of(CHECKOUT_BY_ID, id=checkout)["checkout"]["lines"]]

    by_line_id = mutate_checkout(UPDATE, id=checkout, lines=[{"lineId": first, "quantity": 3}])
    by_variant = mutate_checkout(UPDATE, id=checkout, lines=[line_input(gourd, 2)])
    with_new_line = mutate_checkout(ADD, id=checkout, lines=[line_input(gourd, 1, forceNewLine=True)])
    without_first = mutate_checkout(DELETE, id=checkout, lines=[first])
    without_second = mutate_checkout(DELETE_LINE, id=checkout, line=second)
    none = mutate_checkout(UPDATE, id=checkout, lines=[line_input(gourd, 0)])

    assert [line["quantity"] for line in by_line_id["lines"]] == [3, 1]
    assert [line["quantity"] for line in by_variant["lines"]] == [3, 2]
    assert [line["quantity"] for line in with_new_line["lines"]] == [3, 2, 1]
    assert [line["quantity"] for line in without_first["lines"]] == [2, 1]
    assert [line["quantity"] for line in without_second["lines"]] == [1]
    assert none["lines"] == []


def test_invalid_lines_are_refused_and_change_nothing() -> None:
    pillow, scarce = make_variant(on_hand=60), make_variant(on_hand=2)
    hidden = make_variant(state=ListingState.DRAFT)
    checkout = start_checkout((pillow, 1))
    unknown = {"variantId": global_id("ProductVariant", 10**9), "quantity": 1}
    (line,) = BasketLine.objects.all()
    line_id = global_id("CheckoutLine", line.pk)

    errors = {
        "51": checkout_errors(ADD, id=checkout, lines=[line_input(scarce), line_input(pillow, 51)]),
        "none": checkout_errors(ADD, id=checkout, lines=[line_input(pillow, 0)]),
        "short": checkout_errors(ADD, id=checkout, lines=[line_input(pillow), line_input(scarce, 3)]),
        "unknown": checkout_errors(ADD, id=checkout, lines=[unknown]),
        "hidden": checkout_errors(ADD, id=checkout, lines=[line_input(hidden)]),
        "another type": checkout_errors(ADD, id=checkout, lines=[{"variantId": line_id, "quantity": 1}]),
        "below none": checkout_errors(UPDATE, id=checkout, lines=[{"lineId": line_id, "quantity": -1}]),
        "foreign line": checkout_errors(
            DELETE, id=checkout, lines=[global_id("CheckoutLine", unknown_uuid())]
        ),
        "no line": checkout_errors(UPDATE, id=checkout, lines=[{"quantity": 2}]),
        "no id": checkout_errors(ADD, id="abc", lines=[]),
        "nobody's": checkout_errors(ADD, id=global_id("Checkout", unknown_uuid()), lines=[]),
        "channel": checkout_errors(CREATE, input={"channel": "lune", "lines": []}),
    }

    assert errors == {
        "51": [("quantity", "QUANTITY_GREATER_THAN_LIMIT")],
        "none": [("quantity", "ZERO_QUANTITY")],
        "short": [("quantity", "INSUFFICIENT_STOCK")],
        "unknown": [("variantId", "GRAPHQL_ERROR")],
        "hidden": [("lines", "UNAVAILABLE_VARIANT_IN_CHANNEL")],
        "another type": [("variantId", "GRAPHQL_ERROR")],
        "below none": [("quantity", "ZERO_QUANTITY")],
        "foreign line": [("lineId", "NOT_FOUND")],
        "no line": [("lines", "GRAPHQL_ERROR")],
        "no id": [("id", "GRAPHQL_ERROR")],
        "nobody's": [("id", "NOT_FOUND")],
        "channel": [("channel", "NOT_FOUND")],
    }
    assert list(BasketLine.objects.values_list("variant", "quantity")) == [(pillow.pk, 1)]
    assert Basket.objects.count() == 1


def test_custom_price_requires_permission() -> None:
    pillow = make_variant(price=320_000)
    checkout, token = start_checkout((pillow, 1)), token_of(make_admin())
    lines = [line_input(pillow, 1, price=1000, forceNewLine=True)]

    denied = execute(ADD, id=checkout, lines=lines)
    cheaper = mutate_checkout(ADD, token, id=checkout, lines=lines)

    assert denied["errors"][0]["extensions"]["code"] == "PermissionDenied"
    assert [line["totalPrice"]["gross"]["amount"] for line in cheaper["lines"]] == [320_000, 1000]


def test_address_validation_rules_can_be_relaxed() -> None:
    make_divisions()
    checkout, relaxed_rules = (
        start_checkout((make_variant(), 1)),
        {"checkRequiredFields": False, "checkFieldsFormat": False},
    )
    invalid_address = {"country": "VN", "countryArea": "Atlantis", "postalCode": "x" * 21}
    payload = data_of(
        SET_SHIPPING_ADDRESS, id=checkout, address=ADDRESS | {"city": "", "countryArea": "Atlantis"}
    )

    errors = payload["checkoutShippingAddressUpdate"]["errors"]
    too_long = checkout_errors(
        SET_SHIPPING_ADDRESS, id=checkout, address=invalid_address, rules=relaxed_rules
    )
    saved = mutate_checkout(
        SET_SHIPPING_ADDRESS, id=checkout, address={"countryArea": "Hà Nội"}, rules=relaxed_rules
    )

    assert [(error["field"], error["code"]) for error in errors] == [
        ("city", "REQUIRED"),
        ("countryArea", "INVALID"),
    ]
    assert too_long == [("postalCode", "INVALID")]
    assert (saved["shippingAddress"]["city"], saved["shippingAddress"]["countryArea"]) == ("", "Hà Nội")
    assert Address.objects.filter(user=None, country_area="Hà Nội").count() == 1
    assert checkout_errors(SET_EMAIL, id=checkout, email="hoa") == [("email", "INVALID")]


def test_same_address_is_saved_to_the_account_once() -> None:
    person = make_user()
    token = token_of(person)
    checkout = start_checkout((make_variant(), 1), token=token)

    mutate_checkout(SET_SHIPPING_ADDRESS, token, id=checkout, address=ADDRESS, save=True)
    mutate_checkout(SET_BILLING_ADDRESS, token, id=checkout, address=ADDRESS, save=True)

    assert list(person.addresses.values_list("street_address_1", flat=True)) == ["Số 5, ngõ 12"]
    assert Basket.objects.get().shipping_address.user is None


def test_promo_code_is_added_and_removed() -> None:
    make_voucher("CHAO10", value=10)
    make_voucher("LON", minimum=10_000_000)
    checkout = start_checkout((make_variant(price=320_000), 1))

    used_result = mutate_checkout(ADD_PROMO_CODE, id=checkout, code="chao10")
    errors = [checkout_errors(ADD_PROMO_CODE, id=checkout, code=code) for code in ("KHONGCO", "LON")]
    unknown_code_errors = checkout_errors(REMOVE_PROMO_CODE, id=checkout, code="KHAC")
    removal_result = mutate_checkout(REMOVE_PROMO_CODE, id=checkout, code="CHAO10")

    assert (used_result["voucherCode"], used_result["discountName"]) == ("CHAO10", "Chào khách mới")
    assert (used_result["discount"], used_result["totalPrice"]["gross"]) == (vnd(32_000), vnd(288_000))
    assert used_result["lines"][0]["unitPrice"]["gross"] == vnd(288_000)
    assert used_result["lines"][0]["undiscountedUnitPrice"] == vnd(320_000)
    assert errors == [[("promoCode", "INVALID")], [("promoCode", "VOUCHER_NOT_APPLICABLE")]]
    assert unknown_code_errors == [("promoCode", "INVALID")]
    assert (removal_result["voucherCode"], removal_result["totalPrice"]["gross"]) == (None, vnd(320_000))


def test_discount_is_named_in_the_checkouts_language() -> None:
    voucher = make_voucher("CHAO10")
    Translation.objects.create(
        kind="orders.voucher", key=str(voucher.pk), language="en", field="name", text="Welcome"
    )
    checkout = start_checkout((make_variant(price=320_000), 1))

    untranslated = mutate_checkout(ADD_PROMO_CODE, id=checkout, code="CHAO10")
    Basket.objects.update(language="en")
    translated = data_of(
        "query($id: ID!) { checkout(id: $id) { discountName translatedDiscountName } }", id=checkout
    )

    assert untranslated["translatedDiscountName"] is None
    assert translated["checkout"] == {
        "discountName": "Chào khách mới",
        "translatedDiscountName": "Welcome",
    }


def test_delivery_options_combine_the_methods_of_cooperatives() -> None:
    channel = make_channel()
    thien_an, yen_duong = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    collected = make_market_pickup(yen_duong, channel)
    checkout = start_checkout((make_variant(thien_an), 1), (make_variant(yen_duong), 1))
    mutate_checkout(SET_SHIPPING_ADDRESS, id=checkout, address=ADDRESS)

    options = mutate_checkout(DELIVERY_OPTIONS, id=checkout)["deliveries"]
    mixed = mutate_checkout(SET_DELIVERY_METHOD, id=checkout, method=options[1]["shippingMethod"]["id"])
    cleared = mutate_checkout(SET_DELIVERY_METHOD, id=checkout, method=None)

    shipping_methods = [option["shippingMethod"] for option in options]
    assert [(method["name"], method["price"]["amount"]) for method in shipping_methods] == [
        ("giao tận nhà", 60_000),
        (f"giao tận nhà + {collected.service.name}", 30_000),
    ]
    choices = set(Basket.objects.get().delivery_choices.values_list("cooperative", "delivery_method"))
    assert mixed["shippingPrice"]["gross"] == vnd(30_000)
    assert mixed["delivery"]["shippingMethod"]["name"] == f"giao tận nhà + {collected.service.name}"
    assert cleared["delivery"] is None
    assert choices == set()
    service = global_id("ShippingMethod", collected.service_id + 1000)
    assert checkout_errors(SET_DELIVERY_METHOD, id=checkout, method=service) == [
        ("deliveryMethodId", "DELIVERY_METHOD_NOT_APPLICABLE")
    ]
    assert checkout_errors(
        SET_DELIVERY_METHOD, id=checkout, method=global_id("CheckoutDelivery", unknown_uuid())
    ) == [("deliveryMethodId", "DELIVERY_METHOD_NOT_APPLICABLE")]


def test_channel_shipping_service_delivers_in_another_currency() -> None:
    channel = make_channel(
        slug="usa", name="USA", currency="USD", default_country="US", requires_listing_review=False
    )
    cooperatives = [make_seller("HTX Thiên An", channel), make_seller("HTX Yến Dương", channel)]
    for cooperative in cooperatives:
        cooperative.delivery_methods.all().delete()
    variants = [
        make_variant(cooperative, channel=channel, price=price)
        for cooperative, price in zip(cooperatives, (1999, 1001), strict=True)
    ]
    service = make_service(channel)
    ShippingServicePrice.objects.create(
        service=service, channel=channel, currency="USD", price=501, maximum_order=5000
    )
    us_address = {"country": "US", "city": "Austin", "countryArea": "TX", "postalCode": "78701", "phone": ""}

    checkout = prepare_checkout(*((variant, 1) for variant in variants), channel="usa", **us_address)
    checkout_data = data_of(CHECKOUT_BY_ID, id=checkout)["checkout"]
    mutate_checkout(ADD, id=checkout, lines=[line_input(variants[0], 5)])

    sums = [checkout_data[name]["gross"] for name in ("subtotalPrice", "shippingPrice", "totalPrice")]
    assert [(amount["currency"], amount["amount"]) for amount in sums] == [
        ("USD", 30),
        ("USD", 5.01),
        ("USD", 35.01),
    ]
    assert checkout_data["shippingAddress"]["city"] == "AUSTIN"
    too_dear = data_of(CHECKOUT_BY_ID, id=checkout)["checkout"]
    assert [problem["__typename"] for problem in too_dear["problems"]] == [
        "CheckoutProblemDeliveryMethodInvalid"
    ]
    assert too_dear["shippingPrice"]["gross"]["amount"] == 0


def test_problems_name_unavailable_and_short_lines() -> None:
    unavailable, scarce = make_variant(price=45_000), make_variant(on_hand=5)
    checkout = start_checkout((unavailable, 1), (scarce, 5))
    Listing.objects.filter(product=unavailable.product).update(state=ListingState.PAUSED)
    add_variant_to_basket(
        basket_id=None, user_id=None, channel=make_channel(), variant_id=scarce.pk, quantity=2, now=NOW
    )
    mutate_checkout(DELIVERY_OPTIONS, id=global_id("Checkout", Basket.objects.latest("created_at").pk))

    checkout_data = data_of(CHECKOUT_BY_ID, id=checkout)["checkout"]

    lines = {line["id"]: line["variant"]["id"] for line in checkout_data["lines"]}
    assert {
        (problem["__typename"], lines[problem["line"]["id"]]) for problem in checkout_data["problems"]
    } == {
        ("CheckoutLineProblemVariantNotAvailable", global_id("ProductVariant", unavailable.pk)),
        ("CheckoutLineProblemInsufficientStock", global_id("ProductVariant", scarce.pk)),
    }
    assert (
        checkout_data["problems"][0].get(
            "availableQuantity", checkout_data["problems"][1].get("availableQuantity")
        )
        == 3
    )
    assert checkout_data["lines"][0]["totalPrice"]["gross"] == vnd(45_000)


def test_checkout_belongs_to_its_owner() -> None:
    hoa, lan = make_user(), make_user()
    token, other_token = token_of(hoa), token_of(lan)
    variant = make_variant()
    guest_checkout, own_checkout = start_checkout((variant, 1)), start_checkout((variant, 1), token=token)
    not_found = [("id", "NOT_FOUND")]

    attached = mutate_checkout(ATTACH_CUSTOMER, other_token, id=guest_checkout)
    attached_again = mutate_checkout(ATTACH_CUSTOMER, other_token, id=guest_checkout)
    checkouts_by_token = {
        reader: data_of(CHECKOUT_BY_ID, reader, id=own_checkout)["checkout"]
        for reader in (None, token, other_token)
    }
    refused = [
        checkout_errors(SET_EMAIL, reader, id=own_checkout, email="a@example.com")
        for reader in (None, other_token)
    ] + [
        checkout_errors(ATTACH_CUSTOMER, token, id=guest_checkout),
        checkout_errors(DETACH_CUSTOMER, other_token, id=own_checkout),
    ]
    listed = data_of(CHECKOUTS_OF_USER, token)["me"]
    detached = mutate_checkout(DETACH_CUSTOMER, token, id=own_checkout)
    reattached = mutate_checkout(ATTACH_CUSTOMER, other_token, id=own_checkout)

    own_id, other_id = global_id("User", hoa.pk), global_id("User", lan.pk)
    assert attached["user"] == attached_again["user"] == reattached["user"] == {"id": other_id}
    # A storefront reads without a token; a signed-in user does not find another user's checkout.
    assert checkouts_by_token[None]["id"] == own_checkout
    assert checkouts_by_token[None]["user"] is None
    assert checkouts_by_token[token]["user"] == {"id": own_id}
    assert checkouts_by_token[other_token] is None
    assert refused == [not_found] * 4
    assert listed["checkoutIds"] == [own_checkout]
    assert listed["checkouts"] == {"totalCount": 1, "edges": [{"node": {"id": own_checkout}}]}
    assert detached["user"] is None
    assert execute("{ checkouts(first: 1) { totalCount } }", token)["errors"][0]["extensions"]["code"] == (
        "PermissionDenied"
    )


def test_web_basket_and_checkout_are_the_same_row(client: Client) -> None:
    person = make_user()
    client.force_login(person)
    variant = make_variant(price=45_000)
    of_web = make_basket((variant, 2), user=person)

    checkout_data = data_of(CHECKOUT_BY_ID, token_of(person), id=global_id("Checkout", of_web.pk))["checkout"]
    mutate_checkout(ADD, token_of(person), id=checkout_data["id"], lines=[line_input(variant)])
    page = client.get(reverse("orders:basket"))

    assert checkout_data["lines"][0]["totalPrice"]["gross"] == vnd(90_000)
    assert "135.000" in page.content.decode()


def test_checkout_queries_do_not_grow_with_lines() -> None:
    seller = make_seller()
    product = make_product(seller, variants=(("a", 0), ("b", 0), ("c", 0), ("d", 0)))
    other_variants = [make_variant(seller, name=f"{n}") for n in range(3)]
    small_checkout = start_checkout((product.variants.first(), 1))
    large_checkout = start_checkout(*((variant, 1) for variant in (*product.variants.all(), *other_variants)))
    counts = []
    for checkout in (small_checkout, large_checkout):
        with CaptureQueriesContext(connection) as queries:
            data_of(CHECKOUT_BY_ID, id=checkout)
        counts.append(len(queries))

    assert counts[0] == counts[1] == 16


def test_purchase_queries_do_not_grow_with_lines() -> None:
    product = make_product(make_seller(), variants=(("a", 0), ("b", 0), ("c", 0), ("d", 0)))
    make_divisions()
    make_channel()
    Channel.objects.update(allow_unpaid_orders=True)
    OrderCodeKey.objects.create(key="5a" * 32)  # as in every shop that has an order
    # The first order reads the terms of the market.
    complete_order(prepare_checkout((product.variants.first(), 1)))
    counts = []
    for variants in (product.variants.all()[:1], product.variants.all()):
        with CaptureQueriesContext(connection) as queries:
            complete_order(prepare_checkout(*((variant, 1) for variant in variants)))
        counts.append(len(queries))

    assert counts[0] == counts[1]
