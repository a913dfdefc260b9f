"""Send emails about cooperatives' applications and about follow requests."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from cooperatives.models import ApplicationDocument, Cooperative, Follow, Invitation
from shop.core.models import shop_settings, show_in_language
from shop.core.web.public_urls import page_url
from shop.notifications.models import ContactMethod
from shop.notifications.send import PLACEHOLDER_SIGN, queue_notification


def send_application_received(cooperative: Cooperative, *, now: datetime.datetime) -> None:
    """Confirm to the applicant that the application arrived."""
    _send_to_cooperative(cooperative, "application_received", now=now)


def send_application_decision(cooperative: Cooperative, *, now: datetime.datetime) -> None:
    """Inform the applicant of the decision and its reason."""
    _send_to_cooperative(cooperative, "application_answered", now=now)


def send_document_returned(document: ApplicationDocument, *, now: datetime.datetime) -> None:
    """Inform the applicant which document was sent back, and why."""
    cooperative = document.cooperative
    if cooperative.email:
        with translation.override("vi"):
            context = {
                "cooperative": cooperative,
                "document": document,
                "url": f"{settings.PUBLIC_URL}/xa-vien/ho-so/",
            }
            queue_notification(
                key=f"document_returned:{document.pk}:{now:%Y%m%d%H%M%S}",
                contact_method=ContactMethod.EMAIL,
                recipient=cooperative.email,
                subject=_("%(name)s on Chợ Phiên") % {"name": cooperative.name},
                text=render_to_string("emails/document_returned.txt", context),
                now=now,
            )


def send_follow_confirmation(follow: Follow, *, now: datetime.datetime) -> None:
    """Ask the owner of a mailbox to confirm a follow request, at most once an hour."""
    with translation.override(follow.language):
        cooperative = follow.cooperative
        if cooperative is not None:
            show_in_language([cooperative], "name")
        subject = _("Confirm the bulletin of %(name)s") % {
            "name": cooperative.name if cooperative else shop_settings().name
        }
        context = {
            "cooperative": cooperative,
            "subject": subject,
            "shop": shop_settings(),
            "url": page_url(f"/theo-doi/{follow.token}/", follow.language),
        }
        queue_notification(
            key=f"follow-asked:{follow.pk}:{now:%Y%m%d%H}",
            contact_method=ContactMethod.EMAIL,
            recipient=follow.email,
            subject=subject,
            text=render_to_string("emails/follow_confirmation.txt", context),
            html=render_to_string("emails/follow_confirmation.html", context),
            language=follow.language,
            user_id=follow.user_id,
            now=now,
        )


def send_invitation(
    invitation: Invitation, recipient: str, *, token: str, language: str, now: datetime.datetime
) -> None:
    """Send an invitation's link by email or text message, whether or not the recipient has an account."""
    with translation.override(language):
        cooperative = invitation.cooperative
        show_in_language([cooperative], "name")
        values = {"name": cooperative.name, "role": invitation.get_role_display(), "url": PLACEHOLDER_SIGN}
        text = _("%(name)s invites you to work with them as %(role)s. Accept or ignore: %(url)s")
        queue_notification(
            key=f"invitation:{invitation.pk}",
            contact_method=ContactMethod.EMAIL if "@" in recipient else ContactMethod.SMS,
            recipient=recipient,
            subject=_("Invitation from %(name)s") % values,
            text=text % values,
            language=language,
            secret=page_url(f"/xa-vien/loi-moi/{token}/", language),
            secret_expires_at=invitation.expires_at,
            now=now,
        )


def _send_to_cooperative(cooperative: Cooperative, occasion: str, *, now: datetime.datetime) -> None:
    if not cooperative.email:
        return
    with translation.override("vi"):
        context = {"cooperative": cooperative, "url": f"{settings.PUBLIC_URL}/xa-vien/"}
        queue_notification(
            key=f"{occasion}:{cooperative.pk}:{cooperative.state}:{now:%Y%m%d%H%M%S}",
            contact_method=ContactMethod.EMAIL,
            recipient=cooperative.email,
            subject=_("%(name)s on Chợ Phiên") % {"name": cooperative.name},
            text=render_to_string(f"emails/{occasion}.txt", context),
            now=now,
        )
