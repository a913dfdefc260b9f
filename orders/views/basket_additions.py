"""Add a product to the basket. The buyer stays on the page and sees a bar with the basket's sum."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from catalog.models import Variant
from orders.actions.basket.basket_lines import add_variant_to_basket
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.forms.basket import AddLineForm
from orders.models import Basket
from orders.views.basket_page import is_htmx
from orders.views.current_basket import (
    find_current_basket,
    find_delivery_province,
    remember_guest_basket,
    signed_in_user,
)
from shop.core.errors import Refused
from shop.core.models import market_channel, show_in_language
from shop.core.texts.formatting import format_money

BASKET_TAG = "basket"  # the message tag for which a link to the basket is shown


@require_POST
def add_line(request: HttpRequest) -> HttpResponse:
    """Add a quantity of a variant to the basket."""
    form = AddLineForm(request.POST)
    channel = market_channel()
    if not form.is_valid() or channel is None:
        return _render_refusal(request, " ".join(str(error) for field in form for error in field.errors))
    basket, user = find_current_basket(request), signed_in_user(request)
    quantity = form.cleaned_data["quantity"]
    try:
        filled = add_variant_to_basket(
            basket_id=basket.pk if basket else None,
            user_id=user.pk if user else None,
            channel=channel,
            variant_id=form.cleaned_data["variant"],
            quantity=quantity,
            language=request.LANGUAGE_CODE,
            province_code=find_delivery_province(request, None),
            now=timezone.now(),
        )
    except Refused as refused:
        return _render_refusal(request, str(refused.message))
    remember_guest_basket(request, filled)
    variant = Variant.objects.select_related("product").get(pk=form.cleaned_data["variant"])
    addition, count = _describe_addition(filled, variant, quantity)
    if is_htmx(request):
        return render(request, "orders/basket_bar.html", {"addition": addition, "basket_count": count})
    page = _own_page(request, request.POST.get("next", ""))
    if page == reverse("catalog:product", args=[variant.product.slug]):
        page = f"{page}?variant={variant.pk}"  # the chosen option stays chosen
    if page != reverse("orders:basket"):  # there the line itself is visible
        messages.success(request, addition, extra_tags=BASKET_TAG)
    return redirect(page)


def _describe_addition(basket: Basket, variant: Variant, quantity: int) -> tuple[str, int]:
    """Return the added products with the basket's new sum and number of items."""
    show_in_language([variant.product], "name")
    show_in_language([variant], "name")
    quote = build_quote(build_basket_request(basket), now=timezone.now(), should_propose_deliveries=True)
    count = sum(line.quantity for line in quote.requested.lines)
    name = variant.product.name + (f" ({variant.name})" if variant.name else "")
    total = format_money(quote.maximum_without_delivery, basket.currency)
    basket_texts = (
        ngettext(
            "Basket: %(count)s item, at most %(amount)s.",
            "Basket: %(count)s items, at most %(amount)s.",
            count,
        )
        if quote.has_lines_sold_by_weight
        else ngettext("Basket: %(count)s item, %(amount)s.", "Basket: %(count)s items, %(amount)s.", count)
    )
    added_text = _("Added: %(quantity)s × %(name)s.") % {"quantity": quantity, "name": name}
    return f"{added_text} {basket_texts % {'count': count, 'amount': total}}", count


def _render_refusal(request: HttpRequest, error_message: str) -> HttpResponse:
    """Show the error on the page from which the product was added."""
    error = error_message or _("This product is not on sale at the moment.")
    if is_htmx(request):
        return render(request, "orders/basket_bar.html", {"error": error})
    messages.error(request, error)
    return redirect(_own_page(request, request.POST.get("next", "") or request.headers.get("Referer", "")))


def _own_page(request: HttpRequest, address: str) -> str:
    """Return the address if it is one of this site, else the basket."""
    is_own = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_own else reverse("orders:basket")
