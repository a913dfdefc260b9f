"""Voucher codes on baskets, drafts and orders: conditions, discounts and uses."""

from __future__ import annotations

import datetime
from contextlib import nullcontext

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from catalog.models import Price
from orders.actions.basket.basket_lines import choose_deliveries, set_basket_province
from orders.actions.fulfilment.cancel_parts import cancel_order, cancel_part
from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.placement.draft_orders import create_draft, edit_draft, place_draft
from orders.actions.placement.place_order import BasketChanged, place_order
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.quote_types import RequestedLine
from orders.actions.quotes.voucher_rules import (
    VoucherAlreadyUsed,
    VoucherCodeUnknown,
    VoucherEnded,
    VoucherMinimumNotReached,
    VoucherNotForCountry,
    VoucherNotForProducts,
    VoucherNotStarted,
    VoucherOnlyForStaff,
    VoucherQuantityTooLow,
    VoucherUsedUp,
)
from orders.actions.vouchers.redeem_vouchers import (
    VoucherDiscountChanged,
    apply_voucher_code,
    remove_voucher_code,
)
from orders.models import (
    Basket,
    CostBearer,
    Discount,
    EntryNature,
    LedgerAccount,
    LedgerEntry,
    Order,
    OrderLine,
    OrderSource,
    ValueType,
    Voucher,
    VoucherCode,
    VoucherType,
    VoucherUse,
    VoucherValue,
)
from orders.states import OrderStatus
from orders.views.sum_rows import build_totals_of_quote
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from shop.core.models import Translation
from tests.factories import (
    HANOI,
    NOW,
    carrier_deliveries,
    make_basket,
    make_category,
    make_channel,
    make_contact,
    make_product,
    make_seller,
    make_user,
    make_variant,
    make_variant_sold_by_weight,
    make_voucher,
)
from tests.invariants import check_everything
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
CONSENTS = frozenset({ConsentPurpose.ORDER})
DAY = datetime.timedelta(days=1)
STAFF = Actor.system("tests")


def basket_with_code(*lines, code="CHAO10", user=None):
    """Return a basket with these lines and the code, ready to be placed."""
    basket = make_basket(*lines, user=user)
    set_basket_province(basket_id=basket.pk, province_code=HANOI, now=NOW)
    choose_deliveries(basket_id=basket.pk, choices=carrier_deliveries(basket), now=NOW)
    apply_voucher_code(basket_id=basket.pk, code=code, now=NOW)
    return Basket.objects.get(pk=basket.pk)


def quote_of(basket, now=NOW):
    return build_quote(build_basket_request(basket), now=now)


def order_basket(basket, *, agreed_total=None, now=NOW, **contact):
    return place_order(
        basket_id=basket.pk,
        contact=make_contact(**contact),
        deliveries=carrier_deliveries(basket),
        consents=CONSENTS,
        actor=Actor.guest(),
        now=now,
        agreed_total=agreed_total,
    )


def test_code_is_normalised_and_percentage_applied() -> None:
    make_voucher("CHÀO10")
    basket = basket_with_code((make_variant(price=320_000), 2), code="  chào 10 ")

    quote = quote_of(basket)

    assert basket.voucher_code == "CHÀO10"
    sums = build_totals_of_quote(quote)
    assert (sums.goods, quote.voucher_amount, sums.delivery, quote.total) == (
        576_000,
        64_000,
        30_000,
        606_000,
    )
    assert (quote.lines[0].list_total, quote.lines[0].to_pay) == (640_000, 576_000)


def test_voucher_is_named_in_the_pages_language() -> None:
    voucher = make_voucher()
    Translation.objects.create(
        kind="orders.voucher", key=str(voucher.pk), language="en", field="name", text="Welcome"
    )
    basket = basket_with_code((make_variant(price=320_000), 1))

    names = []
    for language in ("vi", "en"):
        with translation.override(language):
            quoted = quote_of(basket).voucher
            assert quoted is not None
            assert quoted.discount is not None
            names.append((quoted.name, quoted.discount.name))

    assert names == [("Chào khách mới", "Chào khách mới"), ("Welcome", "Welcome")]


def test_fixed_amount_is_capped_at_goods_total() -> None:
    make_voucher(value=500_000, value_type=ValueType.FIXED)

    quote = quote_of(basket_with_code((make_variant(price=320_000), 1)))

    assert (quote.voucher_amount, quote.purchase.goods.gross, quote.total) == (320_000, 0, 30_000)


