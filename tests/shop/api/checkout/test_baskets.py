"""Checkouts over the API: lines, addresses, delivery, prices and owners."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import Listing
from catalog.states import ListingState
from cooperatives.models import ServicePrice
from orders.actions.basket.basket_lines import add_to_basket
from orders.models import Basket, BasketLine, Reservation
from shop.accounts.models import Address
from shop.api.ids import global_id, key_from_id
from shop.core.models import Channel
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
    ADDRESS,
    ATTACH,
    BILL,
    CREATE,
    DELETE,
    DELETE_ONE,
    DETACH,
    DROP,
    EMAIL,
    FIND,
    METHOD,
    OPTIONS,
    SHIP,
    UPDATE,
    USE,
    begun,
    completed,
    done,
    errors_of,
    line_of,
    ready,
)
from tests.shop.api.client import ask, data_of
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db
KEEP = """mutation($id: ID!) { updateMetadata(id: $id, input: [{key: "gift", value: "yes"}]) {
  item { ... on Checkout { id metafield(key: "gift") } } errors { code }
} }"""
IDS = """{ me {
  checkoutIds(channel: "viet-nam") checkouts(first: 5) { totalCount edges { node { id } } }
} }"""


def vnd(amount: int) -> dict[str, object]:
    return {"currency": "VND", "amount": amount}


def test_guest_fills_a_checkout_and_sets_its_delivery():
    make_divisions()
    thien_an, yen_duong = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương", slug="yen-duong")
    pillow = make_variant(thien_an, price=320_000, tax_class=make_tax_class(8))
    gourd = make_variant(yen_duong, name="Bí", price=30_000)

    empty = done(CREATE, input={"channel": "viet-nam", "lines": [], "languageCode": "VI"})
    checkout = empty["id"]
    filled = done(ADD, id=checkout, lines=[line_of(pillow, 2), line_of(gourd)])
    email = done(EMAIL, id=checkout, email="hoa@example.com")
    kept = data_of(KEEP, id=checkout)
    sent = done(SHIP, id=checkout, address=ADDRESS | {"countryArea": "Hà Nội"})
    options = done(OPTIONS, id=checkout)["deliveries"]
    travelling = done(METHOD, id=checkout, method=options[0]["id"])
    billed = done(BILL, id=checkout, address=ADDRESS)

    basket = Basket.objects.get()
    assert empty["lines"] == []
    assert empty["totalPrice"]["gross"] == vnd(0)
    assert empty["delivery"] is None
    assert [(line["quantity"], line["totalPrice"]["gross"]) for line in filled["lines"]] == [
        (2, vnd(640_000)),
        (1, vnd(30_000)),
    ]
    assert (email["email"], basket.phone, basket.province_code) == ("hoa@example.com", "+84987654321", HANOI)
    assert kept["updateMetadata"]["item"] == {"id": checkout, "metafield": "yes"}
    assert sent["shippingAddress"]["countryArea"] == "Hà Nội"
    assert [each["shippingMethod"] for each in options] == [
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
    assert data_of(FIND, id=checkout)["checkout"] == billed
    assert Reservation.objects.count() == 2


def test_lines_are_updated_and_deleted():
    pillow, gourd = make_variant(on_hand=60), make_variant(name="Bí", price=30_000)
    checkout = begun((pillow, 1), (gourd, 1))
    (first, second) = [line["id"] for line in data_of(FIND, id=checkout)["checkout"]["lines"]]

    more = done(UPDATE, id=checkout, lines=[{"lineId": first, "quantity": 3}])
    by_variant = done(UPDATE, id=checkout, lines=[line_of(gourd, 2)])
    apart = done(ADD, id=checkout, lines=[line_of(gourd, 1, forceNewLine=True)])
    without = done(DELETE, id=checkout, lines=[first])
    left = done(DELETE_ONE, id=checkout, line=second)
    none = done(UPDATE, id=checkout, lines=[line_of(gourd, 0)])

    assert [line["quantity"] for line in more["lines"]] == [3, 1]
    assert [line["quantity"] for line in by_variant["lines"]] == [3, 2]
    assert [line["quantity"] for line in apart["lines"]] == [3, 2, 1]
    assert [line["quantity"] for line in without["lines"]] == [2, 1]
    assert [line["quantity"] for line in left["lines"]] == [1]
    assert none["lines"] == []


def test_invalid_lines_are_refused_and_change_nothing():
    pillow, scarce = make_variant(on_hand=60), make_variant(on_hand=2)
    hidden = make_variant(state=ListingState.DRAFT)
    checkout = begun((pillow, 1))
    unknown = {"variantId": global_id("ProductVariant", 10**9), "quantity": 1}
    (line,) = BasketLine.objects.all()
    mine = global_id("CheckoutLine", line.pk)

    errors = {
        "51": errors_of(ADD, id=checkout, lines=[line_of(scarce), line_of(pillow, 51)]),
        "none": errors_of(ADD, id=checkout, lines=[line_of(pillow, 0)]),
        "short": errors_of(ADD, id=checkout, lines=[line_of(pillow), line_of(scarce, 3)]),
        "unknown": errors_of(ADD, id=checkout, lines=[unknown]),
        "hidden": errors_of(ADD, id=checkout, lines=[line_of(hidden)]),
        "another type": errors_of(ADD, id=checkout, lines=[{"variantId": mine, "quantity": 1}]),
        "below none": errors_of(UPDATE, id=checkout, lines=[{"lineId": mine, "quantity": -1}]),
        "foreign line": errors_of(DELETE, id=checkout, lines=[global_id("CheckoutLine", unknown_uuid())]),
        "no line": errors_of(UPDATE, id=checkout, lines=[{"quantity": 2}]),
        "no id": errors_of(ADD, id="abc", lines=[]),
        "nobody's": errors_of(ADD, id=global_id("Checkout", unknown_uuid()), lines=[]),
        "channel": errors_of(CREATE, input={"channel": "lune", "lines": []}),
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


def test_custom_price_requires_permission():
    pillow = make_variant(price=320_000)
    checkout, token = begun((pillow, 1)), token_of(make_admin())
    lines = [line_of(pillow, 1, price=1000, forceNewLine=True)]

    answer = ask(ADD, id=checkout, lines=lines)
    cheaper = done(ADD, token, id=checkout, lines=lines)

    assert answer["errors"][0]["extensions"]["code"] == "PermissionDenied"
    assert [line["totalPrice"]["gross"]["amount"] for line in cheaper["lines"]] == [320_000, 1000]


def test_address_validation_rules_can_be_relaxed():
    make_divisions()
    checkout, lax = begun((make_variant(), 1)), {"checkRequiredFields": False, "checkFieldsFormat": False}
    wrong = {"country": "VN", "countryArea": "Atlantis", "postalCode": "x" * 21}
    payload = data_of(SHIP, id=checkout, address=ADDRESS | {"city": "", "countryArea": "Atlantis"})

    errors = payload["checkoutShippingAddressUpdate"]["errors"]
    too_long = errors_of(SHIP, id=checkout, address=wrong, rules=lax)
    kept = done(SHIP, id=checkout, address={"countryArea": "Hà Nội"}, rules=lax)

    assert [(error["field"], error["code"]) for error in errors] == [
        ("city", "REQUIRED"),
        ("countryArea", "INVALID"),
    ]
    assert too_long == [("postalCode", "INVALID")]
    assert (kept["shippingAddress"]["city"], kept["shippingAddress"]["countryArea"]) == ("", "Hà Nội")
    assert Address.objects.filter(user=None, country_area="Hà Nội").count() == 1
    assert errors_of(EMAIL, id=checkout, email="hoa") == [("email", "INVALID")]


def test_same_address_is_saved_to_the_account_once():
    person = make_user()
    token = token_of(person)
    checkout = begun((make_variant(), 1), token=token)

    done(SHIP, token, id=checkout, address=ADDRESS, save=True)
    done(BILL, token, id=checkout, address=ADDRESS, save=True)

    assert list(person.addresses.values_list("street_address_1", flat=True)) == ["Số 5, ngõ 12"]
    assert Basket.objects.get().shipping_address.user is None


def test_promo_code_is_added_and_removed():
    make_voucher("CHAO10", value=10)
    make_voucher("LON", minimum=10_000_000)
    checkout = begun((make_variant(price=320_000), 1))

    used = done(USE, id=checkout, code="chao10")
    errors = [errors_of(USE, id=checkout, code=code) for code in ("KHONGCO", "LON")]
    other = errors_of(DROP, id=checkout, code="KHAC")
    dropped = done(DROP, id=checkout, code="CHAO10")

    assert (used["voucherCode"], used["discountName"]) == ("CHAO10", "Chào khách mới")
    assert (used["discount"], used["totalPrice"]["gross"]) == (vnd(32_000), vnd(288_000))
    assert used["lines"][0]["unitPrice"]["gross"] == vnd(288_000)
    assert used["lines"][0]["undiscountedUnitPrice"] == vnd(320_000)
    assert errors == [[("promoCode", "INVALID")], [("promoCode", "VOUCHER_NOT_APPLICABLE")]]
    assert other == [("promoCode", "INVALID")]
    assert (dropped["voucherCode"], dropped["totalPrice"]["gross"]) == (None, vnd(320_000))


def test_delivery_options_combine_the_methods_of_cooperatives():
    channel = make_channel()
    thien_an, yen_duong = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    collected = make_market_pickup(yen_duong, channel)
    checkout = begun((make_variant(thien_an), 1), (make_variant(yen_duong), 1))
    done(SHIP, id=checkout, address=ADDRESS)

    options = done(OPTIONS, id=checkout)["deliveries"]
    mixed = done(METHOD, id=checkout, method=options[1]["shippingMethod"]["id"])
    gone = done(METHOD, id=checkout, method=None)

    shown = [each["shippingMethod"] for each in options]
    assert [(each["name"], each["price"]["amount"]) for each in shown] == [
        ("giao tận nhà", 60_000),
        (f"giao tận nhà + {collected.service.name}", 30_000),
    ]
    choices = set(Basket.objects.get().delivery_choices.values_list("cooperative", "delivery_method"))
    assert mixed["shippingPrice"]["gross"] == vnd(30_000)
    assert mixed["delivery"]["shippingMethod"]["name"] == f"giao tận nhà + {collected.service.name}"
    assert gone["delivery"] is None
    assert choices == set()
    service = global_id("ShippingMethod", collected.service_id + 1000)
    assert errors_of(METHOD, id=checkout, method=service) == [
        ("deliveryMethodId", "DELIVERY_METHOD_NOT_APPLICABLE")
    ]
    assert errors_of(METHOD, id=checkout, method=global_id("CheckoutDelivery", unknown_uuid())) == [
        ("deliveryMethodId", "DELIVERY_METHOD_NOT_APPLICABLE")
    ]


def test_channel_shipping_service_delivers_in_another_currency():
    channel = make_channel(
        slug="usa", name="USA", currency="USD", default_country="US", checks_listings=False
    )
    cooperatives = [make_seller("HTX Thiên An", channel), make_seller("HTX Yến Dương", channel)]
    for cooperative in cooperatives:
        cooperative.delivery_methods.all().delete()
    goods = [
        make_variant(cooperative, channel=channel, price=price)
        for cooperative, price in zip(cooperatives, (1999, 1001), strict=True)
    ]
    service = make_service(channel)
    ServicePrice.objects.create(
        service=service, channel=channel, currency="USD", price=501, maximum_order=5000
    )
    home = {"country": "US", "city": "Austin", "countryArea": "TX", "postalCode": "78701", "phone": ""}

    checkout = ready(*((each, 1) for each in goods), channel="usa", **home)
    found = data_of(FIND, id=checkout)["checkout"]
    done(ADD, id=checkout, lines=[line_of(goods[0], 5)])

    sums = [found[name]["gross"] for name in ("subtotalPrice", "shippingPrice", "totalPrice")]
    assert [(each["currency"], each["amount"]) for each in sums] == [
        ("USD", 30),
        ("USD", 5.01),
        ("USD", 35.01),
    ]
    assert found["shippingAddress"]["city"] == "AUSTIN"
    too_dear = data_of(FIND, id=checkout)["checkout"]
    assert [each["__typename"] for each in too_dear["problems"]] == ["CheckoutProblemDeliveryMethodInvalid"]
    assert too_dear["shippingPrice"]["gross"]["amount"] == 0


def test_problems_name_unavailable_and_short_lines():
    gone, short = make_variant(price=45_000), make_variant(on_hand=5)
    checkout = begun((gone, 1), (short, 5))
    Listing.objects.filter(product=gone.product).update(state=ListingState.PAUSED)
    add_to_basket(
        basket_id=None, user_id=None, channel=make_channel(), variant_id=short.pk, quantity=2, now=NOW
    )
    done(OPTIONS, id=global_id("Checkout", Basket.objects.latest("created_at").pk))

    found = data_of(FIND, id=checkout)["checkout"]

    lines = {line["id"]: line["variant"]["id"] for line in found["lines"]}
    assert {(each["__typename"], lines[each["line"]["id"]]) for each in found["problems"]} == {
        ("CheckoutLineProblemVariantNotAvailable", global_id("ProductVariant", gone.pk)),
        ("CheckoutLineProblemInsufficientStock", global_id("ProductVariant", short.pk)),
    }
    assert found["problems"][0].get("availableQuantity", found["problems"][1].get("availableQuantity")) == 3
    assert found["lines"][0]["totalPrice"]["gross"] == vnd(45_000)


def test_checkout_belongs_to_its_owner():
    hoa, lan = make_user(), make_user()
    token, other = token_of(hoa), token_of(lan)
    variant = make_variant()
    guests, own = begun((variant, 1)), begun((variant, 1), token=token)
    missing = [("id", "NOT_FOUND")]

    attached = done(ATTACH, other, id=guests)
    again = done(ATTACH, other, id=guests)
    seen = {who: data_of(FIND, who, id=own)["checkout"] for who in (None, token, other)}
    refused = [errors_of(EMAIL, who, id=own, email="a@example.com") for who in (None, other)] + [
        errors_of(ATTACH, token, id=guests),
        errors_of(DETACH, other, id=own),
    ]
    listed = data_of(IDS, token)["me"]
    left = done(DETACH, token, id=own)
    taken = done(ATTACH, other, id=own)

    mine, theirs = global_id("User", hoa.pk), global_id("User", lan.pk)
    assert attached["user"] == again["user"] == taken["user"] == {"id": theirs}
    # A storefront reads without a token; a signed-in user does not find another user's checkout.
    assert seen[None]["id"] == own
    assert seen[None]["user"] is None
    assert seen[token]["user"] == {"id": mine}
    assert seen[other] is None
    assert refused == [missing] * 4
    assert listed["checkoutIds"] == [own]
    assert listed["checkouts"] == {"totalCount": 1, "edges": [{"node": {"id": own}}]}
    assert left["user"] is None
    assert ask("{ checkouts(first: 1) { totalCount } }", token)["errors"][0]["extensions"]["code"] == (
        "PermissionDenied"
    )


def test_web_basket_and_checkout_are_the_same_row(client: Client):
    person = make_user()
    client.force_login(person)
    variant = make_variant(price=45_000)
    of_web = make_basket((variant, 2), user=person)

    found = data_of(FIND, token_of(person), id=global_id("Checkout", of_web.pk))["checkout"]
    done(ADD, token_of(person), id=found["id"], lines=[line_of(variant)])
    page = client.get(reverse("orders:basket"))

    assert found["lines"][0]["totalPrice"]["gross"] == vnd(90_000)
    assert "135.000" in page.content.decode()


def test_checkout_queries_do_not_grow_with_lines():
    seller = make_seller()
    product = make_product(seller, variants=(("a", 0), ("b", 0), ("c", 0), ("d", 0)))
    others = [make_variant(seller, name=f"{n}") for n in range(3)]
    one = begun((product.variants.first(), 1))
    many = begun(*((each, 1) for each in (*product.variants.all(), *others)))
    counts = []
    for checkout in (one, many):
        with CaptureQueriesContext(connection) as counted:
            data_of(FIND, id=checkout)
        counts.append(len(counted))

    assert counts[0] == counts[1] == 26


def test_purchase_queries_do_not_grow_with_lines():
    product = make_product(make_seller(), variants=(("a", 0), ("b", 0), ("c", 0), ("d", 0)))
    make_divisions()
    make_channel()
    Channel.objects.update(allow_unpaid_orders=True)
    completed(ready((product.variants.first(), 1)))  # the first order makes the key of order codes
    counts = []
    for goods in (product.variants.all()[:1], product.variants.all()):
        with CaptureQueriesContext(connection) as counted:
            completed(ready(*((each, 1) for each in goods)))
        counts.append(len(counted))

    assert counts == [259, 259]
