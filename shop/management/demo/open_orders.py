"""Create the demo's open orders of today: products to weigh, cash to remit, a carrier's statement."""

from __future__ import annotations

import csv
import datetime
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from catalog.models import Variant
from catalog.states import ListingState
from orders.actions.basket.basket_lines import add_variant_to_basket
from orders.actions.cash_on_delivery.cash_remittance import Remitter, reconcile_remittance, remit_cash
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.order_records.record_order import Contact
from orders.actions.placement.place_order import place_order
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.preselected_delivery import preselected_delivery
from orders.models import Order, Parcel
from orders.states import CashHolder, CodState, PartState
from shop.accounts.models import ConsentPurpose, User
from shop.core.actors import Actor, EntryPoint
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel
from shop.notifications.models import Notification

STATEMENT = "doi-soat-cod-mau.csv"
WALKTHROUGH_SELLER = "htx-thien-an"  # its open orders are in walkthrough_orders.py
_RECONCILIATION_DELAY = datetime.timedelta(days=15)  # older cash was remitted and reconciled long ago
_REMITTANCE_DELAY = datetime.timedelta(days=8)  # carriers' cash older than this has just been remitted
_COLUMNS = ("Mã đơn hàng", "Ngày giao", "Tiền thu hộ", "Tổng phí", "Thực nhận")
_FEE = 5_000
_SHORTFALL = 20_000
_MAX_ROWS = 8
_ROUND = 1_000
_MAX_FULLY_REMITTED = 2


def remit_old_cash(*, actor: Actor, now: datetime.datetime) -> None:
    """Remit and reconcile old cash, except one parcel of holders with many. Remit carriers' recent cash."""
    for remitter, parcels in _find_collected_parcels(before=now - _RECONCILIATION_DELAY).items():
        unremitted_count = 1 if len(parcels) > _MAX_FULLY_REMITTED else 0
        _remit_cash(
            remitter,
            parcels[: len(parcels) - unremitted_count],
            is_reconciled=True,
            actor=actor,
            now=now - datetime.timedelta(days=9),
        )
    for remitter, parcels in _find_collected_parcels(
        before=now - _REMITTANCE_DELAY, after=now - _RECONCILIATION_DELAY
    ).items():
        if remitter.holder == CashHolder.CARRIER:
            _remit_cash(
                remitter, parcels, is_reconciled=False, actor=actor, now=now - datetime.timedelta(days=1)
            )


def create_weighed_orders(
    channel: Channel, buyer: User, members: Mapping[int, Actor], *, now: datetime.datetime
) -> None:
    """Place two orders of the demo's buyer: one to weigh, one that awaits the buyer's answer."""
    variant_sold_by_weight = (
        Variant.objects.buyable_in(channel.pk)
        .filter(is_sold_by_weight=True, product__listings__state=ListingState.PUBLISHED)
        .exclude(cooperative__slug=WALKTHROUGH_SELLER)
        .order_by("pk")
        .first()
    )
    if variant_sold_by_weight is None or buyer.default_shipping_address is None:
        return
    for quantity, hours, is_too_heavy in ((2, 3, False), (1, 2, True)):
        placed_at = now - datetime.timedelta(hours=hours)
        order = Order.objects.filter(user=buyer, placed_at=placed_at).first()
        order = order or place_demo_order(channel, buyer, [(variant_sold_by_weight, quantity)], now=placed_at)
        part, member = order.parts.get(), members[variant_sold_by_weight.cooperative_id]
        if part.state != PartState.NEW:
            continue
        later = placed_at + datetime.timedelta(hours=1)
        accept_part(part_id=part.pk, actor=member, now=later)
        line = part.lines.get()
        if is_too_heavy and line.bound_grams is not None:
            grams = line.bound_grams + 300
            weigh_line(part_id=part.pk, line_id=line.pk, grams=grams, actor=member, now=later)
    Notification.objects.filter(recipient=buyer.phone, sent_at=None).update(sent_at=now)