def test_cooperative_voucher_discounts_only_its_lines() -> None:
    own_seller, other = make_seller("HTX Thiên An"), make_seller("HTX Tài Hoan")
    make_voucher(cooperative=own_seller, bearer=CostBearer.COOPERATIVE)

    quote = quote_of(
        basket_with_code((make_variant(own_seller, price=100_000), 1), (make_variant(other, price=50_000), 1))
    )

    assert [line.to_pay for line in quote.lines] == [90_000, 50_000]
    assert quote.voucher.bearing_cooperative == own_seller


def test_cooperative_shipping_voucher_discounts_only_its_delivery() -> None:
    own_seller, other = make_seller("HTX Thiên An"), make_seller("HTX Tài Hoan")
    make_voucher(cooperative=own_seller, bearer=CostBearer.COOPERATIVE, type=VoucherType.SHIPPING, value=50)

    quote = quote_of(basket_with_code((make_variant(own_seller), 1), (make_variant(other), 1)))

    assert [seller_quote.delivery_to_pay for seller_quote in quote.seller_quotes] == [15_000, 30_000]
    assert (build_totals_of_quote(quote).delivery, quote.voucher_amount) == (45_000, 15_000)


def test_category_voucher_includes_subcategories() -> None:
    category = make_category("Rau, củ, quả tươi")
    subcategory = make_category("Bí", parent=category)
    squash = make_product(price=100_000, category=subcategory).variants.get()
    named_product = make_product(price=100_000)
    make_voucher(type=VoucherType.SPECIFIC_PRODUCT, categories=[category], products=[named_product])

    quote = quote_of(
        basket_with_code((squash, 1), (named_product.variants.get(), 1), (make_variant(price=100_000), 1))
    )

    assert [line.to_pay for line in quote.lines] == [90_000, 90_000, 100_000]


@pytest.mark.parametrize(("value_type", "value"), [(ValueType.PERCENTAGE, 50), (ValueType.FIXED, 25_000)])
def test_once_per_order_discounts_one_unit_of_cheapest_line(value_type, value) -> None:
    make_voucher(apply_once_per_order=True, value_type=value_type, value=value)

    quote = quote_of(basket_with_code((make_variant(price=80_000), 1), (make_variant(price=50_000), 3)))

    assert [line.to_pay for line in quote.lines] == [80_000, 125_000]


def test_unknown_code_is_refused() -> None:
    basket = make_basket((make_variant(), 1))

    with assert_refused(VoucherCodeUnknown, "voucher_code_unknown"):
        apply_voucher_code(basket_id=basket.pk, code="GIAM99", now=NOW)


@pytest.mark.parametrize(
    ("fields", "kind", "code", "words"),
    [
        ({"starts_at": NOW + DAY}, VoucherNotStarted, "voucher_not_started", "25/11/2026"),
        ({"ends_at": NOW - DAY}, VoucherEnded, "voucher_ended", "23/11/2026"),
        ({"only_for_staff": True}, VoucherOnlyForStaff, "voucher_only_for_staff", ""),
        ({"countries": ["LA"]}, VoucherNotForCountry, "voucher_not_for_country", ""),
        ({"minimum_quantity": 3}, VoucherQuantityTooLow, "voucher_quantity_too_low", "2"),
        ({"minimum": 400_000}, VoucherMinimumNotReached, "voucher_minimum_not_reached", "80.000\u00a0₫"),
        ({"type": VoucherType.SPECIFIC_PRODUCT}, VoucherNotForProducts, "voucher_not_for_products", ""),
        ({"usage_limit": 0}, VoucherUsedUp, "voucher_used_up", ""),
    ],
)
def test_voucher_condition_is_refused_with_reason(fields, kind, code, words) -> None:
    make_voucher(**fields)
    basket = make_basket((make_variant(price=320_000), 1))

    with assert_refused(kind, code) as refusal:
        apply_voucher_code(basket_id=basket.pk, code="CHAO10", now=NOW)
    assert words in str(refusal.value.message)


def test_cooperative_voucher_is_refused_without_its_products() -> None:
    make_voucher(cooperative=make_seller("HTX Tài Hoan"), bearer=CostBearer.COOPERATIVE)
    basket = make_basket((make_variant(), 1))

    with assert_refused(VoucherNotForProducts, "voucher_not_for_products") as refusal:
        apply_voucher_code(basket_id=basket.pk, code="CHAO10", now=NOW)
    assert "HTX Tài Hoan" in str(refusal.value.message)


