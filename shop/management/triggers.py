"""Create all triggers of the shop. Every `migrate` ends with it."""

from __future__ import annotations

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from catalog.search import triggers as search
from orders.actions.quotes import sales_terms_triggers as sales_terms
from orders.models import triggers as ledger
from shop.core.change_log import triggers as change_log
from shop.core.database.triggers import create_triggers

ALL_TRIGGERS = (*change_log.TRIGGERS, *ledger.TRIGGERS, *search.TRIGGERS, *sales_terms.TRIGGERS)


def install_triggers(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers that are missing or differ, and fill the tables that these keep."""
    with transaction.atomic(using=connection.alias):
        created = create_triggers(connection, ALL_TRIGGERS)
        if created & {trigger.name for trigger in search.TRIGGERS}:
            search.fill_search_tables(connection)
        if created & {trigger.name for trigger in sales_terms.TRIGGERS}:
            sales_terms.mark_terms_changed(connection)
