"""Complaints: who may file them, their deadline and largest amount; answers, replacements and escalation."""

from __future__ import annotations

import datetime

import pytest

from catalog.actions.stock.stock_movements import SoldOut, count_stock
from catalog.models import Product
from orders.actions.complaints.add_to_complaint import (
    ComplaintAlreadyAnswered,
    EmptyAddition,
    TooManyAdditions,
    add_to_complaint,
)
from orders.actions.complaints.answer_complaint import (
    EmptyRemedy,
    Remedy,
    RemedyExceedsComplaint,
    accept_complaint,
    reject_complaint,
)
from orders.actions.complaints.file_complaint import (
    ComplaintAlreadyOpen,
    ComplaintExceedsDelivered,
    ComplaintPeriodOver,
    ComplaintTextRequired,
    EmptyComplaint,
    TooManyComplaintPictures,
    escalate_complaints_task,
    find_delivered_lines,
    submit_complaint,
    withdraw_complaint,
)
from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import close_parcel
from orders.actions.fulfilment.parcel_returns import receive_return
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.actions.refunds.refund_decisions import LineRefund, RefundDecision
from orders.models import Complaint, CostBearer, OrderPart, Parcel, Refund, RequestedRemedy
from orders.states import ComplaintState, OrderStatus, ParcelKind, ParcelState, Progress
from shop.core.actors import Actor, ActorKind, EntryPoint
from shop.core.errors import Missing, ReasonRequired
from shop.core.models import Change, KeyReused, Picture, ShopSettings
from shop.core.states import TransitionNotAllowed
from shop.notifications.models import Notification
from tests.factories import get_stock, make_order, make_variant, unknown_uuid
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfer_helpers import LATER
from tests.orders.refunds.refund_helpers import ACTOR_AND_NOW, deliver_order, get_first_line, pack_open_lines
from tests.refusals import assert_refused
from tests.row_reuse import reuse_rows

pytestmark = pytest.mark.django_db
BUYER = Actor.guest()
MEMBER = Actor(ActorKind.SYSTEM, EntryPoint.MEMBERS, name="member")
# LATER is 11:00 on 24 November in Vietnam; the seventh day after it ends with 1 December.
PERIOD_END = datetime.datetime(2026, 12, 1, 16, 59, 59, tzinfo=datetime.UTC)
SECOND = datetime.timedelta(seconds=1)


@reuse_rows
def delivered_part(**fields) -> OrderPart:
    """Return a part with five units, delivered at LATER and paid in cash."""
    return deliver_order(make_order((make_variant(price=45_000, on_hand=20, **fields), 5)))


def file_complaint(part: OrderPart, count: int = 2, **fields) -> Complaint:
    values = {
        "quantities": {get_first_line(part).pk: count},
        "text": "Hai quả dập.",
        "actor": BUYER,
        "now": LATER,
    }
    return submit_complaint(part_id=part.pk, **(values | fields))


def accept(complaint: Complaint, *, actor: Actor = MEMBER, **remedy) -> Complaint:
    return accept_complaint(complaint_id=complaint.pk, remedy=Remedy(**remedy), actor=actor, now=LATER)


def refund_of(part: OrderPart, amount: int, **fields) -> RefundDecision:
    lines = {get_first_line(part).pk: LineRefund(amount, **fields)}
    return RefundDecision(CostBearer.PLATFORM, "Hàng dập", lines, is_received=False)


def test_complaint_is_saved_and_cooperative_notified() -> None:
    part = delivered_part()

    complaint = file_complaint(part, requested_remedy=RequestedRemedy.REPLACEMENT)

    assert (complaint.state, complaint.requested_remedy, complaint.text) == (
        "open",
        "replacement",
        "Hai quả dập.",
    )
    assert complaint.due_by == PERIOD_END
    assert list(complaint.lines.values_list("order_line", "quantity")) == [(get_first_line(part).pk, 2)]
    notification = Notification.objects.get(key__startswith="complaint_made")
    assert notification.recipient == part.cooperative.email
    assert "Hai quả dập." in notification.text
    assert Change.objects.of_row_and_parts(part.order).filter(action="complaint.filed").count() == 1