def test_minimum_counts_only_eligible_lines() -> None:
    seller = make_seller("HTX Thiên An")
    make_voucher(cooperative=seller, bearer=CostBearer.COOPERATIVE, minimum=200_000)
    basket = make_basket((make_variant(seller, price=150_000), 1), (make_variant(price=900_000), 1))

    with assert_refused(VoucherMinimumNotReached, "voucher_minimum_not_reached") as refusal:
        apply_voucher_code(basket_id=basket.pk, code="CHAO10", now=NOW)
    assert refusal.value.details["missing"] == 50_000
    assert str(refusal.value.message).replace("\u00a0", " ") == (
        "Mã dùng khi mua từ 200.000 ₫ các món được áp dụng, giỏ đang có 150.000 ₫. Mua thêm 50.000 ₫."
    )


def test_minimum_counts_the_most_that_weighed_goods_cost_as_pages_show() -> None:
    make_voucher(minimum=100_000)
    basket = make_basket((make_variant_sold_by_weight(make_seller(), price=36_000), 3))
    quote = quote_of(basket)
    assert quote.total < 110_000 < quote.maximum_total == 129_600

    apply_voucher_code(basket_id=basket.pk, code="CHAO10", now=NOW)

    basket.refresh_from_db()
    assert basket.voucher_code == "CHAO10"


def test_missing_amount_names_maximum_after_price_cuts() -> None:
    make_voucher(minimum=200_000)
    gourd = make_variant_sold_by_weight(make_seller(), price=36_000)
    Price.objects.filter(variant=gourd).update(discounted=32_400)
    basket = make_basket((gourd, 3))

    with assert_refused(VoucherMinimumNotReached, "voucher_minimum_not_reached") as refusal:
        apply_voucher_code(basket_id=basket.pk, code="CHAO10", now=NOW)
    assert str(refusal.value.message).replace("\u00a0", " ") == (
        "Mã dùng cho đơn từ 200.000 ₫ tiền hàng, giỏ đang có tối đa 116.640 ₫ "
        "(sau giảm giá). Mua thêm 83.360 ₫."
    )


def test_placement_records_discount_shares_and_use() -> None:
    make_voucher(usage_limit=5)
    basket = basket_with_code((make_variant(price=320_000), 1), (make_variant(price=55_555), 1))

    order = order_basket(basket, agreed_total=quote_of(basket).total)

    discount, use = Discount.objects.get(), VoucherUse.objects.get()
    assert (discount.amount, discount.bearer, discount.name) == (
        37_556,
        CostBearer.PLATFORM,
        "Chào khách mới",
    )
    assert [share.amount for share in discount.shares.order_by("line__position")] == [32_000, 5_556]
    assert (order.voucher_code, order.total_gross) == ("CHAO10", 397_999)
    assert (use.order, use.code.code, use.buyer, use.used_at) == (order, "CHAO10", "+84987654321", NOW)
    check_everything()


def test_voucher_without_effect_is_not_used() -> None:
    make_voucher(type=VoucherType.SHIPPING, usage_limit=1)
    basket = basket_with_code((make_variant(), 1))
    carriers = basket.delivery_choices.get().delivery_method.rates
    carriers.update(price=0)

    order = order_basket(basket)

    assert (order.voucher_code, VoucherUse.objects.count()) == ("", 0)


def test_ended_code_is_dropped_after_buyer_confirms() -> None:
    voucher = make_voucher()
    basket = basket_with_code((make_variant(price=320_000), 1))
    total_before = quote_of(basket).total
    Voucher.objects.filter(pk=voucher.pk).update(ends_at=NOW)

    for agreed in (total_before, None):
        with assert_refused(BasketChanged, "basket_changed") as refusal:
            order_basket(basket, agreed_total=agreed)
        assert "24/11/2026" in str(refusal.value.message)
    new_quote = quote_of(basket)
    order = order_basket(basket, agreed_total=new_quote.total)

    assert (total_before, new_quote.total, order.total_gross) == (318_000, 350_000, 350_000)
    assert (order.voucher_code, VoucherUse.objects.count(), Discount.objects.count()) == ("", 0, 0)


def test_single_use_code_works_once_and_other_codes_still_work() -> None:
    voucher = make_voucher(single_use=True)
    VoucherCode.objects.create(voucher=voucher, code="CHAO11")
    variant = make_variant(on_hand=5)
    order_basket(basket_with_code((variant, 1)))

    basket = make_basket((variant, 1))
    with assert_refused(VoucherUsedUp, "voucher_used_up"):
        apply_voucher_code(basket_id=basket.pk, code="CHAO10", now=NOW)
    order = order_basket(basket_with_code((variant, 1), code="CHAO11"))

    assert order.voucher_code == "CHAO11"


