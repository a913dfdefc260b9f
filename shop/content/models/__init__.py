from shop.content.models.menu import Menu, MenuItem
from shop.content.models.page import Page, PageAttributeValue, PageType, PageTypeAttribute

__all__ = ["Menu", "MenuItem", "Page", "PageAttributeValue", "PageType", "PageTypeAttribute"]
