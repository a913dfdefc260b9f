"""Random sequences of actions in a small shop; all invariants are checked after each step.

A walk depends only on its seed, so a failing one can be repeated by its number.
"""

from __future__ import annotations

import datetime
import random
import uuid

import pytest

from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import update_variant
from catalog.actions.stock.receipts_and_losses import receive_stock, write_off_stock
from catalog.actions.stock.stock_movements import count_stock
from catalog.models import Stock, Variant
from cooperatives.actions.cooperative_lifecycle import pause_cooperative, resume_cooperative
from cooperatives.models import Cooperative, DeliveryMethod
from orders.actions.basket.basket_lines import (
    add_variant_to_basket,
    change_line_quantity,
    choose_deliveries,
    set_basket_province,
)
from orders.actions.basket.merge_baskets import merge_guest_basket
from orders.actions.checkout.open_checkout import open_checkout
from orders.actions.fulfilment.cancel_parts import (
    cancel_order,
    cancel_part,
    cancel_part_as_buyer,
    decline_part,
)
from orders.actions.fulfilment.deliver_parcels import (
    deliver_parcel,
    fail_delivery,
    hand_over_parcel,
    report_collected_cash,
)
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.undo_steps import ParcelStep, undo_acceptance, undo_parcel_step
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.fulfilment.weigh_lines import answer_weight_question, weigh_line
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.actions.placement.draft_orders import create_draft, delete_draft, edit_draft, place_draft
from orders.actions.placement.order_sweeps import (
    decline_unanswered_part,
    delete_abandoned_baskets,
    release_expired_reservations,
    report_unanswered_part,
)
from orders.actions.placement.place_order import place_order
from orders.actions.quotes.quote_types import RequestedDelivery, RequestedLine
from orders.actions.refunds.answer_substitute import answer_substitute, expire_substitute
from orders.actions.refunds.offer_substitute import SubstituteOffer, offer_substitute, withdraw_substitute
from orders.actions.refunds.report_shortage import report_shortage
from orders.models import (
    Basket,
    BasketLine,
    Order,
    OrderLine,
    OrderPart,
    OrderSource,
    Parcel,
    Substitute,
    WeightQuestion,
)
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Refused
from tests.factories import (
    HANOI,
    NOW,
    make_channel,
    make_contact,
    make_market_pickup,
    make_product,
    make_seller,
    make_tax_class,
    make_user,
    make_variant_sold_by_weight,
    make_warehouse,
)
from tests.invariants import check_everything
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("walk")
WEIGHTS = {
    "step_put_item": 5,
    "step_place": 6,
    "step_accept": 4,
    "step_weigh": 4,
    "step_pack": 3,
    "step_close": 3,
    "step_hand_over": 3,
    "step_offer_substitute": 2,
    "step_answer_substitute": 2,
}
CONSENT = frozenset({ConsentPurpose.ORDER})


