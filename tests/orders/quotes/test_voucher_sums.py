"""Any voucher on any basket: totals add up, none is negative, and the recorded rows agree."""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Price
from orders.actions.basket.basket_lines import choose_deliveries, set_basket_province
from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.placement.place_order import place_order
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.voucher_rules import VoucherRefused
from orders.models import (
    Basket,
    CostBearer,
    Discount,
    DiscountShare,
    Order,
    ValueType,
    Voucher,
    VoucherType,
    VoucherUse,
)
from orders.views.sum_rows import DISCOUNTS, build_totals_of_quote, totals_of_order
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from tests.factories import (
    HANOI,
    NOW,
    carrier_deliveries,
    make_basket,
    make_contact,
    make_seller,
    make_tax_class,
    make_variant,
    make_voucher,
    set_wholesale_prices,
)
from tests.invariants import check_everything

CODE = "MA"
CONSENTS = frozenset({ConsentPurpose.ORDER})
ROUNDS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
VOUCHERS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(VoucherType.values),
        "value_type": st.sampled_from(ValueType.values),
        "value": st.integers(1, 100) | st.integers(1, 2_000_000),
        "minimum": st.none() | st.integers(1, 500_000),
        "minimum_quantity": st.none() | st.integers(1, 8),
        "apply_once_per_order": st.booleans(),
        "apply_once_per_customer": st.booleans(),
        "usage_limit": st.none() | st.integers(0, 2),
        "is_cooperatives": st.booleans(),
        "named": st.sets(st.integers(0, 2)),
    }
)
REDUCTIONS = ("", "promotion", "wholesale")
LINES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(2, 400_000), st.integers(1, 5), st.sampled_from(REDUCTIONS)),
    min_size=1,
    max_size=4,
)


@pytest.mark.django_db
@pytest.mark.once
@ROUNDS
@given(terms=VOUCHERS, line_specs=LINES)
def test_totals_add_up_for_any_voucher_and_basket(terms, line_specs) -> None:
    before = transaction.savepoint()
    basket, voucher = make_basket_and_voucher(dict(terms), line_specs)

    quote = build_quote(build_basket_request(basket), now=NOW)
    lines, deliveries = quote.purchase.lines, quote.purchase.deliveries

    sums = build_totals_of_quote(quote)
    assert quote.total == sums.goods + (sums.delivery or 0)
    list_total = sum(one.list_total.gross for one in (*lines, *deliveries))
    assert quote.total == list_total - sum(row.amount for row in sums.discounts)
    assert quote.total == sum(one.total.gross for one in (*lines, *deliveries))
    assert all(0 <= one.total.net <= one.total.gross <= one.priced.gross for one in (*lines, *deliveries))
    assert (quote.voucher.refusal is None) == (quote.voucher.discount is not None)
    if quote.voucher.refusal is not None:
        assert isinstance(quote.voucher.refusal, VoucherRefused)
        assert quote.voucher_amount == 0
        assert str(quote.voucher.refusal.message) != ""
    order = place_order(
        basket_id=basket.pk,
        contact=make_contact(),
        deliveries=carrier_deliveries(basket),
        consents=CONSENTS,
        actor=Actor.guest(),
        now=NOW,
        agreed_total=quote.total,
    )
    order.refresh_from_db()
    assert order.total_gross == quote.total == sum(part.total_gross for part in order.parts.all())
    sellers = {seller_quote.cooperative.pk: seller_quote.cooperative for seller_quote in quote.seller_quotes}
    assert totals_of_order(Order.objects.prefetch_related(DISCOUNTS).get(pk=order.pk), sellers) == sums
    voucher_discounts = Discount.objects.filter(order=order, kind="voucher")
    assert sum(discount.amount for discount in voucher_discounts) == quote.voucher_amount
    assert VoucherUse.objects.filter(order=order).count() == (1 if quote.voucher_amount else 0)
    if voucher.cooperative_id is not None:
        shares = DiscountShare.objects.filter(discount__in=voucher_discounts)
        owners = {share.line.cooperative_id if share.line else share.part.cooperative_id for share in shares}
        assert owners <= {voucher.cooperative_id}
    check_everything()

    cancel_order(order_id=order.pk, reason="Đổi ý", actor=Actor.system("tests"), now=NOW)

    order.refresh_from_db()
    assert (order.current_total_gross, VoucherUse.objects.filter(order=order).count()) == (0, 0)
    check_everything()
    transaction.savepoint_rollback(before)


def make_basket_and_voucher(terms, line_specs) -> tuple[Basket, Voucher]:
    """Make a basket with a code of the voucher, in a shop of three cooperatives."""
    sellers = [make_seller(f"HTX {n}") for n in range(3)]
    tax_class = make_tax_class()
    variants = [
        make_variant(sellers[owner], price=price, tax_class=tax_class, on_hand=50)
        for owner, price, _quantity, _reduction in line_specs
    ]
    for variant, (_owner, price, _quantity, reduction) in zip(variants, line_specs, strict=True):
        if reduction == "wholesale":
            set_wholesale_prices(variant, {3: price - 1})
        if reduction == "promotion":
            Price.objects.filter(variant=variant).update(discounted=price * 9 // 10)
    named_products = [variants[n].product for n in terms.pop("named") if n < len(variants)]
    if terms["value_type"] == ValueType.PERCENTAGE:
        terms["value"] = min(terms["value"], 100)
    if terms.pop("is_cooperatives"):
        terms |= {"cooperative": sellers[0], "bearer": CostBearer.COOPERATIVE}
    voucher = make_voucher(CODE, products=named_products, **terms)
    basket = make_basket(*[(variant, row[2]) for variant, row in zip(variants, line_specs, strict=True)])
    set_basket_province(basket_id=basket.pk, province_code=HANOI, now=NOW)
    choose_deliveries(basket_id=basket.pk, choices=carrier_deliveries(basket), now=NOW)
    Basket.objects.filter(pk=basket.pk).update(voucher_code=CODE)
    return Basket.objects.get(pk=basket.pk), voucher
