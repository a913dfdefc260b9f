"""Add photos to a lot, and remove them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.models import Lot, LotPicture
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import Picture, record_change, was_done_with_key

MAX_LOT_PICTURES = 12


class TooManyLotPictures(Refused):
    code = "too_many_lot_pictures"
    default_message = _("A lot can have twelve photos. Remove one first.")


@transaction.atomic(durable=True)
def add_lot_pictures(
    *,
    cooperative: Cooperative,
    lot_id: int,
    pictures: Sequence[Picture],
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Append photos to a lot, in their order, without those that it has. Buyers see them.

    A repeated `idempotency_key` changes nothing. Raises KeyReused, Missing, TooManyLotPictures.
    """
    lot = _lock_lot(cooperative, lot_id)
    if was_done_with_key(idempotency_key, "lot.picture_added", lot):
        return
    earlier = set(lot.pictures.values_list("picture", flat=True))
    new_pictures = [picture for picture in pictures if picture.pk not in earlier]
    if not new_pictures:
        return
    if len(earlier) + len(new_pictures) > MAX_LOT_PICTURES:
        raise TooManyLotPictures()
    LotPicture.objects.bulk_create(
        LotPicture(lot=lot, picture=picture, created_at=now) for picture in new_pictures
    )
    record_change(
        "lot.picture_added",
        lot,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        data={"number": lot.code, "count": len(new_pictures)},
        idempotency_key=idempotency_key,
    )


@transaction.atomic(durable=True)
def remove_lot_picture(
    *, cooperative: Cooperative, lot_id: int, lot_picture_id: int, actor: Actor, now: datetime.datetime
) -> None:
    """Remove a photo from a lot. Raises Missing."""
    lot = _lock_lot(cooperative, lot_id)
    lot_picture = lot.pictures.filter(pk=lot_picture_id).first()
    if lot_picture is None:
        raise Missing()
    record_change(
        "lot.picture_removed",
        lot,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        data={"number": lot.code, "picture": lot_picture.picture_id},
    )
    lot_picture.delete()


def _lock_lot(cooperative: Cooperative, lot_id: int) -> Lot:
    """In a transaction: lock the cooperative's lot. Raises Missing."""
    lot = lock_row(Lot.objects.for_cooperative(cooperative).filter(pk=lot_id))
    if lot is None:
        raise Missing()
    return lot
