"""Pages of products that cannot be ordered now, and back-in-stock requests."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from django.contrib import messages
from django.contrib.auth import get_user
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from catalog.actions.marketing.back_in_stock import cancel_back_in_stock_request, request_back_in_stock
from catalog.forms import BackInStockForm
from catalog.models import BackInStockRequest, Product, ProductMedia, Variant
from shop.accounts.models import User
from shop.core.actors import Actor, EntryPoint
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, Refused
from shop.core.identifiers.phones import format_phone
from shop.core.models import market_channel, show_in_language
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import RateLimit, client_network, count_tries
from shop.notifications.models import ContactMethod

# People ask about a few products. Many addresses from one source mean abuse.
REQUESTS_PER_NETWORK = RateLimit("back", max_tries=30, seconds=60 * 60)
REQUESTS_PER_CONTACT = RateLimit("back-contact", max_tries=20, seconds=24 * 60 * 60)


def paused_product_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the page of a paused product, or a 404 for anything else."""
    product = _find_product_or_404(slug)
    variants = list(product.variants.in_order())
    show_in_language(variants, "name")
    show_in_language([product], "name", "description_text", "season_note")
    show_in_language([product.cooperative], "name", "pause_note")
    today = vietnam_date(timezone.now())
    context = {
        "product": product,
        "cooperative": product.cooperative,
        "media": list(
            ProductMedia.objects.displayable()
            .filter(product=product)
            .select_related("picture")
            .order_by("sort_order", "pk")[:1]
        ),
        "is_paused": product.cooperative.is_paused_on(today),
        "this_month": today.month,
        "back_in_stock_form": build_back_in_stock_form(request, variants),
    }
    return render(request, "catalog/unavailable_product.html", context)


@require_safe_or_post
def request_back_in_stock_view(request: HttpRequest, slug: str) -> HttpResponse:
    """Request a back-in-stock message for a product or variant."""
    product = _find_product_or_404(slug)
    variants = list(product.variants.in_order())
    show_in_language(variants, "name")
    form = build_back_in_stock_form(request, variants)
    if form.is_valid() and _create_request(request, form, product):
        return redirect(f"{reverse('catalog:product', args=[slug])}#back")
    show_in_language([product], "name")
    show_in_language([product.cooperative], "name")
    return render(request, "catalog/back_in_stock.html", {"product": product, "back_in_stock_form": form})


# The URL is the secret. Mail programs post to it (one-click unsubscribe) without a form of the market.
@csrf_exempt
@never_cache
@require_safe_or_post
def manage_back_in_stock(request: HttpRequest, token: str) -> HttpResponse:
    """Show a request with a button that deletes it. Opening the link alone changes nothing."""
    if request.method == "POST":
        with suppress(Missing):  # a repeated request has deleted it before
            cancel_back_in_stock_request(token=token, actor=_actor(request), now=timezone.now())
        return render(request, "catalog/unsubscribed.html")
    back_in_stock_request = (
        BackInStockRequest.objects.filter(token=token).select_related("product", "variant").first()
    )
    if back_in_stock_request is None:
        return render(request, "catalog/unsubscribed.html")
    show_in_language([back_in_stock_request.product], "name")
    return render(request, "catalog/back_in_stock_request.html", {"row": back_in_stock_request})


def build_back_in_stock_form(
    request: HttpRequest, variants: Sequence[Variant], *, may_choose_any_variant: bool = True
) -> BackInStockForm:
    """Return the posted form, or one prefilled from the account.

    `may_choose_any_variant` is true if all variants of the product are sold out, or none is.
    """
    user = get_user(request)
    account_contact = (user.email or format_phone(user.phone or "")) if isinstance(user, User) else ""
    submitted = request.POST if request.method == "POST" else None
    return BackInStockForm(
        submitted,
        variants=variants,
        may_choose_any_variant=may_choose_any_variant,
        initial={"contact": account_contact},
        label_suffix="",
    )


def _create_request(request: HttpRequest, form: BackInStockForm, product: Product) -> bool:
    """Create the request within rate limits. A refusal becomes an error of the form."""
    contact, network = form.cleaned_data["contact"], client_network(request.META)
    channel, user = market_channel(), get_user(request)
    if channel is None:
        raise Http404
    try:
        count_tries([(REQUESTS_PER_NETWORK, network), (REQUESTS_PER_CONTACT, contact)])
        request_back_in_stock(
            product_slug=product.slug,
            variant_id=form.variant_id,
            contact_method=form.contact_method,
            contact=contact,
            user=user if isinstance(user, User) else None,
            language=get_language() or "vi",
            channel=channel,
            actor=_actor(request),
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error(None, str(refused.message))
        return False
    message = _("We will email %(contact)s once when this product is back in stock.")
    if form.contact_method == ContactMethod.SMS:
        message = _("We will text %(contact)s once when this product is back in stock.")
        contact = format_phone(contact)
    messages.success(request, message % {"contact": contact}, extra_tags="back-in-stock")
    return True


def _find_product_or_404(slug: str) -> Product:
    channel = market_channel()
    if channel is None:
        raise Http404
    products = Product.objects.paused_or_published(channel.pk).select_related("cooperative", "category")
    return get_object_or_404(products, slug=slug)


def _actor(request: HttpRequest) -> Actor:
    user = get_user(request)
    return user.as_actor(EntryPoint.MARKET) if isinstance(user, User) else Actor.guest()