@pytest.mark.parametrize(
    ("contact", "is_same"),
    [
        ({}, True),
        ({"email": "khac@example.com"}, True),
        ({"phone": "+84900000000", "email": "HOA@example.com"}, True),
        ({"phone": "+84900000000", "email": ""}, False),
    ],
)
def test_guest_is_recognised_by_phone_or_email(contact, is_same) -> None:
    make_voucher(apply_once_per_customer=True)
    variant = make_variant(on_hand=5)
    order_basket(basket_with_code((variant, 1)))
    basket = basket_with_code((variant, 1))

    with assert_refused(BasketChanged, "basket_changed") if is_same else nullcontext() as refusal:
        order_basket(basket, **contact)

    assert VoucherUse.objects.count() == (1 if is_same else 2)
    if is_same:
        assert isinstance(refusal.value.details["voucher"], VoucherAlreadyUsed)
        # The contact may be a stranger's: what they did before is not told.
        assert str(refusal.value.message).startswith("Mỗi người mua dùng mã này một lần.")
        assert "đã dùng rồi" not in str(refusal.value.message)


def test_used_code_is_refused_in_basket_of_signed_in_user() -> None:
    make_voucher(apply_once_per_customer=True)
    variant, user = make_variant(on_hand=5), make_user()
    order_basket(basket_with_code((variant, 1), user=user))
    basket = make_basket((variant, 1), user=user)

    with assert_refused(VoucherAlreadyUsed, "voucher_already_used") as refusal:
        apply_voucher_code(basket_id=basket.pk, code="CHAO10", now=NOW)

    assert str(refusal.value.message).startswith("Mã này đã dùng rồi.")


def test_use_is_released_only_when_whole_order_is_cancelled() -> None:
    make_voucher(usage_limit=1)
    order = order_basket(
        basket_with_code((make_variant(make_seller("HTX A")), 1), (make_variant(make_seller("HTX B")), 1))
    )
    total = order.total_gross

    cancel_part(part_id=order.parts.get(number=1).pk, reason="Đổi ý", actor=STAFF, now=NOW)
    after_one = VoucherUse.objects.count()
    cancel_order(order_id=order.pk, reason="Đổi ý", actor=STAFF, now=NOW)

    order.refresh_from_db()
    assert (after_one, VoucherUse.objects.count()) == (1, 0)
    assert (order.total_gross, order.current_total_gross, order.voucher_code) == (total, 0, "CHAO10")
    check_everything()
    basket_with_code((make_variant(), 1))


def test_code_can_be_removed_from_basket() -> None:
    make_voucher()
    basket = basket_with_code((make_variant(price=320_000), 1))

    remove_voucher_code(basket_id=basket.pk, now=NOW)

    basket.refresh_from_db()
    assert (basket.voucher_code, quote_of(basket).total) == ("", 350_000)


def test_voucher_applies_after_catalogue_discounts() -> None:
    make_voucher()
    variant = make_variant(price=320_000)
    Price.objects.filter(variant=variant).update(discounted=300_000)

    quote = quote_of(basket_with_code((variant, 1)))

    sums = build_totals_of_quote(quote)
    assert (sums.goods, [row.amount for row in sums.discounts]) == (270_000, [20_000, 30_000])
    assert quote.lines[0].list_total == 320_000


def test_staff_only_voucher_can_be_used_in_draft() -> None:
    voucher = make_voucher(only_for_staff=True, usage_limit=1)
    variant = make_variant(price=320_000, on_hand=5)

    def write(order):
        return edit_draft(
            order_id=order.pk,
            lines=[RequestedLine(order.pk, variant.pk, 1)],
            deliveries=carrier_deliveries(make_basket((variant, 1))),
            contact=make_contact(),
            voucher_code="chao10",
            actor=STAFF,
            now=NOW,
        )

    drafts = [
        create_draft(channel=make_channel(), source=OrderSource.PHONE, actor=STAFF, now=NOW) for _ in range(2)
    ]
    quotes = [write(order) for order in drafts]
    placed = place_draft(order_id=drafts[0].pk, consents=CONSENTS, actor=STAFF, now=NOW)

    assert [quote.total for quote in quotes] == [318_000, 318_000]
    assert (placed.voucher_code, placed.total_gross) == ("CHAO10", 318_000)
    assert VoucherUse.objects.get().order == placed
    with assert_refused(VoucherUsedUp, "voucher_used_up"):
        place_draft(order_id=drafts[1].pk, consents=CONSENTS, actor=STAFF, now=NOW)
    Voucher.objects.filter(pk=voucher.pk).update(usage_limit=2)
    VoucherValue.objects.update(value=20)
    with assert_refused(VoucherDiscountChanged, "voucher_discount_changed"):
        place_draft(order_id=drafts[1].pk, consents=CONSENTS, actor=STAFF, now=NOW)
    write(drafts[1])
    assert place_draft(order_id=drafts[1].pk, consents=CONSENTS, actor=STAFF, now=NOW).total_gross == 286_000
    check_everything()


