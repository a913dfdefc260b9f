"""Customers' accounts at the desk: search, orders, addresses, consents, notes and locking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from django.core.paginator import Paginator
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import has_staff_permission
from cooperatives.models import Membership
from orders.actions.privacy.data_requests import request_data_copy, request_deletion
from orders.models import Complaint, Order
from shop.accounts.models import Consent, DataRequest, RequestKind, User
from shop.accounts.personal.data_requests import Requester
from shop.accounts.staff.permissions import Permission
from shop.accounts.staff.staff_accounts import set_customer_active, set_customer_note
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.identifiers.phones import normalise_phone
from shop.core.models import Change
from shop.core.models.change import ChangeQuerySet
from shop.core.web.action_results import run_action
from shop.desk.forms import MAX_REASON_LENGTH, DeskSearch, submitted_reason
from shop.history.change_displays import build_change_displays
from shop.staff_pages import staff_only

PER_PAGE = 30
_MAX_LISTED = 1000
_MAX_NEWEST_GUEST_ORDERS = 2000  # a search finds older buyers
_RECENT_ORDERS = 20
_MIN_DIGITS = 6
_ORDER_ACTIONS = (
    "order.placed",
    "order.cancelled",
    "part.cancelled",
    "part.declined",
    "complaint.filed",
    "complaint.accepted",
    "complaint.rejected",
    "refund.decided",
)


@require_safe
@staff_only(Permission.MANAGE_USERS)
def list_customers(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Search customers by phone, email or name, newest first.

    Members of cooperatives who have bought nothing are listed only if they are searched for.
    """
    search_text = str(DeskSearch(request.GET).chosen("q") or "").strip()
    customers = _filter_by_text(_customers(), search_text)
    if not search_text:
        memberships = Membership.objects.filter(user=OuterRef("pk"))
        bought_orders = Order.objects.placed().filter(user=OuterRef("pk"))
        customers = customers.exclude(Exists(memberships) & ~Exists(bought_orders))
    rows = customers.order_by("-date_joined", "-pk")[:_MAX_LISTED]
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    people = list(page.object_list)
    cooperative_names = dict(
        Membership.objects.filter(user__in=people)
        .order_by("is_active", "-pk")
        .values_list("user", "cooperative__name")
    )
    orders = Order.objects.placed().filter(user__in=people).order_by("user")
    counts = dict(orders.values_list("user").annotate(Count("pk")))
    context = {
        "page": page,
        "query": search_text,
        "people": [
            (person, counts.get(person.pk, 0), cooperative_names.get(person.pk, "")) for person in people
        ],
        "listed": _MAX_LISTED,
    }
    return render(request, "desk/customers.html", context)


