"""Gift cards: issuing, changing and listing them."""

from pathlib import Path

from shop.api.gift_cards import events, gift_cards, mutations, queries, settings
from shop.api.schema import Area

AREA = Area(
    Path(__file__).parent,
    types=(*gift_cards.TYPES, *events.TYPES, *queries.TYPES, *mutations.TYPES, *settings.TYPES),
)
