"""The checkout page, which turns a basket into an order."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orders.actions.basket.basket_lines import set_basket_province
from orders.actions.checkout.open_checkout import open_checkout, preview_checkout
from orders.actions.order_records.order_limits import PhoneCodeRequired, TooManyOrders
from orders.actions.payments.order_payments import offered_payment_methods
from orders.actions.placement.place_order import place_order
from orders.actions.vouchers.redeem_vouchers import apply_voucher_code, remove_voucher_code
from orders.forms.basket import parse_chosen_deliveries, submitted_basket_id
from orders.forms.checkout import CheckoutForm
from orders.models import Basket, Order, PaymentMethod, normalise_voucher_code
from orders.views import checkout_code, receiver
from orders.views.address_book import save_checkout_address
from orders.views.checkout_rendering import (
    NO_REFUSALS,
    CheckoutRefusals,
    build_form,
    is_htmx,
    render_checkout,
)
from orders.views.current_basket import (
    find_basket_by_id,
    find_current_basket,
    remember_province,
    request_actor,
    signed_in_user,
)
from orders.views.kept_receiver import forget_kept_receiver, keep_receiver, kept_receiver
from orders.views.order_access import remember_proof
from orders.views.quote_display import has_blocking_problems
from orders.views.refused_code import forget_refused_code, remember_refused_code
from shop.accounts.sign_in.one_time_codes import CodeExpired, WrongCode
from shop.accounts.views.old_address_fields import needs_reload
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, Refused
from shop.core.geography.commune_search import find_communes
from shop.core.geography.division_choices import load_communes_of, load_divisions_with_codes, load_provinces
from shop.core.models.geography import Division
from shop.core.web.http_methods import require_safe_or_post


@require_safe_or_post
def show_checkout(request: HttpRequest) -> HttpResponse:
    """Show the checkout. A POST changes it or places the order. Showing it reserves nothing."""
    if request.method == "POST":
        return _handle_post(request)
    basket = find_current_basket(request)
    if basket is None:
        return redirect("orders:basket")
    values, provinces = receiver.read_initial_receiver(request, basket), load_provinces()
    quote = preview_checkout(basket, province_code=_valid_province(provinces, values), now=timezone.now())
    if not quote.seller_quotes or has_blocking_problems(quote):
        return redirect("orders:basket")
    return render_checkout(request, basket, quote, provinces, values)


@require_POST
def start_checkout(request: HttpRequest) -> HttpResponse:
    """Reserve the basket's stock and redirect to the checkout.

    The form contains the province that is chosen on the page, because the request that saves it may still be
    on its way.
    """
    basket = find_current_basket(request)
    if basket is None:
        return redirect("orders:basket")
    provinces, now = load_provinces(), timezone.now()
    chosen_province = _valid_province(provinces, request.POST)
    try:
        if chosen_province and chosen_province != basket.province_code:
            set_basket_province(basket_id=basket.pk, province_code=chosen_province, now=now)
            basket.province_code = chosen_province
            remember_province(request, chosen_province)
        open_checkout(
            basket_id=basket.pk,
            province_code=_valid_province(provinces, receiver.read_initial_receiver(request, basket)),
            language=request.LANGUAGE_CODE,
            should_mark_prices_seen=False,  # the page that follows shows what has changed
            now=now,
        )
    except Missing:
        return _redirect_to_result(request, basket.pk)
    return redirect("orders:checkout")


@require_safe
def list_communes(request: HttpRequest) -> HttpResponse:
    """Render the communes and wards of a province as options."""
    communes = load_communes_of(request.GET.get("province", ""))
    context = {"communes": communes, "chosen_code": request.GET.get("commune", "")}
    return render(request, "orders/communes.html", context)


@require_safe
def find_communes_view(request: HttpRequest) -> HttpResponse:
    """Render the communes that match the typed text as options of a list."""
    found = find_communes(
        request.GET.get("q", ""),
        province_code=request.GET.get("province", ""),
        day=vietnam_date(timezone.now()),
    )
    return render(request, "orders/found_communes.html", {"found": found})


@require_POST
def check_contact(request: HttpRequest) -> HttpResponse:
    """Render the phone number and email address fields with their errors or warnings."""
    form = CheckoutForm(
        request.POST, provinces=[], communes=[], delivery_methods={}, payments=list(PaymentMethod)
    )
    return render(request, "orders/contact_checks.html", {"form": form})


def _handle_post(request: HttpRequest) -> HttpResponse:
    """Handle the page's buttons: apply a change and show the page again, or place the order."""
    basket_id = submitted_basket_id(request.POST)
    if basket_id is None:
        raise Http404
    basket = find_basket_by_id(request, basket_id)
    if basket is None:
        return _redirect_to_result(request, basket_id)
    if "forget-receiver" in request.POST:
        return _forget_receiver(request)
    submitted = receiver.use_chosen_address(request, request.POST)
    try:
        if "drop-code" in submitted or _has_new_code(basket, submitted):
            return _change_code(request, basket, submitted)
        if {"use-address", "use-email"} & submitted.keys() or needs_reload(submitted):
            return _show_updated(request, basket, submitted)
        return _place_order(request, basket, submitted)
    except Missing:
        return _redirect_to_result(request, basket_id)