@require_safe
@staff_only(Permission.MANAGE_USERS)
def list_guest_buyers(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Search buyers without an account by phone, email or name. Those who ordered last come first."""
    search_text = str(DeskSearch(request.GET).chosen("q") or "").strip()
    guest_orders = Order.objects.placed().filter(user=None)
    matching_orders = guest_orders.matching(search_text) if search_text else guest_orders
    newest_by_contact: dict[str, Order] = {}
    columns = ("phone", "email", "buyer_name", "placed_at")
    for order in matching_orders.newest_first().only(*columns)[:_MAX_NEWEST_GUEST_ORDERS]:
        newest_by_contact.setdefault(order.phone or order.email, order)
    page = Paginator(list(newest_by_contact.values()), PER_PAGE).get_page(request.GET.get("page"))
    phones = [order.phone for order in page.object_list if order.phone]
    counts = dict(
        guest_orders.filter(phone__in=phones).order_by("phone").values_list("phone").annotate(Count("pk"))
    )
    context = {
        "page": page,
        "query": search_text,
        "buyers": [(order, counts.get(order.phone, 1)) for order in page.object_list],
        "can_see_orders": has_staff_permission(request.user, Permission.MANAGE_ORDERS),
    }
    return render(request, "desk/guest_buyers.html", context)


@require_safe
@staff_only(Permission.MANAGE_USERS)
def show_customer(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show a customer. Orders are shown only to staff who manage orders."""
    person = get_object_or_404(_customers(), pk=pk)
    can_see_orders = has_staff_permission(request.user, Permission.MANAGE_ORDERS)
    orders = Order.objects.of_buyer(person.pk)
    recent_orders = (
        list(orders.newest_first().prefetch_related("parts", "payments")[:_RECENT_ORDERS])
        if can_see_orders
        else []
    )
    first_order_at = orders.aggregate(first=Min("placed_at"))["first"]
    context = {
        "person": person,
        "can_see_orders": can_see_orders,
        "order_count": orders.count(),
        "recent_orders": recent_orders,
        "customer_since": min(filter(None, [person.date_joined, first_order_at])),
        "paid_sums": orders.order_by("currency").values_list("currency").annotate(paid=Sum("charged"))
        if can_see_orders
        else [],
        "complaint_count": Complaint.objects.filter(part__order__in=orders).count() if can_see_orders else 0,
        "addresses": person.addresses.order_by("pk"),
        "consents": _consent_groups(person),
        "requests": DataRequest.objects.of_person(person.pk),
        "history": build_change_displays(_changes_of(person, recent_orders).newest_first()[:PER_PAGE]),
    }
    return render(request, "desk/customer.html", context)


@require_POST
@staff_only(Permission.MANAGE_USERS)
def save_customer_note(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Save the staff's note on a customer."""
    note = request.POST.get("note", "")[:MAX_REASON_LENGTH]
    action = partial(set_customer_note, user_id=pk, note=note, actor=actor, now=timezone.now())
    return run_action(request, action, url=reverse("desk:customer", args=[pk]), message=_("Saved."))


@require_POST
@staff_only(Permission.MANAGE_USERS)
@require_recent_sign_in
def file_customer_request(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """File a customer's request made by phone or letter, for a copy of their data or its deletion."""
    person = get_object_or_404(_customers(), pk=pk)
    now = timezone.now()
    if request.POST.get("kind") == RequestKind.DELETION:
        action: Callable[[], object] = partial(request_deletion, user_id=pk, actor=actor, now=now)
    else:
        action = partial(request_data_copy, requester=Requester.from_user(person), actor=actor, now=now)
    message = _("Request filed. The customer has been notified.")
    return run_action(request, action, url=reverse("desk:customer", args=[pk]), message=message)


@require_POST
@staff_only(Permission.MANAGE_USERS)
@require_recent_sign_in
def set_customer_state(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Lock or unlock a customer's account, with a reason."""
    action = partial(
        set_customer_active,
        user_id=pk,
        is_active=request.POST.get("state") == "active",
        reason=submitted_reason(request.POST),
        actor=actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("desk:customer", args=[pk]), message=_("Saved."))


def _changes_of(person: User, orders: Sequence[Order]) -> ChangeQuerySet:
    """Return the changes of the account, and what the customer met in these orders."""
    in_orders = Change.objects.filter(
        root_kind=Order._meta.label_lower,
        root_key__in=[str(order.pk) for order in orders],
        action__in=_ORDER_ACTIONS,
    )
    return Change.objects.of_row(person) | in_orders


def _consent_groups(person: User) -> list[tuple[Consent, int]]:
    """Return the newest given and the newest withdrawn consent of each purpose, each with their number."""
    groups: dict[tuple[str, bool], list[Consent]] = {}
    for consent in person.consents.order_by("-given_at", "-pk")[:_MAX_LISTED]:
        groups.setdefault((consent.purpose, consent.withdrawn_at is not None), []).append(consent)
    return [(consents[0], len(consents)) for consents in groups.values()]


def _customers() -> QuerySet[User]:
    return User.objects.filter(is_staff=False, erased_at=None)


def _filter_by_text(people: QuerySet[User], text: str) -> QuerySet[User]:
    """Return people with this phone (its last six digits suffice), email address or name."""
    if not text:
        return people
    if "@" in text:
        return people.filter(email__istartswith=text)
    digits = "".join(character for character in text if character.isdigit())
    condition = Q(first_name__icontains=text) | Q(last_name__icontains=text) | Q(email__istartswith=text)
    if len(digits) >= _MIN_DIGITS:
        condition |= Q(phone=normalise_phone(text)) | Q(phone__endswith=digits)
    return people.filter(condition)
