"""The account's start page with the person's orders, and the steps that follow a sign-in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, F, OuterRef, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog.views.wish_list_storage import move_guest_wishes
from cooperatives.access import find_memberships
from orders.actions.basket.merge_baskets import merge_guest_basket
from orders.actions.placement.claim_guest_orders import claim_guest_orders
from orders.models import Order, OrderLine, OrderPart, Substitute, WeightQuestion
from orders.models.order import OrderQuerySet
from orders.states import OrderStatus
from orders.views.current_basket import SESSION_KEY, guest_key, signed_in_user
from orders.views.order_access import session_order_ids
from shop.accounts.models import User
from shop.core.models import Picture, show_in_language

ORDERS_ON_ACCOUNT_PAGE = 3
PRODUCTS_SHOWN_PER_ORDER = 3
# The groups of statuses that the list filters by, with their public names.
_STATUS_GROUPS = {
    "cho": (OrderStatus.UNCONFIRMED, OrderStatus.PLACED, OrderStatus.IN_PREPARATION),
    "dang-giao": (OrderStatus.ON_THE_WAY,),
    "da-giao": (OrderStatus.DELIVERED, OrderStatus.RETURNED),
    "huy": (OrderStatus.CANCELLED, OrderStatus.EXPIRED),
}


@require_safe
@login_required
@never_cache
def account_home(request: HttpRequest) -> HttpResponse:
    """Show the account's start page: the person's newest orders and their default address."""
    user = signed_in_user(request)
    orders = list(visitor_orders(request)[: ORDERS_ON_ACCOUNT_PAGE + 1])
    return render(
        request,
        "accounts/home.html",
        {
            "contents": load_order_contents(orders[:ORDERS_ON_ACCOUNT_PAGE]),
            "has_more_orders": len(orders) > ORDERS_ON_ACCOUNT_PAGE,
            "address": user.default_shipping_address if user else None,
        },
    )


def visitor_orders(request: HttpRequest) -> OrderQuerySet:
    """Return the orders of the signed-in buyer, or those that this guest placed or confirmed by a code.

    Orders with a question for the buyer come first, then the newest.
    """
    user = signed_in_user(request)
    if user is not None:
        own_orders = Order.objects.of_buyer(user.pk)
    else:
        held_ids = session_order_ids(request)
        own_orders = Order.objects.visible_to(None, timezone.now()).filter(pk__in=held_ids)
    return _with_questions(own_orders).order_by(
        F("has_weight_question").desc(), F("has_substitute_offer").desc(), "-placed_at", "-number"
    )


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """A filter of the order list: its value in the address, its label and the number of orders."""

    value: str
    label: str
    count: int
    is_chosen: bool


def filter_orders(orders: OrderQuerySet, requested: str) -> tuple[OrderQuerySet, list[OrderFilter]]:
    """Return the orders in the requested group of statuses, and all groups that have any."""
    counts = Counter(orders.order_by().values_list("status", flat=True))
    labels = {
        "cho": _("Waiting"),
        "dang-giao": _("On the way"),
        "da-giao": _("Delivered"),
        "huy": _("Cancelled"),
    }
    chosen = requested if requested in _STATUS_GROUPS else ""
    filters = [
        OrderFilter(value, labels[value], count, value == chosen)
        for value, statuses in _STATUS_GROUPS.items()
        if (count := sum(counts[status] for status in statuses)) or value == chosen
    ]
    everything = OrderFilter("", _("All"), counts.total(), not chosen)
    rows = orders.filter(status__in=_STATUS_GROUPS[chosen]) if chosen else orders
    return rows, [everything, *filters] if len(filters) > 1 or chosen else []


def _with_questions(orders: OrderQuerySet) -> OrderQuerySet:
    """Load parts, lines and payments, and whether a question about weight or a substitute is open."""
    parts = OrderPart.objects.select_related("cooperative").order_by("number")
    open_questions = WeightQuestion.objects.open().filter(line__order=OuterRef("pk"))
    substitutes = Substitute.objects.waiting().filter(line__order=OuterRef("pk"))
    annotated = orders.annotate(
        has_weight_question=Exists(open_questions), has_substitute_offer=Exists(substitutes)
    )
    lines = Prefetch("lines", OrderLine.objects.in_order())
    return annotated.prefetch_related(Prefetch("parts", parts), lines, "payments")


@dataclass(frozen=True, slots=True)
class OrderContents:
    """An order of the list with its first products: their names, their pictures, how many more there are.

    `possible_increase` is the most that weighing may add to its cost, in minor units.
    """

    order: Order
    lines: list[OrderLine]
    pictures: list[Picture]
    more_count: int
    possible_increase: int

    @property
    def maximum_current_total(self) -> int:
        return self.order.current_total_gross + self.possible_increase


def load_order_contents(orders: Sequence[Order]) -> list[OrderContents]:
    """Return the orders of a list with their first products, and their sellers in the page's language."""
    show_in_language([part.cooperative for order in orders for part in order.parts.all()], "name")
    lines_by_order = {order.pk: list(order.lines.all()) for order in orders}
    pictures = Picture.objects.in_bulk(
        [
            line.picture_key
            for lines in lines_by_order.values()
            for line in lines[:PRODUCTS_SHOWN_PER_ORDER]
            if line.picture_key
        ]
    )
    return [
        OrderContents(
            order=order,
            lines=lines[:PRODUCTS_SHOWN_PER_ORDER],
            pictures=[
                pictures[line.picture_key]
                for line in lines[:PRODUCTS_SHOWN_PER_ORDER]
                if line.picture_key in pictures
            ],
            more_count=max(0, len(lines) - PRODUCTS_SHOWN_PER_ORDER),
            possible_increase=_possible_increase(order, lines),
        )
        for order, lines in ((order, lines_by_order[order.pk]) for order in orders)
    ]


def _possible_increase(order: Order, lines: Sequence[OrderLine]) -> int:
    active_parts = {part.pk for part in order.parts.all() if part.is_active}
    unweighed_lines = [line for line in lines if line.is_to_weigh and line.part_id in active_parts]
    return sum(line.maximum_gross - line.total_gross for line in unweighed_lines)


def take_over_guest_data(request: HttpRequest, user: User, confirmed_phone: str) -> str:
    """Move the guest's basket, wish list and (with a confirmed phone) orders to the person who signed in.

    Return the URL of their workplace, which is the members' app or the desk, or an empty text for a buyer.
    """
    now = timezone.now()
    if confirmed_phone:
        claim_guest_orders(user_id=user.pk, phone=confirmed_phone, now=now)
    move_guest_wishes(request, user, now=now)
    key = guest_key(request)
    if key is not None:
        merge_guest_basket(guest_basket_id=key, user_id=user.pk, now=now)
        del request.session[SESSION_KEY]
    if find_memberships(user):
        return reverse("members:today")
    return reverse("desk:home") if user.is_staff else ""
