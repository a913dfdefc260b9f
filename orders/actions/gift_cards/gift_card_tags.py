"""Tags of gift cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orders.models import GiftCard, GiftCardTag


def normalised_tags(tags: Iterable[str]) -> set[str]:
    """Return the tags in lower case, each once, without those that are empty."""
    return {name for tag in tags if (name := " ".join(tag.split()).lower()[:255])}


def add_gift_card_tags(cards: Sequence[GiftCard], tags: Iterable[str]) -> None:
    """On locked or new cards: add tags, creating those that do not exist. A tag that a card has stays."""
    names = normalised_tags(tags)
    if not names:
        return
    GiftCardTag.objects.bulk_create([GiftCardTag(name=name) for name in sorted(names)], ignore_conflicts=True)
    tag_ids = list(GiftCardTag.objects.filter(name__in=names).values_list("pk", flat=True))
    links = GiftCard.tags.through
    links.objects.bulk_create(
        [links(giftcard_id=card.pk, giftcardtag_id=tag_id) for card in cards for tag_id in tag_ids],
        ignore_conflicts=True,
    )


def remove_gift_card_tags(card: GiftCard, tags: Iterable[str]) -> None:
    """On a locked card: remove tags. The card need not have them."""
    links = GiftCard.tags.through
    links.objects.filter(giftcard=card.pk, giftcardtag__name__in=normalised_tags(tags)).delete()


def find_gift_card_tags(card: GiftCard) -> list[str]:
    """Return the names of a card's tags, sorted."""
    return sorted(card.tags.values_list("name", flat=True))
