"""Who hears of a cooperative's standing."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from cooperatives.models import Cooperative
from shop.notifications.models import Way
from shop.notifications.send import send


def application_received(cooperative: Cooperative, *, now: datetime.datetime) -> None:
    """The applicant hears that the application arrived."""
    _tell(cooperative, "application_received", now=now)


def application_answered(cooperative: Cooperative, *, now: datetime.datetime) -> None:
    """The applicant hears what the platform decided, and why."""
    _tell(cooperative, "application_answered", now=now)


def _tell(cooperative: Cooperative, occasion: str, *, now: datetime.datetime) -> None:
    if not cooperative.email:
        return
    with translation.override("vi"):
        context = {"cooperative": cooperative, "url": f"{settings.PUBLIC_URL}/xa-vien/"}
        send(
            key=f"{occasion}:{cooperative.pk}:{cooperative.state}:{now:%Y%m%d%H%M%S}",
            way=Way.EMAIL,
            to=cooperative.email,
            subject=_("%(name)s on Chợ Phiên") % {"name": cooperative.name},
            text=render_to_string(f"emails/{occasion}.txt", context),
            now=now,
        )
