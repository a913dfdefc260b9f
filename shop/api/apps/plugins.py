"""Saleor's plugins, of which the market has none: the list is empty and no plugin is found.

Saleor itself replaces plugins by apps. Its Dashboard asks for them on a page of its own.
"""

from __future__ import annotations

from shop.accounts.staff.permissions import Permission
from shop.api.apps.inputs import PluginArguments, PluginsArguments, PluginUpdateArguments
from shop.api.breadth import Selection
from shop.api.connections import connect_list
from shop.api.context import Context
from shop.api.object_types import Type
from shop.api.root_fields import Mutations, Queries
from shop.core.errors import Missing

query = Queries()
mutation = Mutations()
_PERMISSIONS = (Permission.MANAGE_PLUGINS,)

plugin_object = Type("Plugin")
plugin_object.value_fields("id", "name", "description", "globalConfiguration", "channelConfigurations")
plugin_configuration_object = Type("PluginConfiguration")
plugin_configuration_object.value_fields("active", "channel", "configuration")
configuration_item_object = Type("ConfigurationItem")
configuration_item_object.value_fields("name", "value", "type", "helpText", "label")


@query.field(permissions=_PERMISSIONS)
def plugin(arguments: PluginArguments, context: Context, selection: Selection) -> None:
    return None


@query.field(permissions=_PERMISSIONS)
def plugins(arguments: PluginsArguments, context: Context, selection: Selection) -> dict[str, object]:
    return connect_list([], arguments, selection)


@mutation.field(permissions=_PERMISSIONS)
def plugin_update(
    arguments: PluginUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    raise Missing(field="id")


TYPES = (query, mutation, plugin_object, plugin_configuration_object, configuration_item_object)
