from shop.content.models.menu import Menu, MenuItem
from shop.content.models.page import Page, PageAttributeValue, PageType, PageTypeAttribute
from shop.content.models.reason_page_type import ReasonKind, ReasonPageType

__all__ = [
    "Menu",
    "MenuItem",
    "Page",
    "PageAttributeValue",
    "PageType",
    "PageTypeAttribute",
    "ReasonKind",
    "ReasonPageType",
]
