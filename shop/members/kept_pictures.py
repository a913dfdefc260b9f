"""Keep an uploaded photo while other fields of its form are corrected."""

from __future__ import annotations

from django.core import signing

from cooperatives.models import Cooperative
from shop.core.models import Picture, PictureState

_SALT = "members.kept-picture"
_SECONDS = 24 * 60 * 60


def sign_kept_picture(cooperative: Cooperative, picture: Picture | None) -> str:
    """Return the picture's key, signed for this cooperative; empty without a picture."""
    return signing.dumps([cooperative.pk, picture.pk], salt=_SALT) if picture else ""


def find_kept_picture(cooperative: Cooperative, signed: str) -> Picture | None:
    """Return the picture of a signed key; None if it is invalid, old, another cooperative's or refused."""
    try:
        owner, picture_id = signing.loads(signed, salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature:
        return None
    if owner != cooperative.pk:
        return None
    return Picture.objects.filter(pk=picture_id).exclude(state=PictureState.REFUSED).first()
