from shop.core.models.bases import WithExternalReference, WithMetadata, WithSeo, WithTimes
from shop.core.models.change import (
    Change,
    KeyReused,
    bound_key,
    change_values,
    done_before,
    made_before,
    record_change,
)
from shop.core.models.change_seal import ChangeSeal, SealedChange
from shop.core.models.channel import AllocationStrategy, Channel, TransactionFlow, market_channel
from shop.core.models.geography import Division, FormerPlace, Level
from shop.core.models.limit_counter import LimitCounter
from shop.core.models.picture import Picture, PictureState
from shop.core.models.settings import ShopSettings, shop_settings
from shop.core.models.share_picture import SharePicture
from shop.core.models.sweep_failure import SweepFailure
from shop.core.models.tax import TaxClass, TaxRate, tax_rates
from shop.core.models.translation import Translation, note_own_words, own_words, show_in_language

__all__ = [
    "AllocationStrategy",
    "Change",
    "ChangeSeal",
    "Channel",
    "Division",
    "FormerPlace",
    "KeyReused",
    "Level",
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
    "WithTimes",
    "bound_key",
    "change_values",
    "done_before",
    "made_before",
    "market_channel",
    "note_own_words",
    "own_words",
    "record_change",
    "shop_settings",
    "show_in_language",
    "tax_rates",
]