@pytest.mark.parametrize(
    ("fields", "kind", "code"),
    [
        ({"quantities": {}}, EmptyComplaint, "empty_complaint"),
        ({"text": " "}, ComplaintTextRequired, "complaint_text_required"),
        ({"quantities": {unknown_uuid(): 1}}, Missing, "missing"),
    ],
)
def test_incomplete_complaint_is_refused(fields, kind, code) -> None:
    part = delivered_part()

    with assert_refused(kind, code):
        file_complaint(part, **fields)


def test_complaint_cannot_exceed_delivered_quantity() -> None:
    part = delivered_part()
    undelivered_part = make_order((make_variant(price=45_000), 1)).parts.get()

    with assert_refused(ComplaintExceedsDelivered, "complaint_exceeds_delivered"):
        file_complaint(part, 6)
    with assert_refused(ComplaintExceedsDelivered, "complaint_exceeds_delivered"):
        file_complaint(undelivered_part, 1)


def test_at_most_four_photos_are_accepted() -> None:
    part = delivered_part()
    pictures = [Picture.objects.create(original=f"{n}.jpg") for n in range(5)]

    with assert_refused(TooManyComplaintPictures, "too_many_complaint_pictures"):
        file_complaint(part, pictures=pictures)
    assert file_complaint(part, pictures=pictures[:4]).pictures.count() == 4


def test_complaint_period_ends_at_midnight_in_vietnam() -> None:
    part = delivered_part()

    with assert_refused(ComplaintPeriodOver, "complaint_period_over") as refusal:
        file_complaint(part, now=PERIOD_END + SECOND)
    assert refusal.value.details["until"] == PERIOD_END + SECOND
    assert file_complaint(part, now=PERIOD_END).created_at == PERIOD_END


def test_product_can_extend_but_not_shorten_complaint_period() -> None:
    ShopSettings.objects.update_or_create(pk=1, defaults={"complaint_days": 3})
    variant = make_variant(price=45_000, on_hand=20)
    day = datetime.timedelta(days=1)
    ends = []
    for return_days in (0, 2, 10):
        Product.objects.update(return_days=return_days)
        ends.append(find_delivered_lines(deliver_order(make_order((variant, 1))))[0].until)

    assert ends == [
        PERIOD_END + SECOND - 4 * day,
        PERIOD_END + SECOND - 4 * day,
        PERIOD_END + SECOND + 3 * day,
    ]


def test_order_line_keeps_return_days_of_placement() -> None:
    variant = make_variant(price=45_000, on_hand=20)
    Product.objects.update(return_days=10)
    order = make_order((variant, 1))
    Product.objects.update(return_days=0)

    assert order.lines.get().return_days == 10


def test_second_open_complaint_is_refused() -> None:
    part = delivered_part()
    first = file_complaint(part)

    with assert_refused(ComplaintAlreadyOpen, "complaint_already_open"):
        file_complaint(part, 1)
    withdraw_complaint(complaint_id=first.pk, actor=BUYER, now=LATER)
    withdraw_complaint(complaint_id=first.pk, actor=BUYER, now=LATER)
    second = file_complaint(part, 1)

    first.refresh_from_db()
    assert (first.state, second.state) == (ComplaintState.WITHDRAWN, ComplaintState.OPEN)


def test_repeated_key_files_one_complaint() -> None:
    part, other = delivered_part(), delivered_part()

    assert file_complaint(part, idempotency_key="a") == file_complaint(part, idempotency_key="a")
    with assert_refused(KeyReused, "key_reused"):
        file_complaint(other, idempotency_key="a")


def test_refund_accepted_by_member_is_borne_by_cooperative() -> None:
    part = delivered_part()
    complaint = file_complaint(part)

    accept(complaint, refund=refund_of(part, 90_000))

    complaint.refresh_from_db()
    refund = Refund.objects.get()
    assert (complaint.state, refund.complaint, refund.bearer) == ("accepted", complaint, "cooperative")
    assert refund.repayment == 90_000
    notification = Notification.objects.get(key__startswith="complaint_answered", contact_method="email")
    assert notification.recipient == "hoa@example.com"
    check_everything()


def test_platform_chooses_who_bears_refund() -> None:
    part = delivered_part()

    accept(file_complaint(part), actor=ACTOR_AND_NOW["actor"], refund=refund_of(part, 90_000))

    assert Refund.objects.get().bearer == "platform"
    assert Notification.objects.filter(key__startswith="complaint_decided").count() == 1
    check_everything()


