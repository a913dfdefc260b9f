"""Texts of the phone's screens about the photos of a product."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.actions.products.revision_pictures import LastPictureNeeded

PHOTO_TEXTS: Mapping[str, str | Promise] = {
    "add_photos": _("Add photos"),
    "edit_photos": _("Describe, reorder or remove photos"),
    "set_cover": _("Set as cover photo"),
    "move_up": pgettext_lazy("place", "Move up"),
    "move_down": pgettext_lazy("place", "Move down"),
    "last_picture": LastPictureNeeded.default_message,
    "undo": _("Undo"),
    "did_add_product_photo": _("New photo"),
    "did_move_product_photo": _("Move a photo"),
    "did_remove_product_photo": _("Remove photo"),
    "did_describe_product_photo": _("Photo description"),
    "caption": _("What the photo shows"),
    "save_caption": _("Save description"),
    "did_add_lot_photo": _("Photo of the lot"),
    "photos_sent": _("%(sent)s of %(size)s KB of the photos"),
    "wrong_photo": _("Photo."),
    "take_photo": _("Take a photo"),
    "choose_photos": _("Choose photos"),
    "cover_photo": _("Cover photo"),
    "photo_number": _("Photo %(number)s"),
    "remove_photo": _("Remove photo"),
}