class RandomWalk:
    """A shop with two cooperatives, little stock, one registered buyer and a moving clock."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now = NOW
        self.channel = make_channel()
        self.user = make_user()
        first, second = make_seller("HTX Thiên An"), make_seller("HTX Tài Hoan")
        make_warehouse(first, self.channel)
        make_market_pickup(first, self.channel, capacity=2)
        make_product(first, on_hand=6, price=99_999, variants=(("nhỏ", 0), ("to", 1)))
        make_product(second, on_hand=4, price=45_001, tax_class=make_tax_class(8))
        make_variant_sold_by_weight(second, on_hand=5)
        untracked = make_product(second, on_hand=0, price=20_000).variants.get()
        Variant.objects.filter(pk=untracked.pk).update(track_inventory=False)
        receive_stock(**self._stock(Variant.objects.get(pk=untracked.pk)), quantity=1, **self.actor_and_time)
        self.succeeded: dict[str, int] = {}

    @property
    def actor_and_time(self) -> dict:
        return {"actor": ACTOR, "now": self.now}

    def run(self, steps: int) -> None:
        """Run the given number of random steps; refused actions count as steps."""
        kinds = sorted(name for name in dir(self) if name.startswith("step_"))
        weights = [WEIGHTS.get(kind, 1) for kind in kinds]
        checked_rows = None
        for kind in self.rng.choices(kinds, weights, k=steps):
            self.now += datetime.timedelta(minutes=self.rng.randint(1, 9))
            try:
                getattr(self, kind)()
                self.succeeded[kind] = self.succeeded.get(kind, 0) + 1
            except Refused:
                pass
            except IndexError:  # no row of the needed kind yet
                pass
            if checked_rows != (rows := all_rows()):  # many steps change nothing
                check_everything(order_limit=2)
                checked_rows = rows
        check_everything()

    def step_put_item(self) -> None:
        baskets = list(Basket.objects.order_by("changed_at"))
        basket = self.rng.choice([None, *baskets])
        add_variant_to_basket(
            basket_id=basket.pk if basket else None,
            user_id=self.rng.choice([None, None, self.user.pk]),
            channel=self.channel,
            variant_id=self.pick_row(Variant).pk,
            quantity=self.rng.randint(1, 3),
            now=self.now,
        )

    def step_change(self) -> None:
        line = self.pick_row(BasketLine)
        change_line_quantity(
            basket_id=line.basket_id, line_id=line.pk, quantity=self.rng.randint(0, 4), now=self.now
        )

    def step_add_guest_basket(self) -> None:
        merge_guest_basket(guest_basket_id=self.pick_row(Basket).pk, user_id=self.user.pk, now=self.now)

    def step_choose(self) -> None:
        basket = self.pick_row(Basket)
        set_basket_province(basket_id=basket.pk, province_code=HANOI, now=self.now)
        choose_deliveries(basket_id=basket.pk, choices=self.delivery_methods(), now=self.now)

    def step_open_checkout(self) -> None:
        open_checkout(basket_id=self.pick_row(Basket).pk, now=self.now)

    def step_place(self) -> None:
        basket = self.pick_row(Basket)
        open_checkout(basket_id=basket.pk, now=self.now)
        place_order(
            basket_id=basket.pk,
            contact=make_contact(),
            deliveries=self.delivery_methods(),
            consents=CONSENT,
            **self.actor_and_time,
        )

    def step_draft(self) -> None:
        order = create_draft(channel=self.channel, source=OrderSource.PHONE, **self.actor_and_time)
        lines = [
            RequestedLine(uuid.UUID(int=self.rng.getrandbits(128)), self.pick_row(Variant).pk, 1)
            for _ in range(2)
        ]
        edit_draft(
            order_id=order.pk,
            lines=lines,
            deliveries=self.delivery_methods(),
            contact=make_contact(),
            **self.actor_and_time,
        )

    def step_place_draft(self) -> None:
        consents = frozenset({ConsentPurpose.ORDER})
        place_draft(
            order_id=self.pick_row(Order, placed_at=None).pk, consents=consents, **self.actor_and_time
        )

    def step_delete_draft(self) -> None:
        delete_draft(order_id=self.pick_row(Order, placed_at=None).pk, **self.actor_and_time)

    def step_accept(self) -> None:
        accept_part(part_id=self.pick_row(OrderPart).pk, **self.actor_and_time)

    def step_decline(self) -> None:
        decline_part(part_id=self.pick_row(OrderPart).pk, reason="hết hàng", **self.actor_and_time)

    def step_weigh(self) -> None:
        line = self.pick_row(OrderLine, estimate_grams__isnull=False, part__state="accepted")
        grams = line.estimate_grams * self.rng.randint(30, 160) // 100
        repeated, at_most = self.rng.choice([None, grams]), self.rng.random() < 0.2
        weigh_line(
            part_id=line.part_id,
            line_id=line.pk,
            grams=grams,
            repeated_grams=repeated,
            is_charged_at_bound=at_most,
            **self.actor_and_time,
        )

    def step_answer_weight(self) -> None:
        question = self.pick_row(WeightQuestion)
        answer_weight_question(
            question_id=question.pk, is_agreed=self.rng.random() < 0.6, **self.actor_and_time
        )

    def step_pack(self) -> None:
        part = self.pick_row(OrderPart, state="accepted")
        still_open = self.still_open(part)
        chosen_lines = self.rng.sample(list(still_open), self.rng.randint(0, len(still_open)))
        quantities = {key: self.rng.randint(1, still_open[key]) for key in chosen_lines}
        pack_parcel(part_id=part.pk, quantities=quantities, **self.actor_and_time)

    def step_pack_all(self) -> None:
        part = self.pick_row(OrderPart, state="accepted")
        pack_parcel(part_id=part.pk, quantities=self.still_open(part), **self.actor_and_time)

    def step_close(self) -> None:
        close_parcel(parcel_id=self.pick_row(Parcel, state="packing").pk, **self.actor_and_time)

    def step_hand_over(self) -> None:
        state = self.rng.choice(["packed", "packed", "failed_delivery", "packing"])
        hand_over_parcel(parcel_id=self.pick_row(Parcel, state=state).pk, **self.actor_and_time)

    def step_deliver(self) -> None:
        parcel = self.pick_row(Parcel, state="handed_over")
        deliver_parcel(parcel_id=parcel.pk, is_cash_collected=self.rng.random() < 0.7, **self.actor_and_time)

    def step_fail(self) -> None:
        fail_delivery(parcel_id=self.pick_row(Parcel).pk, reason="không ai nghe máy", **self.actor_and_time)

    def step_report_cash(self) -> None:
        report_collected_cash(parcel_id=self.pick_row(Parcel).pk, **self.actor_and_time)

    def step_undo(self) -> None:
        step = self.rng.choice(ParcelStep.values)
        state = "handed_over" if step == ParcelStep.HANDOVER else "delivered"
        parcel = self.pick_row(Parcel, state=state)
        undo_parcel_step(parcel_id=parcel.pk, step=ParcelStep(step), reason="nhầm", **self.actor_and_time)

    def step_undo_acceptance(self) -> None:
        undo_acceptance(
            part_id=self.pick_row(OrderPart, state="accepted").pk, reason="nhầm", **self.actor_and_time
        )

    def step_void(self) -> None:
        void_parcel(parcel_id=self.pick_row(Parcel).pk, reason="đóng nhầm", **self.actor_and_time)

    def step_cancel_as_buyer(self) -> None:
        cancel_part_as_buyer(part_id=self.pick_row(OrderPart).pk, **self.actor_and_time)

    def step_cancel_part(self) -> None:
        cancel_part(part_id=self.pick_row(OrderPart).pk, reason="khách gọi", **self.actor_and_time)

    def step_cancel_order(self) -> None:
        cancel_order(order_id=self.pick_row(Order).pk, reason="khách gọi", **self.actor_and_time)

    def step_offer_substitute(self) -> None:
        part = self.pick_row(OrderPart, state="accepted")
        still_open = self.still_open(part)
        line_id = self.rng.choice(list(still_open))
        variants = part.cooperative.variants.order_by("pk")
        offer = SubstituteOffer(
            line_id,
            self.rng.choice([still_open[line_id], 1]),
            self.rng.choice(list(variants)).pk,
            self.rng.randint(1, 2),
        )
        offer_substitute(part_id=part.pk, offer=offer, **self.actor_and_time)

    def step_answer_substitute(self) -> None:
        substitute = self.pick_row(Substitute, state="waiting")
        answer_substitute(
            substitute_id=substitute.pk, is_agreed=self.rng.random() < 0.7, **self.actor_and_time
        )

    def step_withdraw_substitute(self) -> None:
        if self.rng.random() < 0.3:
            withdraw_substitute(substitute_id=self.pick_row(Substitute).pk, **self.actor_and_time)

    def step_report_shortage(self) -> None:
        part = self.pick_row(OrderPart, state="accepted")
        still_open = self.still_open(part)
        line_id = self.rng.choice(list(still_open))
        available = {line_id: self.rng.randint(0, still_open[line_id])}
        report_shortage(part_id=part.pk, available=available, **self.actor_and_time)

    def step_count(self) -> None:
        count_stock(
            **self._stock(self.pick_row(Variant)),
            counted_quantity=self.rng.randint(0, 8),
            **self.actor_and_time,
        )

    def step_receive(self) -> None:
        quantity = self.rng.choice([-2, 1, 2, 3])
        action = receive_stock if quantity > 0 else write_off_stock
        action(**self._stock(self.pick_row(Variant)), quantity=abs(quantity), **self.actor_and_time)

    def step_reprice(self) -> None:
        variant = self.pick_row(Variant)
        update_variant(
            cooperative=variant.cooperative,
            variant_id=variant.pk,
            values={},
            prices=[ListPrice(self.channel, self.rng.randint(1, 500_000))],
            **self.actor_and_time,
        )

    def step_resume_or_pause(self) -> None:
        cooperative = self.pick_row(Cooperative)
        if cooperative.paused_from is not None:
            resume_cooperative(cooperative_id=cooperative.pk, **self.actor_and_time)
        elif self.rng.random() < 0.2:
            pause_cooperative(
                cooperative_id=cooperative.pk,
                until=None,
                today=vietnam_date(self.now),
                **self.actor_and_time,
            )

    def step_sweep(self) -> None:
        self.now += datetime.timedelta(minutes=self.rng.choice([5, 16, 60, 600]))
        release_expired_reservations(now=self.now)
        for part in OrderPart.objects.overdue(self.now):
            decline_unanswered_part(part_id=part.pk, **self.actor_and_time)
        for part in OrderPart.objects.overdue(self.now + datetime.timedelta(hours=4)):
            report_unanswered_part(part_id=part.pk, **self.actor_and_time)
        for substitute in Substitute.objects.overdue(self.now):
            expire_substitute(substitute_id=substitute.pk, **self.actor_and_time)
        delete_abandoned_baskets(now=self.now)

    def pick_row(self, model, **facts):
        """Pick a random row; rows are ordered, so that the seed alone decides."""
        order = {
            Order: ["number"],
            BasketLine: ["created_at"],
            Basket: ["changed_at"],
            OrderLine: ["order__number", "position"],
            WeightQuestion: ["created_at", "line__order__number", "line__position"],
            Substitute: ["offered_at", "line__order__number", "line__position"],
        }.get(model, ["pk"])
        return self.rng.choice(list(model.objects.filter(**facts).order_by(*order)))

    def still_open(self, part) -> dict:
        lines = part.lines.order_by("position")
        return {key: left for key, left in read_unpacked_quantities(lines).items() if left}

    def delivery_methods(self) -> dict[int, RequestedDelivery]:
        """Return a random delivery method for each cooperative, with a pickup time if it has any."""
        chosen_methods = {}
        for delivery_method in sorted(
            DeliveryMethod.objects.active_with_terms(), key=lambda _: self.rng.random()
        ):
            times = delivery_method.pickup_times(now=self.now)
            time = self.rng.choice(times) if times else None
            chosen_methods[delivery_method.cooperative_id] = RequestedDelivery(
                delivery_method.pk, time.day if time else None, time.starts if time else None
            )
        return chosen_methods

    def _stock(self, variant: Variant) -> dict:
        warehouses = variant.cooperative.warehouses.order_by("created_at", "slug")
        warehouse = self.rng.choice(list(warehouses))
        return {
            "cooperative": variant.cooperative,
            "variant_id": variant.pk,
            "warehouse_id": warehouse.pk,
        }


@pytest.mark.parametrize("seed", range(2))
def test_invariants_hold_after_each_step_of_random_walk(seed) -> None:
    walk = RandomWalk(seed)

    walk.run(80)

    assert walk.succeeded["step_place"] > 0
    assert Stock.objects.exists()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 112))
def test_invariants_hold_after_each_step_of_long_random_walk(seed) -> None:
    RandomWalk(seed).run(400)
