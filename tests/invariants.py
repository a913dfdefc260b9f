"""What always holds, whatever happened: each asked of the rows themselves, not of the code that keeps it."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from typing import Any

from django.db.models import Sum

from catalog.models import Listing, Movement, Price, Stock
from cooperatives.models import PickupSlot, Zone, ZoneCountry
from orders.actions.ledger import MOVED_MONEY, drafts_of_parts
from orders.actions.standing import derive_standing
from orders.models import (
    Account,
    Allocation,
    CashRemittance,
    Discount,
    LedgerEntry,
    LedgerPosting,
    Method,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    ParcelLine,
    Payment,
    PaymentEvent,
    PaymentSums,
    PostingKind,
    Refund,
    RefundLine,
    RemittanceLine,
    Reservation,
    Settlement,
    WeightQuestion,
    counted_of,
)
from orders.states import (
    CASH_AWAY,
    GONE,
    CashHolder,
    CodState,
    ParcelKind,
    ParcelState,
    PartState,
    SettlementState,
)
from shop.core.models import Channel

SIDES = ("net", "gross")
DERIVED = (
    *("status", "saleor_status", "authorize_coverage", "charge_coverage", "due_gross", "charged"),
    *("list_net", "list_gross", "goods_net", "goods_gross", "delivery_net", "delivery_gross"),
    *("total_net", "total_gross"),
)


def check_everything(*, newest: int | None = None) -> None:
    """Every rule below, over all rows; what is derived again only of so many orders, latest changed first."""
    check_stock()
    check_availability()
    check_sums()
    check_counted()
    check_discounts()
    check_parcels()
    check_weights()
    check_cash()
    check_refunds()
    check_waiting()
    check_slots()
    check_derived(newest)
    check_ledger(newest)


def summed(rows: Any, key: str) -> Counter[Any]:
    """Σ quantity by a column."""
    sums: Counter[Any] = Counter()
    for row in rows:
        sums[getattr(row, key)] += row.quantity
    return sums


def check_stock() -> None:
    moved = summed(Movement.objects.all(), "stock_id")
    kept = summed(Reservation.objects.all(), "stock_id")
    promised = summed(Allocation.objects.all(), "stock_id")
    for row in Stock.objects.select_related("variant", "warehouse"):
        assert row.on_hand == moved[row.pk], f"{row.pk}: on hand is not the sum of its movements"
        assert row.reserved == kept[row.pk], f"{row.pk}: reserved is not the sum of its reservations"
        assert row.allocated == promised[row.pk], f"{row.pk}: allocated is not the sum of its allocations"
        assert row.free == row.on_hand - row.reserved - row.allocated
        assert row.variant.cooperative_id == row.warehouse.cooperative_id


def check_availability() -> None:
    in_channel = {
        (stock.variant_id, channel.pk)
        for stock in Stock.objects.filter(free__gt=0).prefetch_related(
            "warehouse__channels", "warehouse__zones__channels", "warehouse__zones__countries"
        )
        for channel in stock.warehouse.channels.all()
        if any(covers(zone, channel) for zone in stock.warehouse.zones.all())
    }
    prices = Price.objects.filter(amount__isnull=False).select_related("variant")
    to_be_had = {
        (price.variant.product_id, price.channel_id)
        for price in prices
        if not price.variant.track_inventory or (price.variant_id, price.channel_id) in in_channel
    }
    for listing in Listing.objects.all():
        expected = (listing.product_id, listing.channel_id) in to_be_had
        assert listing.is_available == expected, f"listing {listing.pk} says otherwise than its stock"


def covers(zone: Zone, channel: Channel) -> bool:
    """Whether the zone has the channel's country in that channel: by name, or as one that nobody names."""
    if channel not in zone.channels.all():
        return False
    if any(row.country == channel.default_country for row in zone.countries.all()):
        return True
    named = ZoneCountry.objects.filter(country=channel.default_country, zone__channels=channel)
    return zone.is_default and not named.exists()


def check_sums() -> None:
    for order in Order.objects.prefetch_related("parts", "lines__variant"):
        parts, lines = list(order.parts.all()), list(order.lines.all())
        for line in lines:
            mine = [part for part in parts if part.pk == line.part_id]
            assert [part.cooperative_id for part in mine] == [line.cooperative_id]
            assert line.variant is None or line.variant.cooperative_id == line.cooperative_id
        for side in SIDES:
            for part in parts:
                goods = sum(getattr(line, f"total_{side}") for line in lines if line.part_id == part.pk)
                assert getattr(part, f"goods_{side}") == goods
                total = goods + getattr(part, f"delivery_{side}")
                assert getattr(part, f"total_{side}") == total >= 0
            assert getattr(order, f"total_{side}") == sum(getattr(part, f"total_{side}") for part in parts)
            assert getattr(order, f"total_{side}") == sum(
                getattr(line, f"total_{side}") for line in lines
            ) + sum(getattr(part, f"delivery_{side}") for part in parts)
        standing = [part for part in parts if part.is_standing]
        given = sum(one.amount - one.surplus for one in order.refunds.all() if one.part in standing)
        assert order.due_gross == sum(part.total_gross for part in standing) - given
        assert order.total_net <= order.total_gross


