"""Lines that are ordered by the piece and priced by weight."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Movement, MovementReason
from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import LinesNotWeighed, accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.fulfilment.weigh_lines import (
    ImplausibleWeight,
    InvalidWeight,
    LineAlreadyPacked,
    NotSoldByWeight,
    WeightQuestionClosed,
    WeightQuestionPending,
    answer_weight_question,
    weigh_line,
)
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.pricing_by_weight import read_maximum_current_total
from orders.actions.order_records.record_order import record_order
from orders.actions.payments.order_payments import expect_payment
from orders.actions.placement.allocate_order_stock import allocate_order_stock
from orders.actions.placement.draft_orders import create_draft, edit_draft, place_draft
from orders.actions.placement.order_sweeps import remind_weight_question
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.quote_types import RequestedDelivery, RequestedDiscount, RequestedLine
from orders.models import (
    CostBearer,
    Discount,
    DiscountKind,
    DiscountShare,
    Order,
    OrderLine,
    OrderPart,
    OrderSource,
    Parcel,
    ParcelLine,
    Payment,
    PaymentEvent,
    PaymentMethod,
    WeightQuestion,
)
from orders.pricing import AgreedDiscountShare, AgreedLine, DiscountInput, NetAndGross, price_weighed
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change, KeyReused
from shop.core.states import TransitionNotAllowed
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    carrier_deliveries,
    make_basket,
    make_channel,
    make_commission_rate,
    make_contact,
    make_order,
    make_seller,
    make_tax_class,
    make_variant,
    make_variant_sold_by_weight,
    unknown_uuid,
)
from tests.invariants import check_everything
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
PACKER = Actor.system("test")


def accepted(*lines, **fields) -> OrderPart:
    """Return an accepted part of an order with these lines (by default two gourds)."""
    part = make_order(*(lines or ((make_variant_sold_by_weight(), 2),)), **fields).parts.get()
    return accept_part(part_id=part.pk, actor=PACKER, now=NOW)


def gourd_line(part: OrderPart) -> OrderLine:
    return part.lines.get(estimate_grams__isnull=False)


def weigh(part: OrderPart, grams: int, **options) -> OrderLine:
    return weigh_line(
        part_id=part.pk, line_id=gourd_line(part).pk, grams=grams, actor=PACKER, now=NOW, **options
    )


def answer(agreed: bool) -> WeightQuestion:
    question = WeightQuestion.objects.get(answer="")
    return answer_weight_question(question_id=question.pk, is_agreed=agreed, actor=Actor.guest(), now=NOW)


def pack(part: OrderPart, **quantities) -> Parcel:
    lines = {line.pk: line.quantity for line in part.lines.all()}
    return pack_parcel(part_id=part.pk, quantities=lines, actor=PACKER, now=NOW)


def amounts_of(part: OrderPart) -> tuple[int, int, int, int]:
    """Return goods and total of the part, the order's amount due, and the pending charge."""
    part.refresh_from_db()
    order = Order.objects.get()
    pending = next(iter(Payment.objects.all().sums().values())).charge_pending
    return part.goods_gross, part.total_gross, order.current_total_gross, pending


def events() -> list[tuple[str, int]]:
    return list(PaymentEvent.objects.order_by("pk").values_list("kind", "amount"))


def test_placed_line_keeps_its_estimate_and_agreed_bound() -> None:
    line = make_order((make_variant_sold_by_weight(), 2)).lines.get()

    assert (line.estimate_grams, line.bound_grams, line.weighed_grams) == (4800, 5760, None)
    assert (line.total_gross, line.bound_gross, line.price_per_kilogram) == (72_000, 86_400, 15_000)
    assert read_maximum_current_total(line.order) == 72_000 + 14_400 + 30_000


def test_line_with_fixed_price_has_no_weights() -> None:
    line = make_order((make_variant(), 2)).lines.get()

    assert (line.estimate_grams, line.bound_grams, line.weighed_grams, line.bound_gross) == (None,) * 4
    assert read_maximum_current_total(line.order) == line.order.current_total_gross


def test_lower_weight_reduces_all_amounts() -> None:
    part = accepted()

    line = weigh(part, 4600)

    assert (line.weighed_grams, line.list_gross, line.priced_gross, line.total_gross) == (
        4600,
        69_000,
        69_000,
        69_000,
    )
    assert amounts_of(part) == (69_000, 99_000, 99_000, 99_000)
    assert events() == [("charge_request", 102_000), ("cancel_success", 3_000)]
    assert read_maximum_current_total(Order.objects.get()) == 99_000
    check_everything()


