"""Types shared by all areas (values, metadata, channels, places), and the shop."""

from pathlib import Path

from shop.api import connections, metadata, money
from shop.api.base import channel_mutations, channels, mutations, places, shop, shop_mutations, values
from shop.api.schema import Area

AREA = Area(
    Path(__file__).parent,
    types=(
        connections.page_info_object,
        metadata.metadata_item_object,
        money.money_object,
        money.taxed_money_object,
        *values.TYPES,
        *places.TYPES,
        *channels.TYPES,
        *shop.TYPES,
        mutations.mutation,
        channel_mutations.mutation,
        shop_mutations.mutation,
    ),
    enums=channels.ENUMS | shop.ENUMS,
)
