"""Keep uploaded photos while other fields of their form are corrected."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from cooperatives.access import MemberRight, MembershipContext
from cooperatives.models import Cooperative
from shop.core.errors import Missing
from shop.core.models import Picture, PictureState
from shop.core.web.private_files import private_file_response
from shop.members.member_access import for_members

_SALT = "members.kept-picture"
_RETENTION_SECONDS = 24 * 60 * 60
_MAX_KEPT = 8
_SHOWN_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})  # browsers show no HEIC


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A kept picture with its key, signed for its cooperative."""

    picture: Picture
    key: str

    @property
    def may_show_original(self) -> bool:
        """Whether to show the uploaded file, because no renditions exist yet."""
        return not self.picture.renditions and _content_type(self.picture) in _SHOWN_TYPES


def keep_pictures(cooperative: Cooperative, pictures: Iterable[Picture]) -> list[KeptPicture]:
    """Sign the pictures' keys for this cooperative."""
    return [
        KeptPicture(picture, signing.dumps([cooperative.pk, picture.pk], salt=_SALT)) for picture in pictures
    ]


def find_kept_pictures(cooperative: Cooperative, keys: Sequence[str]) -> list[Picture]:
    """Return the pictures of signed keys, in their order.

    Invalid and old keys, other cooperatives' and refused pictures are left out.
    """
    ids = [picture_id for key in keys[:_MAX_KEPT] if (picture_id := _read_key(cooperative, key))]
    pictures = Picture.objects.exclude(state=PictureState.REFUSED).in_bulk(ids)
    return [pictures[picture_id] for picture_id in dict.fromkeys(ids) if picture_id in pictures]


@require_safe
@for_members(MemberRight.SEE_ORDERS)
def show_kept_picture(request: HttpRequest, membership: MembershipContext, key: str) -> HttpResponse:
    """Show the cooperative its own upload while the market's renditions of it do not exist yet."""
    picture = next(iter(find_kept_pictures(membership.cooperative, [key])), None)
    content_type = _content_type(picture) if picture is not None else ""
    if picture is None or content_type not in _SHOWN_TYPES:
        raise Missing()
    with picture.original.open("rb") as original:
        return private_file_response(original.read(), content_type, name="photo")


def _read_key(cooperative: Cooperative, key: str) -> int | None:
    try:
        owner, picture_id = signing.loads(key, salt=_SALT, max_age=_RETENTION_SECONDS)
    except signing.BadSignature:
        return None
    return picture_id if owner == cooperative.pk else None


def _content_type(picture: Picture) -> str:
    return mimetypes.guess_type(picture.original.name or "")[0] or ""
