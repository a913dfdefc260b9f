"""Add, reorder and remove a product's photos."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from catalog.actions.products.product_pictures import add_picture, place_picture, remove_picture
from cooperatives.access import Right, Standing
from cooperatives.views import carry_out
from shop.core.images.renditions import keep_picture
from shop.core.web.uploads import is_signed_in, takes_files
from shop.members.forms.fields import as_key
from shop.members.forms.goods import PictureForm
from shop.members.member_access import for_members
from shop.members.selling.listings import found_listing, listing_address, listing_page


@require_POST
@takes_files(is_signed_in)
@for_members(Right.LIST)
def pictures(request: HttpRequest, membership: Standing, listing_id: int) -> HttpResponse:
    """Add a photo."""
    mine = found_listing(membership, listing_id)
    form = PictureForm(request.POST, request.FILES)
    if not form.is_valid():
        return listing_page(request, membership, mine, photo=form)
    act = partial(
        add_picture,
        cooperative=membership.cooperative,
        product_id=mine.product_id,
        picture=keep_picture(form.upload),
        actor=membership.actor,
        now=timezone.now(),
    )
    return carry_out(request, act, to=listing_address(mine.pk), said=_("The photo is there."))


@require_POST
@for_members(Right.LIST)
def picture_place(request: HttpRequest, membership: Standing, listing_id: int, media_id: int) -> HttpResponse:
    """Move a photo; the first one is shown in lists."""
    mine = found_listing(membership, listing_id)
    act = partial(
        place_picture,
        cooperative=membership.cooperative,
        product_id=mine.product_id,
        media_id=media_id,
        place=as_key(request.POST.get("place")),
        actor=membership.actor,
        now=timezone.now(),
    )
    return carry_out(request, act, to=f"{listing_address(mine.pk)}#pictures-order")


@require_POST
@for_members(Right.LIST)
def picture_removal(
    request: HttpRequest, membership: Standing, listing_id: int, media_id: int
) -> HttpResponse:
    """Remove a photo."""
    mine = found_listing(membership, listing_id)
    act = partial(
        remove_picture,
        cooperative=membership.cooperative,
        product_id=mine.product_id,
        media_id=media_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    return carry_out(request, act, to=listing_address(mine.pk), said=_("The photo is taken out."))