def test_replacement_is_free_and_keeps_stock_and_progress_correct() -> None:
    part = delivered_part()
    line, variant = get_first_line(part), get_first_line(part).variant
    complaint = file_complaint(part)
    assert (get_stock(variant).on_hand, get_stock(variant).allocated) == (15, 0)

    accept(complaint, replaced={line.pk: 2})

    parcel = complaint.parcels.get()
    assert (parcel.kind, parcel.state, parcel.cod_expected) == (ParcelKind.REPLACEMENT, "packing", 0)
    assert get_stock(variant).allocated == 2
    assert read_unpacked_quantities([line]) == {line.pk: 0}
    assert list(OrderPart.objects.to_pack()) == [part]
    check_everything()
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=False, **ACTOR_AND_NOW)
    part.refresh_from_db()
    part.order.refresh_from_db()
    assert (part.progress, part.order.status) == (Progress.DELIVERED, OrderStatus.DELIVERED)
    assert (get_stock(variant).on_hand, get_stock(variant).allocated) == (13, 0)
    assert part.order.charged == part.order.current_total_gross == 255_000
    assert list(OrderPart.objects.to_pack()) == []
    check_everything()


@pytest.mark.parametrize("closed", [False, True])
def test_voided_replacement_releases_its_allocation(closed) -> None:
    part = delivered_part()
    variant = get_first_line(part).variant
    complaint = file_complaint(part)
    accept(complaint, replaced={get_first_line(part).pk: 2})
    parcel = complaint.parcels.get()
    if closed:
        close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
        hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)

    void_parcel(parcel_id=parcel.pk, reason="Gửi nhầm", **ACTOR_AND_NOW)

    assert (get_stock(variant).on_hand, get_stock(variant).allocated) == (15, 0)
    check_everything()


def test_sold_out_item_cannot_be_replaced() -> None:
    part = delivered_part()
    variant = get_first_line(part).variant
    count_stock(
        cooperative=part.cooperative,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        counted_quantity=1,
        **ACTOR_AND_NOW,
    )
    complaint = file_complaint(part)

    with assert_refused(SoldOut, "sold_out"):
        accept(complaint, replaced={get_first_line(part).pk: 2})


def test_part_stays_delivered_after_exchange() -> None:
    part = delivered_part()
    line = get_first_line(part)
    complaint = file_complaint(part)

    accept(complaint, replaced={line.pk: 2}, returned={line.pk: 2})

    return_parcel = complaint.parcels.get(kind=ParcelKind.RETURN)
    assert return_parcel.state == ParcelState.HANDED_OVER
    warehouse_id = get_stock(line.variant).warehouse_id
    receive_return(
        parcel_id=return_parcel.pk, damaged={line.pk: 1}, warehouse_id=warehouse_id, **ACTOR_AND_NOW
    )
    replacement = complaint.parcels.get(kind=ParcelKind.REPLACEMENT)
    close_parcel(parcel_id=replacement.pk, **ACTOR_AND_NOW)
    hand_over_parcel(parcel_id=replacement.pk, **ACTOR_AND_NOW)
    deliver_parcel(parcel_id=replacement.pk, is_cash_collected=False, **ACTOR_AND_NOW)
    part.refresh_from_db()
    assert part.progress == Progress.DELIVERED
    assert get_stock(line.variant).on_hand == 14
    check_everything()


def test_remedy_must_not_be_empty_or_exceed_complaint() -> None:
    part = delivered_part()
    complaint = file_complaint(part)

    with assert_refused(EmptyRemedy, "empty_remedy"):
        accept(complaint)
    with assert_refused(RemedyExceedsComplaint, "remedy_exceeds_complaint"):
        accept(complaint, replaced={get_first_line(part).pk: 3})


def test_rejection_requires_reason_and_notifies_buyer() -> None:
    complaint = file_complaint(delivered_part())

    with assert_refused(ReasonRequired, "reason_required"):
        reject_complaint(complaint_id=complaint.pk, reason=" ", actor=MEMBER, now=LATER)
    reject_complaint(complaint_id=complaint.pk, reason="Ảnh không phải hàng này", actor=MEMBER, now=LATER)

    complaint.refresh_from_db()
    assert (complaint.state, complaint.answer) == ("rejected", "Ảnh không phải hàng này")
    notification = Notification.objects.get(key__startswith="complaint_answered", contact_method="email")
    assert "Ảnh không phải hàng này" in notification.text