def check_counted() -> None:
    """Reports count parts and lines where their orders say."""
    for row in (
        *OrderPart.objects.select_related("order"),
        *OrderLine.objects.select_related("order", "part"),
    ):
        part = row if isinstance(row, OrderPart) else row.part
        for name, value in counted_of(row.order, is_standing=part.is_standing).items():
            assert getattr(row, name) == value, f"{row!r} is counted with another {name} than its order's"


def check_discounts() -> None:
    """A discount is the sum of its shares; what a line or a delivery costs less than listed is, too."""
    for discount in Discount.objects.prefetch_related("shares"):
        assert discount.amount == sum(share.amount for share in discount.shares.all())
    for order in Order.objects.select_related("channel").prefetch_related(
        "lines__discount_shares", "parts__discount_shares"
    ):
        side = "gross" if order.channel.prices_entered_with_tax else "net"
        for line in order.lines.all():
            less = max(0, getattr(line, f"list_{side}") - getattr(line, f"priced_{side}"))
            less += getattr(line, f"priced_{side}") - getattr(line, f"total_{side}")
            assert sum(share.amount for share in line.discount_shares.all()) == less
        for part in order.parts.all():
            less = getattr(part, f"delivery_list_{side}") - getattr(part, f"delivery_{side}")
            assert sum(share.amount for share in part.discount_shares.all()) == less


def check_parcels() -> None:
    rows = ParcelLine.objects.select_related("parcel", "order_line", "stock")
    counting = [row for row in rows if row.parcel.state != ParcelState.VOIDED]
    of = {kind: [row for row in counting if row.parcel.kind == kind] for kind in ParcelKind}
    held = summed(of["dispatch"], "order_line_id")
    unsent = summed(of["refund"], "order_line_id")
    gone = summed(
        [row for row in of["dispatch"] if row.parcel.state in GONE and row.stock_id], "order_line_id"
    )
    again = [row for row in of["replacement"] if row.parcel.state not in GONE and row.stock_id]
    sent_again = summed(again, "order_line_id")
    got = summed(
        [row for row in counting if row.parcel.is_outgoing and row.parcel.state == ParcelState.DELIVERED],
        "order_line_id",
    )
    back = summed([*of["return"], *of["return_and_refund"]], "order_line_id")
    promised = summed(Allocation.objects.all(), "line_id")
    for row in rows:
        assert row.order_line.part_id == row.parcel.part_id
        assert row.stock is None or row.stock.variant_id == row.order_line.variant_id
    for line in OrderLine.objects.select_related("part", "order", "variant"):
        kept = held[line.pk] + unsent[line.pk]
        assert kept <= line.quantity, f"line {line.pk}: parcels hold more than was ordered"
        undone = any(row.parcel.voided_at for row in rows if row.order_line_id == line.pk)
        assert undone or back[line.pk] <= got[line.pk], f"line {line.pk}: more came back than was got"
        stands = line.order.placed_at is not None and line.part.is_standing
        if line.variant is not None and line.variant.track_inventory:
            still_to_leave = line.quantity - unsent[line.pk] - gone[line.pk] + sent_again[line.pk]
            expected = still_to_leave if stands else 0
            assert promised[line.pk] == expected, f"line {line.pk}: promised is not what is still to leave"


def check_weights() -> None:
    """What is sold by weight costs what the scale says, up to its bound, and lies in no parcel unweighed."""
    for line in OrderLine.objects.select_related("order__channel").prefetch_related("parcel_lines__parcel"):
        rows = [row for row in line.parcel_lines.all() if row.parcel.state != ParcelState.VOIDED]
        held = [row for row in rows if row.parcel.kind == ParcelKind.DISPATCH]
        if line.estimate_grams is None:
            assert (line.bound_grams, line.weighed_grams, line.most_gross) == (None, None, None)
            assert {(row.by_weight, row.grams) for row in held} <= {(False, None)}
            continue
        side = "gross" if line.order.channel.prices_entered_with_tax else "net"
        grams = min(line.weighed_grams or line.estimate_grams, line.bound_grams)
        agreed = Fraction(line.unit_price * line.quantity * grams, line.estimate_grams)
        assert abs(getattr(line, f"priced_{side}") - agreed) <= Fraction(1, 2)
        assert line.total_gross <= line.most_gross
        assert line.weighed_grams is not None or not held, f"line {line.pk}: packed unweighed"
        assert all(row.by_weight and row.grams for row in held)
        if sum(row.quantity for row in held) == line.quantity:
            assert sum(row.grams for row in held) == line.weighed_grams
    for question in WeightQuestion.objects.filter(answer="").select_related("line__part"):
        assert question.line.is_to_weigh
        assert question.line.part.state == PartState.ACCEPTED