def test_higher_weight_within_bound_raises_amounts_without_question() -> None:
    part = accepted()

    weigh(part, 5760)

    assert amounts_of(part) == (86_400, 116_400, 116_400, 116_400)
    assert events() == [("charge_request", 102_000), ("charge_request", 14_400)]
    assert not WeightQuestion.objects.exists()
    check_everything()


def test_weighing_is_recorded_in_order_history() -> None:
    part = accepted()

    weigh(part, 4600)

    change = Change.objects.get(action="line.weighed")
    assert (change.root_key, change.cooperative) == (str(part.order_id), part.cooperative_id)
    assert change.data == {
        "part": 1,
        "name": "Bí xanh thơm",
        "grams": 4600,
        "total": 69_000,
        "currency": "VND",
    }


def test_weight_repeated_with_one_key_is_recorded_once() -> None:
    part = accepted()

    weigh(part, 4600, idempotency_key="k")
    weigh(part, 4600, idempotency_key="k")

    assert Change.objects.filter(action="line.weighed").count() == 1
    assert events() == [("charge_request", 102_000), ("cancel_success", 3_000)]


def test_key_of_another_request_is_refused() -> None:
    part = make_order((make_variant_sold_by_weight(), 2)).parts.get()
    accept_part(part_id=part.pk, idempotency_key="k", actor=PACKER, now=NOW)

    with assert_refused(KeyReused, "key_reused"):
        weigh(part, 4600, idempotency_key="k")


def test_weighing_again_starts_from_agreed_price() -> None:
    part = accepted()

    for grams in (4333, 5111, 4801, 4800):
        weigh(part, grams)

    assert amounts_of(part) == (72_000, 102_000, 102_000, 102_000)
    check_everything()


def test_tax_and_commission_follow_weight_at_frozen_rates() -> None:
    cooperative = make_seller(commission=5)
    part = accepted((make_variant_sold_by_weight(cooperative, tax_class=make_tax_class(8)), 2))
    make_commission_rate(9, cooperative)

    line = weigh(part, 4600)

    part.refresh_from_db()
    assert (line.total_gross, line.total_net, line.commission) == (69_000, 63_889, 3_450)
    assert (part.goods_net, part.commission) == (63_889, 3_450)


def test_weight_above_bound_asks_buyer_and_charges_estimate_meanwhile() -> None:
    part = accepted()
    weigh(part, 5000)

    line = weigh(part, 6000)

    question = WeightQuestion.objects.get()
    assert (question.line, question.grams, question.answer) == (line, 6000, "")
    assert (question.cost_before, question.cost_after) == (86_400, 90_000)
    assert line.weighed_grams is None
    assert amounts_of(part) == (72_000, 102_000, 102_000, 102_000)
    assert Change.objects.filter(action="line.weight_question_asked").count() == 1
    check_everything()


def test_buyer_is_asked_by_mail() -> None:
    part = accepted()

    weigh(part, 6000)

    notification = Notification.objects.get(key__startswith="weight_question:")
    assert notification.recipient == "hoa@example.com"
    assert "6 kg" in notification.text.replace("\u00a0", " ")
    assert "90.000" in notification.text
    assert "86.400" in notification.text
    assert f"/don-hang/{part.order_id}/" in notification.text


def test_unanswered_question_is_repeated_once_after_a_day() -> None:
    weigh(accepted(), 6000)
    question, day = WeightQuestion.objects.get(), timedelta(days=1)

    for later in (day - timedelta(minutes=1), day, day + timedelta(hours=1)):
        remind_weight_question(question_id=question.pk, now=NOW + later)

    first, repeated = Notification.objects.filter(key__startswith="weight_question:").order_by("created_at")
    assert (repeated.created_at - first.created_at, repeated.text) == (day, first.text)


def test_answered_question_is_not_repeated() -> None:
    weigh(accepted(), 6000)
    question = answer(agreed=True)

    remind_weight_question(question_id=question.pk, now=NOW + timedelta(days=1))

    assert Notification.objects.filter(key__startswith="weight_question:").count() == 1


def test_cooperative_is_notified_of_answer() -> None:
    part = accepted()
    weigh(part, 6000)

    answer(agreed=False)

    notification = Notification.objects.get(key__startswith="weight_answered:")
    assert notification.recipient == part.cooperative.email
    assert f"/xa-vien/goi/{part.pk}/" in notification.text