def _forget_receiver(request: HttpRequest) -> HttpResponse:
    """Delete the details kept on this device, and show the checkout without them."""
    receiver.forget_inputs(request)
    response = _redirect_to_page(request, "orders:checkout")
    forget_kept_receiver(response)
    return response


def _has_new_code(basket: Basket, submitted: QueryDict) -> bool:
    """Return whether a code was entered whose effect the buyer has not seen yet."""
    known_codes = ("", basket.voucher_code, normalise_voucher_code(submitted.get("code-seen", "")))
    return "use-code" in submitted or normalise_voucher_code(submitted.get("code", "")) not in known_codes


def _change_code(request: HttpRequest, basket: Basket, submitted: QueryDict) -> HttpResponse:
    """Apply or remove a voucher code, keeping the other inputs."""
    code = submitted.get("code", "")[:255]
    try:
        if "drop-code" in submitted:
            remove_voucher_code(basket_id=basket.pk, now=timezone.now())
        else:
            apply_voucher_code(basket_id=basket.pk, code=code, now=timezone.now())
    except Missing:
        raise
    except Refused as refused:
        remember_refused_code(request, code)
        return _show_updated(request, basket, submitted, refusals=CheckoutRefusals(code=refused))
    forget_refused_code(request)
    return _show_updated(request, basket, submitted)


def _place_order(request: HttpRequest, basket: Basket, submitted: QueryDict) -> HttpResponse:
    """Place the order, or show the problems and keep all inputs.

    Delivery methods are not checked beforehand. `place_order` refuses missing ones, and the page then shows
    current ones.
    """
    cooperatives = _cooperative_ids(basket)
    form = build_form(
        basket,
        {key: [submitted.get(f"delivery-{key}", "")] for key in cooperatives},
        load_divisions_with_codes(submitted.get("province", ""), submitted.get("commune", "")),
        offered_payment_methods(basket.channel),
        submitted,
        data=submitted,
    )
    refusals = NO_REFUSALS
    if form.is_valid():
        outcome = _try_to_place(request, basket, form, submitted)
        if isinstance(outcome, Order):
            return _respond_to_placed_order(request, outcome, form)
        refusals = outcome
    provinces = load_provinces()
    quote = open_checkout(
        basket_id=basket.pk,
        province_code=_valid_province(provinces, submitted),
        choices=parse_chosen_deliveries(submitted, cooperatives),
        contact=form.contact if form.is_valid() else None,
        now=timezone.now(),
    )
    return render_checkout(request, basket, quote, provinces, submitted, is_bound=True, refusals=refusals)