def check_cash() -> None:
    parts = OrderPart.objects.filter(order__placed_at__isnull=False).select_related("order")
    for part in parts.prefetch_related("lines", "parcels__lines"):
        parcels = [parcel for parcel in part.parcels.all() if parcel.kind == ParcelKind.DISPATCH]
        counting = [parcel for parcel in parcels if parcel.state != ParcelState.VOIDED]
        taken_off = sum(refund.amount - refund.surplus for refund in part.refunds.all())
        if taken_off:
            collected = sum(parcel.cod_collected for parcel in parcels)
            expected = [each.cod_expected for each in counting if each.cod_state == CodState.EXPECTED]
            assert sum(expected) <= max(0, part.total_gross - taken_off - collected)
            continue
        # An undone parcel may have brought more already than its goods cost once they are weighed again.
        already = sum(parcel.cod_collected for parcel in parcels if parcel not in counting)
        due = max(0, part.total_gross - already)
        brought = sum(parcel.cod_expected for parcel in counting)
        assert brought <= due, f"part {part.pk}: more cash is asked for than is due"
        payment = part.order.payments.current()
        if payment is None or payment.method != Method.COD:
            continue
        held = summed([row for parcel in counting for row in parcel.lines.all()], "order_line_id")
        if all(held[line.pk] == line.quantity for line in part.lines.all()):
            assert brought == due, f"part {part.pk}: its parcels do not bring its total"
    sums = defaultdict(PaymentSums, Payment.objects.all().sums())
    collected: Counter[Any] = Counter()
    for parcel in Parcel.objects.select_related("part"):
        collected[parcel.part.order_id] += parcel.cod_collected
    for order in Order.objects.filter(payments__isnull=False).distinct().prefetch_related("payments"):
        payments = list(order.payments.all())
        assert order.charged == sum(sums[payment.pk].charged for payment in payments)
        in_cash = [payment for payment in payments if payment.method == Method.COD]
        brought = sum(sums[payment.pk].charged + sums[payment.pk].refunded for payment in in_cash)
        assert brought == collected[order.pk]
        waited_for = sum(sums[payment.pk].charge_pending for payment in payments)
        held = sum(sums[payment.pk].authorised + sums[payment.pk].authorise_pending for payment in payments)
        assert waited_for == max(0, order.due_gross - order.charged - held)


def check_refunds() -> None:
    """Nobody is given back more than a line, a delivery or the whole cost, or than was paid."""
    of_lines: Counter[Any] = Counter()
    for row in RefundLine.objects.select_related("refund"):
        of_lines[row.order_line_id] += row.amount
    for line in OrderLine.objects.filter(pk__in=list(of_lines)):
        assert of_lines[line.pk] <= line.total_gross, f"line {line.pk}: more is refunded than it costs"
    refunds = list(Refund.objects.select_related("part").prefetch_related("lines", "events", "payouts"))
    deliveries: Counter[Any] = Counter()
    for refund in refunds:
        goods = sum(row.amount for row in refund.lines.all())
        assert refund.amount == goods + refund.delivery + refund.surplus
        assert 0 <= refund.money <= refund.amount
        deliveries[refund.part] += refund.delivery
        asked: Counter[str] = Counter()
        for event in refund.events.all():
            asked[event.kind] += event.amount
        failed = asked["refund_failure"] + asked["refund_reverse"]
        assert refund.money - failed <= asked["refund_request"] <= refund.money + failed
        assert asked["refund_success"] <= asked["refund_request"]
    assert all(part is None or total <= part.delivery_gross for part, total in deliveries.items())
    for payment, sums in Payment.objects.all().sums().items():
        assert sums.refund_pending <= max(0, sums.charged), f"payment {payment} owes more than it holds"


def check_waiting() -> None:
    """Nobody works on an order that does not count."""
    for part in OrderPart.objects.filter(order__confirmed_at=None).prefetch_related("parcels"):
        assert (part.accepted_at, part.accept_by) == (None, None)
        assert list(part.parcels.all()) == []


