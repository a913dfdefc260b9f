"""Buyers take a line off the order that weighs more than agreed."""

from __future__ import annotations

import pytest

from catalog.models import Stock
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.fulfilment.weigh_lines import (
    WeightQuestionClosed,
    answer_weight_question,
    weigh_line,
)
from orders.actions.refunds.remove_overweight_line import remove_overweight_line
from orders.models import OrderPart, PaymentMethod, Refund, WeightQuestion
from orders.states import CANCELLED_BY_BUYER, PartState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    make_bank_account,
    make_order,
    make_seller,
    make_variant,
    make_variant_sold_by_weight,
    unknown_uuid,
)
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfer_helpers import receive_transfer
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
PACKER = Actor.system("test")


def part_with_question(*, has_other_line: bool = True, **options) -> tuple[OrderPart, WeightQuestion]:
    """Return an accepted part whose two gourds weigh 6 kg where 5.76 kg were agreed."""
    seller = make_seller()
    lines = [(make_variant_sold_by_weight(cooperative=seller), 2)]
    if has_other_line:
        lines.append((make_variant(cooperative=seller), 1))
    order = make_order(*lines, **options)
    if options:
        receive_transfer(order.code, order.total_gross, booked_at=NOW, now=NOW)
    part = order.parts.get()
    accept_part(part_id=part.pk, actor=PACKER, now=NOW)
    gourds = part.lines.get(estimate_grams__isnull=False)
    weigh_line(part_id=part.pk, line_id=gourds.pk, grams=6000, actor=PACKER, now=NOW)
    return part, WeightQuestion.objects.get()


def remove(question: WeightQuestion) -> WeightQuestion:
    return remove_overweight_line(question_id=question.pk, actor=Actor.guest(), now=NOW)


def test_removed_line_is_neither_charged_nor_packed() -> None:
    part, question = part_with_question()
    gourds, other = part.lines.order_by("position")

    removed = remove(question)

    part.refresh_from_db()
    assert (removed.answer, part.state) == ("removed", PartState.ACCEPTED)
    assert part.order.current_total_gross == other.total_gross + part.delivery_gross
    assert Refund.objects.get().amount == gourds.total_gross == 72_000
    assert not gourds.allocations.exists()
    parcel = pack_parcel(part_id=part.pk, quantities={other.pk: 1}, actor=PACKER, now=NOW)
    assert parcel.cod_expected == part.order.current_total_gross
    assert "bỏ món này khỏi đơn" in Notification.objects.get(key__startswith="weight_answered:").text
    check_everything()


def test_removing_the_only_line_cancels_part_with_its_delivery() -> None:
    part, question = part_with_question(has_other_line=False)

    remove(question)

    part.refresh_from_db()
    assert (part.state, part.end_reason) == (PartState.CANCELLED, CANCELLED_BY_BUYER)
    assert part.order.current_total_gross == 0
    assert set(Stock.objects.values_list("allocated", flat=True)) == {0}
    assert not Notification.objects.filter(key__startswith="weight_answered:").exists()
    check_everything()


def test_paid_money_of_removed_line_is_repaid() -> None:
    make_bank_account()
    part, question = part_with_question(method=PaymentMethod.TRANSFER)

    remove(question)

    assert Refund.objects.get().repayment == 72_000
    part.order.refresh_from_db()
    assert part.order.charged - part.order.current_total_gross == 72_000
    check_everything()


def test_repeated_removal_acts_once_and_other_answers_are_refused() -> None:
    _part, question = part_with_question()
    remove(question)

    remove(question)

    assert Change.objects.filter(action="line.weight_removed").count() == 1
    with assert_refused(WeightQuestionClosed, "weight_question_closed"):
        answer_weight_question(question_id=question.pk, is_agreed=True, actor=Actor.guest(), now=NOW)


def test_line_with_answered_question_is_not_removed() -> None:
    _part, question = part_with_question()
    answer_weight_question(question_id=question.pk, is_agreed=True, actor=Actor.guest(), now=NOW)

    with assert_refused(WeightQuestionClosed, "weight_question_closed"):
        remove(question)


def test_removal_for_unknown_question_is_missing() -> None:
    with assert_refused(Missing, "missing"):
        remove_overweight_line(question_id=unknown_uuid(), actor=Actor.guest(), now=NOW)