def _try_to_place(
    request: HttpRequest, basket: Basket, form: CheckoutForm, submitted: QueryDict
) -> Order | CheckoutRefusals:
    """Place the order, or return why it was refused. Sends a code if the phone needs one. Raises Missing."""
    try:
        with checkout_code.apply_order_limits(request, submitted, form.contact.phone):
            return place_order(
                basket_id=basket.pk,
                contact=form.contact,
                deliveries=form.deliveries,
                consents=form.consents,
                method=form.method,
                actor=request_actor(request),
                now=timezone.now(),
                agreed_total=form.cleaned_data["shown_total"],
                agreed_maximum=form.cleaned_data["shown_maximum"],
                seen_prices=form.seen_prices,
                language=request.LANGUAGE_CODE,
            )
    except Missing as missing:
        if missing.field != "delivery":
            raise
        return NO_REFUSALS
    except PhoneCodeRequired as needed:
        code_problem = checkout_code.send_code_to(request, submitted, form.contact.phone)
        return CheckoutRefusals(phone=code_problem or needed)
    except (CodeExpired, TooManyOrders, WrongCode) as wrong:
        return CheckoutRefusals(phone=wrong)
    except Refused as refused:
        return CheckoutRefusals(order=refused)


def _respond_to_placed_order(request: HttpRequest, order: Order, form: CheckoutForm) -> HttpResponse:
    receiver.forget_inputs(request)
    forget_refused_code(request)
    remember_proof(request, order)
    if form.cleaned_data["keep_address"]:
        save_checkout_address(request, form.address)
    remember_province(request, order.province_code)
    if order.confirmed_at is None:
        messages.success(request, _("Your items are reserved. Pay now to complete the order."))
    else:
        messages.success(request, _placement_text(order))
    if form.is_phone_likely_mistyped:
        messages.warning(
            request,
            _(
                "The phone number %(phone)s looks unusual. If it is wrong, tell us so that the "
                "courier can reach you."
            )
            % {"phone": form.data["phone"]},
        )
    response = _redirect_to_page(request, "orders:order", order_id=order.pk)
    if form.cleaned_data["keep_on_device"]:
        keep_receiver(response, form.data)
    elif signed_in_user(request) is None and kept_receiver(request):
        forget_kept_receiver(response)
    return response


def _placement_text(order: Order) -> str:
    """Return the message about an order just placed.

    It says what happens next and how the buyer hears of it.
    """
    if order.email:
        return _(
            "Order placed. Next, the cooperatives confirm it. We email you when your items are on their way, "
            "or if something changes."
        )
    return _(
        "Order placed. Next, the cooperatives confirm it. We text you when your items are on their way, or "
        "if something changes."
    )


def _show_updated(
    request: HttpRequest,
    basket: Basket,
    submitted: QueryDict,
    *,
    refusals: CheckoutRefusals = NO_REFUSALS,
) -> HttpResponse:
    """Save a changed address, delivery method or code, and show the new prices."""
    provinces = load_provinces()
    province_code = _valid_province(provinces, submitted)
    quote = open_checkout(
        basket_id=basket.pk,
        province_code=province_code,
        choices=parse_chosen_deliveries(submitted, _cooperative_ids(basket)),
        now=timezone.now(),
    )
    if province_code:
        remember_province(request, province_code)
    return render_checkout(request, basket, quote, provinces, submitted, refusals=refusals)


def _redirect_to_result(request: HttpRequest, basket_id: uuid.UUID) -> HttpResponse:
    """Redirect to the order already placed from this basket, or else to the basket."""
    user = signed_in_user(request)
    order = Order.objects.from_basket(basket_id, user.pk if user else None).first()
    if order is not None:
        receiver.forget_inputs(request)
        return _redirect_to_page(request, "orders:order", order_id=order.pk)
    messages.warning(request, _("Your basket was changed in another window. These are its items now."))
    return _redirect_to_page(request, "orders:basket")


def _redirect_to_page(request: HttpRequest, page: str, **parts: object) -> HttpResponse:
    """Redirect. HTMX gets the URL in `HX-Redirect`, since it would insert the page into the current one."""
    url = resolve_url(page, **parts)
    if not is_htmx(request):
        return redirect(url)
    return HttpResponse(status=204, headers={"HX-Redirect": url})


def _valid_province(provinces: list[Division], values: Mapping[str, object]) -> str:
    code = str(values.get("province", ""))
    return code if any(province.code == code for province in provinces) else ""


def _cooperative_ids(basket: Basket) -> set[int]:
    return set(basket.lines.order_by().values_list("variant__cooperative", flat=True))
