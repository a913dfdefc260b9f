"""Another product instead of missing items: what is held, asked and charged, and refusals."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from catalog.actions.stock.stock_movements import SoldOut
from catalog.models import Price, Variant
from orders.actions.fulfilment.cancel_parts import cancel_part, cancel_part_as_buyer
from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import LinesNotWeighed, accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.substitute_holds import SubstituteUnanswered
from orders.actions.fulfilment.undo_steps import PackingAlreadyStarted, undo_acceptance
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.refunds.answer_substitute import (
    SubstituteClosed,
    answer_substitute,
    expire_substitute,
    expire_substitutes_task,
)
from orders.actions.refunds.offer_substitute import (
    InvalidSubstituteQuantity,
    SubstituteOffer,
    UnsuitableSubstitute,
    answer_deadline,
    find_substitute_choices,
    offer_substitute,
    withdraw_substitute,
)
from orders.actions.refunds.report_shortage import report_shortage
from orders.models import (
    Allocation,
    CostBearer,
    Discount,
    DiscountKind,
    DiscountShare,
    LedgerAccount,
    LedgerEntry,
    Order,
    OrderLine,
    OrderPart,
    Refund,
    Substitute,
    SubstituteHold,
    ValueType,
)
from orders.states import SubstituteState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change, KeyReused, ShopSettings
from shop.core.states import TransitionNotAllowed
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    get_stock,
    make_order,
    make_seller,
    make_variant,
    make_variant_sold_by_weight,
)
from tests.invariants import check_everything
from tests.orders.refunds.refund_helpers import make_paid_order
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW = {"actor": Actor.system("test"), "now": NOW}
AS_BUYER = {"actor": Actor.guest(), "now": NOW}
LATER = NOW + datetime.timedelta(hours=5)


class Case:
    """An accepted part: four of one item at 100,000 and two of another at 50,000, delivery 30,000, in cash.

    The cooperative has ten of a third product at `price`.
    """

    def __init__(self, price: int = 80_000, *, commission: int = 0, **fields) -> None:
        self.seller = make_seller(commission=commission)
        first = make_variant(self.seller, name="Miến dong", price=100_000)
        second = make_variant(self.seller, name="Gừng", price=50_000)
        self.variant = make_variant(self.seller, name="Bún khô", price=price, **fields)
        self.part = accept_part(part_id=make_order((first, 4), (second, 2)).parts.get().pk, **ACTOR_AND_NOW)
        self.line, self.other = self.part.lines.order_by("position")

    @property
    def order(self) -> Order:
        return Order.objects.get(pk=self.part.order_id)

    def offer(self, quantity: int = 2, count: int = 2, **options) -> Substitute:
        offer = SubstituteOffer(
            options.pop("line", self.line).pk, quantity, options.pop("variant", self.variant).pk, count
        )
        return offer_substitute(part_id=self.part.pk, offer=offer, **ACTOR_AND_NOW | options)

    def answer(self, is_agreed: bool, **options) -> Substitute:
        substitute = Substitute.objects.get()
        return answer_substitute(substitute_id=substitute.pk, is_agreed=is_agreed, **AS_BUYER | options)


def test_offer_holds_stock_asks_buyer_and_blocks_line() -> None:
    case = Case()

    substitute = case.offer()

    assert (substitute.replaced_gross, substitute.total_gross) == (200_000, 160_000)
    assert substitute.answer_by == NOW + datetime.timedelta(hours=4)
    assert (get_stock(case.variant).allocated, get_stock(case.line.variant).allocated) == (2, 4)
    assert case.order.current_total_gross == 530_000
    notification = Notification.objects.get(key__startswith="substitute_offered")
    assert "HTX Thiên An không có 2 chiếc Miến dong trong đơn này" in notification.text
    assert "đề nghị gửi 2 chiếc Bún khô thay vào." in notification.text
    assert "Trả 160.000" in notification.text
    assert "thay vì 200.000" in notification.text
    with assert_refused(SubstituteUnanswered, "substitute_unanswered"):
        pack_parcel(part_id=case.part.pk, quantities={case.line.pk: 1}, **ACTOR_AND_NOW)
    with assert_refused(SubstituteUnanswered, "substitute_unanswered"):
        report_shortage(part_id=case.part.pk, available={case.line.pk: 3}, **ACTOR_AND_NOW)
    with assert_refused(SubstituteUnanswered, "substitute_unanswered"):
        case.offer(1, 1)
    with assert_refused(PackingAlreadyStarted, "packing_already_started"):
        undo_acceptance(part_id=case.part.pk, reason="nhầm", **ACTOR_AND_NOW)
    check_everything()
    assert (
        pack_parcel(part_id=case.part.pk, quantities={case.other.pk: 2}, **ACTOR_AND_NOW).cod_expected
        == 100_000
    )


def test_cheaper_substitute_lowers_what_is_due() -> None:
    case = Case(commission=10)
    case.offer()

    substitute = case.answer(True)

    line = substitute.new_line
    assert line is not None
    assert (line.product_name, line.quantity, line.unit_price, line.total_gross) == (
        "Bún khô",
        2,
        80_000,
        160_000,
    )
    assert (line.commission_rate, line.commission, line.part_id) == (Decimal(10), 16_000, case.part.pk)
    order = case.order
    part = order.parts.get()
    assert (order.total_gross, part.goods_gross, part.commission) == (690_000, 660_000, 66_000)
    assert order.total_gross == sum(row.total_gross for row in order.lines.all()) + part.delivery_gross
    assert order.current_total_gross == 490_000
    assert [get_stock(row.variant).allocated for row in (case.line, line)] == [2, 2]
    assert Allocation.objects.get(line=line).quantity == 2
    assert not SubstituteHold.objects.exists()
    refund = Refund.objects.get()
    assert (refund.amount, refund.substitute_total, refund.repayment, refund.bearer) == (
        200_000,
        160_000,
        0,
        "cooperative",
    )
    assert not Notification.objects.filter(key__startswith="refund_decided").exists()
    assert "người mua đồng ý" in Notification.objects.get(key__startswith="substitute_answered").text
    assert [*Change.objects.filter(action__startswith="substitute").values_list("action", flat=True)] == [
        "substitute.offered",
        "substitute.accepted",
    ]
    check_everything()


def test_delivered_substitute_is_earned_and_collected() -> None:
    case = Case(commission=10)
    case.offer()
    line = case.answer(True).new_line
    assert line is not None

    quantities = {case.line.pk: 2, case.other.pk: 2, line.pk: 2}
    parcel = pack_parcel(part_id=case.part.pk, quantities=quantities, **ACTOR_AND_NOW)
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, **ACTOR_AND_NOW)

    parcel.refresh_from_db()
    order = case.order
    assert (parcel.cod_collected, order.status, order.charge_coverage) == (490_000, "delivered", "full")
    commission = LedgerEntry.objects.filter(account=LedgerAccount.COMMISSION)
    assert -sum(commission.values_list("amount", flat=True)) == 46_000
    assert [get_stock(row.variant).on_hand for row in (case.line, line)] == [8, 8]
    check_everything()


def test_cooperative_bears_what_a_dearer_substitute_costs_more() -> None:
    case = Case(price=130_000)
    case.offer()

    line = case.answer(True).new_line

    assert line is not None
    assert (line.list_gross, line.priced_gross, line.total_gross) == (260_000, 260_000, 200_000)
    discount = Discount.objects.get(shares__line=line)
    assert (discount.kind, discount.bearer, discount.amount) == (DiscountKind.MANUAL, "cooperative", 60_000)
    assert discount.reason == "The cooperative bears the extra cost of the substitute."
    assert case.order.current_total_gross == 530_000
    assert Refund.objects.get().net_reduction == 0
    check_everything()


def test_discount_that_the_platform_bears_stays_with_the_substitute() -> None:
    case = Case()
    discount = Discount.objects.create(
        order=case.order,
        kind=DiscountKind.VOUCHER,
        value_type=ValueType.PERCENTAGE,
        value=10,
        amount=40_000,
        currency="VND",
        name="Mừng phiên mới",
        bearer=CostBearer.PLATFORM,
    )
    DiscountShare.objects.create(discount=discount, line=case.line, amount=40_000)
    OrderLine.objects.filter(pk=case.line.pk).update(total_net=360_000, total_gross=360_000)
    OrderPart.objects.filter(pk=case.part.pk).update(
        goods_net=460_000, goods_gross=460_000, total_net=490_000, total_gross=490_000
    )

    substitute = case.offer()
    line = case.answer(True).new_line

    assert (substitute.replaced_gross, substitute.total_gross) == (180_000, 144_000)
    assert line is not None
    share = DiscountShare.objects.select_related("discount").get(line=line)
    assert (share.amount, share.discount.bearer, share.discount.name) == (
        16_000,
        "platform",
        "Mừng phiên mới",
    )
    assert line.total_gross == 144_000


def test_paid_buyer_gets_the_difference_back() -> None:
    order = make_paid_order(100_000)
    part = accept_part(part_id=order.parts.get().pk, **ACTOR_AND_NOW)
    cheaper = make_variant(part.cooperative, price=90_000)
    offer = SubstituteOffer(part.lines.get().pk, 2, cheaper.pk, 2)
    substitute = offer_substitute(part_id=part.pk, offer=offer, **ACTOR_AND_NOW)

    answer_substitute(substitute_id=substitute.pk, is_agreed=True, **AS_BUYER)

    order.refresh_from_db()
    refund = Refund.objects.get()
    assert (order.current_total_gross, order.charged) == (210_000, 230_000)
    assert (refund.amount, refund.repayment, refund.payouts.get().amount) == (200_000, 20_000, 20_000)
    notification = Notification.objects.get(key__startswith="refund_decided")
    assert "20.000" in notification.subject
    check_everything()


def test_rejected_substitute_is_a_shortage() -> None:
    case = Case()
    case.offer()

    case.answer(False)

    assert (case.order.current_total_gross, get_stock(case.variant).allocated) == (330_000, 0)
    assert get_stock(case.line.variant).allocated == 2
    notification = Notification.objects.get(key__startswith="refund_decided")
    assert "Hợp tác xã không đủ số hàng đã đặt." in notification.text
    check_everything()
    assert pack_parcel(part_id=case.part.pk, quantities={case.line.pk: 2}, **ACTOR_AND_NOW).pk


def test_offer_expires_after_the_time_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    ShopSettings.objects.update_or_create(pk=1, defaults={"substitute_answer_hours": 2})
    case = Case()
    substitute = case.offer()
    assert substitute.answer_by == NOW + datetime.timedelta(hours=2)
    system = Actor.system("test")

    expire_substitute(substitute_id=substitute.pk, actor=system, now=NOW + datetime.timedelta(minutes=119))
    assert Substitute.objects.get().state == SubstituteState.WAITING
    with assert_refused(SubstituteClosed, "substitute_closed"):
        case.answer(True, now=LATER)
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATER)
    expire_substitutes_task()
    expire_substitutes_task()

    assert Substitute.objects.get().state == SubstituteState.EXPIRED
    assert (case.order.current_total_gross, Refund.objects.count()) == (330_000, 1)
    assert get_stock(case.variant).allocated == 0
    check_everything()


def test_rejected_substitute_of_the_last_line_cancels_the_part() -> None:
    seller = make_seller()
    first, second = make_variant(seller, price=100_000), make_variant(seller, price=90_000)
    part = accept_part(part_id=make_order((first, 1)).parts.get().pk, **ACTOR_AND_NOW)
    offer = SubstituteOffer(part.lines.get().pk, 1, second.pk, 1)
    substitute = offer_substitute(part_id=part.pk, offer=offer, **ACTOR_AND_NOW)

    answer_substitute(substitute_id=substitute.pk, is_agreed=False, **AS_BUYER)

    part.refresh_from_db()
    assert (part.state, part.end_reason) == (
        "cancelled",
        "The cooperative has fewer of these items than you ordered.",
    )
    assert (get_stock(first).allocated, get_stock(second).allocated) == (0, 0)
    assert Substitute.objects.get().state == SubstituteState.REJECTED
    check_everything()


def test_accepted_substitute_of_the_only_line_is_all_that_is_sent() -> None:
    seller = make_seller()
    first, second = make_variant(seller, price=100_000), make_variant(seller, price=90_000)
    part = accept_part(part_id=make_order((first, 1)).parts.get().pk, **ACTOR_AND_NOW)
    offer = SubstituteOffer(part.lines.get().pk, 1, second.pk, 1)
    substitute = offer_substitute(part_id=part.pk, offer=offer, **ACTOR_AND_NOW)

    line = answer_substitute(substitute_id=substitute.pk, is_agreed=True, **AS_BUYER).new_line

    assert line is not None
    parcel = pack_parcel(part_id=part.pk, quantities={line.pk: 1}, **ACTOR_AND_NOW)
    assert parcel.cod_expected == 120_000
    check_everything()


@pytest.mark.parametrize("cancel", [cancel_part, cancel_part_as_buyer])
def test_cancelled_part_withdraws_its_offers(cancel) -> None:
    case = Case()
    case.offer()

    cancel(part_id=case.part.pk, reason="khách gọi", **ACTOR_AND_NOW)

    assert Substitute.objects.get().state == SubstituteState.WITHDRAWN
    assert (get_stock(case.variant).allocated, SubstituteHold.objects.count()) == (0, 0)
    with assert_refused(SubstituteClosed, "substitute_closed"):
        case.answer(True)
    check_everything()


def test_withdrawn_offer_lets_line_be_packed() -> None:
    case = Case()
    substitute = case.offer()

    for _attempt in range(2):
        withdraw_substitute(substitute_id=substitute.pk, idempotency_key="w", **ACTOR_AND_NOW)

    assert get_stock(case.variant).allocated == 0
    assert Notification.objects.filter(key__startswith="substitute_withdrawn").count() == 1
    assert Change.objects.filter(action="substitute.withdrawn").count() == 1
    assert case.order.current_total_gross == 530_000
    check_everything()
    pack_parcel(part_id=case.part.pk, quantities={case.line.pk: 4}, **ACTOR_AND_NOW)
    with assert_refused(SubstituteClosed, "substitute_closed"):
        case.answer(True)
    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        withdraw_substitute(substitute_id=substitute.pk, **ACTOR_AND_NOW)


def test_repeats_change_nothing() -> None:
    case = Case()

    assert case.offer(idempotency_key="o").pk == case.offer(idempotency_key="o").pk
    for _attempt in range(2):
        case.answer(True)

    assert (Substitute.objects.count(), Refund.objects.count(), case.order.lines.count()) == (1, 1, 3)
    assert case.order.current_total_gross == 490_000
    with assert_refused(SubstituteClosed, "substitute_closed"):
        case.answer(False)
    other = Case()
    with assert_refused(KeyReused, "key_reused"):
        other.offer(idempotency_key="o")


def test_unsuitable_offers_are_refused() -> None:
    case = Case()
    foreign = make_variant(make_seller("HTX Tài Hoan"))
    unpriced = make_variant(case.seller)
    Price.objects.filter(variant=unpriced).update(amount=None)

    for variant in (foreign, unpriced, case.line.variant, Variant(pk=0)):
        with assert_refused(UnsuitableSubstitute, "unsuitable_substitute"):
            case.offer(variant=variant)
    with assert_refused(UnsuitableSubstitute, "unsuitable_substitute"):
        case.offer(count=51)
    for quantity, count in ((0, 1), (5, 1), (1, 0), (-1, 1)):
        with assert_refused(InvalidSubstituteQuantity, "invalid_substitute_quantity"):
            case.offer(quantity, count)
    with assert_refused(SoldOut, "sold_out"):
        case.offer(count=11)
    with assert_refused(Missing, "missing"):
        case.offer(line=OrderLine(pk=uuid.uuid4()))
    with assert_refused(Missing, "missing"):
        answer_substitute(substitute_id=uuid.uuid4(), is_agreed=True, **AS_BUYER)


def test_offer_before_acceptance_is_refused() -> None:
    seller = make_seller()
    part = make_order((make_variant(seller), 2)).parts.get()
    offer = SubstituteOffer(part.lines.get().pk, 1, make_variant(seller).pk, 1)

    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        offer_substitute(part_id=part.pk, offer=offer, **ACTOR_AND_NOW)


def test_line_sold_by_weight_is_replaced_as_a_whole_before_it_is_weighed() -> None:
    seller = make_seller()
    gourd, other = make_variant_sold_by_weight(seller), make_variant(seller, price=30_000)
    part = accept_part(part_id=make_order((gourd, 2)).parts.get().pk, **ACTOR_AND_NOW)
    line = part.lines.get()

    with assert_refused(LinesNotWeighed, "lines_not_weighed"):
        offer_substitute(part_id=part.pk, offer=SubstituteOffer(line.pk, 1, other.pk, 1), **ACTOR_AND_NOW)
    substitute = offer_substitute(
        part_id=part.pk, offer=SubstituteOffer(line.pk, 2, other.pk, 2), **ACTOR_AND_NOW
    )
    with assert_refused(SubstituteUnanswered, "substitute_unanswered"):
        weigh_line(part_id=part.pk, line_id=line.pk, grams=4_600, **ACTOR_AND_NOW)
    answer_substitute(substitute_id=substitute.pk, is_agreed=True, **AS_BUYER)

    order = Order.objects.get()
    line.refresh_from_db()
    assert order.current_total_gross == 90_000
    assert not line.is_to_weigh
    check_everything()


def test_substitute_sold_by_weight_costs_no_more_than_agreed() -> None:
    case = Case()
    gourd = make_variant_sold_by_weight(case.seller, price=96_000)

    substitute = case.offer(1, 1, variant=gourd)
    line = case.answer(True).new_line

    assert (substitute.replaced_gross, substitute.total_gross) == (100_000, 96_000)
    assert line is not None
    assert (line.estimate_grams, line.bound_grams, line.bound_gross) == (2400, 2500, 100_000)
    check_everything()
    weigh_line(part_id=case.part.pk, line_id=line.pk, grams=2_700, is_charged_at_bound=True, **ACTOR_AND_NOW)
    line.refresh_from_db()
    assert line.total_gross <= 100_000
    check_everything()


def test_none_of_an_unweighed_line_can_be_reported_missing() -> None:
    seller = make_seller()
    gourd, other = make_variant_sold_by_weight(seller), make_variant(seller, price=50_000)
    part = accept_part(part_id=make_order((gourd, 2), (other, 1)).parts.get().pk, **ACTOR_AND_NOW)
    line = part.lines.get(variant=gourd)

    report_shortage(part_id=part.pk, available={line.pk: 0}, **ACTOR_AND_NOW)

    line.refresh_from_db()
    assert Order.objects.get().current_total_gross == 80_000
    assert not line.is_to_weigh
    check_everything()


def test_buyer_answers_in_time_to_pack_before_a_pickup() -> None:
    day = datetime.date(2026, 11, 24)
    part = OrderPart(pickup_day=day, pickup_starts=datetime.time(14))  # four hours from NOW
    soon = OrderPart(pickup_day=day, pickup_starts=datetime.time(11))

    assert answer_deadline(part, now=NOW, hours=4) == NOW + datetime.timedelta(hours=2)
    assert answer_deadline(soon, now=NOW, hours=4) == NOW + datetime.timedelta(minutes=30)
    assert answer_deadline(OrderPart(), now=NOW, hours=4) == NOW + datetime.timedelta(hours=4)


def test_choices_are_own_variants_in_stock(django_assert_num_queries) -> None:
    case = Case()
    make_variant(case.seller, name="Hết hàng", on_hand=0)
    make_variant(make_seller("HTX Tài Hoan"))

    with django_assert_num_queries(5):
        choices = find_substitute_choices(case.part)

    assert [(choice.variant.product.name, choice.unit_price, choice.free) for choice in choices] == [
        ("Bún khô", 80_000, 10),
        ("Gừng", 50_000, 8),
        ("Miến dong", 100_000, 6),
    ]


def test_database_refuses_a_second_waiting_offer_and_a_dearer_one() -> None:
    case = Case()
    substitute = case.offer()

    with pytest.raises(IntegrityError, match=r"substitute_one_waiting|UNIQUE"), transaction.atomic():
        Substitute.objects.bulk_create([_copy_of(substitute)])
    with pytest.raises(IntegrityError, match="substitute_costs_no_more"), transaction.atomic():
        Substitute.objects.filter(pk=substitute.pk).update(total_gross=200_001)


def _copy_of(substitute: Substitute) -> Substitute:
    copied = Substitute.objects.get(pk=substitute.pk)
    copied.pk = uuid.uuid4()
    return copied
