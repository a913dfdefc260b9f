"""Pages of the weekly bulletin, to read, read aloud and download it."""

from __future__ import annotations

import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from catalog.models import Bulletin
from catalog.views.follow_pages import build_follow_form, find_visitors_follow
from catalog.views.product_cards import ProductCard, build_cards, load_listings_for_cards
from cooperatives.models import Cooperative
from shop.core.models import market_channel, show_in_language

WEEKS = 12
MAX_COOPERATIVES = 60
LOUDSPEAKER_LANGUAGE = "vi"


@require_safe
def list_bulletins(request: HttpRequest) -> HttpResponse:
    """Show the market's latest bulletin, with links to earlier ones and to cooperatives' bulletins."""
    bulletins = list(Bulletin.objects.of_market().in_language(_language()).order_by("-week", "-pk")[:WEEKS])
    newest = bulletins[0] if bulletins else None
    return _render_bulletin(request, newest, None, earlier=bulletins[1:])


@require_safe
def show_bulletin(request: HttpRequest, week: str, slug: str | None = None) -> HttpResponse:
    """Show one week's bulletin of the market or a cooperative."""
    requested_bulletin = _find_bulletin_or_404(week, slug, _language())
    cooperative = requested_bulletin.cooperative
    before = (
        Bulletin.objects.of_cooperative_or_market(cooperative)
        .in_language(_language())
        .filter(week__lt=requested_bulletin.week)
    )
    return _render_bulletin(
        request, requested_bulletin, cooperative, earlier=list(before.order_by("-week", "-pk")[:WEEKS])
    )


@require_safe
def download_bulletin_text(request: HttpRequest, week: str, slug: str | None = None) -> HttpResponse:
    """Show the bulletin as a text file, to print or forward."""
    return _text_download(_find_bulletin_or_404(week, slug, _language()).text, week, slug, "ban-tin")


@require_safe
def download_spoken_text(request: HttpRequest, week: str, slug: str | None = None) -> HttpResponse:
    """Show the Vietnamese text for the commune's loudspeaker, with numbers in words."""
    return _text_download(
        _find_bulletin_or_404(week, slug, LOUDSPEAKER_LANGUAGE).spoken_text, week, slug, "doc-loa"
    )


def _render_bulletin(
    request: HttpRequest,
    requested_bulletin: Bulletin | None,
    cooperative: Cooperative | None,
    *,
    earlier: list[Bulletin],
) -> HttpResponse:
    other_bulletins: list[Bulletin] = []
    if requested_bulletin is not None and cooperative is None:
        other_bulletins = list(
            Bulletin.objects.in_language(_language())
            .filter(week=requested_bulletin.week, cooperative__in=Cooperative.objects.public())
            .select_related("cooperative")
            .order_by("cooperative__sort_order", "pk")[:MAX_COOPERATIVES]
        )
    sellers = [
        other_bulletin.cooperative
        for other_bulletin in other_bulletins
        if other_bulletin.cooperative is not None
    ]
    if cooperative is not None:
        sellers.append(cooperative)
    show_in_language(sellers, "name")
    loudspeaker_version = (
        requested_bulletin
        if requested_bulletin is None or requested_bulletin.spoken_text
        else _find_loudspeaker_version(requested_bulletin)
    )
    context = {
        "bulletin": requested_bulletin,
        "cards": _build_mentioned_cards(requested_bulletin),
        "spoken_text": loudspeaker_version.spoken_text if loudspeaker_version else "",
        "cooperative": cooperative,
        "earlier": earlier,
        "other_bulletins": other_bulletins,
        "follow_form": build_follow_form(request),
        "followed": find_visitors_follow(request, cooperative),
    }
    return render(request, "catalog/bulletin.html", context)


def _build_mentioned_cards(requested_bulletin: Bulletin | None) -> list[ProductCard]:
    """Return cards of the products that the bulletin mentions and that are still listed."""
    channel = market_channel()
    if requested_bulletin is None or channel is None:
        return []
    mentions = requested_bulletin.mentions.order_by("sort_order").values_list("product", flat=True)
    return build_cards(load_listings_for_cards(list(mentions), channel.pk), now=timezone.now())


def _find_loudspeaker_version(requested_bulletin: Bulletin) -> Bulletin | None:
    return (
        Bulletin.objects.of_cooperative_or_market(requested_bulletin.cooperative)
        .in_language(LOUDSPEAKER_LANGUAGE)
        .filter(week=requested_bulletin.week)
        .first()
    )


def _find_bulletin_or_404(week: str, slug: str | None, language: str) -> Bulletin:
    try:
        monday = datetime.date.fromisoformat(week)
    except ValueError as error:
        raise Http404 from error
    if week != monday.isoformat():  # `2026-W48` parses as a date too, but a page must have one URL
        raise Http404
    cooperative = get_object_or_404(Cooperative.objects.public(), slug=slug) if slug else None
    bulletins = (
        Bulletin.objects.of_cooperative_or_market(cooperative)
        .in_language(language)
        .select_related("cooperative")
    )
    return get_object_or_404(bulletins, week=monday)


def _text_download(text: str, week: str, slug: str | None, name: str) -> HttpResponse:
    """Return a UTF-8 text download with a byte order mark. Without it Windows programs misread Vietnamese."""
    if not text:
        raise Http404
    response = HttpResponse("\ufeff" + text.replace("\n", "\r\n"), content_type="text/plain; charset=utf-8")
    base_name = "-".join(filter(None, (name, slug, week)))
    response.headers["Content-Disposition"] = f'attachment; filename="{base_name}.txt"'
    return response


def _language() -> str:
    return get_language() or LOUDSPEAKER_LANGUAGE
