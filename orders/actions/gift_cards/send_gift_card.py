"""Send a gift card's code by email."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.gift_cards.gift_card_changes import record_gift_card_change
from orders.models import GiftCard
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Refused
from shop.core.models import shop_settings
from shop.notifications.models import ContactMethod
from shop.notifications.send import PLACEHOLDER_SIGN, queue_notification


class GiftCardExpired(Refused):
    code = "gift_card_expired"
    default_message = _("This gift card has expired. Give it a later expiry date first.")


class GiftCardHasNoReceiver(Refused):
    code = "gift_card_has_no_receiver"
    default_message = _("Enter the email address that the gift card goes to.")


@transaction.atomic(durable=True)
def resend_gift_card(
    *, gift_card_id: int, recipient_email: str = "", actor: Actor, now: datetime.datetime
) -> GiftCard:
    """Send a card's code again: to the address given, else to who used it, has it or issued it.

    Raises Missing, GiftCardExpired, GiftCardHasNoReceiver.
    """
    card = locks.lock_gift_card(gift_card_id)
    if card.is_expired(vietnam_date(now)):
        raise GiftCardExpired(field="id")
    people = [person.email for person in (card.assigned_to, card.created_by) if person is not None]
    email = next(filter(None, (recipient_email, card.used_by_email, *people)), "")
    if not email:
        raise GiftCardHasNoReceiver(field="email")
    send_gift_card(card, email, is_resent=True, actor=actor, now=now)
    return card


def send_gift_card(
    card: GiftCard, recipient_email: str, *, is_resent: bool, actor: Actor, now: datetime.datetime
) -> None:
    """On a locked or new card: queue the email with its code, in the receiver's language."""
    action = "gift_card.resent" if is_resent else "gift_card.sent"
    change = record_gift_card_change(action, card, data={"email": recipient_email}, actor=actor, now=now)
    account = User.objects.filter(email=recipient_email).first()
    language = account.language if account else settings.LANGUAGE_CODE
    with translation.override(language):
        context = {
            "card": card,
            "code": PLACEHOLDER_SIGN,
            "url": settings.PUBLIC_URL,
            "site": settings.PUBLIC_URL,
            "shop": shop_settings(),
            "subject": gettext("Your gift card"),
        }
        queue_notification(
            key=f"gift_card:{card.pk}:{change.pk}",
            contact_method=ContactMethod.EMAIL,
            recipient=recipient_email,
            subject=str(context["subject"]),
            text=render_to_string("emails/gift_card.txt", context),
            html=render_to_string("emails/gift_card.html", context),
            language=language,
            user_id=account.pk if account else None,
            secret=card.code,
            now=now,
        )
