"""The object types of pages and menus, and which rows of each a requester may see.

A cooperative's page is computed from the cooperative, like its collection, and has the same key.
"""

from __future__ import annotations

from django.db.models import (
    BigIntegerField,
    BooleanField,
    CharField,
    F,
    JSONField,
    Q,
    Subquery,
    TextField,
    Value,
)

from cooperatives.models import Cooperative
from shop.accounts.staff.permissions import Permission
from shop.api.catalogue.collection_rows import COOPERATIVE_KEYS
from shop.api.catalogue.types import can_see_hidden_categories
from shop.api.context import Context
from shop.api.in_channel import InChannel
from shop.api.object_types import Rows, Type
from shop.api.union_rows import UnionRows
from shop.content.models import Menu, MenuItem, Page, PageType
from shop.content.models.page import COOPERATIVE, PageQuerySet
from shop.core.models import Channel


def stored_page_rows() -> PageQuerySet:
    """Return the pages written by staff, with the columns that cooperatives' pages also have."""
    return Page.objects.annotate(
        key=F("id"), cooperative_key=Value(None, BigIntegerField()), story=Value("", TextField())
    )


def visible_pages(context: Context, channel: Channel | None) -> Rows:
    """Return visible pages.

    They are the same in every channel, which only affects the objects they refer to.
    """
    stored_pages = stored_page_rows()
    if not context.may(Permission.MANAGE_PAGES, Permission.MANAGE_TRANSLATIONS):
        stored_pages = stored_pages.published(context.now)
    cooperative_pages = Cooperative.objects.public().annotate(
        key=F("id") + Value(COOPERATIVE_KEYS),
        cooperative_key=F("id"),
        title=F("name"),
        content=Value(None, JSONField()),
        seo_title=Value(None, CharField()),
        seo_description=F("summary"),
        is_published=Value(True, BooleanField()),
        published_at=F("created_at"),
        page_type_id=Subquery(PageType.objects.filter(slug=COOPERATIVE).values("pk")[:1]),
    )
    return UnionRows(stored_pages, cooperative_pages.filter(page_type_id__isnull=False))  # type: ignore[return-value]


def visible_menu_items(context: Context, channel: Channel | None) -> Rows:
    """Return menu items. Buyers do not see those of hidden categories."""
    rows = MenuItem.objects.all()
    if can_see_hidden_categories(context):
        return rows
    return rows.filter(Q(category=None) | Q(category__is_shown=True))


page_object = InChannel("Page", visible_pages, key="key")
page_type_object = Type("PageType", lambda context: PageType.objects.all())
menu_object = InChannel("Menu", lambda context, channel: Menu.objects.all())
menu_item_object = InChannel("MenuItem", visible_menu_items)