def test_agreeing_sets_weighed_amount_as_new_bound() -> None:
    part = accepted()
    weigh(part, 6000)

    answer(agreed=True)

    line = gourd_line(part)
    assert (line.weighed_grams, line.bound_grams, line.bound_gross) == (6000, 6000, 90_000)
    assert amounts_of(part) == (90_000, 120_000, 120_000, 120_000)
    check_everything()


def test_declining_allows_a_lighter_weight() -> None:
    part = accepted()
    weigh(part, 6000)

    answer(agreed=False)

    assert gourd_line(part).weighed_grams is None
    assert amounts_of(part) == (72_000, 102_000, 102_000, 102_000)
    assert weigh(part, 5000).total_gross == 75_000
    check_everything()


def test_same_answer_twice_acts_once_and_another_answer_is_refused() -> None:
    part = accepted()
    weigh(part, 6000)
    question = answer(agreed=True)

    answer_weight_question(question_id=question.pk, is_agreed=True, actor=Actor.guest(), now=NOW)

    assert Change.objects.filter(action="line.weight_agreed").count() == 1
    with assert_refused(WeightQuestionClosed, "weight_question_closed"):
        answer_weight_question(question_id=question.pk, is_agreed=False, actor=Actor.guest(), now=NOW)


def test_unknown_question_is_missing() -> None:
    with assert_refused(Missing, "missing"):
        answer_weight_question(question_id=unknown_uuid(), is_agreed=True, actor=Actor.guest(), now=NOW)


def test_lighter_weight_closes_open_question() -> None:
    part = accepted()
    weigh(part, 6000)
    question = WeightQuestion.objects.get()

    weigh(part, 5000)

    question.refresh_from_db()
    assert question.answer == "no_longer_asked"
    with assert_refused(WeightQuestionClosed, "weight_question_closed"):
        answer_weight_question(question_id=question.pk, is_agreed=True, actor=Actor.guest(), now=NOW)


def test_same_weight_is_not_asked_twice() -> None:
    part = accepted()
    weigh(part, 6000)

    with assert_refused(WeightQuestionPending, "weight_question_pending"):
        weigh(part, 6000)


def test_cooperative_may_charge_only_the_bound() -> None:
    part = accepted()
    weigh(part, 6000)

    line = weigh(part, 6000, is_charged_at_bound=True)

    assert (line.weighed_grams, line.charged_grams, line.total_gross) == (6000, 5760, 86_400)
    assert WeightQuestion.objects.get().answer == "no_longer_asked"
    assert pack(part).lines.get().grams == 6000
    check_everything()


def test_cancelling_part_closes_its_question() -> None:
    part = accepted()
    weigh(part, 6000)

    cancel_part(part_id=part.pk, reason="hết hàng", actor=PACKER, now=NOW)

    question = WeightQuestion.objects.get()
    assert question.answer == "no_longer_asked"
    assert events() == [("charge_request", 102_000), ("cancel_success", 102_000)]
    check_everything()


@pytest.mark.parametrize("grams", [48, 1599, 14_401, 48_000, 480_000])
def test_implausible_weight_is_refused(grams: int) -> None:
    part = accepted()

    with assert_refused(ImplausibleWeight, "implausible_weight") as refusal:
        weigh(part, grams)

    assert refusal.value.details == {"grams": grams, "estimate": 4800}


@pytest.mark.parametrize("grams", [1600, 14_400])
def test_third_and_triple_of_estimate_are_accepted(grams: int) -> None:
    part = accepted()

    weigh(part, grams)

    assert Change.objects.filter(action="line.weighed").count() == 1


def test_implausible_weight_is_accepted_when_repeated() -> None:
    part = accepted()

    assert weigh(part, 1000, repeated_grams=1000).total_gross == 15_000

    check_everything()


def test_implausible_weight_repeated_differently_is_refused() -> None:
    part = accepted()

    with assert_refused(ImplausibleWeight, "implausible_weight"):
        weigh(part, 1000, repeated_grams=1001)


@pytest.mark.parametrize("grams", [0, -1, 10_000_001])
def test_weight_out_of_range_is_refused(grams: int) -> None:
    part = accepted()

    with assert_refused(InvalidWeight, "invalid_weight"):
        weigh(part, grams, repeated_grams=grams)


def test_line_with_fixed_price_cannot_be_weighed() -> None:
    part = accepted((make_variant(), 2))

    with assert_refused(NotSoldByWeight, "not_sold_by_weight"):
        weigh_line(part_id=part.pk, line_id=part.lines.get().pk, grams=500, actor=PACKER, now=NOW)