def write_statement(folder: Path) -> Path | None:
    """Write the statement of the carrier with most cash: fees deducted, one shortfall, an unknown parcel."""
    parcels = max(_find_collected_parcels(holder=CashHolder.CARRIER).values(), key=len, default=[])[
        -_MAX_ROWS:
    ]
    if not parcels:
        return None
    csv_text = io.StringIO()
    table = csv.writer(csv_text)
    table.writerow(_COLUMNS)
    for index, parcel in enumerate(parcels):
        collected = parcel.cod_collected - (_SHORTFALL if index == 0 else 0)
        table.writerow(_statement_row(f"{parcel.part.order.code}-{parcel.label_code}", parcel, collected))
    table.writerow(_statement_row("TK2M7QX-1", parcels[-1], 150_000))
    path = folder / STATEMENT
    path.write_text("\ufeff" + csv_text.getvalue(), encoding="utf-8")
    return path


def _statement_row(code: str, parcel: Parcel, collected: int) -> tuple[str, str, int, int, int]:
    collected_at = parcel.cod_collected_at or parcel.updated_at
    return code, f"{vietnam_date(collected_at):%d/%m/%Y}", collected, _FEE, collected - _FEE


def _find_collected_parcels(
    *,
    holder: CashHolder | None = None,
    before: datetime.datetime | None = None,
    after: datetime.datetime | None = None,
) -> dict[Remitter, list[Parcel]]:
    """Return parcels with collected cash by its holder, oldest first."""
    parcels = Parcel.objects.filter(cod_state=CodState.COLLECTED).select_related("part__order")
    if holder is not None:
        parcels = parcels.filter(cod_holder=holder)
    if before is not None:
        parcels = parcels.filter(cod_collected_at__lt=before)
    if after is not None:
        parcels = parcels.filter(cod_collected_at__gte=after)
    parcels_by_remitter: dict[Remitter, list[Parcel]] = defaultdict(list)
    for parcel in parcels.order_by("cod_collected_at", "pk"):
        if parcel.cod_holder == CashHolder.CARRIER:
            parcels_by_remitter[Remitter(CashHolder.CARRIER, carrier=parcel.carrier)].append(parcel)
        else:
            parcels_by_remitter[
                Remitter(CashHolder.COOPERATIVE, cooperative_id=parcel.part.cooperative_id)
            ].append(parcel)
    return parcels_by_remitter


def _remit_cash(
    remitter: Remitter,
    parcels: Sequence[Parcel],
    *,
    is_reconciled: bool,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    if not parcels:
        return
    fees = 0
    if remitter.holder == CashHolder.CARRIER:
        fees = sum(parcel.cod_collected for parcel in parcels) // 100 // _ROUND * _ROUND
    remitter_key = remitter.carrier or remitter.cooperative_id
    remittance = remit_cash(
        remitter=remitter,
        parcel_ids=[parcel.pk for parcel in parcels],
        fees=fees,
        idempotency_key=f"demo:{remitter.holder}:{remitter_key}:{is_reconciled}",
        actor=actor,
        now=now,
    )
    if is_reconciled:
        reconcile_remittance(
            remittance_id=remittance.pk,
            received=remittance.remitted,
            idempotency_key=f"demo:{remittance.pk}:seen",
            actor=actor,
            now=now + datetime.timedelta(days=1),
        )


def place_demo_order(
    channel: Channel, buyer: User, lines: Sequence[tuple[Variant, int]], *, now: datetime.datetime
) -> Order:
    """Place an order of the demo's buyer for cash on delivery."""
    address = buyer.default_shipping_address
    assert address is not None
    basket = None
    for variant, quantity in lines:
        basket = add_variant_to_basket(
            basket_id=basket.pk if basket else None,
            user_id=buyer.pk,
            channel=channel,
            variant_id=variant.pk,
            quantity=quantity,
            now=now,
            province_code=address.province_code,
        )
    assert basket is not None
    quote = build_quote(build_basket_request(basket), now=now, should_propose_deliveries=True)
    return place_order(
        basket_id=basket.pk,
        contact=Contact(
            name=buyer.name,
            phone=buyer.phone or "",
            address=address.copy(),
            province_code=address.province_code,
        ),
        deliveries={
            seller_quote.cooperative.pk: delivery
            for seller_quote in quote.seller_quotes
            if (delivery := preselected_delivery(seller_quote, address.province_code))
        },
        consents=frozenset({ConsentPurpose.ORDER}),
        actor=buyer.as_actor(EntryPoint.MARKET),
        now=now,
    )
