"""The object types of gift cards, and which cards a requester may see."""

from __future__ import annotations

from django.db.models import Q

from orders.models import GiftCard, GiftCardTag
from shop.accounts.staff.permissions import Permission
from shop.api.context import Context
from shop.api.object_types import Rows, Type
from shop.core.models import Change

GIFT_CARD_PERMISSIONS = (Permission.MANAGE_GIFT_CARD,)


def _visible_gift_cards(context: Context) -> Rows:
    """Return all cards for staff and apps that manage them, else those that the person used or may use."""
    if context.may(*GIFT_CARD_PERMISSIONS):
        return GiftCard.objects.all()
    if context.user is None:
        return GiftCard.objects.none()
    return GiftCard.objects.filter(Q(used_by=context.user.pk) | Q(assigned_to=context.user.pk))


gift_card_object = Type("GiftCard", rows=_visible_gift_cards)
gift_card_tag_object = Type("GiftCardTag", rows=lambda context: GiftCardTag.objects.all())
gift_card_event_object = Type(
    "GiftCardEvent", rows=lambda context: Change.objects.filter(kind=GiftCard._meta.label_lower)
)