def test_line_of_another_part_is_missing() -> None:
    part, other = accepted(), accepted((make_variant_sold_by_weight(make_seller("HTX Yến Dương")), 1))

    with assert_refused(Missing, "missing"):
        weigh_line(part_id=part.pk, line_id=gourd_line(other).pk, grams=2400, actor=PACKER, now=NOW)


def test_part_that_is_not_accepted_cannot_be_weighed() -> None:
    part = make_order((make_variant_sold_by_weight(), 2)).parts.get()

    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        weigh(part, 4600)


def test_unweighed_line_cannot_be_packed() -> None:
    part = accepted()

    with assert_refused(LinesNotWeighed, "lines_not_weighed") as refusal:
        pack(part)

    assert refusal.value.details == {"lines": [gourd_line(part).pk]}


def test_line_with_open_question_cannot_be_packed() -> None:
    part = accepted()
    weigh(part, 6000)

    with assert_refused(LinesNotWeighed, "lines_not_weighed"):
        pack(part)


def test_other_lines_can_be_packed_before_weighing() -> None:
    cooperative = make_seller()
    part = accepted(
        (make_variant_sold_by_weight(cooperative), 2), (make_variant(cooperative, price=50_000), 1)
    )
    other = part.lines.get(estimate_grams=None)

    first = pack_parcel(part_id=part.pk, quantities={other.pk: 1}, actor=PACKER, now=NOW)
    weigh(part, 4600)
    second = pack_parcel(part_id=part.pk, quantities={gourd_line(part).pk: 2}, actor=PACKER, now=NOW)

    assert (first.cod_expected, second.cod_expected) == (50_000, 99_000)
    check_everything()


def test_packed_line_is_weighed_again_only_after_parcel_is_voided() -> None:
    part = accepted()
    weigh(part, 4600)
    parcel = pack(part)

    with assert_refused(LineAlreadyPacked, "line_already_packed"):
        weigh(part, 4700)
    void_parcel(parcel_id=parcel.pk, reason="cân nhầm", actor=PACKER, now=NOW)
    weigh(part, 4700)

    assert pack(part).cod_expected == 100_500
    check_everything()


def test_dispatch_moves_grams_and_collects_weighed_amount() -> None:
    part = accepted()
    weigh(part, 4600)
    parcel = pack(part)
    close_parcel(parcel_id=parcel.pk, actor=PACKER, now=NOW)

    hand_over_parcel(parcel_id=parcel.pk, actor=PACKER, now=NOW)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, actor=PACKER, now=NOW)

    movement = Movement.objects.get(reason=MovementReason.DISPATCH)
    assert (movement.quantity, movement.grams) == (-2, -4600)
    assert Order.objects.get().charged == 99_000
    assert Order.objects.get().charge_coverage == "full"
    check_everything()


def test_weight_and_cash_of_line_in_two_parcels_add_up() -> None:
    part = accepted((make_variant_sold_by_weight(), 3))
    weigh(part, 7001)
    line = gourd_line(part)

    first = pack_parcel(part_id=part.pk, quantities={line.pk: 2}, actor=PACKER, now=NOW)
    second = pack_parcel(part_id=part.pk, quantities={line.pk: 1}, actor=PACKER, now=NOW)

    assert [parcel.lines.get().grams for parcel in (first, second)] == [4667, 2334]
    assert first.cod_expected + second.cod_expected == part.order.parts.get().total_gross == 135_015
    check_everything()


def test_database_refuses_parcel_line_without_weight() -> None:
    part = accepted()
    weigh(part, 4600)
    row = pack(part).lines.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        ParcelLine.objects.filter(pk=row.pk).update(grams=None)


def test_phone_order_by_weight_is_priced_by_its_forced_price() -> None:
    gourd = make_variant_sold_by_weight()
    order = create_draft(channel=make_channel(), source=OrderSource.PHONE, actor=PACKER, now=NOW)
    edit_draft(
        order_id=order.pk,
        lines=[RequestedLine(uuid.uuid4(), gourd.pk, 2, forced_price=30_000)],
        deliveries={gourd.cooperative_id: RequestedDelivery(gourd.cooperative.delivery_methods.get().pk)},
        contact=make_contact(),
        actor=PACKER,
        now=NOW,
    )
    place_draft(order_id=order.pk, consents=frozenset({ConsentPurpose.ORDER}), actor=PACKER, now=NOW)
    part = order.parts.get()
    accept_part(part_id=part.pk, actor=PACKER, now=NOW)

    line = weigh(part, 4000)

    assert (line.list_gross, line.priced_gross, line.total_gross) == (60_000, 50_000, 50_000)
    assert Discount.objects.get().amount == 10_000
    check_everything()


