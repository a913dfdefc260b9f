from catalog.models.attribute import (
    Attribute,
    AttributeScope,
    AttributeValue,
    InputType,
    ProductType,
    ProductTypeAttribute,
)
from catalog.models.back_in_stock_request import BackInStockRequest
from catalog.models.bulletin import Bulletin, BulletinMention
from catalog.models.category import Category, MergedCategory
from catalog.models.collection import Collection, CollectionListing, CollectionProduct
from catalog.models.forbidden_phrase import ForbiddenPhrase
from catalog.models.listing import Listing, Price
from catalog.models.listing_import import ListingImport, ListingImportRow
from catalog.models.lot import Lot, LotBalance, LotPicture, LotStage, Recall
from catalog.models.product import (
    ALL_MONTHS,
    Product,
    ProductAttributeValue,
    ProductMedia,
    Unit,
    Variant,
    VariantAttributeValue,
    VariantMedia,
    select_main_picture,
)
from catalog.models.promotion import Promotion
from catalog.models.revision import ProductRevision, RevisionPicture
from catalog.models.search_terms import KnownWord, Misspelling, Synonym, SynonymSet
from catalog.models.stock import Movement, MovementReason, Stock
from catalog.models.wholesale_price import WholesalePrice, select_wholesale_text
from catalog.models.wished_product import WishedProduct

__all__ = [
    "ALL_MONTHS",
    "Attribute",
    "AttributeScope",
    "AttributeValue",
    "BackInStockRequest",
    "Bulletin",
    "BulletinMention",
    "Category",
    "Collection",
    "CollectionListing",
    "CollectionProduct",
    "ForbiddenPhrase",
    "InputType",
    "KnownWord",
    "Listing",
    "ListingImport",
    "ListingImportRow",
    "Lot",
    "LotBalance",
    "LotPicture",
    "LotStage",
    "MergedCategory",
    "Misspelling",
    "Movement",
    "MovementReason",
    "Price",
    "Product",
    "ProductAttributeValue",
    "ProductMedia",
    "ProductRevision",
    "ProductType",
    "ProductTypeAttribute",
    "Promotion",
    "Recall",
    "RevisionPicture",
    "Stock",
    "Synonym",
    "SynonymSet",
    "Unit",
    "Variant",
    "VariantAttributeValue",
    "VariantMedia",
    "WholesalePrice",
    "WishedProduct",
    "select_main_picture",
    "select_wholesale_text",
]
