"""List and look up apps, for staff. An app may look up itself."""

from __future__ import annotations

from django.db.models import Q

from shop.api.apps.inputs import AppArguments, AppExtensionsArguments, AppsArguments
from shop.api.apps.types import APP_PERMISSIONS, app_object
from shop.api.breadth import Selection
from shop.api.connections import SortKey, connect, connect_list
from shop.api.context import Context
from shop.api.field_permissions import FieldAccess
from shop.api.filters import Conditions, build_condition, equals, sort_keys
from shop.api.ids import key_from_id
from shop.api.object_types import Row
from shop.api.root_fields import Queries

query = Queries()

FILTER: Conditions = {
    "search": lambda context, value: Q(name__icontains=value),
    "isActive": equals("is_active"),
    "type": lambda context, value: Q() if value == "LOCAL" else Q(pk__in=()),
}
SORTS = {"NAME": [SortKey("name")], "CREATION_DATE": [SortKey("created_at")]}


@query.field("app", permissions=[FieldAccess.APP, *APP_PERMISSIONS])
def one_app(arguments: AppArguments, context: Context, selection: Selection) -> Row | None:
    global_id = arguments.get("id")
    if global_id is None:
        key = context.app.pk if context.app else None
    else:
        key = key_from_id(global_id, "App")
    return app_object.by_key(context, [key], selection.names()).get(key)


@query.field(permissions=[FieldAccess.STAFF, *APP_PERMISSIONS])
def apps(arguments: AppsArguments, context: Context, selection: Selection) -> dict[str, object]:
    rows = app_object.rows(context).filter(build_condition(arguments.get("filter"), FILTER, context))
    order = sort_keys(arguments.get("sortBy"), SORTS, [SortKey("name")])
    return connect(app_object, rows, arguments, selection, order=order)


@query.field(permissions=[FieldAccess.STAFF])
def app_extensions(
    arguments: AppExtensionsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return connect_list([], arguments, selection)