def test_query_count_of_quote_does_not_depend_on_lines() -> None:
    category = make_category()
    make_voucher(
        type=VoucherType.SPECIFIC_PRODUCT, categories=[category], usage_limit=9, apply_once_per_customer=True
    )
    small = basket_with_code((make_variant(category=category), 1))
    large = basket_with_code(*[(make_variant(category=category), 1) for _ in range(6)])
    for basket in (small, large):
        quote_of(basket)  # reads the terms of sale

    counts = []
    for basket in (small, large):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert quote_of(basket).voucher_amount
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert (Order.objects.count(), OrderLine.objects.count()) == (0, 0)


def test_free_order_can_be_placed_delivered_and_cancelled() -> None:
    make_voucher(value=100)
    variant = make_variant(on_hand=5)
    variant.cooperative.delivery_methods.get().rates.update(price=0)

    free_order, cancelled_order = (order_basket(basket_with_code((variant, 1))) for _order in range(2))
    deliver(free_order.parts.get())
    cancel_order(order_id=cancelled_order.pk, reason="Đổi ý", actor=STAFF, now=NOW)

    free_order.refresh_from_db()
    assert (free_order.total_gross, free_order.current_total_gross, free_order.charged) == (0, 0, 0)
    assert (free_order.status, VoucherUse.objects.get().order) == (OrderStatus.DELIVERED, free_order)
    check_everything()


@pytest.mark.parametrize(
    ("bearer", "owed", "cost"), [(CostBearer.PLATFORM, 320_000, 32_000), (CostBearer.COOPERATIVE, 288_000, 0)]
)
def test_ledger_compensates_cooperative_for_platform_voucher(bearer, owed, cost) -> None:
    variant = make_variant(make_seller(), price=320_000)
    make_voucher(cooperative=variant.cooperative, bearer=bearer)

    deliver(order_basket(basket_with_code((variant, 1))).parts.get())

    def balance(account, **more):
        entries = LedgerEntry.objects.filter(account=account, **more)
        return sum(entries.values_list("amount", flat=True))

    assert -balance(LedgerAccount.COOPERATIVE_PAYABLE, nature=EntryNature.GOODS) == owed
    assert balance(LedgerAccount.PLATFORM_COST) == cost
    check_everything()


def test_weighing_changes_percentage_discount_but_not_fixed_one() -> None:
    gourd = make_variant_sold_by_weight(on_hand=9)
    make_voucher("PHANTRAM", value=10)
    make_voucher("SOTIEN", value=10_000, value_type=ValueType.FIXED)

    totals = []
    for code in ("PHANTRAM", "SOTIEN"):
        order = order_basket(basket_with_code((gourd, 2), code=code))
        part = accept_part(part_id=order.parts.get().pk, actor=STAFF, now=NOW)
        weigh_line(part_id=part.pk, line_id=part.lines.get().pk, grams=4000, actor=STAFF, now=NOW)
        line = OrderLine.objects.get(order=order)
        totals.append(
            (order.lines.get().priced_gross, line.total_gross, Discount.objects.get(order=order).amount)
        )
        check_everything()

    assert totals == [(60_000, 54_000, 6_000), (60_000, 50_000, 10_000)]


def deliver(part):
    """Pack, hand over and deliver all lines of a part, paid in cash."""
    accept_part(part_id=part.pk, actor=STAFF, now=NOW)
    quantities = {line.pk: line.quantity for line in part.lines.all()}
    parcel = pack_parcel(part_id=part.pk, quantities=quantities, actor=STAFF, now=NOW)
    close_parcel(parcel_id=parcel.pk, actor=STAFF, now=NOW)
    hand_over_parcel(parcel_id=parcel.pk, actor=STAFF, now=NOW)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, actor=STAFF, now=NOW)
