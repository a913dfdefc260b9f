"""Render the checkout page: its form, the quote, and what was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.actions.order_records.order_limits import PhoneCodeRequired
from orders.actions.payments.order_payments import offered_payment_methods
from orders.actions.quotes.quote_types import Quote, QuoteProblem
from orders.forms.checkout import CheckoutForm
from orders.models import Basket, PaymentMethod
from orders.views import checkout_code, receiver
from orders.views.checkout_problems import checkout_problems
from orders.views.current_basket import signed_in_user
from orders.views.kept_receiver import kept_receiver
from orders.views.payment_page import payment_choices, transfer_before_weighing_text, transfer_now_text
from orders.views.quote_display import SellerQuoteDisplay, build_seller_quote_displays, has_blocking_problems
from orders.views.refused_code import recheck_refused_code
from orders.views.sum_rows import build_totals_of_quote
from shop.accounts.forms import phone_refusal
from shop.accounts.sign_in.one_time_codes import CodeExpired, WrongCode
from shop.accounts.views.old_address_fields import find_suggestions, keep_marked_errors, marked_fields
from shop.core.errors import Refused
from shop.core.geography.division_choices import load_communes_of
from shop.core.models.geography import Division
from shop.core.texts.marked_texts import sentence, translated
from shop.core.web.form_options import FormData


@dataclass(frozen=True, slots=True)
class CheckoutRefusals:
    """The checkout's refusals: of the order, of its phone number, and of the voucher code just entered."""

    order: Refused | None = None
    phone: Refused | None = None
    code: Refused | None = None


NO_REFUSALS = CheckoutRefusals()


def render_checkout(
    request: HttpRequest,
    basket: Basket,
    quote: Quote,
    provinces: list[Division],
    form_values: Mapping[str, object],
    *,
    is_bound: bool = False,
    refusals: CheckoutRefusals = NO_REFUSALS,
) -> HttpResponse:
    """Render the checkout for `form_values`: initial or reloaded values, or submitted ones (`is_bound`)."""
    requested_code = quote.requested.province_code
    province = next((province for province in provinces if province.code == requested_code), None)
    seller_displays = build_seller_quote_displays(quote, province)
    form = _build_checkout_form(basket, quote, provinces, seller_displays, form_values, is_bound)
    if request.method == "POST":
        receiver.save_inputs(request, form_values)
    book = receiver.read_address_book(signed_in_user(request))
    is_receiver_kept = bool(kept_receiver(request))
    context = {
        "basket": basket,
        "form": form,
        "receiver_card": receiver.receiver_card(form, book) if book or is_receiver_kept else None,
        "is_reload": not is_bound,
        "province": province,
        "currency": basket.currency,
        "payments": payment_choices(
            form["payment"],
            offered_payment_methods(basket.channel, quote.total, shop=quote.shop),
            _transfer_text(quote) if province else "",
        ),
        "problems": checkout_problems(seller_displays, refusals.order, quote, form_values),
        "old_address": str(form_values.get("old_address", "")),
        "suggestions": find_suggestions(form_values),
        "shop": quote.shop,
        **_build_quote_context(quote, seller_displays, form),
        "is_receiver_kept": is_receiver_kept,
        **_build_code_context(request, quote, form_values.get("code"), refusals.code),
        **_build_refusals_context(request, refusals),
    }
    template = "orders/checkout.html#checkout-form" if is_htmx(request) else "orders/checkout.html"
    return render(request, template, context)


def _transfer_text(quote: Quote) -> str:
    currency = quote.requested.channel.currency
    if quote.has_lines_sold_by_weight:
        return transfer_before_weighing_text(quote.total, quote.maximum_total, currency)
    return transfer_now_text(quote.total, currency)