def check_cash_away() -> None:
    """Cash that is with a carrier or a cooperative in the ledger is what the parcels say is with them."""
    away: Counter[Any] = Counter()
    for parcel in Parcel.objects.filter(cod_state__in=CASH_AWAY).select_related("part"):
        away[hands_of(parcel)] += parcel.cod_collected
    for line in RemittanceLine.objects.select_related("parcel__part", "remittance"):
        if line.remittance.reconciled_at is not None:
            away[hands_of(line.parcel)] += line.parcel.cod_collected - line.collected
    for each in CashRemittance.objects.exclude(reconciled_at=None):
        away[each.holder, each.cooperative_id, each.carrier] -= each.difference + each.made_good
    booked: Counter[Any] = Counter()
    accounts = {Account.CARRIER_CASH: CashHolder.CARRIER, Account.COOPERATIVE_CASH: CashHolder.COOPERATIVE}
    moved = (PostingKind.PAYMENT, PostingKind.REMITTANCE)
    for entry in LedgerEntry.objects.filter(account__in=accounts, posting__kind__in=moved):
        booked[accounts[Account(entry.account)], entry.cooperative_id, entry.carrier] += entry.amount
    assert {key: amount for key, amount in away.items() if amount} == {
        key: amount for key, amount in booked.items() if amount
    }


def hands_of(parcel: Parcel) -> tuple[str, int | None, str]:
    if parcel.cod_holder == CashHolder.CARRIER:
        return (CashHolder.CARRIER, None, parcel.carrier)
    return (CashHolder.COOPERATIVE, parcel.part.cooperative_id, "")


def check_slots() -> None:
    for slot in PickupSlot.objects.prefetch_related("parts"):
        assert slot.taken == len([part for part in slot.parts.all() if part.is_standing])
        assert slot.capacity is None or slot.taken <= slot.capacity


def check_derived(newest: int | None = None) -> None:
    """Statuses, progress and coverages are what computing them again gives."""
    for order in Order.objects.order_by("-updated_at", "-number")[:newest]:
        before = {field: getattr(order, field) for field in DERIVED}
        progress = list(order.parts.order_by("pk").values_list("progress", flat=True))
        derive_standing(order)
        assert {field: getattr(order, field) for field in DERIVED} == before
        assert list(order.parts.order_by("pk").values_list("progress", flat=True)) == progress


def check_ledger(newest: int | None = None) -> None:
    """No money that moved and no goods that arrived are lost or booked twice; closed periods are level."""
    postings = LedgerPosting.objects.prefetch_related("entries")
    for posting in postings:
        sums: Counter[str] = Counter()
        for entry in posting.entries.all():
            sums[entry.currency] += entry.amount
        assert sums, f"{posting.key} books nothing"
        assert not any(sums.values()), f"{posting.key} does not sum to zero"
    moved = PaymentEvent.objects.filter(kind__in=MOVED_MONEY, amount__gt=0)
    booked = [posting.key for posting in postings if posting.key.startswith("event:")]
    assert sorted(booked) == sorted(f"event:{event.pk}" for event in moved)
    owing = dict(
        LedgerEntry.objects.filter(account=Account.BUYER, posting__order__isnull=False)
        .order_by("posting__order")
        .values_list("posting__order")
        .annotate(total=Sum("amount"))
    )
    for order in Order.objects.order_by("-updated_at", "-number")[:newest]:
        parts = list(order.parts.order_by("number"))
        assert owing.get(order.pk, 0) == sum(bought(part) for part in parts) - order.charged
        left = drafts_of_parts(order, parts, now=order.updated_at)
        assert left == [], f"order {order.code}: not all is booked"
    for settlement in Settlement.objects.all():
        check_settlement(settlement)


def bought(part: OrderPart) -> int:
    """What of a part its buyer has got and not been refunded, counted line by line."""
    total = 0
    refunded: Counter[Any] = Counter()
    for row in RefundLine.objects.filter(order_line__part=part):
        refunded[row.order_line_id] += row.amount
    delivered = ParcelLine.objects.filter(
        parcel__part=part, parcel__state=ParcelState.DELIVERED, parcel__kind=ParcelKind.DISPATCH
    )
    steps = summed(delivered, "order_line_id")
    for line in part.lines.all():
        come = line.total_gross * min(steps[line.pk], line.quantity) // line.quantity
        total += min(come, line.total_gross - refunded[line.pk])
    if steps:
        total += part.delivery_gross - sum(refund.delivery for refund in part.refunds.all())
    return total


def check_settlement(settlement: Settlement) -> None:
    """A closed period's accounts are level, and its figures what its entries say."""
    sums: Counter[str] = Counter()
    for entry in settlement.entries.all():
        assert (entry.cooperative_id, entry.currency) == (settlement.cooperative_id, settlement.currency)
        sums[entry.account] += entry.amount
    if settlement.state != SettlementState.OPEN:
        assert not any(sums.values()), f"settlement {settlement} is closed and not level"
