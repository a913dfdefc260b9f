from shop.core.models.bases import (
    WithExternalReference,
    WithMetadata,
    WithSeo,
    WithSortOrder,
    WithTimes,
)
from shop.core.models.change import (
    Change,
    KeyReused,
    bind_idempotency_key,
    change_values,
    find_key_of_created_row,
    record_change,
    was_changed_with_key,
    was_done_with_key,
)
from shop.core.models.change_seal import ChangeSeal, SealedChange
from shop.core.models.channel import AllocationStrategy, Channel, TransactionFlow, market_channel
from shop.core.models.geography import Division, DivisionLevel, FormerPlace
from shop.core.models.limit_counter import LimitCounter
from shop.core.models.picture import Picture, PictureState
from shop.core.models.settings import ShopSettings, shop_settings
from shop.core.models.share_picture import SharePicture
from shop.core.models.sweep_failure import SweepFailure
from shop.core.models.tax import TaxClass, TaxRate, rates_of_classes, read_rates_of_classes, read_tax_rates
from shop.core.models.translation import Translation, mark_untranslated, show_in_language, untranslated_fields

__all__ = [
    "AllocationStrategy",
    "Change",
    "ChangeSeal",
    "Channel",
    "Division",
    "DivisionLevel",
    "FormerPlace",
    "KeyReused",
    "LimitCounter",
    "Picture",
    "PictureState",
    "SealedChange",
    "SharePicture",
    "ShopSettings",
    "SweepFailure",
    "TaxClass",
    "TaxRate",
    "TransactionFlow",
    "Translation",
    "WithExternalReference",
    "WithMetadata",
    "WithSeo",
    "WithSortOrder",
    "WithTimes",
    "bind_idempotency_key",
    "change_values",
    "find_key_of_created_row",
    "mark_untranslated",
    "market_channel",
    "rates_of_classes",
    "read_rates_of_classes",
    "read_tax_rates",
    "record_change",
    "shop_settings",
    "show_in_language",
    "untranslated_fields",
    "was_changed_with_key",
    "was_done_with_key",
]
