"""List and look up apps, for staff; an app may look up itself."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from shop.api.apps.types import MANAGING, app
from shop.api.breadth import Selection
from shop.api.connections import Key, connect, connect_list
from shop.api.context import Context
from shop.api.field_permissions import Standing
from shop.api.filters import Conditions, is_, sorting, where
from shop.api.ids import key_of
from shop.api.object_types import Row
from shop.api.root_fields import Queries

query = Queries()

FILTER: Conditions = {
    "search": lambda context, value: Q(name__icontains=value),
    "isActive": is_("is_active"),
    "type": lambda context, value: Q() if value == "LOCAL" else Q(pk__in=()),
}
SORTS = {"NAME": [Key("name")], "CREATION_DATE": [Key("created_at")]}


@query.field("app", permissions=[Standing.APP, *MANAGING])
def one_app(arguments: dict[str, Any], context: Context, selection: Selection) -> Row | None:
    given = arguments.get("id")
    if given is None:
        key = context.app.pk if context.app else None
    else:
        key = key_of(given, "App")
    return app.by_key(context, [key], selection.names()).get(key)


@query.field(permissions=[Standing.STAFF, *MANAGING])
def apps(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    rows = app.rows(context).filter(where(arguments.get("filter"), FILTER, context))
    order = sorting(arguments.get("sortBy"), SORTS, [Key("name")])
    return connect(app, rows, arguments, selection, order=order)


@query.field(permissions=[Standing.STAFF])
def app_extensions(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    return connect_list([], arguments, selection)