def test_placed_order_ignores_later_changes_of_variant() -> None:
    gourd = make_variant_sold_by_weight()
    part = accepted((gourd, 2))
    type(gourd).objects.update(is_sold_by_weight=False, content_grams=1000, tolerance_percent=0)

    assert weigh(part, 4600).total_gross == 69_000


def ordered_with(discounts: list[RequestedDiscount], quantity: int = 2) -> OrderPart:
    """Return an accepted cash-on-delivery part of gourds and a pillow with these discounts."""
    cooperative = make_seller()
    gourd, pillow = make_variant_sold_by_weight(cooperative), make_variant(cooperative, price=50_000)
    basket = make_basket((gourd, quantity), (pillow, 1))
    deliveries = carrier_deliveries(basket)
    request = replace(
        build_basket_request(basket), deliveries=deliveries, province_code="01", discounts=tuple(discounts)
    )
    quote = build_quote(request, now=NOW)
    order, lines = record_order(
        quote, basket=basket, contact=make_contact(), source=OrderSource.WEB, now=NOW, is_confirmed=True
    )
    allocate_order_stock(lines, quote)
    expect_payment(order, PaymentMethod.COD, now=NOW)
    finish_order_change(order, now=NOW)
    return accept_part(part_id=order.parts.get().pk, actor=PACKER, now=NOW)


def voucher_discount(percent: Decimal | None = None, amount: int | None = None) -> RequestedDiscount:
    terms = DiscountInput(key=uuid.uuid4(), percent=percent, amount=amount)
    return RequestedDiscount(terms, DiscountKind.VOUCHER, CostBearer.PLATFORM, name="Chợ")


def discount_shares(part: OrderPart) -> list[int]:
    shares = DiscountShare.objects.filter(line=gourd_line(part)).order_by("pk")
    return list(shares.values_list("amount", flat=True))


def test_percentage_discount_follows_weight() -> None:
    part = ordered_with([voucher_discount(percent=Decimal(10))])

    line = weigh(part, 4000)

    assert (line.priced_gross, line.total_gross, discount_shares(part)) == (60_000, 54_000, [6_000])
    assert Discount.objects.get().amount == 6_000 + 5_000
    check_everything()


def test_fixed_discount_is_capped_and_restored_with_weight() -> None:
    part = ordered_with([voucher_discount(amount=110_000)])
    agreed = discount_shares(part)

    light = weigh(part, 1600).total_gross, discount_shares(part)
    weigh(part, 4800)

    assert agreed == [64_918]
    assert light == (0, [24_000])
    assert (gourd_line(part).total_gross, discount_shares(part)) == (7_082, [64_918])
    check_everything()


def test_pricing_by_weight_rounds_each_sum_once() -> None:
    agreed = AgreedLine(
        3, 10, 9, Decimal(8), [AgreedDiscountShare("a", 5, False), AgreedDiscountShare("b", 2, True)]
    )

    weighed = price_weighed(agreed, 2)

    assert (weighed.list_total, weighed.priced, weighed.total) == (
        NetAndGross(6, 7),
        NetAndGross(6, 6),
        NetAndGross(0, 0),
    )
    assert weighed.shares == {"b": 1, "a": 5}


discounts = st.lists(
    st.one_of(
        st.builds(voucher_discount, percent=st.decimals(0, 100, places=2)),
        st.builds(voucher_discount, amount=st.integers(0, 200_000)),
    ),
    max_size=3,
)


@pytest.mark.once
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chosen_discounts=discounts,
    quantity=st.integers(1, 4),
    weights=st.lists(st.tuples(st.integers(1, 40_000), st.sampled_from([None, True, False])), max_size=4),
)
def test_totals_hold_for_any_discounts_and_weights(chosen_discounts, quantity, weights) -> None:
    before = transaction.savepoint()
    part = ordered_with(chosen_discounts, quantity)
    agreed = gourd_line(part).total_gross

    for grams, agrees in weights:
        weigh(part, grams, repeated_grams=grams, is_charged_at_bound=agrees is None)
        check_everything()
        if agrees is not None and WeightQuestion.objects.filter(answer="").exists():
            answer(agreed=agrees)
            check_everything()
    weigh(part, gourd_line(part).estimate_grams)

    assert gourd_line(part).total_gross == agreed
    pack(part)
    check_everything()
    transaction.savepoint_rollback(before)