def test_only_platform_can_accept_rejected_complaint() -> None:
    part = delivered_part()
    complaint = file_complaint(part)
    reject_complaint(complaint_id=complaint.pk, reason="Không", actor=MEMBER, now=LATER)

    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        accept(complaint, refund=refund_of(part, 1_000))
    accept(complaint, actor=ACTOR_AND_NOW["actor"], refund=refund_of(part, 1_000))

    complaint.refresh_from_db()
    assert complaint.state == ComplaintState.ACCEPTED


def test_answered_complaint_cannot_be_answered_or_withdrawn() -> None:
    part = delivered_part()
    complaint = file_complaint(part)
    accept(complaint, refund=refund_of(part, 1_000))

    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        accept(complaint, refund=refund_of(part, 1_000))
    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        reject_complaint(complaint_id=complaint.pk, reason="Không", actor=MEMBER, now=LATER)
    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        withdraw_complaint(complaint_id=complaint.pk, actor=BUYER, now=LATER)


def test_repeated_answer_refunds_once() -> None:
    part = delivered_part()
    complaint = file_complaint(part)

    for _time in range(2):
        accept_complaint(
            complaint_id=complaint.pk,
            remedy=Remedy(refund=refund_of(part, 1_000)),
            idempotency_key="a",
            actor=MEMBER,
            now=LATER,
        )

    assert Refund.objects.count() == 1


def test_overdue_complaint_is_escalated_to_platform_once(monkeypatch) -> None:
    ShopSettings.objects.update_or_create(pk=1, defaults={"operator_email": "cho@example.com"})
    complaint = file_complaint(delivered_part())
    due_by = complaint.due_by
    for now in (due_by - SECOND, due_by, due_by + SECOND):
        monkeypatch.setattr("django.utils.timezone.now", lambda now=now: now)
        escalate_complaints_task()

    notification = Notification.objects.get(key__startswith="complaint-overdue")
    assert (notification.recipient, notification.created_at) == ("cho@example.com", due_by)
    complaint.refresh_from_db()
    assert complaint.escalated_at == due_by


def test_replacement_does_not_change_cash_expected_of_dispatch_parcels() -> None:
    """Only dispatch parcels count towards the cash expected of the remaining parcel."""
    order = make_order((make_variant(price=45_000, on_hand=20), 5))
    part = order.parts.get()
    line = get_first_line(part)
    first = pack_open_lines(part, {line.pk: 3})
    hand_over_parcel(parcel_id=first.pk, **ACTOR_AND_NOW)
    deliver_parcel(parcel_id=first.pk, is_cash_collected=True, **ACTOR_AND_NOW)
    accept(file_complaint(part), replaced={line.pk: 2})

    second = pack_open_lines(OrderPart.objects.get(pk=part.pk))

    assert [parcel.cod_expected for parcel in (first, second)] == [135_000, 120_000]
    assert Parcel.objects.filter(kind=ParcelKind.REPLACEMENT).get().cod_expected == 0
    check_everything()


def test_additions_that_are_empty_too_many_or_late_are_refused() -> None:
    complaint = file_complaint(delivered_part())
    addition = {"complaint_id": complaint.pk, "actor": BUYER, "now": LATER}

    pictures = [Picture.objects.create() for _one in range(5)]

    with assert_refused(EmptyAddition, "empty_addition"):
        add_to_complaint(text=" ", **addition)
    with assert_refused(TooManyComplaintPictures, "too_many_complaint_pictures"):
        add_to_complaint(pictures=pictures, **addition)
    for number in range(5):
        add_to_complaint(text=f"Thêm {number}", **addition)
    with assert_refused(TooManyAdditions, "too_many_additions"):
        add_to_complaint(text="Thêm nữa", **addition)
    withdraw_complaint(complaint_id=complaint.pk, actor=BUYER, now=LATER)
    with assert_refused(ComplaintAlreadyAnswered, "complaint_already_answered"):
        add_to_complaint(text="Muộn", **addition)

    complaint.refresh_from_db()
    assert complaint.text == "Hai quả dập." + "".join(f"\n\nThêm {number}" for number in range(5))