def _build_checkout_form(
    basket: Basket,
    quote: Quote,
    provinces: list[Division],
    seller_displays: Sequence[SellerQuoteDisplay],
    form_values: Mapping[str, object],
    is_bound: bool,
) -> CheckoutForm:
    checked_fields = ["phone"] if phone_refusal(form_values.get("phone")) else []
    form = build_form(
        basket,
        _offered_deliveries(seller_displays),
        (provinces, load_communes_of(str(form_values.get("province", "")))),
        offered_payment_methods(basket.channel, shop=quote.shop),
        form_values,
        data=form_values if is_bound or checked_fields or marked_fields(form_values) else None,
    )
    if not is_bound:
        keep_marked_errors(form, form_values, checked_fields)
    for seller_display in seller_displays:  # so that the list of errors on top names the cooperative
        name = translated(seller_display.seller_quote.cooperative, "name")
        form.fields[seller_display.field].label = name
        note = form.fields[f"note-{seller_display.seller_quote.cooperative.pk}"]
        note.label = sentence(_("Note to %(name)s"), name=name)
    return form


def _offered_deliveries(seller_displays: Sequence[SellerQuoteDisplay]) -> dict[int, list[str]]:
    """Return the values of the delivery choices by cooperative."""
    return {
        seller_display.seller_quote.cooperative.pk: [choice.value for choice in seller_display.choices]
        for seller_display in seller_displays
    }


def _build_quote_context(
    quote: Quote, seller_displays: Sequence[SellerQuoteDisplay], form: CheckoutForm
) -> dict[str, object]:
    """Return the quote's sums and changed prices, and each seller's part of it with its fields."""
    notes = [form[f"note-{seller_display.seller_quote.cooperative.pk}"] for seller_display in seller_displays]
    return {
        "has_notes": any(note.value() or note.errors for note in notes),
        "quote": quote,
        "sums": build_totals_of_quote(quote, quote.purchase_at_maximum),
        "groups": [
            {
                "seller_display": seller_display,
                "delivery_method": form[seller_display.field],
                "note": note,
            }
            for seller_display, note in zip(seller_displays, notes, strict=True)
        ],
        "new_prices": [
            (line.requested.key, line.unit_price)
            for line in quote.lines
            if QuoteProblem.PRICE_CHANGED in line.problems
        ],
        "has_blocking_problems": has_blocking_problems(quote),
    }


def _build_code_context(
    request: HttpRequest, quote: Quote, entered: object, refused: Refused | None
) -> dict[str, object]:
    """Return the voucher code kept in its field, and why it was refused now or before.

    `entered` is the field's submitted text, or None if the page is opened.
    """
    code, message = recheck_refused_code(request, quote, now=timezone.now())
    if refused is not None:
        message = str(refused.message)
    elif entered is not None and entered != code:
        message = ""
    return {"written_code": code if entered is None else entered, "code_error": message}


def _build_refusals_context(request: HttpRequest, refusals: CheckoutRefusals) -> dict[str, object]:
    """Return why the phone was refused, and the phone that a code was sent to."""
    is_wrong_code = isinstance(refusals.phone, CodeExpired | WrongCode)
    takes_code = is_wrong_code or isinstance(refusals.phone, PhoneCodeRequired)
    phone_message = refusals.phone.message if refusals.phone else ""
    return {
        "phone_refusal": phone_message,
        "phone_code_error": phone_message if is_wrong_code else "",
        "phone_code_to": checkout_code.code_sent_to(request) if takes_code else "",
    }


def build_form(
    basket: Basket,
    delivery_methods: Mapping[int, list[str]],
    divisions: tuple[list[Division], list[Division]],
    payments: list[PaymentMethod],
    values: Mapping[str, object],
    *,
    data: FormData = None,
) -> CheckoutForm:
    return CheckoutForm(
        data,
        initial={name: values.get(name) for name in values} | {"basket": basket.pk},
        provinces=divisions[0],
        communes=divisions[1],
        payments=payments,
        delivery_methods=delivery_methods,
    )


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
